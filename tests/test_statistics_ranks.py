"""Ranks, movement and cuts against scipy, plain loops and the numbers that the authors' repository stores."""

import csv
import math
from collections import defaultdict

import numpy as np
import pytest
import scipy.stats
import torch

from lottery import masks
from lottery.statistics import ranks
from lottery.statistics.ranks import Moved


def drawn(*shape, seed=0, decimals=1):
    """Normal numbers with many ties."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).round(decimals=decimals)


@pytest.mark.parametrize("shape", [(0,), (1,), (37,), (13, 11), (60, 50)])
def test_ranks_are_scipys_ordinal_ones_among_ties(shape):
    values = drawn(*shape)
    found = ranks.ranks(values)
    assert found.dtype == torch.int32
    assert found.tolist() == (scipy.stats.rankdata(values.flatten().numpy(), method="ordinal") - 1).tolist()


def test_the_two_zeros_are_equal_and_nan_has_no_rank():
    assert ranks.ranks(torch.tensor([0.0, -0.0, 0.0, -1.0])).tolist() == [1, 2, 3, 0]
    with pytest.raises(ValueError, match="NaN, which has no rank"):
        ranks.ranks(torch.tensor([1.0, math.nan]))


def test_what_does_not_change_does_not_move_even_among_ties():
    values = drawn(20, 20)
    assert not ranks.distances(ranks.ranks(values), ranks.ranks(values.clone())).any()


def test_movement_is_that_of_a_loop_over_sorted_lists():
    before, after = drawn(9, 7, seed=1), drawn(9, 7, seed=2)

    def place(values):
        order = sorted(range(values.numel()), key=values.flatten().tolist().__getitem__)
        return {weight: rank for rank, weight in enumerate(order)}

    first, last = place(before), place(after)
    shares = [abs(last[weight] - first[weight]) / 63 for weight in range(63)]
    distances = ranks.distances(ranks.ranks(before), ranks.ranks(after))
    assert (distances / 63).tolist() == pytest.approx(shares)
    found = ranks.moved(distances)
    assert found == (63, pytest.approx(np.mean(shares)), pytest.approx(np.std(shares)))
    bins = 10
    for by, places in ((before, first), (after, last)):
        sums = [0.0] * bins
        for weight, share in enumerate(shares):
            sums[math.floor(places[weight] * bins / 63)] += share
        assert ranks.moved_in_bins(distances, ranks.ranks(by), bins).tolist() == pytest.approx(sums)


def test_a_reversed_order_moves_as_counted_by_hand():
    """Ranks 0 1 2 3 become 3 2 1 0: distances 3 1 1 3."""
    before, after = ranks.ranks(torch.arange(4)), ranks.ranks(-torch.arange(4))
    distances = ranks.distances(before, after)
    assert ranks.moved(distances) == (4, 2 / 4, 1 / 4)
    assert ranks.moved_in_bins(distances, before, 2).tolist() == [1.0, 1.0]
    assert ranks.moved_in_bins(distances, before, 4).tolist() == [0.75, 0.25, 0.25, 0.75]


def test_bins_by_the_start_are_not_those_by_the_end():
    """One weight goes from the lowest place to the highest, the others one down."""
    before, after = ranks.ranks(torch.arange(10.0)), ranks.ranks(torch.tensor([99.0, *range(1, 10)]))
    distances = ranks.distances(before, after)
    assert ranks.moved_in_bins(distances, before, 10).tolist() == pytest.approx([0.9] + [0.1] * 9)
    assert ranks.moved_in_bins(distances, after, 10).tolist() == pytest.approx([0.1] * 9 + [0.9])


def test_pooling_parts_is_measuring_their_weights_together():
    parts = [torch.rand(n, generator=torch.Generator().manual_seed(n)).double().numpy() for n in (3, 50, 200)]
    together = np.concatenate(parts)
    found = ranks.pooled(Moved(part.size, part.mean(), part.std()) for part in parts)
    assert found == (253, pytest.approx(together.mean()), pytest.approx(together.std()))


def test_nothing_to_measure_is_nan():
    empty = ranks.moved(torch.zeros(0, dtype=torch.int64))
    assert empty.weights == 0
    assert math.isnan(empty.mean)
    assert math.isnan(empty.sd)
    assert ranks.pooled([empty, Moved(4, 0.5, 0.1)]) == (4, 0.5, pytest.approx(0.1))
    assert math.isnan(ranks.pooled([empty]).mean)
    assert ranks.moved_in_bins(torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.int32), 3).sum() == 0


def test_pooling_the_authors_matrices_gives_table_2_but_for_one_cell(reference):
    """19 of 20 cells, mean and sd; the file of CoLA at 2e-5 ends after 9 of the 73 matrices."""
    with reference("reference/gordon2020/weight_change_per_matrix.csv").open(newline="") as file:
        cells = defaultdict(list)
        for row in csv.DictReader(file):
            part = Moved(int(row["n_weights"]), float(row["mean_fraction"]), float(row["std_fraction"]))
            cells[row["lr"], row["task"]].append(part)
    with reference("reference/gordon2020/table2.csv").open(newline="") as file:
        printed = {(row["lr"], row["task"]): (row["mean"], row["std"]) for row in csv.DictReader(file)}
    found = {name: ranks.pooled(parts) for name, parts in cells.items()}
    assert found.keys() == printed.keys()
    wrong = [
        name
        for name, cell in found.items()
        if (round(100 * cell.mean, 2), round(100 * cell.sd, 2)) != tuple(map(float, printed[name]))
    ]
    assert wrong == [("2e-5", "CoLA")]
    assert {len(parts) for name, parts in cells.items() if name not in wrong} == {73}
    assert {cell.weights for name, cell in found.items() if name not in wrong} == {84_934_656 + 589_824}
    assert len(cells[wrong[0]]) == 9
    assert 100 * found[wrong[0]].mean == pytest.approx(0.89, abs=0.005)


@pytest.mark.parametrize("shape", [(1,), (40, 30)])
def test_what_a_cut_takes_is_what_the_mask_of_its_sparsity_removes(shape):
    weights, sparsities = drawn(*shape), [0.0, 0.1, 0.38, 0.5, 0.98]
    signed, absolute = ranks.cut_sums(weights, sparsities)
    for number, sparsity in enumerate(sparsities):
        gone = weights[~masks.keep_highest({"w": weights.abs()}, sparsity)["w"]].double()
        assert signed[number] == pytest.approx(gone.sum().item(), abs=1e-9)
        assert absolute[number] == pytest.approx(gone.abs().sum().item(), abs=1e-9)
