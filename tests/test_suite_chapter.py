"""A chapter of a toy experiment: its rows, those recorded beside them, and what it says where there are none."""

import math

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from IPython.display import Markdown
from matplotlib import pyplot as plt
from scipy.stats import binom
from toy_experiments import Doubling

from lottery import store
from lottery.suite.chapter import (
    HERE,
    PRINT,
    REAL,
    SMALL,
    Chapter,
    between,
    by_remaining,
    each_task,
    how_long,
    how_many,
    mean_and_sd,
    perform,
    points,
    recorded,
    tasks_among,
    tasks_of,
    title,
    with_range,
)
from lottery.suite.tables import MARK

NOTHING = pd.DataFrame()


@pytest.fixture
def grid(tmp_path):
    """Two finished runs, in tmp_path/results, of which the second is recorded as MiniLM's."""
    grid = [Doubling(number=number, log=str(tmp_path / "log")) for number in (1, 2)]
    for experiment in grid:
        store.perform(experiment, tmp_path / "results")
    (tmp_path / "records" / "minilm").mkdir(parents=True)
    store.record(grid[1:], tmp_path / "results", tmp_path / "records" / "minilm" / "doubling.parquet")
    return grid


def performed(grid, tmp_path) -> Chapter:
    places = (str(tmp_path / "results"), str(tmp_path / "records"))
    return perform("experiments/doubling", grid, *places, workers=1, scheduler="")


def doubles(rows: pd.DataFrame) -> list[int]:
    return rows["double"].tolist()


def test_things_are_counted_with_numbers_of_any_kind():
    assert [how_many(number, "run") for number in (1, 0, 1200)] == ["1 run", "0 runs", "1,200 runs"]
    assert [how_many(np.int64(number), "run") for number in (1, 3)] == ["1 run", "3 runs"]


def test_a_length_of_training_is_told_as_one_says_it():
    told = [how_long(epochs) for epochs in (0.25, 0.5, 0.15, 1.0, 1.5, 3.0)]
    assert told == ["a quarter of an epoch", "half an epoch", "0.15 of an epoch", "1 epoch", "1.5 epochs", "3 epochs"]


def test_a_chapter_has_its_own_rows_beside_the_recorded_ones(grid, tmp_path):
    with mpl.rc_context():
        mpl.rcParams["legend.frameon"] = True
        chapter = performed(grid, tmp_path)
        assert not mpl.rcParams["legend.frameon"]  # the look of the book
    assert doubles(chapter.live) == [2, 4]
    assert doubles(chapter.minilm) == [4]
    assert chapter.miniature.empty
    assert doubles(recorded(str(tmp_path / "records"), "minilm", "doubling")) == [4]
    assert doubles(chapter.recorded_or_live) == [2, 4]


def test_recorded_rows_of_the_miniature_come_before_those_of_this_build():
    one, other = pd.DataFrame({"double": [6]}), pd.DataFrame({"double": [8]})
    chapter = Chapter("a/b", one, other, NOTHING)
    assert chapter.recorded_or_live is other
    assert chapter.shown(doubles, "recorded_or_live") == [8]
    assert Chapter("a/b", one, NOTHING, NOTHING).shown(doubles, "recorded_or_live") == [6]


def test_where_nothing_is_recorded_it_is_said_how_to(grid, tmp_path):
    chapter = performed(grid, tmp_path)
    assert chapter.shown(doubles, "minilm") == [4]
    assert chapter.shown(doubles, "live") == [2, 4]
    sentence = chapter.shown(doubles)
    assert isinstance(sentence, Markdown)
    assert "lottery run experiments/doubling --profile miniature" in sentence.data
    assert sentence.data == chapter.missing().data
    assert "lottery record minilm" in chapter.missing("minilm").data


def test_where_there_are_no_such_rows_a_sentence_stands():
    chapter = Chapter("a/b", pd.DataFrame({"double": [2, 4]}), NOTHING, NOTHING)
    assert chapter.shown(doubles, "live", among=lambda rows: rows[rows["double"] > 2]) == [4]
    for show, among in ((doubles, lambda rows: rows[:0]), (lambda rows: rows[:0], None)):
        sentence = chapter.shown(show, "live", among=among, nothing="*None here.*")
        assert sentence.data == "*None here.*"
    assert isinstance(Chapter("a/b", NOTHING, NOTHING, NOTHING).shown(doubles, "live"), Markdown)
    with pytest.raises(ValueError, match="no rows 'paper': there are live, miniature, minilm, recorded_or_live"):
        chapter.shown(doubles, "paper")


