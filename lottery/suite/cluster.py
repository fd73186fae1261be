"""A grid of experiments on Dask: local workers by default, or whatever stands behind a scheduler's address."""

import asyncio
import heapq
import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from graphlib import TopologicalSorter
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from queue import Empty, SimpleQueue
from uuid import uuid4

import cloudpickle
import dask
import distributed
import torch
from distributed import Client, Future, KilledWorker, Nanny, Scheduler, SpecCluster, Worker, get_worker, rpc
from distributed.versions import VersionMismatchWarning
from tqdm import tqdm

from lottery import files, store
from lottery.store import Experiment, Run
from lottery.suite import warm
from lottery.suite.progress import Bar, Left, recorded_seconds

# What the process of a worker whose nanny was started by hand finds in its environment when it is made, which takes
# `--preload-nanny lottery.suite.cluster`; a local one is a copy of what has it. Dask would have glibc hand memory back
# at every training step, which is up to 1.7x slower on a CPU, and would have workers tell of their end with tracebacks.
TRAP = "MALLOC_TRIM_THRESHOLD_"
_NANNY = dask.config.config["distributed"]["nanny"]["pre-spawn-environ"]
_NANNY.pop(TRAP, None)
_NANNY |= {name: warm.ENVIRONMENT[name] for name in ("THP_MEM_ALLOC_ENABLE", "DASK_LOGGING__DISTRIBUTED")}

# A local worker that is killed comes back, but a cluster would give it up if it were away 15 s after: on a machine in
# which memory is short that is so, and when it is killed again.
dask.config.set({"distributed.deploy.lost-worker-timeout": "365 days"})

# By default a worker wakes 150 times a second or more to see what it is at. A training hands the interpreter on at
# every operation and then waits until it is its turn again: where all cores are busy, up to a third of its time.
dask.config.set(
    {
        "distributed.worker.profile.enabled": False,
        "distributed.admin.tick.interval": "1s",
        "distributed.admin.system-monitor.interval": "10s",
    }
)

# What a worker has to have in common with whoever sends it runs; of torch's +cpu and +cu128 either will do. It is read
# when the module is loaded: files may change while a worker that lives for days still runs what they were.
_HERE = Path(__file__).parent.parent
_SOURCES = {str(path.relative_to(_HERE)): path.read_text(encoding="utf-8") for path in sorted(_HERE.rglob("*.py"))}
SAME = {"lottery": sha256(json.dumps(_SOURCES).encode()).hexdigest()} | {
    name: metadata.version(name).partition("+")[0]
    for name in ("distributed", "torch", "transformers", "accelerate", "numpy", "pandas", "scipy")
}

AHEAD = 4  # runs that a worker is sent, so that it has the next one when it ends one
AGAIN = 3.0  # seconds until a run that another process is at is tried again
ANSWER_WITHIN = 10.0  # seconds that a scheduler is given
PATIENCE = 5.0  # seconds without a worker before a word is said of it
TRIES = 3  # begun this often and every time the worker was killed: then the run is the reason


@contextmanager
def local(workers: int) -> Iterator[str]:
    """A scheduler and workers on this machine for the length of the block; its address.

    workers  processes: one thread each on a CPU, one GPU each where there are GPUs, and then no more than GPUs
    """
    if workers < 1:
        raise ValueError(f"workers = {workers}: at least 1 is needed")
    gpus = torch.cuda.device_count()
    if gpus and workers > gpus:
        _say(f"{gpus} of {workers} workers are started: one for each GPU of this machine")
        workers = gpus

    def worker(number: int) -> dict:
        environment = os.environ | warm.ENVIRONMENT | ({"CUDA_VISIBLE_DEVICES": str(number)} if gpus else {})
        return {
            "cls": Nanny,
            "options": {"nthreads": 1, "memory_limit": 0, "dashboard": False, "env": environment},
        }

    scheduler = {"cls": Scheduler, "options": {"dashboard_address": ":0", "host": "127.0.0.1"}}
    # Of a warm process there are copies at once; to make one for workers alone would take as long as to start two.
    begun = warm.CONTEXT.get_start_method() if warm.serving() else "spawn"
    with dask.config.set({"distributed.worker.multiprocessing-method": begun}):
        with warm.uninterrupted():
            cluster = SpecCluster(
                workers={number: worker(number) for number in range(workers)},
                scheduler=scheduler,
                silence_logs="CRITICAL",
            )
        with cluster:
            try:
                yield cluster.scheduler_address
            except BaseException:
                for nanny in cluster.workers.values():
                    nanny.close_gracefully()  # it starts no new worker in place of this one
                    if nanny.pid:
                        os.kill(nanny.pid, signal.SIGKILL)  # else Dask waits 4 s for the run that it is at
                raise


