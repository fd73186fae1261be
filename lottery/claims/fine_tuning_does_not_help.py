"""Fine-tuning first does not make a model easier to prune.

In each of the three regimes, on average over its sparsities, the model pruned after fine-tuning may be no more than 1
point of mean accuracy better than the one pruned in pre-training; it may be worse. A point is the margin that counts as
nothing under the claim of free weights. The model that is pruned late is trained less with its mask on: in the paper,
whose learning rate has nearly died by then, half as long, and in our runs, which give both as many epochs in all, half
as long, too. So recorded runs can speak against the claim, and not for it, until both are trained alike after the cut.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _gordon as gordon
from lottery.claims._gordon import HIGH, LOW, MEDIUM, Comparison

PAPER = "gordon2020"
CLAIM = "Fine-tuning on a task before pruning does not make the model more prunable: its accuracy is the same or worse."
WHERE = "abstract, section 5, Figure 1, Table 1"
TABLE = "gordon_pruning"
NOT_OF_MINIATURE = ""
MARGIN = 1.0  # points of mean accuracy: the docstring has the reason
FAVOURED = "the model that was cut late was trained half as long with its mask on"

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
    return [gordon.printed(comparison, tables) for comparison in COMPARISONS]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_pruning."""
    rows = gordon.recorded(table)
    evidence = [gordon.measured(comparison, rows) for comparison in COMPARISONS]
    return [each._replace(favoured=FAVOURED) for each in evidence]