def test_whoever_shows_rows_can_be_told_whose_they_are():
    chapter = Chapter("a/b", SIX, EIGHT, ZERO)

    def told(rows: pd.DataFrame, source: str) -> str:
        return f"{source}: {rows['double'].sum()}"

    assert chapter.shown(told, "live", named=True) == "This build: 6"
    assert chapter.shown(told, named=True) == "The miniature, recorded: 8"
    assert chapter.shown(told, "minilm", named=True) == "MiniLM, recorded: 0"


def made(rows: pd.DataFrame) -> pd.DataFrame:
    """A table of one line and task."""
    return pd.DataFrame({"CoLA": [f"{rows['double'].sum()}"]}, ["good"]) if rows["double"].sum() else pd.DataFrame()


def lines(shown) -> list[str]:
    """The lines of a table as the book shows it, below its heads, with its words first."""
    (about,) = shown.metadata[MARK]
    return [about["words"], *about["markdown"].splitlines()[::2][:1], *about["markdown"].splitlines()[2:]]


PRINTED = pd.DataFrame({"CoLA": ["50"]}, ["good"])
SIX, EIGHT, ZERO = (pd.DataFrame({"double": [number]}) for number in (6, 8, 0))


def test_a_finding_has_a_column_for_each_source_and_this_build_for_a_miniature_that_is_not_recorded():
    found = Chapter("a/b", SIX, NOTHING, EIGHT).finding(made, "It is so.", printed=PRINTED)
    assert found.metadata[MARK][0]["open"]
    assert lines(found) == ["It is so.", f"|  | {PRINT} | real BERT \\(MiniLM\\) | {HERE} |", "| good | 50 | 8 | 6 |"]
    recorded = Chapter("a/b", SIX, EIGHT, ZERO).finding(made, "It is so.")
    assert lines(recorded) == [f"It is so. Source: {SMALL}.", "|  | CoLA |", "| good | 8 |"]
    doubled = Chapter("a/b", SIX, EIGHT, NOTHING).finding(made, "It is.", among=lambda rows: 2 * rows)
    assert lines(doubled)[2] == "| good | 16 |"


def test_all_numbers_have_a_line_for_each_source_and_this_build_too():
    numbers = Chapter("a/b", SIX, EIGHT, NOTHING).numbers(made, "Doubles.", printed=PRINTED)
    assert not numbers.metadata[MARK][0]["open"]
    assert lines(numbers)[2:] == [f"| good | {PRINT} | 50 |", f"|  | {SMALL} | 8 |", f"|  | {HERE} | 6 |"]
    assert len(lines(Chapter("a/b", SIX, EIGHT, NOTHING).numbers(made, "Doubles.", live=False))) == 3


def test_of_a_finding_a_part_is_shown_and_all_of_it_folded():
    chapter = Chapter("a/b", SIX, EIGHT, NOTHING)
    more = chapter.finding(
        lambda rows: made(rows).assign(RTE="7"), "So.", part=lambda table: table[["RTE"]], what="All."
    )
    found, numbers = more.metadata[MARK]
    assert (found["words"], found["open"]) == (f"So. Source: {SMALL}.", True)
    assert found["markdown"].splitlines()[2:] == ["| good | 7 |"]
    assert (numbers["words"], numbers["open"]) == ("All.", False)
    assert numbers["markdown"].splitlines()[2:] == [f"| good | {SMALL} | 8 | 7 |", f"|  | {HERE} | 6 | 7 |"]
    assert more.data.count("<table") == 2


def test_a_table_that_no_source_fills_is_absent():
    chapter = Chapter("a/b", ZERO, NOTHING, NOTHING)
    for show in (chapter.finding, chapter.numbers):
        assert show(made, "Doubles.", nothing="*None.*").data == "*None.*"
        assert show(made, "Doubles.", live=False).data == "*There is nothing of this kind in these runs.*"


