"""Learning from a teacher's answers as well as from the labels (Hinton et al. 2015, arXiv:1503.02531)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import kl_div

from lottery import training
from lottery.data.examples import IGNORED, Batch, Examples

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Recipe = Literal["printed", "released"]
TEMPERATURE = 2.0  # of the released recipe
TEACHER = "teacher"  # the name in a batch under which what the teacher says of its examples comes
SPAN_TEACHER = ("teacher_starts", "teacher_ends")  # those under which its scores of their tokens come


def guided(recipe: Recipe, share: float = 0.5) -> Callable[[nn.Module, Batch], Tensor]:
    """A loss for `training.train`: batches hold a teacher's scores beside what the model takes.

    TEACHER       (batch, classes), or for tags (batch, tokens, classes); or for spans
    SPAN_TEACHER  (batch, tokens) each, of every token as the first and as the last of the answer

    printed   the model's own loss + KL(student || teacher) (Jiang et al. 2023, eq. 7)
    released  1 - share of the model's own loss + share of T^2 KL(teacher || student), both softened at the temperature
              T = 2; share is half in Jiang et al. 2023 and 0.9 in CAP (Xu et al. 2022)
    In nats, the mean over the batch, of tags over its words; of spans the mean of the start's and the end's, over the
    tokens of a window without those that fill it up.
    """

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        given = {name: batch[name] for name in (TEACHER, *SPAN_TEACHER) if name in batch}
        output = model(**{name: tensor for name, tensor in batch.items() if name not in given})
        if TEACHER in given:
            student, teacher = output.logits.float(), given[TEACHER]
            if student.ndim == 3:
                tagged = batch["labels"] != IGNORED
                student, teacher = student[tagged], teacher[tagged]
            pairs = [(student, teacher)]
        else:
            filling = batch["attention_mask"] == 0
            pairs = [
                (_without(filling, scores.float()), _without(filling, given[name]))
                for scores, name in zip((output.start_logits, output.end_logits), SPAN_TEACHER, strict=True)
            ]
        apart = torch.stack([_apart(recipe, student, teacher) for student, teacher in pairs]).mean()
        return output.loss + apart if recipe == "printed" else (1 - share) * output.loss + share * apart

    return loss


def with_teacher(kind: str, teacher: PreTrainedModel, given: Examples, share: float) -> Examples:
    """Examples with a teacher's answers beside them, for a loss of `guided`.

    kind   of the task, as `Task.KIND`
    share  of the teacher where a number is asked for: over one number a teacher has no distribution, so that the label
           and the teacher's number are mixed, which a squared error takes for both errors, weighed by their shares
    """
    if kind == "span":
        scores = ([torch.from_numpy(each) for each in rows] for rows in training.predict_spans(teacher, given))
        return replace(given, sequences=given.sequences | dict(zip(SPAN_TEACHER, scores, strict=True)))
    if kind == "tags":
        rows = [torch.from_numpy(each) for each in training.predict_tokens(teacher, given)]
        return replace(given, sequences=given.sequences | {TEACHER: rows})
    scores = torch.from_numpy(training.predict(teacher, given))
    if kind == "regression":
        mixed = (1 - share) * given.numbers["labels"] + share * scores[:, 0]
        return replace(given, numbers=given.numbers | {"labels": mixed})
    return replace(given, numbers=given.numbers | {TEACHER: scores})


def _without(filling: Tensor, scores: Tensor) -> Tensor:
    """Scores with no chance for the tokens that fill up; finite, so that they add 0 to a divergence and not NaN."""
    return scores.masked_fill(filling, torch.finfo(scores.dtype).min)


def _apart(recipe: Recipe, student: Tensor, teacher: Tensor) -> Tensor:
    """What is added of the divergence of two scores, before it is weighed."""
    if recipe == "printed":
        return _divergence(of=student.log_softmax(-1), from_=teacher.log_softmax(-1))
    soft = _divergence(of=(teacher / TEMPERATURE).log_softmax(-1), from_=(student / TEMPERATURE).log_softmax(-1))
    return TEMPERATURE**2 * soft


def _divergence(*, of: Tensor, from_: Tensor) -> Tensor:
    """KL(of || from_) of log-probabilities, the mean over the batch."""
    return kl_div(from_, of, reduction="batchmean", log_target=True)
