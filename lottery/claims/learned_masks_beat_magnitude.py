"""A learned mask is better than magnitude pruning at low sparsity, too.

SMP-L minus gradual magnitude pruning with fine-tuning, in points of score averaged over the tasks, has to be above 0.
In print there is a number of magnitude at 10 % remaining weights alone, with a teacher for both and without deviations;
for lower sparsity the paper has curves. Ours are at 80 and at 10 %, without a teacher.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as rivals

PAPER = "jiang2023"
CLAIM = (
    "Unlike previous first-order methods, SMP is also applicable to low sparsity and outperforms zero-order methods."
)
WHERE = "abstract, section 5.4, Figure 1"
TABLE = "mask_learning"
TUNED = False
MARGIN = 0.0  # points: the paper says better, not by how much
SPARSITIES = (0.2, 0.9)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1, with a teacher."""
    one, other = {"method": "smp_l"}, {"method": "magnitude"}
    what = f"{_what(0.9)}, with a teacher"
    return [rivals.printed(tables, what, (MARGIN, math.inf), one, other, table=1, teacher=True, sparsity=0.9)]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_learning."""
    return [
        rivals.measured(
            _what(each), (MARGIN, math.inf), rivals.of(table, "smp_l", each), rivals.of(table, "magnitude", each)
        )
        for each in SPARSITIES
    ]


def _what(sparsity: float) -> str:
    return f"SMP-L minus magnitude, {1 - sparsity:.0%} remain, mean over the tasks"
