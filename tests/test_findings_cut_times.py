"""Made-up fine-tunings cut late, first and at once, against loops over the rows, scipy and statsmodels."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired
from toy_pretrainings import control

from lottery import store
from lottery.experiments import conditions
from lottery.findings import cut_times
from lottery.findings.cut_times import AT_ONCE, FIRST, LATE

TASKS, SPARSITIES, LENGTHS = ("cola", "sst2"), (0.3, 0.6), (1.0, 3.0)
PLACES = [(before, sparsity) for before in LENGTHS for sparsity in SPARSITIES]
AT_FIRST = [(0.0, sparsity) for sparsity in SPARSITIES]


def t_interval(values) -> tuple[float, float, float]:
    return (np.mean(values), *scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95))


def told(tuning, score: float) -> dict:
    named = {"experiment": "FineTuning", "key": store.key(tuning)}
    return named | store.flattened(tuning) | {"score": score, "accuracy": score / 2}


def runs_of(fine_tuning, worlds=(1, 2, 3, 4), seeds=(1, 2)) -> pd.DataFrame:
    """Every cut on two tasks, in worlds of two fine-tunings each, as the chapter asks for them."""
    generator, rows = np.random.default_rng(0), []
    for world in worlds:
        for task in TASKS:
            for seed in seeds:
                last = replace(fine_tuning, start=control(seed=world), task=task, seed=seed, epochs=2.0, saved=False)
                grid = [conditions.cut_late(last, sparsity, 0.0) for sparsity in SPARSITIES]
                for before in LENGTHS:
                    grid += [conditions.cut_late(last, sparsity, before) for sparsity in SPARSITIES]
                    grid += [conditions.cut_first(last, sparsity, before) for sparsity in (0.0, *SPARSITIES)]
                rows += [told(each, 0.8 + 0.003 * generator.standard_normal()) for each in grid]
    return pd.DataFrame(rows)


@pytest.fixture
def runs(fine_tuning) -> pd.DataFrame:
    return runs_of(fine_tuning)


def test_a_fine_tuning_is_known_by_when_it_was_cut(fine_tuning, runs):
    last = replace(fine_tuning, start=control(), epochs=2.0, saved=False)
    others = [last, conditions.under("information_deletion", last, 0.6, "equal"), replace(last, start=control(seed=9))]
    rows = cut_times.with_cuts(pd.concat([runs, pd.DataFrame([told(each, 0.1) for each in others])]))
    assert len(rows) == len(runs)
    counted = rows.groupby(["cut", "before", "sparsity"]).size()
    late, at_once = ([(cut, *place) for place in places] for cut, places in ((LATE, PLACES), (AT_ONCE, AT_FIRST)))
    first = [(FIRST, before, sparsity) for before in LENGTHS for sparsity in (0.0, *SPARSITIES)]
    assert counted.to_dict() == dict.fromkeys([*late, *at_once, *first], 4 * 2 * 2)
    assert sorted(rows["unit"].unique()) == [1, 2, 3, 4]
    one_model = cut_times.with_cuts(runs_of(fine_tuning, worlds=(7,)))
    assert sorted(one_model["unit"].unique()) == [1, 2]


def mean_in(rows: pd.DataFrame, world: int, cut: str, before: float, sparsity: float) -> float:
    """The mean over the tasks of the mean over the fine-tunings, by a loop."""
    by_task = {}
    for row in rows.to_dict("records"):
        if (row["pruning_seed"], row["cut"], row["before"], row["sparsity"]) == (world, cut, before, sparsity):
            by_task.setdefault(row["task"], []).append(row["score"])
    return sum(sum(each) / len(each) for each in by_task.values()) / len(TASKS)


def test_late_and_first_are_paired_by_world_and_tested_for_a_point(runs):
    rows = cut_times.with_cuts(runs)
    table = cut_times.compared(rows)
    assert table.index.tolist() == PLACES
    p_values = []
    for before, sparsity in PLACES:
        late, first, whole, at_once = (
            np.array([mean_in(rows, world, *place) for world in (1, 2, 3, 4)])
            for place in (
                (LATE, before, sparsity),
                (FIRST, before, sparsity),
                (FIRST, before, 0.0),
                (AT_ONCE, 0.0, sparsity),
            )
        )
        row = table.loc[(before, sparsity)]
        assert row["late"] == pytest.approx(t_interval(late - first))
        assert row["cost"] == pytest.approx(t_interval(first - whole))
        assert row["unlike"] == pytest.approx(t_interval(late - at_once))
        p_values.append(ttost_paired(late, first, -0.01, 0.01)[0])
    assert table["p"].tolist() == pytest.approx(multipletests(p_values, method="holm")[1])
    assert table["p"].max() < 0.05


def test_a_world_that_lacks_a_task_leaves_no_number_and_what_was_not_run_no_row(runs):
    rows = cut_times.with_cuts(runs)
    lacking = rows[(rows["cut"] != LATE) | (rows["unit"] != 3) | (rows["task"] != "cola") | (rows["before"] != 1.0)]
    table = cut_times.compared(lacking)
    assert np.isnan(table.loc[(1.0, 0.3), "late"].mean)
    assert np.isfinite(table.loc[(3.0, 0.3), "late"].mean)
    alone = cut_times.compared(rows[rows["cut"] == LATE])
    assert alone.empty
    assert alone.index.names == ["before", "sparsity"]
    bare = cut_times.compared(rows[(rows["cut"] != AT_ONCE) & (rows["sparsity"] > 0)])
    assert bare["cost"].isna().all()
    assert bare["unlike"].isna().all()


def test_an_undefined_score_counts_as_nothing(runs):
    runs.loc[0, "score"] = np.nan
    assert cut_times.with_cuts(runs)["score"].min() == 0.0


def test_only_places_at_which_both_were_run_are_weighed(runs):
    rows = cut_times.with_cuts(runs)
    late, first = cut_times.late_and_first(runs)
    assert len(late) == len(first) == 4 * 2 * 2 * len(PLACES)
    longest = (rows["cut"] == FIRST) & (rows["before"] == 3.0) & (rows["sparsity"] == 0.6)
    late, first = cut_times.late_and_first(runs[~runs["key"].isin(rows.loc[longest, "key"])])
    both = {tuple(place) for place in late[["before", "sparsity"]].to_numpy()}
    assert both == {tuple(place) for place in first[["before", "sparsity"]].to_numpy()} == {*PLACES} - {(3.0, 0.6)}
