"""How long `make book` takes on a bare machine, set-up included, and when there is a page to look at.

    python tests/benchmarks/first_minutes.py --json first_minutes.json

What is committed is cloned into an empty folder, and the command is given there; nothing should run beside it. It
takes the ten minutes that it measures.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from _report import Figure, main

ROOT = Path(__file__).parents[2]
# What follows the set-up, which make says; the first pages, the runs, the end.
SAID = {
    "set-up": re.compile(r"bin/lottery book"),
    "a page to look at": re.compile(r"pages can be read while the rest is computed"),
    "runs": re.compile(r"The runs took"),
    "the book": re.compile(r"The book is there"),
}


def measure(*, command=("make", "book"), root=ROOT):
    with TemporaryDirectory() as empty:
        subprocess.run(["git", "clone", "--quiet", root, f"{empty}/lottery"], check=True)
        began, reached = time.perf_counter(), {}
        # Unbuffered, else lines come when all is over; a kernel or a pip of this environment is none of a bare machine.
        environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
        with subprocess.Popen(
            command,
            cwd=f"{empty}/lottery",
            env=environment | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            for line in process.stdout:
                sys.stdout.write(f"{time.perf_counter() - began:6.0f} s  {line}")
                sys.stdout.flush()
                reached |= {what: time.perf_counter() - began for what, said in SAID.items() if said.search(line)}
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    if missing := SAID.keys() - reached.keys():
        raise RuntimeError(f"{' '.join(command)} never came to: {', '.join(sorted(missing))}")
    return [
        Figure("a page to look at", reached["a page to look at"], "s", at_most=240, seen={"set-up": reached["set-up"]}),
        Figure("make book on a bare machine", reached["the book"], "s", at_most=600, seen=reached),
    ]


if __name__ == "__main__":
    main(__doc__, measure)
