"""Components: the heads, the MLPs and the MLPs' neurons of an encoder, switched by gates or cut out.

What is kept of them is a mask like any other, {"heads": (layers, heads), "mlps": (layers,)}, bool, True where the
component stays. It may tell of the inner neurons of the MLPs, too, "neurons": (layers, neurons); without, all stay, and
those of an MLP that goes go with it. A gate is the number that a component's output is multiplied by before it is added
to the stream: a head's at the input of the attention's output matrix, a neuron's at that of the MLP's second matrix, an
MLP's after that matrix and its bias (Michel et al. 2019, arXiv:1905.10650; Prasanna et al. 2020, arXiv:2005.00561,
section 3). transformers 5 has neither gates nor a way to cut heads out, so both are made here, gates by hooks and
without touching the model's modules.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lottery.masks import HEADS, MLPS, NEURONS, Mask, Scores, boolean
from lottery.models import families, slices
from lottery.models.families import FAMILIES

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel


OF_PARTS = (HEADS, NEURONS)  # the kinds of component that single rows and columns belong to


def shapes(config: PreTrainedConfig, *, neurons: bool = False) -> dict[str, tuple[int, ...]]:
    """How many there are: {"heads": (layers, heads), "mlps": (layers,)}, and of neurons where they are asked for."""
    layers = config.num_hidden_layers
    coarse = {HEADS: (layers, config.num_attention_heads), MLPS: (layers,)}
    return coarse | ({NEURONS: (layers, families.inner_size(config))} if neurons else {})


def everything(config: PreTrainedConfig, *, neurons: bool = False) -> Mask:
    """The mask that keeps every component; it names neurons where they are asked for."""
    return {name: torch.ones(shape, dtype=torch.bool) for name, shape in shapes(config, neurons=neurons).items()}


def nested(kept: Mask) -> Mask:
    """The same mask in bools, in which the neurons of an MLP that goes are told as gone, too."""
    kept = boolean(kept)
    return kept | ({NEURONS: kept[NEURONS] & kept[MLPS][:, None]} if NEURONS in kept else {})


def blocks(model: PreTrainedModel) -> list[nn.Module]:
    """The model's layers, the lowest first."""
    return [families.block(model, layer) for layer in range(model.config.num_hidden_layers)]


def check(kept: Mask, config: PreTrainedConfig) -> None:
    """Raise ValueError unless the mask tells of the heads and the MLPs of such a model, and at most of its neurons."""
    expected = shapes(config, neurons=NEURONS in kept)
    given = {name: tuple(tensor.shape) for name, tensor in kept.items()}
    if given != expected:
        raise ValueError(f"the mask is of another model: it is of {given}, and this model's components are {expected}")


def parameters(config: PreTrainedConfig) -> dict[str, int]:
    """The matrix weights of one head, of one MLP and of one neuron.

    A head has its rows of query, key and value and its columns of the output, a neuron a row and a column, and where
    there is a gate a row of that.
    """
    vectors = {kind: sum(len(part.kinds) for part in families.parts(config) if part.of == kind) for kind in OF_PARTS}
    head, neuron = (vectors[kind] * config.hidden_size for kind in OF_PARTS)
    return {HEADS: families.head_size(config) * head, MLPS: families.inner_size(config) * neuron, NEURONS: neuron}


def matrix_weights(config: PreTrainedConfig) -> int:
    """The matrix weights of all heads and MLPs together, which are those of all matrices of every layer."""
    each = parameters(config)
    return sum(each[name] * math.prod(shape) for name, shape in shapes(config).items())


def share_kept(kept: Mask, config: PreTrainedConfig) -> float:
    """Share of the weights of all heads and MLPs that stays, in [0, 1]; biases, embeddings and pooler do not count."""
    each, kept = parameters(config), nested(kept)
    stay = sum(each[name] * int(kept[name].sum()) for name in (HEADS, NEURONS if NEURONS in kept else MLPS))
    return stay / matrix_weights(config)


def totals(tensors: Mapping[str, Tensor], config: PreTrainedConfig) -> Scores:
    """Sums over the matrices of each component.

    tensors  {name: (out, in)} as by `families.prunable`, with at least the matrices of every layer
    returns  {"heads": (layers, heads), "mlps": (layers,), "neurons": (layers, neurons)}

    Raises ValueError where a matrix of the attention is missing.
    """
    place = FAMILIES[config.model_type].layers
    heads = torch.stack([own.sum() for own in families.by_head(tensors, config).values()])
    mlps = [
        [
            (each, 1 - part.axis)
            for part in families.parts(config)
            if part.of == NEURONS
            for each in tensors[f"{place}.{layer}.{part.module}.weight"].chunk(len(part.kinds), part.axis)
        ]
        for layer in range(config.num_hidden_layers)
    ]
    return {
        HEADS: heads.view(shapes(config)[HEADS]),
        MLPS: torch.stack([sum(each.sum() for each, _ in mlp) for mlp in mlps]),
        NEURONS: torch.stack([sum(each.sum(across) for each, across in mlp) for mlp in mlps]),
    }


