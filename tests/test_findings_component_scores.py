"""Scores of heads beside each other, and the searches by them: against scipy, statsmodels and loops over heads."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from statsmodels.stats.weightstats import DescrStatsW

from lottery.findings.component_scores import alike, beside_itself, beside_stated, sizes, tickets

SCORES = ("sample", "running", "random")
MODELS = [*product(("cola", "sst2"), (1, 2, 3))]


@pytest.fixture
def runs():
    """Scores of thirty heads, those of "running" in another order too, and searches by two of them; all drawn."""
    drawn, rows = np.random.default_rng(0), []
    for (task, seed), score in product(MODELS, SCORES):
        place = {"of.task": task, "of.seed": seed, "importance": score}
        for order in (0.0, 1.0) if score == "running" else (0.0,):
            rows.append(
                {"experiment": "ComponentScores", "order": order, "normalised": drawn.random(30).tolist()} | place
            )
        if score == "running":
            continue
        kept = drawn.integers(2, size=6).tolist()
        rows.append(
            {"experiment": "ComponentSearch", "kept_heads": kept, "heads": sum(kept), "all_heads": 6, "all_mlps": 2}
            | {"mlps": 1, "share_kept": drawn.random(), "degenerate": "", "share": 0.9, "dense_score": 0.9}
            | {"majority": 0.5}
            | place
        )
    return pd.DataFrame(rows)


def scores(runs, task, seed, name, order=0.0):
    (row,) = [
        row
        for row in runs[runs["experiment"] == "ComponentScores"].to_dict("records")
        if (row["of.task"], row["of.seed"], row["importance"], row["order"]) == (task, seed, name, order)
    ]
    return row["normalised"]


def in_common(one, other):
    """Of the three lowest of thirty, found one by one."""
    lowest = [sorted(range(30), key=lambda head, of=of: of[head])[:3] for of in (one, other)]
    return sum(head in lowest[1] for head in lowest[0]) / 3


def test_two_scores_are_alike_in_order_and_in_their_lowest_tenth():
    one = [0.1, 0.2, 0.3, 0.4, 0.5]
    assert alike(one, one) == {"rank": pytest.approx(1), "shared": 1, "by_chance": 0.4}  # at least two heads
    assert alike(one, one[::-1]) == {"rank": pytest.approx(-1), "shared": 0, "by_chance": 0.4}
    assert np.isnan(alike(one, [0.5] * 5)["rank"])


def test_every_score_is_held_against_the_stated_one_of_its_model(runs):
    pairs = beside_stated(runs)
    assert sorted(pairs[["of.task", "of.seed", "importance"]].itertuples(index=False, name=None)) == sorted(
        (*model, score) for model in MODELS for score in SCORES[1:]
    )
    for row in pairs.to_dict("records"):
        place = (row["of.task"], row["of.seed"])
        one, other = scores(runs, *place, "sample"), scores(runs, *place, row["importance"])
        assert row["rank"] == pytest.approx(spearmanr(one, other).statistic)
        assert row["shared"] == in_common(one, other)
        assert row["by_chance"] == 0.1


def test_a_score_is_held_against_itself_in_another_order(runs):
    pairs = beside_itself(runs)
    assert len(pairs) == len(MODELS)
    assert set(pairs["importance"]) == {"running"}
    for row in pairs.to_dict("records"):
        one, other = (scores(runs, row["of.task"], row["of.seed"], "running", order) for order in (0.0, 1.0))
        assert row["rank"] == pytest.approx(spearmanr(one, other).statistic)
        assert row["shared"] == in_common(one, other)
    assert beside_itself(runs[runs["order"] != 1.0]).empty


def searched(runs, score):
    rows = runs[(runs["experiment"] == "ComponentSearch") & (runs["importance"] == score)].to_dict("records")
    return {(row["of.task"], row["of.seed"]): row for row in rows}


def test_tickets_are_compared_head_by_head(runs):
    table = tickets(runs).set_index("importance")
    assert table.index.tolist() == ["sample", "random"]
    assert table.loc["sample", "jaccard"] == 1
    stated, drawn = searched(runs, "sample"), searched(runs, "random")
    jaccards, by_chance = [], []
    for model in MODELS:
        a, b = stated[model]["kept_heads"], drawn[model]["kept_heads"]
        jaccards.append(
            sum(x and y for x, y in zip(a, b, strict=True)) / sum(x or y for x, y in zip(a, b, strict=True))
        )
        both = sum(a) / 6 * sum(b) / 6
        by_chance.append(both / (1 - (1 - sum(a) / 6) * (1 - sum(b) / 6)))
    row = table.loc["random"]
    assert (row["jaccard"], row["by_chance"]) == pytest.approx((np.mean(jaccards), np.mean(by_chance)))
    assert row["heads"] == pytest.approx(np.mean([each["heads"] for each in drawn.values()]))
    assert row["share_kept"] == pytest.approx(np.mean([each["share_kept"] for each in drawn.values()]))


def test_sizes_are_paired_by_task_and_seed_on_the_tasks_of_every_seed(runs):
    lost = (runs["importance"] == "random") & (runs["of.task"] == "sst2") & (runs["of.seed"] == 2)
    runs.loc[lost & (runs["experiment"] == "ComponentSearch"), "degenerate"] = "lost"
    stated, drawn = searched(runs, "sample"), searched(runs, "random")
    more = {model: 100 * (drawn[model]["share_kept"] - stated[model]["share_kept"]) for model in MODELS}
    judged = DescrStatsW([more["cola", seed] for seed in (1, 2, 3)])
    ((name, estimate),) = sizes(runs).items()
    assert name == "random"
    assert estimate == pytest.approx((judged.mean, *judged.tconfint_mean()))
    whole = sizes(runs.assign(degenerate=runs["degenerate"].mask(lost, "")))["random"]
    assert whole.mean == pytest.approx(np.mean([*more.values()]))
    silent = runs.assign(degenerate="lost")
    assert sizes(silent).empty
    assert tickets(silent).empty


def test_without_the_stated_score_nothing_is_held_against_it(runs):
    without = runs[runs["importance"] != "sample"]
    assert sizes(without).empty
    assert beside_stated(without).empty
    assert len(beside_itself(without)) == len(MODELS)
    assert np.isnan(tickets(without).set_index("importance").loc["random", "jaccard"])


def test_where_nothing_was_searched_there_are_no_tickets(runs):
    """Then the runs have none of a search's columns."""
    without = runs[runs["experiment"] == "ComponentScores"].dropna(axis=1)
    assert "kept_heads" not in without
    assert sizes(without).empty
    assert tickets(without).empty
