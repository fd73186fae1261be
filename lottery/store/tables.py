"""Runs as tables: a row each, the recorded ones too, and what unfinished ones have left behind."""

import json
import os
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet

from lottery import files
from lottery.store.naming import Experiment, described, flattened
from lottery.store.run import ERROR, PASSING, PROVENANCE, Run, closing_record, finished_record


def table(results: Path, experiment: type) -> pd.DataFrame:
    """One row a finished run of an experiment: parameters, metrics, key and seconds. Empty where there is none."""
    records = (closing_record(folder) for folder in _folders(Path(results) / experiment.__name__))
    # A run older than a field has no such column in its record: it did what the field's default says.
    later = {field.name: field.default for field in fields(experiment) if field.default is not MISSING}
    return pd.DataFrame([later | record["row"] | record["metrics"] for record in records if record])


def rows(grid: list[Experiment], results: Path) -> pd.DataFrame:
    """One row a finished run of a grid, in its order: experiment, parameters, metrics, key, seconds."""
    records = ((experiment, closing_record(Run(experiment, Path(results)).path)) for experiment in grid)
    return pd.DataFrame([_row(experiment, record) for experiment, record in records if record])


def _row(experiment: Experiment, record: dict[str, Any]) -> dict[str, Any]:
    return {"experiment": type(experiment).__name__} | record["row"] | flattened(experiment) | record["metrics"]


def status(grid: list[Experiment], results: Path) -> pd.DataFrame:
    """One row an experiment of the grid: experiment, key, state (finished, failed, missing), error."""
    lines = []
    for experiment in grid:
        run = Run(experiment, Path(results))
        finished = run.finished
        error = "" if finished else str(files.read_json(run.path / ERROR).get("error", ""))
        state = "finished" if finished else "failed" if error else "missing"
        lines.append({"experiment": type(experiment).__name__, "key": run.path.name, "state": state, "error": error})
    return pd.DataFrame(lines, columns=["experiment", "key", "state", "error"])


def record(
    grid: list[Experiment], results: Path, path: Path, before: Mapping[str, dict[str, Any]] | None = None
) -> pd.DataFrame:
    """Write the finished runs of a grid as a small table that a book can be built from without running anything.

    Beside parameters and metrics each row carries its description (`parameters`, the JSON its key is computed from)
    and its provenance. A run that is not finished here is taken from `before`, the rows of `recorded_rows`, so that a
    long grid is recorded over several sittings. Raises ValueError if it is not there either.
    """
    lines, missing = [], 0
    for experiment in grid:
        run = Run(experiment, Path(results))
        if run.finished:
            made = {f"made.{what}": value for what, value in run.read(PROVENANCE).items()}
            description = {"parameters": json.dumps(described(experiment), sort_keys=True)}
            lines.append(description | _row(experiment, closing_record(run.path)) | made)
        elif before and run.path.name in before:
            lines.append(before[run.path.name])
        else:
            missing += 1
    if missing:
        raise ValueError(
            f"{missing} of {len(grid)} runs for {path.stem} are not finished: run the notebook first, then record it"
        )
    table = pd.DataFrame(lines)
    with files.written(path) as partial:
        table.to_parquet(partial, index=False)
    return table


def recorded(path: Path) -> pd.DataFrame:
    """A recorded table; empty where none has been recorded."""
    return pd.read_parquet(path) if Path(path).is_file() else pd.DataFrame()


def recorded_rows(folder: Path) -> dict[str, dict[str, Any]]:
    """{key: what is told} of all runs in the recorded tables of a folder; what a row does not tell is left out."""
    paths = sorted(Path(folder).glob("*.parquet"))
    rows = [row for path in paths for row in pyarrow.parquet.read_table(path).to_pylist()]
    return {row["key"]: {name: value for name, value in row.items() if value is not None} for row in rows}


def leftovers(results: Path) -> list[Path]:
    """Folders of unfinished runs that nobody is working on, and what killed processes left in finished ones."""
    left = []
    for experiment in _folders(Path(results)):
        for folder in _folders(experiment):
            if finished_record(folder):
                left += files.half_written(folder)
                left += [folder / name for name in PASSING if (folder / name).exists()]
            else:
                with files.locked(folder / ".lock", wait=False) as ours:
                    left += [folder] if ours else []
    return left


def remove(leftover: Path) -> int:
    """Remove what `leftovers` found; the bytes that went, 0 where someone is at work there now."""
    of_a_finished_run = leftover.name.startswith(".") or leftover.name in PASSING
    with files.locked((leftover.parent if of_a_finished_run else leftover) / ".lock", wait=False) as ours:
        return files.remove(leftover) if ours else 0


def _folders(place: Path) -> list[Path]:
    """The folders in a folder, in the order of their names; [] where it is not there."""
    try:
        with os.scandir(place) as entries:
            return [place / name for name in sorted(entry.name for entry in entries if entry.is_dir())]
    except (FileNotFoundError, NotADirectoryError):
        return []
