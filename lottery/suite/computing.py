"""What a book computes: the runs of all its notebooks together, then the notebooks, and how long each took."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import chdir, closing, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import Progress

from lottery import files
from lottery.suite import execution, notebooks

LONGEST = 5  # chapters of which it is told how long their runs took
LONG = 60  # seconds; pages are shown before the end where the runs are expected to take longer


def compute(
    root: Path,
    overrides: dict[str, dict[str, Any]],
    executed: Path,
    *,
    results: Path,
    workers: int,
    scheduler: str,
    force: bool,
    console: Console,
    at_hand: Callable[[list[str]], None],
) -> dict[str, pd.DataFrame]:
    """Execute the notebooks that are not up to date, as executed/<name>.ipynb; the runs of each notebook.

    overrides  {notebook: its given parameters}
    at_hand    called with the notebooks that can be shown before any run is performed, where runs take LONG

    The runs of all of them are performed together, so that no worker waits at a notebook's end. Meanwhile those
    notebooks are executed, one after the other, that need none of these: first those that do nothing but read what is
    recorded, then the others, since a pre-training on which all else rests leaves a core idle. In the end the rest,
    which find everything done, `workers` at a time. Beside a notebook stays a table of the runs it shows, whatever
    becomes of the store.
    """
    from lottery.suite import warm

    if force or not all((executed / f"{name}.ipynb").exists() for name in overrides):
        with chdir(root):
            warm.serve()  # which imports on another core what this process imports here

    from lottery import store  # torch and Dask: seconds that commands which only look can do without
    from lottery.suite import cluster, kernels

    def table_of(name: str) -> Path:
        return executed / f"{name}.runs.parquet"

    def one(name: str, progress: Progress) -> float:
        from jupyter_core.utils import ensure_event_loop

        with closing(ensure_event_loop()):  # a thread's own, which Jupyter makes and never closes
            seconds = execution.execute(root, name, overrides[name], executed / f"{name}.ipynb", progress)
        store.record(_with_needs(grids[name], results), results, table_of(name))
        return seconds

    def executed_aside(names: list[str], stopped: threading.Event) -> None:
        for name in names:
            if not stopped.is_set():
                execution.say(console, f"{name}: executed in {execution.duration(one(name, Progress(disable=True)))}")

    def first(stopped: threading.Event) -> None:
        executed_aside(reading, stopped)
        if expected >= LONG and not stopped.is_set():
            at_hand([*reading, *up_to_date])
        executed_aside([name for name in ready if name not in reading], stopped)

    with chdir(root):  # where notebooks are, so that files they name have the same key here
        grids = {name: notebooks.grid(root, name, given) for name, given in overrides.items()}
        up_to_date = []
        for name, given in overrides.items():
            if not force and execution.up_to_date(root, name, given, executed / f"{name}.ipynb"):
                execution.say(console, f"{name}: up to date")
                up_to_date.append(name)
            else:
                table_of(name).unlink(missing_ok=True)
        stale = [name for name in overrides if name not in up_to_date]
        if stale:
            warm.serve()  # if it is not there yet; it imports while it is found out what there is to do
        on_workers = [name for name in stale if "scheduler" in overrides[name]]
        ours = [(each, name) for name in on_workers for each in grids[name]]
        waiting = {name: cluster.unfinished(grids[name], results) for name in stale}
        todo = {key: run for name in on_workers for key, run in waiting[name].items()}
        ready = [name for name in stale if todo and not waiting[name]]
        told = {name: notebooks.resolve(root, name, overrides[name]) for name in ready if not grids[name]}
        reading = [name for name in told if "records" in told[name]]
        expected = _say_how_long(console, root, todo, workers) if todo else 0.0
        began = time.monotonic()
        try:
            with _aside(first, busy=bool(todo)):
                cluster.map(
                    [experiment for experiment, _ in ours],
                    results,
                    workers=workers,
                    scheduler=scheduler,
                    records=root / "book" / "records",
                    chapters=[name for _, name in ours],
                )
        except (RuntimeError, ValueError) as error:
            failed = [name for name in stale if (store.status(grids[name], results)["state"] == "failed").any()]
            raise type(error)(f"{', '.join(failed)}: {error}" if failed else str(error)) from error
        if todo:
            execution.say(console, f"The runs took {execution.duration(time.monotonic() - began)}{_longest(waiting)}")
        rest = [name for name in stale if name not in ready]
        with execution.progress(console) as progress, ThreadPoolExecutor(workers) as pool:
            at_work = {pool.submit(one, name, progress): name for name in rest}
            try:
                for number, future in enumerate(as_completed(at_work), 1):
                    took = execution.duration(future.result())
                    execution.say(progress.console, f"[{number}/{len(rest)}] {at_work[future]}: executed in {took}")
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                kernels.stop()
                raise
            finally:
                pool.shutdown(cancel_futures=True)
        for name in overrides:
            if not table_of(name).exists():  # of one that is up to date
                store.record(_with_needs(grids[name], results), results, table_of(name))
    return {name: store.recorded(table_of(name)) for name in overrides}


@contextmanager
def _aside(first: Callable[[threading.Event], None], *, busy: bool) -> Iterator[None]:
    """Do `first` in a thread of its own while the block is at work, if it is; in the end wait for it.

    It is told to stop where the block fails. What it raised is raised when the block is done.
    """
    if not busy:
        yield
        return
    from lottery.suite import kernels

    stopped = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(first, stopped)
        try:
            yield
            done.result()
        except BaseException:
            stopped.set()
            kernels.stop()
            raise


def _say_how_long(console: Console, root: Path, todo: dict[str, Any], workers: int) -> float:
    """Say how many runs there are, and about how long they take; this in seconds."""
    from lottery.suite.progress import Left, in_words, recorded_seconds

    left = Left([run.experiment for run in todo.values()], recorded_seconds(root / "book" / "records"))
    expected = left.seconds / workers
    execution.say(
        console,
        f"{len(todo):,} runs are to be performed, by {workers} {'worker' if workers == 1 else 'workers'}: "
        f"{in_words(expected)}, if they take as long as those that are recorded",
    )
    return expected


def _longest(waiting: dict[str, dict[str, Any]]) -> str:
    """In words, of which chapters the runs took longest; each run counts for the first chapter that needs it.

    waiting  {chapter: {name of a run: the run, not finished before}}
    """
    from lottery import store

    took: dict[str, float] = {}
    counted: set[str] = set()
    for chapter, runs in waiting.items():
        own = [run for name, run in runs.items() if name not in counted and run.finished]
        counted |= runs.keys()
        took[chapter] = sum(files.read_json(run.path / store.PROVENANCE)["seconds"] for run in own)
    longest = sorted((name for name in took if took[name] >= 1), key=lambda name: -took[name])[:LONGEST]
    told = ", ".join(f"{name} {execution.duration(took[name])}" for name in longest)
    return f"; of one core each, the longest: {told}" if told else ""


def _with_needs(grid: list[Any], results: Path) -> list[Any]:
    """The experiments of a grid and all that they need, each once, but for needs that are gone from the store since."""
    from lottery import store

    experiments: dict[str, Any] = {}
    for experiment in grid:
        needs = [each for each in store.needs(experiment) if store.Run(each, results).finished]
        for each in (*_with_needs(needs, results), experiment):
            experiments.setdefault(store.key(each), each)
    return list(experiments.values())
