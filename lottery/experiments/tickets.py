"""Tickets: which weights are kept, and the weights that the rest of a study goes on with."""

from typing import ClassVar

import pandas as pd
from pydantic import InstanceOf

from lottery.choices import choose, named
from lottery.data.examples import seeded
from lottery.experiments import Kept, Start
from lottery.masks import Mask
from lottery.models import opening
from lottery.pruning import KEEP, Scope
from lottery.store import Count, Fraction, Run, parameters
from lottery.tasks import Task


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

    def mask(self, run: Run) -> Mask:
        """What scores highest."""
        weights = opening.encoder_weights(self.of.weights(run), embeddings=self.embeddings, pooler=self.pooler)
        return KEEP[self.scope](choose("importance", self.importance).score(weights, seeded(self.seed)), self.sparsity)


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
