"""Experiments that cost nothing, for the store and the cluster; each leaves a line in a log when it is performed."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import pandas as pd
import torch
from distributed import get_worker
from safetensors.torch import save_file

from lottery.masks import files as mask_files
from lottery.store import Count, Fraction, Positive, Source, parameters


def note(log: str, text: str) -> None:
    with Path(log).open("a") as file:
        file.write(f"{text}\n")


@parameters
class Doubling:
    version: ClassVar[int] = 1
    number: int
    log: str
    seconds: float = 0.0  # 0.0: what runs older than this field did

    def perform(self, run):
        note(self.log, f"began {self.number}")
        kept = run.once("number.json", lambda: {"double": 2 * self.number})
        time.sleep(self.seconds)
        note(self.log, f"ended {self.number}")
        return kept


@parameters
class Sum:
    version: ClassVar[int] = 1
    left: Doubling
    right: Doubling

    def perform(self, run):
        ready = [runs_before.finished for runs_before in self._before(run)]
        note(self.left.log, f"sum {self.left.number}+{self.right.number} ready={all(ready)}")
        return {"sum": sum(run.need(part).metrics["double"] for part in (self.left, self.right))}

    def _before(self, run):
        return [type(run)(part, run.results) for part in (self.left, self.right)]


@parameters
class Failing:
    version: ClassVar[int] = 1
    message: str
    log: str

    def perform(self, run):
        note(self.log, "failing")
        raise ValueError(self.message)


@parameters
class AfterFailing:
    version: ClassVar[int] = 1
    first: Failing

    def perform(self, run):
        note(self.first.log, "after failing")
        return {}


@parameters
class Killing:
    """Kills its own process, as a system short of memory does, unless the log says that it did so often enough."""

    version: ClassVar[int] = 1
    log: str
    times: int

    def perform(self, run):
        drawn = run.once("drawn.json", lambda: torch.rand(3, generator=torch.Generator().manual_seed(7)).tolist())
        note(self.log, "killing")
        if Path(self.log).read_text().splitlines().count("killing") <= self.times:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"drawn": drawn}


@parameters
class AfterKilling:
    version: ClassVar[int] = 1
    first: Killing

    def perform(self, run):
        note(self.first.log, "after killing")
        return {}


@parameters
class Answering:
    """A model that is scored: right where a number drawn from its seed says so; of texts it leaves the words."""

    version: ClassVar[int] = 1
    task: str
    seed: int
    right: float
    examples: int
    texts: bool = False

    def perform(self, run):
        drawn = torch.rand(self.examples, generator=torch.Generator().manual_seed(self.seed)).tolist()
        labels = [place % 3 % 2 for place in range(self.examples)]
        answers = [label if draw < self.right else 1 - label for label, draw in zip(labels, drawn, strict=True)]
        table = pd.DataFrame({"answer": answers, "label": labels})
        elsewhere = table.assign(answer=1, split="dev_mismatched")
        table = pd.concat([elsewhere, table.assign(split="dev")], ignore_index=True)
        table[["answer", "label"]] = table[["answer", "label"]].astype(str) + ("th" if self.texts else "")
        run.once("answers.parquet", lambda: table)
        score = sum(answer == label for answer, label in zip(answers, labels, strict=True)) / self.examples
        return {"score": score, "majority": 0.5}


@parameters
class Surroundings:
    version: ClassVar[int] = 1
    number: int

    def perform(self, run):
        names = ("MALLOC_TRIM_THRESHOLD_", "THP_MEM_ALLOC_ENABLE", "OMP_NUM_THREADS")
        return {name: os.environ.get(name, "absent") for name in names} | {
            "threads": torch.get_num_threads(),
            "woken often": _woken() > 20,
            "pid": os.getpid(),
        }


def _woken() -> float:
    """How often a second the worker that this is in looks after something else than its run."""
    asked = get_worker().periodic_callbacks.values()
    return sum(1000 / each.callback_time for each in asked if each.is_running())


@parameters
class Ranges:
    version: ClassVar[int] = 1
    share: Fraction
    count: Count
    rate: Positive
    flag: bool
    name: str

    def perform(self, run):
        return {"score": float("nan")}


@parameters
class Reading:
    version: ClassVar[int] = 1
    model: Source
    sizes: tuple[int, ...] = ()

    def perform(self, run):
        return {}


@parameters
class Wrapping:
    """No experiment, but it holds one."""

    version: ClassVar[int] = 1
    inner: Doubling
    model: Source


@parameters
class Outer:
    version: ClassVar[int] = 1
    start: Wrapping
    seed: Count

    def perform(self, run):
        return {"double": run.need(self.start.inner).metrics["double"]}


@parameters
class Training:
    """A long training in small: it draws, keeps its state after every step, and takes its time."""

    version: ClassVar[int] = 1
    steps: Count
    seed: Count
    log: str
    pause: float  # seconds a step

    def perform(self, run):
        torch.manual_seed(self.seed)
        weights, losses, checkpoint = torch.zeros(8), [], run.checkpoint(every=0.0)
        if state := checkpoint.load():
            weights, losses = state["weights"], state["losses"]
            torch.set_rng_state(state["rng"])
        while len(losses) < self.steps:
            note(self.log, f"{self.seed} at {len(losses)}")
            weights = 0.9 * weights + torch.randn(8)
            losses.append(weights.square().mean().item())
            time.sleep(self.pause)
            state = {"weights": weights, "losses": losses, "rng": torch.get_rng_state()}
            checkpoint.save_if_due(lambda state=state: state)
        run.once("weights.safetensors", lambda: {"weights": weights})
        return {"first": losses[0], "last": losses[-1]}


@parameters
class Searched:
    """Leaves a mask and a score."""

    version: ClassVar[int] = 1
    seed: Count

    def perform(self, run):
        kept = {"a": torch.arange(8) < 6}
        mask_files.save(run.path / "mask.safetensors", kept, model="m", method="x", asked=0.25, seed=self.seed)
        return {"score": 0.75}


@parameters
class Filling:
    """Leaves four megabytes, in one of the ways in which things are left, or fills the disk and then fails."""

    version: ClassVar[int] = 1
    kind: str

    def perform(self, run):
        tensors = {"a": torch.arange(1_000_000, dtype=torch.float32)}
        if self.kind == "checkpoint":
            run.checkpoint(every=0.0).save_if_due(lambda: tensors)
        elif self.kind == "safetensors":
            run.once("big.safetensors", lambda: tensors)
        elif self.kind == "parquet":
            run.once("big.parquet", lambda: pd.DataFrame({"a": torch.randn(500_000).numpy()}))
        elif self.kind == "json":
            run.once("big.json", lambda: {"a": "a" * 4_000_000})
        elif self.kind == "mask":
            kept = {"a": torch.ones(32_000_000, dtype=torch.bool)}
            mask_files.save(run.path / "mask.safetensors", kept, model="", method="", asked=0.0, seed=0)
        elif self.kind == "folder":
            run.folder("model", lambda folder: save_file(tensors, folder / "model.safetensors"))
        else:
            with (run.path / ".ballast").open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(b"a" * 4096)
            raise ValueError("what went wrong first")
        return {"left": self.kind}