@torch.no_grad()
def remove(model: PreTrainedModel, kept: Mask) -> None:
    """Set every weight and bias of the components that do not stay to 0, in place: as with their gates at 0.

    Of a head they are its rows of query, key and value and its columns of the output matrix, of a neuron its row of the
    MLP's first matrix and its column of the second. Raises ValueError for a mask of another model.
    """
    config = model.config
    check(kept, config)
    kept = boolean(kept)
    for layer, block in enumerate(blocks(model)):
        gone = {HEADS: (~kept[HEADS][layer]).repeat_interleave(families.head_size(config))}
        if NEURONS in kept:
            gone[NEURONS] = ~kept[NEURONS][layer]
        for part in families.parts(config):
            linear = block.get_submodule(part.module)
            if part.of in gone:
                own = gone[part.of].repeat(len(part.kinds))
                if part.axis == families.COLUMNS:
                    linear.weight[:, own] = 0
                else:
                    for parameter in linear.parameters():
                        parameter[own] = 0
            if part.of == NEURONS and not kept[MLPS][layer]:
                for parameter in linear.parameters():
                    parameter.zero_()


@contextmanager
def gated(model: PreTrainedModel, gates: Mapping[str, Tensor], present: Mask | None = None) -> Iterator[None]:
    """Inside the block the model's components are multiplied by gates.

    gates    {"heads": (..., layers, heads), "mlps": (..., layers)}, and {"neurons": (..., layers, neurons)} where they
             have gates, floats on the model's device; before the last axes none, one (batch), or two (batch, tokens or
             1) more
    present  which components a model has that others were cut out of; None: all

    >>> from transformers import BertConfig, BertModel
    >>> config = BertConfig(
    ...     vocab_size=9, hidden_size=4, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    ... )
    >>> model, tokens = BertModel(config).eval(), torch.tensor([[1, 2, 3]])
    >>> whole = model(tokens).last_hidden_state
    >>> with gated(model, {"heads": torch.tensor([[1.0, 0.0]]), "mlps": torch.tensor([1.0])}):
    ...     without = model(tokens).last_hidden_state
    >>> torch.equal(whole, without), torch.equal(whole, model(tokens).last_hidden_state)
    (False, True)
    """
    config = model.config
    present = nested(everything(config, neurons=True) | dict(present or {}))
    size = families.head_size(config)
    handles = []
    for layer, (out, last) in enumerate(_outputs(model)):
        index = present[HEADS][layer].nonzero().flatten().to(gates[HEADS].device)
        of_heads = _over_tokens(gates[HEADS][..., layer, index])
        of_mlp = _over_tokens(gates[MLPS][..., layer, None])

        def scale_heads(_, inputs, gate=of_heads):
            (hidden,) = inputs
            return (hidden.unflatten(-1, (-1, size)) * gate.unsqueeze(-1)).flatten(-2) if gate.shape[-1] else hidden

        handles.append(out.register_forward_pre_hook(scale_heads))
        handles.append(last.register_forward_hook(lambda _, inputs, output, gate=of_mlp: output * gate))
        if NEURONS in gates:
            index = present[NEURONS][layer].nonzero().flatten().to(gates[NEURONS].device)
            of_neurons = _over_tokens(gates[NEURONS][..., layer, index])
            handles.append(last.register_forward_pre_hook(lambda _, inputs, gate=of_neurons: inputs[0] * gate))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _over_tokens(gate: Tensor) -> Tensor:
    """A gate of an example, (batch, n), as one for all its tokens, (batch, 1, n)."""
    return gate.unsqueeze(1) if gate.ndim == 2 else gate


def sliced(model: PreTrainedModel, kept: Mask, *, released: bool = False) -> PreTrainedModel:
    """A copy of the model that has only the components kept: smaller, and with the outputs of the gated one.

    released  True: where no head of a layer stays its attention adds nothing at all, as in the released code; False:
              the output matrix still adds its bias, as with all gates at 0
    The copy is a stock model whose layers may differ in width, which `save_pretrained` does not tell. Raises ValueError
    for a mask of another model.

    >>> from transformers import BertConfig, BertModel
    >>> config = BertConfig(
    ...     vocab_size=9, hidden_size=4, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    ... )
    >>> model, tokens = BertModel(config).eval(), torch.tensor([[1, 2, 3]])
    >>> kept = {"heads": torch.tensor([[True, False]]), "mlps": torch.tensor([True])}
    >>> smaller = sliced(model, kept)
    >>> model.num_parameters() - smaller.num_parameters()  # 4 matrices of 4 x 2, 3 biases of 2
    38
    >>> with gated(model, {name: stays.float() for name, stays in kept.items()}):
    ...     torch.allclose(model(tokens).pooler_output, smaller(tokens).pooler_output, atol=1e-6)
    True
    """
    check(kept, model.config)
    kept = boolean(kept)
    smaller = copy.deepcopy(model)
    slices.cut(smaller, kept, released=released)
    return smaller


def _outputs(model: PreTrainedModel) -> list[tuple[nn.Module, nn.Module]]:
    """For each layer the matrix that the heads' outputs enter, and the one that the MLP's output leaves."""
    parts = families.column_parts(model.config)
    return [tuple(block.get_submodule(part.module) for part in parts) for block in blocks(model)]
