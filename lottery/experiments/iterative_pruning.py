"""Iterative magnitude pruning with rewinding (Frankle & Carbin 2019; Chen et al. 2020, Algorithm 1): row G19."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Literal, NamedTuple, Self

import pandas as pd
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from pydantic import InstanceOf
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lottery import masks, pruning, schedules, store, training
from lottery.data import examples
from lottery.data.examples import Batch
from lottery.experiments import Data, Pretrained, Start, starts
from lottery.experiments.miniature_text import HELD_OUT_SEED
from lottery.importance import magnitude
from lottery.masks import Mask
from lottery.masks import files as mask_files
from lottery.models import families, opening
from lottery.pruning import KEEP, Scope
from lottery.store import Count, Fraction, Positive, Run, Size, parameters
from lottery.tasks import Task
from lottery.training import evaluation, pretraining
from lottery.training.evaluation import Exam

Of = Literal["original", "remaining"]
MASK, TRAINED, REWOUND = "mask.safetensors", "trained", "rewound"


class Round(NamedTuple):
    """What one training of a ticket takes."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    batch_at: Callable[[int], Batch]
    steps: int
    loss: Callable[[PreTrainedModel, Batch], torch.Tensor] | None
    scored: Callable[[], dict[str, Any]]


@parameters
class OnTask:
    """A ticket is trained on a task, under its head."""

    version: ClassVar[int] = 1
    task: str  # a file in lottery/tasks, or "own"
    epochs: Positive  # of each level
    batch_size: Size
    learning_rate: Positive
    max_length: Size  # tokens of an example, at most
    data: Data = ""  # the published files of the task, as for `FineTuning`; "": the data that the start brings
    train_examples: Count = 0  # of the training set, at most so many, drawn by label, the same for every start; 0: all
    dev_examples: Count = 0  # of each other split, likewise

    def opened(self, start: Start, source: str, run: Run, seed: int) -> Round:
        """The model `source` under a head; the scores are those of `Exam.score`, and `majority`."""
        task, tokenizer = start.task_named(self.task), opening.tokenizer(source)
        model = evaluation.with_head(source, task)
        families.check_length(model.config, self.max_length)
        tables = starts.tables(start, self.task, self.data)
        tables = starts.part(tables, self.train_examples, self.dev_examples)
        exam = Exam(task, tables, tokenizer, self.max_length)
        train = exam.encoded(exam.tables["train"])
        positions = examples.epochs(train, self.batch_size, seed)

        def scored() -> dict[str, Any]:
            return {"majority": exam.majority()[task.METRIC]} | exam.score(model)[0]

        return Round(
            model=model,
            tokenizer=tokenizer,
            batch_at=lambda step: train.batch(positions(step)),
            steps=training.steps_in(train, epochs=self.epochs, batch_size=self.batch_size),
            loss=None,
            scored=scored,
        )


@parameters
class OnText:
    """A ticket is trained on the text of its start, as the pre-training was."""

    version: ClassVar[int] = 1
    steps: Size  # optimiser updates of each level
    batch_size: Size
    learning_rate: Positive

    def opened(self, start: Pretrained, source: str, run: Run, seed: int) -> Round:
        """The model `source` under its MLM head; the scores are those of `pretraining.evaluate`."""
        tokenizer, model = opening.tokenizer(source), opening.for_pretraining(source)
        train, held_out = start.text(run, tokenizer)

        def scored() -> dict[str, Any]:
            losses = pretraining.evaluate(model, held_out, tokenizer, seed=HELD_OUT_SEED)
            return losses | {"score": losses["mlm_accuracy"]}

        return Round(
            model=model,
            tokenizer=tokenizer,
            batch_at=pretraining.masked_batches(train, tokenizer, batch_size=self.batch_size, seed=seed),
            steps=self.steps,
            loss=pretraining.loss,
            scored=scored,
        )


