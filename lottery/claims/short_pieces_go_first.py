"""Short word pieces have small embeddings, and are pruned first.

Over the vocabulary, the length of a piece in letters and the length of its embedding have to be correlated (Spearman,
above 0). The paper infers it from a picture of the table of embeddings, in the order of the vocabulary, and measures
nothing.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence, over_models

PAPER = "gordon2020"
CLAIM = "Shorter word pieces have embeddings of smaller magnitude, and will be pruned earlier than others."
WHERE = "Figures 7 and 9"
TABLE = "gordon_weights"
TUNED = False
MARGIN = 0.0  # of the rank correlation: the paper says smaller, not by how much


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing is printed but a figure."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_weights."""
    rows = table[table["experiment"] == "WeightProfile"]
    what = "rank correlation of a piece's length with that of its embedding"
    return [over_models(what, "", (MARGIN, float("inf")), rows["norm_length"], rows)]
