"""Masks and weights each without the other, on made-up runs, in plain loops."""

import math

import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from lottery.findings import swapped_masks

LUCK = {1: 0.02, 2: -0.01, 3: 0.05}


def rows() -> pd.DataFrame:
    """Two tasks, three seeds and two sparsities of movement, and a full model, as of `learned_masks.scored`."""
    masks = [
        {"title": "movement", "method": "movement", "asked": asked, "task": task, "seed": seed, "score": 0.8}
        | {"mask_alone": 0.7 + luck + shift, "weights_alone": 0.3 if seed > 1 else math.nan, "neither": 0.1}
        for task, shift in (("cola", 0.0), ("sst2", 0.04))
        for seed, luck in LUCK.items()
        for asked in (0.5, 0.9)
    ]
    whole = {"title": "full fine-tuning", "method": "full", "asked": 0.0, "task": "cola", "seed": 1, "score": 0.9}
    return pd.DataFrame([*masks, whole]).assign(world=-1, aimed=True)


def test_what_a_part_lacks_has_the_interval_of_scipy():
    parted = swapped_masks.swapped(rows())
    assert parted.groupby("part").size().to_dict() == dict.fromkeys(swapped_masks.PARTS.values(), 12)
    assert set(parted["method"]) == {"movement"}
    masks = swapped_masks.left(parted, "movement", swapped_masks.MASK)
    expected = [100 * (0.7 + luck + 0.02 - 0.8) for luck in LUCK.values()]
    assert list(masks) == [0.5, 0.9]
    for estimate in masks.values():
        interval = ttest_1samp(expected, 0).confidence_interval(0.95)
        assert tuple(estimate) == pytest.approx((sum(expected) / 3, *interval))
    weights = swapped_masks.left(parted, "movement", swapped_masks.WEIGHTS)[0.9]
    assert weights.mean == pytest.approx((-80 - 50 - 50) / 3)  # a score that is not defined counts as 0


def test_of_runs_that_were_not_swapped_nothing_is_told():
    assert swapped_masks.swapped(rows().drop(columns=[*swapped_masks.PARTS][1:])).empty
