"""Made-up forms of smaller models, by hand."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from lottery.findings import smaller_forms
from lottery.statistics import Estimate

NAN = math.nan


def form(task, way, kind, score, size, seed=0):
    """A row of SavedForm: of a classifier on sst2, of an encoder on stsb."""
    of = {"of.of.task": task} if task == "sst2" else {"of.task": task}
    told = {"score": score, "score_low": score - 0.02, "score_high": score + 0.02, "numbers": 10 * size, "bytes": size}
    told["majority"] = 0.51 if task == "sst2" else NAN
    return {
        "experiment": "SavedForm",
        **of,
        "of.way": way,
        "of.fewer_words": False,
        "form": kind,
        "of.of.seed": seed,
    } | told


def change(task, way, kind, value, other=("nothing", "torch")):
    of = {"of.of.of.task": task} if task == "sst2" else {"of.of.task": task}
    against = {"against.of.way": other[0], "against.form": other[1]}
    found = {"change": value, "low": value - 0.005, "high": value + 0.005}
    return (
        {"experiment": "FormChange", **of, "of.of.way": way, "of.of.fewer_words": False, "of.form": kind}
        | against
        | found
    )


def timed(task, shape, faster):
    of = {"of.of.of.task": task} if task == "sst2" else {"of.of.task": task}
    names = dict(zip(["batch_size", "length", "threads"], shape, strict=True))
    lists = {"ways": ["both", "both"], "forms": ["torch", "int8"], "faster": faster}
    lists |= {"lows": [f - 0.1 for f in faster], "highs": [f + 0.1 for f in faster]}
    lists |= {"batch_seconds": [6 / f for f in faster], "whole_seconds": 6.0, "load": 1.5}
    return {"experiment": "FormTimes", **of} | names | lists


@pytest.fixture
def rows():
    return pd.DataFrame(
        [
            form("sst2", "nothing", "torch", 0.9, 90),
            form("sst2", "nothing", "torch", 0.8, 90, seed=1),
            form("sst2", "both", "torch", 0.88, 70),
            form("sst2", "both", "int8", 0.87, 20),
            form("stsb", "nothing", "torch", 0.86, 90),
            form("stsb", "both", "torch", 0.84, 70),
            form("stsb", "both", "int8", 0.84, 20),
            change("sst2", "both", "torch", -0.004),
            change("sst2", "both", "int8", -0.02),
            change("sst2", "both", "torch", 0.03, other=("first_layers", "torch")),
            change("stsb", "both", "torch", -0.02),
            change("stsb", "both", "int8", -0.021),
            timed("sst2", (1, 16, 1), [2.0, 6.0]),
            timed("sst2", (32, 16, 1), [1.5, 4.0]),
            timed("stsb", (32, 16, 1), [1.6, 4.1]),
        ]
    )


def test_scores_stand_by_task_and_form_with_their_change_from_the_whole(rows):
    found = smaller_forms.scores(rows)
    assert len(found) == 6
    both = found.loc[("sst2", "both", "torch")]
    assert both["score"] == pytest.approx((0.88, 0.86, 0.90))
    assert both["change"] == pytest.approx((-0.004, -0.009, 0.001))
    assert (both["numbers"], both["bytes"], both["seeds"]) == (700, 70, 1)
    whole = found.loc[("sst2", "nothing", "torch")]
    assert whole["score"] == pytest.approx((0.85, *scipy.stats.ttest_1samp([0.9, 0.8], 0).confidence_interval(0.95)))
    assert (whole["change"].mean, whole["seeds"]) == (0.0, 2)
    assert np.isnan(whole["change"].low)
    assert found.loc[("stsb", "both", "int8"), "change"].mean == -0.021


def test_times_stand_by_shape_and_form_the_whole_among_them(rows):
    found = smaller_forms.times(rows)
    assert len(found) == 9
    assert found.loc[("sst2", 1, 16, 1, "both", "int8"), "faster"] == pytest.approx((6.0, 5.9, 6.1))
    assert found.loc[("sst2", 1, 16, 1, "both", "int8"), "seconds"] == 1.0
    assert found.loc[("stsb", 32, 16, 1, "nothing", "torch"), "faster"].mean == 1.0
    assert found.loc[("stsb", 32, 16, 1, "nothing", "torch"), "seconds"] == 6.0
    assert (found["load"] == 1.5).all()
    assert smaller_forms.shapes_of_all(rows) == [(32, 16, 1)]


def test_beside_the_score_stands_the_time_of_the_same_task(rows):
    found = smaller_forms.beside(rows, "stsb", (32, 16, 1))
    assert found.index.tolist() == [("nothing", "torch"), ("both", "torch"), ("both", "int8")]
    assert found.loc[("both", "int8"), "faster"].mean == 4.1
    assert found.loc[("both", "int8"), "score"].mean == 0.84


def test_no_loss_is_one_that_is_shown_to_be_below_a_point():
    assert smaller_forms.without_loss(Estimate(-0.002, -0.0099, 0.005))
    assert not smaller_forms.without_loss(Estimate(0.002, -0.0101, 0.01))
    assert smaller_forms.without_loss(Estimate(0.0, NAN, NAN))  # who answers alike loses nothing
    assert not smaller_forms.without_loss(Estimate(-0.02, NAN, NAN))


def test_pairs_of_smaller_models_are_told_apart_from_changes_of_the_whole(rows):
    found = smaller_forms.against(rows)
    assert found.index.tolist() == [("sst2", "both", "torch", "first_layers", "torch")]
    assert found["change"].iloc[0] == pytest.approx((0.03, 0.025, 0.035))
    assert smaller_forms.against(rows[rows["experiment"] != "FormChange"]).empty


def test_a_whole_model_that_may_be_no_better_than_one_answer_to_all_says_nothing():
    def whole(low, majority):
        return pd.Series({"score": Estimate(low + 0.1, low, low + 0.2), "majority": majority})

    assert smaller_forms.says_nothing(whole(0.5, 0.51))
    assert not smaller_forms.says_nothing(whole(0.52, 0.51))
    assert smaller_forms.says_nothing(whole(-0.05, NAN))  # one number to all has no correlation
    assert not smaller_forms.says_nothing(whole(0.05, NAN))


def test_with_fewer_words_a_model_has_the_time_of_the_one_with_all(rows):
    spared = pd.DataFrame(
        [form("stsb", "both", "int8", 0.83, 9) | {"of.fewer_words": True}, change("stsb", "both", "int8", -0.03)]
    )
    spared.loc[1, "of.of.fewer_words"] = True
    found = smaller_forms.beside(pd.concat([rows, spared], ignore_index=True), "stsb", (32, 16, 1))
    assert len(found) == 4
    both = found.loc[("both", "int8, words used")]
    assert (both["bytes"], both["faster"].mean, both["change"].mean) == (9, 4.1, -0.03)
    assert found.loc[("both", "int8"), "bytes"] == 20
