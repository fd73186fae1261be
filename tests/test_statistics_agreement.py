"""Agreement of masks: against statsmodels, scikit-learn, brute force over all masks, and the published masks."""

from functools import cache
from itertools import combinations, permutations, product
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score, jaccard_score
from statsmodels.stats import inter_rater
from statsmodels.stats.contingency_tables import cochrans_q
from statsmodels.stats.multitest import multipletests

from lottery.masks import stacked
from lottery.statistics import agreement

ROOT = Path(__file__).parent.parent
TASKS = ("CoLA", "MNLI", "MRPC", "QNLI", "QQP", "RTE", "SST-2", "STS-B", "WNLI")
SEEDS = (1337, 42, 86, 71, 166)
NEVER, ALWAYS = np.zeros((3, 8), bool), np.ones((3, 8), bool)


def drawn(seed, raters=4, layers=3, width=8, share=0.6):
    return np.random.default_rng(seed).random((raters, layers, width)) < share


@pytest.mark.parametrize("seed", range(5))
def test_kappa_and_q_are_those_of_statsmodels(seed):
    masks = drawn(seed)
    flat = masks.reshape(4, -1)
    table, _ = inter_rater.aggregate_raters(flat.T.astype(int))
    assert agreement.fleiss_kappa(masks) == pytest.approx(inter_rater.fleiss_kappa(table), abs=1e-12)
    theirs = cochrans_q(flat.T.astype(int))
    assert agreement.cochran(masks) == (pytest.approx(theirs.statistic), 3, pytest.approx(theirs.pvalue))


def test_the_interval_of_kappa_is_that_of_heads_drawn_one_by_one():
    masks = drawn(1, layers=12, width=12)
    flat = masks.reshape(4, -1)
    generator = np.random.default_rng(0)
    found = []
    for _ in range(4000):
        chosen = flat[:, generator.integers(144, size=144)]
        found.append(inter_rater.fleiss_kappa(inter_rater.aggregate_raters(chosen.T.astype(int))[0]))
    low, high = agreement.kappa_interval(masks, seed=3)
    assert (low, high) == pytest.approx(np.quantile(found, [0.025, 0.975]), abs=0.01)


def test_pairs_are_counted_as_by_scikit_learn_and_scipy():
    masks = drawn(2)
    masks[3] = masks[0]
    found = agreement.pairs(masks, "abcd").set_index(["one", "other"])
    assert len(found) == 6
    flat = dict(zip("abcd", masks.reshape(4, -1), strict=True))
    for one, other in combinations("abcd", 2):
        a, b, row = flat[one], flat[other], found.loc[(one, other)]
        assert row["shared"] == sum(x and y for x, y in zip(a, b, strict=True))
        assert row["jaccard"] == pytest.approx(jaccard_score(a, b))
        assert row["kappa"] == pytest.approx(cohen_kappa_score(a, b))
        only, else_only = int((a & ~b).sum()), int((~a & b).sum())
        expected = binomtest(only, only + else_only).pvalue if only + else_only else 1.0
        assert row["mcnemar_p"] == pytest.approx(expected)
    assert found.loc[("a", "d"), "jaccard"] == 1
    for name in ("overlap", "mcnemar"):
        corrected = multipletests(found[f"{name}_p"], method="holm")[1]
        assert found[f"{name}_holm"].tolist() == pytest.approx(corrected.tolist())


def test_overlap_by_lot_is_that_of_all_possible_masks():
    one, other = np.array([1, 1, 1, 0, 0, 0], bool), np.array([1, 1, 0, 0, 1, 1], bool)
    shared = [sum(one[list(places)]) for places in combinations(range(6), 4)]
    (row,) = agreement.pairs(np.stack([one, other]), "ab").to_dict("records")
    assert row["expected"] == pytest.approx(np.mean(shared))
    assert row["overlap_p"] == pytest.approx(np.mean([count >= 2 for count in shared]))


