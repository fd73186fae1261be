"""What surviving heads show: against loops over heads, statsmodels, and every possible deal."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.weightstats import DescrStatsW

from lottery.attention.patterns import PATTERNS
from lottery.findings import patterns
from lottery.statistics import Estimate

LAYERS, HEADS = 2, 3


def counted(task, values, *, seed=None, kind="raw", released=False, kept=None):
    """A run of AttentionPatterns: heads are heterogeneous to these shares, else vertical."""
    shares = np.zeros((LAYERS * HEADS, len(PATTERNS)))
    shares[:, PATTERNS.index("heterogeneous")] = values
    shares[:, PATTERNS.index("vertical")] = 1 - np.array(values)
    return {
        "experiment": "AttentionPatterns",
        "task": task,
        "kind": kind,
        "released": released,
        "kept": kept,
        "of": "Miniature" if seed is None else "FineTuning",
        "of.seed": 1 if seed is None else seed,
        "of_layers": LAYERS,
        "shares": shares.flatten().tolist(),
        "confidences": [0.5] * LAYERS * HEADS,
    }


def searched(task, seed, kept, degenerate=""):
    return {
        "experiment": "ComponentSearch",
        "mode": "both",
        "recipe": "printed",
        "where": "dev",
        "of.train_examples": 0,
        "of.task": task,
        "of.seed": seed,
        "kept_heads": kept,
        "kept_mlps": [1] * LAYERS,
        "degenerate": degenerate,
        "share": 0.9,
        "dense_score": 0.8,
        "majority": 0.5,
    }


VALUES = {("cola", 1): [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], ("cola", 2): [0.2, 0.2, 0.9, 0.1, 0.0, 0.3],
          ("rte", 1): [0.7, 0.1, 0.4, 0.2, 0.3, 0.8], ("rte", 2): [0.5, 0.5, 0.1, 0.2, 0.6, 0.9]}  # fmt: skip
KEPT = {("cola", 1): [1, 1, 0, 0, 1, 1], ("cola", 2): [1, 0, 0, 1, 1, 1],
        ("rte", 1): [0, 1, 1, 1, 0, 0], ("rte", 2): [1, 1, 0, 1, 0, 1]}  # fmt: skip


@pytest.fixture
def table():
    rows = [counted(task, values, seed=seed) for (task, seed), values in VALUES.items()]
    rows += [searched(task, seed, kept) for (task, seed), kept in KEPT.items()]
    rows += [counted(task, [0.5] * 6) for task in ("cola", "rte")]
    rows.append(counted("cola", [1.0] * 6, seed=1, released=True))
    rows.append(counted("cola", [1.0] * 6, seed=1, released=True, kept="Survivors"))
    rows.append(counted("wnli", [1.0] * 6, seed=1))
    rows.append(searched("wnli", 1, [1] * 6, degenerate="one answer does as well"))
    return pd.DataFrame(rows).astype(object).where(lambda table: table.notna(), None)


def test_heads_are_in_their_groups_and_released_ways_and_silent_searches_in_none(table):
    found = patterns.grouped(table)
    sums = {}
    for (task, seed), values in VALUES.items():
        always = [all(KEPT[task, other][head] for other in (1, 2)) for head in range(6)]
        for head, value in enumerate(values):
            sums.setdefault((task, "fine-tuned, all"), []).append(value)
            if KEPT[task, seed][head]:
                sums.setdefault((task, "survivors"), []).append(value)
            if always[head]:
                sums.setdefault((task, "super-survivors"), []).append(value)
    means = patterns.fractions(found)
    for (task, group), values in sums.items():
        assert means.loc[(task, "raw", group), "heterogeneous"] == pytest.approx(np.mean(values))
        assert means.loc[(task, "raw", group), "vertical"] == pytest.approx(1 - np.mean(values))
    assert means.loc[("rte", "raw", "pre-trained, all"), "heterogeneous"] == 0.5
    assert set(found["task"]) == {"cola", "rte"}
    assert len(means) == 8


def test_shares_name_the_head_and_the_way(table):
    found = patterns.shares(table)
    assert len(found) == 6 * 9
    row = found[(found["task"] == "cola") & (found["seed"] == 2) & (found["layer"] == 1) & (found["head"] == 2)]
    assert row["heterogeneous"].tolist() == [0.3]
    assert found.groupby(["released", "pruned"]).size().to_dict() == {
        (False, False): 42,
        (True, False): 6,
        (True, True): 6,
    }
    assert set(found.loc[~found["tuned"], "seed"]) == {-1}
    assert patterns.shares(table[:0]).empty
    assert patterns.grouped(table[:0]).empty


def test_one_seed_has_no_super_survivors(table):
    alone = table[(table["of.seed"] == 1)]
    assert "super-survivors" not in set(patterns.grouped(alone)["group"])


def test_a_difference_is_the_mean_over_tasks_that_have_both(table):
    rows = patterns.grouped(table)
    few, every = (rows[rows["group"] == group] for group in ("super-survivors", "fine-tuned, all"))
    found = patterns.difference(few, every, "heterogeneous", resamples=199)
    expected = []
    for task in ("cola", "rte"):
        values = np.array([VALUES[task, seed] for seed in (1, 2)])
        always = np.array([KEPT[task, seed] for seed in (1, 2)]).all(0)
        expected.append(values[:, always].mean() - values.mean())
    assert found.mean == pytest.approx(np.mean(expected))
    assert np.isnan(found.low)  # so few that many draws of places have none of them
    some = rows[rows["group"] == "survivors"]
    beside = patterns.difference(some, every, "heterogeneous", resamples=199)
    assert beside.low < beside.mean < beside.high
    of_rte = patterns.difference(few[few["task"] == "rte"], every, "heterogeneous", resamples=199)
    assert of_rte.mean == pytest.approx(expected[1])
    assert np.isnan(patterns.difference(few[:0], every, "heterogeneous").mean)


def test_the_interval_of_a_difference_is_over_places_in_the_network():
    """Heads whose place says everything: drawing places anew is drawing six values anew."""
    values = np.array([0.0, 0.1, 0.3, 0.6, 0.8, 1.0])
    rows = pd.concat(
        patterns.shares(pd.DataFrame([counted(task, some, seed=seed, kind=kind)]))
        for kind, some in (("raw", 0 * values), ("normed", values))
        for task in ("cola", "rte")
        for seed in (1, 2, 3)
    )
    raw, normed = (rows[rows["kind"] == kind] for kind in ("raw", "normed"))
    found = patterns.difference(normed, raw, "heterogeneous", resamples=4000)
    draws = np.random.default_rng(1).choice(values, (4000, 6)).mean(1)
    assert found.mean == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.03)


def test_survival_is_tested_against_all_deals_within_layers(table):
    rows = patterns.shares(table)
    rows = rows[rows["tuned"] & ~rows["released"] & (rows["task"] == "cola")]
    kept = patterns.survival(table)["cola"]
    found = patterns.survival_test(rows, kept, "heterogeneous", draws=3000)
    values, flags = (np.array([source["cola", seed] for seed in (1, 2)]) for source in (VALUES, KEPT))

    def difference(order):
        each = []
        for seed in range(2):
            dealt = values[seed][list(order)]
            each.append(dealt[flags[seed] == 1].mean() - dealt[flags[seed] == 0].mean())
        return np.mean(each)

    every = [
        difference([*first, *(3 + place for place in second)])
        for first in permutations(range(3))
        for second in permutations(range(3))
    ]
    assert found["difference"] == pytest.approx(difference(range(6)))
    observed = abs(difference(range(6)) - np.mean(every))
    share = np.mean([abs(value - np.mean(every)) >= observed - 1e-9 for value in every])
    assert found["p"] == pytest.approx(share, abs=0.06)
    assert found["seeds"] == 2
    patterns_of_flags = {
        tuple(map(tuple, flags[:, [*first, *(3 + place for place in second)]]))
        for first in permutations(range(3))
        for second in permutations(range(3))
    }
    assert found["least"] == pytest.approx(1 / len(patterns_of_flags))  # there are fewer ways than draws
    assert min(every) - 1e-9 <= found["low"] <= found["high"] <= max(every) + 1e-9


def test_a_pattern_that_goes_by_layer_alone_says_nothing_of_survival():
    """All of layer 0 is heterogeneous and most of it survives: within layers there is nothing to deal."""
    runs = pd.DataFrame([counted("cola", [1, 1, 1, 0, 0, 0], seed=1), searched("cola", 1, [1, 1, 0, 0, 0, 1])])
    rows, kept = patterns.shares(runs), patterns.survival(runs)["cola"]
    found = patterns.survival_test(rows, kept, "heterogeneous", draws=99)
    assert found["difference"] == pytest.approx(1 / 3)
    assert found["p"] == 1
    assert found["least"] == pytest.approx(1 / 9)
    nothing = patterns.survival_test(rows, kept | True, "heterogeneous", draws=9)
    assert np.isnan(nothing["difference"])
    assert np.isnan(nothing["p"])
    assert nothing["seeds"] == 0


def test_every_task_is_tested_in_one_family_of_its_kind(table):
    tests = patterns.survival_tests(table, "heterogeneous", draws=99)
    assert tests[["kind", "task"]].to_numpy().tolist() == [["raw", "cola"], ["raw", "rte"]]
    rows, kept = patterns.shares(table), patterns.survival(table)
    ours = rows[rows["tuned"] & ~rows["released"]]
    alone = [
        patterns.survival_test(ours[ours["task"] == task], kept[task], "heterogeneous", draws=99)["p"]
        for task in ("cola", "rte")
    ]
    assert tests["p"].tolist() == alone
    lower, higher = sorted(alone)
    expected = {lower: min(1, 2 * lower), higher: max(min(1, 2 * lower), higher)}
    assert tests["corrected"].tolist() == pytest.approx([expected[p] for p in alone])
    assert tests["least_corrected"].tolist() == pytest.approx([2 * max(tests["least"])] * 2, rel=0.5)
    assert (tests["least_corrected"] <= tests["corrected"] + 1e-12).all()
    assert patterns.survival_tests(table[table["experiment"] == "ComponentSearch"], "vertical").empty


def always(task):
    """The heads that both seeds keep."""
    return np.array([KEPT[task, seed] for seed in (1, 2)]).all(0)


def test_super_survivors_are_held_against_all_heads(table):
    more = patterns.super_minus_all(table).set_index(["kind", "pattern"])
    values = {task: np.array([VALUES[task, seed] for seed in (1, 2)]) for task in ("cola", "rte")}
    expected = np.mean([shares[:, always(task)].mean() - shares.mean() for task, shares in values.items()])
    assert more.loc[("raw", "heterogeneous"), "mean"] == pytest.approx(expected)
    assert more.loc[("raw", "vertical"), "mean"] == pytest.approx(-expected)
    assert more.loc[("raw", "heterogeneous"), "tasks"] == 2
    assert np.isnan(more.loc[("normed", "block"), "mean"])
    assert patterns.super_minus_all(table[table["of.seed"] == 1]).empty


def test_norming_is_judged_on_the_same_heads():
    shares = {kind: np.random.default_rng(len(kind)).random((2, 6)) for kind in ("raw", "normed")}
    rows = [counted("cola", shares[kind][seed], seed=seed, kind=kind) for kind in shares for seed in (0, 1)]
    rows += [searched("cola", seed, [1, 0, 1, 1, 0, 1]) for seed in (0, 1)]
    more = patterns.normed_minus_raw(patterns.grouped(pd.DataFrame(rows)))
    assert more.columns.tolist() == ["fine-tuned, all", "survivors", "super-survivors"]
    every = (shares["normed"] - shares["raw"]).mean()
    few = (shares["normed"] - shares["raw"])[:, [0, 2, 3, 5]].mean()
    for group, expected in zip(more, (every, few, few), strict=True):
        estimate = more.loc["heterogeneous", group]
        assert isinstance(estimate, Estimate)
        assert estimate.mean == pytest.approx(expected)
        assert estimate.low < estimate.mean < estimate.high


@pytest.fixture
def published():
    """Shares of each pattern on four tasks."""
    drawn = np.random.default_rng(0)
    return pd.DataFrame(
        {"kind": kind, "model": model, "heads": heads, "pattern": pattern, "task": task, "share": drawn.random()}
        for kind in ("raw", "normed")
        for model, heads in (("pre-trained", "all"), ("tuned", "all"), ("tuned", "super"))
        for pattern in PATTERNS
        for task in ("cola", "mrpc", "rte", "sst2")
    )


def printed(published, **which):
    """The shares of some cells, by task."""
    return [row["share"] for row in published.to_dict("records") if which.items() <= row.items()]


def test_what_is_printed_has_intervals_over_tasks(published):
    more = patterns.printed_super_minus_all(published)
    assert len(more) == 2 * len(PATTERNS)
    for row in more.to_dict("records"):
        which = {"kind": row["kind"], "pattern": row["pattern"], "model": "tuned"}
        few, every = (printed(published, heads=heads, **which) for heads in ("super", "all"))
        judged = DescrStatsW(np.subtract(few, every))
        assert (row["mean"], row["low"], row["high"]) == pytest.approx((judged.mean, *judged.tconfint_mean()))
        assert row["tasks"] == 4
    norming = patterns.printed_normed_minus_raw(published)
    assert norming.columns.tolist() == ["pre-trained, all", "tuned, all", "tuned, super"]
    for name in norming:
        model, heads = name.split(", ")
        for pattern in PATTERNS:
            which = {"pattern": pattern, "model": model, "heads": heads}
            normed, raw = (printed(published, kind=kind, **which) for kind in ("normed", "raw"))
            judged = DescrStatsW(np.subtract(normed, raw))
            assert norming.loc[pattern, name] == pytest.approx((judged.mean, *judged.tconfint_mean()))


def test_released_ways_are_held_against_ours_on_the_same_heads(table):
    rows = patterns.released_ways(table)
    more = patterns.released_minus_ours(rows)["heterogeneous"]
    # On CoLA alone, whose released maps are all heterogeneous.
    ours = np.array([VALUES["cola", seed] for seed in (1, 2)])
    few = 1 - ours[:, always("cola")].mean()
    assert more["raw", "all heads, intact model"].mean == pytest.approx(1 - ours.mean())
    assert more["raw", "super-survivors, intact model"].mean == pytest.approx(few)
    assert more["raw", "super-survivors, pruned model"].mean == pytest.approx(few)
    pruned = rows[rows["pruned"]]
    assert [*zip(pruned["layer"], pruned["head"], strict=True)] == [
        divmod(head, HEADS) for head in np.flatnonzero(always("cola"))
    ]
    assert patterns.released_ways(table[~table["released"].eq(True)]).empty
