"""As cut, random and bad subnetworks of heads and MLPs score very differently with different seeds.

The standard deviation over seeds of the score before retraining has to be above 10 points on each task that the paper
names, for random and for bad subnetworks. What the paper finds for its own five seeds is a fact, so one cell that is
not above 10 decides. In our models the deviation pooled over the named tasks counts. Its chi-square interval says how
it would come out with other seeds. Where a task's search says nothing for some seed, the other seeds count.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.choices import choose
from lottery.claims import Evidence
from lottery.claims import _prasanna as prasanna
from lottery.claims._evidence import deviation, within

PAPER = "prasanna2020"
CLAIM = (
    "The standard deviation over seeds of both bad and random subnetworks of heads and MLPs is over 10 points, not "
    "only for the smaller datasets (MRPC, CoLA, STS-B) but also for MNLI and SST-2."
)
WHERE = "section 4.3, Appendix C"
TABLE = "good_random_bad"
NOT_OF_MINIATURE = "the claim's 10 points are for GLUE's tasks"
MARGIN = 10.0  # points
TASKS = ("mrpc", "cola", "stsb", "mnli", "sst2")
KINDS = ("random", "bad")


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' stored results."""
    rows = tables["prasanna2020_results"]
    rows = rows[(rows["pruning"] == "structured") & ~rows["retrained"] & rows["task"].isin(TASKS)]
    evidence = []
    for kind in KINDS:
        some = rows[rows["subnetwork"] == kind].set_index("task")["sd"] * 100
        task, least = some.idxmin(), float(some.min())
        what = f"smallest deviation over the seeds of {kind} subnetworks as cut, on {choose('tasks', task).TITLE}"
        evidence.append(
            within(what, "points", (MARGIN, math.inf), least, least, least, basis="as the authors stored it")
        )
    return evidence


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    rows = prasanna.as_cut(table, "structured")
    rows = rows[rows["tuned_on"].isin(TASKS)]
    rows = rows.assign(score=100 * rows["score"].astype(float).fillna(0))
    return [
        deviation(
            f"deviation over the seeds of {kind} subnetworks as cut, pooled over the tasks",
            "points",
            (MARGIN, math.inf),
            [
                each["score"]
                for _, each in rows[rows["subnetwork"] == kind].groupby(["tuned_on", "world"], dropna=False)
            ],
        )
        for kind in KINDS
    ]
