"""Fine-tuning the weights under a learned mask adds nothing.

Movement pruning learns a mask by the same rule as SMP-L and fine-tunes the weights as well. SMP-L minus movement, in
points of score averaged over the tasks, has to be above -1. It may not be behind by more than a point, which is about
three deviations between seeds of SMP-L in the paper. The paper quotes movement's numbers from its authors, so in print
the two differ in more than the fine-tuning. Movement also lacks the regulariser of SMP-L. Where recorded runs have
movement with the regulariser, fine-tuning is the only difference, and that comparison counts as well. So does a test
that takes the trained weights back: such a model's mask over the pre-trained weights minus the same mask over the
trained ones. The sentence names no sparsity, so every one recorded counts.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as jiang
from lottery.claims._evidence import none

PAPER = "jiang2023"
CLAIM = "Fine-tuning is redundant for first-order pruning, which is sufficient to fit a model to a task without it."
WHERE = "abstract, section 5.4, Table 1"
TABLE = "mask_learning"
NOT_OF_MINIATURE = ""
MARGIN = 1.0  # points: the docstring has the reason
CLAIMED = (-MARGIN, math.inf)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1, without a teacher."""
    one, other = {"method": "smp_l"}, {"method": "movement"}
    return [
        jiang.printed(tables, _what(each), CLAIMED, one, other, table=1, teacher=False, sparsity=each)._replace(
            silent=jiang.QUOTED
        )
        for each in (0.9, 0.97)
    ]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_learning."""
    evidence = []
    for each in jiang.sparsities(table, "smp_l", "movement"):
        for pressed in (False, True):
            other = jiang.of(table, "movement", each, pressed=pressed)
            if pressed and other.empty:
                continue
            what = _what(each) + (", with the regulariser in both" if pressed else "")
            evidence.append(jiang.measured(what, CLAIMED, jiang.of(table, "smp_l", each), other))
            if pressed and "mask_alone" in table:
                evidence.append(jiang.measured(_swapped(each), CLAIMED, jiang.mask_alone(other), other))
    return evidence or [none(_what(0.9), "points", CLAIMED, "not recorded")]


def _swapped(sparsity: float) -> str:
    return f"regularised movement, its mask on the pre-trained weights minus on its own, {1 - sparsity:.0%} remain"


def _what(sparsity: float) -> str:
    return f"SMP-L minus movement, {1 - sparsity:.0%} remain, mean over the tasks"
