"""Shares that follow the scores (SMP-S) do better than the same share of each matrix (SMP-L).

SMP-S minus SMP-L, in points of score averaged over the tasks, has to be above 0. In print both have deviations over
five seeds; as it is not said which seed did what, they count as independent.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as rivals

PAPER = "jiang2023"
CLAIM = "The masking function S outperforms L without additional training time."
WHERE = "section 6.1, Tables 1 and 3"
TABLE = "mask_learning"
TUNED = False
MARGIN = 0.0  # points: the paper says better, not by how much
SPARSITIES = (0.9, 0.97)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1, without a teacher."""
    one, other = {"method": "smp_s"}, {"method": "smp_l"}
    return [
        rivals.printed(tables, _what(each), (MARGIN, math.inf), one, other, table=1, teacher=False, sparsity=each)
        for each in SPARSITIES
    ]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_learning."""
    return [
        rivals.measured(
            _what(each), (MARGIN, math.inf), rivals.of(table, "smp_s", each), rivals.of(table, "smp_l", each)
        )
        for each in SPARSITIES
    ]


def _what(sparsity: float) -> str:
    return f"SMP-S minus SMP-L, {1 - sparsity:.0%} remain, mean over the tasks"
