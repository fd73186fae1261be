"""Times in turns, by a clock that is set by hand."""

import time

import pytest
import torch

from lottery.models import timing

INPUTS = {"input_ids": torch.zeros(1, 2, dtype=torch.long)}


@pytest.fixture
def clock(monkeypatch):
    """Readers that take as long as they are told, one number a call, by this clock."""
    now = [0.0]
    for name in ("perf_counter", "process_time"):
        monkeypatch.setattr(time, name, lambda: now[0])
    monkeypatch.setattr(timing.turns, "__kwdefaults__", timing.turns.__kwdefaults__ | {"clock": time.perf_counter})

    def reader(name, order, lasts):
        def read(**inputs):
            order.append(name)
            now[0] += next(lasts)

        return read

    return reader


def test_all_take_turns_and_the_first_round_does_not_count(clock):
    order = []
    readers = {"a": clock("a", order, iter([9.0, 1.0, 3.0])), "b": clock("b", order, iter([8.0, 2.0, 4.0]))}
    assert timing.turns(readers, INPUTS, 2) == {"a": [1.0, 3.0], "b": [2.0, 4.0]}
    assert order == ["a", "b"] * 3


def test_a_turn_is_filled_and_its_fastest_reading_counts(clock):
    order = []
    readers = {
        "quick": clock("quick", order, iter([9.0, 3.0, 1.0, 2.0])),
        "slow": clock("slow", order, iter([7.0, 7.0])),
    }
    assert timing.turns(readers, INPUTS, 1, turn=5.0) == {"quick": [1.0], "slow": [7.0]}
    assert order == ["quick", "slow", "quick", "quick", "quick", "slow"]


def test_seconds_are_the_median_of_the_rounds(clock, monkeypatch):
    monkeypatch.setattr(timing, "TURN", 4.0)  # which the last round fills with two readings
    readers = {"a": clock("a", [], iter([9.0, 4.0, 5.0, 3.0, 2.0]))}
    assert timing.seconds(readers, INPUTS, rounds=3) == {"a": 4.0}


@pytest.mark.parametrize(("threads", "name"), [(1, "process_time"), (2, "perf_counter")])
def test_of_one_thread_the_processors_time_counts(threads, name, monkeypatch):
    """A clock that stands still beside one that does not: which of the two was looked at."""
    ticks = iter(range(100))
    for each in ("perf_counter", "process_time"):
        monkeypatch.setattr(time, each, (lambda: float(next(ticks))) if each == name else (lambda: 0.0))
    with timing.threads(threads):
        assert timing.seconds({"a": lambda **_: None}, INPUTS, rounds=3) == {"a": 1.0}


def test_threads_are_set_inside_the_block_alone():
    before = torch.get_num_threads()
    with timing.threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_another_clock_counts_instead():
    ticks = iter([0.0, 1.0, 10.0, 13.0])
    assert timing.turns({"a": lambda **_: None}, INPUTS, 1, clock=lambda: next(ticks)) == {"a": [3.0]}
