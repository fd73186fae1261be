"""Trained for twice as long, a bad subnetwork of heads and MLPs does not get better.

The score of the bad subnetwork retrained for longer minus its score after the usual number of epochs, in points
averaged over the tasks, has to be below 0: the paper says that on most tasks the performance went down. It gives no
numbers for this.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _prasanna as prasanna
from lottery.claims._evidence import none
from lottery.claims._runs import compared, of_every_world, scores

PAPER = "prasanna2020"
CLAIM = (
    "To test whether the bad s-pruned subnetworks might match the good ones with more training, they were trained for "
    "6 epochs, but on most tasks the performance went down."
)
WHERE = "section 4.3, Appendix D"
TABLE = "good_random_bad"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points: the paper says down, not by how much
CLAIMED = (-math.inf, MARGIN)
WHAT = "bad heads and MLPs retrained for longer minus as usual, mean over the tasks"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing: the numbers are not stored."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    rows = prasanna.trained(table)
    rows = rows[(rows["pruning"] == "structured") & (rows["subnetwork"] == "bad")]
    kinds = [scores(rows[rows["longer"] == longer], task="tuned_on", seed="trial") for longer in (True, False)]
    if kinds[0].empty or kinds[1].empty:
        return [none(WHAT, "points", CLAIMED, "not recorded")]
    return [compared(WHAT, CLAIMED, *of_every_world(*kinds))]
