"""Fine-tuning first does not make a model easier to prune.

In each of the three regimes, on average over its sparsities, the model pruned after fine-tuning may be no more than 1
point of mean accuracy better than the one pruned in pre-training; it may be worse. A point is the margin that counts as
nothing under the claim of free weights. In the paper the model that is pruned late is also trained less after the cut,
and its learning rate has nearly died by then, so the paper's comparison favours the claim; ours gives both the same
number of epochs in all.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _gordon as regimes
from lottery.claims._gordon import HIGH, LOW, MEDIUM, Comparison

PAPER = "gordon2020"
CLAIM = "Fine-tuning on a task before pruning does not make the model more prunable: its accuracy is the same or worse."
WHERE = "abstract, section 5, Figure 1, Table 1"
TABLE = "gordon_pruning"
TUNED = False
MARGIN = 1.0  # points of mean accuracy: the docstring has the reason

COMPARISONS = [
    Comparison(
        what=f"mean accuracy when pruned after fine-tuning instead of before, {span}",
        value="accuracy",
        one="pruned_downstream",
        other="pruned_in_pretraining",
        sparsities=sparsities,
        claimed=(float("-inf"), MARGIN),
    )
    for span, sparsities in (("10 to 40 %", LOW), ("50 and 60 %", MEDIUM), ("70 to 90 %", HIGH))
]


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1."""
    return [regimes.printed(comparison, tables) for comparison in COMPARISONS]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_pruning."""
    return [regimes.measured(comparison, table) for comparison in COMPARISONS]
