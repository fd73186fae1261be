"""Masks from learned scores that neither rank one matrix nor all: shares that follow the scores, and thresholds.

Jiang et al. 2023 (arXiv:2210.06210, eq. 4) let the matrices of one kind, such as the queries of all L layers, share
what is kept: that of layer l keeps v L r_l / sum(r) of its weights, where v is the share kept of all and r_l the mean
of sigmoid(score) over the matrix. That may exceed 1, which no matrix can hold.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch

from lottery.masks import Mask, Scores, keep_highest
from lottery.models.families import kind_and_layer

LEAST = 0.005  # of the weights of each matrix that stay whatever the threshold is (Sanh et al. 2020, released code)


def shared(scores: Scores, sparsity: float) -> Mask:
    """By eq. 4, what a full matrix cannot hold going to the others; of each kind exactly `sparsity` is removed.

    scores    {name: (out, in)}, named as by `families.prunable`: its layer's number is in a matrix's name
    sparsity  share to remove, in [0, 1)
    returns   {name: bool}, True where the weight stays

    >>> scores = {
    ...     "encoder.layer.0.output.dense.weight": torch.tensor([[2.0, 3.0, 4.0, 5.0]]),
    ...     "encoder.layer.1.output.dense.weight": torch.tensor([[-2.0, -3.0, -4.0, -5.0]]),
    ... }
    >>> [kept.tolist() for kept in shared(scores, 0.5).values()]
    [[[True, True, True, True]], [[False, False, False, False]]]
    """
    return _by_kind(scores, 1.0, lambda sizes, means: filled(sizes, means, sparsity))


def shared_with_loss(scores: Scores, sparsity: float, *, temperature: float) -> Mask:
    """By eq. 4 as released: a matrix that could keep more than all keeps all, and the excess is lost.

    temperature  what scores are divided by before the sigmoid; the higher, the more alike the shares
    """
    return _by_kind(scores, temperature, lambda sizes, means: capped(sizes, means, sparsity))


def above(scores: Scores, threshold: float) -> Mask:
    """What has sigmoid(score) > threshold, a number in [0, 1), but of each matrix the highest LEAST in any case."""
    bound = math.log(threshold / (1 - threshold)) if threshold > 0 else -math.inf
    mask = {name: score.detach() > bound for name, score in scores.items()}
    for name, kept in mask.items():
        least = math.ceil(LEAST * kept.numel())
        if int(kept.count_nonzero()) < least:
            mask[name] = _highest(scores[name], least)
    return mask


def filled(sizes: Mapping[str, int], means: Mapping[str, float], sparsity: float) -> dict[str, int]:
    """How many weights each matrix of one kind keeps by eq. 4, no more than all, and together all that are to stay.

    sizes    {name: number of weights}
    means    {name: r}, in (0, 1)
    returns  {name: number kept}, in all the total less round(sparsity * total). What rounding down leaves over goes to
             the largest fractions, among equal ones to the first matrix.
    """
    size, mean = np.array(list(sizes.values())), np.array([means[name] for name in sizes])
    left = int(size.sum()) - round(sparsity * int(size.sum()))
    full = np.zeros(len(sizes), dtype=bool)
    while True:
        level = 0.0 if full.all() else (left - size[full].sum()) / (size * mean)[~full].sum()
        wanted = np.where(full, size, level * size * mean)
        if not (wanted > size).any():
            break
        full |= wanted > size
    kept = np.floor(wanted).astype(np.int64)
    kept[np.argsort(kept - wanted, kind="stable")[: left - int(kept.sum())]] += 1
    return dict(zip(sizes, kept.tolist(), strict=True))


def capped(sizes: Mapping[str, int], means: Mapping[str, float], sparsity: float) -> dict[str, int]:
    """As `filled`, but what exceeds a whole matrix is lost, and fractions are: the released code."""
    remaining, total = 1 - sparsity, sum(means[name] for name in sizes)
    return {name: min(int(remaining * len(sizes) * means[name] / total * size), size) for name, size in sizes.items()}


def _by_kind(
    scores: Scores,
    temperature: float,
    counts: Callable[[Mapping[str, int], Mapping[str, float]], dict[str, int]],
) -> Mask:
    together = torch.stack([(score.detach() / temperature).sigmoid().mean() for score in scores.values()])
    means = dict(zip(scores, together.double().tolist(), strict=True))
    kinds: dict[str, dict[str, int]] = {}
    for name, score in scores.items():
        kinds.setdefault(kind_and_layer(name)[0], {})[name] = score.numel()
    kept = {name: count for sizes in kinds.values() for name, count in counts(sizes, means).items()}
    return {name: _highest(score, kept[name]) for name, score in scores.items()}


def _highest(score: torch.Tensor, count: int) -> torch.Tensor:
    """The mask of the `count` highest scores of one matrix."""
    if count == 0:
        return torch.zeros_like(score, dtype=torch.bool)
    return keep_highest({"": score}, 1 - count / score.numel())[""]
