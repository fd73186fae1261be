"""Tables of patterns: against scikit-learn, against loops over heads, and against every possible deal."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import classification_report

from lottery.attention.patterns import PATTERNS
from lottery.findings import patterns as pattern_tables


def answered(classifier, task, seed=0, drawn=100, disputed=0):
    """A run of LabelledPatterns with 40 maps of 10 heads; `disputed` of them labelled in two ways."""
    generator = np.random.default_rng([len(task), len(classifier), seed])
    sheet = np.random.default_rng(len(task))
    first = sheet.choice(PATTERNS[:4], 40).tolist()
    second = [PATTERNS[4]] * disputed + first[disputed:]
    right = generator.random(40) < 0.6
    answers = np.where(right, first, generator.choice(PATTERNS, 40)).tolist()
    return {
        "experiment": "LabelledPatterns",
        "model": "toy",
        "task": task,
        "of.classifier": classifier,
        "of.drawn": drawn,
        "of.seed": seed,
        "kinds": ["raw", "normed"] * 20,
        "in_layers": (np.arange(40) % 5).tolist(),
        "in_heads": (np.arange(40) % 10 // 5).tolist(),
        "first_labels": first,
        "second_labels": second,
        "answers": answers,
        "confidences": generator.random(40).tolist(),
    }


def test_disputed_maps_are_left_out_and_heads_are_named():
    runs = pd.DataFrame([answered("network", "cola", disputed=3), {"experiment": "PatternTraining"}])
    found = pattern_tables.labelled(runs)
    assert found["number"].tolist() == list(range(3, 40))
    assert found["place"].iloc[0] == "toy 3.0"
    assert found["place"].nunique() == 10
    assert pattern_tables.labelled(runs[1:]).empty


def test_f1_is_that_of_scikit_learn():
    runs = pd.DataFrame([answered("network", "cola"), answered("network", "sst2")])
    maps = pattern_tables.labelled(runs)
    found = pattern_tables.f1_of_patterns(maps, resamples=99)
    told = classification_report(maps["label"], maps["answer"], output_dict=True, zero_division=0)
    for pattern in PATTERNS[:4]:
        assert found.loc[pattern, "f1"] == pytest.approx(told[pattern]["f1-score"])
        assert found.loc[pattern, "low"] < found.loc[pattern, "f1"] < found.loc[pattern, "high"]
    assert np.isnan(found.loc["heterogeneous", "f1"])  # the label of none
    assert np.isnan(found.loc["heterogeneous", "low"])
    assert found.loc["weighted", "f1"] == pytest.approx(told["weighted avg"]["f1-score"])
    assert found["maps"].tolist() == [*(maps["label"].value_counts().get(name, 0) for name in PATTERNS), 80]


def test_the_advantage_is_the_difference_on_the_same_maps():
    rows = pattern_tables.labelled(pd.DataFrame([answered("network", "cola"), answered("features", "cola")]))
    one, other = (rows[rows["classifier"] == name] for name in ("network", "features"))
    found = pattern_tables.advantage(one.sample(frac=1, random_state=0), other)
    expected = [
        classification_report(some["label"], some["answer"], output_dict=True, zero_division=0)["weighted avg"][
            "f1-score"
        ]
        for some in (one, other)
    ]
    assert found.mean == pytest.approx(expected[0] - expected[1])
    assert found.low < found.mean < found.high
    assert pattern_tables.advantage(one, one) == (0, 0, 0)
    with pytest.raises(ValueError, match="39 and 40 answers are not to the same maps"):
        pattern_tables.advantage(one[1:], other)


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
    found = pattern_tables.grouped(table)
    sums = {}
    for (task, seed), values in VALUES.items():
        always = [all(KEPT[task, other][head] for other in (1, 2)) for head in range(6)]
        for head, value in enumerate(values):
            sums.setdefault((task, "fine-tuned, all"), []).append(value)
            if KEPT[task, seed][head]:
                sums.setdefault((task, "survivors"), []).append(value)
            if always[head]:
                sums.setdefault((task, "super-survivors"), []).append(value)
    means = pattern_tables.fractions(found)
    for (task, group), values in sums.items():
        assert means.loc[(task, "raw", group), "heterogeneous"] == pytest.approx(np.mean(values))
        assert means.loc[(task, "raw", group), "vertical"] == pytest.approx(1 - np.mean(values))
    assert means.loc[("rte", "raw", "pre-trained, all"), "heterogeneous"] == 0.5
    assert set(found["task"]) == {"cola", "rte"}
    assert len(means) == 8


def test_shares_name_the_head_and_the_way(table):
    found = pattern_tables.shares(table)
    assert len(found) == 6 * 9
    row = found[(found["task"] == "cola") & (found["seed"] == 2) & (found["layer"] == 1) & (found["head"] == 2)]
    assert row["heterogeneous"].tolist() == [0.3]
    assert found.groupby(["released", "pruned"]).size().to_dict() == {
        (False, False): 42,
        (True, False): 6,
        (True, True): 6,
    }
    assert set(found.loc[~found["tuned"], "seed"]) == {-1}
    assert pattern_tables.shares(table[:0]).empty
    assert pattern_tables.grouped(table[:0]).empty


def test_one_seed_has_no_super_survivors(table):
    alone = table[(table["of.seed"] == 1)]
    assert "super-survivors" not in set(pattern_tables.grouped(alone)["group"])


def test_a_difference_is_the_mean_over_tasks_that_have_both(table):
    rows = pattern_tables.grouped(table)
    few, every = (rows[rows["group"] == group] for group in ("super-survivors", "fine-tuned, all"))
    found = pattern_tables.difference(few, every, "heterogeneous", resamples=199)
    expected = []
    for task in ("cola", "rte"):
        values = np.array([VALUES[task, seed] for seed in (1, 2)])
        always = np.array([KEPT[task, seed] for seed in (1, 2)]).all(0)
        expected.append(values[:, always].mean() - values.mean())
    assert found.mean == pytest.approx(np.mean(expected))
    assert np.isnan(found.low)  # so few that many draws of places have none of them
    some = rows[rows["group"] == "survivors"]
    beside = pattern_tables.difference(some, every, "heterogeneous", resamples=199)
    assert beside.low < beside.mean < beside.high
    of_rte = pattern_tables.difference(few[few["task"] == "rte"], every, "heterogeneous", resamples=199)
    assert of_rte.mean == pytest.approx(expected[1])
    assert np.isnan(pattern_tables.difference(few[:0], every, "heterogeneous").mean)


def test_the_interval_of_a_difference_is_over_places_in_the_network():
    """Heads whose place says everything: drawing places anew is drawing six values anew."""
    values = np.array([0.0, 0.1, 0.3, 0.6, 0.8, 1.0])
    rows = pd.concat(
        pattern_tables.shares(pd.DataFrame([counted(task, some, seed=seed, kind=kind)]))
        for kind, some in (("raw", 0 * values), ("normed", values))
        for task in ("cola", "rte")
        for seed in (1, 2, 3)
    )
    raw, normed = (rows[rows["kind"] == kind] for kind in ("raw", "normed"))
    found = pattern_tables.difference(normed, raw, "heterogeneous", resamples=4000)
    draws = np.random.default_rng(1).choice(values, (4000, 6)).mean(1)
    assert found.mean == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.03)


def test_survival_is_tested_against_all_deals_within_layers(table):
    rows = pattern_tables.shares(table)
    rows = rows[rows["tuned"] & ~rows["released"] & (rows["task"] == "cola")]
    kept = pattern_tables.survival(table)["cola"]
    found = pattern_tables.survival_test(rows, kept, "heterogeneous", draws=3000)
    values, flags = (np.array([source["cola", seed] for seed in (1, 2)]) for source in (VALUES, KEPT))

    def difference(order):
        told = []
        for seed in range(2):
            dealt = values[seed][list(order)]
            told.append(dealt[flags[seed] == 1].mean() - dealt[flags[seed] == 0].mean())
        return np.mean(told)

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
    assert min(every) - 1e-9 <= found["low"] <= found["high"] <= max(every) + 1e-9


def test_a_pattern_that_goes_by_layer_alone_says_nothing_of_survival():
    """All of layer 0 is heterogeneous and most of it survives: within layers there is nothing to deal."""
    runs = pd.DataFrame([counted("cola", [1, 1, 1, 0, 0, 0], seed=1), searched("cola", 1, [1, 1, 0, 0, 0, 1])])
    rows, kept = pattern_tables.shares(runs), pattern_tables.survival(runs)["cola"]
    found = pattern_tables.survival_test(rows, kept, "heterogeneous", draws=99)
    assert found["difference"] == pytest.approx(1 / 3)
    assert found["p"] == 1
    nothing = pattern_tables.survival_test(rows, kept | True, "heterogeneous", draws=9)
    assert np.isnan(nothing["difference"])
    assert np.isnan(nothing["p"])
    assert nothing["seeds"] == 0
