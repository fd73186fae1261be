"""Subnetworks beside the good one: their sizes and overlaps, counted on made-up masks and on the published ones."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from lottery import masks
from lottery.experiments.component_search import ComponentSearch
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.magnitude_search import MagnitudeSearch
from lottery.experiments.miniature import Miniature
from lottery.experiments.subnetworks import Bad, Crossed, Drawn, Survivors
from lottery.models import opening
from lottery.store import Run

TASKS = ("CoLA", "SST-2", "MRPC", "QQP", "STS-B", "MNLI", "QNLI", "RTE", "WNLI")
SEEDS = (1337, 42, 86, 71, 166)
COMPONENTS = {"heads": 144, "mlps": 12}
MATRICES = {"a": (7, 5), "b": (3, 11)}


@pytest.fixture
def tuned():
    return FineTuning(
        start=Miniature(seed=1, steps=1),
        task="cola",
        epochs=1.0,
        batch_size=8,
        learning_rate=1e-3,
        max_length=16,
        seed=SEEDS[0],
        saved=True,
    )


@pytest.fixture
def search(tuned):
    return ComponentSearch(of=tuned, importance="sample", mode="both")


@pytest.fixture
def run(search, tmp_path):
    return Run(search, tmp_path)


@pytest.fixture
def finds(monkeypatch):
    """Lets the search of each seed find a mask given for it."""

    def find(by_seed):
        monkeypatch.setattr(ComponentSearch, "mask", lambda self, run: by_seed[self.of.seed])

    return find


@pytest.fixture
def published(reference):
    """From a mode and a task to the masks of its seeds."""
    path = reference("reference/prasanna2020/masks.npz")

    def read(mode, task):
        with np.load(path) as stored:
            names = {"heads": "head_mask", "mlps": "mlp_mask"}
            return {
                seed: {
                    ours: torch.from_numpy(stored[f"{mode}/{task}/{seed}/{theirs}"].astype(bool))
                    for ours, theirs in names.items()
                }
                for seed in SEEDS
            }

    return read


def places(kept):
    """The components kept, as a set of Python tuples."""
    return {tuple(place) for place in kept.nonzero().tolist()}


def drawn(heads, mlps, seed=0):
    """A mask of 12 x 12 heads and 12 MLPs, of so many."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(144, generator=generator), torch.randperm(12, generator=generator)
    return {"heads": (order[0] < heads).view(12, 12), "mlps": order[1] < mlps}


@pytest.mark.parametrize(
    ("heads", "mlps"), [(0, 0), (18, 3), (71, 6), (72, 6), (73, 7), (116, 10), (143, 11), (144, 12)]
)
def test_bad_is_of_the_good_ones_size_and_takes_all_that_was_removed_first(search, finds, run, heads, mlps):
    """In sets of places: where all that was removed does not suffice the rest is good, 2 k - n of k; else none is."""
    good = drawn(heads, mlps)
    finds({SEEDS[0]: good})
    bad, disjoint = Bad(like=search, seed=1).mask(run), Bad(like=search, seed=1, disjoint=True).mask(run)
    for name, total in COMPONENTS.items():
        kept, removed = places(good[name]), places(~good[name])
        assert len(places(bad[name])) == len(kept)
        assert len(places(bad[name]) & kept) == max(0, 2 * len(kept) - total)
        assert removed <= places(bad[name]) or not places(bad[name]) & kept
        assert places(disjoint[name]) <= removed
        assert len(places(disjoint[name])) == min(len(kept), len(removed))


def test_bad_reaches_every_component_that_it_may_choose(search, finds, run):
    for good in (drawn(40, 3), drawn(120, 10)):
        finds({SEEDS[0]: good})
        seen = {name: set() for name in COMPONENTS}
        for seed in range(60):
            for name, kept in Bad(like=search, seed=seed).mask(run).items():
                seen[name] |= places(kept)
        for name, kept in good.items():
            assert seen[name] == places(~kept) if kept.float().mean() < 0.5 else len(seen[name]) == kept.numel()


@pytest.mark.parametrize("task", TASKS)
def test_bad_shares_with_the_published_good_masks_what_the_published_bad_ones_share(
    search, finds, run, published, task
):
    good, theirs = published("heads_mlps", task), published("heads_mlps_bad_1", task)
    finds(good)
    for seed in SEEDS:
        of_seed = replace(search, of=replace(search.of, seed=seed))
        ours = Bad(like=of_seed, seed=0).mask(run)
        for name, total in COMPONENTS.items():
            kept = places(good[seed][name])
            for bad in (ours[name], theirs[seed][name]):
                assert len(places(bad)) == len(kept)
                assert len(places(bad) & kept) == max(0, 2 * len(kept) - total)
                assert places(~good[seed][name]) <= places(bad) or not places(bad) & kept


