"""Runs as tables: a row each, the recorded ones too, and what unfinished ones have left behind."""

import json
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow.parquet

from lottery import files
from lottery.store.naming import Experiment, described, flattened
from lottery.store.run import ERROR, PASSING, PROVENANCE, RECORD, Run, closing_record, finished_record

ANSWERS = "answers.parquet"  # of a run that scores a model: split, answer, label, a row an example


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


class Ended(NamedTuple):
    """A run of a store that has ended, well or not.

    folder  <Experiment>/<key>, below the store
    at      when, in seconds since 1970
    error   why it failed; "" where it did not
    score   the metric of that name; None where it has none
    left    the names of the masks and models in its folder
    parameters  those by which it differs from other runs of its experiment
    """

    folder: str
    at: float
    error: str
    score: float | None
    left: list[str]
    parameters: dict[str, Any]


def latest(results: Path, most: int, experiments: Collection[str] = ()) -> list[Ended]:
    """The runs of a store that ended last, the newest first, whatever asked for them; `parameters` tells them apart.

    experiments  names of the classes of experiments that are looked for; none: all
    """
    ended: dict[Path, float] = {}
    for place in _folders(Path(results)):
        for folder in _folders(place) if not experiments or place.name in experiments else []:
            for name in (RECORD, ERROR):
                with suppress(FileNotFoundError):
                    ended[folder] = (folder / name).stat().st_mtime
    newest = sorted(ended, key=lambda folder: ended[folder], reverse=True)[:most]
    records = {folder: finished_record(folder) for folder in newest}
    differing = _differing({folder: record["row"] for folder, record in records.items() if record})
    lines = []
    for folder, record in records.items():
        name = f"{folder.parent.name}/{folder.name}"
        if record is None:
            error = str(files.read_json(folder / ERROR).get("error", "its files are not as they were written"))
            lines.append(Ended(name, ended[folder], error, None, [], {}))
            continue
        left = [file for file in record["files"] if file == "model" or file.endswith("mask.safetensors")]
        parameters = {field: record["row"].get(field) for field in differing[folder.parent.name]}
        lines.append(Ended(name, ended[folder], "", record["metrics"].get("score"), left, parameters))
    return lines


def _differing(rows: Mapping[Path, dict[str, Any]]) -> dict[str, list[str]]:
    """{experiment: the parameters that are not the same in all these runs of it}; of unlike parts, their kind."""
    alike: dict[str, list[dict[str, Any]]] = {}
    for folder, row in rows.items():
        alike.setdefault(folder.parent.name, []).append(row)
    differing = {}
    for name, kin in alike.items():
        fields = dict.fromkeys(field for row in kin for field in row if field not in ("key", "seconds"))
        differ = [field for field in fields if any(row.get(field) != kin[0].get(field) for row in kin)]
        differing[name] = [field for field in differ if not any(field.startswith(f"{other}.") for other in differ)]
    return differing


def record(
    grid: list[Experiment], results: Path, path: Path, before: Mapping[str, dict[str, Any]] | None = None
) -> pd.DataFrame:
    """Write the finished runs of a grid as a small table that a book can be built from without running anything.

    Beside parameters and metrics each row carries its description (`parameters`, the JSON its key is computed from),
    its provenance and, where it left the answers of a model, those on dev (`_dev_answers`). A run that is not finished
    here is taken from `before`, the rows of `recorded_rows`, so that a long grid is recorded over several sittings.
    Raises ValueError if it is not there either.
    """
    lines, missing = [], 0
    for experiment in grid:
        run = Run(experiment, Path(results))
        if run.finished:
            made = {f"made.{what}": value for what, value in run.read(PROVENANCE).items()}
            description = {"parameters": json.dumps(described(experiment), sort_keys=True)}
            lines.append(description | _row(experiment, closing_record(run.path)) | _dev_answers(run) | made)
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


def _dev_answers(run: Run) -> dict[str, list[float]]:
    """What the model of a run answered to each example of dev, and what was right: class numbers, or numbers.

    {} where the run left none, or texts. Four decimals tell the errors of scores that are computed from them.
    """
    if ANSWERS not in (closing_record(run.path) or {"files": {}})["files"]:
        return {}
    rows = run.read(ANSWERS)
    rows = rows.loc[rows["split"] == "dev", ["answer", "label"]].apply(pd.to_numeric, errors="coerce")
    if rows.isna().any(axis=None):
        return {}
    return {"dev_answers": rows["answer"].round(4).tolist(), "dev_labels": rows["label"].tolist()}


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
