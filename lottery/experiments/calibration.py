"""The texts that a score reads which sees data, and cuts that go by them."""

from collections.abc import Iterable
from typing import ClassVar

import torch
from pydantic import InstanceOf
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lottery import importance, pruning
from lottery.choices import choose
from lottery.data import examples
from lottery.data.examples import seeded
from lottery.experiments import Start
from lottery.importance import Moments
from lottery.masks import Mask
from lottery.models import families, state
from lottery.pruning import KEEP, Scope, Weights, inputs
from lottery.store import Count, Size, parameters

ORDER = 0  # the seed of the one order in which every split is taken


@parameters
class Calibration:
    """Some of the examples of a task, without their labels, from which a model's inputs are measured."""

    version: ClassVar[int] = 1
    of: InstanceOf[Start]  # whose data
    task: str
    split: str
    texts: Size  # examples; pairs count as one
    place: Count  # of the sets of so many that one random order of the split falls into, none of which share a row
    pairs: bool  # whether both texts of a pair are read together; False: the first one alone
    max_length: Size  # tokens of an example, at most

    def moments(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, names: Iterable[str]) -> Moments:
        """What `inputs.moments` tells of the matrices named. Raises ValueError where there are too few examples."""
        families.check_length(model.config, self.max_length)
        table = self.of.tables(self.task)[self.split]
        last = (self.place + 1) * self.texts
        if last > len(table):
            raise ValueError(
                f"set {self.place} of {self.texts} texts asks for {last} rows and {self.task!r} has {len(table)} in "
                f"{self.split!r}: give fewer texts or a lower place"
            )
        rows = torch.randperm(len(table), generator=seeded(ORDER)).tolist()[last - self.texts : last]
        read = table[["first", "second"] if self.pairs and "second" in table else ["first"]]
        given = examples.encode(read.iloc[rows].assign(label=0), tokenizer, self.max_length)
        return inputs.moments(model, given, names)


def check(score: str, calibration: Calibration | None, *, embeddings: bool) -> None:
    """Raise ValueError where a score and the texts for it do not belong together.

    embeddings  whether word embeddings are among what is scored, which multiply no input
    """
    if importance.sees_data(score) and calibration is None:
        raise ValueError(f"importance = {score!r} goes by texts that the model reads: give a calibration")
    if calibration and not importance.sees_data(score):
        raise ValueError(f"importance = {score!r} goes by the weights alone: leave calibration out")
    if calibration and embeddings:
        raise ValueError(f"importance = {score!r} goes by what a matrix multiplies: leave the word embeddings out")


def at_once(
    weights: Weights, *, importance: str, scope: Scope, sparsity: float, seed: int, moments: Moments | None = None
) -> Mask:
    """What is kept of weights when a share of them is removed at once: those that score highest.

    importance  a name in lottery/importance; `seed` is that of a random one
    scope       of the comparison
    sparsity    share to remove, in [0, 1)
    moments     for a score that sees data, what the weights' inputs are, as of `inputs.moments`
    """
    return KEEP[scope](choose("importance", importance).score(weights, moments or {}, seeded(seed)), sparsity)


def remove(weights: Weights, mask: Mask, importance: str, moments: Moments | None) -> None:
    """Set every weight outside the mask to 0; a score that has an `update` then sets those that stay, too."""
    updating = getattr(choose("importance", importance), "update", None)
    updated = updating(weights, mask, moments or {}) if updating else {}
    pruning.remove(weights, mask)
    state.fill(weights, updated)
