"""A learned mask is better than magnitude pruning at low sparsity, too.

SMP-L minus gradual magnitude pruning with fine-tuning, in points of score averaged over the tasks, has to be above 0:
at low sparsity, which the sentence names, and at every other sparsity recorded, since the paper says the same of all.
At low sparsity the paper prints only curves. Its one number for magnitude pruning, at 10% remaining weights, is with
a teacher and quoted from another paper.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as jiang
from lottery.claims._evidence import none

PAPER = "jiang2023"
CLAIM = (
    "Unlike previous first-order methods, SMP is also applicable to low sparsity and outperforms zero-order methods."
)
WHERE = "abstract, section 5.4, Figure 1"
TABLE = "mask_learning"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points: the paper says better, not by how much
CLAIMED = (MARGIN, math.inf)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing: of low sparsity the paper prints curves."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_learning."""
    return [
        jiang.measured(_what(each), CLAIMED, jiang.of(table, "smp_l", each), jiang.of(table, "magnitude", each))
        for each in jiang.sparsities(table, "smp_l", "magnitude")
    ] or [none(_what(0.2), "points", CLAIMED, "not recorded")]


def _what(sparsity: float) -> str:
    return f"SMP-L minus magnitude, {1 - sparsity:.0%} remain, mean over the tasks"
