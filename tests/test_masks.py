"""Selection is judged against a plain sort of Python numbers, overlap against loops and scikit-learn."""

import itertools
import math
import threading
import tracemalloc
from fractions import Fraction
from hashlib import sha256

import numpy as np
import pytest
import torch
from sklearn.metrics import cohen_kappa_score, jaccard_score

from lottery import masks
from lottery.masks import (
    complement,
    expected_jaccard,
    expected_share_different,
    fingerprint,
    intersection,
    jaccard,
    kappa,
    keep_highest,
    keep_highest_in_each,
    keep_highest_in_rows,
    keep_lowest,
    keep_random,
    pack,
    share_different,
    sparsity,
    unpack,
)

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
SPARSITIES = [0.0, 0.1, 0.25, 0.5, 0.6, 0.9, 0.999]
LARGE = 5003


@pytest.fixture
def sampled(monkeypatch):
    """Selection takes its sample, and runs over several blocks, at LARGE scores already."""
    monkeypatch.setattr(masks, "SMALL", 1000)
    monkeypatch.setattr(masks, "BLOCK", 512)


def plainly(scores, share, highest=True):
    """The mask by the rule itself: Python's sort is stable, so among equals the first in reading order goes."""
    places = [(name, i) for name in sorted(scores) for i in range(scores[name].numel())]
    numbers = {name: scores[name].double().flatten().tolist() for name in scores}
    places.sort(key=lambda place: numbers[place[0]][place[1]] * (1 if highest else -1))
    gone = set(places[: round(share * len(places))])
    return {
        name: torch.tensor([(name, i) not in gone for i in range(s.numel())], dtype=torch.bool).view(s.shape)
        for name, s in scores.items()
    }


def plainly_in_each(scores, share, highest=True):
    return {name: plainly({name: s}, share, highest)[name] for name, s in scores.items()}


def on_any_device(scores, share):
    """The way other devices take, on the CPU."""
    flat = {name: scores[name].flatten() for name in sorted(scores)}
    kept = masks._select_by_sorting(flat, round(share * sum(s.numel() for s in flat.values())))
    return {name: kept[name].view(s.shape) for name, s in scores.items()}


def assert_same(a, b):
    assert list(a) == list(b)
    for name in a:
        assert a[name].dtype == b[name].dtype == torch.bool
        assert a[name].shape == b[name].shape
        assert torch.equal(a[name], b[name]), name


def random_mask(seed, shapes=None):
    generator = torch.Generator().manual_seed(seed)
    return {n: torch.rand(s, generator=generator) < 0.6 for n, s in (shapes or {"a": (5, 7), "b": (11,)}).items()}


