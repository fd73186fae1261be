"""A teacher helps a mask at every sparsity.

The score with a teacher minus the score without, in points averaged over the tasks, has to be above 0 wherever both
were tried: in print for SMP-L and SMP-S where 10 and 3% remain, in our runs for SMP-L. Deviations are printed for
both.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as jiang
from lottery.claims._evidence import none

PAPER = "jiang2023"
CLAIM = "SMP-S and SMP-L benefit from knowledge distillation at all sparsity levels."
WHERE = "section 5.4, Table 1"
TABLE = "mask_recipes"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points: the paper says benefit, not by how much
CLAIMED = (MARGIN, math.inf)
METHODS = {"smp_l": "SMP-L", "smp_s": "SMP-S"}


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1."""
    one, other = {"teacher": True}, {"teacher": False}
    return [
        jiang.printed(tables, _what(named, each), CLAIMED, one, other, table=1, method=method, sparsity=each)
        for method, named in METHODS.items()
        for each in (0.9, 0.97)
    ]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_recipes, all else as released."""
    rows = table[(table["experiment"] == "LearnedMask") & (table["method"] == "smp_l") & (table["head"] == "mlm")]
    taught = rows[rows["teacher"].notna() & (rows["guided"] == "released")]
    return [
        jiang.measured(_what("SMP-L", each), CLAIMED, taught[taught["sparsity"] == each], jiang.recipe(table, each))
        for each in sorted(taught["sparsity"].unique())
    ] or [none(_what("SMP-L", 0.9), "points", CLAIMED, "not recorded")]


def _what(named: str, sparsity: float) -> str:
    return f"what a teacher adds to {named}, {1 - sparsity:.0%} remain, mean over the tasks"
