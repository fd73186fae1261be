"""What contrastive pruning (CAP) adds to movement pruning, and what of that is the teacher's."""

import pandas as pd

from lottery.findings import learned_masks
from lottery.statistics import Estimate

MOVEMENT, GUIDED = "movement", "movement + teacher"
CAP = {"released": "CAP, released", "mean": "CAP, means"}
PAIRS = [(cap, other) for cap in CAP.values() for other in (MOVEMENT, GUIDED)] + [(GUIDED, MOVEMENT)]


def learners(runs: pd.DataFrame) -> pd.DataFrame:
    """Rows of `learned_masks.scored`: the masks, with what learned them in words in the column `learner`."""
    rows = learned_masks.scored(runs)
    rows = rows[rows["method"] != learned_masks.FULL]
    return rows.assign(
        learner=[CAP.get(row["contrasted"], GUIDED if row["guided"] else MOVEMENT) for row in rows.to_dict("records")]
    )


def added(rows: pd.DataFrame) -> pd.DataFrame:
    """Differences of learners in points at each sparsity, means over the tasks, with 95% intervals over seeds.

    rows     of `learners`
    returns  one, other, asked, mean, low, high: a row for each of PAIRS whose both are there, and sparsity
    """
    lines = [
        {"one": one, "other": other, "asked": asked, **each._asdict()}
        for one, other in PAIRS
        for asked, each in learned_masks.advantages(rows, {"learner": one}, {"learner": other}).items()
    ]
    return pd.DataFrame(lines, columns=["one", "other", "asked", *Estimate._fields])
