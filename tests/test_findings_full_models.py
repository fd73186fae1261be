"""The scores of full models, against rows written out by hand and against those of the recorded chapters."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lottery import store
from lottery.findings.full_models import full_models, interval, scored
from lottery.statistics import mean_interval

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
    ("chapter", "task", "score"),
    [
        ("how_much_can_go", "cola", 24.1),
        ("gordon_pruning", "cola", 9.3),
        ("good_random_bad", "cola", 22.1),
        ("mask_learning", "sst2", 83.9),
    ],
)
def test_recorded_chapters_differ_in_it_because_they_train_differently(chapter, task, score):
    table = full_models(store.recorded(RECORDS / "minilm" / f"{chapter}.parquet")).set_index("task")
    assert 100 * table.loc[task, "score"] == pytest.approx(score, abs=0.05)


def test_where_nothing_is_fine_tuned_there_is_none():
    assert full_models(store.recorded(RECORDS / "minilm" / "gordon_weights.parquet")).empty


def test_a_part_that_is_the_same_for_all_runs_makes_a_full_model_and_is_told():
    given = {"start.train_examples": 6000, "start.dev_examples": 1500, "train_examples": 0.0}
    pretrained = {"start": "GradualPruning", "start.sparsity": 0.0, "start.train_examples": np.nan}
    drawn = {"train_examples": 4000.0, "dev_examples": 1500.0, "stratified": True}
    table = found(tuned("sst2", 0, 0.8, **given), tuned("qnli", 0, 0.7, **pretrained | drawn), tuned("rte", 0, 0.6))
    assert table[["part", "dev_part"]].to_numpy().tolist() == [[6000, 1500], [4000, 1500], [0, 0]]
    assert found(tuned("qnli", 0, 0.7, **pretrained | drawn | {"stratified": False})).empty


def test_its_interval_is_over_runs_and_examples_together():
    """By drawing both anew: what each dev set of 500 says of a mean over five runs that spread by 0.02."""
    scores = [0.78, 0.79, 0.8, 0.81, 0.82]
    row = found(*(tuned("sst2", seed, score) for seed, score in enumerate(scores))).loc["sst2"]
    model = {"task": "sst2"} | row.to_dict()
    low, high = interval(model, 500)
    assert (low + high) / 2 == pytest.approx(0.8)
    of_runs = mean_interval(scores).high - 0.8
    draws = np.random.default_rng(0).binomial(500, 0.8, 100_000) / 500
    assert (high - low) / 2 == pytest.approx(np.sqrt(of_runs**2 + (1.96 * draws.std()) ** 2), rel=0.01)
    assert interval(model | {"dev_part": 50}, 500).high > high
    assert scored(model | {"dev_part": 50}, 500) == 50
    assert scored(model | {"dev_part": 900}, 500) == 500
    assert np.isnan(interval({"task": "sst2"} | found(tuned("sst2", 0, 0.8)).loc["sst2"].to_dict(), 500)).all()
