"""Removing weights from a model: at once, gradually while it trains, and keeping them away, in two forms.

Of the two forms, `held` is what the papers say (`printed`): a removed weight is 0 and stays 0. `held_raw` is what
Gordon's code does (`released`): the weight lives on under its mask, moves by what is left of its momentum and by decay,
is ranked by its raw size, and may come back when the mask is computed anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

from lottery.masks import Mask, Scores, boolean, keep_highest, keep_highest_in_each, keep_highest_in_rows
from lottery.schedules import Schedule

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Weights = dict[str, nn.Parameter]
# Weights are compared within their own row, within their own matrix, or over the whole model.
Scope = Literal["row", "local", "global"]
KEEP: dict[Scope, Callable[[Scores, float], Mask]] = {
    "row": keep_highest_in_rows,
    "local": keep_highest_in_each,
    "global": keep_highest,
}


def everything(weights: Weights) -> Mask:
    """The mask that keeps all: {name: shape of the weight}, on the weights' device."""
    return {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in weights.items()}


@torch.no_grad()
def remove(weights: Weights, mask: Mask) -> None:
    """Set every weight outside the mask to 0. Raises ValueError if the mask is not of these weights."""
    check(weights, mask)
    for name, kept in mask.items():
        weights[name].mul_(kept.to(weights[name].device))


def check(weights: Weights, mask: Mask) -> None:
    """Raise ValueError, saying what differs, unless every tensor of the mask has a weight of its name and shape.

    And unless it holds bools, or zeros and ones.
    """
    boolean(mask)
    for name, kept in mask.items():
        if name not in weights:
            near = next((own for own in weights if own.endswith(f".{name}") or name.endswith(f".{own}")), None)
            raise ValueError(
                f"the mask names {name!r} and these weights {near!r}: give both as `families.prunable` names them, "
                "below the encoder"
                if near
                else f"the mask is of another model: it names {name!r}, which this model's weights do not have"
            )
        if kept.shape != weights[name].shape:
            raise ValueError(
                f"the mask is of another model: {name!r} is {tuple(kept.shape)} in the mask and "
                f"{tuple(weights[name].shape)} in the model"
            )


@contextmanager
def held(weights: Weights, mask: Mask, optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Inside the block, weights outside `mask` are exactly 0 after every step and their gradients 0 before clipping.

    The mask's tensors may be changed in place inside the block; the change counts from the next step on. Raises
    ValueError for a mask of other weights, and where there is no optimiser yet.

    >>> weights = {"a": nn.Parameter(torch.tensor([1.0, 0.5]))}
    >>> optimizer = torch.optim.SGD(weights.values(), lr=0.5)
    >>> with held(weights, {"a": torch.tensor([True, False])}, optimizer):
    ...     (weights["a"] - 3).square().sum().backward()
    ...     optimizer.step()
    >>> weights["a"].tolist()
    [3.0, 0.0]
    """
    _check_optimizer(optimizer)
    remove(weights, mask)
    handles = [_zero_gradient(weights[name], kept) for name, kept in mask.items()]
    handles.append(optimizer.register_step_post_hook(lambda *_: remove(weights, mask)))
    try:
        yield
    finally:
        remove(weights, mask)  # the mask may have changed after the last step
        for handle in handles:
            handle.remove()


@contextmanager
def held_raw(model: PreTrainedModel, weights: Weights, mask: Mask, optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Inside the block the model computes with weight * mask, and the optimiser moves the raw weights under it.

    Between an optimiser step and the next forward pass `weights` hold the raw values, which is when to rank them;
    after a forward pass they hold the effective ones. When the block ends the effective ones stay. Raises as `held`.
    """
    _check_optimizer(optimizer)
    check(weights, mask)
    raw: dict[str, torch.Tensor] = {}

    @torch.no_grad()
    def show_effective(*_):
        for name, kept in mask.items():
            if name not in raw:
                raw[name] = weights[name].detach().clone()
                weights[name].mul_(kept)

    @torch.no_grad()
    def show_raw(*_):
        for name, values in raw.items():
            weights[name].copy_(values)
        raw.clear()

    handles = [_zero_gradient(weights[name], kept) for name, kept in mask.items()]
    # Not the whole model: pre-training calls its encoder and its heads apart.
    handles.append(model.base_model.register_forward_pre_hook(show_effective))
    handles.append(optimizer.register_step_pre_hook(show_raw))
    try:
        yield
    finally:
        show_effective()
        for handle in handles:
            handle.remove()


def _check_optimizer(optimizer: torch.optim.Optimizer) -> None:
    if not hasattr(optimizer, "register_step_post_hook"):
        raise ValueError(
            f"a mask is held while an optimiser moves the weights, and {optimizer!r} is none: make it before, that of "
            "a transformers Trainer by `trainer.create_optimizer()`"
        )


def _zero_gradient(weight: nn.Parameter, kept: torch.Tensor):
    def zero(weight: nn.Parameter) -> None:
        weight.grad.mul_(kept)

    return weight.register_post_accumulate_grad_hook(zero)


def gradually(
    weights: Weights,
    mask: Mask,
    schedule: Schedule,
    score: Callable[[Weights], Scores],
    keep: Callable[[Scores, float], Mask],
    *,
    every: int,
    end: int,
) -> Callable[[int], None]:
    """What to call after each training step: it computes the mask anew, in place, every `every` steps up to `end`.

    schedule  step -> sparsity
    score     weights -> importance of each; removed weights that stay 0 rank lowest under magnitude
    keep      (scores, sparsity) -> mask, such as masks.keep_highest_in_each
    end       last step at which the mask changes; at this step it always does. The ramp's end freezes the mask
              (`printed`); the number of all steps recomputes it to the end (`released`).

    >>> weights = {"a": nn.Parameter(torch.tensor([4.0, 3.0, 2.0, 1.0]))}
    >>> mask = everything(weights)
    >>> after_step = gradually(
    ...     weights, mask, lambda step: step / 4, lambda weights: {"a": weights["a"].detach().abs()},
    ...     keep_highest_in_each, every=1, end=2,
    ... )
    >>> for step in (1, 2, 3):
    ...     after_step(step)
    ...     print(mask["a"].tolist())
    [True, True, True, False]
    [True, True, False, False]
    [True, True, False, False]
    """

    def after_step(step: int) -> None:
        if step <= end and (step % every == 0 or step == end):
            new = keep(score(weights), schedule(step))
            for name, kept in new.items():
                mask[name].copy_(kept)

    return after_step
