"""What the miniature shows, in plain loops and by statsmodels."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.weightstats import DescrStatsW

from lottery.findings.miniature import ahead, aims, changes, gains, helped, regimes

SEEDS = (1, 2, 3)
TASKS = ("cola", "stsb", "wnli")
SPARSITIES = (0.0, 0.3, 0.6, 0.9)
LEVELS = {"cola": 0.0, "stsb": float("nan"), "wnli": 0.55}  # of the majority-class baseline


@pytest.fixture
def runs():
    """Models without pre-training, with it and with a longer one; pruned ones; fine-tunings of all but the longer."""
    drawn, rows = np.random.default_rng(0), []
    for seed in SEEDS:
        for steps, seconds in ((0, 1.0), (300, 100.0 + seed), (900, 400.0)):
            rows.append({"experiment": "Miniature", "seed": seed, "steps": steps, "seconds": seconds})
        for sparsity in SPARSITIES:
            loss = 1 + sparsity / 5 + drawn.random() / 100
            rows.append({"experiment": "GradualPruning", "seed": seed, "sparsity": sparsity, "mlm_loss": loss})
        for task in TASKS:
            tuned = {"experiment": "FineTuning", "seed": seed, "task": task, "majority": LEVELS[task]}
            for steps in (0, 300):
                start = {"start": "Miniature", "start.steps": steps}
                rows.append(tuned | start | {"score": drawn.random() / 4 + steps / 1000 * (task != "wnli")})
            for kind in ("cbow", "bilstm") if task != "wnli" else ():
                plain = {"experiment": "Baseline", "kind": kind, "start": "Miniature", "start.steps": 300}
                behind = 0.2 if task == "cola" or kind == "cbow" else 0.0
                rows.append(tuned | plain | {"score": 0.3 - behind + drawn.random() / 50})
            for sparsity in SPARSITIES:
                start = {"start": "GradualPruning", "start.sparsity": sparsity}
                rows.append(tuned | start | {"score": 0.8 - sparsity / 4 + drawn.random() / 100})
    table = pd.DataFrame(rows)
    table["start.seed"] = table["seed"].where(table["start"].notna())
    nothing = (table["task"] == "stsb") & (table["start.steps"] == 0) & (table["seed"] == 2)
    return table.assign(score=table["score"].mask(nothing))  # one number to all: no score


def score(runs, task, seed, **start):
    (found,) = [
        row["score"]
        for row in runs[runs["experiment"] == "FineTuning"].to_dict("records")
        if (row["task"], row["seed"]) == (task, seed) and all(row[f"start.{name}"] == start[name] for name in start)
    ]
    return 0.0 if np.isnan(found) else found


def interval(values):
    judged = DescrStatsW(list(values))
    return (judged.mean, *judged.tconfint_mean())


def test_what_pre_training_adds_is_paired_over_seeds(runs):
    table = gains(runs)
    assert table["task"].tolist() == list(TASKS)
    for row in table.to_dict("records"):
        drawn, pretrained = (
            [100 * score(runs, row["task"], seed, steps=steps) for seed in SEEDS] for steps in (0, 300)
        )
        assert (row["drawn"], row["pretrained"]) == pytest.approx((np.mean(drawn), np.mean(pretrained)))
        expected = interval(np.subtract(pretrained, drawn))
        assert (row["difference"], row["low"], row["high"]) == pytest.approx(expected)
        assert row["majority"] == pytest.approx(100 * LEVELS[row["task"]], nan_ok=True)


def test_a_task_is_helped_by_its_mean_and_harmed_by_its_whole_interval():
    table = pd.DataFrame(
        {
            "task": ["a", "b", "c", "d"],
            "difference": [10.0, 9.9, -5.0, -3.0],
            "low": [5.0, 9.0, -9.0, np.nan],
            "high": [15.0, 11.0, -1.0, np.nan],  # of one seed there is no interval
        }
    )
    assert helped(table) == (1, ["d"])
    assert helped(table, by=9.0, cost=0.5) == (2, ["c", "d"])


def test_the_model_is_held_against_baselines_world_by_world(runs):
    table = ahead(runs).set_index(["task", "kind"])
    assert set(table.index) == set(product(("cola", "stsb"), ("cbow", "bilstm")))
    for (task, kind), row in table.iterrows():
        plain = runs[(runs["experiment"] == "Baseline") & (runs["task"] == task) & (runs["kind"] == kind)]
        more = [score(runs, task, seed, steps=300) - plain.set_index("seed")["score"][seed] for seed in SEEDS]
        assert row["ahead"] == pytest.approx(interval(more))
        assert row["over"] == "worlds"


def test_regimes_are_held_against_the_control_of_the_seed(runs):
    table = regimes(runs)
    pruned = runs[runs["experiment"] == "GradualPruning"]
    loss = {(row["seed"], row["sparsity"]): row["mlm_loss"] for row in pruned.to_dict("records")}
    means = {
        (seed, sparsity): np.mean([score(runs, task, seed, sparsity=sparsity) for task in ("cola", "stsb")])
        for seed, sparsity in product(SEEDS, SPARSITIES)
    }
    assert len(table) == 12
    for row in table.to_dict("records"):
        place, control = (row["seed"], row["sparsity"]), (row["seed"], 0.0)
        assert row["rise"] == pytest.approx((loss[place] - loss[control]) / loss[control])
        assert row["change"] == pytest.approx(means[place] - means[control])
    at = changes(table)
    assert at.index.tolist() == [0.3, 0.6, 0.9]
    for sparsity in at.index:
        rises = [100 * (loss[seed, sparsity] / loss[seed, 0.0] - 1) for seed in SEEDS]
        assert at.loc[sparsity, "rise"] == pytest.approx(interval(rises))
        falls = [100 * (means[seed, sparsity] - means[seed, 0.0]) for seed in SEEDS]
        assert at.loc[sparsity, "change"] == pytest.approx(interval(falls))


def test_an_aim_is_met_or_not(runs):
    table = aims(runs)
    assert table["measured"][0] == "at most 103 s"
    # Two of three tasks gain; .3, .6 and .9 of sparsity cost 7.5, 15 and 22.5 points, and .6 a rise of 12%.
    assert table["met"].tolist() == [True, False, False, True, False, True, True, True, True]
    assert table["measured"][1].endswith(" of 2")
    slow = runs.assign(seconds=runs["seconds"] + 110 * (runs["steps"] == 300))
    assert not aims(slow)["met"][0]
    kind = (runs["task"] == "wnli") & (runs["start.steps"] == 300) & (runs["seed"] == 1)
    assert not aims(runs.assign(score=runs["score"].mask(kind, 0.6)))["met"].iloc[-1]
    harmed = (runs["task"] == "cola") & (runs["start.steps"] == 300)
    worse = aims(runs.assign(score=runs["score"].mask(harmed, -1.0)))
    assert worse.loc[3, ["measured", "met"]].tolist() == ["on 1: CoLA", False]
