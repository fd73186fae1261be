"""Masks of one task are not significantly alike.

The paper takes this from Cochran's test, whose null hypothesis is that all masks keep equally many heads; it says
nothing about which they keep. Here the sentence itself is tested: the kappa between two seeds' masks of one task has
to be below 0.05, averaged over the tasks. It is 0 on average for random masks of any sizes. The error is from a
jackknife over seeds.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import jackknifed, none, per_unit
from lottery.findings.searches import judged, masks
from lottery.statistics import agreement

PAPER = "prasanna2020"
CLAIM = "Cochran's Q test did not show that the masks of five seeds of a task were significantly similar."
WHERE = "section 5.1"
TABLE = "mask_agreement"
NOT_OF_MINIATURE = ""
MARGIN = 0.05  # of kappa: a twentieth of the way from chance to the same mask
CLAIMED = (-math.inf, MARGIN)
WHAT = "kappa of two seeds' masks of heads, mean over the tasks"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' masks, without WNLI's."""
    kin = tables["prasanna2020_kinship"].set_index("without_seed")["same_task"]
    return [jackknifed(WHAT, "", CLAIMED, float(kin["none"]), kin.drop("none").tolist())]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_agreement."""
    rows = judged(table)
    seeds = rows["of.seed"].unique() if len(rows) else []
    if len(seeds) < 2:
        return [none(WHAT, "", CLAIMED, "not recorded")]

    def of(some: pd.DataFrame) -> float:
        return agreement.kinship(masks(some)[0], some["of.task"].tolist(), some["of.seed"].tolist())["same_task"]

    without = [of(rows[rows["of.seed"] != seed]) for seed in seeds]
    return [jackknifed(WHAT, "", CLAIMED, of(rows), without, seconds=per_unit(rows, "of.seed"))]
