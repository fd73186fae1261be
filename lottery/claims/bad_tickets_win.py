"""Retrained, even a bad subnetwork of heads and MLPs performs well.

The paper says that bad subnetworks, trained again, achieve strong performance, and that even the worst of them remain
highly trainable; it does not say how strong is enough. Here, good minus bad of the same size, both retrained, in
points of score averaged over the tasks, has to be below 5 points. The paper's own bad subnetworks of *weights* are far
beyond that. A bad subnetwork of more than half of the heads shares some with the good one, which the paper does not
count; the chapter has disjoint ones as well. Whether the bad heads or the bad MLPs are to blame is a claim of its own.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _prasanna as prasanna

PAPER = "prasanna2020"
CLAIM = "With structured pruning, even bad subnetworks can be fine-tuned again to perform well: near the good ones."
WHERE = "abstract, sections 4.2 and 4.3, Figure 2, Table 2"
TABLE = "good_random_bad"
NOT_OF_MINIATURE = ""
MARGIN = 5.0  # points: the docstring has the reason
CLAIMED = (-math.inf, MARGIN)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' stored results."""
    return [prasanna.printed(tables, "structured", "good", "bad", CLAIMED)]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    return [prasanna.measured(table, "structured", "good", "bad", CLAIMED)]
