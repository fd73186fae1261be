"""A fine-tuning done once more with other threads, or with the instructions of an older CPU: what of it changes."""

import shutil
from functools import partial
from typing import Any, ClassVar, Literal

import cloudpickle
import numpy as np
import pandas as pd
import torch

from lottery import masks, processes, store
from lottery.experiments.fine_tuning import FineTuning
from lottery.models import opening
from lottery.store import Run, Size, parameters

HALF = 0.5  # of the weights of each matrix go for the masks that are compared
# What torch's own kernels, oneDNN and MKL compute with, where they are not to take the widest that the CPU has.
NARROWER = {
    "all": {},
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "AVX2"},
}
CALLED = "import cloudpickle; cloudpickle.load(sys.stdin.buffer)()"


@parameters
class Repetition:
    """A fine-tuning that saves its model, done again by another process and compared bit for bit with the first.

    Fewer instructions make no difference on a processor that is not x86, nor on a GPU.
    """

    version: ClassVar[int] = 1
    of: FineTuning
    instructions: Literal["all", "avx2"]  # of the CPU; "avx2": those of PCs since 2013, which add in another order
    threads: Size
    pretrained_too: bool  # whether what it starts from is made again in the same way, or taken as it is

    def perform(self, run: Run) -> dict[str, Any]:
        """What is the same, and how far off the rest is.

        same_weights     share of the prunable weights that have the same bits, in [0, 1]; `farthest`, the largest
                         difference of two of them
        changed_answers  share of the dev set that gets another answer; numbers and vectors count as other where any
                         digit is
        changed_mask     share of the layers' weights on which two masks differ that keep the larger half of each matrix
        score, again     dev scores of the first and of the second
        threads_before   those of the first; `cpu_before`, its CPU and instructions

        Raises ValueError where the fine-tuning does not save its model, RuntimeError where the other process fails.
        """
        if not self.of.saved:
            raise ValueError("of: what a fine-tuning does not save cannot be compared; give one with saved=True")
        first, second = run.need(self.of), self._again(run)
        before, after = (opening.encoder_weights(self.of.weights(each), embeddings=True) for each in (first, second))
        made = first.read(store.PROVENANCE)
        metrics = {
            "same_weights": _share(torch.cat([(before[name] == after[name]).flatten() for name in before])),
            "farthest": max(float((before[name] - after[name]).abs().max()) for name in before),
            "changed_answers": _changed(*(pd.read_parquet(each.path / "answers.parquet") for each in (first, second))),
            "changed_mask": masks.share_different(*(_mask(self.of.weights(each)) for each in (first, second))),
            "score": first.metrics["score"],
            "again": second.metrics["score"],
            "threads_before": made["threads"],
            "cpu_before": made["device"],
        }
        shutil.rmtree(second.results)
        return metrics

    def _again(self, run: Run) -> Run:
        """The second run, in a store of its own inside this one's folder; killed, it goes on there."""
        place = run.path.absolute() / ".again"
        for needed in [] if self.pretrained_too else [run.need(each) for each in store.needs(self.of)]:
            link = place / needed.path.relative_to(run.results)
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.exists():
                link.symlink_to(needed.path.absolute())
        done = processes.run(
            CALLED,
            environment=NARROWER[self.instructions] | processes.threads(self.threads),
            given=cloudpickle.dumps(partial(store.perform, self.of, place)),
        )
        if done.returncode:
            why = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
            raise RuntimeError(f"the second fine-tuning failed: {why[-1]}")
        return Run(self.of, place)


def _mask(folder: str) -> masks.Mask:
    weights = opening.encoder_weights(folder, embeddings=False, pooler=False)
    return masks.keep_highest_in_each({name: weight.abs() for name, weight in weights.items()}, HALF)


def _share(places: torch.Tensor) -> float:
    return float(places.double().mean())


def _changed(before: pd.DataFrame, after: pd.DataFrame) -> float:
    return float(np.mean((before["answer"] != after["answer"]).to_numpy()))
