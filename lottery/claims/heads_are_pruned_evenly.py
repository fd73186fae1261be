"""No attention head is pruned much more than another.

Where about 60% of the attention weights are removed, the head that loses most and the head that loses least have to
be within 5 points of the mean, the paper's own margin. The cut is made at once on one checkpoint, as in the paper,
which shows it as a figure and prints no other numbers.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import of_models

PAPER = "gordon2020"
CLAIM = "At 60% sparsity, each attention head by itself is pruned strictly between 55 and 65%."
WHERE = "sections 6 and 4, Figure 4 (left)"
TABLE = "gordon_weights"
NOT_OF_MINIATURE = "the share is given for BERT's heads; in heads with fewer weights chance alone strays further"
MARGIN = 5.0  # points of sparsity, the paper's own


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing is printed but a figure."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_weights: cuts of one checkpoint, as in the paper."""
    rows = table[(table["experiment"] == "HeadShares") & (table["kept"] == "Cut") & table["mean"].between(0.55, 0.65)]
    reach = 100 * pd.concat([rows["highest"] - rows["mean"], rows["mean"] - rows["lowest"]], axis=1).max(axis=1)
    what = "distance of the farthest head from the mean, at 60%"
    return [of_models(what, "points", (-math.inf, MARGIN), reach, rows.get("of.seed"))]
