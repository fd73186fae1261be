"""Made-up pruned models: which are compared, curves against lines by hand, and power against a simulation."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from toy_pretrainings import SEEDS, SPARSITIES, varied_runs

from lottery.findings import prunable


@pytest.fixture
def runs():
    return varied_runs()


def test_scopes_are_compared_where_both_were_tried(runs):
    tuned = prunable.tuned(runs)
    scope = prunable.by_scope(tuned)
    assert {name: sorted(set(scope[name])) for name in ("scope", "task", "sparsity", "seed")} == {
        "scope": ["global", "local"],
        "task": ["qnli", "sst2"],
        "sparsity": [0.6],
        "seed": [*SEEDS],
    }
    assert len(scope) == 3 * 2 * 2 * 2
    assert len(prunable.by_scope(prunable.pruned(runs))) == 3 * 2
    assert len(prunable.local(tuned)) == 3 * 3 * 3 * 2


def test_the_seed_is_the_world_and_of_one_model_that_of_its_fine_tuning(runs):
    tuned = prunable.tuned(runs)
    assert tuned["seed"].tolist() == tuned["pruning_seed"].tolist() == tuned["start.seed"].tolist()
    alone = prunable.tuned(varied_runs(seeds=(2,)))
    assert (sorted(set(alone["seed"])), sorted(set(alone["pruning_seed"]))) == ([2, 12], [2])


def test_means_over_tasks_and_fine_tunings_make_a_curve_each_world(runs):
    curves = prunable.curves(prunable.by_scope(prunable.tuned(runs)), ["scope"])
    rows = runs[(runs["start.scope"] == "global") & (runs["experiment"] == "FineTuning")]
    for seed, curve in curves.loc["global"].iterrows():
        assert curve[0.6] == pytest.approx(sum(rows.loc[rows["start.seed"] == seed, "accuracy"]) / 4)
    whole = prunable.curves(prunable.local(prunable.tuned(runs)), [])
    assert whole.shape == (3, 3)
    falls, rises = prunable.drops(whole), prunable.rises(whole)
    for seed in SEEDS:
        for sparsity in SPARSITIES:
            assert falls.loc[seed, sparsity] == pytest.approx(whole.loc[seed, 0.0] - whole.loc[seed, sparsity])
            assert rises.loc[seed, sparsity] == pytest.approx(whole.loc[seed, sparsity] / whole.loc[seed, 0.0] - 1)
    points = prunable.points(whole, "accuracy")
    assert len(points) == whole.size
    assert points.iloc[4]["accuracy"] == whole.loc[points.iloc[4]["seed"], points.iloc[4]["sparsity"]]


def test_one_answer_to_all_is_right_as_often_as_it_was_on_average(runs):
    rows = prunable.tuned(runs)
    means = [rows.loc[rows["task"] == task, "majority_accuracy"].mean() for task in ("cola", "sst2", "qnli")]
    assert prunable.one_answer(rows) == pytest.approx(sum(means) / 3)


def test_a_contrast_of_four_drops_takes_as_many_worlds_as_a_simulation_says():
    """The number of worlds at which 80% of drawn contrasts of two points are told from none by a t test."""
    generator = np.random.default_rng(3)
    drops = [0.00, 0.012, 0.03, 0.019, 0.008]
    rows = [
        {"experiment": "FineTuning", "start": "GradualPruning", "task": "cola", "seed": 5, "start.seed": world,
         "start.scope": "local", "start.sparsity": sparsity, "accuracy": 0.8 - (drop if sparsity else 0.0)}
        for world, drop in enumerate(drops) for sparsity in (0.0, 0.6)
    ]  # fmt: skip
    planned = prunable.contrast_of_four(pd.DataFrame(rows), sparsity=0.6)
    assert planned.spread == pytest.approx(100 * np.std(drops, ddof=1))
    assert (planned.recorded, planned.difference) == (5, 2.0)

    def told(worlds: int) -> float:
        each = planned.spread * generator.standard_normal((20_000, worlds, 4)) @ np.array([1, -1, 1, -1]) + 2
        return float((scipy.stats.ttest_1samp(each, 0, axis=1).pvalue < 0.05).mean())

    assert told(int(planned.worlds)) > 0.79
    assert told(int(planned.worlds) - 1) < 0.81
    alone = [row for row in rows if row["start.seed"] == 0]
    assert math.isnan(prunable.contrast_of_four(pd.DataFrame(alone), sparsity=0.6).worlds)
    wide = [row | {"accuracy": row["accuracy"] + 3 * (row["start.seed"] % 2) * row["start.sparsity"]} for row in rows]
    assert prunable.contrast_of_four(pd.DataFrame(wide), sparsity=0.6).worlds == math.inf
