"""Searches with different seeds find heads that agree little.

Fleiss' kappa between the masks of heads of all seeds of a task, mean over the tasks, has to be at most .32, the highest
of those that the paper calls unstable. The interval is over tasks. Whether so little is more than chance, which the
paper does not ask, is told in the chapter; tasks whose search says nothing, or whose masks keep everything, are left
out here as there.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lottery.claims import Evidence, over_tasks
from lottery.findings.searches import judged, masks
from lottery.statistics import agreement

PAPER = "prasanna2020"
CLAIM = "The good subnetworks are unstable: between five seeds Fleiss' kappa on the survival of heads is .15 to .32."
WHERE = "section 5.1"
TABLE = "mask_agreement"
TUNED = False
MARGIN = 0.32  # of kappa, the paper's highest
WHAT = "Fleiss' kappa over heads, mean over the tasks"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' masks, without WNLI's, which keep all or nothing."""
    rows = tables["prasanna2020_agreement"]
    rows = rows[(rows["mode"] == "both") & (rows["where"] == "dev") & (rows["component"] == "heads")]
    return [_over_tasks(rows.loc[rows["task"] != "wnli", "kappa"].to_numpy())]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_agreement."""
    several = [some for _, some in judged(table).groupby("of.task") if len(some) > 1]
    return [_over_tasks(np.array([agreement.fleiss_kappa(masks(some)[0]) for some in several]))]


def _over_tasks(kappas: np.ndarray) -> Evidence:
    defined = kappas[~np.isnan(kappas)]
    found = over_tasks(WHAT, "", (-math.inf, MARGIN), defined)
    if len(defined) in (0, 1, len(kappas)):
        return found
    return found._replace(basis=f"{found.basis}, {len(kappas) - len(defined)} without a choice left out")