def test_kappa_within_groups_is_beside_all_masks_that_keep_as_many_in_each():
    """Two groups of four and one of three: its mean over all such masks is 0 and its deviation as told."""
    one = [np.array([[1, 1, 0, 0], [1, 0, 0, 0]], bool), np.array([[1, 1, 0]], bool)]
    other = [np.array([[1, 0, 1, 1], [1, 1, 0, 0]], bool), np.array([[1, 0, 0]], bool)]
    every = []
    for first, second, third in product(combinations(range(4), 3), combinations(range(4), 2), range(3)):
        drawn = [np.zeros((2, 4), bool), np.zeros((1, 3), bool)]
        drawn[0][0, list(first)] = drawn[0][1, list(second)] = drawn[1][0, third] = True
        every.append(agreement.kappa_within(one, drawn).kappa)
    assert np.mean(every) == pytest.approx(0)
    assert agreement.kappa_within(one, other).sd == pytest.approx(np.std(every))


def test_kappa_within_one_group_is_cohens_and_within_whole_groups_is_not_defined():
    one, other = drawn(4)[:2].reshape(2, 1, -1)
    assert agreement.kappa_within([one], [other]).kappa == pytest.approx(cohen_kappa_score(one[0], other[0]))
    whole = [np.array([[True, True], [False, False]]), np.array([[True]])]
    assert np.isnan(agreement.kappa_within(whole, whole)).all()


def all_masks(sizes, items):
    for choice in product(*(combinations(range(items), size) for size in sizes)):
        masks = np.zeros((len(sizes), items), bool)
        for mask, places in zip(masks, choice, strict=True):
            mask[list(places)] = True
        yield masks


@pytest.mark.parametrize("statistic", [agreement.fleiss_kappa, agreement.mean_jaccard, agreement.in_all])
def test_the_null_is_that_of_all_masks_of_these_sizes(statistic):
    masks = np.array([[1, 1, 1, 0, 0], [1, 1, 0, 0, 0], [1, 1, 0, 1, 0]], bool)
    every = [statistic(other) for other in all_masks((3, 2, 3), 5)]
    assert len(every) == comb(5, 3) * comb(5, 2) * comb(5, 3)
    found = agreement.null(masks, statistic, draws=4000, seed=1)
    assert found.observed == statistic(masks)
    assert found.mean == pytest.approx(np.mean(every), abs=0.02)
    assert found.p == pytest.approx(np.mean(np.array(every) >= statistic(masks) - 1e-12), abs=0.02)
    assert found.low <= found.mean <= found.high
    assert agreement.by_lot(masks) == pytest.approx(
        np.mean([agreement.in_all(other) for other in all_masks((3, 2, 3), 5)])
    )


def test_layers_that_are_kept_whole_agree_by_layer_alone():
    masks = np.stack([np.stack([np.ones(6, bool), np.zeros(6, bool)])] * 3)
    masks[:, 1, 0] = True
    assert agreement.null(masks, agreement.in_all, draws=199, seed=0).p == 1 / 200
    inside = agreement.null(masks, agreement.in_all, by_layer=True, draws=1999, seed=0)
    assert inside.mean == pytest.approx(6 + 1 / 36, abs=0.02)
    assert inside.low == 6


def test_labels_are_dealt_out_anew_inside_each_block():
    """Two labels in three blocks: 2**3 ways to deal them, of which two and two are the same."""
    labels, blocks = ["a", "b"] * 3, [1, 1, 2, 2, 3, 3]
    similar = np.random.default_rng(3).random((6, 6))
    similar = (similar + similar.T) / 2

    def difference(named):
        across = [(i, j) for i, j in combinations(range(6), 2) if blocks[i] != blocks[j]]
        same = np.mean([similar[i, j] for i, j in across if named[i] == named[j]])
        return same - np.mean([similar[i, j] for i, j in across if named[i] != named[j]])

    ways = [difference([*one, *two, *three]) for one, two, three in product([("a", "b"), ("b", "a")], repeat=3)]
    found = agreement.labels_matter(similar, labels, blocks, draws=4000, seed=0)
    assert found.observed == pytest.approx(difference(labels))
    assert found.mean == pytest.approx(np.mean(ways), abs=0.01)
    assert found.p == pytest.approx(np.mean(np.array(ways) >= difference(labels) - 1e-9), abs=0.03)
    assert np.isnan(agreement.labels_matter(similar, ["a"] * 6, blocks, draws=9, seed=0).p)
    assert np.isnan(agreement.labels_matter(similar, labels, [1] * 6, draws=9, seed=0).observed)


