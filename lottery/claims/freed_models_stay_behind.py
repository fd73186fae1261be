"""With 70% deleted or more, models that fit the training data again stay less accurate than the full one.

Two things have to be so at 70 to 90%. The mean training loss after information deletion is at most 0.01 nats above
that of the full model, the precision of the averages in the paper's table. And the accuracy is below that of the full
model, by any amount. The paper trains the freed models until they fit; ours are trained as long as the full one, so
only the accuracy of ours counts.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _gordon as gordon
from lottery.claims._gordon import EQUAL, HIGH, Comparison

PAPER = "gordon2020"
CLAIM = (
    "At 70% sparsity and above, models with information deletion do not recover all evaluation accuracy, despite "
    "matching un-pruned models' training loss."
)
WHERE = "section 4.3, Table 1"
TABLE = "gordon_pruning"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points: the paper says not all

FIT = Comparison(
    what="mean training loss after information deletion of 70 to 90%, against the full model",
    value="training_loss",
    one="information_deletion",
    other="pruned_in_pretraining",
    sparsities=HIGH,
    against=0.0,
    claimed=(-math.inf, 0.01),
)
BEHIND = Comparison(
    what="mean accuracy after information deletion of 70 to 90%, against the full model",
    value="accuracy",
    one="information_deletion",
    other="information_deletion",
    sparsities=HIGH,
    against=0.0,
    claimed=(-math.inf, MARGIN),
)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1."""
    return [gordon.printed(comparison, tables) for comparison in (FIT, BEHIND)]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_pruning."""
    return [gordon.measured(BEHIND, gordon.recorded(table))._replace(favoured=EQUAL)]
