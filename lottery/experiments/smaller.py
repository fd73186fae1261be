"""A smaller model: heads and neurons cut out of a fine-tuned one, healed with the whole as its teacher."""

import copy
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lottery import masks, pruning, training
from lottery.choices import choose
from lottery.data import splitting
from lottery.data.examples import Batch, Examples, one_by_one, seeded
from lottery.experiments.component_times import ComponentTimes
from lottery.experiments.fine_tuning import FineTuning
from lottery.findings import own_answers
from lottery.masks import HEADS, MLPS, NEURONS, Mask, Scores
from lottery.masks import files as mask_files
from lottery.models import families, folders, opening, slices, state, timing, vocabulary
from lottery.pruning import components, ladder
from lottery.store import Count, Fraction, NotNegative, Positive, Run, Size, Source, parameters
from lottery.tasks import Task, score
from lottery.training import distillation, evaluation, sentence_vectors
from lottery.training.evaluation import Exam

MASK, ANSWERS, MODEL = "mask.safetensors", "answers.parquet", "model"
Loss = Callable[[PreTrainedModel, Batch], Tensor]
HELD_OUT = 0.15  # of the training set, on which the smaller models are chosen among
SEEN = 2048  # examples of the training set at most, from which the importance is taken


@parameters
class Smaller:
    """One rung of a ladder of smaller models.

    What is learnt from is the training set without the part that chooses; dev is not looked at.
    """

    version: ClassVar[int] = 1
    of: FineTuning  # saved
    times: ComponentTimes
    saved_time: Fraction  # share of the time of all heads and neurons
    even: bool  # whether all heads and equally many neurons of every layer stay
    epochs: NotNegative  # of healing
    batch_size: Size
    learning_rate: Positive
    seed: Count
    taught: Fraction = 0.9  # share of the teacher in the loss
    layers: bool = False  # whether, where it is even, whole layers may go, too
    ticket: Source = ""  # the file of a mask of components, which is taken instead
    vocabulary: bool = False  # whether only the word pieces stay that occur in what is learnt from

    def perform(self, run: Run) -> dict[str, Any]:
        """The score on the part that chooses, and what the model takes.

        score, whole_score   there, of this model and of the whole one, whose answers are in answers.parquet
        batch_seconds, whole_seconds  for a batch as that of `times`, in turns
        numbers, bytes       parameters, and of the saved safetensors files
        heads, neurons       left, of `all_heads` and `all_neurons`
        steps                updates of healing
        """
        set_seed(self.seed)
        whole, exam = self.of.opened(run)
        if exam.task.KIND == "span":
            raise ValueError(spans_in_words(exam.task))
        learnt, choosing = parts(exam)
        train = exam.encoded(learnt)
        kept = self._kept(run, whole, exam, learnt)
        small = self._cut(whole, kept).to(Accelerator().device)
        steps = heal(
            small,
            whole,
            exam,
            train,
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            taught=self.taught,
            seed=self.seed,
            checkpoint=run.checkpoint(),
            title=f"healing without {self.saved_time:.0%} of the time",
        )
        # Not before healing, which makes the same of them without the rows that its texts never ask for.
        staying = leave_words_of(learnt, small, exam.tokenizer) if self.vocabulary else None
        folder = run.folder(MODEL, lambda folder: save(small, exam.tokenizer, folder, staying))
        mask_files.save(
            run.path / MASK,
            kept,
            model=run.need(self.of).path.name,
            method="given" if self.ticket else "sample, for the time saved",
            asked=self.saved_time,
            seed=self.seed,
        )
        answers = side_by_side(
            {"whole": (whole, exam.tokenizer), "small": (small, opening.tokenizer(str(folder)))}, exam, choosing
        )
        run.once(ANSWERS, lambda: answers)
        inputs = timing.batch(small, self.times.batch_size, self.times.length)
        times = timing.seconds({"whole": whole.eval(), "small": small.eval()}, inputs)
        return {
            "score": score_of(answers, "small", exam, choosing),
            "whole_score": score_of(answers, "whole", exam, choosing),
            "batch_seconds": times["small"],
            "whole_seconds": times["whole"],
            "numbers": state.size(small.parameters()),
            "bytes": folders.weights_bytes(folder),
            "heads": int(kept[HEADS].sum()),
            "all_heads": kept[HEADS].numel(),
            "neurons": int(kept[NEURONS].sum()),
            "all_neurons": kept[NEURONS].numel(),
            "steps": steps,
        }

    def mask(self, run: Run) -> Mask:
        """What is left of the full model."""
        return mask_files.load(run.need(self).path / MASK)[0]

    def weights(self, run: Run) -> str:
        """The folder of the smaller model."""
        return str(run.need(self).path / MODEL)

    def _kept(self, run: Run, whole: PreTrainedModel, exam: Exam, learnt: pd.DataFrame) -> Mask:
        slices.require_whole(whole)
        everything = components.everything(whole.config, neurons=True)
        if self.ticket:
            given, _ = masks.parted(mask_files.load(Path(self.ticket))[0])
            components.check(given, whole.config)
            return components.nested(everything | given)
        measured = run.need(self.times).metrics
        scores = component_scores(whole, exam, learnt, self.seed, most=SEEN)
        seconds = {HEADS: measured["head"], NEURONS: measured["neuron"]}
        return ladder.rung(scores, seconds, self.saved_time, even=self.even, layers=self.layers)

    def _cut(self, whole: PreTrainedModel, kept: Mask) -> PreTrainedModel:
        """A copy without what goes; whole layers only where they may, for else their last biases stay."""
        staying = kept[MLPS]
        if not self.layers or staying.all():
            return components.sliced(whole, kept)
        small = copy.deepcopy(whole)
        slices.drop_layers(small, staying)
        return components.sliced(small, {kind: each[staying] for kind, each in kept.items()})


