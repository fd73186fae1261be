"""Families of encoders: what the parts of each kind are called, and what of a model can be pruned.

Names and tensors alone: nothing here opens a file, and nothing of transformers is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

from lottery.choices import listed
from lottery.masks import HEADS, NEURONS

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

KINDS = ("query", "key", "value", "attention output", "intermediate", "output")  # of a layer's matrices, everywhere
ROWS, COLUMNS = 0, 1  # the axes of a matrix


@dataclass(frozen=True)
class Part:
    """A matrix of each layer, and which of its rows or columns belong to which component.

    module  its module below the layer
    kinds   what it is, in words; where several matrices of one shape lie in it, one below the other, each of them
    of      HEADS or NEURONS: a head has as many rows or columns, side by side, as it is wide, a neuron has one
    axis    ROWS, and with them the entries of its bias, or COLUMNS
    where   which models of the family have it
    """

    module: str
    kinds: tuple[str, ...]
    of: Literal["heads", "neurons"]
    axis: Literal[0, 1] = ROWS
    where: Callable[[PreTrainedConfig], bool] = lambda config: True

    @property
    def kind(self) -> str:
        """What it is, in words.

        >>> Part("attn.Wqkv", ("query", "key", "value"), "heads").kind
        'query, key and value'
        """
        return listed([*self.kinds], "and")


@dataclass(frozen=True)
class Family:
    """What the parts of a kind of encoder are called.

    title     its name in prose
    layers    where the layers lie below the encoder
    parts     the matrices of each layer; of heads one and of neurons one has COLUMNS, which their outputs enter
    mlm_head  the modules below the whole model that one after another score the vocabulary; none where the model was
              not pre-trained to fill in hidden words
    words     the table of word embeddings below the encoder
    shifted   whether positions are counted from the one after the padding token's number
    biased    which of the inputs of a layer's attention, counted from 0, has numbers for each of the model's heads
    fixed     whether the first layer is built otherwise than the others, so that it cannot go
    """

    title: str
    layers: str
    parts: tuple[Part, ...]
    mlm_head: tuple[str, ...]
    words: str = "embeddings.word_embeddings"
    shifted: bool = False
    biased: int | None = None
    fixed: bool = False


def six(*modules: str) -> tuple[Part, ...]:
    """The parts of a layer that holds each of KINDS in a matrix of its own, in their order."""
    *inner, out, up, down = zip(modules, KINDS, strict=True)
    return (
        *(Part(module, (kind,), HEADS) for module, kind in inner),
        Part(out[0], (out[1],), HEADS, COLUMNS),
        Part(up[0], (up[1],), NEURONS),
        Part(down[0], (down[1],), NEURONS, COLUMNS),
    )


BERT = Family(
    title="BERT",
    layers="encoder.layer",
    parts=six(
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
        "intermediate.dense",
        "output.dense",
    ),
    mlm_head=("cls.predictions",),
)
ROBERTA = replace(BERT, title="RoBERTa", mlm_head=("lm_head",), shifted=True)
FAMILIES = {
    "bert": BERT,
    "roberta": ROBERTA,
    "xlm-roberta": replace(ROBERTA, title="XLM-R"),
    "camembert": replace(ROBERTA, title="CamemBERT"),
    "electra": replace(BERT, title="ELECTRA", mlm_head=()),
    "distilbert": Family(
        title="DistilBERT",
        layers="transformer.layer",
        parts=six(
            "attention.q_lin",
            "attention.k_lin",
            "attention.v_lin",
            "attention.out_lin",
            "ffn.lin1",
            "ffn.lin2",
        ),
        mlm_head=("vocab_transform", "activation", "vocab_layer_norm", "vocab_projector"),
    ),
    "mpnet": Family(
        title="MPNet",
        layers="encoder.layer",
        parts=six(
            "attention.attn.q",
            "attention.attn.k",
            "attention.attn.v",
            "attention.attn.o",
            "intermediate.dense",
            "output.dense",
        ),
        mlm_head=("lm_head",),
        shifted=True,
        biased=2,  # by the distance of two tokens, computed once for all layers
    ),
    "modernbert": Family(
        title="ModernBERT",
        layers="layers",
        parts=(
            Part("attn.Wqkv", ("query", "key", "value"), HEADS),
            Part("attn.Wo", ("attention output",), HEADS, COLUMNS),
            Part("mlp.Wi", ("intermediate", "gate"), NEURONS),
            Part("mlp.Wo", ("output",), NEURONS, COLUMNS),
        ),
        mlm_head=("head", "decoder"),
        words="embeddings.tok_embeddings",
        fixed=True,  # it is the only one that does not normalise what it gets
    ),
    "deberta-v2": Family(
        title="DeBERTa-v2/v3",
        layers="encoder.layer",
        parts=(
            *six(
                "attention.self.query_proj",
                "attention.self.key_proj",
                "attention.self.value_proj",
                "attention.output.dense",
                "intermediate.dense",
                "output.dense",
            ),
            Part("attention.self.pos_key_proj", ("position key",), HEADS, where=lambda config: _apart(config, "c2p")),
            Part(
                "attention.self.pos_query_proj", ("position query",), HEADS, where=lambda config: _apart(config, "p2c")
            ),
        ),
        mlm_head=("cls.predictions",),
    ),
}
# What is no part of FAMILIES for a reason of its own.
UNFIT = {"albert": "whose layers are one and the same, so that none can lose what another keeps"}
POOLER = "pooler.dense"


def _apart(config: PreTrainedConfig, term: str) -> bool:
    """Whether a DeBERTa has matrices of its own for this term of its attention to relative positions."""
    shared = getattr(config, "share_att_key", False)
    return bool(config.relative_attention and not shared and term in (config.pos_att_type or ()))


def family(kind: str, what: str) -> Family:
    """The family of the models of a type, such as "bert". Raises ValueError where it is none of FAMILIES.

    what  the model is called in the sentence
    """
    if kind not in FAMILIES:
        why = UNFIT.get(kind, "and what can be pruned of those is not known")
        titles = listed([each.title for each in FAMILIES.values()])
        raise ValueError(f"{what} is a model of the type {kind!r}, {why}: give a {titles}")
    return FAMILIES[kind]


def parts(config: PreTrainedConfig) -> tuple[Part, ...]:
    """The matrices of each layer of a model of this configuration, in order."""
    return tuple(part for part in FAMILIES[config.model_type].parts if part.where(config))


def column_parts(config: PreTrainedConfig) -> tuple[Part, Part]:
    """The matrix that the heads' outputs enter, and the one that the neurons' do, which is the last of its MLP."""
    heads, neurons = (part for part in parts(config) if part.axis == COLUMNS)
    return heads, neurons


def head_size(config: PreTrainedConfig) -> int:
    """How many rows or columns of a matrix a head has."""
    return config.hidden_size // config.num_attention_heads


def words(config: PreTrainedConfig) -> str:
    """The name of the table of word embeddings, as `prunable` names it."""
    return f"{FAMILIES[config.model_type].words}.weight"


def block(model: PreTrainedModel, layer: int) -> nn.Module:
    """A layer of the model, counted from 0."""
    return model.base_model.get_submodule(f"{FAMILIES[model.config.model_type].layers}.{layer}")


def prunable(model: PreTrainedModel, *, embeddings: bool, pooler: bool = True) -> dict[str, nn.Parameter]:
    """The weights that can be removed: {name below the encoder: (out, in)}, in the order of the layers.

    The matrices of each layer; with `pooler` its dense matrix, where there is one; with `embeddings` the table of word
    embeddings, and with it the decoder of the MLM head tied to it, which is the same tensor (Gordon et al. 2020,
    section 3.1 and Table 3). Heads are not among them, nor is what fits ELECTRA's narrower embeddings to its layers,
    nor what tells of relative positions. The names are the family's own, without the model's prefix, so that a mask
    found under one head fits the encoder under another. Raises ValueError for a model of another family, and for one
    pruned by torch.nn.utils.prune.
    """
    of, config = family(model.config.model_type, type(model).__name__), model.config
    parameters = dict(model.base_model.named_parameters())
    layers = range(config.num_hidden_layers)
    names = [f"{of.layers}.{layer}.{part.module}.weight" for layer in layers for part in parts(config)]
    names += [f"{POOLER}.weight"] if pooler and f"{POOLER}.weight" in parameters else []
    names += [words(config)] if embeddings else []
    if pruned := [name for name in names if f"{name}_orig" in parameters]:
        raise ValueError(
            f"{pruned[0]!r} is pruned by torch.nn.utils.prune, which makes it anew before each forward pass: "
            "`lottery.from_torch_prune(model)` gives its mask and makes a plain model of it"
        )
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


def has_bias(config: PreTrainedConfig) -> bool:
    """Whether the last matrix of an MLP has a bias."""
    return getattr(config, "mlp_bias", True)


def kind_and_layer(name: str) -> tuple[str, int | None]:
    """What a matrix named as by `prunable` is, in words, and its layer, counted from 0; None where it is in none.

    >>> kind_and_layer("encoder.layer.11.attention.output.dense.weight")
    ('attention output', 11)

    Raises ValueError for a name that no family has.
    """
    matrix = name.removesuffix(".weight")
    if matrix == POOLER or matrix in {each.words for each in FAMILIES.values()}:
        return ("pooler" if matrix == POOLER else "word embeddings"), None
    for each in FAMILIES.values():
        layer, _, rest = matrix.removeprefix(f"{each.layers}.").partition(".")
        for part in each.parts:
            if layer.isdecimal() and rest == part.module:
                return part.kind, int(layer)
    raise ValueError(f"{name!r} is no prunable matrix of {listed([*FAMILIES])}")


def below(name: str) -> str | None:
    """The name below the encoder of a matrix that can be pruned, given the one in a whole model; None of all else.

    >>> below("bert.encoder.layer.0.output.dense.weight"), below("classifier.weight")
    ('encoder.layer.0.output.dense.weight', None)
    """
    parts = name.split(".")
    for first in range(len(parts) - 1):
        rest = ".".join(parts[first:])
        with suppress(ValueError):
            kind_and_layer(rest)
            return rest if rest.endswith(".weight") else None
    return None


def in_order(kinds: Iterable[str]) -> list[str]:
    """Kinds of matrices, as `kind_and_layer` calls them, each once, in the order of a layer, what is in none last."""
    given, of_parts = {*kinds}, [part.kind for each in FAMILIES.values() for part in each.parts]
    return [kind for kind in dict.fromkeys([*of_parts, "pooler", "word embeddings"]) if kind in given]


def matrix(tensors: Mapping[str, torch.Tensor], config: PreTrainedConfig, layer: int, kind: str) -> torch.Tensor:
    """The matrix of one of KINDS in a layer, (out, in), also where it lies in one with others.

    tensors  {name: (out, in)} as by `prunable`
    """
    (part,) = [part for part in parts(config) if kind in part.kinds]
    whole = tensors[f"{FAMILIES[config.model_type].layers}.{layer}.{part.module}.weight"]
    return whole.chunk(len(part.kinds))[part.kinds.index(kind)]


def by_head(tensors: dict[str, torch.Tensor], config: PreTrainedConfig) -> dict[tuple[int, int], torch.Tensor]:
    """What belongs to each attention head, of a mask or of weights.

    tensors  {name: (out, in)} as by `prunable`, with at least the attention matrices of every layer
    config   of the model they are of
    returns  {(layer, head): (4 * head size * width,)}, layers and heads counted from 0: its rows of query, key and
             value, then its columns of the attention output, the weights that Gordon et al. 2020 (arXiv:2002.08307,
             Figure 4) count as the head's; behind them, in a DeBERTa, its rows of what projects relative positions

    Raises ValueError where a matrix is missing.
    """
    layers, size = FAMILIES[config.model_type].layers, head_size(config)
    of_heads = [part for part in parts(config) if part.of == HEADS]
    heads = {}
    for layer in range(config.num_hidden_layers):
        named = {f"{layers}.{layer}.{part.module}.weight": part for part in of_heads}
        if missing := [name for name in named if name not in tensors]:
            raise ValueError(f"{missing[0]!r} is not among the {len(tensors)} tensors given: give those of every layer")
        stretches = []
        for name, part in named.items():
            rows = tensors[name].shape[part.axis] // len(part.kinds)
            if rows != config.hidden_size:
                raise ValueError(f"{name!r} has {rows} rows of {config.hidden_size}: heads were cut out of it")
            stretches += [(each, part.axis) for each in tensors[name].chunk(len(part.kinds), part.axis)]
        for head in range(config.num_attention_heads):
            own = [each.narrow(axis, head * size, size).flatten() for each, axis in stretches]
            heads[layer, head] = torch.cat(own)
    return heads


def mlm_head(model: PreTrainedModel) -> nn.Module:
    """What scores the vocabulary at a position's output. Raises ValueError for a model that has no such head."""
    names = FAMILIES[model.config.model_type].mlm_head
    if not names:
        raise ValueError(
            f"{type(model).__name__} was pre-trained to find exchanged words, not to fill in hidden ones: for what "
            f"goes on with the pre-training, give {listed([f.title for f in FAMILIES.values() if f.mlm_head])}"
        )
    if not getattr(model.config, "legacy", True):
        raise ValueError(
            f"{type(model).__name__} fills in hidden words by a head that is given the word embeddings ('legacy': "
            "false in config.json): for what goes on with the pre-training, give one that holds them itself"
        )
    return nn.Sequential(*map(model.get_submodule, names))


def nsp_head(model: PreTrainedModel) -> nn.Module | None:
    """The module that tells from the pooled output whether two passages follow each other; None where there is none."""
    return getattr(model.cls, "seq_relationship", None) if hasattr(model, "cls") else None


def positions(config: PreTrainedConfig) -> int:
    """How many tokens a sequence may have at most."""
    shifted = FAMILIES[config.model_type].shifted
    return config.max_position_embeddings - (config.pad_token_id + 1 if shifted else 0)


def check_length(config: PreTrainedConfig, max_length: int, *, name: str = "max_length") -> None:
    """Raise ValueError where a model of this configuration has no positions for sequences of `max_length` tokens.

    name  of the number where it was given
    """
    longest = positions(config)
    if max_length > longest:
        raise ValueError(
            f"{name} = {max_length}: the model has positions for {longest} tokens, so give at most that many"
        )
