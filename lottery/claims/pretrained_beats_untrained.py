"""A bad subnetwork of pre-trained heads and MLPs is over 15 points ahead of a random one that was never pre-trained.

Bad minus random with weights re-initialised, both trained on the task, in points of score averaged over the tasks, has
to be above 15. The paper prints the latter in whole hundredths, truncated and not rounded, so in print the interval is
that of truncation.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _prasanna as prasanna
from lottery.claims._evidence import within

PAPER = "prasanna2020"
CLAIM = (
    "A randomly initialised, randomly s-pruned BERT is on average over 15 points behind the bad mask over the "
    "pre-trained weights."
)
WHERE = "section 4.3, Table 2"
TABLE = "good_random_bad"
NOT_OF_MINIATURE = "the claim's 15 points are for GLUE's tasks"
MARGIN = 15.0  # points, the paper's own
CLAIMED = (MARGIN, math.inf)
WHAT = "bad heads and MLPs minus random ones never pre-trained, mean over the tasks"
CUT_OFF = 1.0  # points that a printed score may be too low by


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' stored results and Table 2."""
    bad, untrained = averages(tables, "structured")
    value = bad - untrained - CUT_OFF / 2
    return [
        within(WHAT, "points", CLAIMED, value, bad - untrained - CUT_OFF, bad - untrained, basis="truncated digits")
    ]


def averages(tables: Mapping[str, pd.DataFrame], pruning: str) -> tuple[float, float]:
    """Means over the nine tasks of a retrained bad subnetwork, as stored, and of the untrained one, as printed."""
    rows = tables[prasanna.RESULTS]
    bad = rows[(rows["pruning"] == pruning) & (rows["subnetwork"] == "bad") & rows["retrained"]]
    untrained = tables["prasanna2020_table2"]
    untrained = untrained[untrained["model"] == "random_init"]
    return 100 * float(bad["mean"].mean()), 100 * float(untrained["score"].mean())


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    return [prasanna.measured(table, "structured", "bad", "random, never trained", CLAIMED, what=WHAT)]
