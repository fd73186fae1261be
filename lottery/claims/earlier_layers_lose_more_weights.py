"""With magnitude pruning the earlier layers lose more weights than the later ones.

The share of weights kept in the later half of the layers minus the share kept in the earlier half, in points, has to
be above 0, averaged over the heads and MLPs of a layer and over the tasks. In print the interval is over tasks, in our
runs over worlds or seeds; searches that say nothing are left out.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import none, over
from lottery.claims._runs import over_drawn
from lottery.findings.searches import sound

PAPER = "prasanna2020"
CLAIM = "In m-pruning all architecture blocks lose about half the weights, but the earlier layers get pruned more."
WHERE = "section 4.1, Figure 1a, Appendix A"
TABLE = "magnitude_search"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points of weights: the paper says more, not by how much
CLAIMED = (MARGIN, math.inf)
WHAT = "weights kept in the later half of the layers minus in the earlier half, mean over the tasks"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the cells of the authors' heatmaps."""
    rows = tables["prasanna2020_weight_survival"]
    rows = rows[rows["task"] != "wnli"]
    layers = rows.pivot_table("mean", "task", ["component", "layer"])
    return [over(WHAT, "points", CLAIMED, 100 * (_later(layers["heads"]) + _later(layers["mlps"])) / 2, units="tasks")]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of magnitude_search, in the paper's steps of a tenth."""
    rows = sound(table[table["experiment"] == "MagnitudeSearch"])
    rows = rows[rows["per_step"] == 0.1]
    if rows.empty:
        return [none(WHAT, "points", CLAIMED, "not recorded")]
    mlps = np.array(rows["mlp_shares"].tolist(), dtype=float)
    heads = np.array(rows["head_shares"].tolist(), dtype=float).reshape(*mlps.shape, -1).mean(axis=2)
    later = (_later(pd.DataFrame(heads)) + _later(pd.DataFrame(mlps))) / 2
    return [over_drawn(WHAT, "points", CLAIMED, 100 * later, rows.reset_index(drop=True))]


def _later(layers: pd.DataFrame) -> pd.Series:
    """Mean of the later half of the columns minus that of the earlier half; of an odd number the middle is left out."""
    half = layers.shape[1] // 2
    return layers.iloc[:, -half:].mean(axis=1) - layers.iloc[:, :half].mean(axis=1)
