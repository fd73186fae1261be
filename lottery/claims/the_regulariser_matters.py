"""Without the regulariser, masks at high sparsity fall behind.

SMP-L with the regulariser minus without it, in points of score averaged over the tasks, has to be above 0. In print the
variant without it has no deviations, and on SQuAD it did not converge, so that the difference there is that of MNLI
alone; runs that did not converge are counted as a fact of their own.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence, within
from lottery.claims import _jiang as rivals

PAPER = "jiang2023"
CLAIM = "The regulariser is a key factor: without it the method is hard to converge at high sparsity."
WHERE = "section 6.3, Table 5"
TABLE = "mask_recipes"
TUNED = False
MARGIN = 0.0  # points: the paper says better, not by how much
SPARSITIES = (0.9, 0.97)
RECORDED = (0.9,)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 5."""
    one, other = {"pressed": True}, {"pressed": False}
    found = [
        rivals.printed(tables, _what(each), (MARGIN, math.inf), one, other, table=5, method="smp_l", sparsity=each,
                       teacher=False)
        for each in SPARSITIES
    ]  # fmt: skip
    rows = tables[rivals.RESULTS]
    failed = rows[(rows["table"] == 5) & ~rows["pressed"]]["score"].isna().sum()
    return [
        *found,
        within(
            "runs without it that did not converge", "", (0.0, math.inf), failed, failed, failed, basis="as printed"
        ),
    ]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_recipes."""
    return [
        rivals.measured(
            _what(each), (MARGIN, math.inf), rivals.recipe(table, each), rivals.recipe(table, each, pressed=False)
        )
        for each in RECORDED
    ]


def _what(sparsity: float) -> str:
    return f"SMP-L with the regulariser minus without, {1 - sparsity:.0%} remain, mean over the tasks"
