"""Heads and MLPs pruned together leave a smaller subnetwork than either pruned alone.

The share of weights kept by the search of both minus that kept by the search of heads alone, and minus that kept by
the search of MLPs alone, have to be below 0, in points of the weights of all heads and MLPs, over worlds or seeds and
averaged over the tasks.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _prasanna as prasanna
from lottery.claims._evidence import none, over
from lottery.claims._runs import over_drawn
from lottery.claims.fewer_remain_separately import by_mode

PAPER = "prasanna2020"
CLAIM = "Pruning heads and MLPs together is more efficient overall, that is, it produces smaller subnetworks."
WHERE = "section 4.1, Appendix B"
TABLE = "component_search"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points of weights: the paper says smaller
CLAIMED = (-math.inf, MARGIN)
ALONE = {"heads": "heads alone", "mlps": "MLPs alone"}


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' masks, without WNLI's, which keep all or nothing."""
    rows = tables["prasanna2020_masks"]
    good = (rows["pruning"] == "structured") & (rows["subnetwork"] == "good") & (rows["where"] == "dev")
    rows = rows[good & (rows["task"] != "wnli")].fillna({"heads_kept": 144, "mlps_kept": 12})
    whole = 144 * prasanna.HEAD + 12 * prasanna.MLP
    left = 100 * (prasanna.HEAD * rows["heads_kept"] + prasanna.MLP * rows["mlps_kept"]) / whole
    shares = left.groupby([rows["mode"], rows["seed"]]).mean()
    return [over(_what(mode), "points", CLAIMED, shares["both"] - shares[mode]) for mode in ALONE]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of component_search."""
    left = 100 * by_mode(table)["share_kept"]
    evidence = []
    for mode in ALONE:
        if not {mode, "both"} <= set(left):
            evidence.append(none(_what(mode), "points", CLAIMED, "not recorded"))
            continue
        apart = (left["both"] - left[mode]).dropna().rename("apart").reset_index()
        evidence.append(over_drawn(_what(mode), "points", CLAIMED, apart["apart"], apart))
    return evidence


def _what(mode: str) -> str:
    return f"weights left where both are pruned minus {ALONE[mode]}, mean over the tasks"
