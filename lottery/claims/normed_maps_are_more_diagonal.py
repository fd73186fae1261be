"""Norming raises diagonal attention at the cost of vertical+diagonal.

Three things have to be so, for super-survivors, which the paragraph is about, and for all heads. The share of diagonal
maps is higher among normed maps than among raw ones. The share of vertical+diagonal maps is lower. And it is these
that lose: their share falls by more than that of vertical maps. All are in points, averaged over the tasks. In print
the interval is over tasks, and the norms are made with the output matrix transposed; ours are not transposed, and the
interval is over heads.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _patterns as patterns
from lottery.claims._evidence import Range

PAPER = "prasanna2020"
CLAIM = (
    "Since norming reduces attention to special tokens, the proportion of diagonal patterns is increased at the cost "
    "of the vertical+diagonal pattern."
)
WHERE = "section 5.2"
TABLE = "attention_patterns"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points: the paper says more and less, not by how much
MEASURES: dict[str, tuple[Mapping[str, float], Range]] = {
    "diagonal maps, normed minus raw": ({"diagonal": 1}, (MARGIN, math.inf)),
    "vertical+diagonal maps, normed minus raw": ({"vertical+diagonal": 1}, (-math.inf, MARGIN)),
    "vertical+diagonal maps minus vertical maps, normed minus raw": (
        {"vertical+diagonal": 1, "vertical": -1},
        (-math.inf, MARGIN),
    ),
}
HEADS = {"super": "super-survivors", "all": "all heads"}


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the output of the authors' notebook."""
    evidence = []
    for heads, named in HEADS.items():
        for what, (weights, claimed) in MEASURES.items():
            added = sum(
                weight
                * (patterns.printed(tables, "normed", name)[heads] - patterns.printed(tables, "raw", name)[heads])
                for name, weight in weights.items()
            )
            evidence.append(patterns.over_tasks(f"{what}, {named}", claimed, 100 * added))
    return evidence


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of attention_patterns."""
    recorded = patterns.Recorded(table)
    return [
        recorded.normed(f"{what}, {named}", claimed, weights, survivors=heads == "super")
        for heads, named in HEADS.items()
        for what, (weights, claimed) in MEASURES.items()
    ]
