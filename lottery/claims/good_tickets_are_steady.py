"""As cut, the good subnetworks of heads and MLPs vary least with the seed.

The standard deviation over seeds of the score before retraining is pooled over tasks and worlds. For good subnetworks,
divided by that of random ones and by that of bad ones, it has to be below 1. The interval, from the F distribution,
says how the ratio would come out with other seeds. Where a task's search says nothing for some seed, the other seeds
count.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _prasanna as prasanna
from lottery.claims._evidence import none, ratio_of_deviations

PAPER = "prasanna2020"
CLAIM = (
    "Since the good subnetworks are specifically selected to be the best possible match to the specific random seed, "
    "the performance is the most reliable."
)
WHERE = "section 4.3, Appendix C"
TABLE = "good_random_bad"
NOT_OF_MINIATURE = ""
MARGIN = 1.0  # times: the paper says most reliable, not by how much
CLAIMED = (0.0, MARGIN)
SEEDS, LEFT_OUT = 5, ("wnli",)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' stored results."""
    rows = tables["prasanna2020_results"]
    rows = rows[(rows["pruning"] == "structured") & ~rows["retrained"] & ~rows["task"].isin(LEFT_OUT)]
    spreads = rows.pivot_table("sd", "task", "subnetwork")
    pooled = (spreads**2).mean() ** 0.5
    return _judged({kind: (float(pooled[kind]), (SEEDS - 1) * len(spreads)) for kind in ("good", "random", "bad")})


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    rows = prasanna.as_cut(table, "structured")
    rows = rows.assign(score=rows["score"].astype(float).fillna(0))
    deviations = {}
    for kind, some in rows.groupby("subnetwork"):
        each = some.groupby(["tuned_on", "world"], dropna=False)["score"].agg(["var", "size"]).dropna()
        freedom = int((each["size"] - 1).sum())
        deviations[kind] = (
            math.sqrt((each["var"] * (each["size"] - 1)).sum() / freedom) if freedom else math.nan,
            freedom,
        )
    return _judged(deviations)


def _judged(deviations: Mapping[str, tuple[float, int]]) -> list[Evidence]:
    evidence = []
    for other in ("random", "bad"):
        what = f"deviation over the seeds of good subnetworks as cut, divided by that of {other} ones"
        if not all(kind in deviations and deviations[kind][1] for kind in ("good", other)):
            evidence.append(none(what, "times", CLAIMED, "not recorded"))
            continue
        (one, freedom), (theirs, freedoms) = deviations["good"], deviations[other]
        basis = f"{freedom} and {freedoms} degrees of freedom, F distribution"
        evidence.append(ratio_of_deviations(what, CLAIMED, one, theirs, (freedom, freedoms), basis=basis))
    return evidence
