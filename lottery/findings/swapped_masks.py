"""What a mask is worth without the weights that were trained under it, and these without the mask."""

import pandas as pd

from lottery.findings import learned_masks
from lottery.statistics import Estimate

BOTH, MASK, WEIGHTS, NEITHER = "as trained", "its mask alone", "its weights alone", "neither"
PARTS = {"score": BOTH, "mask_alone": MASK, "weights_alone": WEIGHTS, "neither": NEITHER}


def swapped(rows: pd.DataFrame) -> pd.DataFrame:
    """Four rows for each mask whose parts were scored, `part` telling them apart by PARTS, their `score` a fraction.

    rows  of `learned_masks.scored`
    Its mask alone lies over the pre-trained encoder; its weights alone, the encoder as trained, have none; the head is
    the trained one in all four. What is not defined counts as 0.
    """
    if "mask_alone" not in rows:
        return rows[:0].assign(part="")
    masks = rows[(rows["method"] != learned_masks.FULL) & rows["aimed"]]
    parts = [masks.assign(part=part, score=masks[column].astype(float).fillna(0.0)) for column, part in PARTS.items()]
    return pd.concat(parts, ignore_index=True)


def left(rows: pd.DataFrame, title: str, part: str) -> dict[float, Estimate]:
    """A part of a method's models minus the whole of them, by sparsity, as `learned_masks.advantages`.

    rows  of `swapped`
    """
    return learned_masks.advantages(rows, {"title": title, "part": part}, {"title": title, "part": BOTH})
