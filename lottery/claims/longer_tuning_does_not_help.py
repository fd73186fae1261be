"""Fine-tuning for longer before pruning neither improves a model nor changes which weights are pruned.

Models are fine-tuned for 6 epochs, cut at once and trained for 2 more. On average over the tasks and sparsities they
may score no more than 1 point better than models that were cut first and trained as long. And the share of mask
entries that differ from the cut without any fine-tuning may grow by less than 1 point from 3 epochs to 6. The paper
shows curves up to 12 epochs. Its models are trained longer in all the later they are cut, at a learning rate that is
almost 0 by then; ours has one schedule for all the epochs before the cut.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import none, over
from lottery.claims._runs import compared, scores
from lottery.findings import mask_differences
from lottery.findings.cut_times import late_and_first

PAPER = "gordon2020"
CLAIM = (
    "Training between 3 and 12 epochs before pruning does not change which weights are pruned or improve performance."
)
WHERE = "section 5, Figure 3 (bottom)"
TABLE = "gordon_masks"
NOT_OF_MINIATURE = ""
MARGIN = 1.0  # points of score, and of mask entries: what counts as nothing elsewhere, and a hundredth of the weights
CLAIMED = (-math.inf, MARGIN)
SHORT, LONG = 3.0, 6.0  # epochs
WHATS = (
    f"score when cut after {LONG:g} epochs minus when cut first and trained as long",
    f"mask entries that differ after {LONG:g} epochs minus after {SHORT:g}",
)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing is printed but a figure."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_masks."""
    late, first = (rows[rows["before"] == LONG] for rows in late_and_first(table))
    by_score = none(WHATS[0], "points", CLAIMED, "not recorded")
    if len(late):
        by_score = compared(WHATS[0], CLAIMED, scores(late, cell="sparsity"), scores(first, cell="sparsity"))
    units = "worlds" if table["world"].notna().all() else "seeds"
    moved = mask_differences.moved(table).query("recipe == 'printed'")
    by_mask = none(WHATS[1], "points", CLAIMED, "not recorded")
    if {SHORT, LONG} <= set(moved["before"]):
        differ = 100 * moved.pivot_table("different", "seed", "before")
        by_mask = over(WHATS[1], "points", CLAIMED, differ[LONG] - differ[SHORT], units=units)
    return [by_score, by_mask]
