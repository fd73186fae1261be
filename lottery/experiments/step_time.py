"""How long a step of learning a mask takes, beside a step of fine-tuning."""

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import torch
from transformers import BertConfig, BertForSequenceClassification

from lottery import training
from lottery.choices import choose, named
from lottery.mask_learning import Method
from lottery.models import families
from lottery.store import Count, Run, Size, parameters
from lottery.training import mask_training

SPARSITY = 0.5
HEAD_SIZE = 64  # as in every BERT


@parameters
class StepTime:
    """Steps of a method and of fine-tuning in turns: a BERT of random weights, batches of random tokens.

    A step is forward, backward and the optimiser's. What it finds is a time, which another machine does not find again.
    """

    version: ClassVar[int] = 1
    method: named("mask_learning")
    layers: Size
    width: Size  # of the stream, a multiple of 64; that of the feed-forward network is four times this, as in BERT
    batch_size: Size
    length: Size  # tokens of an example
    rounds: Size  # steps of each, after one that does not count
    seed: Count

    def perform(self, run: Run) -> dict[str, Any]:
        """The fastest of the steps, for other programs only slow down: `step_seconds`, `fine_tuning_seconds`."""
        torch.manual_seed(self.seed)
        given = (bert(self.layers, self.width), self.batch_size, self.length)
        with stepping(choose("mask_learning", self.method), *given) as step, stepping(None, *given) as plain:
            return fastest({"step_seconds": step, "fine_tuning_seconds": plain}, self.rounds)


def bert(layers: int, width: int) -> BertConfig:
    """A BERT of so many layers, whose stream is so wide, a multiple of 64; all else follows from that, as in BERT."""
    return BertConfig(
        num_hidden_layers=layers,
        hidden_size=width,
        num_attention_heads=width // HEAD_SIZE,
        intermediate_size=4 * width,
    )


def fastest(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The least seconds that each of several ways takes, done in turns so many times, after one that does not count."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(1 + rounds):
        for name, way in ways.items():
            gc.collect()
            began = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - began)
    return {name: min(seconds[1:]) for name, seconds in times.items()}


@contextmanager
def stepping(method: Method | None, config: BertConfig, batch_size: int, length: int) -> Iterator[Callable[[], None]]:
    """Inside the block a function that trains a model of random weights by one step of a method; None: fine-tuning."""
    model = BertForSequenceClassification(config)
    given = {
        "input_ids": torch.randint(5, config.vocab_size, (batch_size, length)),
        "labels": torch.arange(batch_size) % 2,
    }

    def step() -> None:
        training.train(model, optimizer, lambda step: given, steps=1, clipped=clipped)

    if method is None:
        optimizer, clipped = training.adamw(model, learning_rate=2e-5), None
        yield step
        return
    weights = families.prunable(model, embeddings=False, pooler=False)
    learner = mask_training.learner(method, weights)
    optimizer = mask_training.optimizer(model, weights, learner, score_rate=2e-2, weight_rate=2e-5, head=True)
    clipped = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    with mask_training.learning(
        model,
        weights,
        learner,
        optimizer,
        sparsity=SPARSITY,
        progress=lambda step: 1.0,
        strength=lambda step: method.STRENGTH,
    ):
        yield step
