"""The store of results: a run is a folder named by its parameters, and found again instead of being computed again.

results/<Experiment>/<key>/ holds what the run made, `parameters.json`, `provenance.json` and, written last,
`metrics.json` with the sha256 of every other file. The run is finished when that record is there.
"""

import contextlib
import json
import os
import platform
import stat
import subprocess
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol, dataclass_transform, get_type_hints

import pandas as pd
import pyarrow.parquet
import pydantic
import safetensors.torch
import torch
from accelerate import Accelerator

from lottery import files

RECORD = "metrics.json"
PARAMETERS = "parameters.json"
PROVENANCE = "provenance.json"
ERROR = "error.json"
CHECKPOINT = "checkpoint.pt"
PASSING = (ERROR, CHECKPOINT, "checkpoint.json")  # gone when the run is finished

Fraction = Annotated[float, pydantic.Field(ge=0, lt=1)]
Count = Annotated[int, pydantic.Field(ge=0)]
Size = Annotated[int, pydantic.Field(gt=0)]
Positive = Annotated[float, pydantic.Field(gt=0)]
NotNegative = Annotated[float, pydantic.Field(ge=0)]


@dataclass(frozen=True)
class Content:
    """Marks a field that names a file or folder: it enters the key by what is in it, not by where it lies.

    reads  of a folder, what is read, as patterns of `Path.glob`: what lies beside it does not count, nor do hidden
           files and what is in hidden folders
    names  values that name something else, whatever lies where one stands under that name
    """

    reads: tuple[str, ...] = ("**/*",)
    names: tuple[str, ...] = ()


Source = Annotated[str, Content()]  # a file, a folder, or a name that is neither


