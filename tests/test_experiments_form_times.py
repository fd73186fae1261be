"""Times of forms in turns, by a clock that is set by hand."""

import time

import numpy as np
import pandas as pd

from lottery import store
from lottery.experiments.form_times import FormTimes
from lottery.experiments.saved_form import SavedForm


def test_times_are_of_all_forms_in_turns_beside_the_whole(cut_mood, mood_runs, monkeypatch):
    order = []

    def taken(readers, inputs, rounds, *, turn, clock):
        assert clock is time.process_time
        order.append((list(readers), inputs["input_ids"].shape, rounds))
        return {-1: [4.0, 6.0, 8.0], 0: [2.0, 2.0, 2.0], 1: [4.0, 3.0, 4.0]}

    monkeypatch.setattr("lottery.models.timing.turns", taken)
    times = FormTimes(
        of=SavedForm(of=cut_mood, form="torch"),
        ways=["both", "spread_layers"],
        forms=["torch", "torch"],
        batch_size=3,
        length=5,
        threads=1,
        rounds=3,
    )
    found = store.perform(times, mood_runs).metrics
    assert order == [([-1, 0, 1], (3, 5), 3)]
    assert found["faster"] == [3.0, 2.0]  # of 2, 3 and 4, and of 1, 2 and 2
    assert (found["batch_seconds"], found["whole_seconds"]) == ([2.0, 4.0], 6.0)
    assert found["load"] >= 0
    assert [form.of.way for form in times.timed] == ["both", "spread_layers"]
    assert times.whole.of.way == "nothing"


def test_the_interval_of_a_median_is_that_of_the_ordered_rounds(cut_mood, mood_runs, monkeypatch):
    draws = np.random.default_rng(0).permutation(np.arange(1.0, 12.0))
    monkeypatch.setattr("lottery.models.timing.turns", lambda *_, **__: {-1: draws.tolist(), 0: [1.0] * 11})
    times = FormTimes(
        of=SavedForm(of=cut_mood, form="torch"),
        ways=["both"],
        forms=["torch"],
        batch_size=3,
        length=6,
        threads=1,
        rounds=11,
    )
    found = store.perform(times, mood_runs).metrics
    # P(the median lies between the 2nd and the 10th of 11) = 1 - 2 * (1 + 11) / 2**11 = 98.8%; the 3rd and 9th: 93.5%
    assert (found["faster"], found["lows"], found["highs"]) == ([6.0], [2.0], [10.0])
    assert isinstance(store.table(mood_runs, FormTimes), pd.DataFrame)
