"""The order of magnitudes within a matrix: how far weights move in it, and what a cut from its low end takes.

A rank is a place in the rising order of a matrix's values, 0 for the lowest; among equal values the one that comes
first, read row by row, ranks lower, so that what does not change does not move.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

BINS = 100  # of Gordon et al.'s Figure 6


class Moved(NamedTuple):
    """How far the weights of one matrix, or of several together, move in the order.

    weights  their number
    mean     of the distance between a weight's ranks before and after, as a share of its matrix's size, in [0, 1)
    sd       its standard deviation over the weights, as of a whole population
    """

    weights: int
    mean: float
    sd: float


NOTHING = Moved(0, math.nan, math.nan)


def ranks(values: Tensor) -> Tensor:
    """The rank of each value, in 0 .. n - 1.

    values   n numbers of any shape, none NaN
    returns  (n,) int32, or int64 where n asks for it, on the same device

    Raises ValueError for a NaN, which has no rank.

    >>> ranks(torch.tensor([0.5, 0.1, 0.5, 0.3])).tolist()
    [2, 0, 3, 1]
    """
    flat = values.detach().flatten()
    if flat.isnan().any():
        raise ValueError("the values contain NaN, which has no rank; find where it arises")
    # A radix sort, such as a GPU's, may order by bits and put -0.0 before 0.0; adding 0.0 leaves one zero only.
    order = (flat + 0.0).argsort(stable=True)
    kind = torch.int32 if flat.numel() <= torch.iinfo(torch.int32).max else torch.int64
    places = torch.arange(flat.numel(), dtype=kind, device=flat.device)
    return torch.empty_like(places).scatter_(0, order, places)


def distances(before: Tensor, after: Tensor) -> Tensor:
    """How many ranks each weight moved: |rank after - rank before|.

    before, after  (n,) ranks of the same weights
    returns        (n,) int64, in 0 .. n - 1
    """
    return (after.long() - before.long()).abs()


def moved(distances: Tensor) -> Moved:
    """Mean and standard deviation of one matrix's `distances`, as shares of its size; NaN where it has no weights.

    Gordon et al. 2020, arXiv:2002.08307, Table 2, for a single matrix.
    """
    if not distances.numel():
        return NOTHING
    shares = distances.double() / distances.numel()
    return Moved(shares.numel(), shares.mean().item(), shares.std(correction=0).item())


def pooled(parts: Iterable[Moved]) -> Moved:
    """Mean and standard deviation over the weights of all parts together; NaN where there are none.

    The variance is the mean variance within the parts plus the variance of their means, each weighed by its weights.
    """
    parts = [part for part in parts if part.weights]
    total = sum(part.weights for part in parts)
    if not total:
        return NOTHING
    mean = sum(part.weights * part.mean for part in parts) / total
    variance = sum(part.weights * (part.sd**2 + (part.mean - mean) ** 2) for part in parts) / total
    return Moved(total, mean, variance**0.5)


def moved_in_bins(distances: Tensor, ranks: Tensor, bins: int = BINS) -> Tensor:
    """The movement of one matrix summed in each of equal bins of ranks, in units of its size.

    distances  (n,) of the weights
    ranks      (n,) by which they are binned: a weight of rank r is in bin r * bins // n. By the ranks before it is what
               Gordon et al. 2020 (arXiv:2002.08307) call their Figure 6; by those after, what their code drew
    returns    (bins,) float64, summing to n times the mean of `moved`, so that matrices can be added up
    """
    size = max(distances.numel(), 1)
    places = ranks.long() * bins // size
    sums = torch.zeros(bins, dtype=torch.int64, device=distances.device).scatter_add_(0, places, distances)
    return sums.double() / size


def cut_sums(weights: Tensor, sparsities: Sequence[float]) -> tuple[Tensor, Tensor]:
    """What one cut by magnitude removes from a matrix: the sum of the removed weights, and that of their magnitudes.

    weights     n numbers of any shape
    sparsities  shares to remove, each in [0, 1); exactly round(sparsity * n) go, the same as by `masks.keep_highest`
    returns     two (sparsities,) float64: signed and absolute sums (Gordon et al. 2020, arXiv:2002.08307, Figure 5)
    """
    flat = weights.detach().flatten()
    rising = flat[(flat.abs() + 0.0).argsort(stable=True)].double()
    counts = torch.tensor([round(float(sparsity) * flat.numel()) for sparsity in sparsities], device=flat.device)
    nothing = rising.new_zeros(1)
    signed, absolute = (torch.cat([nothing, each.cumsum(0)])[counts] for each in (rising, rising.abs()))
    return signed, absolute