def test_the_size_of_a_random_subnetwork_is_exact_as_printed_and_right_on_average_as_released(search, finds, run):
    """As released it is a coin for each head: 100 of 144 expected, with the variance of 144 coins."""
    finds({SEEDS[0]: drawn(100, 9)})
    sizes = {
        recipe: np.array(
            [
                [int(kept.sum()) for kept in Drawn(like=search, seed=seed, recipe=recipe).mask(run).values()]
                for seed in range(400)
            ]
        )
        for recipe in ("printed", "released")
    }
    assert (sizes["printed"] == [100, 9]).all()
    for column, (kept, total) in enumerate([(100, 144), (9, 12)]):
        found, variance = sizes["released"][:, column], kept * (1 - kept / total)
        assert abs(found.mean() - kept) < 4 * (variance / 400) ** 0.5
        assert abs(found.var(ddof=1) / variance - 1) < 4 * (2 / 400) ** 0.5


def test_the_released_random_sizes_vary_on_the_published_masks_as_the_published_ones_do(search, finds, run, published):
    """The deviation of 80 sizes from the good ones, in its own units, is that of 1,600 of ours within chance."""
    ours, theirs = [], []
    for task in TASKS[:-1]:
        good, random = published("heads_mlps", task), published("heads_mlps_random", task)
        finds(good)
        for seed in SEEDS:
            of_seed = replace(search, of=replace(search.of, seed=seed))
            draws = [Drawn(like=of_seed, seed=draw, recipe="released").mask(run) for draw in range(20)]
            exact = Drawn(like=of_seed, seed=0).mask(run)
            for name, total in COMPONENTS.items():
                kept = int(good[seed][name].sum())
                assert int(exact[name].sum()) == kept
                if kept < total:
                    unit = (kept * (1 - kept / total)) ** 0.5
                    theirs.append((int(random[seed][name].sum()) - kept) / unit)
                    ours += [(int(mask[name].sum()) - kept) / unit for mask in draws]
    assert abs(np.mean(ours)) < 4 / len(ours) ** 0.5
    assert abs(np.std(ours) - 1) < 4 / (2 * len(ours)) ** 0.5
    assert abs(np.mean(theirs) - np.mean(ours)) < 4 / len(theirs) ** 0.5
    assert abs(np.std(theirs) - np.std(ours)) < 4 / (2 * len(theirs)) ** 0.5


def test_a_random_subnetwork_takes_every_head_equally_often(search, finds, run):
    finds({SEEDS[0]: drawn(36, 6)})
    for recipe in ("printed", "released"):
        often = sum(Drawn(like=search, seed=seed, recipe=recipe).mask(run)["heads"].int() for seed in range(400))
        assert (often - 100).abs().max() < 5 * (400 * 0.25 * 0.75) ** 0.5


def five_masks(always, never):
    """Masks that all keep the first so many heads and MLPs, none the last so many, and by turns the rest."""

    def kept(name, seed):
        total = COMPONENTS[name]
        order = torch.arange(total)
        between = (order + seed) % len(SEEDS) < 3
        return (order < always[name]) | between & (order < total - never[name])

    return {
        seed: {"heads": kept("heads", number).view(12, 12), "mlps": kept("mlps", number)}
        for number, seed in enumerate(SEEDS)
    }


@pytest.mark.parametrize(
    ("always", "never"),
    [
        ({"heads": 20, "mlps": 2}, {"heads": 30, "mlps": 3}),  # bad is cut down
        ({"heads": 30, "mlps": 3}, {"heads": 20, "mlps": 2}),  # bad is filled up from those in between
        ({"heads": 60, "mlps": 5}, {"heads": 50, "mlps": 4}),  # random is filled up from the never kept
        ({"heads": 100, "mlps": 8}, {"heads": 30, "mlps": 2}),  # both must take survivors
        ({"heads": 0, "mlps": 0}, {"heads": 0, "mlps": 0}),
    ],
)
def test_super_survivors_and_their_rivals_have_one_size_and_their_order_of_choice(search, finds, run, always, never):
    """In sets of places: the survivors, the never kept and those in between, as the docstring orders them."""
    found = five_masks(always, never)
    finds(found)
    chosen = {
        which: Survivors(of=search, seeds=SEEDS, which=which, seed=2).mask(run) for which in ("good", "random", "bad")
    }
    for name, total in COMPONENTS.items():
        kept = [places(mask[name]) for mask in found.values()]
        survivors = set.intersection(*kept)
        every = places(torch.ones_like(found[SEEDS[0]][name]))
        rest = every - set.union(*kept)
        between = every - survivors - rest
        assert (len(every), len(survivors), len(rest)) == (total, always[name], never[name])
        assert places(chosen["good"][name]) == survivors
        for which, order in (("bad", (rest, between, survivors)), ("random", (between, rest, survivors))):
            left, taken = len(survivors), places(chosen[which][name])
            assert len(taken) == left
            for group in order:
                assert len(taken & group) == min(left, len(group))
                left -= len(taken & group)