@parameters
class IterativePruning:
    """One level: the ticket of the level before it is trained, and the smallest of its trained weights are removed.

    Level 0 is the full model and has no run. The weights that remain are then rewound, which is how the next level
    begins; head, biases, LayerNorm and embeddings with them, and the optimiser is new.
    """

    version: ClassVar[int] = 1
    start: InstanceOf[Start]  # a full model
    training: OnTask | OnText
    level: Size
    per_level: Fraction  # share of the weights that each level removes
    of: Of  # of all weights, as in the released code | of those left, as printed
    rewind_step: Count | None  # updates of the first level to whose end is rewound; 0: the start's weights; None: never
    scope: Scope
    embeddings: bool  # whether the table of word embeddings is pruned too
    pooler: bool  # whether the pooler is
    seed: Count  # of the new head, the order of the examples and dropout, at every level

    def __post_init__(self):
        if not self.sparsity < 1:
            raise ValueError(
                f"IterativePruning: level = {self.level} of {self.per_level:g} of the original weights each would "
                "remove all of them: give a lower level"
            )
        if isinstance(self.training, OnText) and not isinstance(self.start, Pretrained):
            raise ValueError(
                f"IterativePruning: training = OnText: a {type(self.start).__name__} brings no text to train on; give "
                "another start, or OnTask"
            )

    @property
    def sparsity(self) -> float:
        """Share of the prunable weights that is removed after this level, in (0, 1)."""
        return schedules.removed_after(self.level, self.per_level, self.of)

    @property
    def preceding(self) -> list[Self]:
        """The level from whose ticket this one goes on; none for the first."""
        return [replace(self, level=self.level - 1)] if self.level > 1 else []

    def perform(self, run: Run) -> dict[str, Any]:
        """What remains after the level, and how well the ticket that it trained did.

        sparsity, removed, weights  share and number removed after this level, of so many prunable weights
        trained_sparsity            of the ticket that was trained: 0 at level 1, the sparsity of the level before else
        score                       of that ticket after its training, on dev; the others of `Exam.score` and
                                    `majority` follow, or the losses of `pretraining.evaluate`, whose score is
                                    mlm_accuracy
        steps, integrated_rate      updates of this level, and the learning rate summed over them
        Raises ValueError for a start of which something is removed already, and for a rewind_step as late as the end.
        """
        set_seed(self.seed)
        if masks.removed(self.start.mask(run)):
            raise ValueError(f"start = {type(self.start).__name__} is pruned already: give a full model")
        model, tokenizer, batch_at, steps, loss, scored = self.training.opened(
            self.start, self._source(run), run, self.seed
        )
        begun = self.rewind_step or 0
        if begun >= steps:
            raise ValueError(f"rewind_step = {begun}: a level has {steps} updates, so give a smaller number")
        begun *= self.level > 1
        model.to(Accelerator().device)
        weights = families.prunable(model, embeddings=self.embeddings, pooler=self.pooler)
        mask = pruning.everything(weights)
        for before in self.preceding:
            for name, kept in before.mask(run).items():
                mask[name].copy_(kept)
        optimizer = training.adamw(model, learning_rate=self.training.learning_rate)
        rate = schedules.linear_with_warmup(steps, round(0.1 * steps))

        def keep(step: int) -> None:
            # On disk and not in memory: a run killed later goes on from a checkpoint behind this step.
            if self.level == 1 and step == self.rewind_step:
                run.folder(REWOUND, lambda folder: opening.save(model, tokenizer, folder))

        with pruning.held(weights, mask, optimizer):
            training.train(
                model,
                optimizer,
                lambda step: batch_at(begun + step),
                steps=steps - begun,
                loss=loss,
                schedule=lambda step: rate(begun + step),
                after_step=keep,
                checkpoint=run.checkpoint(),
                title=f"level {self.level} of iterative pruning",
            )
        if self.rewind_step is None:
            run.folder(TRAINED, lambda folder: opening.save(model, tokenizer, folder))
        # Not their magnitude, which is 0: a weight that remains may be 0 as well.
        scores = {
            name: score.masked_fill(~mask[name], -torch.inf)
            for name, score in magnitude.score(weights, {}, examples.seeded(self.seed)).items()
        }
        left = KEEP[self.scope](scores, self.sparsity)
        mask_files.save(
            run.path / MASK,
            left,
            model=f"{type(self.start).__name__} {store.key(self.start)}",
            method=f"magnitude, {self.scope}, iterative, level {self.level}",
            asked=self.sparsity,
            seed=self.seed,
        )
        metrics = {
            "sparsity": self.sparsity,
            "removed": masks.removed(left),
            "weights": sum(map(torch.numel, left.values())),
        }
        metrics |= {"trained_sparsity": masks.sparsity(mask), "steps": steps - begun}
        metrics["integrated_rate"] = self.training.learning_rate * sum(map(rate, range(begun, steps)))
        return metrics | scored()

    def mask(self, run: Run) -> Mask:
        """What remains after this level."""
        return mask_files.load(run.need(self).path / MASK)[0]

    def rewound(self, run: Run) -> str:
        """The model to whose weights every level returns. Raises ValueError where none does."""
        if self.rewind_step is None:
            raise ValueError("rewind_step = None: this iterative pruning never rewinds; give the step to which it does")
        if self.rewind_step:
            return str(run.need(replace(self, level=1)).path / REWOUND)
        return self.start.weights(run)

    def _source(self, run: Run) -> str:
        if not self.preceding:
            return self.start.weights(run)
        if self.rewind_step is None:
            return str(run.need(*self.preceding).path / TRAINED)
        return self.rewound(run)


@parameters
class Rewound:
    """The full model to which iterative pruning rewinds; with its mask, as `Ticket`, what the paper calls a ticket."""

    version: ClassVar[int] = 1
    pruning: IterativePruning

    def weights(self, run: Run) -> str:
        """The start's weights, or those that the first level had after `rewind_step` updates, under its head."""
        return self.pruning.rewound(run)

    def mask(self, run: Run) -> Mask:
        """Nothing is removed."""
        return {}

    def task_named(self, name: str) -> Task:
        """The task of that name."""
        return self.pruning.start.task_named(name)

    def tables(self, task: str) -> dict[str, pd.DataFrame]:
        """The task's data, as for the start."""
        return self.pruning.start.tables(task)
