"""What a search finds depends on the seed more than on the task.

With Cohen's kappa over heads as the measure of likeness: what two masks of one task and different seeds do not share,
1 minus their kappa, has to be more than what the task gives them, their kappa minus that of masks which share neither
task nor seed. The error is that of a jackknife over seeds, because every pair belongs to two of them. That masks of one
task are more alike than others at all, which the paper does not ask, is told in the chapter. Tasks whose search says
nothing are left out.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence, over_seeds, with_error
from lottery.findings.searches import judged, masks
from lottery.statistics import agreement, jackknife_error

PAPER = "prasanna2020"
CLAIM = (
    "Good subnetworks depend on the random initialisation more than on the use of some weights for a particular task."
)
WHERE = "section 5.1"
TABLE = "mask_agreement"
TUNED = False
MARGIN = 0.0  # of kappa: the paper says more, not by how much
WHAT = "kappa lost by another seed minus kappa given by the task"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' masks, without WNLI's."""
    rows = tables["prasanna2020_kinship"]
    values = {row["without_seed"]: _difference(row) for row in rows.to_dict("records")}
    return [_over_seeds(values.pop("none"), list(values.values()))]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_agreement."""
    rows = judged(table)
    if rows.empty:
        return [over_seeds(WHAT, "", (MARGIN, math.inf), [])]

    def of(some: pd.DataFrame) -> float:
        return _difference(agreement.kinship(masks(some)[0], some["of.task"].tolist(), some["of.seed"].tolist()))

    return [_over_seeds(of(rows), [of(rows[rows["of.seed"] != seed]) for seed in rows["of.seed"].unique()])]


def _difference(kin: Mapping[str, float]) -> float:
    return (1 - kin["same_task"]) - (kin["same_task"] - kin["neither"])


def _over_seeds(estimate: float, without: list[float]) -> Evidence:
    error = jackknife_error(without)
    if math.isnan(estimate) or math.isnan(error):
        return over_seeds(WHAT, "", (MARGIN, math.inf), [] if math.isnan(estimate) else [estimate])
    basis = f"95 % by a jackknife over {len(without)} seeds"
    return with_error(WHAT, "", (MARGIN, math.inf), estimate, error, basis=basis, freedom=len(without) - 1)