def map(
    grid: list[Experiment],
    results: str | Path,
    *,
    workers: int = 2,
    scheduler: str = "",
    records: str | Path | None = None,
    chapters: Sequence[str] = (),
) -> list[Run]:
    """The runs of a grid, in its order: finished ones are found, the rest and what they need are performed.

    results    the store; on a cluster of several machines, a folder all of them see
    scheduler  address of a running Dask scheduler; "" starts local workers if there is anything to do
    records    the recorded runs, by whose times it is told how much is left
    chapters   the chapter of each experiment of the grid, named while its runs are at work; () for one chapter
    A run whose worker dies is done again by another. A run that fails, or whose worker dies again and again, is
    recorded with its error and does not stop the others; runs that need it are left out. At the end RuntimeError tells
    how many failed and why the first one did; ValueError, where all refused what they were given. Raises ValueError
    where no scheduler answers, too, and as soon as a worker is met that could not do what this process would: other
    sources or versions, several threads, no sight of `results`.
    """
    results = Path(results).absolute()
    todo = unfinished(grid, results)
    if todo:
        with nullcontext(scheduler) if scheduler else local(min(workers, len(todo))) as address:
            left = Left([run.experiment for run in todo.values()], recorded_seconds(Path(records)) if records else {})
            of = {_name(each): chapter for each, chapter in zip(reversed(grid), reversed(chapters), strict=False)}
            failed, left_out = _perform(todo, results, address, left, of)
        if failed:
            name, error = next(iter(failed.items()))
            kind = ValueError if all(isinstance(each, files.REFUSALS) for each in failed.values()) else RuntimeError
            more = f", {left_out} that need them were left out" if left_out else ""
            raise kind(f"{len(failed)} of {len(todo)} runs failed{more}; the first, {name}: {error}")
    return [Run(experiment, results) for experiment in grid]


def check(scheduler: str) -> None:
    """Raises ValueError unless a Dask scheduler of this process's version answers at the address within 10 s."""
    # Not with a Client: one that has not connected holds up the end of the process, and prints tracebacks in it.
    with ThreadPoolExecutor(1) as apart:  # a notebook has a loop that runs already
        try:
            theirs = apart.submit(asyncio.run, asyncio.wait_for(_version(scheduler), ANSWER_WITHIN)).result()
        except Exception as error:  # a server of another kind is answered by as many errors as there are kinds
            why = " ".join(str(error).split()) or f"silent for {ANSWER_WITHIN:.0f} s"
            raise ValueError(
                f"no Dask scheduler answers at {scheduler!r} ({why}): start one with `dask scheduler` and give the "
                "address that it prints, such as tcp://HOST:8786"
            ) from None
    if theirs != distributed.__version__:
        raise ValueError(
            f"the scheduler at {scheduler} has distributed {theirs}, this process {distributed.__version__}: "
            "start it from the environment in which lottery is installed"
        )


async def _version(scheduler: str) -> str:
    async with rpc(scheduler) as there:
        return (await there.versions())["packages"]["distributed"]


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    check(address)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VersionMismatchWarning)  # what matters of it is refused in a sentence
        client = Client(address, set_as_default=False)
    with client:
        yield client


