"""Masks as other programs keep them, made into ours: {name below the encoder: bool tensor}, True = kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import prune as torch_prune

from lottery import pruning
from lottery.masks import HEADS, MLPS, Mask, Shapes, boolean
from lottery.models import families

if TYPE_CHECKING:
    from transformers import PreTrainedModel

BUFFER = "_mask"  # how torch.nn.utils.prune calls the mask of a parameter, after the parameter's own name


def of_buffers(state: Mapping[str, Tensor]) -> Mask:
    """The mask that `torch.nn.utils.prune` keeps beside a model's weights, in buffers such as `...query.weight_mask`.

    state    of the model; or a mask alone, {name of a weight: zeros and ones}
    returns  of every matrix of the layers; one that was not pruned is whole, where the state holds it

    Raises ValueError where there is no mask, and where something is removed that is no prunable matrix.
    """
    named = {name.removesuffix(BUFFER): kept for name, kept in state.items() if name.endswith(BUFFER)}
    if not named:
        named = {name: kept for name, kept in state.items() if ((kept == 0) | (kept == 1)).all()}
        if len(named) < len(state) or not named:
            raise ValueError(
                "there are neither buffers ..._mask, as torch.nn.utils.prune makes them, nor zeros and ones alone"
            )
    mask = {}
    for name, kept in boolean(named).items():
        below = families.below(name)
        if below:
            mask[below] = kept
        elif not kept.all():
            raise ValueError(f"{name!r} is pruned, which is no matrix of an encoder's layers: a mask cannot tell of it")
    for name, weight in state.items():
        below = families.below(name)
        if below and below not in mask and families.kind_and_layer(below)[1] is not None:
            mask[below] = torch.ones_like(weight, dtype=torch.bool)
    if not mask:
        raise ValueError(f"{next(iter(named))!r} and the like are no matrices of an encoder's layers")
    return mask


def from_torch_prune(model: PreTrainedModel) -> Mask:
    """The mask of a model that `torch.nn.utils.prune` has pruned, which becomes a plain one with zeros, in place.

    A module pruned by torch holds `weight_orig` and `weight_mask` and makes its weight of them before each forward
    pass; nothing else in this package takes that. Raises as `of_buffers`.
    """
    mask = of_buffers(model.state_dict())
    for module in model.modules():
        buffers = [name for name, _ in module.named_buffers(recurse=False) if name.endswith(BUFFER)]
        for name in buffers:
            torch_prune.remove(module, name.removesuffix(BUFFER))
    return mask


def to_torch_prune(model: PreTrainedModel, mask: Mask) -> None:
    """Have `torch.nn.utils.prune` hold a mask of weights, in place: each matrix gets the buffer `weight_mask`.

    Raises ValueError for the mask of another model.
    """
    pruning.check(dict(model.base_model.named_parameters()), mask)
    for name, kept in boolean(mask).items():
        module, _, parameter = name.rpartition(".")
        torch_prune.custom_from_mask(model.base_model.get_submodule(module), parameter, kept)


def of_zeros(weights: Mapping[str, Tensor]) -> Mask:
    """What of a model's weights is not exactly 0. Raises ValueError where all of them are something else."""
    mask = {name: weight.detach() != 0 for name, weight in weights.items()}
    if all(kept.all() for kept in mask.values()):
        raise ValueError("none of the weights of its layers is 0, so nothing is removed")
    return mask


def of_packed(packed: np.ndarray, shapes: Shapes) -> Mask:
    """A mask as the code of SMP exports it: a bit a weight, highest first, all matrices of the layers end to end.

    packed  (bytes,) uint8
    shapes  {name: shape} of these matrices; they follow in the order of their sorted names, row by row (Jiang et al.
            2023, arXiv:2210.06210, to_mask.py)

    Raises ValueError where there are more bytes or fewer than a mask of these shapes takes.
    """
    sizes = {name: math.prod(shapes[name]) for name in sorted(shapes)}
    total = sum(sizes.values())
    if packed.dtype != np.uint8 or packed.shape != (-(-total // 8),):
        raise ValueError(
            f"it holds {packed.dtype} of shape {packed.shape}, where a bit for each of {total:,} weights takes "
            f"{-(-total // 8):,} bytes: give the model that the mask is of"
        )
    flat = torch.from_numpy(np.unpackbits(packed, count=total).astype(bool))
    parts = flat.split([*sizes.values()])
    return {name: part.view(tuple(shapes[name])) for name, part in zip(sizes, parts, strict=True)}


def of_components(heads: np.ndarray | None, mlps: np.ndarray | None, heads_of_a_layer: int | None = None) -> Mask:
    """A mask of heads and MLPs of zeros and ones in any type, as the code of Prasanna et al. 2020 saves them.

    heads, mlps       (layers, heads) and (layers,); where one is None all of them are kept
    heads_of_a_layer  where `heads` is None, how many there are

    Raises ValueError for other shapes or numbers, and where the number of heads is not known.
    """
    if heads is None and (mlps is None or heads_of_a_layer is None):
        raise ValueError("it tells of MLPs alone: give the model that the mask is of, for the number of its heads")
    if heads is None:
        heads = np.ones((len(mlps), heads_of_a_layer))
    if mlps is None:
        mlps = np.ones(len(heads))
    if heads.ndim != 2 or mlps.shape != heads.shape[:1]:
        raise ValueError(
            f"heads come in shape {heads.shape} and MLPs in {mlps.shape}: of (layers, heads) and (layers,) they are of "
            "one model"
        )
    return boolean({HEADS: torch.from_numpy(np.ascontiguousarray(heads)), MLPS: torch.from_numpy(mlps.copy())})
