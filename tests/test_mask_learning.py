"""Gates of the methods that learn masks, against loops and differences."""

import numpy as np
import pytest
import torch

from lottery import masks
from lottery.choices import choose, offered

METHODS = offered("mask_learning")
EXACT = [name for name in METHODS if choose("mask_learning", name).AIMED and name != "smp_s_released"]
NAMES = [
    f"encoder.layer.{layer}.{matrix}.weight"
    for layer in range(3)
    for matrix in ("attention.self.query", "attention.output.dense", "intermediate.dense")
]


@pytest.fixture
def scores():
    draw = torch.Generator().manual_seed(1)
    return {name: torch.randn(9, 11, generator=draw) - 1.5 for name in NAMES}


def test_as_many_are_found_as_there_are():
    assert len(METHODS) == 9


@pytest.mark.parametrize("name", METHODS)
def test_a_method_says_what_it_is_and_keeps_everything_at_first(name, scores):
    method = choose("mask_learning", name)
    assert method.__doc__
    assert method.TITLE
    assert all(type(told) is bool for told in (method.LEARNED, method.FROZEN, method.AIMED))
    assert method.LEARNED or not method.FROZEN
    assert method.STRENGTH >= 0
    first = {name: torch.full((9, 11), method.START) for name in NAMES}
    if method.LEARNED:
        # All scores are equal then: what is kept of them is a question of counts.
        assert masks.sparsity(bools(method.gates(first, 0.5, 0.0).values)) < 0.05
    gates = method.gates(scores, 0.5, 0.7)
    assert gates.values.keys() == scores.keys()
    for each, gate in gates.values.items():
        assert gate.shape == scores[each].shape
        assert gate.float().min() >= 0
        assert gate.float().max() <= 1
    assert gates.slopes is None or gates.slopes.keys() == scores.keys()


def bools(values):
    return {name: value != 0 for name, value in values.items()}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize(("sparsity", "progress"), [(0.0, 1.0), (0.37, 0.5), (0.5, 1.0), (0.97, 0.9), (0.97, 1.0)])
def test_an_exact_method_removes_just_what_is_asked_for(name, scores, sparsity, progress):
    method = choose("mask_learning", name)
    asked, each = sparsity * progress, 99
    together = {"smp_g": round(asked * 9 * each), "smp_s": 3 * round(asked * 3 * each)}
    expected = together.get(name, 9 * round(asked * each))
    assert masks.removed(method.gates(scores, sparsity, progress).values) == expected
    settled = method.settled(scores, sparsity)
    assert all(torch.equal(settled[n], gate) for n, gate in method.gates(scores, sparsity, 1.0).values.items())


@pytest.mark.parametrize("name", ["smp_l", "movement", "magnitude"])
def test_a_local_mask_is_that_of_a_sort(name, scores):
    for each, kept in choose("mask_learning", name).settled(scores, 0.7).items():
        order = np.argsort(scores[each].flatten().numpy(), kind="stable")
        expected = np.ones(99, dtype=bool)
        expected[order[: round(0.7 * 99)]] = False
        assert np.array_equal(kept.flatten().numpy(), expected)


@pytest.mark.parametrize("name", ["smp_t", "soft_movement"])
def test_the_threshold_rises_to_a_tenth(name, scores):
    method = choose("mask_learning", name)
    for progress in (0.0, 0.5, 1.0):
        for each, kept in method.gates(scores, 0.9, progress).values.items():
            assert torch.equal(kept, scores[each].double().sigmoid() > 0.1 * progress)


def test_smp_s_as_released_flattens_its_shares_where_much_is_kept(scores):
    scores = {name: score + 2 * number for number, (name, score) in enumerate(scores.items())}
    method = choose("mask_learning", "smp_s_released")

    def spread(sparsity):
        kept = [int(method.settled(scores, sparsity)[name].sum()) for name in NAMES[::3]]
        return (max(kept) - min(kept)) / sum(kept)

    assert spread(0.31) > 1.4 * spread(0.29)


def test_hard_concrete_gates_are_those_of_their_definition(scores):
    method = choose("mask_learning", "l0")
    torch.manual_seed(3)
    gates = method.gates(scores, 0.5, 0.5)
    torch.manual_seed(3)
    cut = 0
    for name, score in scores.items():
        even = torch.empty_like(score).uniform_(1e-4, 1 - 1e-4).double()

        def of(score, even=even):
            squashed = torch.sigmoid((even.log() - (1 - even).log() + score) / (2 / 3))
            return (squashed * 1.2 - 0.1).clamp(0, 1)

        double = score.double().requires_grad_()
        value = of(double)
        value.sum().backward()
        torch.testing.assert_close(gates.values[name], value.detach().float(), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(gates.slopes[name], double.grad.float(), rtol=1e-3, atol=1e-4)
        cut += int((value == 0).sum()) + int((value == 1).sum())
    assert 0 < cut < 9 * 99
    assert torch.tensor(method.START).sigmoid().item() == pytest.approx(0.9, abs=1e-4)


def test_gates_without_noise_are_soft(scores):
    settled = choose("mask_learning", "l0").settled(scores, 0.5)
    for name, score in scores.items():
        expected = np.clip(1.2 / (1 + np.exp(-score.double().numpy())) - 0.1, 0, 1)
        np.testing.assert_allclose(settled[name].numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in METHODS if choose("mask_learning", name).LEARNED])
def test_the_pull_is_the_derivative_of_the_regulariser(name, scores):
    """sigmoid; of L0 the chance that a gate is above 0, taken by its own noise."""
    score = scores[NAMES[0]].double()
    step = 1e-5
    if name == "l0":
        # s stretched is above 0 where u > sigmoid(beta log(0.1 / 1.1) - score).
        def chance(score):
            return 1 - torch.sigmoid(2 / 3 * np.log(0.1 / 1.1) - score)
    else:
        chance = torch.sigmoid
    difference = (chance(score + step) - chance(score - step)) / (2 * step)
    torch.testing.assert_close(choose("mask_learning", name).pull(score), difference, rtol=1e-5, atol=1e-8)
