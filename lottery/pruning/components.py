"""Components: the attention heads and the MLPs of an encoder, switched by gates or cut out.

What is kept of them is a mask like any other, {"heads": (layers, heads), "mlps": (layers,)}, bool, True where the
component stays. A gate is the number that a component's output is multiplied by before it is added to the stream: a
head's at the input of the attention's output matrix, an MLP's after its second matrix and its bias (Michel et al. 2019,
arXiv:1905.10650; Prasanna et al. 2020, arXiv:2005.00561, section 3). transformers 5 has neither gates nor a way to cut
heads out, so both are made here, gates by hooks and without touching the model's modules.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lottery.masks import HEADS, MLPS, Mask, Scores, boolean
from lottery.models import families
from lottery.models.families import FAMILIES

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel


def shapes(config: PreTrainedConfig) -> dict[str, tuple[int, ...]]:
    """How many there are: {"heads": (layers, heads), "mlps": (layers,)}."""
    return {HEADS: (config.num_hidden_layers, config.num_attention_heads), MLPS: (config.num_hidden_layers,)}


def everything(config: PreTrainedConfig) -> Mask:
    """The mask that keeps every component."""
    return {name: torch.ones(shape, dtype=torch.bool) for name, shape in shapes(config).items()}


def check(kept: Mask, config: PreTrainedConfig) -> None:
    """Raise ValueError unless the mask tells of the heads and the MLPs of such a model, and of nothing else."""
    expected = shapes(config)
    given = {name: tuple(tensor.shape) for name, tensor in kept.items()}
    if given != expected:
        raise ValueError(f"the mask is of another model: it is of {given}, and this model's components are {expected}")


def parameters(config: PreTrainedConfig) -> dict[str, int]:
    """The matrix weights of one head (its rows of query, key and value, its columns of the output) and of one MLP."""
    size = config.hidden_size // config.num_attention_heads
    inner = getattr(config, "intermediate_size", None) or config.hidden_dim
    return {HEADS: 4 * size * config.hidden_size, MLPS: 2 * inner * config.hidden_size}


def matrix_weights(config: PreTrainedConfig) -> int:
    """The matrix weights of all heads and MLPs together, which are those of the six matrices of every layer."""
    each = parameters(config)
    return sum(each[name] * math.prod(shape) for name, shape in shapes(config).items())


def share_kept(kept: Mask, config: PreTrainedConfig) -> float:
    """Share of the weights of all heads and MLPs that stays, in [0, 1]; biases, embeddings and pooler do not count."""
    each = parameters(config)
    stay = sum(each[name] * int(kept[name].sum()) for name in each)
    return stay / matrix_weights(config)


def totals(tensors: Mapping[str, Tensor], config: PreTrainedConfig) -> Scores:
    """Sums over the matrices of each component.

    tensors  {name: (out, in)} as by `families.prunable`, with at least the six matrices of every layer
    returns  {"heads": (layers, heads), "mlps": (layers,)}

    Raises ValueError where a matrix of the attention is missing.
    """
    family = FAMILIES[config.model_type]
    heads = torch.stack([own.sum() for own in families.by_head(tensors, config).values()])
    mlps = [
        sum(tensors[f"{family.layers}.{layer}.{name}.weight"].sum() for name in family.matrices[4:])
        for layer in range(config.num_hidden_layers)
    ]
    return {HEADS: heads.view(shapes(config)[HEADS]), MLPS: torch.stack(mlps)}


@torch.no_grad()
def remove(model: PreTrainedModel, kept: Mask) -> None:
    """Set every weight and bias of the heads and the MLPs that do not stay to 0, in place: as with their gates at 0.

    Of a head they are its rows of query, key and value and its columns of the output matrix. Raises ValueError for a
    mask of another model.
    """
    check(kept, model.config)
    kept, family = boolean(kept), FAMILIES[model.config.model_type]
    for layer, (heads, mlp) in enumerate(zip(kept[HEADS], kept[MLPS], strict=True)):
        block = model.base_model.get_submodule(f"{family.layers}.{layer}")
        *inner, out, up, down = (block.get_submodule(name) for name in family.matrices)
        gone = (~heads).repeat_interleave(model.config.hidden_size // model.config.num_attention_heads)
        for linear in inner:
            linear.weight[gone] = 0
            linear.bias[gone] = 0
        out.weight[:, gone] = 0
        if not mlp:
            for parameter in (*up.parameters(), *down.parameters()):
                parameter.zero_()


@contextmanager
def gated(model: PreTrainedModel, gates: Mapping[str, Tensor], present: Mask | None = None) -> Iterator[None]:
    """Inside the block the model's components are multiplied by gates.

    gates    {"heads": (..., layers, heads), "mlps": (..., layers)}, floats on the model's device; before the last axes
             none, one (batch), or two (batch, tokens or 1) more
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
    present = boolean(present or everything(config))
    size = config.hidden_size // config.num_attention_heads
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
    The copy is a stock model whose layers differ in width, which `save_pretrained` does not tell. Raises ValueError for
    a mask of another model.

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
    config, family = model.config, FAMILIES[model.config.model_type]
    size = config.hidden_size // config.num_attention_heads
    for layer, (heads, mlp) in enumerate(zip(kept[HEADS], kept[MLPS], strict=True)):
        block = smaller.base_model.get_submodule(f"{family.layers}.{layer}")
        inner = [block.get_submodule(name) for name in family.matrices]
        if not heads.all():
            index = (heads.nonzero() * size + torch.arange(size)).flatten()
            for linear in inner[:3]:
                _shrink(linear, rows=index)
            _shrink(inner[3], columns=index)
            if not heads.any():
                _replace(block, family.matrices[0], family.matrices[3])
                if released:
                    inner[3].bias = None
        if not mlp:
            none = torch.empty(0, dtype=torch.int64)
            _shrink(inner[4], rows=none)
            _shrink(inner[5], columns=none)
            inner[5].bias = None  # the gate is behind the bias
    return smaller


