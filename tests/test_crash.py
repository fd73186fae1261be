"""A book killed at six moments and made again is the book that nobody disturbed; two at once share the work."""

import json
import os
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

import crash
import pandas as pd
from toy_processes import called

from lottery.suite import warm

STEPS = 40
PARAMETERS = """\
# %% [markdown]
# # The TITLE page

# %% tags=["parameters"]
seeds = SEEDS
results = "results"
workers = 2
scheduler = ""

# %% tags=["grid"]
from toy_experiments import Doubling, Sum, Training

grid = [Training(steps=40, seed=seed, log=f"log.{seed}", pause=0.05) for seed in seeds]
grid += [Sum(left=Doubling(number=seeds[0], log="log.sum"), right=Doubling(number=9, log="log.sum"))]

# %%
from lottery import store
from lottery.suite import cluster

"""
HERE = """\
from pathlib import Path

for experiment in grid:
    store.perform(experiment, Path(results))
"""
ON_WORKERS = """\
cluster.map(grid, results, workers=workers, scheduler=scheduler);
"""
SHOWN = """\

# %%
store.rows(grid, Path(results))[["experiment", "key", "first", "last", "sum"]].astype(object).fillna("")
"""


def begun(words: list[str], root: Path) -> warm.Copy:
    """The command `lottery` with these words, called in a checkout; what it says goes to root/book.log."""
    given = {"PYTHONPATH": f"{crash.ROOT / 'tests'}{os.pathsep}{crash.ROOT}", "OMP_NUM_THREADS": "1"}
    return warm.Copy(called, words, folder=root, environment=os.environ | given, said=root / "book.log")


@contextmanager
def book(root: Path):
    """As `crash.book`, by a copy of a warm process: what it imports takes longer than what is done."""
    process = begun(["book", "--profile", "quick", "--workers", "1"], root)
    try:
        yield process
    finally:
        if process.poll() is None:
            crash.killed(process, whole=True)


def until(there, process):
    """Wait for a moment that comes before a process ends."""
    while not there():
        assert process.poll() is None, "it ended before the moment of its kill"
        time.sleep(0.005)


def test_a_book_killed_anywhere_and_made_again_is_the_undisturbed_one(small, notebook, tmp_path_factory):
    """The kills hit what was running, so each moment comes; and of a training at most one step is done twice a kill."""
    for name, seeds, parameters, performed in (
        ("first", "[0]", PARAMETERS.replace('workers = 2\nscheduler = ""\n', ""), HERE),
        ("second", "[1]", PARAMETERS, "from pathlib import Path\n" + ON_WORKERS),
    ):
        cells = parameters.replace("TITLE", name).replace("SEEDS", seeds) + performed + SHOWN
        notebook(f"experiments/{name}", cells)
    undisturbed = tmp_path_factory.mktemp("undisturbed") / "checkout"
    shutil.copytree(small, undisturbed)
    executed = small / "book/_build/executed/quick/experiments"
    moments = {
        "before the first run": ((small / "results/.landmark").exists, True),
        "in a training on a worker": (lambda: any(small.glob("results/Training/*/checkpoint.pt")), False),
        "before the first notebook": ((executed / ".first").exists, True),
        "in a training of a notebook's own": (lambda: any(small.glob("results/Training/*/checkpoint.pt")), False),
        "between two notebooks": ((executed / "first.stamp.json").exists, True),
        "while the pages are rendered": ((small / "book/_build/staged/_build").exists, False),
    }
    family = []
    with book(undisturbed) as peace:
        for there, whole in moments.values():
            with book(small) as process:
                until(there, process)
                family += crash.killed(process, whole=whole)
        while crash.living(family):
            time.sleep(0.05)
        assert not (small / "book/_build/staged/_build/html/index.html").exists(), "the renderer went on alone"
        with book(small) as last:
            assert (last.wait(), peace.wait()) == (0, 0), (small / "book.log").read_text()

    assert crash.differences(undisturbed, small) == []
    for seed in (0, 1):
        steps = (small / f"log.{seed}").read_text().splitlines()
        assert {f"{seed} at {step}" for step in range(STEPS)} == set(steps)
        assert len(steps) <= STEPS + 1
    assert len((undisturbed / "log.0").read_text().splitlines()) == STEPS


