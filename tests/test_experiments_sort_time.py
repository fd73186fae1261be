"""SortTime: what is sorted, and which of the times count."""

from types import SimpleNamespace

import pytest
import torch

from lottery import store
from lottery.experiments import step_time
from lottery.experiments.sort_time import SortTime

pytestmark = pytest.mark.usefixtures("uncollected")
SORTS = SortTime(layers=2, width=64, rounds=2, seed=0)


def test_the_fastest_sort_of_each_kind_counts_and_the_first_does_not(tmp_path, monkeypatch):
    """By a clock on which sorts, of all scores and of each matrix in turns, take so many seconds."""
    taken = iter([0.1, 0.2, 5.0, 7.0, 3.0, 9.0])
    began = [step for seconds in taken for step in (0.0, seconds)]
    monkeypatch.setattr(step_time, "time", SimpleNamespace(perf_counter=lambda: began.pop(0)))
    run = store.perform(SORTS, tmp_path)
    assert (run.metrics["together_seconds"], run.metrics["each_seconds"]) == (3.0, 7.0)
    assert not began


def test_every_score_is_sorted_once_together_and_once_by_matrix(tmp_path, monkeypatch):
    """A layer of width 64 has four matrices of 64 x 64 and two of 64 x 256."""
    sizes, real = [], torch.Tensor.sort
    monkeypatch.setattr(torch.Tensor, "sort", lambda scores: sizes.append(scores.numel()) or real(scores))
    run = store.perform(SORTS, tmp_path)
    of_layer = [64 * 64] * 4 + [64 * 256] * 2
    assert run.metrics["scores"] == 2 * sum(of_layer)
    assert sizes == 3 * [2 * sum(of_layer), *of_layer, *of_layer]
