"""30 to 40% of the weights can be removed for free.

At 30 and at 40%, the mean accuracy has to stay within 1 point of the full model's, about the difference between two
fine-tunings of one model on a small task. The pre-training loss has to stay within 0.05 nats, which changes the
perplexity by a twentieth. The paper gives neither intervals nor margins; these are ours.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _gordon as gordon
from lottery.claims._gordon import Comparison

PAPER = "gordon2020"
CLAIM = (
    "Removing 30 to 40% of the weights changes neither the loss of pre-training nor the accuracy on any task at all."
)
WHERE = "abstract, section 4.1, Figure 1, Table 1"
TABLE = "gordon_pruning"
NOT_OF_MINIATURE = ""
MARGIN, LOSS_MARGIN = 1.0, 0.05  # points of mean accuracy, nats: the docstring has the reasons

COMPARISONS = [
    Comparison(
        what=f"{name} with {sparsity:.0%} removed, against the full model",
        value=value,
        one="pruned_in_pretraining",
        other="pruned_in_pretraining",
        sparsities=(sparsity,),
        against=0.0,
        claimed=(-margin, margin),
    )
    for value, name, margin in (
        ("accuracy", "mean accuracy", MARGIN),
        ("pretraining_loss", "pre-training loss", LOSS_MARGIN),
    )
    for sparsity in (0.3, 0.4)
]


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1."""
    return [gordon.printed(comparison, tables) for comparison in COMPARISONS]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_pruning."""
    rows = gordon.recorded(table)
    return [gordon.measured(comparison, rows) for comparison in COMPARISONS]