def test_two_that_ask_for_the_same_runs_at_once_do_each_once_and_end_with_the_same(small, notebook):
    grid = 'grid = [Doubling(number=n, log="log", seconds=0.2) for n in seeds]'
    cells = PARAMETERS.replace("TITLE", "shared").replace("SEEDS", "[0, 1, 2, 3, 4, 5]").partition("grid = [")[0] + grid
    imports = "\n\n# %%\nfrom pathlib import Path\nfrom lottery import store\n"
    imports += "from lottery.suite import cluster\n"
    shown = '\n# %%\nstore.rows(grid, Path(results))[["key", "double"]]\n'
    notebook("experiments/shared", cells + imports + ON_WORKERS + shown)
    both = [begun(["run", "shared", "--workers", "1", "-o", f"{name}.ipynb"], small) for name in "ab"]
    assert [process.wait(timeout=300) for process in both] == [0, 0]
    told = (small / "log").read_text().splitlines()
    assert sorted(told) == sorted(f"{what} {number}" for number in range(6) for what in ("began", "ended"))
    assert (small / "a.ipynb").read_bytes() == (small / "b.ipynb").read_bytes()
    records = [json.loads(path.read_text()) for path in small.glob("results/Doubling/*/metrics.json")]
    assert sorted(record["metrics"]["double"] for record in records) == [0, 2, 4, 6, 8, 10]
    assert [path.name for path in small.glob(".[ab]*")] == []


def test_pages_that_tell_times_are_held_against_each_other_without_their_numbers(tmp_path):
    def told(seconds, words="BERT, 40 steps"):
        path = tmp_path / "world.ipynb"
        path.write_text(pd.DataFrame({"model": [words], "seconds": [seconds]}).to_json() + f"\n{words} {seconds:>8}")
        return crash.content(path)

    assert told(9.0) == told(10.0) == told(123.45)
    assert told(9.0) != told(9.0, "BERT, drawn")


def test_tables_to_take_along_are_held_against_each_other_as_their_pages(tmp_path):
    def told(page, text):
        path = tmp_path / f"experiments-{page}-1.csv"
        path.write_text(f"model,seconds\n{text}\n")
        return crash.content(path)

    assert told("world", "BERT,9.0") == told("world", "BERT,123.45") != told("world", "another,9.0")
    assert told("smaller_model", "BERT,9.0") == told("smaller_model", "another,1")
    assert told("rewinding", "BERT,9.0") != told("rewinding", "BERT,9.1")


def test_what_is_drawn_and_recorded_of_times_is_not_compared_and_everything_beside_it_is(tmp_path):
    def made(name, seconds, score=0.5, left="a"):
        root = tmp_path / name
        page, figures = root / "book/_build/html/smaller_model.html", root / "book/_build/html/_images"
        figures.mkdir(parents=True)
        (figures / f"{seconds:064x}.svg").write_text("drawn")
        (figures / f"{left * 64}.svg").write_text("of another page")
        page.write_text(f'<img src="_images/{seconds:064x}.svg"> {seconds}')
        for kind, value in (("FormTimes", seconds), ("SavedForm", score)):
            path = root / "results" / kind / "key/metrics.json"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps({"run": kind, "metrics": {"value": value}, "row": {}, "files": {}}))
        rows = pd.DataFrame({"experiment": ["FormTimes", "SavedForm"], "value": [seconds, score]})
        rows.to_parquet(root / "book/_build/smaller_model.runs.parquet")
        return root

    one = made("one", 1)
    assert crash.differences(one, made("slower", 2)) == []
    assert len(crash.differences(one, made("worse", 1, score=0.4))) == 2
    assert len(crash.differences(one, made("other", 1, left="b"))) == 2
