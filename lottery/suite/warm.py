"""A process that has imported what runs and notebooks need and runs nothing: kernels and workers begin as its copies.

torch, transformers and what they draw in take longer to import than most notebooks and runs take to compute. A server
of multiprocessing's imports them once.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker

from lottery import processes

IMPORTED = (  # by the server; no thread may be running after it, since a fork copies only the one that forks
    "ipykernel.kernelapp",
    "transformers.models.bert.modeling_bert",
    "lottery.suite.chapter",
    "lottery.suite.cluster",
    "lottery.experiments.studies",
)

# Read once, as modules are imported. Several processes are at work at a time, so each has one thread. torch takes
# memory in pages of 2 MB where asked to, on Linux: an update of a BERT with its table of words takes up to 25 % less
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
