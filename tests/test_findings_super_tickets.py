"""What super tickets score beside others, on made-up runs, against loops and scipy's intervals."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from lottery.findings import super_tickets
from lottery.findings.super_tickets import FULL
from lottery.statistics import Estimate

SEEDS, TASKS, LEVELS = (1, 2, 3), ("cola", "sst2"), (2, 6)
KEPT = {2: (4, 3), 6: (2, 1)}  # heads of five and MLPs of three, as printed


def tickets() -> list[tuple]:
    """(task, seed, part, ticket, recipe, tenths) of every model."""
    places = [(task, seed) for task in TASKS for seed in SEEDS]
    models = [(*place, False, FULL, "", 0) for place in places] + [(*place, True, FULL, "", 0) for place in places]
    for place in places:
        models += [(*place, False, which, "printed", k) for which in super_tickets.TICKETS for k in LEVELS]
        models += [(*place, True, "super", "printed", k) for k in LEVELS]
        if place[0] == "cola":
            models += [(*place, False, which, "released", k) for which in ("super", "random") for k in LEVELS]
    return models


@pytest.fixture
def scores() -> dict[tuple, tuple[float, float]]:
    """{a ticket: its score on dev, and on what was held out of train}."""
    generator = np.random.default_rng(5)
    return {ticket: tuple(generator.random(2)) for ticket in tickets()}


@pytest.fixture
def runs(scores) -> pd.DataFrame:
    rows = [{"experiment": "ComponentScores", "head_scores": [0.0] * 5, "mlp_scores": [0.0] * 3, "of.task": "cola"}]
    for (task, seed, part, which, recipe, tenths), (score, unseen) in scores.items():
        tuned = {"experiment": "FineTuning", "task": task, "seed": seed, "train_examples": 700 * part, "score": score}
        tuned |= {"unseen_score": unseen, "majority": math.nan if task == "cola" else 0.5, "start": "Miniature"}
        if which != FULL:
            kept = {"kept.which": which, "kept.recipe": recipe, "kept.tenths": tenths}
            heads, mlps = KEPT[tenths]
            cut = {"experiment": "PrunedScore", "of.task": task, "of.seed": seed, "of.train_examples": 700 * part}
            rows.append(cut | kept | {"heads": heads + (recipe == "released"), "mlps": mlps})
            tuned |= {"start": "Ticket"} | {f"start.{name}": value for name, value in kept.items()}
        rows.append(tuned)
    rows.append({"experiment": "FineTuning", "task": "qnli", "seed": 1, "score": 0.9, "train_examples": 0})  # of CAP
    return pd.DataFrame(rows)


@pytest.fixture
def rows(runs) -> pd.DataFrame:
    return super_tickets.scored(runs)


def interval(values: list[float]) -> tuple[float, float, float]:
    return sum(values) / len(values), *ttest_1samp(values, 0).confidence_interval(0.95)


def test_every_model_is_a_row_with_what_it_keeps(rows, scores):
    assert len(rows) == len(scores)
    for row in rows.to_dict("records"):
        ticket = tuple(row[name] for name in super_tickets.PLACE)
        heads, mlps = KEPT.get(row["tenths"], (5, 3))
        assert (row["score"], row["unseen"]) == scores[ticket]
        assert (row["heads"], row["mlps"]) == ((heads + (row["recipe"] == "released")) / 5, mlps / 3)
        assert row["majority"] == {"cola": 0.0, "sst2": 0.5}[row["task"]]


@pytest.mark.parametrize("other", [FULL, "random", "reversed"])
def test_a_super_ticket_is_held_against_others_level_by_level(rows, scores, other):
    differences = super_tickets.against(super_tickets.printed(rows), other)
    assert list(differences) == list(LEVELS)
    for level, difference in differences.items():
        beside = (other, "", 0) if other == FULL else (other, "printed", level)
        more = [
            50 * sum(
                scores[task, seed, False, "super", "printed", level][0] - scores[task, seed, False, *beside][0]
                for task in TASKS
            )
            for seed in SEEDS
        ]  # fmt: skip
        assert tuple(difference) == pytest.approx(interval(more))


def test_intervals_above_and_below_zero_are_counted():
    clear, low, open_ = Estimate(1.0, 0.1, 1.9), Estimate(-1.0, -1.9, -0.1), Estimate(1.0, -0.1, 2.1)
    assert super_tickets.apart({1: clear, 2: low, 3: clear, 4: open_, 5: Estimate(1.0, math.nan, math.nan)}) == (2, 1)


def test_the_level_is_chosen_task_by_task_where_it_is_said(rows, scores):
    chosen = super_tickets.chosen(rows)
    assert len(chosen) == 2 * len(TASKS) * len(SEEDS)
    for row in chosen.to_dict("records"):
        where = ("dev", "held out of train").index(row["chosen_on"])
        place = (row["task"], row["seed"], True)
        best = max(LEVELS, key=lambda level: scores[*place, "super", "printed", level][where])
        ticket, whole = scores[*place, "super", "printed", best], scores[*place, FULL, "", 0]
        assert (row["level"], row["heads"]) == (best, KEPT[best][0] / 5)
        assert row["on_dev"] == pytest.approx(100 * (ticket[0] - whole[0]))
        assert row["there"] == pytest.approx(100 * (ticket[where] - whole[where]))
    dev = chosen[chosen["chosen_on"] == "dev"]
    more = [dev.loc[dev["seed"] == seed, "there"].mean() for seed in SEEDS]
    assert tuple(super_tickets.gain(dev, "there")) == pytest.approx(interval(more))
    lacking = dev[(dev["task"] != "sst2") | (dev["seed"] != 2)]
    more = [lacking.query("task == 'cola' and seed == @seed")["there"].item() for seed in SEEDS]
    assert tuple(super_tickets.gain(lacking, "there")) == pytest.approx(interval(more))
    assert super_tickets.chosen(rows[~rows["part"]]).empty


def test_tickets_as_released_stand_beside_those_as_printed_on_the_tasks_that_have_both(rows, scores):
    lines = super_tickets.recipes(rows)
    assert list(zip(lines["ticket"], lines["tenths"], strict=True)) == [
        (ticket, level) for ticket in ("random", "super") for level in LEVELS
    ]
    for line in lines.to_dict("records"):
        ticket, level = line["ticket"], line["tenths"]
        more = [
            100 * (released[0] - printed[0])
            for released, printed in (
                [scores["cola", seed, False, ticket, recipe, level] for recipe in ("released", "printed")]
                for seed in SEEDS
            )
        ]
        assert (line["mean"], line["low"], line["high"]) == pytest.approx(interval(more))
        assert line["heads_printed"] == pytest.approx(KEPT[level][0] / 5)
        assert line["heads_released"] == pytest.approx((KEPT[level][0] + 1) / 5)
    assert super_tickets.recipes(rows[rows["recipe"] != "released"]).empty


def test_what_is_drawn_with_replacement_is_counted_by_drawing():
    generator = np.random.default_rng(0)
    counts = [len(set(generator.integers(12, size=8))) for _ in range(4000)]
    assert super_tickets.drawn(12, 8) == pytest.approx(np.mean(counts), abs=0.06)
    assert super_tickets.drawn(12, 1) == pytest.approx(1)
