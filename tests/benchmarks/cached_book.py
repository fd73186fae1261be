"""How long `make book` takes when everything it shows has been computed.

    PROFILE=smoke python tests/benchmarks/cached_book.py --json cached_book.json

The book of PROFILE (quick, as `make book` has it) is built twice: what the first time takes depends on what was there,
minutes where nothing was; the second time counts.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from _report import Figure, main

ROOT = Path(__file__).parents[2]
PROFILE = os.environ.get("PROFILE", "quick")
BOOK = (Path(sys.executable).with_name("lottery"), "book", "--profile", PROFILE)


def measure(*, command=BOOK, root=ROOT):
    def executed():
        return {path: path.stat().st_mtime_ns for path in (root / "book" / "_build" / "executed").rglob("*.ipynb")}

    def seconds_of_a_build():
        began = time.perf_counter()
        subprocess.run(command, cwd=root, check=True)
        return time.perf_counter() - began

    first, before = seconds_of_a_build(), executed()
    second = seconds_of_a_build()
    if executed() != before:
        raise RuntimeError("the second build executed a notebook that the first had just executed")
    what = f"a book of {len(before)} notebooks, everything computed"
    return [Figure(what, second, "s", at_most=30, seen={"seconds of the build before": first})]


if __name__ == "__main__":
    main(__doc__, measure)