class Experiment(Protocol):
    """Parameters that name a run, and how it is performed."""

    version: ClassVar[int]  # raised when a change of the code alters the results

    def perform(self, run: "Run") -> dict[str, Any]:
        """Do it, leaving files through `run`; return the metrics: numbers, texts or lists of them."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
def parameters(cls: type) -> type:
    """A strict, frozen dataclass: unknown names, wrong types and values out of range are refused in one sentence."""
    config = pydantic.ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    strict = pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=config)(cls)
    build = strict.__init__

    def __init__(self, *args, **told):
        try:
            build(self, *args, **told)
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "its arguments"
            offered = ", ".join(field.name for field in fields(cls))
            why = first["msg"].removeprefix("Value error, ")
            known = "" if where in {field.name for field in fields(cls)} else f" (its parameters are {offered})"
            raise ValueError(
                f"{cls.__name__}: {where} = {first['input']!r}: {why[0].lower()}{why[1:]}{known}"
            ) from None

    strict.__init__ = __init__
    return strict


def key(experiment: Experiment) -> str:
    """Twelve hex digits that name a run: its class, version, and every field that is not at its added-later default."""
    return key_of(described(experiment))


def key_of(description: dict[str, Any]) -> str:
    """The key of an experiment described as plain JSON, as it stands in parameters.json and in the records."""
    return sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()[:12]


def described(value: Any) -> Any:
    """An experiment as plain JSON, as it enters the key: files by content, fields at a default left out."""
    if not is_dataclass(value):
        return [described(item) for item in value] if isinstance(value, (list, tuple)) else value
    hints = _hints(type(value))
    told = {
        field.name: _content(getattr(value, field.name), content)
        if (content := content_of(hints[field.name]))
        else described(getattr(value, field.name))
        for field in fields(value)
        if field.default is MISSING or getattr(value, field.name) != field.default
    }
    return {"experiment": type(value).__name__, "version": value.version, **told}


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


def content_of(hint: Any) -> Content | None:
    """The mark of a field that names a file or folder, by its type; None for another field."""
    return next((mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Content)), None)


def _content(source: str, content: Content) -> str:
    path = Path(source).expanduser()
    if not source or source in content.names or not path.exists():
        return source
    inside = files.visible(path, *content.reads) if path.is_dir() else [path]
    whole = sha256()
    for file in inside:
        whole.update(os.path.relpath(file, path).encode() + b"\0" + files.checksum(file).encode() + b"\0")
    return "sha256:" + whole.hexdigest()


def flattened(experiment: Any, prefix: str = "") -> dict[str, Any]:
    """An experiment as one row: a column a field, those of a nested one after its name and a dot; files by their name.

    >>> # FineTuning(pruned=Pruned(sparsity=0.3), task="cola") -> {"pruned.sparsity": 0.3, "task": "cola"}
    """
    hints, row = _hints(type(experiment)), {}
    for field in fields(experiment):
        value = getattr(experiment, field.name)
        if is_dataclass(value):
            row[prefix + field.name] = type(value).__name__
            row |= flattened(value, f"{prefix}{field.name}.")
        else:
            row[prefix + field.name] = Path(value).name if content_of(hints[field.name]) else value
    return row


def needs(experiment: Experiment) -> list[Experiment]:
    """The experiments among its fields, and those that it tells of as `preceding`, to be finished before it.

    A level of iterative pruning goes on from the level before it, which it tells by a property: as a field, nine levels
    would lie in one another, and with them nine times as many columns in every table. So do the searches of several
    seeds, which differ in nothing else.
    """
    values = [getattr(experiment, field.name) for field in fields(experiment)]
    values += getattr(experiment, "preceding", [])
    nested = [[value] if hasattr(value, "perform") else needs(value) for value in values if is_dataclass(value)]
    return [needed for each in nested for needed in each]


# How a value is written and read, by the suffix of its file. Nothing is unpickled.
FORMATS: dict[str, tuple[Callable[[Any, Path], None], Callable[[Path], Any]]] = {
    ".safetensors": (lambda value, path: safetensors.torch.save_file(value, path), safetensors.torch.load_file),
    ".parquet": (lambda value, path: value.to_parquet(path, index=False), pd.read_parquet),
    ".json": (
        lambda value, path: path.write_text(json.dumps(value, indent=1)),
        lambda path: json.loads(path.read_text()),
    ),
}


@dataclass(frozen=True)
class Run:
    """One run of an experiment, finished or not, in its folder."""

    experiment: Experiment
    results: Path

    @cached_property
    def path(self) -> Path:
        """results/<Experiment>/<key>"""
        return self.results / type(self.experiment).__name__ / key(self.experiment)

    @property
    def finished(self) -> bool:
        """True where the closing record is as it was written and every file it names is there in its size.

        Cheap on purpose, for grids of thousands; what is read is looked at whole, as `intact` does.
        """
        return _finished(self.path) is not None

    @property
    def intact(self) -> bool:
        """True where the closing record is as it was written and so is the content of every file it names."""
        record = _record(self.path)
        return bool(record) and all(files.digest(self.path / name) == told for name, told in record["files"].items())

    @property
    def metrics(self) -> dict[str, Any]:
        """What the experiment returned. Raises ValueError if the run is not finished."""
        record = _finished(self.path)
        if record is None:
            raise ValueError(f"{type(self.experiment).__name__} {self.path.name} is not finished: run it first")
        return record["metrics"]

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make()` returns, computed the first time and read from the file or folder `name` ever after.

        The suffix tells the format: .safetensors (tensors), .parquet (a table), .json. A file that is not as it was
        written is made again.
        """
        file = self.path / name
        write, read = FORMATS[file.suffix]
        if not _sealed(file):
            value = make()
            with files.written(file) as partial:
                write(value, partial)
            _seal(file)
        return read(file)

    def read(self, name: str) -> Any:
        """The file `name` that the run left; performed again where that is missing or not as it was written."""
        file = self.path / name
        if files.digest(file) != (_record(self.path) or {"files": {}})["files"].get(name):
            self.need(self.experiment)
        return FORMATS[file.suffix][1](file)

    def folder(self, name: str, make: Callable[[Path], None]) -> Path:
        """The folder `name`, filled the first time by `make(folder)`; for models in the form transformers saves."""
        place = self.path / name
        if not _sealed(place):
            with files.written_folder(place) as partial:
                make(partial)
            _seal(place)
        return place

    def need(self, experiment: Experiment) -> "Run":
        """The finished run of another experiment, performed now if it was not or if a file of it is not as written.

        torch's generators do not notice.
        """
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            return perform(experiment, self.results)

    def checkpoint(self, every: float = 60.0) -> "Checkpoint":
        """Where a long training of this run keeps its state; saved at most once in `every` seconds."""
        return Checkpoint(self.path / CHECKPOINT, every)


class Checkpoint:
    """The state of an unfinished training: the last one saved, whole or absent. Beside it, the time spent on it."""

    def __init__(self, path: Path, every: float):
        self.path, self.every, self.last = path, every, time.monotonic()
        self.began = self.last - spent(path)

    def load(self) -> dict | None:
        """The last state saved; None where there is none, or its file is damaged or another run's."""
        try:
            with zipfile.ZipFile(self.path) as archive:  # torch.load believes what has flipped inside a tensor
                if archive.testzip():
                    return None
            saved = torch.load(self.path, weights_only=True)
            return saved["state"] if saved["run"] == _name(self.path.parent) else None
        except Exception:  # what a damaged file makes of zip and pickle cannot be listed
            return None

    def save_if_due(self, state: Callable[[], dict]) -> None:
        """Save `state()` if `every` seconds have passed since the last saving."""
        if time.monotonic() - self.last >= self.every:
            with files.written(self.path) as partial, partial.open("wb") as file:
                torch.save({"run": _name(self.path.parent), "state": state()}, file)
            self.last = time.monotonic()
            files.write_json(self.path.with_suffix(".json"), {"seconds": self.last - self.began})


