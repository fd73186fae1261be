"""The heads and MLPs that survive with every seed are a small model that, retrained, loses about ten points.

Full minus super-survivors, in points of score averaged over the tasks, has to be below 12: the paper's ten and the
deviation between seeds of the full model, about two.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _prasanna as advantages

PAPER = "prasanna2020"
CLAIM = (
    "Super-survivors, the heads and MLPs that survive with all seeds of a task, are about 10 to 26 % of the full "
    "model's weights and lose only about 10 points on average."
)
WHERE = "section 4.2, Appendix E"
TABLE = "good_random_bad"
TUNED = False
MARGIN = 12.0  # points: the docstring has the reason


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' stored results."""
    return [advantages.printed(tables, "super", "full", "good", (float("-inf"), MARGIN))]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    return [advantages.measured(table, "super", "full", "good", (float("-inf"), MARGIN))]
