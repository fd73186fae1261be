"""After one epoch of fine-tuning the order of magnitudes hardly changes any more.

How much further weights have moved after the last recorded epoch than after the first, in % of the movement after the
first and averaged over the tasks, has to be below 10%. The paper follows 12 epochs with a learning rate that restarts
at 1/k of itself in epoch k, which would nearly freeze the weights of any model; ours has one schedule over all epochs.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import none, over, within
from lottery.findings import movement

PAPER = "gordon2020"
CLAIM = (
    "After even an epoch of downstream fine-tuning, weights quickly stabilise in a new sorting order, so that longer "
    "training has only a marginal effect on which weights are pruned."
)
WHERE = "section 5, Figure 4 (right)"
TABLE = "gordon_movement"
NOT_OF_MINIATURE = ""
MARGIN = 10.0  # % of the movement after one epoch: what counts as marginal
CLAIMED = (-math.inf, MARGIN)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the numbers of Figure 4 that the authors stored."""
    moved = tables["gordon2020_movement_by_epoch"].pivot_table("movement_mean", "task", "epochs")
    more = float((100 * (moved[max(moved)] / moved[1] - 1)).mean())
    return [within(_what(max(moved)), "%", CLAIMED, more, more, more, basis="as the authors stored it")]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_movement that differ in the number of epochs alone: the usual learning rate."""
    rows = movement.measured(table)
    epochs = rows.groupby("after.learning_rate")["after.epochs"].nunique()
    rows = rows[rows["after.learning_rate"] == epochs.idxmax()]
    moved = rows.pivot_table("mean", ["after.seed", "after.task"], "after.epochs")
    if 1.0 not in moved or max(moved) == 1.0:
        return [none(_what(12), "%", CLAIMED, "not recorded")]
    more = (100 * (moved[max(moved)] / moved[1.0] - 1)).groupby("after.seed").mean()
    units = "worlds" if rows["world"].notna().all() else "seeds"
    return [over(_what(max(moved)), "%", CLAIMED, more, units=units)]


def _what(epochs: float) -> str:
    return f"how much further weights have moved after {epochs:g} epochs than after one, mean over the tasks"