def spent(checkpoint: Path) -> float:
    """Seconds that went into a checkpoint before, over all interruptions; 0 where there is none."""
    seconds = files.read_json(checkpoint.with_suffix(".json")).get("seconds")
    return seconds if isinstance(seconds, float) else 0.0


def _name(folder: Path) -> str:
    """<Experiment>/<key>, which every file that is believed has in it: one copied from another run is not."""
    return f"{folder.parent.name}/{folder.name}"


def _seal(path: Path) -> None:
    files.write_json(path.with_name(f"{path.name}.sha256"), {"run": _name(path.parent)} | files.digest(path))


def _sealed(path: Path) -> bool:
    told = files.read_json(path.with_name(f"{path.name}.sha256"))
    return path.exists() and told == {"run": _name(path.parent)} | files.digest(path)


def _record(folder: Path) -> dict[str, Any] | None:
    """The closing record of the run in a folder; None where there is none, or it is altered or another run's."""
    record = files.read_json(folder / RECORD)
    told = record.pop("sha256", None)
    return record if told == _checksum(record) and record.get("run") == _name(folder) else None


def _checksum(record: dict[str, Any]) -> str:
    return sha256(json.dumps(record).encode()).hexdigest()


def _finished(folder: Path) -> dict[str, Any] | None:
    """The closing record, if every file that it names is there in its size."""
    record = _record(folder)
    return record if record and _in_their_sizes(str(folder), record["files"]) else None


def _in_their_sizes(folder: str, told: dict[str, Any]) -> bool:
    for name, each in told.items():
        path = f"{folder}/{name}"  # of pathlib's objects, tables of thousands would feel the cost
        if "files" in each:
            if not _in_their_sizes(path, each["files"]):
                return False
            continue
        try:
            found = os.stat(path)  # noqa: PTH116
        except OSError:
            return False
        if found.st_size != each["size"] or not stat.S_ISREG(found.st_mode):
            return False
    return True


def perform(experiment: Experiment, results: Path) -> Run:
    """The finished run of an experiment: found intact, or performed now under a lock, so that two processes do it once.

    An error is left in error.json and raised again. Raises OSError, in one sentence, where the disk is full or the
    permission is missing; what is finished of the run is then found by the next attempt.
    """
    run = Run(experiment, Path(results))
    if run.intact:
        return run
    if run.path.is_file():
        run.path.unlink()
    with files.locked(run.path / ".lock"):
        if run.intact:
            return run
        for path in (run.path / RECORD, run.path / ERROR, *files.half_written(run.path)):
            files.remove(path)
        files.write_json(run.path / PARAMETERS, described(experiment))
        began = time.time() - spent(run.path / CHECKPOINT)
        try:
            _finish(run, experiment.perform(run), began)
        except Exception as error:
            with contextlib.suppress(OSError):  # a full disk takes no record of itself
                files.write_json(run.path / ERROR, {"error": f"{type(error).__name__}: {error}"})
            raise
    return run


def failed(run: Run, sentence: str) -> None:
    """Leave in error.json why a run failed, for whoever saw the process die that was at it."""
    files.write_json(run.path / ERROR, {"error": sentence})


def _finish(run: Run, metrics: dict[str, Any], began: float) -> None:
    row = flattened(run.experiment) | {"key": key(run.experiment), "seconds": time.time() - began}
    if twice := metrics.keys() & {*row, "experiment", "parameters"}:
        raise ValueError(f"{type(run.experiment).__name__} has a metric called as a parameter is: {sorted(twice)[0]!r}")
    files.write_json(run.path / PROVENANCE, provenance() | {"seconds": time.time() - began, "finished": time.time()})
    made = sorted(path for path in run.path.iterdir() if path.name not in PASSING and not path.name.startswith("."))
    record = {"run": _name(run.path), "metrics": _plain(metrics), "row": row}
    record |= {"files": {path.name: files.digest(path) for path in made}}
    files.write_json(run.path / RECORD, record | {"sha256": _checksum(record)})
    for name in PASSING:
        files.remove(run.path / name)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


