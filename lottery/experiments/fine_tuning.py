"""Fine-tuning a pre-trained model, whole or pruned, on a task, and scoring it on the task's dev set."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Literal

import pandas as pd
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from pydantic import InstanceOf
from transformers import PreTrainedModel

from lottery import masks, pruning, schedules, store, training
from lottery.data import splitting
from lottery.data.examples import Examples, seeded
from lottery.experiments import Data, Start, starts
from lottery.experiments.tickets import Cut, Ticket
from lottery.masks import Mask
from lottery.masks import files as mask_files
from lottery.models import families, opening
from lottery.pruning import Weights, components
from lottery.store import Count, NotNegative, Positive, Run, Size, parameters
from lottery.tasks import Task
from lottery.training import early_stopping, evaluation
from lottery.training.early_stopping import EarlyStopping
from lottery.training.evaluation import Exam

RENEWED = "mask.safetensors"
AUTO = "auto"
HELD_OUT = 0.1  # of the training set, to see by when a training of AUTO epochs has been long enough


@parameters
class FineTuning:
    """One model fine-tuned on one task with one seed; what was pruned from it stays away. The result is a start, too.

    The recipe `released` is that of Gordon's code: each epoch has a learning-rate schedule of its own, the next one
    lower; and what a `Cut` removes from a fine-tuned model is chosen anew every ten updates, by raw weights that live
    on under the mask, while its schedule goes on where that of the fine-tuned model ended.
    """

    version: ClassVar[int] = 1
    start: InstanceOf[Start]
    task: str  # a file in lottery/tasks, or "own"
    epochs: NotNegative | Literal["auto"]  # "auto": until the score on a part of train has stopped rising; 0: none
    batch_size: Size
    learning_rate: Positive
    max_length: Size  # tokens of an example, at most
    seed: Count  # of the new head, the order of the examples and dropout
    saved: bool  # whether the fine-tuned model is kept in the run's folder
    data: Data = ""  # the published files of the task, as for `Given`; "": the data that the start brings
    recipe: Literal["printed", "released"] = "printed"
    train_examples: Count = 0  # of the training set, so many drawn by the seed, the same for every start; 0: all
    scored_unseen: bool = False  # whether it is also scored on the rest of the training set
    dev_examples: Count = 0  # of each other split, at most so many, drawn as by `splitting.stratified`; 0: all
    stratified: bool = False  # whether `train_examples` are drawn so, too, and not by the seed

    def perform(self, run: Run) -> dict[str, Any]:
        """Dev scores as in `Exam.score`, `majority`, `steps`, `train_loss` and `integrated_rate`.

        majority         score of the majority-class baseline on dev; `majority_accuracy`, its accuracy
        train_loss       over all that it was trained on, dropout off; NaN for vectors, which are held to themselves
        integrated_rate  the learning rate summed over all updates
        best_step        where `epochs` is "auto": the update whose weights are taken, those with the highest score on
                         the part of train that is held out for this; `still_rising`, whether it rose to the last
        unseen_score     where `scored_unseen`: the score on the examples of the training set that it was not trained on
        """
        if self.recipe == "released" and AUTO in (self.epochs, self._epochs_before):
            raise ValueError("epochs = 'auto' goes with the recipe 'printed' only: give a number of epochs")
        if self.scored_unseen and self.unseen().empty:
            raise ValueError("scored_unseen: it is trained on all of train; give fewer train_examples")
        set_seed(self.seed)
        task = self.task_named(self.task)
        if task.KIND == "vectors" and self.epochs != 0:
            raise ValueError(f"epochs = {self.epochs}: vectors that are held to themselves are not trained: give 0")
        source = self.start.weights(run)
        tokenizer = opening.tokenizer(source)
        tables = self.tables(self.task)
        model = evaluation.with_head(source, task, ours=_learnt(self.start, self.task))
        families.check_length(model.config, self.max_length)
        parts, mask = masks.parted(self.start.mask(run))
        if parts:
            if self.saved:
                raise ValueError("heads or MLPs are cut out of this model, so it cannot be saved: give saved=False")
            model = components.sliced(model, parts)
        learnt, held_out = self._to_stop_by(task, tables["train"])
        exam = Exam(task, tables, tokenizer, self.max_length)
        train = exam.encoded(learnt)
        optimizer = training.adamw(model, learning_rate=self.learning_rate)
        model.to(Accelerator().device)
        weights = families.prunable(model, embeddings=True)
        # Under a head that reads spans there is no pooler.
        mask = {
            name: kept.to(model.device)
            for name, kept in mask.items()
            if name in weights or not name.startswith(families.POOLER)
        }
        stopping = None
        if self.epochs == AUTO:
            scored = exam.scoring(held_out)
            stopping = EarlyStopping(
                model,
                lambda: scored(model),
                early_stopping.plan(training.steps_in(train, epochs=1.0, batch_size=self.batch_size)),
            )
        steps = stopping.plan.ceiling if stopping else self._steps(train)
        rate = self._schedule(train, steps)
        with self._held(model, weights, mask, optimizer, steps) as renew:
            losses = training.fine_tune(
                model,
                optimizer,
                train,
                steps=steps,
                batch_size=self.batch_size,
                seed=self.seed,
                schedule=rate,
                after_step=stopping or renew,
                carried=stopping.carried if stopping else mask if renew else None,
                checkpoint=run.checkpoint(),
                title=f"fine-tuning on {task.TITLE}",
            )
        if stopping:
            stopping.restore()
        if self.saved:
            run.folder("model", lambda folder: opening.save(model, tokenizer, folder))
        if renew:
            mask_files.save(
                run.path / RENEWED,
                mask,
                model=f"FineTuning {store.key(self.start.of)}",
                method=f"{self._renewed.importance}, {self._renewed.scope}, released",
                asked=self._renewed.sparsity,
                seed=self.seed,
            )
        scores, answers = exam.score(model)
        run.once("answers.parquet", lambda: answers)
        metrics = {"steps": len(losses)}
        metrics["train_loss"] = float("nan") if task.KIND == "vectors" else training.mean_loss(model, train)
        metrics["integrated_rate"] = self.learning_rate * sum(map(rate, range(len(losses))))
        if stopping:
            metrics |= {"best_step": stopping.best, "still_rising": stopping.risen}
        constant = exam.majority()
        if "accuracy" in constant:
            metrics["majority_accuracy"] = constant["accuracy"]
        if self.scored_unseen:
            metrics["unseen_score"] = exam.scoring(self.unseen())(model)
        return metrics | {"majority": constant[task.METRIC]} | scores

    def weights(self, run: Run) -> str:
        """The folder of the fine-tuned model. Raises ValueError where it is not saved."""
        if not self.saved:
            raise ValueError("this fine-tuning does not save its model: give saved=True")
        return str(run.need(self).path / "model")

    def opened(self, run: Run) -> tuple[PreTrainedModel, Exam]:
        """The fine-tuned model on the device, and its task with the data. Raises as `weights` does."""
        task, folder = self.task_named(self.task), self.weights(run)
        model = evaluation.with_head(folder, task, ours=True).to(Accelerator().device)
        return model, Exam(task, self.tables(self.task), opening.tokenizer(folder), self.max_length)

    def mask(self, run: Run) -> Mask:
        """What was kept of it in the end."""
        if self._renewed:
            return mask_files.load(run.need(self).path / RENEWED)[0]
        return self.start.mask(run)

    def task_named(self, name: str) -> Task:
        """The task of that name."""
        return self.start.task_named(name)

    def tables(self, task: str) -> dict[str, pd.DataFrame]:
        """The data it was given, or those of its start, as many as asked for.

        Raises ValueError where there are fewer of train than what the seed is to draw.
        """
        tables = starts.tables(self.start, task, self.data)
        if self.stratified or self.dev_examples:
            tables = starts.part(tables, self.train_examples if self.stratified else 0, self.dev_examples)
        drawn = self.train_examples and not self.stratified
        return tables | {"train": self._drawn(tables["train"])[0]} if drawn else tables

    def _to_stop_by(self, task: Task, train: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What to train on, and the part that says when it is enough; none but where `epochs` is "auto"."""
        if self.epochs != AUTO:
            return train, train[:0]
        stratified = task.KIND == "classification" and splitting.each_label_has(train, HELD_OUT)
        return splitting.held_out(train, HELD_OUT, seed=self.seed, stratified=stratified)

    def _steps(self, train: Examples) -> int:
        """Updates of a training whose epochs are a number."""
        return training.steps_in(train, epochs=self.epochs, batch_size=self.batch_size) if self.epochs else 0

    def unseen(self) -> pd.DataFrame:
        """The examples of the task's training set that the seed has left out; none where it has drawn none."""
        train = starts.tables(self.start, self.task, self.data)["train"]
        return self._drawn(train)[1] if self.train_examples and not self.stratified else train[:0]

    def _drawn(self, train: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """As many as asked for, and the rest."""
        if self.train_examples > len(train):
            raise ValueError(
                f"train_examples = {self.train_examples}: the task has {len(train)}; give at most so many, or 0 for all"
            )
        order = torch.randperm(len(train), generator=seeded(self.seed)).tolist()
        parts = order[: self.train_examples], order[self.train_examples :]
        seen, rest = (train.iloc[part].reset_index(drop=True) for part in parts)
        return seen, rest

    @property
    def _renewed(self) -> Cut | None:
        """The cut that is made anew while the model is trained, where one is."""
        return self.start.cut if self.recipe == "released" and isinstance(self.start, Ticket) else None

    @property
    def _epochs_before(self) -> float | Literal["auto"]:
        """Of the fine-tuning whose schedule goes on here; 0 where none does."""
        return self.start.of.epochs if self._renewed and isinstance(self.start.of, FineTuning) else 0.0

    def _schedule(self, train: Examples, steps: int) -> schedules.Schedule:
        if self.epochs == AUTO:
            return schedules.rise(steps=early_stopping.FLOOR // 10, power=1)
        if self.recipe == "printed":
            return schedules.linear_with_warmup(steps, round(0.1 * steps))
        epoch, begun = (
            training.steps_in(train, epochs=epochs, batch_size=self.batch_size) if epochs else 0
            for epochs in (1.0, self._epochs_before)
        )
        saw = schedules.sawtooth(epoch)
        return lambda step: saw(begun + step)

    def _held(
        self, model: PreTrainedModel, weights: Weights, mask: Mask, optimizer: torch.optim.Optimizer, steps: int
    ) -> AbstractContextManager[Callable[[int], None] | None]:
        """Inside the block the mask is held; it yields what has to be called after each step, if anything has."""
        if self._renewed:
            return self._renewed.anew(model, weights, mask, optimizer, end=steps)
        return pruning.held(weights, mask, optimizer)


def _learnt(start: Start, task: str) -> bool:
    """Whether the model of a start was fine-tuned on that very task."""
    while hasattr(start, "of"):
        start = start.of
    return getattr(start, "task", None) == task
