"""Fine-tuning at a larger learning rate moves weights further, and so does fine-tuning on a larger task.

The mean movement in the order of magnitudes has to grow from each learning rate to the next on every task, and at
every rate from each task to the next larger one (CoLA, SST-2, QNLI, QQP, MNLI): the smallest of these steps has to be
above 0.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import none, over, within
from lottery.findings import movement

PAPER = "gordon2020"
CLAIM = "As expected, larger datasets and larger learning rates have more movement (per epoch)."
WHERE = "caption of Table 2"
TABLE = "gordon_movement"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # % of the matrix: the paper says more, not by how much
BY_SIZE = ("cola", "sst2", "qnli", "qqp", "mnli")
ROUNDING = 0.01  # %, of a difference of two printed numbers
RATES, SIZES = "least step of the movement from one learning rate to the next", "least step from one task to the next"
CLAIMED = (MARGIN, math.inf)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 2."""
    moved = 100 * tables["gordon2020_table2"].pivot_table("movement_mean", "learning_rate", "task")[list(BY_SIZE)]
    steps = {RATES: moved.sort_index().diff().min().min(), SIZES: moved.diff(axis=1).min().min()}
    return [
        within(what, "%", CLAIMED, least, least - ROUNDING, least + ROUNDING, basis="rounding")
        for what, least in steps.items()
    ]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_movement that differ in the learning rate alone: the usual number of epochs."""
    rows = movement.measured(table)
    rates = rows.groupby("after.epochs")["after.learning_rate"].nunique()
    if rates.max() < 2:
        return [none(RATES, "%", CLAIMED, "not recorded")]
    rows = rows[rows["after.epochs"] == rates.idxmax()]
    moved = 100 * rows.pivot_table("mean", "after.seed", ["after.task", "after.learning_rate"])
    each = {task: moved[task].sort_index(axis=1).diff(axis=1).iloc[:, 1:] for task in moved.columns.unique(0)}
    steps = pd.concat(each, axis=1)
    units = "worlds" if rows["world"].notna().all() else "seeds"
    return [over(RATES, "%", CLAIMED, steps[steps.mean().idxmin()], units=units)]
