"""Schedules against hand-worked values, their own laws, and the schedule of transformers."""

import itertools
import math

import pytest
import torch
from transformers import get_linear_schedule_with_warmup

from lottery.schedules import cubic, linear_with_warmup, one_shot, rise, sawtooth


@pytest.mark.parametrize("final", [0.0, 0.1, 0.3, 0.6, 0.7, 0.9, 0.999])
def test_a_ramp_is_flat_outside_and_never_falls(final):
    sparsity = cubic(final, begin=10, end=40)
    told = [sparsity(step) for step in range(60)]
    assert told[:11] == [0.0] * 11
    assert told[40:] == [final] * 20
    assert all(earlier <= later for earlier, later in itertools.pairwise(told))
    assert final == 0 or all(earlier < later for earlier, later in itertools.pairwise(told[10:41]))


def test_a_ramp_follows_its_formula():
    for step, progress in [(4, 0.0), (5, 0.25), (6, 0.5), (7, 0.75), (8, 1.0)]:
        assert cubic(0.8, begin=4, end=8)(step) == pytest.approx(0.8 + (0 - 0.8) * (1 - progress) ** 3)


def test_a_rise_times_a_sparsity_is_the_cubic_or_the_linear_ramp():
    for step in range(12):
        assert 0.7 * rise(steps=8)(step) == pytest.approx(cubic(0.7, begin=0, end=8)(step))
        assert 0.7 * rise(steps=8, power=1)(step) == pytest.approx(0.7 * min(step / 8, 1))
    assert [rise(steps=8, power=power)(8) for power in (1, 3)] == [1.0, 1.0]
    for power in (1, 3):
        with pytest.raises(ValueError, match="from step 0 to step 0 has no length"):
            rise(steps=0, power=power)


def test_one_shot_cuts_once():
    sparsity = one_shot(0.7, at=3)
    assert [sparsity(step) for step in (0, 2, 3, 4, 1000)] == [0.0, 0.0, 0.7, 0.7, 0.7]


@pytest.mark.parametrize("final", [1.0, -0.1, math.nan])
def test_a_sparsity_out_of_range_is_refused(final):
    with pytest.raises(ValueError, match=r"not in \[0, 1\)"):
        cubic(final, begin=0, end=10)
    with pytest.raises(ValueError, match=r"not in \[0, 1\)"):
        one_shot(final, at=0)


@pytest.mark.parametrize("end", [5, 4])
def test_a_ramp_without_length_is_refused(end):
    with pytest.raises(ValueError, match=f"from step 5 to step {end} has no length"):
        cubic(0.5, begin=5, end=end)


@pytest.mark.parametrize(("steps", "warmup"), [(20, 0), (20, 5), (20, 19), (20, 20), (1, 0), (1, 1)])
def test_the_learning_rate_follows_that_of_transformers(steps, warmup):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    schedule = get_linear_schedule_with_warmup(optimizer, warmup, steps)
    factor = linear_with_warmup(steps, warmup)
    for step in range(steps + 3):
        assert factor(step) == pytest.approx(schedule.get_last_lr()[0])
        assert 0 <= factor(step) <= 1
        optimizer.step()
        schedule.step()


@pytest.mark.parametrize("warmup", [-1, 21])
def test_a_warm_up_that_does_not_fit_is_refused(warmup):
    with pytest.raises(ValueError, match=f"a warm-up of {warmup} steps does not fit into 20"):
        linear_with_warmup(20, warmup)


@pytest.mark.parametrize(("epochs", "told"), [(3, 0.872), (5, 1.097), (9, 1.369), (13, 1.545), (15, 1.614)])
def test_a_learning_rate_that_starts_anew_every_epoch_sums_to_what_the_released_code_gives(epochs, told):
    """In units of peak rate times epochs, worked out from the code's processes of one epoch each (research notes)."""
    epoch = 3000
    total = sum(map(sawtooth(epoch), range(epochs * epoch))) / epoch
    by_hand = 0.455 + sum(1 / (2 * k) for k in range(2, epochs + 1))
    assert total == pytest.approx(by_hand, abs=1e-3)
    assert total == pytest.approx(told, abs=1.5e-3)
