"""What a search leaves of pruned models beside their controls, in plain loops."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.weightstats import DescrStatsW

from lottery.findings.weights_and_heads import MEASURES, compared, in_use, measured

SPARSITIES = (0.0, 0.6, 0.9)
# Searches that say nothing: of a pruned model, of a control, and of all models of a task and world at one sparsity.
LOST = [("cola", 1, 1, 0.6), ("sst2", 2, 2, 0.0), ("sst2", 3, 1, 0.9), ("sst2", 3, 2, 0.9)]


@pytest.fixture
def runs():
    drawn, rows = np.random.default_rng(0), []
    for task, world, trial, sparsity in product(("cola", "sst2"), (1, 2, 3), (1, 2), SPARSITIES):
        of = {"of.task": task, "of.start.seed": world, "of.seed": trial, "of.start.sparsity": sparsity}
        kept = {"heads": int(drawn.integers(1, 9)), "mlps": int(drawn.integers(1, 3)), "all_heads": 8, "all_mlps": 2}
        why = "lost" if (task, world, trial, sparsity) in LOST else ""
        scores = {"dense_score": 0.9, "share": 0.9, "majority": 0.5, "degenerate": why}
        rows.append({"experiment": "ComponentSearch"} | of | kept | scores)
        rows.append({"experiment": "ComponentScores", "head_scores": drawn.random(8).tolist()} | of)
    return pd.DataFrame(rows)


def test_as_many_heads_are_in_use_as_share_the_work_evenly():
    assert in_use(np.array([2.0, 2.0, 0.0, 0.0])) == 0.5
    assert in_use(np.array([0.0, 0.0, 5.0])) == pytest.approx(1 / 3)
    assert in_use(np.ones(7)) == pytest.approx(1)
    assert np.isnan(in_use(np.zeros(3)))


def test_a_model_counts_where_its_search_and_its_controls_say_something(runs):
    models = measured(runs)
    expected = [
        (task, world, trial, sparsity)
        for task, world, trial, sparsity in product(("cola", "sst2"), (1, 2, 3), (1, 2), SPARSITIES)
        if (task, world, trial, sparsity) not in LOST and (task, world, trial) != ("sst2", 2, 2)
    ]
    assert [*models[["task", "world", "trial", "sparsity"]].itertuples(index=False, name=None)] == expected
    for row in models.to_dict("records"):
        search, scores = (
            next(
                run
                for run in runs[runs["experiment"] == kind].to_dict("records")
                if (run["of.task"], run["of.start.seed"], run["of.seed"], run["of.start.sparsity"])
                == (row["task"], row["world"], row["trial"], row["sparsity"])
            )
            for kind in ("ComponentSearch", "ComponentScores")
        )
        assert (row["heads"], row["mlps"]) == (search["heads"] / 8, search["mlps"] / 2)
        each = scores["head_scores"]
        assert row["in_use"] == pytest.approx(sum(each) ** 2 / (8 * sum(score**2 for score in each)))


def test_what_is_left_is_held_against_the_control_of_the_same_seeds(runs):
    models = measured(runs)
    table = compared(models)
    assert table.index.tolist() == [0.6, 0.9]
    assert table["models"].tolist() == [10, 6]
    of = models.set_index(["task", "world", "trial", "sparsity"])
    for sparsity, name in product((0.6, 0.9), MEASURES):
        by_world = [
            np.mean(
                [
                    np.mean(
                        [
                            of.loc[(task, world, trial, sparsity), name] - of.loc[(task, world, trial, 0.0), name]
                            for trial in (1, 2)
                            if (task, world, trial, sparsity) in of.index
                        ]
                    )
                    for task in (("cola", "sst2") if sparsity == 0.6 else ("cola",))
                ]
            )
            for world in (1, 2, 3)
        ]
        judged = DescrStatsW(by_world)
        assert table.loc[sparsity, name] == pytest.approx((judged.mean, *judged.tconfint_mean()))
    assert compared(models[models["sparsity"] == 0]).empty