def spans_in_words(task: Task) -> str:
    """Why a model that answers by a span of the text is not made smaller here, as a sentence."""
    return (
        f"{task.TITLE} asks for a span of the text, and a smaller model is chosen by answers that are classes or "
        "numbers, or by vectors: give a task of these"
    )


def component_scores(
    whole: PreTrainedModel, exam: Exam, learnt: pd.DataFrame, seed: int, *, most: int, importance: str = "sample"
) -> Scores:
    """How much each head, MLP and neuron matters, by at most so many of the rows learnt from, drawn by the seed.

    importance  one of lottery/component_importance that ranks neurons beside heads; of vectors, which have no loss, it
                is how far each moves them
    """
    order = np.random.default_rng(seed).permutation(len(learnt))[:most]
    given = exam.encoded(learnt.iloc[sorted(order)].reset_index(drop=True))
    everything = components.everything(whole.config, neurons=True)
    if exam.task.KIND == "vectors":
        return sentence_vectors.sensitivity(whole, given, exam.task.POOLING, everything, seeded(seed))
    return choose("component_importance", importance).score(whole, given, everything, seeded(seed))


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path, staying: list[int] | None) -> None:
    """Write a model, and the tokenizer, of whose pieces only some stay where that is said."""
    opening.save(model, tokenizer, folder)
    if staying:
        vocabulary.write(tokenizer, staying, folder)


def leave_words_of(table: pd.DataFrame, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Cut, in place, the pieces of words that no text of a table uses; the numbers of those that stay, for `save`."""
    staying = vocabulary.of_texts(tokenizer, one_by_one(table), model.config)
    vocabulary.cut(model, staying)
    return staying


def heal(
    small: PreTrainedModel,
    whole: PreTrainedModel,
    exam: Exam,
    train: Examples,
    *,
    epochs: float,
    batch_size: int,
    learning_rate: float,
    taught: float,
    seed: int,
    kept: Mask | None = None,
    **how: Any,
) -> int:
    """Train a smaller model in place with the whole one as its teacher; how many updates that took.

    taught  share of the teacher in the loss; of vectors, for which there is no label, it is all
    kept    of single weights; the others are held at zero
    how     as in `training.train`
    """
    steps = training.steps_in(train, epochs=epochs, batch_size=batch_size) if epochs else 0
    if steps:
        taught_by, loss = _lesson(exam.task, whole, train, taught)
        optimizer = training.adamw(small, learning_rate=learning_rate)
        weights = families.prunable(small, embeddings=False, pooler=False) if kept else {}
        with pruning.held(weights, kept, optimizer) if kept else nullcontext():
            training.fine_tune(
                small,
                optimizer,
                taught_by,
                steps=steps,
                batch_size=batch_size,
                seed=seed,
                loss=loss,
                **how,
            )
    return steps


def _lesson(task: Task, whole: PreTrainedModel, train: Examples, taught: float) -> tuple[Examples, Loss | None]:
    """Examples with what the teacher says of them, and the loss that takes it; None for the model's own."""
    if task.KIND == "vectors":
        given = sentence_vectors.with_vectors(whole, train, task.POOLING)
        return given, sentence_vectors.matching(task.POOLING)
    given = distillation.with_teacher(task.KIND, whole, train, taught)
    return given, None if task.KIND == "regression" else distillation.guided("released", taught)


def parts(exam: Exam) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What is learnt from, and what chooses: the same parts of the training set for every model."""
    train = exam.tables["train"]
    stratified = exam.task.KIND == "classification" and splitting.each_label_has(train, HELD_OUT)
    return splitting.held_out(train, HELD_OUT, seed=0, stratified=stratified)


def side_by_side(
    models: dict[str, tuple[PreTrainedModel, PreTrainedTokenizerBase]], exam: Exam, table: pd.DataFrame
) -> pd.DataFrame:
    """What several models, each with its own tokenizer, answer to the same rows, as of `tabled`."""
    answers = {
        name: replace(exam, tokenizer=tokenizer).answering(table)(model) for name, (model, tokenizer) in models.items()
    }
    return tabled(answers, evaluation.truth(exam.task, table))


def tabled(answers: dict[str, np.ndarray], right: np.ndarray) -> pd.DataFrame:
    """Answers of several models to the same rows: columns model, split, answer and label, as text."""
    return pd.concat(
        [
            pd.DataFrame({"model": name, "split": "dev", "answer": given, "label": right}).astype(str)
            for name, given in answers.items()
        ],
        ignore_index=True,
    )


def score_of(answers: pd.DataFrame, model: str, exam: Exam, table: pd.DataFrame) -> float:
    """The task's score of one of the models of `side_by_side`."""
    given = own_answers.as_read(answers[answers["model"] == model]["answer"])
    return score(exam.task, given, evaluation.truth(exam.task, table))
