"""Retrained, the good subnetwork of heads and MLPs is slightly behind the full model.

Full minus good, in points of score averaged over the tasks, has to be above 0, since the sentence says *behind*, and
below 5, since it says *slightly*: half of what the search itself may lose.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _prasanna as prasanna

PAPER = "prasanna2020"
CLAIM = "For s-pruning, the good subnetworks are mostly slightly behind the full network performance."
WHERE = "section 4.2, Figure 2"
TABLE = "good_random_bad"
NOT_OF_MINIATURE = ""
MARGIN = 5.0  # points: the docstring has the reason


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' stored results."""
    return [prasanna.printed(tables, "structured", "full", "good", (0.0, MARGIN))]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    return [prasanna.measured(table, "structured", "full", "good", (0.0, MARGIN))]
