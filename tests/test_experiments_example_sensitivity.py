"""What single examples make of the importance of heads and MLPs."""

import pytest

from lottery import store
from lottery.experiments.component_scores import ComponentScores
from lottery.experiments.example_sensitivity import ExampleSensitivity


def test_what_single_examples_make_of_the_importance(fine_tuning, tmp_path):
    run = store.perform(ExampleSensitivity(of=fine_tuning), tmp_path)
    found = run.metrics
    assert found["examples"] == 21
    sample = store.perform(ComponentScores(of=fine_tuning, importance="sample"), tmp_path).metrics
    batch = store.perform(ComponentScores(of=fine_tuning, importance="batch"), tmp_path).metrics
    # All 21 fit in one batch of 64, whose gradient is the mean in which signs cancel.
    left = [one / other for one, other in zip(batch["head_scores"], sample["head_scores"], strict=True)]
    assert found["heads_left"] == pytest.approx(left, rel=1e-3)
    assert all(0.1 <= share <= 1 for share in found["heads_by_tenth"] + found["mlps_by_tenth"])
    assert found["quantiles"] == sorted(found["quantiles"])
    assert len(found["quantiles"]) == 21
