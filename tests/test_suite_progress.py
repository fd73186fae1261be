"""What is left of a grid in time: counted by hand, from nothing known to everything done."""

import math
from dataclasses import dataclass

import pandas as pd
import pytest

from lottery.suite.progress import Bar, Left, in_words, kind, recorded_seconds


@dataclass
class Training:
    task: str


@dataclass
class Scoring:
    number: int


@dataclass
class Start:
    model: str


@dataclass
class Tuning:
    task: str
    start: Start


@dataclass
class Cut:
    of: Tuning
    at: float = 0.5


def test_runs_are_of_a_kind_that_do_the_same_on_the_same_task():
    assert kind(Training("cola")) == kind(Training("cola")) == ("Training", "cola", "miniature")
    assert kind(Scoring(1)) == kind(Scoring(2)) == ("Scoring", "", "miniature")
    assert kind(Cut(Tuning("rte", Start("minilm")))) == ("Cut", "", "minilm")
    assert kind(Tuning("rte", Start("minilm"))) == ("Tuning", "rte", "minilm")


def test_what_is_recorded_is_read_from_all_chapters(tmp_path):
    assert recorded_seconds(tmp_path) == {}
    for profile, chapter, seconds in (("miniature", "a", [1, 3, 2]), ("miniature", "b", [9]), ("minilm", "a", [500])):
        (tmp_path / profile).mkdir(exist_ok=True)
        rows = {"experiment": ["Training"] * len(seconds), "task": "cola", "seconds": seconds}
        pd.DataFrame(rows).to_parquet(tmp_path / profile / f"{chapter}.parquet")
    rows = {"experiment": ["Scoring", "Training"], "task": [None, "rte"], "seconds": [4.0, 30.0], "more": [1, 2]}
    pd.DataFrame(rows).to_parquet(tmp_path / "miniature/c.parquet")
    pd.DataFrame({"experiment": ["Scoring"]}).to_parquet(tmp_path / "miniature/d.parquet")
    found = recorded_seconds(tmp_path)
    assert found == {
        ("Training", "cola", "miniature"): 2.5,
        ("Training", "rte", "miniature"): 30,
        ("Training", "", "miniature"): 3,
        ("Scoring", "", "miniature"): 4,
        ("Training", "cola", "minilm"): 500,
        ("Training", "", "minilm"): 500,
    }


def test_a_run_lasts_as_long_as_its_kind_did_here_else_as_recorded_at_the_pace_of_this_machine():
    grid = [Training("cola")] * 2 + [Training("rte")] * 3 + [Scoring(n) for n in range(4)]
    recorded = {("Training", "cola", "miniature"): 10.0, ("Training", "", "miniature"): 20.0}
    left = Left(grid, recorded)
    assert left.seconds == 2 * 10 + 3 * 20 + 4 * 1  # of scorings nothing is known yet
    left.done(grid[0], 5.0)
    assert left.seconds == 5 + 3 * 20 / 2 + 4 * 5  # half the time that is recorded; a scoring as what was done here
    left.done(grid[-1], 1.0)
    assert left.seconds == 5 + 3 * 20 / 2 + 3 * 1
    left.done(grid[2], 40.0)
    assert left.seconds == pytest.approx(5 + 2 * 40 + 3 * 1)
    for each in (grid[1], grid[3], grid[4], *grid[5:8]):
        left.done(each, 1.0)
    assert left.seconds == 0


def test_the_bar_names_the_chapter_and_tells_runs_and_time(capsys):
    left = Left([Scoring(1), Scoring(2), Scoring(3)], {("Scoring", "", "miniature"): 240.0})
    with Bar(3, left) as bar:
        bar.show("experiments/world", 2)
        left.done(Scoring(1), 240.0)
        bar.ended = 1
        bar.show("", 2)
        assert math.isclose(bar._bar.n, 1 / 3)
        bar._bar.refresh()
    told = capsys.readouterr().err
    assert " 33%|" in told
    assert "| 1 of 3 runs, about 4 min left" in told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "less than a minute"),
        (29, "less than a minute"),
        (31, "about 1 min"),
        (3560, "about 59 min"),
        (3600, "about 1 h"),
        (12_000, "about 3 h 20 min"),
    ],
)
def test_a_time_is_told_to_the_minute(seconds, told):
    assert in_words(seconds) == told
