"""Sentences as vectors, made by an encoder without any head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from lottery.data import examples
from lottery.data.examples import Batch, Examples, encode, sorted_batches
from lottery.masks import Mask, Scores
from lottery.models.pooling import Pooling
from lottery.models.state import frozen
from lottery.pruning import components
from lottery.training import evaluating, reading
from lottery.training.distillation import TEACHER

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def one_by_one(table: pd.DataFrame, tokenizer: PreTrainedTokenizerBase, max_length: int) -> Examples:
    """The texts of a table as examples, in the order of `examples.one_by_one`."""
    return encode(pd.DataFrame({"first": examples.one_by_one(table), "label": 0}), tokenizer, max_length)


def vectors(model: PreTrainedModel, examples: Examples, pooling: Pooling, *, batch_size: int = 256) -> np.ndarray:
    """The vectors of n sentences in their order, of length 1: (n, width), float32; one of zeros stays so.

    pooling  "mean": of the vectors of all tokens, special ones included; "first": that of the first token; "max": of
             each feature the largest value of all tokens (Reimers & Gurevych 2019, arXiv:1908.10084, section 3)
    """
    with evaluating(model):
        return reading.read(model, examples, pooled(pooling), device=model.device, batch_size=batch_size)


def pooled(pooling: Pooling) -> Callable[[Any, Batch], torch.Tensor]:
    """What `reading.read` is to take of an encoder's outputs, or of those of its export, to have `vectors`."""

    def vector(output: Any, batch: Batch) -> torch.Tensor:
        hidden, mask = output.last_hidden_state.float(), batch["attention_mask"].unsqueeze(-1)
        if pooling == "mean":
            found = (hidden * mask).sum(1) / mask.sum(1)
        elif pooling == "max":
            found = hidden.masked_fill(mask == 0, -torch.inf).amax(1)
        else:
            found = hidden[:, 0]
        return torch.nn.functional.normalize(found, dim=-1)

    return vector


def sensitivity(
    model: PreTrainedModel,
    examples: Examples,
    pooling: Pooling,
    kept: Mask,
    generator: torch.Generator,
    *,
    directions: int = 4,
    batch_size: int = 64,
) -> Scores:
    """How far the vectors of `vectors` move with the gate of each component, dropout off: no label is asked for.

    kept        what has a gate, which stands at 1, as of `components.everything`: all of it is scored
    generator   of random directions, so many a batch, along each of which the derivative is taken
    returns     of each gate the mean over the sentences of the squared length of the vector's derivative by it, as
                Hutchinson's estimator (1990, doi:10.1080/03610919008812866) has it from the directions
    """
    scores = {name: torch.zeros(tensor.shape) for name, tensor in kept.items()}
    before = model.training
    model.eval()
    try:
        with frozen(model):
            for positions in sorted_batches(examples.lengths, batch_size):
                batch = examples.inputs(positions, model.device)
                each = {
                    name: tensor.float()
                    .to(model.device)
                    .expand(len(positions), 1, *tensor.shape)
                    .clone()
                    .requires_grad_()
                    for name, tensor in kept.items()
                }
                with components.gated(model, each):
                    found = pooled(pooling)(model(**batch), batch)
                for _ in range(directions):
                    along = torch.randn(found.shape, generator=generator).to(found.device)
                    moved = torch.autograd.grad((found * along).sum(), [*each.values()], retain_graph=True)
                    for name, gradient in zip(each, moved, strict=True):
                        scores[name] += gradient[:, 0].square().sum(0).cpu() / (directions * len(examples))
    finally:
        model.train(before)
    return scores


def with_vectors(model: PreTrainedModel, examples: Examples, pooling: Pooling) -> Examples:
    """Examples with a teacher's vectors beside them, for the loss of `matching`."""
    return replace(examples, numbers={TEACHER: torch.from_numpy(vectors(model, examples, pooling))})


def matching(pooling: Pooling) -> Callable[[PreTrainedModel, Batch], torch.Tensor]:
    """A loss for `training.train`: 1 - the cosine with the teacher's vector, the mean over the batch, in [0, 2].

    That is half of the squared distance of vectors of length 1, which Reimers & Gurevych 2020 (arXiv:2004.09813, eq. 1)
    train by.
    """

    def loss(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
        inputs = {name: tensor for name, tensor in batch.items() if name != TEACHER}
        return 1 - (pooled(pooling)(model(**inputs), batch) * batch[TEACHER]).sum(-1).mean()

    return loss


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The cosine of each vector of `vectors` with the one in the same place: (n,), in [-1, 1]."""
    return (one * other).sum(axis=1)