class _Workers:
    """The workers behind a scheduler, looked at once a second."""

    def __init__(self, client: Client, address: str):
        self.client, self.address = client, address
        self.known: set[str] = set()
        self.present, self.next_look, self.next_word = 0, 0.0, time.monotonic() + PATIENCE
        self.told_of_trap = False

    def count(self) -> int:
        """As many as were seen last; a word is said when there have been none for a while.

        Raises Unfit for one that has no lottery, which could not even say so of a run.
        """
        now = time.monotonic()
        if now >= self.next_look:
            try:
                present = set(self.client.nthreads())
                self._look_at(sorted(present - self.known))
            except OSError:
                raise _lost(self.address) from None
            self.known |= present
            self.present, self.next_look = len(present), now + 1
            if present:
                self.next_word = now + PATIENCE
            elif now >= self.next_word:
                _say(f"the scheduler at {self.address} has no workers: waiting for one")
                self.next_word = now + 60
        return self.present

    def _look_at(self, new: list[str]) -> None:
        if not new:
            return
        for worker, error in self.client.run(
            exec, "import lottery.suite.cluster", workers=new, on_error="return"
        ).items():
            if isinstance(error, ImportError):
                raise Unfit(f"the worker at {worker} cannot import lottery ({error}): install the same version there")
        settings = self.client.run(os.getenv, TRAP, workers=new, on_error="ignore")
        if any(settings.values()) and not self.told_of_trap:
            _say(f"{TRAP} makes these workers slow on a CPU: start them with --preload-nanny lottery.suite.cluster")
            self.told_of_trap = True


def unfinished(grid: Sequence[Experiment], results: Path) -> dict[str, Run]:
    """What of a grid is not finished, with what it needs before it: {name: run}, needed ones first."""
    todo: dict[str, Run] = {}

    def add(experiment: Experiment) -> None:
        name, run = _name(experiment), Run(experiment, results)
        if name not in todo and not run.finished:
            for needed in store.needs(experiment):
                add(needed)
            todo[name] = run

    for experiment in grid:
        add(experiment)
    return todo


def _name(experiment: Experiment) -> str:
    return f"{type(experiment).__name__}-{store.key(experiment)}"


def _perform(
    todo: dict[str, Run], results: Path, address: str, left: Left, chapters: Mapping[str, str]
) -> tuple[dict[str, BaseException], int]:
    """Perform them all: the errors of those that failed, by name, and how many were left out that need one of these.

    left      what is left of them
    chapters  of the runs that have one
    They are sent when what they need is done, first come first, and not all at once: Dask blames the death of a worker
    on every run that waits at it, and those have to be sent again. A run that another process is at is put off, so that
    no worker waits for it.
    """
    ranks = {name: rank for rank, name in enumerate(todo)}
    needed = {name: [_name(each) for each in store.needs(run.experiment)] for name, run in todo.items()}
    order = TopologicalSorter({name: ranks.keys() & before for name, before in needed.items()})
    order.prepare()
    ready = [(ranks[name], name) for name in order.get_ready()]
    heapq.heapify(ready)
    at_work: dict[str, Future] = {}
    put_off: dict[str, float] = {}  # until when, in seconds of time.monotonic
    told = False
    ended: SimpleQueue[Future] = SimpleQueue()
    failed: dict[str, BaseException] = {}
    session = uuid4().hex
    with (
        _connected(address) as client,
        Bar(len(todo), left) as bar,
    ):
        results.mkdir(parents=True, exist_ok=True)
        landmark = results / ".landmark"
        landmark.touch()
        workers = _Workers(client, address)
        while ready or at_work or put_off:
            now = time.monotonic()
            for name in [name for name, until in put_off.items() if until <= now]:
                del put_off[name]
                heapq.heappush(ready, (ranks[name], name))
            if not ready and not at_work and not told:
                _say(
                    f"nothing can be done until another process has ended {min(put_off, key=ranks.get)}: waiting for it"
                )
                told = True
            for _ in range(min(len(ready), AHEAD * workers.count() - len(at_work))):
                _, name = heapq.heappop(ready)
                # As bytes: of a class that a worker cannot import Dask would tell nobody, and wait for ever.
                sent = (cloudpickle.dumps(todo[name]), session, str(landmark), SAME)
                at_work[name] = client.submit(_one, *sent, key=f"{name}/{uuid4()}")
                at_work[name].add_done_callback(ended.put)
            # Of all, put off or not: a run that is tried again and again would change the words each time.
            first = sorted((*at_work, *put_off), key=ranks.get)
            at = next((chapters[name] for name in first if name in chapters), "")
            bar.show(at, workers.present)
            try:
                future = ended.get(timeout=1)  # then it is time to look for new workers
            except Empty:
                continue
            name = future.key.partition("/")[0]
            del at_work[name]
            if future.cancelled():
                raise _lost(address)
            # Of a worker that dies just after a run Dask takes the result for lost and does the run again, which finds
            # it finished: the future is then awaited once more, and has no exception.
            error = None if future.status == "finished" else future.exception()
            others = error is None and not todo[name].finished
            if others or isinstance(error, KilledWorker):
                times = _times_begun(todo[name], session)
                if times < TRIES:
                    if others:
                        put_off[name] = time.monotonic() + AGAIN
                    else:
                        heapq.heappush(ready, (ranks[name], name))
                    continue
                reason = f"its worker was killed each of the {times} times that it was begun: too little memory?"
                store.failed(todo[name], reason)  # its process could leave no word of it
                error = RuntimeError(reason)
            if error is None:
                told = False
                left.done(todo[name].experiment, files.read_json(todo[name].path / store.PROVENANCE)["seconds"])
                order.done(name)
                for after in order.get_ready():
                    heapq.heappush(ready, (ranks[after], after))
            else:
                if isinstance(error, Unfit):
                    raise error
                failed[name] = error
            bar.ended += 1
    return failed, len(todo) - bar.ended


