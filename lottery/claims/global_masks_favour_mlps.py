"""One ranking of all scores (G) keeps far more of the feed-forward matrices than of the others.

Where 10% of the weights remain, the mean share that SMP-G keeps of the feed-forward matrices, divided by the share
that it keeps of the attention matrices, has to be above 1, over seeds and averaged over the tasks. The paper says four
times, from a figure.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as jiang
from lottery.claims import _shares as shares

PAPER = "jiang2023"
CLAIM = "G assigns too many remaining weights to the matrices of the MLP, four times as many as to other matrices."
WHERE = "section 6.1, Figure 2"
TABLE = "mask_learning"
NOT_OF_MINIATURE = ""
MARGIN = 1.0  # times: more at all
SPARSITY = 0.9


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing: the means of two of the six kinds of matrices are printed."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From the masks that mask_learning recorded."""
    rows = jiang.of(table, "smp_g", SPARSITY)
    what = "share kept of the feed-forward matrices, divided by that of the attention's"
    return [shares.over_seeds(what, "times", (MARGIN, math.inf), rows, _times)]


def _times(row: Mapping[str, object]) -> float:
    kept = shares.by_matrix(row)
    of_mlps = kept.index.map(shares.feed_forward)
    return float(kept[of_mlps].mean() / kept[~of_mlps].mean())
