"""A fine-tuned model less what is removed of it, told in the numbers by which learned masks are told: row X1."""

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import InstanceOf

from lottery import masks, pruning, store
from lottery.experiments import Kept, Start
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.gradual_pruning import GradualPruning
from lottery.experiments.iterative_pruning import IterativePruning
from lottery.models import families, state
from lottery.store import Experiment, Run, parameters
from lottery.training import evaluation


@parameters
class TaskModel:
    """What a task ends with when weights are trained and a mask is not: the model, and what it took and takes."""

    version: ClassVar[int] = 1
    of: FineTuning  # saved
    before: InstanceOf[Start]  # the pre-trained model, beside which the task's own is stored
    kept: InstanceOf[Kept] | None = None  # what stays of its weights, removed now; None: what it held as it was trained

    def perform(self, run: Run) -> dict[str, Any]:
        """Dev scores as in `Exam.score`, and the other metrics of `LearnedMask` that do not need its mask.

        majority          score of the majority-class baseline on dev
        sparsity_met, removed, weights  share and number of the weights removed, of so many in the layers' matrices
        trained           parameters trained in the last fine-tuning, those that it held at 0 left out
        changed           numbers of the encoder that differ from those of `before` and are not 0
        steps             updates of all fine-tunings that led here, each counted once
        pretraining_steps those of the pre-training that went on while weights were removed
        """
        model, exam = self.of.opened(run)
        held = self.of.mask(run)
        mask = self.kept.mask(run) if self.kept else held
        pruning.remove(families.prunable(model, embeddings=True), mask)
        matrices = pruning.everything(families.prunable(model, embeddings=False, pooler=False))
        matrices |= {name: kept for name, kept in mask.items() if name in matrices}
        before = state.snapshot(evaluation.with_head(self.before.weights(run), exam.task).base_model)
        led = {store.key(each): each for each in _before(self)}.values()
        scores, answers = exam.score(model)
        run.once("answers.parquet", lambda: answers)
        return {
            "majority": exam.majority()[exam.task.METRIC],
            "sparsity_met": masks.sparsity(matrices),
            "removed": masks.removed(matrices),
            "weights": masks.size(matrices),
            "trained": state.size(model.parameters()) - masks.removed(held),
            "changed": state.changed(model.base_model, before),
            "steps": sum(
                run.need(each).metrics["steps"] for each in led if isinstance(each, FineTuning | IterativePruning)
            ),
            "pretraining_steps": sum(each.steps for each in led if isinstance(each, GradualPruning)),
            **scores,
        }


def _before(experiment: Experiment) -> Iterator[Experiment]:
    """All that an experiment needs, and what that needs; some more than once."""
    for needed in store.needs(experiment):
        yield needed
        yield from _before(needed)
