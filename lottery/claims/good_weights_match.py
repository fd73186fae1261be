"""Retrained, what magnitude pruning leaves does as well as the full model.

Full minus good, in points of score averaged over the tasks, has to be below 2 points. That is about the deviation
between seeds of the full model in the paper, which its own criterion subtracts from the full model's score.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _prasanna as prasanna

PAPER = "prasanna2020"
CLAIM = "Although the subnetworks of magnitude pruning are smaller, they mostly reach the full network's performance."
WHERE = "section 4.2, Figure 2"
TABLE = "good_random_bad"
NOT_OF_MINIATURE = ""
MARGIN = 2.0  # points: the docstring has the reason


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' stored results."""
    return [prasanna.printed(tables, "magnitude", "full", "good", (float("-inf"), MARGIN))]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    return [prasanna.measured(table, "magnitude", "full", "good", (float("-inf"), MARGIN))]
