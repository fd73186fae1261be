"""A frozen head from label words does better than a new one that is trained.

SMP-L under the frozen head minus under a new head, in points of score averaged over the tasks, has to be above 0. In
print the new head has no deviations. The paper describes its head as a product with the label's embedding; what ran was
the whole MLM head, and that is what is measured here, too.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as rivals

PAPER = "jiang2023"
CLAIM = "The method achieves better performance with task-specific heads frozen, made from label words."
WHERE = "section 6.2, Table 4"
TABLE = "mask_recipes"
TUNED = False
MARGIN = 0.0  # points: the paper says better, not by how much
SPARSITIES = (0.9, 0.97)
RECORDED = (0.5, 0.9)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 4."""
    one, other = {"head": "label_words"}, {"head": "random"}
    return [
        rivals.printed(tables, _what(each), (MARGIN, math.inf), one, other, table=4, method="smp_l", sparsity=each,
                       teacher=False)
        for each in SPARSITIES
    ]  # fmt: skip


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_recipes."""
    return [
        rivals.measured(
            _what(each), (MARGIN, math.inf), rivals.recipe(table, each), rivals.recipe(table, each, head="random")
        )
        for each in RECORDED
    ]


def _what(sparsity: float) -> str:
    return f"frozen head minus a new one, {1 - sparsity:.0%} remain, mean over the tasks"
