"""One form beside another on the same rows."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats

from lottery import store
from lottery.experiments.form_change import FormChange
from lottery.experiments.saved_form import ANSWERS, SavedForm


def test_a_change_is_that_of_the_scores_and_its_interval_is_of_both_on_the_same_rows(cut_mood, mood_runs):
    small, whole = (
        SavedForm(of=each, form="torch") for each in (replace(cut_mood, epochs=0.0, share=0.95), cut_mood.whole)
    )
    found = store.perform(FormChange(of=small, against=whole, seeds=[1]), mood_runs).metrics
    scores = [store.perform(form, mood_runs) for form in (small, whole)]
    assert found["change"] == pytest.approx(scores[0].metrics["score"] - scores[1].metrics["score"])
    ours, theirs = (run.read(ANSWERS)[["answer", "label"]].astype(float) for run in scores)
    gained = (ours["answer"] == ours["label"]).astype(float) - (theirs["answer"] == theirs["label"]).astype(float)
    expected = scipy.stats.bootstrap((gained,), np.mean, method="percentile", rng=0).confidence_interval
    assert (found["low"], found["high"]) == pytest.approx((expected.low, expected.high), abs=0.03)


def test_several_seeds_are_pairs_of_models_each(cut_mood):
    small, whole = (SavedForm(of=each, form="torch") for each in (cut_mood, cut_mood.whole))
    pairs = FormChange(of=small, against=whole, seeds=[1, 4]).pairs
    assert [(one.of.of.seed, one.of.seed, other.of.of.seed, other.of.seed) for one, other in pairs] == [
        (1, 1, 1, 0),
        (4, 4, 4, 0),
    ]
    assert pairs[0] == (small, whole)
