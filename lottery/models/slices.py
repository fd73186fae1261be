"""Slices: components cut out of an encoder's matrices, so that its layers may differ in width; and its form on disk.

A cut model remembers what it keeps. Where all heads and equally many neurons of every layer stay, it is saved as any
model is, with another width in config.json, and every program opens it. Else the folder holds the narrower matrices, a
config.json of the full model, and beside it KEPT, which tells what stays: transformers has no form for such layers.
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
PRESENT = "present_heads"  # the buffer of an attention that tells which of the model's heads it has
REMEMBERED = "kept_components"  # the attribute of a model that tells what was left of it


def cut(model: PreTrainedModel, kept: Mask, *, released: bool = False) -> None:
    """Leave only the components kept, in place.

    kept      {"heads": (layers, heads), "mlps": (layers,)}, and {"neurons": (layers, neurons)} or all of those; bool
    released  True: where no head of a layer stays its attention adds nothing at all, not even its last bias
    An MLP that goes takes its neurons and its last bias along. One that stays without neurons adds that bias. Raises
    ValueError for a model that is cut already.
    """
    require_whole(model)
    config = model.config
    heads_enter, neurons_enter = families.column_parts(config)
    for layer in range(config.num_hidden_layers):
        block, stays = families.block(model, layer), _along(kept, layer, config)
        for part in families.parts(config):
            if not stays[part.of].all():
                index = stays[part.of].repeat(len(part.kinds)).nonzero().flatten()
                _shrink(block.get_submodule(part.module), index, part.axis)
        heads = kept[HEADS][layer]
        if not heads.all():
            _tell(block, heads, config)
        if not heads.any() and released:
            block.get_submodule(heads_enter.module).bias = None
        if not kept[MLPS][layer]:
            block.get_submodule(neurons_enter.module).bias = None  # the gate is behind the bias
    setattr(model, REMEMBERED, {name: tensor.cpu().clone() for name, tensor in kept.items()})


def require_whole(model: PreTrainedModel) -> None:
    """Raise ValueError where components were cut out of a model: masks tell of those of a whole one."""
    if hasattr(model, REMEMBERED):
        raise ValueError("components were cut out of this model already: give the full one that it was made of")


def drop_layers(model: PreTrainedModel, kept: Tensor) -> None:
    """Leave only whole layers, in place; the model is then a stock one with fewer.

    kept  (layers,), bool. Raises ValueError where it is of another number of layers, or keeps none, or not the first
          of a family that cannot do without
    """
    require_whole(model)
    config, family = model.config, FAMILIES[model.config.model_type]
    layers = model.base_model.get_submodule(family.layers)
    if len(kept) != len(layers) or not kept.any():
        raise ValueError(f"the model has {len(layers)} layers, and {int(kept.sum())} of {len(kept)} are to stay")
    if family.fixed and not kept[0]:
        raise ValueError(
            f"the first layer of {family.title} is built otherwise than the others, so that none of them can stand in "
            "its place: keep it, and drop others"
        )
    for layer in reversed(range(len(layers))):
        if not kept[layer]:
            del layers[layer]
    if types := getattr(config, "layer_types", None):
        config.layer_types = [each for each, stays in zip(types, kept.tolist(), strict=True) if stays]
    config.num_hidden_layers = len(layers)


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
        for name in filter(told.__contains__, widths):  # in this order: what is written again has the same bits
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
    whole = dict(tensors)
    _, neurons_enter = families.column_parts(config)
    for layer in range(config.num_hidden_layers):
        place, stays = f"{FAMILIES[config.model_type].layers}.{layer}.", _along(kept, layer, config)
        in_layer = {name.partition(place)[2]: name for name in tensors if f".{place}" in f".{name}"}
        for part in families.parts(config):
            kinds = ("weight", "bias") if part.axis == families.ROWS else ("weight",)
            for name in filter(None, (in_layer.get(f"{part.module}.{kind}") for kind in kinds)):
                along = stays[part.of].repeat(len(part.kinds))
                whole[name] = _spread(tensors[name], along, part.axis, name)
        bias = f"{neurons_enter.module}.bias"
        if families.has_bias(config) and bias not in in_layer:  # it went with its MLP
            weight = in_layer[f"{neurons_enter.module}.weight"]
            whole[f"{weight.removesuffix('.weight')}.bias"] = torch.zeros(config.hidden_size)
    return whole


def _along(kept: Mask, layer: int, config: PreTrainedConfig) -> dict[str, Tensor]:
    """Which of the rows or columns of a layer's heads, and of its neurons, stay, each (rows,).

    All neurons where the mask does not tell, none of an MLP that goes.
    """
    neurons = kept[NEURONS][layer] if NEURONS in kept else torch.ones(families.inner_size(config), dtype=torch.bool)
    return {
        HEADS: kept[HEADS][layer].repeat_interleave(families.head_size(config)),
        NEURONS: neurons & kept[MLPS][layer],
    }


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
def _shrink(linear: nn.Linear, index: Tensor, axis: int) -> None:
    """Leave only these rows, of the bias too, or columns of the matrix."""
    for name in ("weight", "bias") if axis == families.ROWS else ("weight",):
        whole = getattr(linear, name)
        if whole is not None:
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


def _tell(block: nn.Module, heads: Tensor, config: PreTrainedConfig) -> None:
    """Have the attention of a layer, whose matrices are cut, know which heads it has."""
    out, _ = families.column_parts(config)
    place = families.parts(config)[0].module.rpartition(".")[0]
    attention = block.get_submodule(place)
    if not heads.any():
        inside = out.module.startswith(f"{place}.")
        above, _, name = place.rpartition(".")
        stand_in = _NoHeads(attention, block.get_submodule(out.module) if inside else None)
        setattr(block.get_submodule(above), name, stand_in)
        return
    count = int(heads.sum())
    for name, value in {"num_attention_heads": count, "all_head_size": count * families.head_size(config)}.items():
        if hasattr(attention, name):
            setattr(attention, name, value)
    argument = FAMILIES[config.model_type].biased
    if argument is not None:
        device = next(attention.parameters()).device
        attention.register_buffer(PRESENT, heads.nonzero().flatten().to(device), persistent=False)
        attention.register_forward_pre_hook(_Biased(argument))


class _Biased:
    """Hands an attention, of what there is for every head of the model, that of the heads it has."""

    def __init__(self, argument: int):
        self.argument = argument  # its place; a tensor (batch or 1, heads, tokens, tokens)

    def __call__(self, attention: nn.Module, inputs: tuple) -> tuple:
        own = inputs[self.argument].index_select(1, getattr(attention, PRESENT))
        return (*inputs[: self.argument], own, *inputs[self.argument + 1 :])
