"""A store of many finished runs, made in seconds, and how long it takes to look through it."""

import json
import time
from hashlib import sha256
from pathlib import Path

from toy_experiments import Doubling

from lottery import runs


def fill(results: Path, count: int) -> list[Doubling]:
    """Finished runs of `Doubling` for the numbers from 0 on, as if each had been performed; the grid of them.

    Only the first is performed: the others are its files with another number, not flushed to the disk one by one.
    """
    grid = [Doubling(number=number, log="/dev/null") for number in range(count)]
    first = runs.perform(grid[0], results)
    shared = {path.name: path.read_text() for path in first.path.glob("[!.]*")}
    record = json.loads(shared["metrics.json"])
    record.pop("sha256")
    for experiment in grid[1:]:
        run = runs.Run(experiment, results)
        name, number = f"Doubling/{run.path.name}", json.dumps({"double": 2 * experiment.number}, indent=1)
        seal = {"run": name, "sha256": sha256(number.encode()).hexdigest(), "size": len(number)}
        texts = {
            "number.json": number,
            "number.json.sha256": json.dumps(seal, indent=1),
            "parameters.json": json.dumps(runs.described(experiment), indent=1),
            "provenance.json": shared["provenance.json"],
        }
        told = {file: {"sha256": sha256(text.encode()).hexdigest(), "size": len(text)} for file, text in texts.items()}
        row = record["row"] | {"number": experiment.number, "key": run.path.name}
        own = record | {"run": name, "metrics": {"double": 2 * experiment.number}, "row": row, "files": told}
        texts["metrics.json"] = json.dumps(own | {"sha256": sha256(json.dumps(own).encode()).hexdigest()}, indent=1)
        run.path.mkdir()
        for file, text in texts.items():
            (run.path / file).write_text(text)
    if not all(runs.Run(experiment, results).intact for experiment in grid[:: max(1, count // 100)]):
        raise RuntimeError("the store's form has changed: tell tests/many_runs.py")
    return grid


def seconds(results: Path, grid: list[Doubling]) -> dict[str, float]:
    """How long each way of looking through a store takes, by its name; the least of three times, files in memory."""
    ways = {
        "table": lambda: runs.table(results, Doubling),
        "rows": lambda: runs.rows(grid, results),
        "status": lambda: runs.status(grid, results),
        "leftovers": lambda: runs.leftovers(results),
    }
    return {name: min(_seconds(way) for _ in range(3)) for name, way in ways.items()}


def _seconds(way) -> float:
    began = time.perf_counter()
    way()
    return time.perf_counter() - began
