"""Families of encoders: what the parts of each kind are called, and what of a model can be pruned.

Names and tensors alone: nothing here opens a file, and nothing of transformers is imported.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import nn

from lottery.choices import listed

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel


@dataclass(frozen=True)
class Family:
    """What the parts of a kind of encoder are called.

    title     its name in prose
    layers    where the layers lie below the encoder
    matrices  the six of each layer: query, key, value, attention output, and the two of the feed-forward network
    mlm_head  the modules below the whole model that one after another score the vocabulary; none where the model was
              not pre-trained to fill in hidden words
    shifted   whether positions are counted from the one after the padding token's number
    """

    title: str
    layers: str
    matrices: tuple[str, ...]
    mlm_head: tuple[str, ...]
    shifted: bool = False


BERT = Family(
    title="BERT",
    layers="encoder.layer",
    matrices=(
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
        "intermediate.dense",
        "output.dense",
    ),
    mlm_head=("cls.predictions",),
)
FAMILIES = {
    "bert": BERT,
    "roberta": replace(BERT, title="RoBERTa", mlm_head=("lm_head",), shifted=True),
    "electra": replace(BERT, title="ELECTRA", mlm_head=()),
    "distilbert": Family(
        title="DistilBERT",
        layers="transformer.layer",
        matrices=(
            "attention.q_lin",
            "attention.k_lin",
            "attention.v_lin",
            "attention.out_lin",
            "ffn.lin1",
            "ffn.lin2",
        ),
        mlm_head=("vocab_transform", "activation", "vocab_layer_norm", "vocab_projector"),
    ),
}
WORD_EMBEDDINGS = "embeddings.word_embeddings"
POOLER = "pooler.dense"
KINDS = ("query", "key", "value", "attention output", "intermediate", "output")  # of a family's matrices, in order


def prunable(model: PreTrainedModel, *, embeddings: bool, pooler: bool = True) -> dict[str, nn.Parameter]:
    """The weights that can be removed: {name below the encoder: (out, in)}, in the order of the layers.

    The six matrices of each layer; with `pooler` its dense matrix, where there is one; with `embeddings` the table of
    word embeddings, and with it the decoder of the MLM head tied to it, which is the same tensor (Gordon et al. 2020,
    section 3.1 and Table 3). Heads are not among them, nor is what fits ELECTRA's narrower embeddings to its layers.
    The names are the family's own, without the model's prefix, so that a mask found under one head fits the encoder
    under another. Raises ValueError for a model of another family.
    """
    kind = model.config.model_type
    if kind not in FAMILIES:
        raise ValueError(
            f"{type(model).__name__} is a {kind!r} model: what can be pruned is known for {listed([*FAMILIES])}"
        )
    family, parameters = FAMILIES[kind], dict(model.base_model.named_parameters())
    layers = range(model.config.num_hidden_layers)
    names = [f"{family.layers}.{layer}.{matrix}.weight" for layer in layers for matrix in family.matrices]
    names += [f"{POOLER}.weight"] if pooler and f"{POOLER}.weight" in parameters else []
    names += [f"{WORD_EMBEDDINGS}.weight"] if embeddings else []
    return {name: parameters[name] for name in names}


def head_parameters(model: PreTrainedModel) -> dict[str, nn.Parameter]:
    """What a model has above its encoder: {name: parameter}; {} for an encoder alone."""
    inside = {id(parameter) for parameter in model.base_model.parameters()}
    return {name: parameter for name, parameter in model.named_parameters() if id(parameter) not in inside}


def inner_size(config: PreTrainedConfig) -> int:
    """How many neurons the feed-forward network of a layer has."""
    return getattr(config, "intermediate_size", None) or config.hidden_dim


def set_inner_size(config: PreTrainedConfig, neurons: int) -> None:
    """Tell in a configuration, in place, how many neurons the feed-forward network of every layer has."""
    setattr(config, "intermediate_size" if hasattr(config, "intermediate_size") else "hidden_dim", neurons)


def kind_and_layer(name: str) -> tuple[str, int | None]:
    """What a matrix named as by `prunable` is, in words, and its layer, counted from 0; None where it is in none.

    >>> kind_and_layer("encoder.layer.11.attention.output.dense.weight")
    ('attention output', 11)

    Raises ValueError for a name that no family has.
    """
    matrix = name.removesuffix(".weight")
    if matrix in (POOLER, WORD_EMBEDDINGS):
        return ("pooler" if matrix == POOLER else "word embeddings"), None
    for family in FAMILIES.values():
        layer, _, rest = matrix.removeprefix(f"{family.layers}.").partition(".")
        if layer.isdecimal() and rest in family.matrices:
            return KINDS[family.matrices.index(rest)], int(layer)
    raise ValueError(f"{name!r} is no prunable matrix of {listed([*FAMILIES])}")


def by_head(tensors: dict[str, torch.Tensor], config: PreTrainedConfig) -> dict[tuple[int, int], torch.Tensor]:
    """What belongs to each attention head, of a mask or of weights.

    tensors  {name: (out, in)} as by `prunable`, with at least the four attention matrices of every layer
    config   of the model they are of
    returns  {(layer, head): (4 * head size * width,)}, layers and heads counted from 0: its rows of query, key and
             value, then its columns of the attention output, the weights that Gordon et al. 2020 (arXiv:2002.08307,
             Figure 4) count as the head's

    Raises ValueError where a matrix is missing.
    """
    family = FAMILIES[config.model_type]
    size = config.hidden_size // config.num_attention_heads
    heads = {}
    for layer in range(config.num_hidden_layers):
        names = [f"{family.layers}.{layer}.{matrix}.weight" for matrix in family.matrices[:4]]
        if missing := [name for name in names if name not in tensors]:
            raise ValueError(f"{missing[0]!r} is not among the {len(tensors)} tensors given: give those of every layer")
        *inner, outer = (tensors[name] for name in names)
        if len(inner[0]) != config.hidden_size:
            raise ValueError(f"{names[0]!r} has {len(inner[0])} rows of {config.hidden_size}: heads were cut out of it")
        for head in range(config.num_attention_heads):
            own = slice(head * size, (head + 1) * size)
            parts = [*(matrix[own] for matrix in inner), outer[:, own]]
            heads[layer, head] = torch.cat([part.flatten() for part in parts])
    return heads


def mlm_head(model: PreTrainedModel) -> nn.Module:
    """What scores the vocabulary at a position's output. Raises ValueError for a model that never filled in words."""
    names = FAMILIES[model.config.model_type].mlm_head
    if not names:
        raise ValueError(
            f"{type(model).__name__} was pre-trained to find exchanged words, not to fill in hidden ones: for what "
            f"goes on with the pre-training, give {listed([f.title for f in FAMILIES.values() if f.mlm_head])}"
        )
    return nn.Sequential(*map(model.get_submodule, names))


def nsp_head(model: PreTrainedModel) -> nn.Module | None:
    """The module that tells from the pooled output whether two passages follow each other; None where there is none."""
    return getattr(model.cls, "seq_relationship", None) if hasattr(model, "cls") else None


def check_length(config: PreTrainedConfig, max_length: int, *, name: str = "max_length") -> None:
    """Raise ValueError where a model of this configuration has no positions for sequences of `max_length` tokens.

    name  of the number where it was given
    """
    shifted = FAMILIES[config.model_type].shifted
    longest = config.max_position_embeddings - (config.pad_token_id + 1 if shifted else 0)
    if max_length > longest:
        raise ValueError(
            f"{name} = {max_length}: the model has positions for {longest} tokens, so give at most that many"
        )
