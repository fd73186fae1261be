"""Places among random subnetworks, and what heads and MLPs are worth there: against counts, scipy and statsmodels."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.weightstats import DescrStatsW

from lottery.findings import random_cuts

MODELS = [*product((1.0, 2.0, 3.0), ("cola", "sst2"))]
DRAWS = 40


@pytest.fixture
def runs():
    """Models of three worlds and two tasks; one search that says nothing, one that keeps every MLP; some ties."""
    drawn, rows = np.random.default_rng(0), []
    for number, (world, task) in enumerate([*MODELS, (4.0, "rte")]):
        heads = drawn.integers(2, 6, size=DRAWS)
        mlps = drawn.integers(0, 3, size=DRAWS) if number != 2 else np.full(DRAWS, 2)
        scores = np.round(0.05 * heads + 0.1 * mlps + drawn.normal(0, 0.05, DRAWS), 2)
        scores[0] = np.nan
        rows.append(
            {"experiment": "RandomCuts", "world": world, "like.of.task": task, "like.of.seed": 5, "like.share": 0.9}
            | {"scores": scores.tolist(), "good_score": np.sort(scores[1:])[-3], "bad_score": np.sort(scores[1:])[4]}
            | {"good_heads": heads.tolist(), "good_mlps": mlps.tolist(), "heads": 6, "mlps": 2}
            | {"dense_score": 0.9, "majority": 0.85 if task == "rte" else 0.5}
        )
    return pd.DataFrame(rows)


def test_a_place_is_how_many_random_ones_are_worse_a_tie_for_a_half(runs):
    rows = random_cuts.cuts(runs)
    assert len(rows) == len(MODELS)  # RTE's bound is no more than the majority-class baseline reaches
    found = random_cuts.places(rows)
    for row, place in zip(rows.to_dict("records"), found.to_dict("records"), strict=True):
        scores = [0.0 if np.isnan(score) else score for score in row["scores"]]
        for kind in ("good", "bad"):
            own = row[f"{kind}_score"]
            assert place[kind] == sum(1.0 if score < own else 0.5 if score == own else 0.0 for score in scores)
    table = random_cuts.by_task(found)
    for task, line in table.iterrows():
        some = found[found["of.task"] == task]
        count, draws = some["good"].sum(), DRAWS * 3
        assert (line["models"], line["draws"]) == (3, draws)
        whole = round(count)
        ends = beta.ppf(0.025, whole, draws - whole + 1), beta.ppf(0.975, whole + 1, draws - whole)
        assert line["good"] == pytest.approx((count / draws, *ends))
    judged = DescrStatsW(
        [np.mean([place / DRAWS for place in found.loc[found["unit"] == world, "bad"]]) for world in (1, 2, 3)]
    )
    assert random_cuts.in_all(found)["bad"] == pytest.approx((judged.mean, *judged.tconfint_mean()))


def test_heads_and_mlps_are_worth_what_a_plane_through_the_random_ones_says(runs):
    rows = random_cuts.cuts(runs)
    worth = random_cuts.worth(rows)
    slopes = {}
    for world, task in MODELS:
        (row,) = [row for row in rows.to_dict("records") if (row["world"], row["of.task"]) == (world, task)]
        scores = 100 * np.nan_to_num(row["scores"])
        columns = [np.ones(DRAWS), np.array(row["good_heads"]) / 6, np.array(row["good_mlps"]) / 2]
        every_mlp = (world, task) == MODELS[2]
        slopes[world, task] = OLS(scores, np.column_stack(columns[:2] if every_mlp else columns)).fit().params[1:]
    heads = DescrStatsW([np.mean([slopes[world, task][0] for task in ("cola", "sst2")]) for world in (1, 2, 3)])
    assert worth["heads"] == pytest.approx((heads.mean, *heads.tconfint_mean()))
    mlps = DescrStatsW([slopes[world, "sst2"][1] for world in (1, 2, 3)])  # CoLA's of the second world keeps every one
    assert worth["mlps"] == pytest.approx((mlps.mean, *mlps.tconfint_mean()))


def test_without_random_cuts_there_is_nothing(runs):
    rows = random_cuts.cuts(runs[:0])
    assert rows.empty
    assert random_cuts.by_task(random_cuts.places(rows)).empty
