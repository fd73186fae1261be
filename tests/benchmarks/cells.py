"""What a grid costs beside the work in it: a thousand empty runs, and what a second worker gains on real ones.

    python tests/benchmarks/cells.py --json cells.json

The empty runs go through all that a run goes through: sent to one of two workers, performed under its lock, recorded,
flushed to disk. The time is that of `cluster.map`, the start of the workers included. Fine-tunings of the miniature are
done on one worker and on two, as ours are and as Dask starts them, with its MALLOC_TRIM_THRESHOLD_; workers are there,
and have loaded torch, before the clock starts. It takes some five minutes.
"""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from _empty import Empty
from _report import Figure, main, side_by_side
from distributed import Client, LocalCluster

from lottery import store
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.miniature import Miniature
from lottery.suite import cluster, warm


def empty_runs(count):
    return [Empty(number=number) for number in range(count)]


def fine_tunings(start, count, epochs):
    told = {"batch_size": 32, "learning_rate": 1e-3, "max_length": 64, "saved": False, "epochs": epochs}
    return [FineTuning(start=start, task="cola", seed=seed, **told) for seed in range(count)]


def anew(grid, results, **where):
    """Perform a grid that may have been performed before; what it needs stays."""
    shutil.rmtree(results / type(grid[0]).__name__, ignore_errors=True)
    cluster.map(grid, results, **where)


@contextmanager
def as_dasks(workers):
    """Workers as Dask starts them, for the length of the block; the address of their scheduler."""
    cluster._NANNY[cluster.TRAP] = 65536
    try:
        with LocalCluster(workers, threads_per_worker=1, memory_limit=0, dashboard_address=":0") as dasks:
            yield dasks.scheduler_address
    finally:
        cluster._NANNY.pop(cluster.TRAP, None)
        os.environ.pop(cluster.TRAP, None)  # Dask sets it here, for workers to find, and leaves it


def one_goes(address):
    """Of the workers behind a scheduler."""
    with Client(address, set_as_default=False) as client:
        client.retire_workers([*client.nthreads()][:1])


def measure(*, empty=1000, real=6, steps=100, epochs=1.0, rounds=3):
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder)
        warm.serve()  # as a book does
        ways = {"on two workers": lambda: anew(empty_runs(empty), results, workers=2)}
        (seconds,) = side_by_side(ways, rounds=rounds)[0].values()
        figures = [Figure(f"{empty:,} empty runs on two workers", seconds, "s", at_most=10)]
        start = Miniature(seed=0, steps=steps)
        store.perform(start, results)
        grid, taken = fine_tunings(start, real, epochs), {}
        for is_so, started in ((False, cluster.local), (True, as_dasks)):
            with started(2) as address:
                anew(empty_runs(20), results, scheduler=address)
                ways = {"": lambda address=address: anew(grid, results, scheduler=address)}
                taken[2, is_so] = side_by_side(ways, rounds=rounds)[0][""]
                one_goes(address)
                taken[1, is_so] = side_by_side(ways, rounds=rounds)[0][""]
    seen = {"one worker, s": taken[1, False], "two, s": taken[2, False]}
    set_ = {"as ours, s": taken[1, False], "as Dask's, s": taken[1, True]}
    both = {"one worker, s": taken[1, True], "two, s": taken[2, True]}
    return [
        *figures,
        Figure(f"{real} fine-tunings: two workers", taken[1, False] / taken[2, False], "times one", seen=seen),
        Figure(
            "MALLOC_TRIM_THRESHOLD_ left to a worker", taken[1, True] / taken[1, False], "times the time", seen=set_
        ),
        Figure("two workers with it", taken[1, True] / taken[2, True], "times one", seen=both),
    ]


if __name__ == "__main__":
    main(__doc__, measure)
