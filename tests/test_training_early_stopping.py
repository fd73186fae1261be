"""When a training ends, and with which weights, compared with a plain reading of the rule."""

import math

import pytest
import torch
from torch import nn

from lottery.training.early_stopping import PATIENCE, EarlyStopping, Plan

PLAN = Plan(every=2, floor=8, ceiling=40)


def ended(scores, plan=PLAN):
    """A training whose weight after step t is t: (last step, the weight given back, whether it still rose)."""
    model = nn.Linear(1, 1, bias=False)
    shown = iter(scores)
    stopping = EarlyStopping(model, lambda: next(shown), plan)
    step = 0
    while True:
        step += 1
        nn.init.constant_(model.weight, step)
        if stopping(step):
            break
    stopping.restore()
    return step, int(model.weight), stopping.best, stopping.risen


def by_hand(scores, plan=PLAN):
    seen = []
    while True:
        value = scores[len(seen)]
        seen.append(-math.inf if math.isnan(value) else value)
        step = len(seen) * plan.every
        best = seen.index(max(seen))
        waited = len(seen) - 1 - best
        if step >= plan.ceiling or (step >= plan.floor and waited >= PATIENCE):
            return step, (best + 1) * plan.every, (best + 1) * plan.every, step >= plan.ceiling and waited < PATIENCE


@pytest.mark.parametrize(
    "scores",
    [
        [0.1 * n for n in range(20)],
        [0.5, 0.9, *[0.9] * 18],
        [0.5, *[0.4] * 19],
        [math.nan] * 20,
        [math.nan, 0.2, math.nan, 0.3, *[0.1] * 16],
        [0.1, 0.2, 0.1, 0.1, 0.3, 0.1, 0.1, 0.1, 0.4, *[0.0] * 11],
        [*[0.0] * 16, 0.5, 0.1, 0.1, 0.1],
    ],
)
def test_it_ends_by_the_rule_with_the_weights_of_the_first_highest_score(scores):
    assert ended(scores) == by_hand(scores)


def test_a_ceiling_between_two_looks_ends_it_too():
    assert ended([0.1 * n for n in range(9)], Plan(every=2, floor=2, ceiling=7)) == (7, 6, 6, True)


def test_what_is_carried_makes_a_resumed_training_end_as_an_undisturbed_one():
    scores = [0.1, 0.5, 0.2, 0.3, 0.4, 0.1, 0.1, 0.1]
    model = nn.Linear(1, 1, bias=False)
    first = EarlyStopping(model, iter(scores).__next__, PLAN)
    for step in range(1, 9):
        nn.init.constant_(model.weight, step)
        assert not first(step)
    stored = {name: tensor.clone() for name, tensor in first.carried.items()}
    again = EarlyStopping(model, iter(scores[4:]).__next__, PLAN)
    for name, tensor in again.carried.items():
        tensor.copy_(stored[name])
    step = 8
    while not again(step := step + 1):
        nn.init.constant_(model.weight, step)
    again.restore()
    assert (step, again.best, int(model.weight)) == (14, 4, 4)
    assert torch.isnan(again.scores[7:]).all()
