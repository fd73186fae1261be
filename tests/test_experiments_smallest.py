"""The choice among smaller models: what is asked for, by rows that none was trained on, told on rows of their own."""

from dataclasses import replace

import pytest
from sklearn.metrics import accuracy_score
from toy_smaller import by_hand

from lottery import store
from lottery.experiments import smallest
from lottery.experiments.smallest import TEST, Smallest


def test_the_most_is_saved_that_is_shown_to_lose_little(rung, mood_runs):
    choice = Smallest(rung=rung, shares=[0.3, 0.5, 0.97], asked="within", bound=0.05)
    run = store.perform(choice, mood_runs)
    found = run.metrics
    lows = [low if low == low else mean for low, mean in zip(found["lows"], found["changes"], strict=True)]
    assert found["chosen"] == max(place for place in range(3) if lows[place] >= -0.05)
    _, exam = rung.of.opened(run)
    dev = exam.tables["dev"]
    small, before = by_hand(choice.ladder[found["chosen"]].weights(run), dev), by_hand(rung.of.weights(run), dev)
    assert found["test_score"] == accuracy_score(dev["label"], small)
    assert found["test_change"] == pytest.approx(found["test_score"] - accuracy_score(dev["label"], before))
    assert len(run.read(TEST)) == 2 * len(dev)
    smallest_one = replace(choice, asked="bytes", bound=1.0)
    with pytest.raises(ValueError, match=r"more than the ladder reaches: the smallest tried takes 0\.\d MB"):
        store.perform(smallest_one, mood_runs)
    with pytest.raises(ValueError, match=r"more than the ladder reaches: the fastest tried is \d+\.\d times as fast"):
        store.perform(replace(choice, asked="speed", bound=1e6), mood_runs)


def test_a_bound_that_no_rung_keeps_says_what_can_be_had(rung, mood_runs, monkeypatch):
    monkeypatch.setattr(smallest, "change", lambda answers, exam: smallest.Estimate(-0.2, -0.3, -0.1))
    choice = Smallest(rung=rung, shares=[0.5], asked="within", bound=0.02)
    words = (
        r"at most 2 points on .* a loss of at most 30 points, \d\.\d times as fast, -20\.0 \(-30\.0 to -10\.0\): allow"
    )
    with pytest.raises(ValueError, match=words):
        store.perform(choice, mood_runs)
    assert store.perform(replace(choice, bound=0.3), mood_runs).metrics["chosen"] == 0
