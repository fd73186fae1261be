"""What a grid costs beside the work in it: a thousand empty runs, and what a second worker gains on real ones.

    python tests/benchmarks/cells.py --json cells.json
    python tests/benchmarks/cells.py --real

The empty runs go through all that a run goes through: sent to one of two workers, performed under its lock, recorded,
flushed to disk. The time is that of `cluster.map`, the start of the workers included. It takes about ten seconds.

With --real, fine-tunings of the miniature on its smallest task are added, the same in each of four ways: on one worker
and on two, as ours are and with Dask's MALLOC_TRIM_THRESHOLD_ left to them. Workers are there, and have loaded torch,
before the clock starts; the pre-training that all need is done once. It takes some five minutes.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import torch
from rich.console import Console
from rich.table import Table

from lottery import cluster, runs
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.miniature import Miniature
from lottery.runs import Count, parameters

EMPTY, BAR = 1000, 10.0
FINE_TUNINGS = 6


@parameters
class Empty:
    """A run without work."""

    version: ClassVar[int] = 1
    number: Count

    def perform(self, run):
        return {}


def fine_tunings(start, epochs):
    return [
        FineTuning(
            start=start,
            task="cola",
            epochs=epochs,
            batch_size=32,
            learning_rate=1e-3,
            max_length=128,
            seed=seed,
            saved=False,
        )
        for seed in range(FINE_TUNINGS)
    ]


def timed(grid, results, **where):
    began = time.perf_counter()
    cluster.map(grid, results, **where)
    return time.perf_counter() - began


def empty_runs():
    with tempfile.TemporaryDirectory() as results:
        return timed([Empty(number=number) for number in range(EMPTY)], results, workers=2)


@contextmanager
def trapped():
    """Inside the block, workers start as Dask starts them."""
    cluster._NANNY[cluster.TRAP] = 65536
    try:
        yield
    finally:
        del cluster._NANNY[cluster.TRAP]


@contextmanager
def free():
    yield


def real_runs(epochs):
    """Seconds of the same fine-tunings, by how the workers started and how many there are."""
    start = Miniature(seed=0, steps=100)
    taken = {}
    for started in (free, trapped):
        for workers in (1, 2):
            with tempfile.TemporaryDirectory() as results, started(), cluster.local(workers) as address:
                runs.perform(start, Path(results))
                cluster.map([Empty(number=number) for number in range(10)], results, scheduler=address)
                taken[started.__name__, workers] = timed(fine_tunings(start, epochs), results, scheduler=address)
    return taken


def measure(real, epochs):
    measured = {
        "empty_runs": EMPTY,
        "workers": 2,
        "seconds": empty_runs(),
        "bar": BAR,
        "load_before": os.getloadavg()[0],
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    if real:
        taken = real_runs(epochs)
        measured |= {
            "fine_tunings": FINE_TUNINGS,
            "fine_tuning_seconds": {f"{started}, {workers}": seconds for (started, workers), seconds in taken.items()},
            "gain_of_two": taken["free", 1] / taken["free", 2],
            "gain_of_two_trapped": taken["trapped", 1] / taken["trapped", 2],
            "cost_of_the_trap": taken["trapped", 1] / taken["free", 1],
            "load_after": os.getloadavg()[0],
        }
    return measured


def as_table(measured):
    table = Table(title=f"{measured['cores']} cores, load {measured['load_before']:.1f}")
    for heading in ("what", "measured", "bar"):
        table.add_column(heading)
    empty = f"{measured['empty_runs']} empty runs on {measured['workers']} workers"
    table.add_row(empty, f"{measured['seconds']:.1f} s", f"under {measured['bar']:.0f} s")
    for way, seconds in measured.get("fine_tuning_seconds", {}).items():
        table.add_row(f"{measured['fine_tunings']} fine-tunings, {way}", f"{seconds:.1f} s", "")
    for gain in ("gain_of_two", "gain_of_two_trapped", "cost_of_the_trap"):
        if gain in measured:
            table.add_row(gain.replace("_", " "), f"{measured[gain]:.2f} x", "")
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="PATH", help="where to write what was measured")
    parser.add_argument("--real", action="store_true", help="fine-tunings, too")
    parser.add_argument("--epochs", type=float, default=1.0, help="of each fine-tuning")
    given = parser.parse_args()
    measured = measure(given.real, given.epochs)
    Console().print(as_table(measured))
    if given.json:
        given.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