@cache
def provenance() -> dict[str, Any]:
    """What made the results: commit, versions, device, and the precision of training. Not part of any key."""
    here = Path(__file__).resolve().parent
    try:
        commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=here, capture_output=True, text=True)
    except FileNotFoundError:  # a machine without git
        commit = subprocess.CompletedProcess("git", 1)
    packages = ("lottery", "torch", "transformers", "accelerate", "numpy", "pandas", "scipy")
    return {
        "commit": commit.stdout.strip() if commit.returncode == 0 else "not in a checkout",
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in packages},
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU ({platform.machine()})",
        "threads": torch.get_num_threads(),
        "precision": {"no": "float32"}.get(mixed := Accelerator().mixed_precision, f"mixed with {mixed}"),
    }


def table(results: Path, experiment: type) -> pd.DataFrame:
    """One row a finished run of an experiment: parameters, metrics, key and seconds. Empty where there is none."""
    records = (_record(folder) for folder in _folders(Path(results) / experiment.__name__))
    # A run older than a field has no such column in its record: it did what the field's default says.
    later = {field.name: field.default for field in fields(experiment) if field.default is not MISSING}
    return pd.DataFrame([later | record["row"] | record["metrics"] for record in records if record])


def rows(grid: list[Experiment], results: Path) -> pd.DataFrame:
    """One row a finished run of a grid, in its order: experiment, parameters, metrics, key, seconds."""
    found = ((experiment, _record(Run(experiment, Path(results)).path)) for experiment in grid)
    return pd.DataFrame([_row(experiment, record) for experiment, record in found if record])


def _row(experiment: Experiment, record: dict[str, Any]) -> dict[str, Any]:
    return {"experiment": type(experiment).__name__} | record["row"] | flattened(experiment) | record["metrics"]


def status(grid: list[Experiment], results: Path) -> pd.DataFrame:
    """One row an experiment of the grid: experiment, key, state (finished, failed, missing), error."""
    told = []
    for experiment in grid:
        run = Run(experiment, Path(results))
        finished = run.finished
        error = "" if finished else str(files.read_json(run.path / ERROR).get("error", ""))
        state = "finished" if finished else "failed" if error else "missing"
        told.append({"experiment": type(experiment).__name__, "key": run.path.name, "state": state, "error": error})
    return pd.DataFrame(told, columns=["experiment", "key", "state", "error"])


def record(
    grid: list[Experiment], results: Path, path: Path, before: Mapping[str, dict[str, Any]] | None = None
) -> pd.DataFrame:
    """Write the finished runs of a grid as a small table that a book can be built from without running anything.

    Beside parameters and metrics each row carries its description (`parameters`, the JSON its key is computed from)
    and its provenance. A run that is not finished here is taken from `before`, the rows of `recorded_rows`, so that a
    long grid is recorded over several sittings. Raises ValueError if it is not there either.
    """
    told, missing = [], 0
    for experiment in grid:
        run = Run(experiment, Path(results))
        if run.finished:
            made = {f"made.{what}": value for what, value in run.read(PROVENANCE).items()}
            description = {"parameters": json.dumps(described(experiment), sort_keys=True)}
            told.append(description | _row(experiment, _record(run.path)) | made)
        elif before and run.path.name in before:
            told.append(before[run.path.name])
        else:
            missing += 1
    if missing:
        raise ValueError(
            f"{missing} of {len(grid)} runs for {path.stem} are not finished: run the notebook first, then record it"
        )
    table = pd.DataFrame(told)
    with files.written(path) as partial:
        table.to_parquet(partial, index=False)
    return table


def recorded(path: Path) -> pd.DataFrame:
    """A recorded table; empty where none has been recorded."""
    return pd.read_parquet(path) if Path(path).is_file() else pd.DataFrame()


def not_recorded(notebook: str, profile: str) -> str:
    """What a page says, in Markdown, where there is no recorded table of a notebook yet: how to make it."""
    return f"*Not recorded yet: `lottery run {notebook} --profile {profile}`, then `lottery record {profile}`.*"


def recorded_rows(folder: Path) -> dict[str, dict[str, Any]]:
    """{key: what is told} of all runs in the recorded tables of a folder; what a row does not tell is left out."""
    paths = sorted(Path(folder).glob("*.parquet"))
    rows = [row for path in paths for row in pyarrow.parquet.read_table(path).to_pylist()]
    return {row["key"]: {name: value for name, value in row.items() if value is not None} for row in rows}


def leftovers(results: Path) -> list[Path]:
    """Folders of unfinished runs that nobody is working on, and what killed processes left in finished ones."""
    found = []
    for experiment in _folders(Path(results)):
        for folder in _folders(experiment):
            if _finished(folder):
                found += files.half_written(folder)
                found += [folder / name for name in PASSING if (folder / name).exists()]
            else:
                with files.locked(folder / ".lock", wait=False) as ours:
                    found += [folder] if ours else []
    return found


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