def test_a_title_is_that_of_the_file():
    assert (title("sst2"), title("smp_l", "mask_learning")) == ("SST-2", "SMP-L")


def test_texts_by_sparsity_stand_below_what_remains_the_most_first():
    table = by_remaining({"one": {0.9: "a", 0.2: "b"}, ("two", "other"): {0.97: "c"}}, gap="not met")
    assert table.columns.tolist() == ["80% remain", "10% remain", "3% remain"]
    assert table.index.tolist() == ["one", ("two", "other")]
    assert table.to_numpy().tolist() == [["b", "a", "not met"], ["not met", "not met", "c"]]
    assert by_remaining({("two", "other"): {0.97: "c"}}, ["count", None]).index.names == ["count", None]
    assert by_remaining({}, ["count", None]).empty


@pytest.mark.parametrize(
    ("score", "text"),
    [((0.82, 0.0027), "82.0 (0.27)"), ((0.82,), "82.0"), ((math.nan, 0.1), "did not converge")],
)
def test_a_score_is_told_in_points(score, text):
    assert points(*score) == text


def test_a_mean_stands_with_its_deviation_where_there_is_one():
    assert mean_and_sd(0.5112, 0.0075) == "51.1 ± 0.8"
    assert mean_and_sd(-0.021, math.nan) == "-2.1"
    assert mean_and_sd(math.nan, math.nan) == ""


def test_a_range_is_told_where_there_is_one():
    assert between([0.301, 0.2, 0.4], ".2f") == "0.20 to 0.40"
    assert between([0.301, 0.302], ".2f") == between([0.3], ".2f") == "0.30"
    assert with_range([0.1, 0.2, 0.6], ".1%") == "30.0% (10.0% to 60.0%)"
    assert with_range([0.25], "+.2f") == with_range([0.251, 0.249], "+.2f") == "+0.25"


def test_runs_of_this_build_that_are_recorded_too_are_told_with_how_far_apart_they_are():
    def rows(**scores):
        return pd.DataFrame({"key": list(scores), "score": list(scores.values())})

    def told(live, recorded):
        return Chapter("experiments/a", live, recorded, pd.DataFrame())._repeated()

    (line,) = told(rows(a=0.5, b=0.5, c=0.25), rows(a=0.5, b=0.56, c=0.17, d=0.1))
    assert "3 are recorded as well; 1 of these scores the same" in line
    assert "differ by 7.1 points (root mean square; at most 8.0)" in line  # of 6 and 8
    assert told(rows(a=0.5), rows(a=0.5)) == [
        "*Of the runs of this build, 1 is recorded as well, and scores the same to the last bit.*"
    ]
    assert told(rows(a=0.5), rows(b=0.5)) == []


def test_a_full_model_near_one_answer_to_all_is_said_to_show_nothing_of_pruning():
    def chapter(**scores):
        rows = [
            {"experiment": "FineTuning", "start": "Given", "task": task, "epochs": 1.0, "learning_rate": 1e-4}
            | {"seed": seed, "score": score, "majority": floor}
            for task, (score, floor) in scores.items()
            for seed in (0, 1)
        ]
        told = Chapter("experiments/a", pd.DataFrame(), pd.DataFrame(), pd.DataFrame(rows)).full_models()
        return told.data.split("\n\n")[1:]  # the scores come first

    # Of RTE's 277 examples 146 have the more frequent answer; 157 right or more (56.7%) have a chance of 0.10 then.
    assert binom.sf(156, 277, 146 / 277) > 0.05 > binom.sf(161, 277, 146 / 277)
    learnt = {"sst2": (0.8, 0.509), "cola": (0.2, math.nan)}
    (line,) = chapter(rte=(157 / 277, 146 / 277), **learnt)
    assert "above the majority-class baseline on RTE." in line
    assert chapter(rte=(162 / 277, 146 / 277), **learnt) == []
    (line,) = chapter(rte=(0.5, 146 / 277), sst2=(0.5, 0.509))
    assert " on RTE and SST-2." in line


