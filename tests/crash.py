"""A book that is killed at random moments and made again, compared with one that nobody disturbed.

    python tests/crash.py [--profile smoke] [--kills 10] [--seed S]

Two copies of the checkout's tracked files are made in a temporary folder; their trainings save their state every second
instead of every minute. In one the book is built in peace. In the other it is killed (-9) as often as asked, with all
its processes or alone, so that the others have to notice, and the same command is given again. The moments are drawn
from the whole time of the undisturbed building; each comes when as much is done as was done there at that moment. In
the end both copies hold the same files with the same bits, but for what tells times and the machine. Exit code 1 if
not, with the differences.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pandas as pd
import psutil
from rich.console import Console

ROOT = Path(__file__).parent.parent
MADE = ("results", "book/_build")
# Of times and the machine, the index of all words in them, and what pages with them are made of.
TIMED = ("provenance.json", "how_this_was_made.html", "how_this_was_made.md", "searchindex.js", "html.stamp.json")
TELLS_TIME = ("world.ipynb", "world.html")  # pages that tell how long something took: their numbers may differ
DRAWS_TIME = ("smaller_model.ipynb", "smaller_model.html")  # pages whose figures show it: nothing in them is compared
MEASURES_TIME = ("FormTimes",)  # experiments whose results are times


@contextmanager
def book(root: Path, profile: str, modules: Path, workers: int = 2) -> Iterator[subprocess.Popen]:
    """The command that builds the book of a checkout, started, and at the block's end no longer there.

    modules  where the processes look for modules before they look into this checkout
    What it says goes to root/book.log.
    """
    environment = os.environ | {"PYTHONPATH": f"{modules}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "lottery.suite.cli", "book", "--profile", profile, "--workers", str(workers)]
    with (root / "book.log").open("a") as log:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        if process.poll() is None:
            killed(process, whole=True)


def killed(process: subprocess.Popen, *, whole: bool) -> list[psutil.Process]:
    """Kill a process, with all that it started or alone; what it was and had started."""
    first = psutil.Process(process.pid)
    family = [first, *first.children(recursive=True)]
    for member in family if whole else [first]:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    process.wait()
    return family


def living(family: list[psutil.Process]) -> list[str]:
    """Those of some processes that still run, by their command."""
    found = []
    for member in family:
        try:
            if member.is_running() and member.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(member.cmdline()))
        except psutil.NoSuchProcess:
            continue
    return found


def differences(one: Path, other: Path) -> list[str]:
    """The files of two checkouts' stores and built books that are not in both, or not the same but for times."""
    told = [
        {
            str(path.relative_to(root)): path
            for part in MADE
            for path in (root / part).rglob("*")
            if path.name not in of_times(root)
        }
        for root in (one, other)
    ]
    faults = [
        f"{name} is only in {root}"
        for root, mine, its in zip((one, other), told, told[::-1], strict=True)
        for name in sorted(mine.keys() - its.keys())
    ]
    both = sorted(told[0].keys() & told[1].keys())
    return faults + [f"{name} differs" for name in both if content(told[0][name]) != content(told[1][name])]


@cache
def of_times(root: Path) -> set[str]:
    """The names of the figures on pages that show how long something took; they are made of what is drawn."""
    pages = [path for path in (root / "book/_build/html").rglob("*.html") if path.name in DRAWS_TIME]
    return {name for page in pages for name in re.findall(r"[0-9a-f]{64}(?:-piled)?\.svg", page.read_text())}


def content(path: Path) -> object:
    """What is in a file, without the times and the machine that it tells."""
    shown = re.sub(r"^.*-(\w+)-\d+\.csv$", r"\1.html", path.name)  # the page of which this is a table to take along
    if path.is_dir() or path.name in TIMED or shown in DRAWS_TIME:
        return ""
    if path.parent.parent.name in MEASURES_TIME:
        return ""
    if path.name == "metrics.json":
        record = json.loads(path.read_text())
        row = {name: value for name, value in record["row"].items() if name != "seconds"}
        made = {name: value for name, value in record["files"].items() if name not in TIMED}
        return json.dumps([record["run"], record["metrics"], row, made])  # as text: nan is nan
    if path.name.endswith(".stamp.json"):
        return json.loads(path.read_text())["inputs"]
    if shown in TELLS_TIME:
        return re.sub(r" *\d+(\.\d+)?", " a number", path.read_text())  # a table as text fills them up with spaces
    if path.name.endswith(".runs.parquet"):
        table = pd.read_parquet(path)
        if "experiment" in table:  # else it is of no run
            table = table[~table["experiment"].isin(MEASURES_TIME)]
        return table[[name for name in table if name != "seconds" and not name.startswith("made.")]].to_json()
    return path.read_bytes()


