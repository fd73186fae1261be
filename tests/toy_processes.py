"""What copies of a warm process do in tests."""

import gc
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path


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


def called(words: Sequence[str]) -> None:
    """Be the command `lottery` with these words."""
    from lottery.suite import cli

    cli.main(words)


def telling(word: str) -> None:
    """Say where it is and what it was given, and end with exit code 3."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    sys.stdout.write(f"{word} {Path.cwd()} {sorted(os.environ)} {sys.path[0]} {blocked}\n")
    sys.exit(3)


def waiting() -> None:
    time.sleep(600)
