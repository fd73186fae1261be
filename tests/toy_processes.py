"""What a process tells of itself as it begins."""

import gc
import os
import signal
import sys
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
