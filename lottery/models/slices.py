"""Slices: components cut out of an encoder's matrices, so that its layers differ in width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lottery.masks import HEADS, MLPS, NEURONS, Mask
from lottery.models.families import FAMILIES

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def cut(model: PreTrainedModel, kept: Mask, *, released: bool = False) -> None:
    """Leave only the components kept, in place.

    kept      {"heads": (layers, heads), "mlps": (layers,)}, and {"neurons": (layers, neurons)} or all of those; bool
    released  True: where no head of a layer stays its attention adds nothing at all, not even its last bias
    An MLP that goes takes its neurons and its last bias along. One that stays without neurons adds that bias.
    """
    config, family = model.config, FAMILIES[model.config.model_type]
    size = config.hidden_size // config.num_attention_heads
    for layer, (heads, mlp) in enumerate(zip(kept[HEADS], kept[MLPS], strict=True)):
        block = model.base_model.get_submodule(f"{family.layers}.{layer}")
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
        neurons = kept[NEURONS][layer] if NEURONS in kept else torch.ones(inner[4].out_features, dtype=torch.bool)
        if not (mlp and neurons.all()):
            index = (neurons & mlp).nonzero().flatten()
            _shrink(inner[4], rows=index)
            _shrink(inner[5], columns=index)
        if not mlp:
            inner[5].bias = None  # the gate is behind the bias


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
