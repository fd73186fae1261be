"""The best learning rates, on made-up scores, against a loop over every pair of rates."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from lottery.findings import mask_rates

RATES, WEIGHTS, TASKS = (0.02, 0.06), (1e-3, 3e-3), ("cola", "sst2")


@pytest.fixture
def scores() -> dict[tuple, float]:
    """By (method, rate of scores, rate of weights, task, seed)."""
    generator = np.random.default_rng(8)
    places = [*product(("smp_l",), RATES, WEIGHTS), *product(("magnitude",), RATES[:1], WEIGHTS)]
    return {(*place, task, seed): generator.random() for place in places for task in TASKS for seed in (0, 1)}


@pytest.fixture
def runs(scores) -> pd.DataFrame:
    rows = [
        {"experiment": "LearnedMask", "method": method, "score_rate": rate, "weight_rate": weights, "task": task}
        | {"seed": seed, "sparsity": 0.9, "strength": 400.0 * (method == "smp_l"), "majority": 0.0, "score": score}
        for (method, rate, weights, task, seed), score in scores.items()
    ]
    rows.append({"experiment": "FineTuning", "learning_rate": 3e-3, "task": "cola", "seed": 0, "score": 0.7})
    return pd.DataFrame(rows).assign(majority=0.0)


def test_scores_are_means_over_seeds_at_each_pair_of_rates(runs, scores):
    rows = mask_rates.scored(runs)
    assert len(rows) == 2 * (4 + 2) + 1
    for row in rows[rows["method"] == "SMP-L"].to_dict("records"):
        each = [scores["smp_l", float(row["scores_at"]), row["weights_at"], row["task"], seed] for seed in (0, 1)]
        assert row["score"] == pytest.approx(50 * sum(each))
    others = rows[rows["method"] != "SMP-L"]
    assert set(others["scores_at"]) == {"none"}
    whole = rows[rows["method"] == "full fine-tuning"]
    assert whole[["weights_at", "asked", "score"]].to_numpy().tolist() == [[3e-3, 0.0, 70.0]]


def test_the_best_rates_are_those_of_the_highest_mean(runs, scores):
    table = mask_rates.best(mask_rates.scored(runs))
    means = {
        pair: 100 * np.mean([scores["smp_l", *pair, task, seed] for task in TASKS for seed in (0, 1)])
        for pair in product(RATES, WEIGHTS)
    }
    best = max(means, key=means.get)
    line = table.loc["SMP-L"]
    assert (float(line["scores_at"]), line["weights_at"]) == best
    assert (line["best"], line["worst"]) == pytest.approx((max(means.values()), min(means.values())))
    effects = [abs(means[RATES[0], weights] - means[RATES[1], weights]) for weights in WEIGHTS]
    assert line["by_scores"] == pytest.approx(max(effects))
    assert table.loc["magnitude", "by_scores"] == 0


def test_a_best_rate_with_none_beyond_it_is_told_where_there_is_one_between():
    line = {"method": "magnitude", "asked": 0.9, "task": "cola"}
    rates = [("none", 1e-4, 60.0), ("none", 1e-3, 65.0), ("none", 1e-2, 70.0)]
    rows = pd.DataFrame([dict(line, scores_at=scores, weights_at=at, score=score) for scores, at, score in rates])
    assert mask_rates.best(rows).loc["magnitude", "at_end"] == ["weights"]
    assert mask_rates.best(rows[1:]).loc["magnitude", "at_end"] == []  # of two one is always the last
    assert mask_rates.best(rows.assign(score=[60.0, 70.0, 65.0])).loc["magnitude", "at_end"] == []
    named = rows.assign(method="SMP-L", scores_at=["0.001", "0.01", "0.1"], weights_at=1e-3)
    assert mask_rates.best(named).loc["SMP-L", "at_end"] == ["scores"]
