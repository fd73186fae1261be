"""The state of a model: its numbers put aside and compared, and its weights frozen for a while."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn


def snapshot(model: nn.Module) -> dict[str, torch.Tensor]:
    """A clone of every tensor of the model's state, on the CPU: later steps do not reach it."""
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in model.state_dict().items()}


def size(parameters: Iterable[torch.Tensor]) -> int:
    """How many numbers there are in parameters, such as those of `model.parameters()`."""
    return sum(parameter.numel() for parameter in parameters)


def changed(model: nn.Module, before: dict[str, torch.Tensor]) -> int:
    """How many of the model's numbers are neither what they were in the snapshot `before` nor 0."""
    return sum(int(((tensor != before[name]) & (tensor != 0)).sum()) for name, tensor in snapshot(model).items())


@contextmanager
def holding(model: nn.Module, tensors: Mapping[str, torch.Tensor]) -> Iterator[None]:
    """Inside the block these tensors of the model's state hold other values; afterwards their own.

    tensors  {name in the model's state: what it holds}. Raises KeyError for a name that is not there
    """
    own = {name: model.state_dict()[name] for name in tensors}
    before = {name: tensor.clone() for name, tensor in own.items()}
    try:
        fill(own, tensors)
        yield
    finally:
        fill(own, before)


@torch.no_grad()
def fill(own: Mapping[str, torch.Tensor], tensors: Mapping[str, torch.Tensor]) -> None:
    """Give tensors of a model, in place, the values that stand under their names, converted to their type."""
    for name, values in tensors.items():
        own[name].copy_(values)


@contextmanager
def frozen(model: nn.Module) -> Iterator[None]:
    """Inside the block the model is in eval mode and none of its weights asks for a gradient; afterwards as before."""
    training = model.training
    asked = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    model.eval()
    for parameter, _ in asked:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        model.train(training)
        for parameter, before in asked:
            parameter.requires_grad_(before)
