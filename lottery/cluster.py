"""A grid of experiments on Dask: local workers by default, or whatever stands behind a scheduler's address."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import dask
import torch
from distributed import Client, Nanny, Scheduler, SpecCluster, as_completed
from tqdm import tqdm

from lottery import runs
from lottery.runs import Experiment, Run

# What a worker's process finds in its environment when it is made. Dask would have glibc hand memory back at every
# training step, which is 1.7x slower on a CPU, and would have every worker tell of its start and end.
_NANNY = dask.config.config["distributed"]["nanny"]["pre-spawn-environ"]
_NANNY.pop("MALLOC_TRIM_THRESHOLD_", None)
_NANNY["DASK_LOGGING__DISTRIBUTED"] = "error"


@contextmanager
def local(workers: int) -> Iterator[str]:
    """A scheduler and workers on this machine for the length of the block; its address.

    workers  processes: one thread each on a CPU, one GPU each where there are GPUs, and then no more than GPUs
    """
    if workers < 1:
        raise ValueError(f"workers = {workers}: at least 1 is needed")
    gpus = torch.cuda.device_count()
    if gpus and workers > gpus:
        tqdm.write(f"{gpus} of {workers} workers are started: one for each GPU of this machine")
        workers = gpus
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

    def worker(number: int) -> dict:
        gpu = {"CUDA_VISIBLE_DEVICES": str(number)} if gpus else {}
        return {
            "cls": Nanny,
            "options": {"nthreads": 1, "memory_limit": 0, "dashboard": False, "env": threads | gpu},
        }

    scheduler = {"cls": Scheduler, "options": {"dashboard_address": ":0", "host": "127.0.0.1"}}
    cluster = SpecCluster(
        workers={number: worker(number) for number in range(workers)}, scheduler=scheduler, silence_logs="ERROR"
    )
    with cluster:
        yield cluster.scheduler_address


def map(grid: list[Experiment], results: str | Path, *, workers: int = 2, scheduler: str = "") -> list[Run]:
    """The runs of a grid, in its order: finished ones are found, the rest and what they need are performed.

    results    the store; on a cluster of several machines, a folder all of them see
    scheduler  address of a running Dask scheduler; "" starts local workers if there is anything to do
    A run that fails is recorded with its error and does not stop the others; runs that need it are left out. At the end
    RuntimeError tells how many failed and why the first one did.
    """
    results = Path(results).absolute()
    todo = _todo(grid, results)
    if todo:
        with nullcontext(scheduler) if scheduler else local(min(workers, len(todo))) as address:
            failed = _perform(todo, results, address)
        if failed:
            name, error = next(iter(failed.items()))
            raise RuntimeError(f"{len(failed)} of {len(todo)} runs failed; the first, {name}: {error}")
    return [Run(experiment, results) for experiment in grid]


def _todo(grid: list[Experiment], results: Path) -> dict[str, Experiment]:
    """What is not finished, with what it needs before it: {name: experiment}, needed ones first."""
    todo: dict[str, Experiment] = {}

    def add(experiment: Experiment) -> None:
        name = _name(experiment)
        if name not in todo and not Run(experiment, results).finished:
            for needed in runs.needs(experiment):
                add(needed)
            todo[name] = experiment

    for experiment in grid:
        add(experiment)
    return todo


def _name(experiment: Experiment) -> str:
    return f"{type(experiment).__name__}-{runs.key(experiment)}"


def _perform(todo: dict[str, Experiment], results: Path, address: str) -> dict[str, str]:
    """Perform them all; the errors of those that failed, by name."""
    failed: dict[str, str] = {}
    with Client(address, set_as_default=False) as client, tqdm(total=len(todo), unit="run", desc="runs") as bar:
        futures: dict[str, object] = {}
        for rank, (name, experiment) in enumerate(todo.items()):
            before = [futures[_name(needed)] for needed in runs.needs(experiment) if _name(needed) in futures]
            futures[name] = client.submit(
                _one,
                experiment,
                str(results),
                before,
                key=f"{name}-{os.getpid()}",
                priority=-rank,
                pure=False,
            )
        names = {future.key: name for name, future in futures.items()}
        for future in as_completed(futures.values(), loop=client.loop):
            if future.status != "finished":
                failed[names[future.key]] = str(future.exception())
            bar.update()
    return failed


def _one(experiment: Experiment, results: str, before: list) -> str:
    runs.perform(experiment, Path(results))
    return runs.key(experiment)
