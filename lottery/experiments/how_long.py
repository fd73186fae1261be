"""How long a model is trained where a chapter leaves that to the suite: what is usual, or what a user's file takes."""

from typing import Literal

from lottery.experiments.fine_tuning import AUTO, FineTuning
from lottery.experiments.starts import OWN, Own, Unlabelled
from lottery.training import evaluation

EPOCHS = 3.0  # of a published task
RETRAINING = 0.25  # epochs after a cut, of a published task
UPDATES = 100  # after a cut, of a user's file


def is_ready(task: str, given: Own | Unlabelled | None) -> bool:
    """Whether a user's model answers the user's task without being trained: it has a head for these classes.

    given  the user's file; None in a chapter that does not take one, whose tasks are published
    """
    if task != OWN:
        return False
    return evaluation.keeps_head(given.model, given.task_named(task))


def epochs(asked: float | Literal["auto"], task: str, given: Own | Unlabelled | None) -> float | Literal["auto"]:
    """The epochs of a fine-tuning: those asked for, or, for "auto", EPOCHS of a published task.

    A user's model that is ready is not trained; another one until it is enough, as "auto" says to FineTuning.
    given  as for `is_ready`
    """
    if asked != AUTO:
        return asked
    if task != OWN:
        return EPOCHS
    return 0.0 if is_ready(task, given) else AUTO


def retraining(asked: float | Literal["auto"], tuned: FineTuning) -> float:
    """The epochs of a retraining after a cut: those asked for, or, for "auto", RETRAINING of a published task.

    Of a user's file as many as make UPDATES, and at least one.
    """
    if asked != AUTO:
        return asked
    if tuned.task != OWN:
        return RETRAINING
    per_epoch = -(-len(tuned.tables(OWN)["train"]) // tuned.batch_size)
    return max(1.0, round(UPDATES / per_epoch, 1))
