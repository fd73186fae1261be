"""The best settings, on made-up scores, against a loop over every one of them."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from lottery.findings import mask_rates

TASKS, SEEDS = ("cola", "sst2"), (1, 2, 3, 4, 5)
SETTINGS = {  # (strength, rate of scores, rate of weights) of each method that are tried
    "smp_l": [(16.0, 0.06, 1e-3), (0.0, 0.06, 1e-3), (400.0, 0.06, 1e-3), (16.0, 0.02, 1e-3), (16.0, 0.2, 1e-3)],
    "magnitude": [(0.0, 0.06, 1e-3), (0.0, 0.06, 3e-3)],
}


@pytest.fixture
def scores() -> dict[tuple, float]:
    """By (method, setting, task, seed)."""
    generator = np.random.default_rng(8)
    return {
        (method, setting, task, seed): generator.random()
        for method, settings in SETTINGS.items()
        for setting in settings
        for task in TASKS
        for seed in SEEDS
    }


@pytest.fixture
def runs(scores) -> pd.DataFrame:
    rows = [
        {"experiment": "LearnedMask", "method": method, "score_rate": rate, "weight_rate": weights, "task": task}
        | {"seed": seed, "sparsity": 0.9, "strength": strength, "score": score, "sparsity_met": 0.9}
        for (method, (strength, rate, weights), task, seed), score in scores.items()
    ]
    search = {"experiment": "PressedMask", "method": "l0", "score_rate": 0.06, "weight_rate": 3e-3, "strength": 90.0}
    rows += [search | {"found": 50.0, "task": "cola", "seed": 1, "sparsity": 0.9, "sparsity_met": 0.9, "score": 0.6}]
    rows.append({"experiment": "FineTuning", "learning_rate": 3e-3, "task": "cola", "seed": 1, "score": 0.7})
    return pd.DataFrame(rows).assign(majority=0.0)


def test_what_a_method_does_not_have_was_not_varied(runs):
    rows = mask_rates.scored(runs).set_index("method")
    assert rows.loc["SMP-L", [*mask_rates.VARIED]].notna().all(axis=None)
    assert rows.loc["magnitude", ["strength", "score_rate"]].isna().all(axis=None)
    assert set(rows.loc["magnitude", "weight_rate"]) == {1e-3, 3e-3}
    assert rows.loc["full fine-tuning", ["key", "weight_rate", "asked", "score"]].tolist() == ["full", 3e-3, 0.0, 70.0]
    assert math.isnan(rows.loc["L0", "strength"])
    whole = runs["experiment"] == "FineTuning"
    for some in (runs[whole], runs[~whole]):
        alone = mask_rates.scored(some.dropna(axis=1, how="all")).set_index("method")
        pd.testing.assert_frame_equal(alone, rows.loc[alone.index.unique()], check_dtype=False)
    assert rows.loc["L0", "score_rate"] == 0.06


def test_the_best_setting_is_that_of_the_highest_mean_and_others_may_be_as_good(runs, scores):
    table = mask_rates.best(mask_rates.scored(runs))
    by_seed = {
        setting: [50 * sum(scores["smp_l", setting, task, seed] for task in TASKS) for seed in SEEDS]
        for setting in SETTINGS["smp_l"]
    }
    means = {setting: np.mean(values) for setting, values in by_seed.items()}
    best = max(means, key=means.get)
    line = table.loc["SMP-L"]
    assert tuple(line[["strength", "score_rate"]]) == best[:2]
    assert math.isnan(line["weight_rate"])  # one was tried
    assert (line["key"], line["best"], line["worst"]) == (
        "smp_l",
        *(pytest.approx(f(means.values())) for f in (max, min)),
    )
    alike = [ttest_rel(by_seed[best], by_seed[each]).pvalue >= 0.05 for each in means if each != best]
    assert (line["tried"], line["level"]) == (5, sum(alike))
    apart = mask_rates.scored(runs)
    apart["score"] += 1000 * (apart["method"] == "SMP-L") * (apart["strength"] == 0)
    assert mask_rates.best(apart).loc["SMP-L", "level"] == 0


@pytest.mark.parametrize(
    ("strength", "rate", "ends"),
    [(0.0, 0.06, []), (400.0, 0.06, ["strength"]), (16.0, 0.02, ["score_rate"]), (16.0, 0.2, ["score_rate"])],
)
def test_a_best_setting_with_none_beyond_it_is_told_where_there_is_one_between(runs, strength, rate, ends):
    rows = mask_rates.scored(runs)
    rows["score"] = 10.0 * ((rows["strength"] == strength) & (rows["score_rate"] == rate))
    assert mask_rates.best(rows).loc["SMP-L", "at_end"] == ends
    assert mask_rates.best(rows).loc["magnitude", "at_end"] == []  # of two one is always the last


def test_a_line_has_what_it_does_not_vary_in_common(runs, scores):
    rows = mask_rates.scored(runs)
    rows = rows[rows["method"] == "SMP-L"]
    for name, values in (("strength", [0.0, 16.0, 400.0]), ("score_rate", [0.02, 0.06, 0.2])):
        means = mask_rates.along(rows, name)
        assert means.index.tolist() == values
        place = [*mask_rates.VARIED].index(name)
        for value, mean in means.items():
            setting = tuple(value if each == place else other for each, other in enumerate((16.0, 0.06, 1e-3)))
            each = [scores["smp_l", setting, task, seed] for task in TASKS for seed in SEEDS]
            assert mean == pytest.approx(100 * np.mean(each))
    assert mask_rates.along(rows, "weight_rate").empty


def test_where_no_setting_changes_the_score_none_is_the_best(runs):
    rows = mask_rates.scored(runs.assign(score=0.5))
    table = mask_rates.best(rows)
    assert table[[*mask_rates.VARIED]].isna().all(axis=None)
    assert table["at_end"].tolist() == [[]] * len(table)
    assert (table["best"] == table["worst"]).all()
