"""Training masks over the weights of a stock model, whatever the method (Jiang et al. 2023; Sanh et al. 2020).

A weight has its own value, which the model does not see, and a score. In each step the method makes gates from the
scores, the model computes with own value * gate, and the backward pass gives dL/dW' for the product W'. From it follow
both gradients, of kept and of removed weights alike: own value * dL/dW' for the score, gate * dL/dW' for the value. The
model stays as it is: nothing in it is replaced, and when training is over its weights are the products. With
torch.func.functional_call they would be tensors of autograd's graph, which takes longer and more memory
(tests/benchmarks/mask_learning.py).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn
from transformers import PreTrainedModel

from lottery.mask_learning import Method
from lottery.masks import Mask, Scores
from lottery.models import state
from lottery.pruning import Weights
from lottery.schedules import Schedule


@dataclass(frozen=True)
class Learner:
    """What is trained: a method, and the state of each weight.

    own     {name: parameter}, the values of the weights without their gates
    scores  {name: parameter of the same shape}; {} where the scores are the sizes of the own values
    done    0-d int64: updates so far
    """

    method: Method
    own: Mapping[str, nn.Parameter]
    scores: Mapping[str, nn.Parameter]
    done: torch.Tensor

    @property
    def carried(self) -> dict[str, torch.Tensor]:
        """What a checkpoint has to hold beside the model, for `training.train`."""
        own = {} if self.method.FROZEN else {f"own.{name}": value.detach() for name, value in self.own.items()}
        return own | {f"scores.{name}": score.detach() for name, score in self.scores.items()} | {"done": self.done}

    def ranked(self) -> Scores:
        """The scores by which weights are kept."""
        scores = self.scores if self.method.LEARNED else {name: value.abs() for name, value in self.own.items()}
        return {name: score.detach() for name, score in scores.items()}


def learner(method: Method, weights: Weights) -> Learner:
    """A method before its first step on these weights, on their device."""
    own = {name: nn.Parameter(weight.detach().clone()) for name, weight in weights.items()}
    scores = {name: nn.Parameter(torch.full_like(value, method.START)) for name, value in own.items()}
    return Learner(method, own, scores if method.LEARNED else {}, torch.zeros((), dtype=torch.int64))


def optimizer(
    model: PreTrainedModel,
    weights: Weights,
    learner: Learner,
    *,
    score_rate: float,
    weight_rate: float,
    head: bool,
) -> torch.optim.AdamW:
    """Adam on what the method trains, in groups of the two learning rates; everything else asks for no gradient.

    score_rate   of the scores
    weight_rate  of the rest: of the weights, biases and LayerNorm where the method does not freeze them; of the head
    head         whether what the model has above its encoder is trained
    The embeddings are never trained (Sanh et al. 2020, released code). No decay, eps 1e-8.
    """
    covered = {id(weight) for weight in weights.values()}
    inside = {id(parameter) for parameter in model.base_model.parameters()}
    rest = []
    for name, parameter in model.named_parameters():
        free = not learner.method.FROZEN and "embeddings." not in name
        trained = id(parameter) not in covered and (free if id(parameter) in inside else head)
        parameter.requires_grad_(trained or id(parameter) in covered)
        rest += [parameter] if trained else []
    rest += [] if learner.method.FROZEN else learner.own.values()
    groups = [{"params": list(learner.scores.values()), "lr": score_rate}, {"params": rest, "lr": weight_rate}]
    return torch.optim.AdamW([group for group in groups if group["params"]], eps=1e-8, weight_decay=0.0, fused=True)


@contextmanager
def learning(
    model: PreTrainedModel,
    weights: Weights,
    learner: Learner,
    optimizer: torch.optim.Optimizer,
    *,
    sparsity: float,
    progress: Schedule,
    strength: Schedule,
    summed: bool = False,
) -> Iterator[None]:
    """Inside the block the model computes with gates, anew once a step, and a backward pass is one of the learner.

    sparsity  asked for in the end, in [0, 1)
    progress  updates done -> how far the method has come, in [0, 1]
    strength  updates done -> what the regulariser counts beside the loss
    summed    False: the regulariser is the mean over matrices of each one's mean (the released code); True: the sum
              over all weights, as the paper prints it
    When the block ends the model's weights are own values * settled gates.
    """
    method, made = learner.method, {}

    @torch.no_grad()
    def compute(*_):
        if made:
            return
        done = int(learner.done)
        made["gates"] = gates = method.gates(learner.ranked(), sparsity, progress(done))
        made["pressure"] = strength(done)
        _multiply(weights, learner, gates.values)

    def passing(name: str):
        score, own, count = learner.scores.get(name), learner.own[name], learner.own[name].numel() * len(weights)

        @torch.no_grad()
        def pass_on(weight: nn.Parameter) -> None:
            gates, gradient = made["gates"], weight.grad
            weight.grad = None
            if score is not None:
                score.grad = gradient * own
                if gates.slopes is not None:
                    score.grad.mul_(gates.slopes[name])
                if pressure := made["pressure"] * (1 if summed else 1 / count):
                    score.grad.add_(method.pull(score), alpha=pressure)
            if not method.FROZEN:
                own.grad = gradient.mul_(gates.values[name])

        return pass_on

    @torch.no_grad()
    def next_step(*_):
        learner.done.add_(1)
        made.clear()

    handles = [weight.register_post_accumulate_grad_hook(passing(name)) for name, weight in weights.items()]
    handles.append(model.base_model.register_forward_pre_hook(compute))
    handles.append(optimizer.register_step_post_hook(next_step))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        _multiply(weights, learner, method.settled(learner.ranked(), sparsity))


class Pull(NamedTuple):
    """How hard a score is pulled at: the root mean square over all scores of a derivative by one of them."""

    loss: float  # of the loss
    regulariser: float  # of the regulariser at strength 1


def pull(
    model: PreTrainedModel,
    weights: Weights,
    learner: Learner,
    loss: Callable[[], torch.Tensor],
    *,
    sparsity: float,
    progress: float,
    summed: bool = False,
) -> Pull:
    """How hard loss and regulariser pull at the scores of a method that learns them, outside of `learning`.

    loss      of the model as it stands, such as that of one batch: called once, with the gates of `progress`
    progress  how far the method has come, in [0, 1]
    summed    as of `learning`
    Where gates are drawn torch's generators do not notice, and the model is left as it was. Beside the loss a
    regulariser of strength s counts s * regulariser / loss times as much.
    """
    method = learner.method
    as_they_are = state.holding(model.base_model, {name: weight.detach().clone() for name, weight in weights.items()})
    with as_they_are, torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        gates = method.gates(learner.ranked(), sparsity, progress)
        _multiply(weights, learner, gates.values)
        gradients = torch.autograd.grad(loss(), [*weights.values()])
    by_loss, by_regulariser = [], []
    for name, gradient in zip(weights, gradients, strict=True):
        slope = 1 if gates.slopes is None else gates.slopes[name]
        score = learner.scores[name].detach()
        by_loss.append((gradient * learner.own[name].detach() * slope).flatten())
        by_regulariser.append(method.pull(score).flatten() / (1 if summed else len(weights) * score.numel()))
    return Pull(*(torch.cat(parts).square().mean().sqrt().item() for parts in (by_loss, by_regulariser)))


def kept(learner: Learner, sparsity: float) -> Mask:
    """What stays of the weights: those whose settled gate is not 0."""
    return {name: gate != 0 for name, gate in learner.method.settled(learner.ranked(), sparsity).items()}


@torch.no_grad()
def _multiply(weights: Weights, learner: Learner, gates: Mapping[str, torch.Tensor]) -> None:
    for name, weight in weights.items():
        torch.mul(learner.own[name], gates[name], out=weight)
