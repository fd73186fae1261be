"""A random subnetwork that was never pre-trained is slightly better than bad pre-trained weights.

Random heads and MLPs with re-initialised weights minus the bad subnetwork of magnitude pruning, both trained on the
task, in points of score averaged over the tasks, has to be above 0. The paper prints the former in whole hundredths,
truncated and not rounded, so in print the interval is that of truncation.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _prasanna as prasanna
from lottery.claims import pretrained_beats_untrained as untrained
from lottery.claims._evidence import within

PAPER = "prasanna2020"
CLAIM = "Even the random s-pruning of a randomly initialised BERT is slightly better than the m-pruned bad subnetwork."
WHERE = "section 4.3, Table 2"
TABLE = "good_random_bad"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points: the paper says better, not by how much
CLAIMED = (MARGIN, math.inf)
WHAT = "random heads and MLPs never pre-trained minus bad weights, mean over the tasks"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' stored results and Table 2."""
    bad, drawn = untrained.averages(tables, "magnitude")
    more = drawn - bad
    value = more + untrained.CUT_OFF / 2
    return [within(WHAT, "points", CLAIMED, value, more, more + untrained.CUT_OFF, basis="truncated digits")]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    one, other = "random, never trained", ("magnitude", "bad")
    return [prasanna.measured(table, "structured", one, other, CLAIMED, what=WHAT)]
