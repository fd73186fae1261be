"""Fine-tuning first does not make a model easier to prune.

In print: in each of the three regimes, on average over its sparsities, the model pruned after fine-tuning may be no
more than 1 point of mean accuracy better than the one pruned in pre-training; it may be worse. These two differ in
more than the moment of the cut: the late one is cut at once instead of step by step, and trained half as long with its
mask on. So our own runs compare like with like: the same cut of the same model, before and after a first fine-tuning,
with the same training in all. Their number is the mean over the lengths of that fine-tuning and over the tasks, at
each sparsity. A point is the margin that counts as nothing under the claim of free weights.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _gordon as gordon
from lottery.claims._evidence import none
from lottery.claims._gordon import HIGH, LOW, MEDIUM, Comparison
from lottery.claims._runs import compared, scores
from lottery.findings.cut_times import late_and_first

PAPER = "gordon2020"
CLAIM = "Fine-tuning on a task before pruning does not make the model more prunable: its accuracy is the same or worse."
WHERE = "abstract, section 5, Figure 1, Table 1"
TABLE = "gordon_masks"
NOT_OF_MINIATURE = ""
MARGIN = 1.0  # points of mean accuracy: the docstring has the reason
CLAIMED = (float("-inf"), MARGIN)
WHAT = "score when cut after fine-tuning instead of before, trained as long"

COMPARISONS = [
    Comparison(
        what=f"mean accuracy when pruned after fine-tuning instead of before, {span}",
        value="accuracy",
        one="pruned_downstream",
        other="pruned_in_pretraining",
        sparsities=sparsities,
        claimed=CLAIMED,
    )
    for span, sparsities in (("10 to 40%", LOW), ("50 and 60%", MEDIUM), ("70 to 90%", HIGH))
]


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1."""
    return [gordon.printed(comparison, tables) for comparison in COMPARISONS]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_masks."""
    late, first = late_and_first(table)
    return [
        compared(
            f"{WHAT}, {sparsity:.0%} removed",
            CLAIMED,
            *(scores(rows[rows["sparsity"] == sparsity], cell="before") for rows in (late, first)),
        )
        for sparsity in sorted(late["sparsity"].unique())
    ] or [none(WHAT, "points", CLAIMED, "not recorded")]
