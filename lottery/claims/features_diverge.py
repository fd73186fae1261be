"""Past 40%, the features of the hidden layers diverge from those of the full model.

The cosine similarity of the two models' features, averaged over tokens and layers, has to fall from each recorded
sparsity to the next, from 30% on, by any amount: the number measured is the smallest of these falls. The paper shows
a curve.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import none, over

PAPER = "gordon2020"
CLAIM = (
    "Past 40% pruning, feature activations of the hidden layers start to diverge; as performance degrades, cosine "
    "similarities of features decrease."
)
WHERE = "section 4.2, Figure 2 (right)"
TABLE = "gordon_loss_and_features"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # of the cosine: the paper says diverge, not by how much
FROM = 0.3  # sparsity: the last that the paper calls low and every profile has
WHAT = "least fall of the mean cosine from one sparsity to the next, from 30% on"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing is printed but a figure."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_loss_and_features."""
    rows = table[(table["experiment"] == "FeatureDrift") & (table["pruned"] == "GradualPruning")]
    rows = rows[(rows["pruned.importance"] == "magnitude") & (rows["pruned.sparsity"] >= FROM)]
    curves = rows.pivot_table("cosine", "pruned.seed", "pruned.sparsity")
    if curves.shape[1] < 2:
        return [none(WHAT, "", (MARGIN, math.inf), "not recorded")]
    falls = -curves.diff(axis=1).iloc[:, 1:]
    units = "worlds" if rows["world"].notna().all() else "pruned models"
    return [over(WHAT, "", (MARGIN, math.inf), falls[falls.mean().idxmin()], units=units)]