def in_figure(chapter: Chapter, **more: object) -> dict[str, list[float]]:
    """What stands under each name of a figure, hollow points apart."""
    seen = {}

    def draw(rows: pd.DataFrame, axes: dict) -> None:
        axes["a"].plot(range(len(rows)), rows["double"], "o")

    chapter.figure(draw, ["a"], **more)
    for part in plt.gcf().subfigs:
        for ax in part.axes:
            for line in ax.lines:
                kind = " hollow" if line.get_fillstyle() == "none" else ""
                seen[part.get_suptitle() + kind] = line.get_ydata().tolist()
    plt.close("all")
    return seen


def test_a_figure_has_a_column_for_each_source_and_this_build_hollow_in_the_miniatures():
    one, two, three = (pd.DataFrame({"double": [number]}) for number in (2, 4, 6))
    printed = {PRINT: pd.DataFrame({"double": [8]})}
    assert in_figure(Chapter("a/b", one, two, three), printed=printed) == {
        PRINT: [8], REAL: [6], SMALL: [4], f"{SMALL} hollow": [2]
    }  # fmt: skip
    assert in_figure(Chapter("a/b", one, two, three), live=False) == {REAL: [6], SMALL: [4]}
    assert in_figure(Chapter("a/b", one, NOTHING, three)) == {REAL: [6], SMALL: [2]}
    both = Chapter("a/b", pd.DataFrame({"double": [2, 4]}), pd.DataFrame({"double": [6]}), NOTHING)
    assert in_figure(both, among=lambda rows: rows[rows["double"] > 2]) == {SMALL: [6], f"{SMALL} hollow": [4]}


def test_this_builds_runs_of_another_model_are_no_points_of_the_miniature():
    live = pd.DataFrame({"double": [2], "start.model": ["my_model"]})
    small = pd.DataFrame({"double": [4]})
    assert in_figure(Chapter("a/b", live, small, NOTHING)) == {SMALL: [4], HERE: [2]}
    assert in_figure(Chapter("a/b", live.assign(**{"start.model": "miniature"}), small, NOTHING)) == {
        SMALL: [4], f"{SMALL} hollow": [2]
    }  # fmt: skip


def test_this_builds_runs_in_another_language_are_no_points_of_the_recorded_ones():
    def rows(number: int, version: int) -> pd.DataFrame:
        text = f'{{"experiment": "Masks", "of": [{{"start": {{"experiment": "Miniature", "version": {version}}}}}]}}'
        return pd.DataFrame({"double": [number], "parameters": [text]})

    earlier, same = (Chapter("a/b", rows(2, 3), rows(4, version), NOTHING) for version in (2, 3))
    assert in_figure(earlier) == {SMALL: [4], HERE: [2]}
    assert in_figure(same) == {SMALL: [4], f"{SMALL} hollow": [2]}
    assert [chapter.of_first_language for chapter in (earlier, same)] == [True, False]


def test_a_figure_without_any_rows_is_a_sentence():
    sentence = Chapter("a/b", NOTHING, NOTHING, NOTHING).figure(lambda *_: None, ["a"], nothing="*None here.*")
    assert sentence.data == "*None here.*"
    assert not plt.get_fignums()


@pytest.mark.parametrize("kind", [int, np.int64])
def test_a_number_of_things_may_come_from_a_table(kind):
    assert [how_many(kind(number), "seed") for number in (1, 3)] == ["1 seed", "3 seeds"]
    assert [how_long(kind(number)) for number in (1, 3)] == ["1 epoch", "3 epochs"]


def test_each_task_is_drawn_by_itself_on_the_panel_of_its_name():
    rows = pd.DataFrame({"of.task": ["sst2", "cola", "sst2", "rte"], "score": [1, 2, 3, 4]})
    drawn = {}
    draw = each_task(lambda some, ax: drawn.update({ax: some["score"].tolist()}), "of.task")
    draw(rows, {"CoLA": "left", "SST-2": "right"})  # RTE has no panel in this figure
    assert drawn == {"right": [1, 3], "left": [2]}
    assert tasks_of(rows, "of.task") == ["SST-2", "CoLA", "RTE"]
    assert tasks_among(["RTE", "MNLI", "SST-2"], "of.task")(rows) == ["RTE", "SST-2"]
