"""With magnitude pruning the good subnetwork beats the random one, and the random one the bad one, even retrained.

Both differences, in points of score averaged over the tasks, have to be above 0.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _prasanna as prasanna

PAPER = "prasanna2020"
CLAIM = "With magnitude pruning, random and bad subnetworks stay behind the good one when they are fine-tuned again."
WHERE = "section 4.2, Figure 2"
TABLE = "good_random_bad"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points
PAIRS = [("good", "random"), ("random", "bad")]


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' stored results."""
    return [prasanna.printed(tables, "magnitude", one, other, (MARGIN, float("inf"))) for one, other in PAIRS]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    return [prasanna.measured(table, "magnitude", one, other, (MARGIN, float("inf"))) for one, other in PAIRS]
