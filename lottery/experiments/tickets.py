"""Tickets: which weights are kept, and the weights that the rest of a study goes on with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar

import pandas as pd
import torch
from pydantic import InstanceOf
from transformers import PreTrainedModel

from lottery import importance as scoring
from lottery import pruning, schedules
from lottery.choices import choose, named
from lottery.data.examples import seeded
from lottery.experiments import Kept, Start
from lottery.experiments.calibration import Calibration
from lottery.masks import Mask
from lottery.models import opening
from lottery.pruning import KEEP, Scope, Weights, at_once, inputs
from lottery.store import Count, Fraction, Run, parameters
from lottery.tasks import Task

RENEWED_EVERY = 10  # updates between two masks of a cut that is made anew


@parameters
class Cut:
    """What is kept of a model when a share of its weights is removed at once."""

    version: ClassVar[int] = 1
    of: InstanceOf[Start]
    importance: named("importance")
    scope: Scope
    embeddings: bool  # whether the table of word embeddings is cut too
    pooler: bool = True  # whether the pooler is
    sparsity: Fraction
    seed: Count  # of a random choice
    calibration: Calibration | None = None  # the texts that a score reads which sees data

    def __post_init__(self):
        scoring.check(self.importance, texts=bool(self.calibration), embeddings=self.embeddings, given_by="calibration")

    def mask(self, run: Run) -> Mask:
        """What scores highest."""
        source, moments = self.of.weights(run), None
        weights = opening.encoder_weights(source, embeddings=self.embeddings, pooler=self.pooler)
        if self.calibration:
            with torch.random.fork_rng(devices=[]):
                model = opening.encoder(source)
            moments = inputs.moments(model, self.calibration.examples(model, opening.tokenizer(source)), weights)
        how = {"importance": self.importance, "scope": self.scope, "seed": self.seed}
        return at_once.chosen(weights, self.sparsity, **how, moments=moments)

    @contextmanager
    def anew(
        self, model: PreTrainedModel, weights: Weights, mask: Mask, optimizer: torch.optim.Optimizer, *, end: int
    ) -> Iterator[Callable[[int], None]]:
        """Inside the block the cut is made again every RENEWED_EVERY updates, as the code of Gordon et al. 2020 does.

        It goes by raw weights, which live on under the mask, as in `pruning.held_raw`. Raises ValueError for a score
        that sees data, as what the weights' inputs are changes with every update.

        mask    what the model keeps, changed in place
        end     the last update
        yields  what to call after each update
        """
        if self.calibration:
            raise ValueError(f"a cut by {self.importance!r} goes by texts: it is not made anew as a model trains")
        covered = {name: weights[name] for name in mask}
        with pruning.held_raw(model, covered, mask, optimizer):
            yield pruning.gradually(
                covered,
                mask,
                schedules.one_shot(self.sparsity, at=0),
                lambda weights: choose("importance", self.importance).score(weights, {}, seeded(self.seed)),
                KEEP[self.scope],
                every=RENEWED_EVERY,
                end=end,
            )


@parameters
class Ticket:
    """A mask on the weights of one model, found on the same or on another one of its shape (Frankle & Carbin 2019)."""

    version: ClassVar[int] = 1
    of: InstanceOf[Start]  # its weights and its tasks
    kept: InstanceOf[Kept]

    def weights(self, run: Run) -> str:
        """The model of which it is a part."""
        return self.of.weights(run)

    def mask(self, run: Run) -> Mask:
        """The part."""
        return self.kept.mask(run)

    @property
    def cut(self) -> Cut | None:
        """The cut that made the mask, where one did."""
        return self.kept if isinstance(self.kept, Cut) else None

    def task_named(self, name: str) -> Task:
        """The task of that name."""
        return self.of.task_named(name)

    def tables(self, task: str) -> dict[str, pd.DataFrame]:
        """The task's data, as for the whole model."""
        return self.of.tables(task)


@parameters
class Freed:
    """A pruned model whose removed weights start at 0 and may move: information deletion (Gordon et al. 2020)."""

    version: ClassVar[int] = 1
    pruned: InstanceOf[Start]

    def weights(self, run: Run) -> str:
        """The pruned model."""
        return self.pruned.weights(run)

    def mask(self, run: Run) -> Mask:
        """Nothing is held at 0."""
        return {}

    def task_named(self, name: str) -> Task:
        """The task of that name."""
        return self.pruned.task_named(name)

    def tables(self, task: str) -> dict[str, pd.DataFrame]:
        """The task's data, as for the pruned model."""
        return self.pruned.tables(task)
