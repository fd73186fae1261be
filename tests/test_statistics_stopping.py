"""When to stop: curves walked in small steps, lines fitted by numpy, and rules applied by hand."""

import numpy as np
import pandas as pd
import pytest

from lottery.statistics.stopping import first_above, from_line, from_sparsity, rule

SPARSITIES = [0.0, 0.2, 0.5, 0.9]


def drops(tasks=("a", "b", "c"), seeds=(1, 2, 3), *, seed=0):
    """Drops that a rise foretells up to noise, each task with a slope of its own."""
    generator = np.random.default_rng(seed)
    rises = {(s, n): n**2 * (1 + 0.1 * s) for s in seeds for n in SPARSITIES}
    return pd.DataFrame(
        [
            {
                "task": task,
                "seed": s,
                "sparsity": n,
                "rise": rises[s, n],
                "drop": (4 + 3 * place) * rises[s, n] + (n > 0) * generator.normal(),
            }
            for place, task in enumerate(tasks)
            for s in seeds
            for n in SPARSITIES
        ]
    )


@pytest.mark.parametrize("number", range(5))
def test_the_first_place_above_a_level_is_found_by_walking_there(number):
    values = np.array([0.0, *np.random.default_rng(number).normal(1, 2, size=3)])
    for level in (0.1, 0.8, 2.5):
        walked = np.linspace(0, 0.9, 90_001)
        above = np.interp(walked, SPARSITIES, values) > level
        expected = walked[above.argmax()] if above.any() else 0.9
        assert first_above(SPARSITIES, values, level) == pytest.approx(expected, abs=2e-5)


def test_a_curve_that_stays_below_goes_to_its_end_and_one_that_begins_above_to_its_beginning():
    assert first_above(SPARSITIES, [0.0, -1.0, 2.0, 2.0], 2.0) == 0.9
    assert first_above(SPARSITIES, [3.0, 0.0, 0.0, 0.0], 2.0) == 0.0


@pytest.mark.parametrize(
    ("sparsities", "values", "level"),
    [([0.0, 0.5], [0.0, np.nan], 1.0), ([0.0, 0.5], [0.0, 2.0], np.nan), ([], [], 1.0)],
)
def test_what_is_not_known_is_not_guessed(sparsities, values, level):
    assert np.isnan(first_above(sparsities, values, level))


@pytest.mark.parametrize("sparsities", [[0.0, 0.5, 0.5], [0.0, 0.5]])
def test_what_makes_no_curve_is_refused(sparsities):
    with pytest.raises(ValueError, match="give one rising sparsity a value"):
        first_above(sparsities, [0.0, 1.0, 2.0], 1.0)


def test_the_line_of_the_other_tasks_is_that_of_numpy():
    table = drops().sample(frac=1, random_state=1)
    foretold = from_line(table, "rise")
    for place, row in table.iterrows():
        others = table[table["task"] != row["task"]]
        slope, intercept = np.polyfit(others["rise"], others["drop"], 1)
        assert foretold[place] == pytest.approx(intercept + slope * row["rise"])


def test_the_mean_of_the_other_tasks_is_that_of_a_loop():
    table = drops().sample(frac=1, random_state=1)
    foretold = from_sparsity(table)
    for place, row in table.iterrows():
        others = [
            r["drop"] for _, r in table.iterrows() if r["task"] != row["task"] and r["sparsity"] == row["sparsity"]
        ]
        assert foretold[place] == pytest.approx(np.mean(others))


def test_a_tasks_own_drops_do_not_enter_what_foretells_them():
    table = drops()
    own = table["task"] == "b"
    other = table.assign(drop=table["drop"] + 100 * own)
    for one, two in (
        (from_line(table, "rise"), from_line(other, "rise")),
        (from_sparsity(table), from_sparsity(other)),
    ):
        assert two[own].tolist() == pytest.approx(one[own].tolist())
        assert ((two[~own] - one[~own]).abs() > 1).all()


def test_one_task_alone_or_one_point_alone_foretells_nothing():
    alone = drops(tasks=("a",))
    assert from_line(alone, "rise").isna().all()
    assert from_sparsity(alone).isna().all()
    assert rule(alone, "rise", 2.0)[["threshold", "sparsity", "drop"]].isna().all(axis=None)
    same = drops().assign(rise=1.0)
    assert from_line(same, "rise").isna().all()


def test_a_predictor_that_is_missing_somewhere_is_missing_there_alone():
    table = drops()
    table.loc[table.index[:2], "rise"] = np.nan  # both of task "a"
    foretold = from_line(table, "rise")
    assert foretold.isna().tolist() == [True, True, *[False] * (len(table) - 2)]
    others = table[(table["task"] != "b") & table["rise"].notna()]
    slope, intercept = np.polyfit(others["rise"], others["drop"], 1)
    row = table[table["task"] == "b"].iloc[3]
    assert foretold[row.name] == pytest.approx(intercept + slope * row["rise"])


def test_a_rule_is_found_on_the_others_and_applied_to_the_task():
    """Two tasks, each the only other one; the second seed drops twice and rises one and a half times as steeply."""
    table = pd.DataFrame(
        [
            {"task": task, "seed": seed, "sparsity": s, "rise": (1 + seed) * s, "drop": slope * seed * s}
            for task, slope in (("a", 10), ("b", 20))
            for seed in (1, 2)
            for s in (0.9, 0.0, 0.5)
        ]
    )
    found = rule(table, "rise", 2.0).set_index(["task", "seed"])
    # b drops by 2 at .1 and .05, where the rises are .2 and .15; a at .2 and .1, where they are .4 and .3.
    expected = {
        "threshold": [0.2, 0.15, 0.4, 0.3],
        "sparsity": [0.175 / 2, 0.175 / 3, 0.35 / 2, 0.35 / 3],
        "drop": [10 * 0.175 / 2, 20 * 0.175 / 3, 20 * 0.35 / 2, 40 * 0.35 / 3],
    }
    assert found.index.tolist() == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    for name, values in expected.items():
        assert found[name].tolist() == pytest.approx(values)
