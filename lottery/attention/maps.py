"""Attention maps: what each head lets every token take from every other token of its example.

A map is (n, n) for an example of n tokens, padding cut off. Row i is the token that attends, column j the token it
attends to. Two kinds: the attention probabilities alpha_ij, and those times the length of what they let through, the
norms of Kobayashi et al. 2020 (arXiv:2004.10102). Maps come example by example and are not kept, since those of a
thousand examples would fill the memory; `dict(raw(model, examples))` keeps those of a few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lottery.data.examples import Batch, Examples, sorted_batches
from lottery.models import families
from lottery.models.families import Part
from lottery.models.state import frozen

if TYPE_CHECKING:
    from transformers import PreTrainedModel

BATCH_SIZE = 16  # as bert-base at 128 tokens: its probabilities are 150 MB


def raw(
    model: PreTrainedModel, examples: Examples, *, released: bool = False, batch_size: int = BATCH_SIZE
) -> Iterator[tuple[int, Tensor]]:
    """The attention probabilities of every example and head, dropout off.

    model     with any head or none; inside `components.gated` the maps are those of the gated model, of the heads at
              gate 0 too, and the block has to last as long as maps are taken
    released  True: token types are not passed, so that a pair of sentences is read as one, as in the released code of
              Prasanna et al. 2020; False: they are passed as encoded
    returns   (position in the examples, (layers, heads, n, n) float32 on the CPU) of every example, longest first; n
              its number of tokens, special ones included; each row, of the token that attends, sums to 1

    Between two examples the model is as it was. Raises ValueError for a model that heads were cut out of.
    """
    _matrices(model)

    def of_batch(batch: Batch) -> Sequence[Tensor]:
        return model.base_model(**batch, output_attentions=True).attentions

    return _by_example(model, examples, of_batch, released, batch_size)


def normed(
    model: PreTrainedModel, examples: Examples, *, released: bool = False, batch_size: int = BATCH_SIZE
) -> Iterator[tuple[int, Tensor]]:
    """The norms ||alpha_ij f(x_j)|| of every example and head, dropout off; otherwise as `raw`.

    released  True: token types are not passed, and the output matrix W is cut into the blocks W[own, :] of its
              transpose, so that f is no part of what the model computes, both as in the released code of Prasanna et
              al. 2020; False: neither
    returns   as `raw`, norms >= 0 in the units of the hidden states; rows do not sum to 1

    With x_j the layer's input at token j, f(x_j) = W[:, own] (V x_j + b)[own] for a head that owns those features of
    the value matrix V with its bias b (Kobayashi et al. 2020, arXiv:2004.10102). Summed over j and over the heads,
    alpha_ij f(x_j) is the output of the attention less the bias of W, which belongs to no head. A norm is homogeneous,
    so alpha_ij ||f(x_j)|| is exact, and no vector of a pair of tokens is ever made.
    """
    matrices, size = _matrices(model), families.head_size(model.config)
    (part,) = [part for part in families.parts(model.config) if "value" in part.kinds]

    def of_batch(batch: Batch) -> Sequence[Tensor]:
        with _norms(matrices, part, size, released) as norms:
            attentions = model.base_model(**batch, output_attentions=True).attentions
        return [alpha * norm.unsqueeze(-2) for alpha, norm in zip(attentions, norms, strict=True)]

    return _by_example(model, examples, of_batch, released, batch_size)


MAPS = {"raw": raw, "normed": normed}  # the kinds of maps, by their names


@contextmanager
def eager(model: PreTrainedModel) -> Iterator[None]:
    """Inside the block the attention is computed step by step, since faster ways do not tell its probabilities."""
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)


def _by_example(
    model: PreTrainedModel,
    examples: Examples,
    of_batch: Callable[[Batch], Sequence[Tensor]],
    released: bool,
    batch_size: int,
) -> Iterator[tuple[int, Tensor]]:
    """The maps that `of_batch` makes for each layer, (batch, heads, longest, longest), cut to each example's tokens."""
    left_out = {*examples.numbers, *(["token_type_ids"] if released else [])}
    for positions in sorted_batches(examples.lengths, batch_size):
        batch = examples.batch(positions)
        given = {name: tensor.to(model.device) for name, tensor in batch.items() if name not in left_out}
        # Left before a map is handed out: whoever takes it may train, and may never ask for the next one.
        with eager(model), frozen(model), torch.no_grad():
            layers = of_batch(given)
        for row, position in enumerate(positions):
            n = len(examples.sequences["input_ids"][position])
            yield position, torch.stack([layer[row, :, :n, :n] for layer in layers]).float().cpu()


@contextmanager
def _norms(
    matrices: list[tuple[nn.Linear, nn.Linear]], part: Part, size: int, released: bool
) -> Iterator[list[Tensor]]:
    """Inside the block a forward pass fills the list with ||f(x_j)||, layer by layer: (batch, heads, tokens).

    part  that of the values, in which queries and keys may lie, too
    """
    norms, handles = [], []
    for value, output in matrices:
        blocks = (output.weight if released else output.weight.T).split(size)

        def add(_, __, values, blocks=blocks):
            values = values.chunk(len(part.kinds), dim=-1)[part.kinds.index("value")]
            heads = zip(values.split(size, dim=-1), blocks, strict=True)
            norms.append(torch.stack([torch.linalg.vector_norm(own @ block, dim=-1) for own, block in heads], 1))

        handles.append(value.register_forward_hook(add))
    try:
        yield norms
    finally:
        for handle in handles:
            handle.remove()


def _matrices(model: PreTrainedModel) -> list[tuple[nn.Linear, nn.Linear]]:
    """The matrix that makes the values and the output matrix of every layer's attention."""
    config = model.config
    (value,) = [part for part in families.parts(config) if "value" in part.kinds]
    blocks = [families.block(model, layer) for layer in range(config.num_hidden_layers)]
    out, _ = families.column_parts(config)
    matrices = [(block.get_submodule(value.module), block.get_submodule(out.module)) for block in blocks]
    if any(output.in_features != config.hidden_size for _, output in matrices):
        raise ValueError(
            "heads were cut out of this model, so that its layers have maps for different heads: give the full model, "
            "and switch heads off by components.gated"
        )
    return matrices
