"""Runs of learned masks as one table, and differences of it in plain loops."""

import math

import numpy as np
import pandas as pd
import pytest

from lottery import store as runs
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.learned_mask import LearnedMask
from lottery.experiments.miniature import Miniature
from lottery.experiments.starts import Given
from lottery.findings import learned_masks as mask_tables

HOW = {"epochs": 1.0, "batch_size": 8, "max_length": 24}


def full(start, task="cola", seed=1):
    return FineTuning(start=start, task=task, learning_rate=1e-3, seed=seed, saved=True, **HOW)


def mask(start, task="cola", seed=1, **change):
    rates = {"ramp": 0.5, "score_rate": 0.02, "weight_rate": 1e-3, "strength": 1.0, "pressing": "run"}
    told = {"method": "smp_l", "sparsity": 0.5} | rates | HOW | change
    return LearnedMask(start=start, task=task, seed=seed, **told)


def row(experiment, **metrics):
    """As `runs.rows` makes it of a finished run."""
    return {"experiment": type(experiment).__name__, **runs.flattened(experiment), "majority": 0.4, **metrics}


def test_runs_are_told_by_model_method_rise_head_and_teacher():
    bert, roberta = (Miniature(seed=1, steps=5, family=family) for family in ("bert", "roberta"))
    given = Given(model="minilm", data="nowhere")
    taught = mask(roberta, "squad", teacher=full(roberta, "squad"), guided="printed", head="mlm", rise="linear")
    told = mask_tables.told(
        pd.DataFrame(
            [
                row(full(bert), score=0.5),
                row(bert),
                row(mask(bert, sparsity=0.9), score=math.nan),
                row(taught, score=0.7, exact_match=0.6),
                row(mask(given, method="movement"), score=0.3),
            ]
        )
    )
    assert told.drop(columns=["score", "exact_match", "majority"]).to_numpy().tolist() == [
        ["miniature BERT", "cola", 1, "full", "", "", "", 0.0],
        ["miniature BERT", "cola", 1, "smp_l", "cubic", "random", "", 0.9],
        ["miniature RoBERTa", "squad", 1, "smp_l", "linear", "mlm", "printed", 0.5],
        ["minilm", "cola", 1, "movement", "cubic", "random", "", 0.5],
    ]
    assert told["score"].tolist() == [0.5, 0.0, 0.7, 0.3]
    assert told["exact_match"].dropna().tolist() == [0.6]
    assert told["majority"].tolist() == [0.4] * 4


def test_runs_without_a_miniature_or_without_masks_are_told_too():
    given = Given(model="minilm", data="nowhere")
    told = mask_tables.told(pd.DataFrame([row(full(given), score=0.5)]))
    assert told[["model", "method", "rise", "guided", "asked"]].to_numpy().tolist() == [["minilm", "full", "", "", 0.0]]


def test_a_difference_is_the_mean_over_the_tasks_of_each_seed():
    generator = np.random.default_rng(1)
    scores = {
        (method, task, seed): generator.random()
        for method in ("smp_l", "movement")
        for task in ("cola", "sst2", "qnli")
        for seed in (1, 2, 3)
    }
    del scores["movement", "qnli", 3]
    for seed in (1, 2, 3):
        del scores["movement", "sst2", seed]
    rows = pd.DataFrame(
        [{"method": m, "task": t, "seed": s, "asked": 0.5, "score": value} for (m, t, s), value in scores.items()]
    )
    one, other = ({"method": method, "asked": 0.5} for method in ("smp_l", "movement"))
    found = mask_tables.difference(rows, "score", one, other)
    for seed in (1, 2):
        each = [scores["smp_l", task, seed] - scores["movement", task, seed] for task in ("cola", "qnli")]
        assert found[seed] == pytest.approx(sum(each) / 2)
    assert math.isnan(found[3])
    assert mask_tables.difference(rows, "score", one, other | {"asked": 0.9}).empty
    assert mask_tables.difference(rows[:0], "score", one, other).empty


def scores(**told):
    """{"cola": {seed: score}} as a series by seed and task."""
    rows = [(seed, task, score) for task, by_seed in told.items() for seed, score in by_seed.items()]
    return pd.DataFrame(rows, columns=["seed", "task", "score"]).set_index(["seed", "task"])["score"]


def test_seeds_are_told_apart_on_the_same_tasks():
    one = scores(
        cola={1: 0.5, 2: 0.7, 3: 0.1}, sst2={1: 0.9, 2: 0.8, 3: 0.7}, rte={1: 0.9}, mrpc={1: 0.1, 2: 0.2, 3: 0.3}
    )
    other = scores(cola={1: 0.4, 2: 0.3}, sst2={1: 0.6, 2: 0.6, 3: 0.6}, rte={1: 0.1}, qnli={1: 0.3})
    found = mask_tables.by_seed(one, other)  # rte has one seed, mrpc and qnli one side; cola lacks a run with seed 3
    assert found.index.tolist() == [1, 2, 3]
    assert found[1] == pytest.approx((0.1 + 0.3) / 2)
    assert found[2] == pytest.approx((0.4 + 0.2) / 2)
    assert math.isnan(found[3])
    assert mask_tables.by_seed(one[:0], other).empty


def test_two_scores_of_a_seed_and_task_are_refused():
    one = scores(cola={1: 0.5})
    with pytest.raises(ValueError, match="more than one score"):
        mask_tables.by_seed(pd.concat([one, one]), one)
