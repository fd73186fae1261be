"""Rows of made-up runs by condition, against loops over the rows."""

import numpy as np
import pandas as pd
import pytest

from lottery.findings import conditions


def test_of_several_rates_the_best_on_dev_is_taken_and_ties_go_to_the_larger_loss():
    rows = pd.DataFrame(
        {
            "condition": "random",
            "sparsity": [0.0] * 3 + [0.5] * 2,
            "task": "cola",
            "seed": 1,
            "learning_rate": [1, 2, 3, 1, 2],
            "score": [0.5, 0.7, 0.7, np.nan, -0.2],
            "train_loss": [9.0, 1.0, 2.0, 9.0, 1.0],
        }
    )
    assert conditions.best(rows)["learning_rate"].tolist() == [3, 2]


def runs_of(scores: dict) -> pd.DataFrame:
    """A fine-tuning for each {(sparsity, task, seed, rate): score}, pruned in pre-training, and its pruned models."""
    rows = [
        {"experiment": "FineTuning", "start": "GradualPruning", "start.importance": "magnitude", "task": task}
        | {"start.sparsity": sparsity, "start.seed": seed, "seed": seed, "learning_rate": rate, "score": score}
        | {"train_loss": 1.0}
        for (sparsity, task, seed, rate), score in scores.items()
    ]
    pruned = [
        {"experiment": "GradualPruning", "importance": importance, "sparsity": sparsity}
        for importance, sparsity in (("magnitude", 0.0), ("magnitude", 0.5), ("random", 0.5))
    ]
    return pd.DataFrame([*rows, *pruned])


def test_what_was_transferred_has_one_rate_and_a_score_that_counts():
    scores = {(0.0, "cola", 1, 1e-3): 0.2, (0.0, "cola", 1, 1e-4): 0.3, (0.5, "cola", 1, 1e-3): np.nan}
    rows = conditions.transferred(runs_of(scores))
    assert rows[["condition", "sparsity", "learning_rate", "score"]].to_numpy().tolist() == [
        ["pruned_in_pretraining", 0.0, 1e-4, 0.3],
        ["pruned_in_pretraining", 0.5, 1e-3, 0.0],
    ]


def test_the_control_begins_both_ways_of_pruning_where_there_are_two():
    runs = runs_of({})
    both = conditions.pruned_models(runs)[["importance", "sparsity"]].to_numpy().tolist()
    assert sorted(both) == [["magnitude", 0.0], ["magnitude", 0.5], ["random", 0.0], ["random", 0.5]]
    assert len(conditions.pruned_models(runs[runs["importance"] == "magnitude"])) == 2


def test_means_over_tasks_are_those_of_a_loop_and_need_every_task():
    generator = np.random.default_rng(0)
    rows = pd.DataFrame(
        [
            {"condition": condition, "sparsity": sparsity, "task": task, "seed": seed, "score": generator.random()}
            for condition in ("b", "a")
            for sparsity in (0.0, 0.5)
            for task in ("cola", "rte", "sst2")
            for seed in (3, 1)
        ]
    )
    means = conditions.by_seed(rows, "score")
    assert means.columns.tolist() == [("b", 0.0), ("b", 0.5), ("a", 0.0), ("a", 0.5)]
    for (condition, sparsity), column in means.items():
        for seed, mean in column.items():
            chosen = [
                row["score"]
                for row in rows.to_dict("records")
                if (row["condition"], row["sparsity"], row["seed"]) == (condition, sparsity, seed)
            ]
            assert mean == pytest.approx(sum(chosen) / 3)
    lacking = conditions.by_seed(rows.drop(index=[0]), "score")
    assert lacking.isna().sum().sum() == 1
    assert np.isnan(lacking.loc[3, ("b", 0.0)])