def _one(packed: bytes, session: str, landmark: str, same: dict[str, str]) -> None:
    """Perform a run, in a worker; it stays unfinished where another process is at it.

    Of one that is killed there stays how often it was begun.
    """
    _refuse(get_worker(), landmark, same)
    run: Run = cloudpickle.loads(packed)
    begun = _begun(run, session)
    begun.parent.mkdir(parents=True, exist_ok=True)
    with begun.open("a") as file:
        file.write("begun\n")
    try:
        ended = store.perform(run.experiment, run.results, wait=False).finished
    except BaseException:
        _forget(run)
        raise
    if ended:
        _forget(run)
    elif before := _times_begun(run, session) - 1:  # it was not begun this time
        begun.write_text("begun\n" * before)
    else:
        begun.unlink()


def _forget(run: Run) -> None:
    """Remove how often sessions began a run, those that were killed, too."""
    for each in run.path.glob(".begun.*"):
        each.unlink(missing_ok=True)


def _refuse(worker: Worker, landmark: str, same: dict[str, str]) -> None:
    """Raises Unfit, in a worker's process, where its results would not be those of the process that sent it a run.

    landmark  a file in the store
    same      SAME of that process
    """
    differ = [name for name, theirs in same.items() if SAME.get(name) != theirs]
    if worker.state.nthreads > 1:
        fault = f"has {worker.state.nthreads} threads, which share torch's random state: give it --nthreads 1"
    elif not os.access(landmark, os.W_OK):
        fault = "does not see the folder of results, or may not write there: give --results one that all share"
    elif differ:
        fault = f"has another version of {', '.join(differ)} than this process: start it anew from the same environment"
    else:
        return
    raise Unfit(f"the worker at {worker.address} {fault}")


class Unfit(ValueError):
    """A worker whose results would not be those of the process that sends it a run."""


def _begun(run: Run, session: str) -> Path:
    return run.path / f".begun.{session}"


def _times_begun(run: Run, session: str) -> int:
    begun = _begun(run, session)
    return len(begun.read_text().splitlines()) if begun.exists() else 0


def _lost(address: str) -> RuntimeError:
    return RuntimeError(f"the scheduler at {address} is lost: what is done is kept, and the same command goes on")


def _say(line: str) -> None:
    tqdm.write(line, file=sys.stderr)  # a notebook's stdout is published
