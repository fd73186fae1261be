"""Slices: components cut out of an encoder's matrices, so that its layers may differ in width; and its form on disk.

A cut model remembers what it keeps. Where all heads and equally many neurons of every layer stay, it is saved as any
model is, with another width in config.json, and every program opens it. Else the folder holds the narrower matrices, a
config.json of the whole model, and beside it KEPT, which tells what stays: transformers has no form for such layers.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lottery import files
from lottery.masks import HEADS, MLPS, NEURONS, Mask
from lottery.models import families
from lottery.models.families import FAMILIES

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

KEPT = "lottery.json"
FORMAT = "lottery-model-1"
REMEMBERED = "kept_components"  # the attribute of a model that tells what was left of it


def cut(model: PreTrainedModel, kept: Mask, *, released: bool = False) -> None:
    """Leave only the components kept, in place.

    kept      {"heads": (layers, heads), "mlps": (layers,)}, and {"neurons": (layers, neurons)} or all of those; bool
    released  True: where no head of a layer stays its attention adds nothing at all, not even its last bias
    An MLP that goes takes its neurons and its last bias along. One that stays without neurons adds that bias. Raises
    ValueError for a model that is cut already.
    """
    require_whole(model)
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
        neurons = _neurons(kept, layer, inner[4].out_features)
        if not neurons.all():
            index = neurons.nonzero().flatten()
            _shrink(inner[4], rows=index)
            _shrink(inner[5], columns=index)
        if not mlp:
            inner[5].bias = None  # the gate is behind the bias
    setattr(model, REMEMBERED, {name: tensor.cpu().clone() for name, tensor in kept.items()})


def require_whole(model: PreTrainedModel) -> None:
    """Raise ValueError where components were cut out of a model: masks tell of those of a whole one."""
    if hasattr(model, REMEMBERED):
        raise ValueError("components were cut out of this model already: give the whole one that it was made of")


def drop_layers(model: PreTrainedModel, kept: Tensor) -> None:
    """Leave only whole layers, in place; the model is then a stock one with fewer.

    kept  (layers,), bool. Raises ValueError where it is of another number of layers, or keeps none.
    """
    require_whole(model)
    layers = model.base_model.get_submodule(FAMILIES[model.config.model_type].layers)
    if len(kept) != len(layers) or not kept.any():
        raise ValueError(f"the model has {len(layers)} layers, and {int(kept.sum())} of {len(kept)} are to stay")
    for layer in reversed(range(len(layers))):
        if not kept[layer]:
            del layers[layer]
    model.config.num_hidden_layers = len(layers)


def is_stock(kept: Mask) -> bool:
    """Whether a model of which this stays has a form that every program opens: all heads, equally many neurons."""
    counts = kept[NEURONS].sum(1) if NEURONS in kept else torch.ones(1)
    return bool(kept[HEADS].all() and kept[MLPS].all() and counts[0] > 0 and (counts == counts[0]).all())


def write(model: PreTrainedModel, folder: Path) -> None:
    """Save a model, cut or whole, as safetensors and config.json, with KEPT where its widths have no stock form."""
    kept: Mask | None = getattr(model, REMEMBERED, None)
    if kept is None or (is_stock(kept) and NEURONS not in kept):
        model.save_pretrained(folder)
    elif is_stock(kept):
        model = copy.copy(model)
        model.config = copy.deepcopy(model.config)
        families.set_inner_size(model.config, int(kept[NEURONS][0].sum()))
        model.save_pretrained(folder)
    else:
        model.save_pretrained(folder)
        rows = {name: kept[name].unbind() for name in kept if name != MLPS}
        told = {name: [row.nonzero().flatten().tolist() for row in each] for name, each in rows.items()}
        files.write_json(folder / KEPT, {"format": FORMAT, MLPS: kept[MLPS].tolist(), **told})


def read(folder: Path, config: PreTrainedConfig) -> Mask | None:
    """What KEPT says stays of a model of this configuration; None where it is not there.

    Raises ValueError where it does not tell of such a model.
    """
    if not (folder / KEPT).is_file():
        return None
    layers = config.num_hidden_layers
    widths = {HEADS: config.num_attention_heads, NEURONS: families.inner_size(config)}
    try:
        told = json.loads((folder / KEPT).read_text(encoding="utf-8"))
        kept = {MLPS: torch.tensor(told[MLPS], dtype=torch.bool)}
        for name in told.keys() & widths.keys():
            kept[name] = torch.zeros(layers, widths[name], dtype=torch.bool)
            for row, places in zip(kept[name], told[name], strict=True):
                row[places] = True
        fits = told["format"] == FORMAT and HEADS in kept and kept[MLPS].shape == (layers,)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        fits = False
    if not fits:
        raise ValueError(f"{folder / KEPT} does not tell what is left of the model of its config.json: get it anew")
    return kept


def padded(tensors: Mapping[str, Tensor], kept: Mask, config: PreTrainedConfig) -> dict[str, Tensor]:
    """The tensors of a cut model in the shapes of the whole one, with zeros where something was cut out.

    Raises ValueError where a tensor is not as narrow as `kept` says.
    """
    family, whole = FAMILIES[config.model_type], dict(tensors)
    size = config.hidden_size // config.num_attention_heads
    inner = families.inner_size(config)
    for layer in range(config.num_hidden_layers):
        of_heads = kept[HEADS][layer].repeat_interleave(size)
        of_neurons = _neurons(kept, layer, inner)
        for name in [each for each in tensors if f"{family.layers}.{layer}." in each]:
            matrix, _, kind = name.partition(f"{family.layers}.{layer}.")[2].rpartition(".")
            place = family.matrices.index(matrix) if matrix in family.matrices else None
            if place is None:
                continue
            along = of_heads if place < 4 else of_neurons
            if place in (0, 1, 2, 4):
                whole[name] = _spread(tensors[name], along, 0, name)
            elif kind == "weight":
                whole[name] = _spread(tensors[name], along, 1, name)
            if place == 5 and kind == "weight":
                bias = name.removesuffix(".weight") + ".bias"
                if bias not in tensors:  # it goes with its MLP
                    whole[bias] = torch.zeros(config.hidden_size)
    return whole


def _neurons(kept: Mask, layer: int, inner: int) -> Tensor:
    """Which of a layer's neurons stay, (inner,): all where the mask does not tell, none of an MLP that goes."""
    neurons = kept[NEURONS][layer] if NEURONS in kept else torch.ones(inner, dtype=torch.bool)
    return neurons & kept[MLPS][layer]


def _spread(narrow: Tensor, kept: Tensor, axis: int, name: str) -> Tensor:
    if narrow.shape[axis] != kept.sum():
        raise ValueError(
            f"{name!r} is {tuple(narrow.shape)}, and {KEPT} says that {int(kept.sum())} of {len(kept)} are left there: "
            "get the folder anew"
        )
    shape = list(narrow.shape)
    shape[axis] = len(kept)
    return narrow.new_zeros(shape).index_copy_(axis, kept.nonzero().flatten(), narrow)


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