@cache  # most pairs of masks are asked about several times
def kappa(one, other):
    """Of two masks, as bytes, with scikit-learn."""
    return cohen_kappa_score([*one], [*other])


def kinds_of(masks, tasks, seeds):
    """Kappas of all pairs, by what they share."""
    masks = [np.asarray(mask, dtype=bool).tobytes() for mask in masks]
    told = {"same_task": [], "same_seed": [], "neither": []}
    for i, j in combinations(range(len(masks)), 2):
        if (tasks[i], seeds[i]) != (tasks[j], seeds[j]):
            kind = "same_task" if tasks[i] == tasks[j] else "same_seed" if seeds[i] == seeds[j] else "neither"
            told[kind].append(kappa(masks[i], masks[j]))
    return {name: np.mean(values) for name, values in told.items()}


def test_kinship_is_the_mean_over_pairs_that_share_something():
    masks, tasks, seeds = drawn(4, raters=6), list("aabbcc"), [1, 2, 1, 2, 1, 2]
    assert agreement.kinship(masks, tasks, seeds) == pytest.approx(kinds_of(masks, tasks, seeds))
    alone = agreement.kinship(masks[:1], ["a"], [1])
    assert np.isnan([*alone.values()]).all()
    two = agreement.kinship(np.stack([NEVER, NEVER]), ["a", "a"], [1, 2])
    assert two["same_task"] == 0
    assert np.isnan(two["same_seed"])


def test_masks_that_choose_nothing_are_nan_with_a_reason():
    for masks in (np.stack([NEVER] * 3), np.stack([ALWAYS] * 3), drawn(0, raters=1)):
        assert np.isnan(agreement.fleiss_kappa(masks))
        assert np.isnan(agreement.kappa_interval(masks, seed=0)).all()
        assert np.isnan(agreement.cochran(masks).p)
        assert agreement.reason(masks)
        told = agreement.summary(masks, draws=9)
        assert np.isnan(told["kappa_p"])
        assert told["reason"]
    assert agreement.reason(np.stack([NEVER, ALWAYS, drawn(0)[0]])) == (
        "of 3 masks 1 keep nothing and 1 everything, which is no choice"
    )
    assert agreement.reason(drawn(0)) == ""
    assert agreement.reason(drawn(0, raters=1)) == "there is 1 mask: agreement needs two"
    assert np.isnan(agreement.mean_jaccard(np.stack([NEVER, NEVER, ALWAYS])))
    (row,) = agreement.pairs(np.stack([NEVER, NEVER]), "ab").to_dict("records")
    assert np.isnan(row["jaccard"])
    assert np.isnan(row["kappa"])
    assert agreement.pairs(drawn(0, raters=1), "a").empty


def test_q_tells_sizes_and_not_overlap():
    """Masks of one size that share nothing do not differ for Q; the same ones with one more head each way do."""
    apart = np.eye(4, dtype=bool).repeat(6, axis=1)
    assert agreement.cochran(apart).p == 1
    assert agreement.fleiss_kappa(apart) < 0
    nested = np.arange(24) < np.array([[6], [10], [14], [18]])
    assert agreement.cochran(nested).p < 1e-3
    assert agreement.fleiss_kappa(nested) > 0.2


def test_a_summary_holds_each_of_them():
    masks = drawn(7)
    found = agreement.summary(masks, draws=99, seed=2)
    assert found["kappa"] == agreement.fleiss_kappa(masks)
    assert found["kappa_p"] == agreement.null(masks, agreement.fleiss_kappa, draws=99, seed=2).p
    assert found["kappa_by_lot"] == agreement.null(masks, agreement.fleiss_kappa, draws=99, seed=2).mean
    assert found["layer_p"] == agreement.null(masks, agreement.fleiss_kappa, by_layer=True, draws=99, seed=2).p
    assert found["in_all_p"] == agreement.null(masks, agreement.in_all, draws=99, seed=2).p
    assert (found["kept_least"], found["kept_most"]) == (masks.sum((1, 2)).min(), masks.sum((1, 2)).max())
    assert (found["q"], found["q_p"]) == (agreement.cochran(masks).q, agreement.cochran(masks).p)
    flat = agreement.summary(masks.reshape(4, -1), draws=99, seed=2)
    assert np.isnan(flat["layer_p"])
    assert flat["kappa_p"] == found["kappa_p"]
    assert np.isnan(agreement.summary(masks, draws=0)["kappa_p"])


