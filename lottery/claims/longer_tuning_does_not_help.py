"""Fine-tuning for longer before pruning neither improves a model nor changes which weights are pruned.

After the longest and after the shorter fine-tuning that the paper's figure spans, 12 and 3 epochs, models are cut to 60
% at once and trained for 2 epochs more. The score may be no more than 1 point higher after the longer one, and the
share of mask entries that differ from the cut without any fine-tuning may grow by less than 1 point. The paper shows
curves.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import none, over
from lottery.claims._runs import compared, scores

PAPER = "gordon2020"
CLAIM = (
    "Training between 3 and 12 epochs before pruning does not change which weights are pruned or improve performance."
)
WHERE = "section 5, Figure 3 (bottom)"
TABLE = "gordon_masks"
NOT_OF_MINIATURE = ""
MARGIN = 1.0  # points of score, and of mask entries: what counts as nothing elsewhere, and a hundredth of the weights
CLAIMED = (-math.inf, MARGIN)
SHORT, LONG = 3.0, 12.0  # epochs
WHATS = ("score when cut after 12 epochs minus after 3", "mask entries that differ after 12 epochs minus after 3")


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing is printed but a figure."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_masks."""
    tuned = table[table["experiment"] == "FineTuning"]
    before = tuned.get("start.of.epochs", pd.Series(None, index=tuned.index, dtype=float))
    one, other = (tuned[before == epochs] for epochs in (LONG, SHORT))
    if one.empty or other.empty:
        return [none(what, "points", CLAIMED, "not recorded") for what in WHATS]
    masks = table[(table["experiment"] == "MaskDifference") & (table["one.of"] == "FineTuning")]
    masks = masks[(masks["other"] == "Cut") & masks["one.of.epochs"].isin([SHORT, LONG])]
    units = "worlds" if table["world"].notna().all() else "seeds"
    differ = 100 * masks.pivot_table("different", "one.of.seed", "one.of.epochs")
    return [
        compared(WHATS[0], CLAIMED, scores(one), scores(other)),
        over(WHATS[1], "points", CLAIMED, differ[LONG] - differ[SHORT], units=units),
    ]