def random_scores(seed, decimals, dtype=torch.float32):
    """Names out of order, a scalar, an empty tensor, and the more ties the fewer decimals."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {"b": (7, 5), "a": (3, 11), "empty": (0, 4), "c": (), "A": (2, 2, 2)}
    return {n: torch.randn(s, generator=generator).round(decimals=decimals).to(dtype) for n, s in shapes.items()}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("share", SPARSITIES)
@pytest.mark.parametrize("decimals", [0, 1, 5])
def test_selection_removes_what_a_plain_sort_removes(dtype, share, decimals):
    scores = random_scores(int(100 * share) + decimals, decimals, dtype)
    assert_same(keep_highest(scores, share), plainly(scores, share))
    assert_same(keep_highest_in_each(scores, share), plainly_in_each(scores, share))
    assert_same(keep_lowest(scores, share), plainly(scores, share, highest=False))
    assert_same(on_any_device(scores, share), plainly(scores, share))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("share", SPARSITIES)
@pytest.mark.parametrize("decimals", [0, 1, 5])
def test_selection_in_rows_removes_of_each_what_a_plain_sort_removes(dtype, share, decimals):
    scores = {name: each for name, each in random_scores(7, decimals, dtype).items() if name in ("a", "b", "empty")}
    found = keep_highest_in_rows(scores, share)
    assert found.keys() == scores.keys()
    for name, matrix in scores.items():
        assert found[name].shape == matrix.shape
        for row, kept in zip(matrix, found[name], strict=True):
            assert_same({"row": kept}, plainly({"row": row}, share))


def test_rows_are_those_of_matrices_and_numbers():
    with pytest.raises(ValueError, match="rows are those of a matrix"):
        keep_highest_in_rows({"a": torch.ones(3)}, 0.5)
    with pytest.raises(ValueError, match="NaN"):
        keep_highest_in_rows({"a": torch.tensor([[1.0, math.nan]])}, 0.5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("decimals", [1, 5])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.97])
def test_a_gpu_selects_what_the_cpu_does(share, decimals):
    scores = random_scores(3, decimals, torch.float32)
    there = {name: score.cuda() for name, score in scores.items()}
    for select in (keep_highest, keep_lowest, keep_highest_in_each, keep_highest_in_rows):
        found = {name: kept.cpu() for name, kept in select(there, share).items()}
        assert_same(found, select(scores, share))


def large_scores(kind, n):
    """Scores in two tensors, of shapes that a sample could misjudge."""
    generator = torch.Generator().manual_seed(0)
    normal = torch.randn(n, generator=generator)
    together = {
        "normal": normal,
        "magnitudes with half of them gone": torch.where(normal < 0, -math.inf, normal),
        "more than half zero": torch.where(normal < 0.3, 0.0, normal),
        "zeros of both signs": torch.where(normal < 0.3, -0.0, 0.0),
        "all equal": torch.full((n,), -2.5),
        "two values": (normal > 0.25).float(),
        "coarse": normal.bfloat16().float(),
        "rising": torch.arange(n) / n,
        "falling": -torch.arange(n) / n,
        "every third column high": torch.where(torch.arange(n) % 3 == 0, normal + 9, normal),
        "denormal": normal * 1e-42,
        "infinite on both sides": torch.where(normal.abs() < 0.4, normal, math.inf * normal.sign()),
    }[kind]
    return {"second": together[: n // 3].clone(), "first": together[n // 3 :].clone()}


KINDS = [
    "normal",
    "magnitudes with half of them gone",
    "more than half zero",
    "zeros of both signs",
    "all equal",
    "two values",
    "coarse",
    "rising",
    "falling",
    "every third column high",
    "denormal",
    "infinite on both sides",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.003, 0.35, 0.6, 0.9999])
def test_selection_from_many_scores_removes_what_a_stable_sort_removes(kind, share, sampled):
    scores = large_scores(kind, LARGE)
    together = torch.cat([scores["first"], scores["second"]]).numpy() + np.float32(0)
    kept = np.ones(LARGE, dtype=bool)
    kept[np.argsort(together, kind="stable")[: round(share * LARGE)]] = False
    expected = {"second": torch.from_numpy(kept[-len(scores["second"]) :]), "first": torch.from_numpy(kept)}
    expected["first"] = expected["first"][: len(scores["first"])]
    assert_same(keep_highest(scores, share), expected)
    assert_same(on_any_device(scores, share), expected)
    doubles = {name: s.double() for name, s in scores.items()}
    assert_same(keep_highest(doubles, share), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_that_misleads_costs_no_exactness(kind, monkeypatch, sampled):
    """The two brackets miss on either side, so that only the way back is left."""
    scores = large_scores(kind, LARGE)
    expected = on_any_device(scores, 0.6)
    for bracket in [(-math.inf, -1e30), (1e30, math.inf)]:
        monkeypatch.setattr(masks, "_bracket", lambda *_, bracket=bracket: bracket)
        assert_same(keep_highest(scores, 0.6), expected)


@pytest.mark.parametrize("ties", [1, 5])
def test_a_bracket_may_end_on_the_score_sought(ties, sampled, monkeypatch):
    scores = {"a": torch.randperm(LARGE, generator=torch.Generator().manual_seed(0)).div(ties).floor()}
    sought = math.floor((round(0.6 * LARGE) - 1) / ties)
    monkeypatch.setattr(masks, "_above_by_partition", lambda *_: pytest.fail("the bracket was missed"))
    for low, high in [(sought, sought + 1), (sought - 1, sought), (sought - 1, sought + 1), (sought, sought)]:
        monkeypatch.setattr(masks, "_bracket", lambda *_, ends=(low, high): ends)
        assert_same(keep_highest(scores, 0.6), on_any_device(scores, 0.6))


def test_a_bracket_whose_ends_meet_beside_the_score_sought_misleads_nobody(sampled, monkeypatch):
    scores = {"a": torch.randint(10, (LARGE,), generator=torch.Generator().manual_seed(0)).float()}
    for end in range(10):
        monkeypatch.setattr(masks, "_bracket", lambda *_, end=end: (end, end))
        assert_same(keep_highest(scores, 0.5), on_any_device(scores, 0.5))


def test_a_sample_comes_from_tensors_of_any_length(sampled):
    generator = torch.Generator().manual_seed(0)
    scores = {str(length): torch.randn(length, generator=generator).round(decimals=1) for length in range(60)}
    scores |= {"long": torch.randn(LARGE, generator=generator)}
    assert_same(keep_highest(scores, 0.6), on_any_device(scores, 0.6))


def test_as_many_tensors_are_worked_on_at_once_as_torch_uses_threads(monkeypatch):
    """Each waits for two others, and would wait in vain if they came one after another."""
    together, keep = threading.Barrier(3, timeout=30), masks.keep_highest
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    monkeypatch.setattr(masks, "keep_highest", lambda *given: together.wait() >= 0 and keep(*given))
    scores = {name: torch.randn(40, generator=torch.Generator().manual_seed(ord(name))) for name in "cabdfe"}
    assert_same(keep_highest_in_each(scores, 0.6), plainly_in_each(scores, 0.6))


def test_the_sample_leads_where_scores_are_of_one_kind(monkeypatch, sampled):
    """Were it to mislead, the answer would be as right and several times slower."""
    monkeypatch.setattr(masks, "_above_by_partition", lambda *_: pytest.fail("the sample misled"))
    for kind, share in itertools.product(KINDS, [0.01, 0.35, 0.6, 0.95]):
        keep_highest(large_scores(kind, LARGE), share)


def test_counts_are_exact_for_every_size_and_sparsity():
    """Against exact fractions: round half to even, of the product as the machine forms it."""
    for n, share in itertools.product([0, 1, 2, 3, 5, 10, 25, 50, 101], [i / 40 for i in range(40)] + [1 / 3, 0.999]):
        mask = keep_highest({"a": torch.zeros(n)}, share)
        assert (~mask["a"]).sum() == round(Fraction(share * n))
    halves = [int((~keep_highest({"a": torch.zeros(n)}, 0.5)["a"]).sum()) for n in (1, 3, 5, 7)]
    assert halves == [0, 2, 2, 4]


def test_a_share_near_one_may_round_to_everything():
    assert not keep_highest({"a": torch.randn(10)}, 0.999)["a"].any()


def test_ties_go_in_order_of_names_and_rows():
    scores = {"b": torch.zeros(2, 2), "a": torch.zeros(3)}
    for keep in (keep_highest, keep_lowest):
        mask = keep(scores, 5 / 7)
        assert list(mask) == ["b", "a"]
        assert mask["a"].tolist() == [False] * 3
        assert mask["b"].tolist() == [[False, False], [True, True]]


def test_rows_count_whatever_the_memory_layout():
    scores = torch.zeros(3, 4).t()
    assert torch.equal(keep_highest({"a": scores}, 0.5)["a"].flatten(), torch.arange(12) >= 6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_extreme_values_keep_their_order(dtype):
    tiny = torch.finfo(dtype).smallest_normal
    rising = [
        -math.inf,
        torch.finfo(dtype).min,
        -1.0,
        -tiny,
        -tiny / 2,
        0.0,
        tiny / 2,
        tiny,
        1.0,
        torch.finfo(dtype).max,
    ]
    order = torch.randperm(11, generator=torch.Generator().manual_seed(3))
    scores = {"a": torch.tensor([*rising, math.inf], dtype=dtype)[order]}
    for removed in range(11):
        expected = order >= removed
        assert torch.equal(keep_highest(scores, removed / 11)["a"], expected)
        assert torch.equal(on_any_device(scores, removed / 11)["a"], expected)
        assert torch.equal(keep_lowest(scores, removed / 11)["a"], order < 11 - removed)


def test_negative_zero_equals_zero():
    scores = {"a": torch.tensor([0.0, -0.0, 0.0, -0.0])}
    for select in (keep_highest, keep_lowest, on_any_device):
        assert select(scores, 0.5)["a"].tolist() == [False, False, True, True]


def test_types_may_be_mixed_and_no_digit_is_lost():
    above_one = 1 + 2.0**-50
    scores = {"a": torch.tensor([above_one], dtype=torch.float64), "b": torch.tensor([1.0, 2.0])}
    scores["c"] = torch.tensor([1.0], dtype=torch.bfloat16)
    assert_same(keep_highest(scores, 0.5), plainly(scores, 0.5))
    assert keep_highest(scores, 0.5)["a"].all()


def test_scores_are_left_as_they_were_and_may_need_gradients(sampled):
    scores = {"a": torch.randn(50, requires_grad=True), "b": torch.randn(LARGE)}
    before = {name: s.detach().clone() for name, s in scores.items()}
    for keep in (keep_highest, keep_highest_in_each, keep_lowest):
        assert not keep(scores, 0.5)["a"].requires_grad
    assert all(torch.equal(scores[name], before[name]) for name in scores)


def test_nothing_to_select_from():
    empty = {"a": torch.zeros(0, 3)}
    for keep in (keep_highest, keep_highest_in_each, keep_lowest):
        assert keep({}, 0.5) == {}
        assert keep(empty, 0.5)["a"].shape == (0, 3)
    assert on_any_device({}, 0.5) == {}
    assert on_any_device(empty, 0.5)["a"].shape == (0, 3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [3, LARGE])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("nan", [math.nan, -math.nan])
def test_nan_is_refused_with_the_name_of_its_tensor(dtype, n, share, nan, sampled):
    scores = {"fine": torch.randn(n).to(dtype), "broken": torch.randn(n).to(dtype)}
    scores["broken"][1] = nan
    for keep in (keep_highest, keep_highest_in_each, keep_lowest, on_any_device):
        with pytest.raises(ValueError, match="'broken' contain NaN"):
            keep(scores, share)
    with pytest.raises(ValueError, match="'broken' contain NaN"):
        keep_highest({"broken": torch.full((n,), nan, dtype=dtype)}, share)


@pytest.mark.parametrize("share", [1.0, -0.1, 2, math.nan, math.inf])
def test_a_sparsity_out_of_range_is_refused(share):
    shapes, generator = {"a": (3,)}, torch.Generator()
    for keep in (keep_highest, keep_highest_in_each, keep_lowest):
        with pytest.raises(ValueError, match=r"not in \[0, 1\)"):
            keep({"a": torch.randn(3)}, share)
    with pytest.raises(ValueError, match=r"not in \[0, 1\)"):
        keep_random(shapes, share, generator)


def test_scores_that_are_no_floats_are_refused():
    for keep in (keep_highest, keep_lowest):
        with pytest.raises(ValueError, match=r"'a' are torch\.int64"):
            keep({"a": torch.arange(4)}, 0.5)


def test_global_selection_takes_little_memory():
    """Under 1.5 times the scores beside them, of which the mask itself is a quarter."""
    scores = {str(i): torch.randn(2**18, generator=torch.Generator().manual_seed(i)) for i in range(4)}
    scores["zeros"] = torch.zeros(2**20)
    tracemalloc.start()
    try:
        for share in (0.2, 0.7):
            tracemalloc.reset_peak()
            kept = keep_highest(scores, share)
            assert tracemalloc.get_traced_memory()[1] < 1.5 * 4 * 2**21
            assert_same(kept, on_any_device(scores, share))
            del kept
    finally:
        tracemalloc.stop()


def test_random_masks_have_exact_counts_and_follow_their_generator():
    shapes = {"b": (7, 5), "a": torch.Size([3, 11]), "empty": (0,)}
    for share in SPARSITIES:
        drawn = keep_random(shapes, share, torch.Generator().manual_seed(1))
        assert list(drawn) == list(shapes)
        assert all(drawn[name].shape == torch.Size(shapes[name]) for name in shapes)
        assert sum(int((~kept).sum()) for kept in drawn.values()) == round(share * 68)
    once = keep_random(shapes, 0.5, torch.Generator().manual_seed(1))
    backwards = dict(reversed(shapes.items()))
    again = keep_random(backwards, 0.5, torch.Generator().manual_seed(1))
    assert list(again) == list(backwards)
    assert all(torch.equal(once[name], again[name]) for name in shapes)
    other = keep_random(shapes, 0.5, torch.Generator().manual_seed(2))
    assert any(not torch.equal(once[name], other[name]) for name in shapes)


def test_random_masks_favour_no_place():
    """Each of 20 places is kept in 30% of 1500 draws, within five standard errors."""
    generator, shapes = torch.Generator().manual_seed(0), {"a": (10,), "b": (2, 5)}
    draws = (keep_random(shapes, 0.7, generator).values() for _ in range(1500))
    kept = sum(torch.cat([each.flatten() for each in draw]).int() for draw in draws)
    assert (kept / 1500 - 0.3).abs().max() < 5 * math.sqrt(0.3 * 0.7 / 1500)


def test_sparsity_is_the_share_removed():
    mask = random_mask(0)
    flags = [flag for kept in mask.values() for flag in kept.flatten().tolist()]
    assert sparsity(mask) == pytest.approx(flags.count(False) / len(flags))
    assert masks.removed(mask) == flags.count(False)
    assert sparsity({"a": torch.ones(3, dtype=torch.bool)}) == 0
    assert sparsity({"a": torch.zeros(3, dtype=torch.bool)}) == 1
    assert math.isnan(sparsity({}))
    assert math.isnan(sparsity({"a": torch.ones(0, dtype=torch.bool)}))


def test_algebra_matches_loops():
    a, b = random_mask(1), random_mask(2)
    for name in a:
        for place in itertools.product(*map(range, a[name].shape)):
            x, y = bool(a[name][place]), bool(b[name][place])
            assert bool(intersection(a, b)[name][place]) == (x and y)
            assert bool(complement(a)[name][place]) == (not x)


@pytest.mark.parametrize("seed", range(5))
def test_overlap_matches_scikit_learn(seed):
    a, b = random_mask(seed), random_mask(seed + 100)
    flat_a, flat_b = (np.concatenate([kept.flatten().numpy() for kept in m.values()]) for m in (a, b))
    assert share_different(a, b) == pytest.approx(np.mean(flat_a != flat_b))
    assert jaccard(a, b) == pytest.approx(jaccard_score(flat_a, flat_b))
    assert kappa(a, b) == pytest.approx(cohen_kappa_score(flat_a, flat_b))
    assert (share_different(a, a), jaccard(a, a), kappa(a, a)) == (0, 1, 1)
    assert (share_different(a, complement(a)), jaccard(a, complement(a))) == (1, 0)


def test_overlap_is_nan_where_it_is_nothing_over_nothing():
    everything, nothing = {"a": torch.ones(4, dtype=torch.bool)}, {"a": torch.zeros(4, dtype=torch.bool)}
    assert math.isnan(kappa(everything, everything))
    assert math.isnan(kappa(nothing, nothing))
    assert kappa(everything, nothing) == 0
    assert math.isnan(jaccard(nothing, nothing))
    assert jaccard(everything, nothing) == 0
    for measure in (share_different, jaccard, kappa):
        assert math.isnan(measure({}, {}))
    assert math.isnan(expected_jaccard(1, 1))


@pytest.mark.parametrize(("share_a", "share_b"), [(0.3, 0.3), (0.6, 0.9), (0.0, 0.5), (1.0, 0.5)])
def test_chance_levels_are_the_means_over_all_pairs_of_masks(share_a, share_b):
    """All subsets of ten places of the two sizes, by exact fractions."""
    kept_a, kept_b = round(10 * (1 - share_a)), round(10 * (1 - share_b))
    first = set(range(kept_a))
    others = [set(other) for other in itertools.combinations(range(10), kept_b)]
    different = Fraction(sum(len(first ^ other) for other in others), 10 * len(others))
    shared, either = (sum(len(s) for s in sets) for sets in ([first & o for o in others], [first | o for o in others]))
    assert expected_share_different(share_a, share_b) == pytest.approx(float(different))
    assert expected_jaccard(share_a, share_b) == pytest.approx(float(Fraction(shared, either)))


def test_chance_levels_are_what_random_masks_show():
    shapes, generator = {"a": (300, 400)}, torch.Generator().manual_seed(0)
    a, b = keep_random(shapes, 0.6, generator), keep_random(shapes, 0.8, generator)
    assert share_different(a, b) == pytest.approx(expected_share_different(0.6, 0.8), abs=0.005)
    assert jaccard(a, b) == pytest.approx(expected_jaccard(0.6, 0.8), abs=0.005)
    assert kappa(a, b) == pytest.approx(0, abs=0.015)


def test_masks_of_different_models_are_refused():
    mask = {"a": torch.ones(2, 3, dtype=torch.bool)}
    renamed, turned = {"b": mask["a"]}, {"a": mask["a"].t()}
    for measure in (intersection, share_different, jaccard, kappa):
        with pytest.raises(ValueError, match="the first mask covers 'a', which the second mask lacks"):
            measure(mask, renamed)
        with pytest.raises(ValueError, match="the second mask covers 'b', which the first mask lacks"):
            measure(mask, mask | renamed)
        with pytest.raises(ValueError, match=r"'a' is \(2, 3\) in the first mask and \(3, 2\) in the second"):
            measure(mask, turned)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (7,), (8,), (9,), (3, 5), (2, 3, 4), (0, 3)])
def test_packing_comes_back_as_it_went(shape):
    mask = random_mask(4, {"a": shape, "b": (13,)})
    packed = pack(mask)
    for name, kept in mask.items():
        assert packed[name].dtype == torch.uint8
        assert packed[name].shape == (math.ceil(kept.numel() / 8),)
    assert_same(unpack(packed, {name: kept.shape for name, kept in mask.items()}), mask)


def test_packed_bits_are_in_the_stated_order():
    mask = {"a": torch.tensor([[True, False, False], [False, False, False], [False, True, True], [True, False, True]])}
    assert pack(mask)["a"].tolist() == [0b10000001, 0b11010000]
    assert_same(unpack(pack({"a": mask["a"].t()}), {"a": (3, 4)}), {"a": mask["a"].t()})


def test_unpacking_into_another_model_is_refused():
    packed = pack({"a": torch.ones(9, dtype=torch.bool)})
    with pytest.raises(ValueError, match="the packed mask covers 'a', which the table of shapes lacks"):
        unpack(packed, {})
    with pytest.raises(ValueError, match=r"'a' comes packed in 2 bytes where shape \(4, 5\) takes 3"):
        unpack(packed, {"a": (4, 5)})


def test_a_fingerprint_tells_names_and_shapes_apart_and_nothing_else():
    one = fingerprint({"a": (2, 3), "b": (4,)})
    assert one == fingerprint({"b": torch.Size([4]), "a": [2, 3]})
    assert one == sha256(b'[["a", [2, 3]], ["b", [4]]]').hexdigest()
    others = [{"a": (3, 2), "b": (4,)}, {"a": (2, 3), "c": (4,)}, {"a": (2, 3)}, {"a": (2,), "b": (3, 4)}, {}]
    assert len({one, *map(fingerprint, others)}) == 6


def test_the_weights_themselves_are_refused_as_scores():
    """Their signed values would keep a third of them for being positive."""
    weights = dict(torch.nn.Linear(4, 3).named_parameters())
    for keep in (keep_highest, keep_highest_in_each, keep_lowest):
        with pytest.raises(ValueError, match=r"'weight' is a parameter.*weight\.detach\(\)\.abs\(\)\} for magnitude"):
            keep({"weight": weights["weight"]}, 0.5)
        assert keep({"weight": weights["weight"].detach().abs()}, 0.5)["weight"].sum() == 6


@pytest.mark.parametrize("kind", [torch.float16, torch.float32, torch.uint8, torch.int64, torch.bool])
def test_zeros_and_ones_are_a_mask_in_any_type(kind):
    torch.manual_seed(2)
    first, second = ({"a": torch.rand(3, 5) < 0.5} for _ in range(2))
    one, other = ({"a": mask["a"].to(kind)} for mask in (first, second))
    assert_same(masks.boolean(one), first)
    assert (masks.boolean(one)["a"] is one["a"]) == (kind == torch.bool)
    assert_same(masks.complement(one), masks.complement(first))
    assert_same(masks.intersection(one, other), masks.intersection(first, second))
    assert masks.kappa(one, other) == masks.kappa(first, second)
    assert_same(masks.unpack(masks.pack(one), {"a": (3, 5)}), first)


@pytest.mark.parametrize("wrong", [0.5, -1.0, 2.0, math.nan])
def test_a_mask_of_other_numbers_is_refused_with_the_name_of_its_tensor(wrong):
    mask = {"a": torch.ones(2), "b": torch.tensor([1.0, wrong])}
    for read in (masks.boolean, masks.complement, masks.pack, lambda mask: masks.stacked([mask])):
        with pytest.raises(ValueError, match="mask of 'b' holds other numbers than 0 and 1"):
            read(mask)


def test_masks_by_name_are_stacked_as_a_loop_stacks_them():
    torch.manual_seed(3)
    several = [{"b": torch.rand(2, 3) < 0.5, "a": (torch.rand(4) < 0.5).float()} for _ in range(3)]
    ((kind, array),) = masks.stacked(several).items()
    assert (kind, array.dtype) == ("weights", bool)
    for row, mask in zip(array, several, strict=True):
        assert row.tolist() == [bool(x) for name in ("a", "b") for x in mask[name].flatten().tolist()]
    components = [{"mlps": torch.rand(2) < 0.5, "heads": torch.rand(2, 3) < 0.5} for _ in range(3)]
    arrays = masks.stacked(components)
    assert {name: array.shape for name, array in arrays.items()} == {"heads": (3, 2, 3), "mlps": (3, 2)}
    assert all(arrays[name][1].tolist() == components[1][name].tolist() for name in arrays)


def test_masks_of_different_models_are_not_stacked():
    one = {"a": torch.ones(2, dtype=torch.bool)}
    with pytest.raises(ValueError, match="no masks"):
        masks.stacked([])
    with pytest.raises(ValueError, match="covers 'a', which another lacks"):
        masks.stacked([one, one, {"b": one["a"]}])
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        masks.stacked([one, {"a": torch.ones(3)}])


def test_a_digest_is_of_what_is_left_and_of_nothing_else():
    """Removed numbers, the order of names, the type and the sign of zero do not count; each number left does."""
    weights = {"b": torch.tensor([[1.0, -0.0], [0.25, 3.0]]), "a": torch.tensor([2.0, 5.0])}
    mask = {"b": torch.tensor([[True, True], [False, True]])}
    told = masks.digest(weights, mask)
    zeros = {"a": weights["a"].double(), "b": torch.tensor([[1.0, 0.0], [0.0, 3.0]], dtype=torch.bfloat16)}
    assert masks.digest(zeros, mask) == masks.digest(zeros, {}) == told
    for name, place in (("a", (1,)), ("b", (0, 0)), ("b", (0, 1)), ("b", (1, 1))):
        other = {key: tensor.clone() for key, tensor in weights.items()}
        other[name][place] += 1e-3
        assert masks.digest(other, mask) != told
    assert masks.digest(weights | {"b": weights["b"].view(4)}, {"b": mask["b"].view(4)}) != told
    assert masks.digest(weights, {}) != told