@torch.no_grad()
def _shrink(linear: nn.Linear, rows: Tensor | None = None, columns: Tensor | None = None) -> None:
    """Leave only these rows, of the bias too, or columns of the matrix."""
    for name, axis, index in (("weight", 0, rows), ("bias", 0, rows), ("weight", 1, columns)):
        whole = getattr(linear, name)
        if index is not None and whole is not None:
            part = whole.index_select(axis, index.to(whole.device)).clone()
            setattr(linear, name, nn.Parameter(part, requires_grad=whole.requires_grad))
    linear.out_features, linear.in_features = linear.weight.shape


class _NoHeads(nn.Module):
    """What stands for an attention without heads, whose own code cannot tell an empty tensor's number of heads."""

    def __init__(self, attention: nn.Module, out: nn.Module | None):
        super().__init__()
        for name, child in attention.named_children():
            self.add_module(name, child)
        self._out = [out]  # in a list, so that it has one name only

    def forward(self, hidden_states: Tensor, *_, **__) -> tuple[Tensor, None]:
        empty = hidden_states[..., :0]
        return (self._out[0](empty) if self._out[0] is not None else empty), None


def _replace(block: nn.Module, query: str, out: str) -> None:
    place = query.rpartition(".")[0]
    attention = block.get_submodule(place)
    inside = out.startswith(f"{place}.")
    above, _, name = place.rpartition(".")
    setattr(block.get_submodule(above), name, _NoHeads(attention, block.get_submodule(out) if inside else None))


def _outputs(model: PreTrainedModel) -> list[tuple[nn.Module, nn.Module]]:
    """For each layer the matrix that the heads' outputs enter, and the one that the MLP's output leaves."""
    family = FAMILIES[model.config.model_type]
    blocks = [
        model.base_model.get_submodule(f"{family.layers}.{layer}") for layer in range(model.config.num_hidden_layers)
    ]
    return [(block.get_submodule(family.matrices[3]), block.get_submodule(family.matrices[5])) for block in blocks]
