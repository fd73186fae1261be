"""Which tasks every seed has, against sets; which world and model a run is of, by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from lottery.findings.seeds import of_every_seed, one_world, told_apart, worlds


def test_rows_of_the_tasks_of_every_seed_stay_in_their_order():
    drawn = np.random.default_rng(0)
    rows = pd.DataFrame({"of": drawn.choice(list("abcdef"), 40), "world": drawn.integers(5, size=40)})
    rows = rows.assign(value=range(40))
    tried = {task: {row.world for row in rows.itertuples() if row.of == task} for task in "abcdef"}
    expected = [row.value for row in rows.itertuples() if tried[row.of] == {0, 1, 2, 3, 4}]
    assert 0 < len(expected) < 40
    assert of_every_seed(rows, task="of", seed="world")["value"].tolist() == expected


@pytest.mark.parametrize("seeds", [[1], [1, 2], []])
def test_a_task_that_all_seeds_have_stays(seeds):
    rows = pd.DataFrame({"task": ["cola"] * len(seeds), "seed": seeds})
    assert of_every_seed(rows).equals(rows)


def test_the_world_of_a_run_is_found_wherever_it_stands_in_what_describes_it():
    start = {"experiment": "Miniature", "seed": 4}
    described = [start, {"experiment": "FineTuning", "start": start, "seed": 2}, {"of": [{"kept": {"like": start}}]}]
    described.append({"experiment": "FineTuning", "start": {"experiment": "Given", "model": "Miniature"}, "seed": 2})
    runs = pd.DataFrame({"parameters": [json.dumps(each) for each in described]})
    assert worlds(runs).tolist()[:3] == [4, 4, 4]
    assert np.isnan(worlds(runs)[3])


def test_models_are_told_apart_by_world_and_seed_and_intervals_are_over_worlds_where_there_are_several():
    runs = pd.DataFrame({"world": [1.0, 1.0, 2.0, 2.0], "of.seed": [1, 2, 1, 2]})
    assert told_apart(runs)["model"].nunique() == 4
    assert told_apart(runs)["unit"].tolist() == [1, 1, 2, 2]
    for one in (runs[:2], runs[:2].assign(world=np.nan), runs[["of.seed"]][:2]):
        assert told_apart(one)["unit"].tolist() == [1, 2]
        assert told_apart(one)["model"].nunique() == 2


def test_several_seeds_of_one_world_are_those_of_the_world_with_most():
    runs = pd.DataFrame({"world": [3.0, 1.0, 1.0, 2.0, 2.0], "of.seed": [1, 1, 2, 1, 1]})
    assert one_world(runs).index.tolist() == [1, 2]
    assert one_world(runs.assign(world=np.nan)).equals(runs.assign(world=np.nan))
    assert one_world(runs[:0]).empty


def test_the_world_of_runs_of_this_build_is_told_by_the_columns_of_their_miniature():
    runs = pd.DataFrame(
        {"of.seed": [1, 1, 1], "of.start": ["Miniature", "Ticket", "Given"], "of.start.seed": [3.0, 9.0, np.nan]}
        | {"of.start.of": [None, "Miniature", None], "of.start.of.seed": [np.nan, 4.0, np.nan]}
    )
    told = told_apart(runs)
    assert told["model"].tolist() == ["3, 1", "4, 1", "-1, 1"]
    assert told["unit"].tolist() == [3, 4, -1]
