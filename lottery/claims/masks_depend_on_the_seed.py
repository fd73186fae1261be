"""What a search finds depends on the seed more than on the task.

Likeness is Cohen's kappa over heads, and two things have to be so. First, what two masks of one task and different
seeds do not share (1 minus their kappa) is more than what the task gives them (their kappa minus that of masks that
share neither task nor seed). Second, masks that share the seed are more alike than masks that share the task. Only the
second treats both alike: in the first, everything that no two searches share counts for the seed. The error is from a
jackknife over seeds, because every pair belongs to two of them. Tasks whose search says nothing are left out.
"""

import math
from collections.abc import Callable, Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import jackknifed, none, per_unit
from lottery.findings.searches import judged, masks
from lottery.statistics import agreement

PAPER = "prasanna2020"
CLAIM = (
    "Good subnetworks depend on the random initialisation more than on the use of some weights for a particular task."
)
WHERE = "section 5.1"
TABLE = "mask_agreement"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # of kappa: the paper says more, not by how much
CLAIMED = (MARGIN, math.inf)
WHATS: dict[str, Callable[[Mapping[str, float]], float]] = {
    "kappa lost by another seed minus kappa given by the task": lambda kin: (
        (1 - kin["same_task"]) - (kin["same_task"] - kin["neither"])
    ),
    "kappa of masks of one seed and two tasks minus that of one task and two seeds": lambda kin: (
        kin["same_seed"] - kin["same_task"]
    ),
}


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' masks, without WNLI's."""
    rows = tables["prasanna2020_kinship"].set_index("without_seed")
    kin = {seed: row.to_dict() for seed, row in rows.iterrows()}
    return _judged(kin.pop("none"), list(kin.values()))


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_agreement."""
    rows = judged(table)
    if rows.empty:
        return [none(what, "", CLAIMED, "not recorded") for what in WHATS]

    def of(some: pd.DataFrame) -> dict[str, float]:
        return agreement.kinship(masks(some)[0], some["of.task"].tolist(), some["of.seed"].tolist())

    return _judged(
        of(rows), [of(rows[rows["of.seed"] != seed]) for seed in rows["of.seed"].unique()], per_unit(rows, "of.seed")
    )


def _judged(
    every: Mapping[str, float], without: list[Mapping[str, float]], seconds: float = math.nan
) -> list[Evidence]:
    return [
        jackknifed(what, "", CLAIMED, measure(every), [measure(kin) for kin in without], seconds=seconds)
        for what, measure in WHATS.items()
    ]
