"""Made-up cuts of a sentence encoder, by hand."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from lottery.findings import sentences

WHOLE = {
    "unit": "weights",
    "importance": "magnitude",
    "scope": "global",
    "embeddings": False,
    "sparsity": 0.0,
    "seed": 0,
}


def cut(sparsity, change, error, **other):
    of = WHOLE | {"sparsity": sparsity, "removed": 10 * sparsity, "units": 10} | other
    values = {"score": 0.8 + change, "score_error": 0.02, "change": change, "change_error": error}
    return of | values | {"nearness": 1 - sparsity, "nearness_error": 0.001}


@pytest.fixture
def rows():
    return pd.DataFrame(
        [
            WHOLE | {"score": 0.8, "nearness": 1.0},
            cut(0.4, -0.02, 0.001),
            cut(0.2, -0.001, 0.004),
            cut(0.6, 0.0, 0.001),
            cut(0.2, -0.001, 0.005, unit="heads"),  # its interval reaches a point
            *(cut(0.2, change, 0.004, importance="random", seed=n) for n, change in enumerate([-0.2, -0.3, -0.1])),
        ]
    )


def test_one_cut_has_an_interval_over_the_pairs_and_several_draws_one_over_them(rows):
    cuts = sentences.by_kind(rows)
    assert len(cuts) == 5
    one = cuts.loc[("weights", "magnitude", "global", False, 0.4)]
    assert one["change"] == pytest.approx((-0.02, -0.02 - 1.959964 * 0.001, -0.02 + 1.959964 * 0.001), abs=1e-7)
    assert one["nearness"].mean == pytest.approx(0.6)
    assert (one["removed"], one["units"]) == (4, 10)
    drawn = cuts.loc[("weights", "random", "global", False, 0.2), "change"]
    expected = scipy.stats.ttest_1samp([-0.2, -0.3, -0.1], 0).confidence_interval(0.95)
    assert drawn == pytest.approx((-0.2, *expected))


def test_a_share_is_free_where_it_and_all_below_are_shown_to_lose_less_than_a_point(rows):
    free = sentences.free(sentences.by_kind(rows))
    assert free["weights", "magnitude", "global", False] == 0.2  # 40% loses two points, so 60% is not asked
    assert free["heads", "magnitude", "global", False] == 0.0
    assert free["weights", "random", "global", False] == 0.0
    assert not np.isnan(free).any()


def test_a_choice_is_better_than_one_at_random_where_the_intervals_have_nothing_in_common():
    rows = pd.DataFrame(
        [
            WHOLE | {"score": 0.8, "nearness": 1.0},
            *(
                cut(share, change + shift, 0.001, unit=unit, importance=importance, seed=seed)
                for unit, share, change, importance in [
                    ("heads", 0.2, -0.10, "magnitude"),
                    ("heads", 0.2, -0.02, "random"),
                    ("heads", 0.4, -0.03, "magnitude"),
                    ("heads", 0.4, -0.03, "random"),
                    ("weights", 0.4, -0.01, "magnitude"),
                    ("weights", 0.4, -0.20, "random"),
                    ("weights", 0.6, -0.01, "magnitude"),  # not tried at random
                ]
                for seed, shift in (enumerate([-0.001, 0.0, 0.001]) if importance == "random" else [(0, 0.0)])
            ),
        ]
    )
    table = sentences.against_random(sentences.by_kind(rows))
    assert table.loc[("heads", "magnitude")].tolist() == [2, 0, 1]
    assert table.loc[("weights", "magnitude")].tolist() == [1, 1, 0]
    assert sentences.against_random(sentences.by_kind(rows[rows["importance"] == "magnitude"])).empty
