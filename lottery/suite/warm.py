"""A process that has imported what runs and notebooks need and runs nothing: kernels and workers begin as its copies.

torch, transformers and what they draw in take longer to import than most notebooks and runs take to compute. A server
of multiprocessing's imports them once.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import Any

from lottery import processes

IMPORTED = (  # by the server; no thread may be running after it, since a fork copies only the one that forks
    "ipykernel.kernelapp",
    "transformers.models.bert.modeling_bert",
    "lottery.suite.chapter",
    "lottery.suite.cluster",
    "lottery.experiments.studies",
)

# Read once, as modules are imported. Several processes are at work at a time, so each has one thread. torch takes
# memory in pages of 2 MB where asked to, on Linux: an update of a BERT with its table of words takes up to 25% less
# time then. Workers do not tell of their start and end. What a user has set up for matplotlib does not count, and the
# debugger's warning would be the first thing on a kernel's stderr.
ENVIRONMENT = processes.threads(1) | {
    "THP_MEM_ALLOC_ENABLE": "1",
    "DASK_LOGGING__DISTRIBUTED": "critical",
    "MATPLOTLIBRC": os.devnull,
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}

CONTEXT = multiprocessing.get_context("forkserver")

_STARTING = threading.Lock()
_served = threading.Event()


def serve() -> None:
    """Start the server if there is none: what CONTEXT starts is then a copy of it, as soon as all is imported.

    Ctrl-C reaches neither it nor its copies.
    """
    with _STARTING, uninterrupted():
        forkserver.set_forkserver_preload(["lottery.suite.imported"])
        mine = dict(os.environ)
        os.environ.update(ENVIRONMENT)
        try:
            forkserver.ensure_running()
            _served.set()
        finally:
            for name in ENVIRONMENT.keys() - mine.keys():
                del os.environ[name]
            os.environ.update(mine)


def serving() -> bool:
    """True where `serve` was called in this process."""
    return _served.is_set()


class Copy:
    """A copy of the warm process that does one thing, with the face of subprocess.Popen as far as its callers look.

    It ends when the process does that began it. `serve` is called first where that was not done: in a copy, as a kernel
    is one, the first copy has a warm process of its own made.
    """

    stdin = stdout = stderr = None

    def __init__(
        self,
        does: Callable[..., object],
        *given: Any,
        folder: Path,
        environment: Mapping[str, str],
        said: Path | None = None,
        apart: bool = False,
    ):
        """Begin it.

        does         a function of a module; what it is given can be pickled
        folder       that it is in
        environment  all that it finds there; PYTHONPATH is heeded
        said         the file that gets, behind what is in it, what it says; None: the terminal
        apart        whether it leads a group of processes of its own, which a terminal's Ctrl-C does not reach
        """
        serve()
        if said is not None:
            said.touch()  # else nobody could read it where the copy ends before it begins
        everything = (does, given, str(folder), dict(environment), said and str(said), apart)
        self._process = CONTEXT.Process(target=_begun, args=everything)
        self._process.start()
        self.pid = self._process.pid
        # What another thread starts asks for the exit codes of all children, and each is told once. Nor has this
        # process to wait for it at its own end.
        multiprocessing.process._children.discard(self._process)

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Its exit code, None where it is still at work after so many seconds; killed where the wait is broken off."""
        try:
            self._process.join(timeout)
        except BaseException:
            self.kill()
            raise
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()


def _begun(
    does: Callable[..., object],
    given: tuple[Any, ...],
    folder: str,
    environment: dict[str, str],
    said: str | None,
    apart: bool,
) -> None:
    if apart:
        os.setsid()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    # A tracker of its own: the server's would tell of all that a killed copy left, where nothing else is said of it.
    resource_tracker._resource_tracker.__init__()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if said is not None:
        with Path(said).open("a") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    places = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [place for place in places if place and place not in sys.path]
    does(*given)


def _end_with_parent() -> None:
    """Its parent is the server, which lives on: the process that began it is another."""
    multiprocessing.parent_process().join()
    os._exit(1)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C waits until the end of the block, and never reaches the processes and threads that it starts.

    A terminal sends it to workers, too; they are ended by the process that started them, and would print tracebacks.
    """
    resource_tracker.ensure_running()  # were it started in the block, it would let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