def test_a_summary_in_sentences():
    masks = drawn(7)
    found = agreement.summary(masks, draws=99, seed=2)
    sentences = agreement.in_words(found)
    assert sentences.startswith(f"4 masks of 24, keeping {found['kept_least']} to {found['kept_most']}. Fleiss' kappa ")
    assert f"p = {found['kappa_p']:.2g} against random masks" in sentences
    assert f"All keep {found['in_all']:.0f}, by chance {found['in_all_by_lot']:.1f}" in sentences
    assert "no difference in size is shown" in sentences
    bare = agreement.in_words(agreement.summary(masks.reshape(4, -1), draws=0))
    assert "against" not in bare
    assert "in each layer" not in bare
    unsure = agreement.in_words(found | {"kappa_low": np.nan, "kappa_high": np.nan})
    assert f"kappa {found['kappa']:.2f} (no interval)" in unsure
    assert "nan" not in bare + unsure
    silent = agreement.in_words(agreement.summary(np.stack([NEVER, NEVER]), draws=9))
    why = agreement.reason(np.stack([NEVER, NEVER]))
    all_keep = "All keep 0, by chance 0.0, p = 1 against random masks."
    assert silent == f"2 masks of 24, keeping 0 to 0. They say little: {why}. {all_keep}"


def overlap_by_definition(one, other, p):
    """Webber et al.'s equation 32 with sets, depth by depth."""
    k, total = len(one), 0.0
    for depth in range(1, k + 1):
        total += len({*one[:depth]} & {*other[:depth]}) / depth * p**depth
    return len({*one} & {*other}) / k * p**k + (1 - p) / p * total


def test_rank_biased_overlap_is_that_of_its_definition():
    for order in permutations(range(4)):
        scores = -np.argsort(order)
        found = agreement.rank_biased_overlap(np.array([4, 3, 2, 1]), scores, p=0.7)
        assert found == pytest.approx(overlap_by_definition([0, 1, 2, 3], list(order), 0.7))
    same = np.random.default_rng(0).random(50)
    assert agreement.rank_biased_overlap(same, same) == pytest.approx(1)
    assert agreement.rank_biased_overlap(same, -same) < 0.6
    with pytest.raises(ValueError, match="between 0 and 1"):
        agreement.rank_biased_overlap(same, same, p=1.0)


def test_rankings_are_compared_two_by_two():
    scores = np.random.default_rng(1).random((3, 9))
    found = agreement.rankings(scores, ["x", "y", "z"])
    assert found[["one", "other"]].to_numpy().tolist() == [["x", "y"], ["x", "z"], ["y", "z"]]
    ordered = [
        np.mean([np.sign(a[i] - a[j]) * np.sign(b[i] - b[j]) for i, j in combinations(range(9), 2)])
        for a, b in combinations(scores, 2)
    ]
    assert found["kendall"].tolist() == pytest.approx(ordered)


@pytest.fixture
def published(reference):
    table = pd.read_csv(reference("reference/prasanna2020/expected_stats.csv"))
    with np.load(reference("reference/prasanna2020/masks.npz")) as masks:
        yield masks, table.set_index(["mode", "component", "task", "statistic"])["value"].sort_index()


@pytest.mark.parametrize(("component", "key"), [("head", "head_mask"), ("mlp", "mlp_mask")])
def test_the_published_masks_agree_as_was_computed_from_them(published, component, key):
    stored, expected = published
    for task in TASKS:
        masks = np.stack([stored[f"heads_mlps/{task}/{seed}/{key}"] for seed in SEEDS]).astype(bool)
        told = expected["heads_mlps", component, task]
        assert agreement.fleiss_kappa(masks) == pytest.approx(told["fleiss_kappa"], abs=1e-9, nan_ok=True), task
        rate = agreement.cochran(masks)
        assert rate.q == pytest.approx(told["cochran_q"], abs=1e-9, nan_ok=True), task
        assert rate.p == pytest.approx(told["cochran_p"], abs=1e-9, nan_ok=True), task
        assert agreement.in_all(masks) == told["super_survivors"]
        two = agreement.pairs(masks, [str(seed) for seed in SEEDS])
        assert (two["mcnemar_p"] >= 0.05).sum() == told["pairs_mcnemar_exact_p>=0.05"]
        if task != "WNLI":
            assert two["jaccard"].mean() == pytest.approx(told["mean_pairwise_jaccard"], abs=1e-9)
            assert two["kappa"].mean() == pytest.approx(told["mean_pairwise_cohen_kappa"], abs=1e-9)


