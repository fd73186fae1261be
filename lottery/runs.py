"""The store of results: a run is a folder named by its parameters, and found again instead of being computed again.

results/<Experiment>/<key>/ holds what the run made, `parameters.json`, `provenance.json` and, written last,
`metrics.json` with the sha256 of every other file. The run is finished when that record is there.
"""

import contextlib
import fcntl
import json
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from hashlib import file_digest, sha256
from importlib import metadata
from pathlib import Path
from pickle import UnpicklingError
from typing import Annotated, Any, ClassVar, Protocol, dataclass_transform, get_type_hints

import pandas as pd
import pydantic
import safetensors.torch
import torch

RECORD = "metrics.json"
PARAMETERS = "parameters.json"
PROVENANCE = "provenance.json"
ERROR = "error.json"
CHECKPOINT = "checkpoint.pt"

Fraction = Annotated[float, pydantic.Field(ge=0, lt=1)]
Count = Annotated[int, pydantic.Field(ge=0)]
Size = Annotated[int, pydantic.Field(gt=0)]
Positive = Annotated[float, pydantic.Field(gt=0)]
NotNegative = Annotated[float, pydantic.Field(ge=0)]


class Content:
    """Marks a field that names a file or folder: it enters the key by what is in it, not by where it lies."""


Source = Annotated[str, Content]  # a file, a folder, or a name that is neither, such as "minilm" or a hub name


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
        field.name: _content(getattr(value, field.name))
        if hints[field.name] is Source
        else described(getattr(value, field.name))
        for field in fields(value)
        if field.default is MISSING or getattr(value, field.name) != field.default
    }
    return {"experiment": type(value).__name__, "version": value.version, **told}


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


