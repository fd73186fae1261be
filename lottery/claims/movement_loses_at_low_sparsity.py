"""At low sparsity movement pruning is behind magnitude pruning.

Movement minus gradual magnitude pruning, both with fine-tuning, in points of score averaged over the tasks, has to be
below 0 wherever more than a quarter of the weights remains. The paper shows curves, quoted from another paper.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as jiang
from lottery.claims._evidence import none

PAPER = "jiang2023"
CLAIM = (
    "Previous first-order methods such as movement pruning underperform magnitude pruning at remaining weights of more "
    "than 25%."
)
WHERE = "section 5.4, Figure 1"
TABLE = "mask_learning"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points: the paper says worse, not by how much
CLAIMED = (-math.inf, MARGIN)
HIGHEST = 0.75  # sparsity: a quarter remains


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing is printed but curves."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_learning."""
    return [
        jiang.measured(_what(each), CLAIMED, jiang.of(table, "movement", each), jiang.of(table, "magnitude", each))
        for each in jiang.sparsities(table, "movement", "magnitude")
        if each < HIGHEST
    ] or [none(_what(0.2), "points", CLAIMED, "not recorded")]


def _what(sparsity: float) -> str:
    return f"movement minus magnitude, {1 - sparsity:.0%} remain, mean over the tasks"
