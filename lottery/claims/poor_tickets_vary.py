"""As cut, random and bad subnetworks of heads and MLPs score very differently with different seeds.

The standard deviation over the seeds of the score before retraining, mean over the tasks that the paper names, has to
be above 10 points, for random and for bad subnetworks. The interval is over the tasks. Of a task whose search says
nothing for some seed the other seeds count.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lottery.claims import Evidence, over_tasks
from lottery.findings.subnetworks import with_subnetworks

PAPER = "prasanna2020"
CLAIM = (
    "The standard deviation over seeds of both bad and random subnetworks of heads and MLPs is over 10 points, not "
    "only for the smaller datasets (MRPC, CoLA, STS-B) but also for MNLI and SST-2."
)
WHERE = "section 4.3, Appendix C"
TABLE = "good_random_bad"
TUNED = False
MARGIN = 10.0  # points
TASKS = ("mrpc", "cola", "stsb", "mnli", "sst2")
KINDS = ("random", "bad")


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' stored results."""
    rows = tables["prasanna2020_results"]
    rows = rows[(rows["pruning"] == "structured") & ~rows["retrained"] & rows["task"].isin(TASKS)]
    return [_over_tasks(kind, 100 * rows.loc[rows["subnetwork"] == kind, "sd"].to_numpy()) for kind in KINDS]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    rows = with_subnetworks(table)
    rows = rows[(rows["experiment"] == "PrunedScore") & (rows["pruning"] == "structured") & (rows["degenerate"] == "")]
    rows = rows[rows["tuned_on"].isin(TASKS)]
    scores = 100 * rows["score"].astype(float).fillna(0)
    deviations = scores.groupby([rows["subnetwork"], rows["tuned_on"]]).std(ddof=1).dropna()
    return [_over_tasks(kind, deviations[deviations.index.get_level_values(0) == kind].to_numpy()) for kind in KINDS]


def _over_tasks(kind: str, deviations: np.ndarray) -> Evidence:
    what = f"deviation over the seeds of {kind} subnetworks as cut, mean over the tasks"
    return over_tasks(what, "points", (MARGIN, math.inf), deviations)