def _content(source: str) -> str:
    path = Path(source)
    if not source or not path.exists():
        return source
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    stamp = tuple((str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in files)
    return "sha256:" + _content_of(str(path), stamp)


@cache
def _content_of(root: str, stamp: tuple[tuple[str, int, int], ...]) -> str:
    whole = sha256()
    for name, *_ in stamp:
        whole.update(os.path.relpath(name, root).encode() + b"\0" + _sha256(Path(name)).encode() + b"\0")
    return whole.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


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
            row[prefix + field.name] = Path(value).name if hints[field.name] is Source else value
    return row


def needs(experiment: Experiment) -> list[Experiment]:
    """The experiments among its fields, which have to be finished before it."""
    values = [getattr(experiment, field.name) for field in fields(experiment)]
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

    @property
    def path(self) -> Path:
        """results/<Experiment>/<key>"""
        return self.results / type(self.experiment).__name__ / key(self.experiment)

    @property
    def finished(self) -> bool:
        """True where the closing record is there and every file it names is as it was written."""
        return self._record() is not None

    @property
    def metrics(self) -> dict[str, Any]:
        """What the experiment returned. Raises ValueError if the run is not finished."""
        record = self._record()
        if record is None:
            raise ValueError(f"{type(self.experiment).__name__} {key(self.experiment)} is not finished: run it first")
        return record["metrics"]

    def _record(self) -> dict[str, Any] | None:
        record = _read_json(self.path / RECORD)
        if record is None or not all(_matches(self.path / name, told) for name, told in record["files"].items()):
            return None
        return record

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make()` returns, computed the first time and read from the file or folder `name` ever after.

        The suffix tells the format: .safetensors (tensors), .parquet (a table), .json. A file that is not as it was
        written is made again.
        """
        file = self.path / name
        write, read = FORMATS[file.suffix]
        if not _sealed(file):
            value = make()
            with written(file) as partial:
                write(value, partial)
            _seal(file)
        return read(file)

    def read(self, name: str) -> Any:
        """The file `name` of a finished run. Raises ValueError where it is not as it was written."""
        file = self.path / name
        if not _sealed(file):
            raise ValueError(f"{file} is missing or altered: run `lottery clean`, then what needs it again")
        return FORMATS[file.suffix][1](file)

    def folder(self, name: str, make: Callable[[Path], None]) -> Path:
        """The folder `name`, filled the first time by `make(folder)`; for models in the form transformers saves."""
        place = self.path / name
        if not _sealed(place):
            partial = place.with_name(f".{place.name}-{os.getpid()}")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.rmtree(place, ignore_errors=True)
            partial.mkdir(parents=True)
            try:
                make(partial)
                for file in partial.rglob("*"):
                    _sync(file)
                partial.replace(place)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
            _seal(place)
        return place

    def need(self, experiment: Experiment) -> "Run":
        """The finished run of another experiment, performed now if it was not; torch's generators do not notice."""
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
        """The last state saved; None where there is none or its file is damaged."""
        if not self.path.exists():
            return None
        try:
            return torch.load(self.path, weights_only=True)
        except (RuntimeError, EOFError, ValueError, OSError, UnpicklingError):
            return None

    def save_if_due(self, state: Callable[[], dict]) -> None:
        """Save `state()` if `every` seconds have passed since the last saving."""
        if time.monotonic() - self.last >= self.every:
            with written(self.path) as partial:
                torch.save(state(), partial)
            self.last = time.monotonic()
            _write_json(self.path.with_suffix(".json"), {"seconds": self.last - self.began})


def spent(checkpoint: Path) -> float:
    """Seconds that went into a checkpoint before, over all interruptions; 0 where there is none."""
    return (_read_json(checkpoint.with_suffix(".json")) or {"seconds": 0.0})["seconds"]


@contextlib.contextmanager
def written(path: Path) -> Iterator[Path]:
    """A temporary path that takes the place of `path`, flushed to disk, when the block ends well; else it is gone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
    try:
        yield partial
        _sync(partial)
        partial.replace(path)
        _sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(path: Path) -> dict[str, Any]:
    if path.is_file():
        return {"sha256": _sha256(path), "size": path.stat().st_size}
    files = {str(p.relative_to(path)): _digest(p) for p in sorted(path.rglob("*")) if p.is_file()}
    return {"files": files}


def _seal(path: Path) -> None:
    with written(path.with_name(f"{path.name}.sha256")) as partial:
        partial.write_text(json.dumps(_digest(path)))


def _sealed(path: Path) -> bool:
    told = _read_json(path.with_name(f"{path.name}.sha256"))
    return path.exists() and told == _digest(path)


def _matches(path: Path, told: dict[str, Any]) -> bool:
    """Cheap on purpose, for tables of thousands of runs: sizes here, contents when a file is read by `once`."""
    if "files" in told:
        return path.is_dir() and all(_matches(path / name, each) for name, each in told["files"].items())
    return path.is_file() and path.stat().st_size == told["size"]


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError, UnicodeDecodeError):
        return None


def perform(experiment: Experiment, results: Path) -> Run:
    """The finished run of an experiment: found, or performed now under a lock, so that two processes do it once.

    An error is left in error.json and raised again.
    """
    run = Run(experiment, Path(results))
    if run.finished:
        return run
    run.path.mkdir(parents=True, exist_ok=True)
    with (run.path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if run.finished:
            return run
        (run.path / ERROR).unlink(missing_ok=True)
        _write_json(run.path / PARAMETERS, described(experiment))
        began = time.time() - spent(run.path / CHECKPOINT)
        try:
            metrics = experiment.perform(run)
        except Exception as error:
            _write_json(run.path / ERROR, {"error": f"{type(error).__name__}: {error}"})
            raise
        _finish(run, metrics, began)
    return run


def failed(run: Run, sentence: str) -> None:
    """Leave in error.json why a run failed, for whoever saw the process die that was at it."""
    _write_json(run.path / ERROR, {"error": sentence})


def _finish(run: Run, metrics: dict[str, Any], began: float) -> None:
    for path in (run.path / CHECKPOINT, (run.path / CHECKPOINT).with_suffix(".json")):
        path.unlink(missing_ok=True)
    _write_json(run.path / PROVENANCE, provenance() | {"seconds": time.time() - began, "finished": time.time()})
    made = {path.name: _digest(path) for path in sorted(run.path.iterdir()) if not path.name.startswith(".")}
    made = {name: told for name, told in made.items() if name != RECORD}
    row = flattened(run.experiment) | {"key": key(run.experiment), "seconds": time.time() - began}
    if twice := metrics.keys() & {*row, "experiment", "parameters"}:
        raise ValueError(f"{type(run.experiment).__name__} has a metric called as a parameter is: {sorted(twice)[0]!r}")
    _write_json(run.path / RECORD, {"metrics": _plain(metrics), "row": row, "files": made})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def _write_json(path: Path, value: Any) -> None:
    with written(path) as partial:
        partial.write_text(json.dumps(value, indent=1))


@cache
def provenance() -> dict[str, Any]:
    """What made the results: commit, versions, device. Not part of any key."""
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
    }


def table(results: Path, experiment: type) -> pd.DataFrame:
    """One row a finished run of an experiment: parameters, metrics, key and seconds. Empty where there is none."""
    folder = Path(results) / experiment.__name__
    records = (_read_json(path / RECORD) for path in sorted(folder.glob("*")) if path.is_dir())
    # A run older than a field has no such column in its record: it did what the field's default says.
    later = {field.name: field.default for field in fields(experiment) if field.default is not MISSING}
    return pd.DataFrame([later | record["row"] | record["metrics"] for record in records if record])


def rows(grid: list[Experiment], results: Path) -> pd.DataFrame:
    """One row a finished run of a grid, in its order: experiment, parameters, metrics, key, seconds."""
    told = []
    for experiment in grid:
        if record := _read_json(Run(experiment, Path(results)).path / RECORD):
            name = {"experiment": type(experiment).__name__}
            told.append(name | record["row"] | flattened(experiment) | record["metrics"])
    return pd.DataFrame(told)


def status(grid: list[Experiment], results: Path) -> pd.DataFrame:
    """One row an experiment of the grid: experiment, key, state (finished, failed, missing), error."""
    told = []
    for experiment in grid:
        run = Run(experiment, Path(results))
        error = _read_json(run.path / ERROR)
        state = "finished" if run.finished else "failed" if error else "missing"
        told.append(
            {
                "experiment": type(experiment).__name__,
                "key": key(experiment),
                "state": state,
                "error": error["error"] if state == "failed" else "",
            }
        )
    return pd.DataFrame(told, columns=["experiment", "key", "state", "error"])


def record(grid: list[Experiment], results: Path, path: Path) -> pd.DataFrame:
    """Write the finished runs of a grid as a small table that a book can be built from without running anything.

    Beside parameters and metrics each row carries its description (`parameters`, the JSON its key is computed from)
    and its provenance. Raises ValueError if a run of the grid is missing or failed.
    """
    states = status(grid, results)
    if not states.empty and (missing := (states["state"] != "finished").sum()):
        raise ValueError(
            f"{missing} of {len(states)} runs for {path.stem} are not finished: run the notebook first, then record it"
        )
    told = []
    for experiment in grid:
        folder = Run(experiment, Path(results)).path
        made_by = _read_json(folder / PROVENANCE)
        record = _read_json(folder / RECORD)
        description = json.dumps(_read_json(folder / PARAMETERS), sort_keys=True)
        name = {"experiment": type(experiment).__name__, "parameters": description}
        made = {f"made.{what}": value for what, value in made_by.items()}
        told.append(name | record["row"] | flattened(experiment) | record["metrics"] | made)
    table = pd.DataFrame(told)
    with written(path) as partial:
        table.to_parquet(partial, index=False)
    return table


def recorded(path: Path) -> pd.DataFrame:
    """A recorded table; empty where none has been recorded."""
    return pd.read_parquet(path) if Path(path).is_file() else pd.DataFrame()


def leftovers(results: Path) -> list[Path]:
    """Folders of unfinished runs that nobody is working on, and half-written files in those of finished ones."""
    found = []
    for folder in sorted(Path(results).glob("*/*")):
        if (folder / RECORD).exists():
            found += folder.glob(".*-[0-9]*")
        elif not _in_work(folder):
            found.append(folder)
    return found


def _in_work(folder: Path) -> bool:
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
