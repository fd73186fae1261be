"""Which texts a score reads: means, differences and likeness over sets, by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lottery.findings import calibration

SCORES = {  # of three sets each
    ("wanda", "stsb", 8): [0.80, 0.81, 0.79],
    ("wanda", "stsb", 64): [0.820, 0.822, 0.821],
    ("wanda", "stsb", 512): [0.825, 0.824, 0.826],
    ("wanda", "sst2", 64): [0.75, 0.76, 0.77],
    ("obs", "stsb", 8): [0.60, 0.70, 0.50],
    ("obs", "stsb", 64): [0.81, 0.83, 0.80],
    ("obs", "stsb", 512): [0.84, 0.84, 0.85],
    ("obs", "sst2", 64): [0.82, 0.83, 0.81],
}


@pytest.fixture
def rows():
    cuts = [
        {
            "experiment": "SentenceSimilarity",
            "importance": importance,
            "calibration.task": task,
            "calibration.texts": float(texts),
            "calibration.place": float(place),
            "score": score,
            "sparsity": 0.8,
        }
        for (importance, task, texts), scores in SCORES.items()
        for place, score in enumerate(scores)
    ]
    blind = [
        {"experiment": "SentenceSimilarity", "importance": "magnitude", "sparsity": share, "score": score}
        for share, score in ((0.0, 0.87), (0.8, 0.6))
    ]
    pairs = [
        {
            "experiment": "MaskAgreement",
            "one.importance": "wanda",
            "one.calibration.task": "stsb",
            "one.calibration.texts": 64.0,
            "other.calibration.task": other,
            "kappa": kappa,
            "jaccard": kappa - 0.1,
            "by_lot": 0.11,
        }
        for other, kappa in (("stsb", 0.9), ("stsb", 0.8), ("sst2", 0.5), (np.nan, 0.3))
    ]
    return pd.DataFrame([*cuts, *blind, *pairs])


def test_what_is_left_is_the_mean_over_sets_with_its_interval(rows):
    left = calibration.left(rows)
    assert len(left) == len(SCORES)
    for kind, scores in SCORES.items():
        low, high = stats.t.interval(0.95, 2, np.mean(scores), stats.sem(scores))
        estimate = left.loc[kind, "score"]
        assert (estimate.mean, estimate.low, estimate.high) == pytest.approx((np.mean(scores), low, high))
        assert left.loc[kind, "sets"] == 3
    assert calibration.reference(rows) == {"": 0.87, "magnitude": 0.6}


def test_differences_are_set_by_set(rows):
    found = calibration.differences(rows, "stsb", 64)
    assert ("wanda", "stsb", 64) not in found.index
    assert len(found) == 6
    gaps = np.subtract(SCORES["wanda", "sst2", 64], SCORES["wanda", "stsb", 64])
    low, high = stats.t.interval(0.95, 2, gaps.mean(), stats.sem(gaps))
    change = found.loc[("wanda", "sst2", 64), "change"]
    assert (change.mean, change.low, change.high) == pytest.approx((gaps.mean(), low, high))


def test_enough_is_the_smallest_number_that_with_all_above_it_is_shown_to_lose_little(rows):
    found = calibration.enough(calibration.differences(rows, "stsb", 512), "stsb", 512)
    assert found.to_dict() == {"wanda": 64, "obs": 512}  # OBS loses three points of 64, and of 8 nothing is known


def test_a_small_number_is_not_enough_where_a_larger_one_is_not(rows):
    rows.loc[rows["calibration.texts"].eq(8) & rows["importance"].eq("obs"), "score"] = [0.84, 0.84, 0.85]
    found = calibration.enough(calibration.differences(rows, "stsb", 512), "stsb", 512)
    assert found["obs"] == 512


def test_likeness_is_the_mean_over_pairs_of_one_kind(rows):
    found = calibration.alike(rows)
    assert len(found) == 3
    same = found.loc[("wanda", "stsb", 64, "stsb")]
    assert (same["kappa"], same["low"], same["high"], same["pairs"]) == pytest.approx((0.85, 0.8, 0.9, 2))
    assert same["jaccard"] == pytest.approx(0.75)
    assert found.loc[("wanda", "stsb", 64, ""), "kappa"] == 0.3
