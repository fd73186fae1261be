"""Times of heads and neurons: what the model saves without half of them, over how many those are."""

import pytest

from lottery import store
from lottery.experiments.component_times import ComponentTimes
from lottery.models import timing


def test_a_component_takes_what_the_model_saves_without_half_of_its_kind(mood, mood_runs, monkeypatch):
    seen = {}

    def seconds(readers, inputs, rounds):
        seen.update({name: reader.num_parameters() for name, reader in readers.items()}, rounds=rounds, **inputs)
        return {"whole": 10.0, "heads": 6.0, "neurons": 3.6}

    monkeypatch.setattr(timing, "seconds", seconds)
    found = store.perform(ComponentTimes(of=mood, batch_size=4, length=8, rounds=3), mood_runs / "times").metrics
    assert found["head"] == pytest.approx(4.0 / 4)  # of 8 heads, of 128 neurons
    assert found["neuron"] == pytest.approx(6.4 / 64)
    assert found["whole"] == 10.0
    assert seen["rounds"] == 3
    assert seen["input_ids"].shape == (4, 8)
    assert seen["whole"] - seen["heads"] == 4 * (3 * (8 * 32 + 8) + 8 * 32)
    assert seen["whole"] - seen["neurons"] == 64 * (2 * 32 + 1)
