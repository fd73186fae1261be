"""Made-up tickets, against loops over the rows and scipy, one comparison at a time."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from lottery.findings import tickets

WORLDS, TASKS = (1, 2, 3), ("cola", "sst2")


def t_interval(values) -> tuple[float, float, float]:
    return (np.mean(values), *scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95))


def row(ticket: str, task: str, world: int, sparsity: float = 0.0, source: str = "", **of) -> dict:
    usual = {"of": "original", "rewind_step": 0} if source else {"of": None, "rewind_step": None}
    place = {"ticket": ticket, "task": task, "world": world, "sparsity": sparsity, "source": source}
    return place | usual | of


@pytest.fixture
def rows():
    """Tickets of two levels on two tasks, their controls at the second, carried from each source, and varied ways."""
    table = []
    for world in WORLDS:
        for task in TASKS:
            table += [row("full", task, world) for _ in range(3)]
            table += [row("iterative", task, world, sparsity, task) for sparsity in (0.3, 0.6, 0.9)]
            table += [row("random", task, world, sparsity) for sparsity in (0.6, 0.9)]
            table += [row("redrawn", task, world, sparsity, task) for sparsity in (0.6, 0.9)]
            table += [row("iterative", task, world, 0.6, source) for source in (*TASKS, "mlm") if source != task]
            table.append(row("iterative", task, world, 0.6, "mlm", rewind_step=None))
            table.append(row("one_shot", task, world, 0.6))
            table += [row(ticket, task, world, 0.6) for ticket in ("gradual", "recovered")]
        table.append(row("iterative", "cola", world, 0.6, "cola", rewind_step=None))
        table.append(row("iterative", "cola", world, 0.6, "cola", rewind_step=19))
        table.append(row("iterative", "cola", world, 0.657, "cola", of="remaining"))
        table.append(row("iterative", "sst2", world, 0.6, "sst2", of="remaining"))
    generator = np.random.default_rng(0)
    table = pd.DataFrame(table)
    scores = 0.7 + generator.normal(0, 0.02, len(table)) - 0.2 * (table["sparsity"] > 0.5)
    return table.assign(score=scores, undefined=False, majority=0.5).sample(frac=1, random_state=0)


def scores_of(rows: pd.DataFrame, **what) -> list[float]:
    """The score, or the mean of repeats, in each world."""
    some = rows
    for name, value in what.items():
        some = some[some[name].isna() if value is None else some[name] == value]
    return [some.loc[some["world"] == world, "score"].mean() for world in WORLDS]


USUAL = {"ticket": "iterative", "of": "original", "rewind_step": 0}


def test_a_ticket_wins_within_the_spread_of_repeats_in_a_world(rows):
    table = tickets.wins(rows)
    assert set(table.index) == set(TASKS)
    full = rows[(rows["task"] == "cola") & (rows["ticket"] == "full")]
    squares = [np.var([*full.loc[full["world"] == world, "score"]], ddof=1) for world in WORLDS]
    line = table.loc["cola"]
    assert line["tolerance"] == pytest.approx(np.sqrt(sum(squares) / 3))
    assert line["full"] == pytest.approx(np.mean(scores_of(rows, task="cola", ticket="full")))
    assert (line["judged"], line["tried"]) == (True, 3)
    means = {s: np.mean(scores_of(rows, task="cola", source="cola", sparsity=s, **USUAL)) for s in (0.3, 0.6, 0.9)}
    won = [sparsity for sparsity, mean in means.items() if mean >= line["full"] - line["tolerance"]]
    assert (line["won"], line["highest"], line["at"]) == (len(won), max(won), max(won)) == (1, 0.3, 0.3)
    cost = np.subtract(scores_of(rows, task="cola", source="cola", sparsity=0.3, **USUAL),
                       scores_of(rows, task="cola", ticket="full"))  # fmt: skip
    assert line["cost"] == pytest.approx(t_interval(cost))


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ({0.3: 0.0, 0.6: 0.005, 0.9: 0.2}, 0.6),
        ({0.3: 0.005, 0.6: 0.2, 0.9: 0.0}, 0.3),  # what comes after one that fails is not asked
        ({0.3: 0.2, 0.6: 0.0, 0.9: 0.0}, np.nan),
    ],
)
def test_tickets_match_up_to_the_last_that_a_one_sided_test_shows_to_lose_less_than_a_point(losses, expected):
    costs = {each: pd.Series([0.001, -0.001, 0.002]) - loss for each, loss in losses.items()}
    shown = []
    for each, cost in costs.items():  # by scipy, one at a time
        if scipy.stats.ttest_1samp(cost, -0.01, alternative="greater").pvalue >= 0.05:
            break
        shown.append(each)
    assert tickets.matched_up_to(costs) == pytest.approx(expected, nan_ok=True)
    assert tickets.matched_up_to(costs) == pytest.approx(max(shown, default=np.nan), nan_ok=True)
    assert np.isnan(tickets.matched_up_to({0.3: pd.Series([0.0])}))  # one world shows nothing


def test_nothing_is_judged_of_one_run_or_of_a_model_that_knows_nothing(rows):
    once = rows[(rows["ticket"] != "full") | ~rows.duplicated(["ticket", "task", "world"])]
    for some in (once, rows.assign(majority=0.9)):
        line = tickets.wins(some).loc["sst2"]
        assert (line["judged"], line["won"], line["at"]) == (False, 0, 0.3)
        assert np.isnan(line[["highest", "matched"]].astype(float)).all()
    lost = rows.assign(score=rows["score"].mask(rows["sparsity"] > 0, 0.0))
    assert (tickets.wins(lost).loc["sst2", ["judged", "won", "at"]] == [True, 0, 0.3]).all()


def test_one_answer_to_all_is_worth_what_it_is_on_average_over_the_worlds(rows):
    """Each world has its own dev set: here one answer gets 0.95 of the first one and 0.5 of the others, mean 0.65."""
    some = rows.assign(majority=np.where(rows["world"] == 1, 0.95, 0.5)).sort_values("world")
    assert tickets.one_answer(some, "cola") == pytest.approx(0.65)
    assert tickets.wins(some).loc["cola", "judged"]  # the full model has about 0.7
    assert not tickets.wins(some.sort_values("world", ascending=False).assign(score=0.64)).loc["cola", "judged"]
    assert tickets.one_answer(some.assign(majority=np.nan), "cola") == 0


def test_masks_of_no_task_that_is_judged_are_held_against_nothing(rows):
    carried = rows[(rows["source"] != rows["task"]) & (rows["source"] != "sst2") & (rows["source"] != "cola")]
    assert tickets.searched(carried) == []
    assert tickets.worth(carried).empty
    assert tickets.wins(carried).empty


def test_a_ticket_is_held_against_each_control_at_its_sparsities(rows):
    table = tickets.worth(rows)
    assert table.index.tolist() == [0.6, 0.9]
    assert set(table) == {"random", "redrawn", "one_shot"}
    mine, theirs = (
        np.mean(
            [scores_of(rows, task=task, source=source(task), ticket=ticket, sparsity=0.9) for task in TASKS], axis=0
        )
        for ticket, source in (("iterative", str), ("random", lambda _: ""))
    )
    assert table.loc[0.9, "random"] == pytest.approx(t_interval(mine - theirs))
    assert np.isnan(table.loc[0.9, "one_shot"].mean)


def test_printed_tickets_are_judged_by_either_deviation():
    printed = pd.DataFrame(
        {
            "ticket": ["full", "iterative"] * 2,
            "task": ["cola", "cola", "rte", "rte"],
            "score": [0.80, 0.79, 0.70, 0.68],
            "sd": [0.01, 0.001, 0.01, 0.03],
        }
    )
    assert tickets.within_sd(printed).to_numpy().tolist() == [[True, False], [False, True]]


def test_masks_are_carried_at_the_one_sparsity_that_all_sources_have(rows):
    carried = tickets.transferred(rows)
    assert set(carried["sparsity"]) == {0.6}
    sources = [*TASKS, "mlm", "mlm_never", "one_shot"]
    assert sorted(zip(carried["source"], carried["task"], carried["world"], strict=True)) == sorted(
        (source, task, world) for source in sources for task in TASKS for world in WORLDS
    )
    assert carried["source"].iloc[-1] == "one_shot"
    matrix = tickets.transfer_matrix(carried)
    assert matrix.loc["sst2", "sst2"] == pytest.approx(
        t_interval(
            np.subtract(scores_of(rows, task="sst2", source="sst2", sparsity=0.6, **USUAL),
                        scores_of(rows, task="sst2", ticket="full"))
        )
    )  # fmt: skip
    for source, ticket in (("sst2", USUAL), ("mlm", USUAL), ("mlm_never", USUAL | {"rewind_step": None})):
        found = scores_of(rows, task="cola", source=source.removesuffix("_never"), sparsity=0.6, **ticket)
        differences = np.subtract(found, scores_of(rows, task="cola", ticket="full"))
        assert matrix.loc[source, "cola"] == pytest.approx(t_interval(differences))


def test_sources_are_compared_by_their_means_over_the_tasks(rows):
    carried = tickets.transferred(rows)
    means = tickets.by_source(carried)
    for source, world in product(means, WORLDS):
        mean = means.loc[world, source]
        some = carried[(carried["world"] == world) & (carried["source"] == source)]
        assert mean == pytest.approx(sum(some["difference"]) / 2)
    assert tickets.costs(means)["mlm"] == pytest.approx(t_interval(means["mlm"]))
    best, pairs = tickets.ahead(means)
    assert best == max(means, key=lambda source: sum(means[source]))
    task = max(TASKS, key=lambda source: sum(means[source]))
    assert list(pairs) == [(one, other) for one in ("mlm", "mlm_never") for other in (task, "one_shot")]
    for (one, other), estimate in pairs.items():
        assert estimate == pytest.approx(t_interval(means[one] - means[other]))
    assert tickets.ahead(means[["mlm"]]) == ("mlm", {})


def test_other_ways_are_held_against_the_usual_one_of_the_nearest_sparsity(rows):
    table = tickets.varied(rows)
    ways = ("never rewound", "rewound to update 19", "a share of what remains")
    assert set(table.index) == {*(("cola", way) for way in ways), ("sst2", ways[-1])}
    line = table.loc[("cola", "a share of what remains")]
    assert (line["sparsity"], line["nearest"]) == (0.657, 0.6)
    here = {"task": "cola", "source": "cola"}
    usual = scores_of(rows, sparsity=0.6, **here, **USUAL)
    for name, which in (("a share of what remains", {"of": "remaining"}), ("never rewound", {"rewind_step": None})):
        found = scores_of(rows, ticket="iterative", **here, **which)
        assert table.loc[("cola", name), "more"] == pytest.approx(t_interval(np.subtract(found, usual)))
        assert table.loc[("cola", name), "score"] == pytest.approx(np.mean(found))
    none = tickets.varied(rows[rows["rewind_step"] == 0].query("of == 'original'"))
    assert (none.empty, [*none.index.names], [*none]) == (True, ["task", "way"], [*table])


def test_masks_and_weights_are_crossed_at_the_sparsity_of_gradual_pruning(rows):
    sparsity, table = tickets.crossed(rows)
    assert sparsity == 0.6
    full = np.mean([scores_of(rows, task=task, ticket="full") for task in TASKS], axis=0)
    for names, which in {
        ("iterative, on each task itself", "original"): lambda task: {"source": task, **USUAL},
        ("iterative, on the pre-training", "original"): lambda _: {"source": "mlm", **USUAL},
        ("gradual, in pre-training", "recovered"): lambda _: {"ticket": "recovered"},
    }.items():
        found = np.mean([scores_of(rows, task=task, sparsity=0.6, **which(task)) for task in TASKS], axis=0)
        assert table.loc[names, "change"] == pytest.approx(t_interval(found - full))
    more = pd.concat([rows, rows[~rows["ticket"].isin(["gradual", "recovered"])].assign(task="rte", score=0.1)])
    pd.testing.assert_frame_equal(tickets.crossed(more)[1], table)
    few = rows[(rows["ticket"] != "one_shot") | (rows["task"] == "cola")]
    assert "one cut, no training" in table.index.get_level_values("mask")
    assert "one cut, no training" not in tickets.crossed(few)[1].index.get_level_values("mask")


def test_an_undefined_score_counts_as_none_and_a_full_model_has_its_world():
    runs = pd.DataFrame(
        [
            {"experiment": "FineTuning", "start": "Miniature", "start.seed": 3, "seed": 1003, "score": 0.5},
            {"experiment": "FineTuning", "start": "GradualPruning", "start.sparsity": 0.6, "seed": 4, "score": np.nan},
            {"experiment": "IterativePruning"},
        ]
    )
    rows = tickets.scored(runs)
    assert rows[["ticket", "world", "sparsity", "score", "undefined"]].to_numpy().tolist() == [
        ["full", 3, 0.0, 0.5, False],
        ["recovered", 4, 0.6, 0.0, True],
    ]


def test_the_world_of_a_run_is_the_seed_of_its_search_whatever_the_repeat():
    runs = pd.DataFrame(
        [
            {"experiment": "FineTuning", "start": "ContinuedPretraining", "start.seed": 0, "seed": seed}
            for seed in (3, 3 + tickets.REPEAT, 3 + 2 * tickets.REPEAT)
        ]
        + [{"experiment": "FineTuning", "start": "GradualPruning", "start.sparsity": 0.5, "start.seed": 0, "seed": 3}]
    ).assign(task="cola", score=[0.5, 0.6, None, 0.4])
    rows = tickets.scored(runs)
    assert rows["world"].tolist() == [3, 3, 3, 3]
    assert rows["ticket"].tolist() == ["full", "full", "full", "recovered"]
    assert rows["score"].tolist() == [0.5, 0.6, 0.0, 0.4]
    assert tickets.full_scores(rows, "cola").to_numpy().tolist() == [[0.5, 0.6, 0.0]]