def test_the_published_kappas_are_those_of_the_paper(published):
    stored, _ = published

    def kept(task):
        return np.stack([stored[f"heads_mlps/{task}/{seed}/head_mask"] for seed in SEEDS]).astype(bool)

    assert agreement.fleiss_kappa(kept("CoLA")) == pytest.approx(0.2281, abs=5e-5)
    assert agreement.cochran(kept("CoLA")).p == pytest.approx(2e-11, rel=0.1)
    assert agreement.fleiss_kappa(kept("MNLI")) == pytest.approx(0.2576, abs=5e-5)
    assert agreement.cochran(kept("MNLI")).p == pytest.approx(0.395, abs=5e-4)
    assert agreement.reason(kept("WNLI"))
    found = agreement.summary(kept("CoLA"), draws=199)
    assert (found["in_all"], found["in_all_p"]) == (34, 1 / 200)
    assert found["in_all_by_lot"] == pytest.approx(14.2, abs=0.05)


def test_the_published_kinship_is_that_of_the_published_masks(published):
    stored, _ = published
    told = pd.read_csv(ROOT / "book/published/prasanna2020_kinship.csv").set_index("without_seed")
    assert told.index.tolist() == ["none", *map(str, SEEDS)]
    for without, row in told.iterrows():
        pairs = [(task, seed) for task in TASKS for seed in SEEDS if task != "WNLI" and str(seed) != without]
        masks = [stored[f"heads_mlps/{task}/{seed}/head_mask"] for task, seed in pairs]
        expected = kinds_of(masks, *zip(*pairs, strict=True))
        assert row.to_dict() == pytest.approx(expected, abs=5.1e-7)


ASKED = [
    agreement.reason,
    agreement.fleiss_kappa,
    lambda masks: agreement.kappa_interval(masks, seed=0),
    agreement.cochran,
    agreement.mean_jaccard,
    agreement.in_all,
    agreement.by_lot,
    lambda masks: agreement.null(masks, agreement.in_all, draws=9, seed=0),
    lambda masks: agreement.pairs(masks, "abc"),
    lambda masks: agreement.kinship(masks, [0, 0, 1], [0, 1, 0]),
    lambda masks: agreement.summary(masks, draws=9),
]


@pytest.mark.parametrize("ask", ASKED)
def test_masks_by_name_are_refused_with_what_makes_an_array_of_them(ask):
    """Of masks of a model's heads, held as they are found, `masks.stacked` makes what can be asked."""
    torch.manual_seed(0)
    found = [{"heads": torch.rand(2, 4) < 0.5, "mlps": torch.ones(2)} for _ in range(3)]
    for given in (found, [mask["heads"] for mask in found], found[0]["heads"], np.ones(4, dtype=bool)):
        with pytest.raises(ValueError, match=r"agreement takes one array.*masks\.stacked"):
            ask(given)
    ask(stacked(found)["heads"])


@pytest.mark.parametrize("ask", ASKED)
def test_zeros_and_ones_are_asked_as_bools_and_other_numbers_refused(ask):
    masks = np.random.default_rng(1).random((3, 2, 4)) < 0.6
    expected = repr(ask(masks))
    for kind in (float, int, np.uint8):
        assert repr(ask(masks.astype(kind))) == expected
    with pytest.raises(ValueError, match="other numbers than 0 and 1"):
        ask(masks * 0.5)


def test_cohens_kappa_of_every_two_masks_is_that_of_scikit_learn():
    masks = np.random.default_rng(3).random((5, 4, 6)) < 0.6
    masks[4] = True
    found = agreement.cohen_kappas(masks)
    for one, other in combinations(range(4), 2):
        theirs = cohen_kappa_score(masks[one].ravel(), masks[other].ravel())
        assert found[one, other] == found[other, one] == pytest.approx(theirs)
    assert np.diag(found)[:4] == pytest.approx(1)
    assert np.isnan(found[4, 4])
