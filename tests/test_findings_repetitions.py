"""Other machines' fine-tunings, against numbers by hand."""

import math

import pandas as pd
import pytest

from lottery.findings import repetitions

HERE = {"experiment": "Repetition", "pretrained_too": False, "instructions": "all", "threads": 1, "of.task": "cola"}


def test_each_way_to_compute_has_its_own_means():
    same = {"same_weights": 1.0, "changed_mask": 0.0, "changed_answers": 0.0}
    off = {"same_weights": 0.5, "changed_mask": 0.1, "changed_answers": 0.2}
    rows = [
        HERE | off | {"instructions": "avx2", "of.seed": 1, "score": 0.5, "again": 0.48},
        HERE | off | {"instructions": "avx2", "of.seed": 2, "score": 0.6, "again": 0.64, "changed_mask": 0.3},
        HERE | off | {"instructions": "avx2", "of.seed": 2, "score": 0.1, "again": math.nan, "pretrained_too": True},
        HERE | same | {"of.seed": 1, "score": 0.5, "again": 0.5},
        HERE | same | {"of.seed": 2, "score": 0.6, "again": 0.6},
        {"experiment": "FineTuning", "score": 0.9},
    ]
    numbers = HERE | same | {"of.task": "stsb", "of.seed": 1, "score": 0.4, "again": 0.4, "changed_answers": 1.0}
    table = repetitions.by_machine(repetitions.done(pd.DataFrame([*rows, numbers])))
    assert table["changed_answers"].tolist() == pytest.approx([0.0, 0.2, 0.2])
    table = repetitions.by_machine(repetitions.done(pd.DataFrame(rows)))
    assert table["instructions"].tolist() == ["all", "avx2", "avx2"]
    assert table["pretrained_too"].tolist() == [False, False, True]
    assert table["runs"].tolist() == [2, 2, 1]
    assert table["identical"].tolist() == [2, 0, 0]
    assert table["changed_mask"].tolist() == pytest.approx([0.0, 0.2, 0.1])
    assert table["mean_off"].tolist() == pytest.approx([0.0, 3.0, 10.0])
    assert table["most_off"].tolist() == pytest.approx([0.0, 4.0, 10.0])


def test_seeds_are_compared_on_one_task_at_a_time():
    scores = {("cola", 1): 0.5, ("cola", 2): 0.6, ("cola", 3): 0.8, ("sst2", 1): 0.9}
    rows = [HERE | {"of.task": task, "of.seed": seed, "score": score} for (task, seed), score in scores.items()] * 2
    assert repetitions.between_seeds(pd.DataFrame(rows)) == pytest.approx((10 + 30 + 20) / 3)
    assert math.isnan(repetitions.between_seeds(pd.DataFrame(rows[:1])))
