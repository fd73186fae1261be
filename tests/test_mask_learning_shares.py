"""Masks from learned scores, against loops over their definitions."""

import math

import numpy as np
import pytest
import torch

from lottery import masks
from lottery.mask_learning import _shares as score_masks

QUERIES = [f"encoder.layer.{layer}.attention.self.query.weight" for layer in range(4)]
OUTPUTS = [f"encoder.layer.{layer}.output.dense.weight" for layer in range(4)]


def uneven(seed, spread=1.0):
    """Scores of two kinds of matrices in four layers, some layers far above others."""
    draw = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(6, 5 if name in QUERIES else 7, generator=draw) + spread * torch.randn((), generator=draw)
        for name in (*QUERIES, *OUTPUTS)
    }


def sizes_and_means(scores, names, temperature=1.0):
    means = {name: float((1 / (1 + np.exp(-scores[name].double().numpy() / temperature))).mean()) for name in names}
    return {name: scores[name].numel() for name in names}, means


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("sparsity", [0.0, 0.03, 0.2, 0.5, 0.9, 0.97])
def test_each_kind_keeps_just_what_is_asked_for_by_its_means(seed, sparsity):
    scores = uneven(seed, spread=2.0)
    mask = score_masks.shared(scores, sparsity)
    for names in (QUERIES, OUTPUTS):
        sizes, means = sizes_and_means(scores, names)
        total = sum(sizes.values())
        kept = {name: int(mask[name].sum()) for name in names}
        assert sum(kept.values()) == total - round(sparsity * total)
        # The level to which all are filled, each to its mean and none above its brim, found by halving.
        low, high = 0.0, 1e6
        for _ in range(200):
            level = (low + high) / 2
            held = sum(min(sizes[name], level * sizes[name] * means[name]) for name in names)
            low, high = (level, high) if held < sum(kept.values()) else (low, level)
        for name in names:
            assert abs(kept[name] - min(sizes[name], level * sizes[name] * means[name])) < 1 + 1e-3


def test_the_excess_of_full_matrices_goes_to_the_others():
    sizes = dict.fromkeys("abcd", 100)
    means = {"a": 0.9, "b": 0.45, "c": 0.1, "d": 0.05}
    # a would keep 240 x .9 / 1.5 = 144 and is full; the other 140 stand as 45 : 10 : 5, which would give b 105; the
    # last 40 as 10 : 5.
    assert score_masks.filled(sizes, means, 0.4) == {"a": 100, "b": 100, "c": 27, "d": 13}
    assert score_masks.capped(sizes, means, 0.395) == {"a": 100, "b": 72, "c": 16, "d": 8}  # b: 72.6, cut


def test_a_whole_kind_and_next_to_nothing():
    sizes, means = dict.fromkeys("abc", 4), {"a": 0.5, "b": 0.5, "c": 0.5}
    assert score_masks.filled(sizes, means, 0.0) == {"a": 4, "b": 4, "c": 4}
    assert score_masks.filled(sizes, means, 0.9) == {"a": 1, "b": 0, "c": 0}


def test_what_is_kept_are_the_highest_scores_of_each_matrix():
    scores = uneven(3)
    for mask in (score_masks.shared(scores, 0.6), score_masks.shared_with_loss(scores, 0.6, temperature=1.0)):
        for name, kept in mask.items():
            count = int(kept.sum())
            assert 0 < count < kept.numel()
            assert scores[name][kept].min() > scores[name][~kept].max()


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_as_released_what_exceeds_a_matrix_is_lost(temperature):
    """The released formula by hand: v L r_l / sum(r), rounded down, and a slice that is longer than the matrix."""
    scores = uneven(1, spread=3.0)
    mask = score_masks.shared_with_loss(scores, 0.2, temperature=temperature)
    lost = 0
    for names in (QUERIES, OUTPUTS):
        sizes, means = sizes_and_means(scores, names, temperature)
        for name in names:
            share = (1 - 0.2) * 4 * means[name] / sum(means.values())
            assert int(mask[name].sum()) == min(int(share * sizes[name]), sizes[name])
            lost += share > 1
    assert lost
    assert masks.sparsity(mask) > 0.2


@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.1, 0.9])
def test_a_threshold_keeps_what_passes_it(threshold):
    scores = uneven(5, spread=2.0)
    mask = score_masks.above(scores, threshold)
    passing = 0
    for name, kept in mask.items():
        squashed = 1 / (1 + np.exp(-scores[name].double().numpy()))
        expected = squashed > threshold
        if expected.sum() >= 1:  # 0.5% of 30 or 42 weights, rounded up
            assert np.array_equal(kept.numpy(), expected)
            passing += 1
    assert passing


def test_below_a_threshold_a_few_of_each_matrix_stay():
    scores = {"a": torch.linspace(-9, -8, 1001).view(7, 143)}
    kept = score_masks.above(scores, 0.1)["a"]
    assert int(kept.sum()) == math.ceil(0.005 * 1001)
    assert scores["a"][kept].min() > scores["a"][~kept].max()
