"""A frozen head from label words does better than a new one that is trained.

SMP-L under the frozen head minus SMP-L under a new head, in points of score averaged over the tasks, has to be above
0. In print the new head has no deviations. The paper describes its head as a product with the label's embedding. What
ran was the whole MLM head, and that is what we measure, too. Relative to the gradients of the loss, one strength of
the regulariser presses 5 to 50 times harder under one head than under the other. So only those of our runs count that
press equally hard, which is known only of runs without the regulariser.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as jiang
from lottery.claims._evidence import none, silent

PAPER = "jiang2023"
CLAIM = "The method achieves better performance with task-specific heads frozen, made from label words."
WHERE = "section 6.2, Table 4"
TABLE = "mask_recipes"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points: the paper says better, not by how much
CLAIMED = (MARGIN, math.inf)
UNEQUAL = "every run under the new head has the regulariser, which presses many times harder there"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 4."""
    one, other = {"head": "label_words"}, {"head": "random"}
    return [
        jiang.printed(tables, _what(each), CLAIMED, one, other, table=4, method="smp_l", sparsity=each, teacher=False)
        for each in (0.2, 0.9, 0.97)
    ]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_recipes."""
    evidence = []
    for each in jiang.sparsities(table, "smp_l"):
        frozen, new = (jiang.recipe(table, each, head=head, strength=0.0) for head in ("mlm", "random"))
        if new.empty and len(jiang.recipe(table, each, head="random")):
            evidence.append(silent(_what(each), "points", CLAIMED, UNEQUAL))
        else:
            evidence.append(jiang.measured(_what(each), CLAIMED, frozen, new))
    return evidence or [none(_what(0.9), "points", CLAIMED, "not recorded")]


def _what(sparsity: float) -> str:
    return f"frozen head minus a new one, {1 - sparsity:.0%} remain, mean over the tasks"
