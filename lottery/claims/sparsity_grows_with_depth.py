"""Learned masks keep fewer weights the deeper the layer.

Where 10% of the weights remain, the share kept in the later half of the layers minus the share kept in the earlier
half has to be below 0, in points, over seeds and averaged over the tasks. This counts masks whose shares may differ
between matrices, those of SMP-S and SMP-G; SMP-L keeps the same share of every matrix. The paper shows a figure.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as jiang
from lottery.claims import _shares as shares
from lottery.claims._evidence import none

PAPER = "jiang2023"
CLAIM = "Following previous studies, we also find that overall sparsity tends to increase with the depth of the layer."
WHERE = "section 6.1, Figure 2"
TABLE = "mask_learning"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points: the paper says increase, not by how much
CLAIMED = (-math.inf, MARGIN)
SPARSITY = 0.9
METHODS = {"smp_s": "SMP-S", "smp_g": "SMP-G"}


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing is printed but a figure."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From the masks that mask_learning recorded."""
    evidence = [
        shares.over_seeds(_what(named), "points", CLAIMED, rows, _later)
        for method, named in METHODS.items()
        if len(rows := jiang.of(table, method, SPARSITY))
    ]
    return evidence or [none(_what("SMP-S"), "points", CLAIMED, "not recorded")]


def _what(named: str) -> str:
    return f"{named}: share kept in the later half of the layers minus in the earlier"


def _later(row: Mapping[str, object]) -> float:
    """Weighted by the sizes of the matrices, of which those of the feed-forward network are four times the others."""
    kept = shares.by_matrix(row)
    weights = pd.Series([4 if shares.feed_forward(name) else 1 for name in kept.index], index=kept.index)
    layers = kept.index.map(shares.layer)
    by_layer = (kept * weights).groupby(layers).sum() / weights.groupby(layers).sum()
    half = len(by_layer) // 2
    return float(by_layer.iloc[-half:].mean() - by_layer.iloc[:half].mean())