def done(root: Path) -> int:
    """How many files there are in a checkout's store and among its executed notebooks, those in work left out."""
    found = 0
    for place in (root / "results", root / "book" / "_build" / "executed"):
        for _, folders, names in os.walk(place):  # which does not mind what vanishes meanwhile
            folders[:] = [folder for folder in folders if not folder.startswith(".")]
            found += sum(not name.startswith((".", "checkpoint")) for name in names)
    return found


def watched(process: subprocess.Popen, root: Path) -> dict[int, float]:
    """When, in seconds from now, how many files were done, until a process ends well; else RuntimeError."""
    began, reached = time.monotonic(), {0: 0.0}
    while process.poll() is None:
        reached.setdefault(done(root), time.monotonic() - began)
        time.sleep(0.05)
    if process.returncode:
        raise RuntimeError(f"the undisturbed book is not built: {(root / 'book.log').read_text()}")
    return reached


def copied(root: Path) -> Path:
    """A copy of this checkout's tracked files, in which trainings save their state every second."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes((ROOT / name).read_bytes())
    run, seldom = root / "lottery/store/run.py", "every: float = 60.0"
    text = run.read_text(encoding="utf-8")
    if text.count(seldom) != 1:
        raise RuntimeError(f"{run} says {seldom!r} {text.count(seldom)} times: tell tests/crash.py what it is")
    run.write_text(text.replace(seldom, "every: float = 1.0"), encoding="utf-8")
    return root


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default="smoke", help="of the book that is built")
    parser.add_argument("--kills", type=int, default=10, help="how often")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the moments; by default another")
    given = parser.parse_args()
    draw, console = random.Random(given.seed), Console(highlight=False, soft_wrap=True)
    console.print(f"{given.kills} kills, seed {given.seed}")
    folder = tempfile.mkdtemp(prefix="lottery-crash-")
    peace, war = (copied(Path(folder, name)) for name in ("undisturbed", "killed"))
    began = time.monotonic()
    with book(peace, given.profile, peace) as process:
        reached = watched(process, peace)
    took = time.monotonic() - began
    console.print(f"undisturbed: built in {took:.0f} s")
    family, faults = [], []
    for number, moment in enumerate(sorted(draw.uniform(0, took) for _ in range(given.kills)), 1):
        files = max(count for count, when in reached.items() if when <= moment)
        with book(war, given.profile, war) as process:
            while process.poll() is None and done(war) < files:
                time.sleep(0.01)
            try:
                code = process.wait(moment - reached[files])
                said = f"ended with exit code {code} before its kill"
                faults += [f"the command {said}"] if code else []
            except subprocess.TimeoutExpired:
                whole = draw.random() < 0.5
                family += killed(process, whole=whole)
                said = f"killed {'with all its processes' if whole else 'alone'} after {done(war)} files"
        console.print(f"[{number}/{given.kills}] {said}", markup=False)
    with book(war, given.profile, war) as process:
        code = process.wait()
    faults += [f"the last command ended with exit code {code}: {(war / 'book.log').read_text()}"] if code else []
    faults += differences(peace, war)
    faults += [f"this outlived the process that started it: {command}" for command in living(family)]
    for fault in faults[:50]:
        console.print(fault, markup=False)
    files = sum(path.is_file() for part in MADE for path in (peace / part).rglob("*"))
    verdict = f"{len(faults)} faults, both are left in {folder}" if faults else f"{files} files alike, bit for bit"
    console.print(f"{given.kills} kills in {time.monotonic() - began:.0f} s: {verdict}")
    if not faults:
        shutil.rmtree(folder)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
