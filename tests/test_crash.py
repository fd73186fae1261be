"""A book that is killed at five moments and made again is the book that nobody disturbed."""

import shutil
import time

import crash

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
from lottery import cluster, runs

"""
HERE = """\
from pathlib import Path

for experiment in grid:
    runs.perform(experiment, Path(results))
"""
ON_WORKERS = """\
cluster.map(grid, results, workers=workers, scheduler=scheduler);
"""
SHOWN = """\

# %%
runs.rows(grid, Path(results))[["experiment", "key", "first", "last", "sum"]]
"""


def until(there, process):
    """Wait for a moment that comes before a process ends."""
    while not there():
        assert process.poll() is None, "it ended before the moment of its kill"
        time.sleep(0.005)


def test_a_book_killed_anywhere_and_made_again_is_the_undisturbed_one(small, notebook, tmp_path_factory):
    """The kills hit what was running, so each moment comes; and of a training at most one step is done twice a kill."""
    for name, seeds, how in (("first", "[0]", HERE), ("second", "[1, 2]", "from pathlib import Path\n" + ON_WORKERS)):
        cells = PARAMETERS.replace("TITLE", name).replace("SEEDS", seeds) + how + SHOWN
        notebook(f"experiments/{name}", cells)
    undisturbed = tmp_path_factory.mktemp("undisturbed") / "checkout"
    shutil.copytree(small, undisturbed)
    peace = crash.book(undisturbed, "quick", str(crash.ROOT / "tests"))

    executed = small / "book/_build/executed/quick/experiments"
    moments = {
        "before the first run": ((executed / ".first").exists, True),
        "in a training of a notebook's own": (lambda: any(small.glob("results/Training/*/checkpoint.pt")), False),
        "between two notebooks": ((executed / "first.stamp.json").exists, True),
        "in a training on a worker": (lambda: any(small.glob("results/Training/*/checkpoint.pt")), False),
        "while the pages are rendered": ((small / "book/_build/staged/_build").exists, False),
    }
    family = []
    for there, whole in moments.values():
        process = crash.book(small, "quick", str(crash.ROOT / "tests"))
        until(there, process)
        family += crash.killed(process, whole=whole)
    last = crash.book(small, "quick", str(crash.ROOT / "tests"))
    assert (last.wait(), peace.wait()) == (0, 0), (small / "book.log").read_text()

    assert crash.differences(undisturbed, small) == []
    assert crash.living(family) == []
    for seed in (0, 1, 2):
        steps = (small / f"log.{seed}").read_text().splitlines()
        assert {f"{seed} at {step}" for step in range(STEPS)} == set(steps)
        assert len(steps) <= STEPS + 1
    assert len((undisturbed / "log.0").read_text().splitlines()) == STEPS
