"""A share of a model's weights removed at once: scored, chosen, cut, and, where the score has it so, made up for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lottery import importance as scoring
from lottery import pruning
from lottery.choices import choose
from lottery.data import examples
from lottery.data.examples import Batch, Examples, seeded
from lottery.importance import Moments
from lottery.masks import Mask
from lottery.models import families, state
from lottery.pruning import KEEP, Scope, Weights, inputs

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def prune(
    model: PreTrainedModel,
    sparsity: float,
    *,
    importance: str = "magnitude",
    scope: Scope = "global",
    data: Examples | Iterable[Batch] | None = None,
    embeddings: bool = False,
    pooler: bool = False,
    seed: int = 0,
) -> Mask:
    """Remove a share of a model's weights, in place; what stays.

    sparsity            share of the weights to remove, in [0, 1)
    importance          a name in lottery/importance; `seed` is that of a random one
    scope               of the comparison: "row" suits scores that see data
    data                texts that such a score reads: examples, or the batches of a DataLoader
    embeddings, pooler  whether the word embeddings and the pooler are cut, too

    Removed weights are 0; training moves them again unless the mask is held (`pruning.held`). By "obs" the weights that
    stay are others than before. Raises ValueError for an unknown name, a sparsity out of range, and where a score and
    its data do not belong together.
    """
    scoring.check(importance, texts=data is not None, embeddings=embeddings, given_by="data")
    weights, moments = families.prunable(model, embeddings=embeddings, pooler=pooler), None
    if data is not None:
        read = data if isinstance(data, Examples) else examples.of_batches(data)
        moments = inputs.moments(model, read, weights)
    mask = chosen(weights, sparsity, importance=importance, scope=scope, seed=seed, moments=moments)
    remove(weights, mask, importance=importance, moments=moments)
    return mask


def chosen(
    weights: Weights, sparsity: float, *, importance: str, scope: Scope, seed: int, moments: Moments | None = None
) -> Mask:
    """What is kept of weights when a share of them is removed at once: those that score highest. As for `prune`.

    moments  for a score that sees data, what the weights' inputs are, as of `inputs.moments`
    """
    return KEEP[scope](choose("importance", importance).score(weights, moments or {}, seeded(seed)), sparsity)


def remove(weights: Weights, mask: Mask, *, importance: str, moments: Moments | None = None) -> None:
    """Set every weight outside the mask to 0; a score that has an `update` then sets those that stay, too."""
    updating = getattr(choose("importance", importance), "update", None)
    updated = updating(weights, mask, moments or {}) if updating else {}
    pruning.remove(weights, mask)
    state.fill(weights, updated)
