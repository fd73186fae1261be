"""The scores of full models, against rows written out by hand and against those of the recorded chapters."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lottery import store
from lottery.findings.full_models import full_models

RECORDS = Path(__file__).parent.parent / "book/records"


def tuned(task, seed, score, **more):
    row = {"experiment": "FineTuning", "start": "Given", "task": task, "epochs": 2.0, "learning_rate": 1e-4}
    return row | {"seed": seed, "score": score, "majority": 0.5} | more


def found(*rows):
    return full_models(pd.DataFrame(rows)).set_index("task")


def test_a_task_has_the_mean_over_its_runs_and_how_they_were_trained():
    table = found(tuned("rte", 0, 0.5), tuned("rte", 1, 0.7), tuned("cola", 0, 0.2))
    assert table.index.tolist() == ["rte", "cola"]
    assert table["score"].tolist() == pytest.approx([0.6, 0.2])
    assert table[["runs", "ways"]].to_numpy().tolist() == [[2, 1], [1, 1]]
    assert table.loc["rte", ["epochs", "learning_rate", "majority"]].tolist() == [2.0, 1e-4, 0.5]


def test_what_is_pruned_or_has_seen_less_is_no_full_model():
    columns = {"start.sparsity": np.nan, "train_examples": 0.0, "start.family": "bert"}
    table = found(
        tuned("rte", 0, 0.5, **columns),
        tuned("rte", 1, 0.1, **columns | {"start": "Ticket"}),
        tuned("rte", 2, 0.2, **columns | {"start": "GradualPruning", "start.sparsity": 0.3}),
        tuned("rte", 3, 0.7, **columns | {"start": "GradualPruning", "start.sparsity": 0.0}),
        tuned("rte", 4, 0.3, **columns | {"train_examples": 300.0}),
        tuned("rte", 5, 0.4, **columns | {"start.family": "roberta"}),
    )
    assert (table.loc["rte", "score"], table.loc["rte", "runs"]) == (pytest.approx(0.6), 2)


def test_a_model_that_is_searched_twice_counts_once():
    def search(seed, score, kind="ComponentSearch"):
        named = {"of.task": "cola", "of.epochs": 2.0, "of.learning_rate": 1e-4, "of.seed": seed, "of.start": "Given"}
        return named | {"experiment": kind, "dense_score": score, "score": 0.0, "majority": 0.0}

    table = found(search(0, 0.2), search(0, 0.2), search(0, 0.2, "MagnitudeSearch"), search(1, 0.4))
    assert (table.loc["cola", "score"], table.loc["cola", "runs"]) == (pytest.approx(0.3), 2)


def test_of_several_trainings_the_one_of_most_runs_then_of_fewest_epochs_then_the_best():
    rates = [tuned("rte", 0, score, learning_rate=rate) for rate, score in ((1e-4, 0.5), (2e-4, 0.7), (3e-4, 0.6))]
    assert found(*rates).loc["rte", ["learning_rate", "ways"]].tolist() == [2e-4, 3]
    assert found(*rates, tuned("rte", 0, 0.4, epochs=1.0)).loc["rte", "epochs"] == 1.0
    assert found(*rates, tuned("rte", 1, 0.1)).loc["rte", "learning_rate"] == 1e-4


@pytest.mark.parametrize(
    ("chapter", "cola"),
    [("how_much_can_go", 25.8), ("gordon_pruning", 9.3), ("good_random_bad", 22.1), ("mask_learning", 27.0)],
)
def test_recorded_chapters_differ_in_it_because_they_train_differently(chapter, cola):
    table = full_models(store.recorded(RECORDS / "minilm" / f"{chapter}.parquet")).set_index("task")
    assert 100 * table.loc["cola", "score"] == pytest.approx(cola, abs=0.05)


def test_where_nothing_is_fine_tuned_there_is_none():
    assert full_models(store.recorded(RECORDS / "minilm" / "gordon_weights.parquet")).empty
