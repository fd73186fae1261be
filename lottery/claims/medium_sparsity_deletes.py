"""Past 40%, what pre-training taught is deleted.

Three things have to be so at 50 and 60%, on average. First, the pre-training loss is higher by more than the 0.05
nats that count as nothing under the claim of free weights. Second, the model whose removed weights were freed again
(information deletion) is less accurate than the full one: any loss counts. Third, it is as accurate as the pruned
model, to 1 point of mean accuracy: then missing knowledge, not missing capacity, explains the loss.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _gordon as gordon
from lottery.claims._gordon import MEDIUM, Comparison

PAPER = "gordon2020"
CLAIM = (
    "Between 40 and 60%, pruning raises the loss of pre-training and keeps useful knowledge from being transferred; "
    "this deletion, not the loss of capacity, is the main cause of the lower accuracy."
)
WHERE = "abstract, section 4.2, Figure 1, Table 1"
TABLE = "gordon_pruning"
NOT_OF_MINIATURE = ""
MARGIN, LOSS_MARGIN = 1.0, 0.05  # points of mean accuracy, nats: the docstring has the reasons

COMPARISONS = [
    Comparison(
        what="pre-training loss at 50 and 60%, against the full model",
        value="pretraining_loss",
        one="pruned_in_pretraining",
        other="pruned_in_pretraining",
        sparsities=MEDIUM,
        against=0.0,
        claimed=(LOSS_MARGIN, float("inf")),
    ),
    Comparison(
        what="mean accuracy after information deletion at 50 and 60%, against the full model",
        value="accuracy",
        one="information_deletion",
        other="information_deletion",
        sparsities=MEDIUM,
        against=0.0,
        claimed=(float("-inf"), 0.0),
    ),
    Comparison(
        what="mean accuracy after information deletion at 50 and 60%, against pruning",
        value="accuracy",
        one="information_deletion",
        other="pruned_in_pretraining",
        sparsities=MEDIUM,
        claimed=(-MARGIN, MARGIN),
    ),
]


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1."""
    return [gordon.printed(comparison, tables) for comparison in COMPARISONS]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_pruning."""
    rows = gordon.recorded(table)
    return [gordon.measured(comparison, rows) for comparison in COMPARISONS]
