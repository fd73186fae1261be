"""Other processes of this interpreter: they end with the one that asked for them, and compute with so many threads."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

# A process whose parent is killed would go on, and hold the locks of what its successor is to go on with.
WATCH = """
import os, sys, threading, time

def watch():
    while os.getppid() == int(os.environ["PARENT"]):
        time.sleep(0.1)
    os._exit(1)

threading.Thread(target=watch, daemon=True).start()
"""


def run(
    code: str,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    given: bytes = b"",
) -> subprocess.CompletedProcess[str]:
    """What a program in Python prints and how it ends; it ends, too, when this process does.

    environment  what it finds beside what this process has
    folder       that it is started in; None: this one's
    given        on its standard input
    """
    surroundings = os.environ | (environment or {}) | {"PARENT": str(os.getpid())}
    command = [sys.executable, "-c", WATCH + code, *arguments]
    done = subprocess.run(command, cwd=folder, env=surroundings, input=given, capture_output=True)
    said, error = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(command, done.returncode, said, error)


def threads(number: int) -> dict[str, str]:
    """What an environment says so that torch and numpy compute with so many; torch heeds MKL's more than OpenMP's."""
    return dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(number))
