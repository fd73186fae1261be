"""A run: a folder named by its parameters, and found again instead of being computed again."""

import contextlib
import json
import os
import platform
import stat
import subprocess
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
import safetensors.torch
import torch
from accelerate import Accelerator

from lottery import files
from lottery.store.naming import Experiment, described, flattened, key

RECORD = "metrics.json"
PARAMETERS = "parameters.json"
PROVENANCE = "provenance.json"
ERROR = "error.json"
CHECKPOINT = "checkpoint.pt"
PASSING = (ERROR, CHECKPOINT, "checkpoint.json")  # gone when the run is finished

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
        return finished_record(self.path) is not None

    @property
    def intact(self) -> bool:
        """True where the closing record is as it was written and so is the content of every file it names."""
        record = closing_record(self.path)
        return bool(record) and all(
            files.digest(self.path / name) == digest for name, digest in record["files"].items()
        )

    @property
    def metrics(self) -> dict[str, Any]:
        """What the experiment returned. Raises ValueError if the run is not finished."""
        record = finished_record(self.path)
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
        if files.digest(file) != (closing_record(self.path) or {"files": {}})["files"].get(name):
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
    seal = files.read_json(path.with_name(f"{path.name}.sha256"))
    return path.exists() and seal == {"run": _name(path.parent)} | files.digest(path)


def closing_record(folder: Path) -> dict[str, Any] | None:
    """The closing record of the run in a folder; None where there is none, or it is altered or another run's."""
    record = files.read_json(folder / RECORD)
    checksum = record.pop("sha256", None)
    return record if checksum == _checksum(record) and record.get("run") == _name(folder) else None


def _checksum(record: dict[str, Any]) -> str:
    return sha256(json.dumps(record).encode()).hexdigest()


def finished_record(folder: Path) -> dict[str, Any] | None:
    """The closing record, if every file that it names is there in its size."""
    record = closing_record(folder)
    return record if record and _in_their_sizes(str(folder), record["files"]) else None


def _in_their_sizes(folder: str, digests: dict[str, Any]) -> bool:
    for name, each in digests.items():
        path = f"{folder}/{name}"  # of pathlib's objects, tables of thousands would feel the cost
        if "files" in each:
            if not _in_their_sizes(path, each["files"]):
                return False
            continue
        try:
            file = os.stat(path)  # noqa: PTH116
        except OSError:
            return False
        if file.st_size != each["size"] or not stat.S_ISREG(file.st_mode):
            return False
    return True


def perform(experiment: Experiment, results: Path, *, wait: bool = True) -> Run:
    """The finished run of an experiment: found intact, or performed now under a lock, so that two processes do it once.

    wait  for another process that is at it; with False the run is then returned unfinished
    An error is left in error.json and raised again. Raises OSError, in one sentence, where the disk is full or the
    permission is missing; what is finished of the run is then found by the next attempt.
    """
    run = Run(experiment, Path(results))
    if run.intact:
        return run
    if run.path.is_file():
        run.path.unlink()
    with files.locked(run.path / ".lock", wait=wait) as ours:
        if run.intact or not ours:
            return run
        for path in (run.path / RECORD, run.path / ERROR, *files.half_written(run.path)):
            files.remove(path)
        files.write_json(run.path / PARAMETERS, described(experiment))
        began = time.monotonic() - spent(run.path / CHECKPOINT)  # a clock that stands while a machine sleeps
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
    seconds = time.monotonic() - began
    row = flattened(run.experiment) | {"key": key(run.experiment), "seconds": seconds}
    if twice := metrics.keys() & {*row, "experiment", "parameters"}:
        raise ValueError(f"{type(run.experiment).__name__} has a metric called as a parameter is: {sorted(twice)[0]!r}")
    files.write_json(run.path / PROVENANCE, provenance() | {"seconds": seconds, "finished": time.time()})
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
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else _cpu(),
        "threads": torch.get_num_threads(),
        "precision": {"no": "float32"}.get(mixed := Accelerator().mixed_precision, f"mixed with {mixed}"),
    }


def _cpu() -> str:
    """The kind of CPU, and the widest instructions that torch's kernels use on it, by which last bits differ."""
    return f"CPU ({platform.machine()}, {torch.backends.cpu.get_cpu_capability()})"
