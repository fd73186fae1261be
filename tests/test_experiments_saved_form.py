"""Forms of a model, scored by what is opened from their files."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from sklearn.metrics import accuracy_score
from toy_smaller import by_hand

from lottery import store
from lottery.experiments.saved_form import ANSWERS, SavedForm
from lottery.models import exporting


def test_a_form_is_scored_by_what_its_files_answer(cut_mood, mood_runs):
    form = SavedForm(of=cut_mood, form="torch")
    run = store.perform(form, mood_runs)
    dev = cut_mood.of.tables("own")["dev"]
    answers = by_hand(cut_mood.weights(run), dev)
    assert run.read(ANSWERS)["answer"].astype(int).tolist() == answers
    assert run.metrics["score"] == accuracy_score(dev["label"], answers)
    assert run.metrics["majority"] == max(dev["label"].mean(), 1 - dev["label"].mean())
    right = int(run.metrics["score"] * len(dev) + 0.5)
    wilson = scipy.stats.binomtest(right, len(dev)).proportion_ci(method="wilson")
    assert (run.metrics["score_low"], run.metrics["score_high"]) == pytest.approx((wilson.low, wilson.high))
    assert run.metrics["bytes"] == sum(
        path.stat().st_size for path in (run.need(cut_mood).path / "model").glob("*.safetensors")
    )


def test_8_bits_take_a_quarter_and_answer_nearly_the_same(cut_mood, mood_runs):
    if missing := [name for name in exporting.PACKAGES if importlib.util.find_spec(name) is None]:
        pytest.skip(f"the extra onnx is not installed: {', '.join(missing)}")
    whole = SavedForm(of=cut_mood.whole, form="torch")
    runs = {form: store.perform(replace(whole, form=form), mood_runs) for form in ("torch", "onnx", "int8")}
    answers = {form: run.read(ANSWERS)["answer"].tolist() for form, run in runs.items()}
    assert answers["onnx"] == answers["torch"]
    assert np.mean([one == other for one, other in zip(answers["int8"], answers["torch"], strict=True)]) > 0.9
    assert runs["int8"].metrics["bytes"] < runs["onnx"].metrics["bytes"]
    assert runs["int8"].metrics["numbers"] == runs["torch"].metrics["numbers"]
    reader = replace(whole, form="int8").opened(runs["torch"])
    assert reader is not None
