"""What one cut leaves, in plain loops and by statsmodels."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.weightstats import DescrStatsW

from lottery.findings.one_shot import cuts, points, with_pooler

SCORES = {  # task, pooler, epochs: by sparsity those of three seeds
    ("cola", False, 0.0): {0.0: [0.5, 0.52, 0.51], 0.4: [0.49, 0.51, 0.5], 0.6: [0.2, 0.3, 0.25]},
    ("cola", False, 0.25): {0.0: [0.6, 0.6, 0.6], 0.4: [0.5, 0.5, 0.5], 0.6: [0.5, 0.51, 0.49]},
    ("cola", True, 0.0): {0.0: [0.4, 0.4, 0.41], 0.4: [0.1, 0.1, 0.1], 0.6: [0.41, 0.41, 0.41]},
    ("stsb", False, 0.0): {0.0: [0.8, 0.8, 0.8], 0.4: [0.8, np.nan, 0.8], 0.6: [0.8, 0.79, 0.8]},
}


@pytest.fixture
def runs():
    return pd.DataFrame(
        {"dense.task": task, "dense.seed": seed, "pooler": pooler, "retrain_epochs": epochs}
        | {"sparsity": sparsity, "score": score, "weights": 100 + pooler}
        for (task, pooler, epochs), table in SCORES.items()
        for sparsity, scores in table.items()
        for seed, score in enumerate(scores)
    )


def test_scores_stand_by_seed_and_kind_of_cut(runs):
    table = points(runs[runs["dense.task"] == "cola"].sample(frac=1, random_state=0))
    for (task, pooler, epochs), by_sparsity in SCORES.items():
        for sparsity, scores in by_sparsity.items() if task == "cola" else ():
            assert table[pooler, epochs, sparsity].tolist() == pytest.approx([100 * score for score in scores])


def test_what_goes_is_judged_against_the_model_that_was_not_retrained(runs):
    table = cuts(runs)
    assert [*table[["task", "pooler", "retrain_epochs"]].itertuples(index=False, name=None)] == [*SCORES]
    free = {
        ("cola", False, 0.0): 0.4,  # at .6 it breaks
        ("cola", False, 0.25): 0.6,  # 1 point below .51 at both, however much the full model gains by retraining
        ("cola", True, 0.0): 0.0,  # what holds at .6 does not count where .4 breaks
        ("stsb", False, 0.0): 0.0,  # a model without a score is too much lost
    }
    for row in table.to_dict("records"):
        kind = (row["task"], row["pooler"], row["retrain_epochs"])
        whole, left = SCORES[kind[0], kind[1], 0.0][0.0], SCORES[kind][0.6]
        assert row["free"] == free[kind]
        assert row["most"] == 0.6
        assert (row["whole"], row["left"]) == pytest.approx((100 * np.mean(whole), 100 * np.mean(left)))
        judged = DescrStatsW(100 * np.subtract(left, whole))
        assert row["change"] == pytest.approx((judged.mean, *judged.tconfint_mean()))


def test_a_kind_of_which_nothing_was_cut_is_left_out(runs):
    of_some = runs[(runs["sparsity"] == 0) | (runs["retrain_epochs"] > 0)]
    assert cuts(of_some)[["task", "retrain_epochs"]].to_numpy().tolist() == [["cola", 0.25]]
    of_none = cuts(runs[runs["sparsity"] == 0])
    assert (len(of_none), list(of_none)) == (0, list(cuts(runs)))


def test_without_a_score_there_is_no_mean(runs):
    row = cuts(runs[(runs["dense.task"] == "stsb") & (runs["sparsity"] < 0.6)]).iloc[0]
    assert np.isnan(row["left"])
    assert np.isnan(row["change"]).all()
    assert (row["seeds"], row["undefined"]) == (3, 1)


def test_the_pooler_is_judged_where_about_half_is_cut(runs):
    (line,) = with_pooler(runs).to_dict("records")
    assert (line["task"], line["share"], line["seeds"], line["undefined"]) == ("cola", 0.4, 3, 0)
    one, other = (SCORES["cola", pooler, 0.0][0.4] for pooler in (True, False))
    judged = DescrStatsW(100 * np.subtract(one, other))
    assert line["change"] == pytest.approx((judged.mean, *judged.tconfint_mean()))
    assert with_pooler(runs[runs["dense.task"] == "stsb"]).empty
