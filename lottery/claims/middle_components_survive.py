"""The heads that survive are in the earlier and middle layers, the MLPs in the middle.

The layers are divided into three equal parts. The share of heads that searches keep in the first two parts minus the
share in the last, and the share of MLPs that they keep in the middle part minus the share in the others, have to be
above 0, in points, over seeds and averaged over the tasks. Tasks whose search says nothing are left out.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import none, over, per_unit
from lottery.findings.searches import judged, masks

PAPER = "prasanna2020"
CLAIM = (
    "With s-pruning, the most important heads tend to be in the earlier and middle layers, while the important MLPs "
    "are more in the middle."
)
WHERE = "section 4.1, Figures 1b and 15"
TABLE = "mask_agreement"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points of the components: the paper says more, not by how much
CLAIMED = (MARGIN, math.inf)
HEADS = "heads kept in the first two thirds of the layers minus in the last"
MLPS = "MLPs kept in the middle third of the layers minus in the others"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' masks: in how many of eight tasks each component is kept, by seed."""
    rows = tables["prasanna2020_across_tasks"]
    shares = rows.assign(share=rows["without_wnli"] / 8).pivot_table("share", ["component", "seed"], "layer")
    return _judged(shares.loc["heads"], shares.loc["mlps"])


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_agreement."""
    rows = judged(table)
    if rows.empty:
        return [none(what, "points", CLAIMED, "not recorded") for what in (HEADS, MLPS)]
    heads, mlps = masks(rows)
    seeds = rows["of.seed"].to_numpy()
    return _judged(
        *(pd.DataFrame(kept).groupby(seeds).mean() for kept in (heads.mean(axis=2), mlps.astype(float))),
        per_unit(rows, "of.seed"),
    )


def _judged(heads: pd.DataFrame, mlps: pd.DataFrame, seconds: float = math.nan) -> list[Evidence]:
    """From shares kept: a row a seed, a column a layer."""
    first, middle, last = np.array_split(np.arange(heads.shape[1]), 3)
    early = heads.iloc[:, [*first, *middle]].mean(axis=1) - heads.iloc[:, last].mean(axis=1)
    central = mlps.iloc[:, middle].mean(axis=1) - mlps.iloc[:, [*first, *last]].mean(axis=1)
    return [
        over(what, "points", CLAIMED, 100 * values, seconds=seconds)
        for what, values in ((HEADS, early), (MLPS, central))
    ]