def test_super_survivors_of_the_published_searches_are_the_published_ones(search, finds, run, published):
    for task in TASKS:
        finds(published("heads_mlps", task))
        ours = {which: Survivors(of=search, seeds=SEEDS, which=which).mask(run) for which in ("good", "random", "bad")}
        theirs = {"good": "super", "random": "super_midling", "bad": "super_bizzaro"}
        for which, mode in theirs.items():
            for mask in published(f"heads_mlps_{mode}", task).values():
                for name in COMPONENTS:
                    assert ours[which][name].sum() == mask[name].sum()
                    assert which != "good" or ours[which][name].equal(mask[name])


@pytest.fixture
def weighed(tuned, monkeypatch):
    """A search over the weights of two matrices, of which it keeps the largest of a given share."""
    generator = torch.Generator().manual_seed(5)
    weights = {name: torch.randn(shape, generator=generator) for name, shape in MATRICES.items()}
    monkeypatch.setattr(FineTuning, "weights", lambda self, run: "folder")
    monkeypatch.setattr(opening, "encoder_weights", lambda source, **_: weights)

    def find(sparsity):
        good = masks.keep_highest({name: weight.abs() for name, weight in weights.items()}, sparsity)
        monkeypatch.setattr(MagnitudeSearch, "mask", lambda self, run: good)
        return (
            MagnitudeSearch(of=tuned),
            good,
            pd.concat(
                [pd.Series(weight.abs().flatten().tolist(), name=name) for name, weight in weights.items()],
                keys=MATRICES,
            ),
        )

    return find


def flat(mask):
    return np.concatenate([mask[name].flatten().numpy() for name in MATRICES])


@pytest.mark.parametrize("sparsity", [0.0, 0.25, 0.5, 0.75])
def test_bad_weights_are_the_smallest_and_disjoint_ones_the_smallest_removed(weighed, run, sparsity):
    """68 weights sorted as numbers: bad are the first as many as were kept, disjoint the first of those removed."""
    like, good, magnitudes = weighed(sparsity)
    order = magnitudes.to_numpy().argsort()
    kept = int(flat(good).sum())
    assert kept == 68 - round(68 * sparsity)
    assert set(flat(Bad(like=like, seed=0).mask(run)).nonzero()[0]) == set(order[:kept])
    wanted = set(order[: min(kept, 68 - kept)])
    if sparsity > 0:
        disjoint = flat(Bad(like=like, seed=0, disjoint=True).mask(run))
        assert set(disjoint.nonzero()[0]) == wanted
        assert not (disjoint & flat(good)).any()


def test_random_weights_are_exactly_as_many_and_any(weighed, run):
    like, good, _ = weighed(0.75)
    often = np.zeros(68)
    for seed in range(400):
        found = flat(Drawn(like=like, seed=seed).mask(run))
        assert found.sum() == flat(good).sum() == 17
        often += found
    assert np.abs(often - 100).max() < 5 * (400 * 0.25 * 0.75) ** 0.5


def test_a_crossed_subnetwork_has_the_heads_of_one_and_the_mlps_of_the_other(search, finds, run):
    good = drawn(100, 5)
    finds({SEEDS[0]: good})
    bad = Bad(like=search, seed=1)
    crossed = Crossed(heads=search, mlps=bad).mask(run), Crossed(heads=bad, mlps=search).mask(run)
    for mask, heads, mlps in zip(crossed, (good, bad.mask(run)), (bad.mask(run), good), strict=True):
        assert mask.keys() == {"heads", "mlps"}
        assert places(mask["heads"]) == places(heads["heads"])
        assert places(mask["mlps"]) == places(mlps["mlps"])
