"""Fine-tuning the weights under a learned mask adds nothing.

Movement pruning learns a mask by the same rule as SMP-L and fine-tunes the weights as well. SMP-L minus movement, in
points of score averaged over the tasks, has to be above -1: not behind by more than a point, about three deviations
between seeds of SMP-L in the paper. Of movement the paper quotes means without deviations. It lacks the regulariser of
SMP-L; where recorded runs have it with that too, fine-tuning alone is the difference, and that counts as well.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as rivals

PAPER = "jiang2023"
CLAIM = "Fine-tuning is redundant for first-order pruning, which is sufficient to fit a model to a task without it."
WHERE = "abstract, section 5.4, Table 1"
TABLE = "mask_learning"
TUNED = False
MARGIN = 1.0  # points: the docstring has the reason
SPARSITIES = (0.9, 0.97)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1, without a teacher."""
    one, other = {"method": "smp_l"}, {"method": "movement"}
    return [
        rivals.printed(tables, _what(each), (-MARGIN, math.inf), one, other, table=1, teacher=False, sparsity=each)
        for each in SPARSITIES
    ]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_learning."""
    found = []
    for each in SPARSITIES:
        for pressed in (False, True):
            other = rivals.of(table, "movement", each, pressed=pressed)
            if pressed and other.empty:
                continue
            what = _what(each) + (", which has the regulariser too" if pressed else "")
            found.append(rivals.measured(what, (-MARGIN, math.inf), rivals.of(table, "smp_l", each), other))
    return found


def _what(sparsity: float) -> str:
    return f"SMP-L minus movement, {1 - sparsity:.0%} remain, mean over the tasks"
