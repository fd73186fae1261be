"""What copies of a warm process do in tests."""

import gc
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import resource_tracker
from pathlib import Path

from lottery.suite import warm


def threads(process: int) -> set[str]:
    """The names of what runs in a process beside its first thread; nothing where the system has no /proc."""
    others = [task for task in Path(f"/proc/{process}/task").glob("*") if task.name != str(process)]
    return {(task / "comm").read_text().strip() for task in others}


def beginning(connection):
    import torch

    told = {
        "modules": {*sys.modules},
        "parent": os.getppid(),
        "collects": gc.isenabled(),
        "left_alone": gc.get_freeze_count(),
        "threads_of_parent": threads(os.getppid()),
        "threads": torch.get_num_threads(),
        "initialised": torch.cuda.is_initialized(),
        "blocked": signal.pthread_sigmask(signal.SIG_BLOCK, []),
        "environment": dict(os.environ),
    }
    connection.send(told)


def as_somebody_else(place, connection):
    """Tell what comes of a run in a store that may not be written."""
    from toy_experiments import Filling

    from lottery import store

    if os.getuid() == 0:
        os.setuid(65534)
    try:
        store.perform(Filling(kind="json"), Path(place))
        connection.send(None)
    except Exception as error:
        connection.send({"type": type(error).__name__, "errno": getattr(error, "errno", None), "text": str(error)})


class Copy:
    """A process that calls `lottery` as a terminal does, with the face of subprocess.Popen as far as tests look."""

    def __init__(self, words: Sequence[str], *, folder: Path, environment: Mapping[str, str], said: Path):
        """Begin it, in a folder; what it says goes to the end of a file."""
        given = [str(word) for word in words], str(folder), dict(environment), str(said)
        self._process = warm.CONTEXT.Process(target=_called, args=given)
        self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode


def _called(words: list[str], folder: str, environment: dict[str, str], said: str) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    resource_tracker._resource_tracker.__init__()  # its own: the tests' would tell of what is left where it is killed
    with Path(said).open("a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    places = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [place for place in places if place and place not in sys.path]

    from lottery.suite import cli

    cli.main(words)
