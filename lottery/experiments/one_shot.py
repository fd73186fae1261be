"""How much can go: a fine-tuned model cut once, evaluated as it is or after a short retraining."""

from dataclasses import replace
from typing import Any, ClassVar

from accelerate.utils import set_seed

from lottery import importance as scoring
from lottery import masks, pruning, training
from lottery.choices import choose, named
from lottery.experiments.calibration import Calibration
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.starts import Challenge
from lottery.masks import files as mask_files
from lottery.models import families, opening, state
from lottery.pruning import Scope
from lottery.pruning.at_once import prune
from lottery.store import Count, Fraction, NotNegative, Run, parameters


@parameters
class OneShot:
    """A fine-tuned model, a share of its weights removed at once, and perhaps retrained with the rest held at 0."""

    version: ClassVar[int] = 1
    dense: FineTuning
    importance: named("importance")
    scope: Scope
    embeddings: bool  # whether the table of word embeddings is cut too
    pooler: bool = True  # whether the pooler is cut too; True: what runs older than this field did
    sparsity: Fraction
    retrain_epochs: NotNegative  # 0.0: evaluated as it was cut
    seed: Count  # of a random choice, and of the retraining
    also: Challenge | None = None
    saved: bool = False  # whether the cut model is kept in the run's folder, as large as the whole one
    calibration: Calibration | None = None  # the texts that a score reads which sees data

    def __post_init__(self):
        scoring.check(self.importance, texts=bool(self.calibration), embeddings=self.embeddings, given_by="calibration")

    def perform(self, run: Run) -> dict[str, Any]:
        """Dev scores as in `Exam.score`, `removed` of `weights`, and `majority`, that of the majority class.

        `all_weights` are those of the model, those that are not cut and those of the head among them.

        The scores on the challenge, if there is one, follow after its task's name and a dot.
        """
        set_seed(self.seed)
        dense = self.dense
        model, exam = dense.opened(run)
        weights = families.prunable(model, embeddings=self.embeddings, pooler=self.pooler)
        mask = prune(
            model,
            self.sparsity,
            importance=self.importance,
            scope=self.scope,
            data=self.calibration.examples(model, exam.tokenizer) if self.calibration else None,
            embeddings=self.embeddings,
            pooler=self.pooler,
            seed=self.seed,
        )
        if self.retrain_epochs:
            train = exam.encoded(exam.tables["train"])
            optimizer = training.adamw(model, learning_rate=dense.learning_rate)
            with pruning.held(weights, mask, optimizer):
                training.fine_tune(
                    model,
                    optimizer,
                    train,
                    steps=training.steps_in(train, epochs=self.retrain_epochs, batch_size=dense.batch_size),
                    batch_size=dense.batch_size,
                    seed=self.seed,
                    checkpoint=run.checkpoint(),
                    title=f"retraining at sparsity {self.sparsity:g}",
                )
        mask_files.save(
            run.path / "mask.safetensors",
            mask,
            model=run.need(dense).path.name,
            method=f"{self.importance}, {self.scope}",
            asked=self.sparsity,
            seed=self.seed,
            scored=mask_files.Scored(
                weights=masks.digest(weights, mask),
                trained=self.retrain_epochs > 0,
                task=dense.task,
                labels=tuple(exam.task.LABELS),
            ),
        )
        if self.saved:
            run.folder("model", lambda folder: opening.save(model, exam.tokenizer, folder))
        majority = exam.majority()[exam.task.METRIC]
        scores, answers = exam.score(model)
        run.once("answers.parquet", lambda: answers)
        if self.also:
            other = replace(exam, task=choose("tasks", self.also.task), tables=self.also.tables())
            more, _ = other.score(model)
            scores |= {f"{self.also.task}.{name}": value for name, value in more.items()}
        counts = {
            "removed": masks.removed(mask),
            "weights": masks.size(mask),
            "all_weights": state.size(model.parameters()),
        }
        return counts | {"majority": majority} | scores
