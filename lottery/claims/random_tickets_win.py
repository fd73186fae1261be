"""Retrained, a random subnetwork of heads and MLPs does as well as a good one.

Good minus random of the same size, both retrained, in points of score averaged over the tasks, has to lie within 2
points of 0: about the deviation between seeds of the full model in the paper. In the paper a random subnetwork has the
good one's size only on average; ours has it exactly.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _prasanna as prasanna

PAPER = "prasanna2020"
CLAIM = "With structured pruning, random subnetworks that are fine-tuned again perform on par with the good ones."
WHERE = "section 4.2, Figure 2"
TABLE = "good_random_bad"
NOT_OF_MINIATURE = ""
MARGIN = 2.0  # points: the docstring has the reason


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' stored results."""
    return [prasanna.printed(tables, "structured", "good", "random", (-MARGIN, MARGIN))]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    return [prasanna.measured(table, "structured", "good", "random", (-MARGIN, MARGIN))]
