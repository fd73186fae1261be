"""Above 70%, capacity binds.

On average over 70, 80 and 90%, the model whose removed weights were freed again has to be more accurate than the
pruned one, and the pruned one has to fit the training data worse than the full model: any difference counts. The paper
trains the freed model for 15 epochs and the pruned one for 3, so its numbers favour the claim; our runs train both for
the same number.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _gordon as gordon
from lottery.claims._gordon import HIGH, Comparison

PAPER = "gordon2020"
CLAIM = (
    "At 70% and above, pruning also keeps models from fitting the tasks' training data, and models with the same "
    "knowledge but all weights free to move recover some accuracy."
)
WHERE = "abstract, section 4.3, Figure 1, Table 1"
TABLE = "gordon_pruning"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points and nats: the paper says that it is so, not by how much

COMPARISONS = [
    Comparison(
        what="mean accuracy after information deletion at 70 to 90%, against pruning",
        value="accuracy",
        one="information_deletion",
        other="pruned_in_pretraining",
        sparsities=HIGH,
        claimed=(MARGIN, float("inf")),
    ),
    Comparison(
        what="training loss with 70 to 90% removed, against the full model",
        value="training_loss",
        one="pruned_in_pretraining",
        other="pruned_in_pretraining",
        sparsities=HIGH,
        against=0.0,
        claimed=(MARGIN, float("inf")),
    ),
]


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1."""
    return [gordon.printed(comparison, tables) for comparison in COMPARISONS]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_pruning."""
    rows = gordon.recorded(table)
    return [gordon.measured(comparison, rows) for comparison in COMPARISONS]
