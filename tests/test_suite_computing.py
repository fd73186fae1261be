"""The runs of a book's notebooks, the notebooks, and what is left of them where one fails."""

import os
import signal
import subprocess
import sys
from threading import Barrier, Event
from time import monotonic, sleep

import pytest
from rich.console import Console
from toy_experiments import Doubling

from lottery import store
from lottery.suite import cluster, computing, execution, notebooks, warm


def test_the_runs_of_all_notebooks_are_performed_together_and_meanwhile_those_are_shown_that_need_none(
    small, notebook, mapped, monkeypatch
):
    parameters = '# %% tags=["parameters"]\nrecords = "book/records"\nresults = "results"\nscheduler = ""\n\n'
    parameters += '# %% tags=["grid"]\n'
    notebook("experiments/empty", parameters + "grid = []\n")
    for name, number in (("a", 1), ("b", 2), ("c", 3)):
        one = f'from toy_experiments import Doubling\ngrid = [Doubling(number={number}, log="log")]\n'
        notebook(f"experiments/{name}", parameters + one)
    done = 'from toy_experiments import Doubling\ngrid = [Doubling(number=4, log="log")]\n'
    notebook("experiments/done", parameters + done)  # before, of a book that was interrupted
    monkeypatch.chdir(small)
    store.perform(Doubling(number=4, log="log"), small / "results")
    notebook("analyses/plain", '# %% tags=["parameters"]\nresults = "results"\n')
    executed, finished, shown = [], [], []
    seen, plain, perform = Event(), Event(), cluster.map

    def slowly(grid, results, **given):
        assert seen.wait(30), "while runs are at work, what reads records alone is executed and shown"
        assert plain.wait(30), "and then what else needs none of them is executed"
        perform(grid, results, **given)

    def at_hand(names):
        shown.append(sorted(names))
        seen.set()

    def execute(root, name, told, output, progress):
        executed.append(name)
        if name == "analyses/plain":
            plain.set()
        finished.append(len(list((small / "results").glob("Doubling/*/metrics.json"))))
        return 0

    monkeypatch.setattr(computing, "LONG", 0)
    monkeypatch.setattr(cluster, "map", slowly)
    monkeypatch.setattr(execution, "up_to_date", lambda root, name, *_: name == "experiments/c")
    monkeypatch.setattr(execution, "execute", execute)
    monkeypatch.setattr(store, "record", lambda *_: None)
    names = ["experiments/empty", *(f"experiments/{name}" for name in ("a", "b", "c", "done")), "analyses/plain"]
    told = {name: notebooks.machine(small, name, results=small / "results", scheduler="tcp://far:1") for name in names}
    computing.compute(
        small,
        told,
        small / "executed",
        results=small / "results",
        workers=2,
        scheduler="tcp://far:1",
        force=False,
        console=Console(quiet=True),
        at_hand=at_hand,
    )
    ((grid, *where),) = mapped
    assert ([each.number for each in grid], where) == ([1, 2, 4], [2, "tcp://far:1", [*names[1:3], names[4]]])
    assert sorted(executed) == sorted(set(names) - {"experiments/c"})
    assert [finished[executed.index(name)] for name in names[1:3]] == [3, 3]
    assert executed[:3] == ["experiments/empty", "experiments/done", "analyses/plain"]  # which need none of the runs
    assert shown == [["experiments/c", "experiments/empty"]]


def test_where_a_notebook_was_never_executed_the_warm_process_imports_beside_this_one(small, notebook, monkeypatch):
    """Before anything is looked at, which takes the import of torch; where all are up to date there is none."""
    notebook("experiments/a", '# %% tags=["parameters"]\n')
    told, executed = [], small / "executed"
    monkeypatch.setattr(warm, "serve", lambda: told.append("a process begins"))
    monkeypatch.setattr(notebooks, "grid", lambda *_: told.append("a grid is made") or [])
    monkeypatch.setattr(execution, "up_to_date", lambda *_: True)
    where = {"results": small / "results", "workers": 1, "scheduler": "", "force": False}
    where |= {"console": Console(quiet=True), "at_hand": print}
    computing.compute(small, {"experiments/a": {}}, executed, **where)
    assert told == ["a process begins", "a grid is made"]
    told.clear()
    (executed / "experiments").mkdir(exist_ok=True)
    (executed / "experiments/a.ipynb").write_text("")
    computing.compute(small, {"experiments/a": {}}, executed, **where)
    assert told == ["a grid is made"]


def test_notebooks_are_executed_side_by_side_and_a_failure_cancels_those_that_wait(
    small, notebook, mapped, monkeypatch
):
    names = [f"experiments/{letter}" for letter in "abcdef"]
    for name in names:
        notebook(name, '# %% tags=["parameters"]\n')
    both, begun = Barrier(2), []

    def execute(root, name, told, output, progress):
        begun.append(name)
        if name in names[:2]:
            both.wait(timeout=30)  # alone, neither would come past this
        if name == "experiments/b":
            raise RuntimeError("notebook experiments/b failed")
        sleep(1)
        return 0

    monkeypatch.setattr(execution, "execute", execute)
    monkeypatch.setattr(store, "record", lambda *_: None)
    where = {
        "results": small / "results",
        "workers": 2,
        "scheduler": "",
        "force": True,
        "console": Console(quiet=True),
        "at_hand": print,
    }
    with pytest.raises(RuntimeError, match="experiments/b failed"):
        computing.compute(small, {name: {} for name in names}, small / "executed", **where)
    assert {*begun[:2]} == {*names[:2]}
    assert len(begun) < len(names)


def test_a_run_that_fails_is_told_with_its_notebooks(small, notebook, mapped):
    parameters = '# %% tags=["parameters"]\nresults = "results"\nscheduler = ""\n\n# %% tags=["grid"]\n'
    notebook(
        "experiments/good", parameters + 'from toy_experiments import Doubling\ngrid = [Doubling(number=1, log="l")]\n'
    )
    bad = 'from toy_experiments import Failing\ngrid = [Failing(message="no luck", log="l")]\n'
    notebook("experiments/bad", parameters + bad)
    told = {
        name: notebooks.machine(small, name, results=small / "results", scheduler="")
        for name in ("experiments/good", "experiments/bad")
    }
    where = {
        "results": small / "results",
        "workers": 1,
        "scheduler": "",
        "force": True,
        "console": Console(quiet=True),
        "at_hand": print,
    }
    with pytest.raises(ValueError, match=r"^experiments/bad: .*no luck"):
        computing.compute(small, told, small / "executed", **where)


def test_an_interrupted_book_ends_its_notebooks_at_once(small, notebook):
    notebook(
        "experiments/slow",
        '# %% tags=["parameters"]\n\n# %%\nimport os, pathlib, time\n'
        'pathlib.Path("kernel").write_text(str(os.getpid()))\ntime.sleep(120)\n',
    )
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path; from rich.console import Console; from lottery.suite import computing\n"
        "computing.compute(Path.cwd(), {'experiments/slow': {}}, Path('executed'), results=Path('results'),\n"
        "    workers=2, scheduler='', force=True, console=Console(quiet=True), at_hand=print)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=small, stderr=subprocess.PIPE, text=True)
    until = monotonic() + 60
    while not (small / "kernel").exists() or not (small / "kernel").read_text():
        assert monotonic() < until
        assert process.poll() is None, process.stderr.read()
        sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in error
    kernel = int((small / "kernel").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)
