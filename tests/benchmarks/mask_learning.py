"""What a step of learning a mask costs beside a step of fine-tuning, and beside masks made by sorting; in memory, too.

    python tests/benchmarks/mask_learning.py --json mask_learning.json

A BERT of the base model's shape, weights drawn at random, on batches of random tokens: a step is forward, backward and
the optimiser's. Masks by sorting are made as the released code of Jiang et al. 2023 makes them, all scores of a matrix
sorted anew in every forward pass, in our loop. Memory is the highest that a process of its own reached in two steps,
less what it held before them. It takes some ten minutes on one core.
"""

import multiprocessing
import resource
from types import SimpleNamespace

import torch
from _report import Figure, main, side_by_side
from transformers import BertConfig, BertForSequenceClassification

from lottery import mask_training, training
from lottery.choices import choose
from lottery.mask_learning import straight_through
from lottery.models import prunable

SPARSITY = 0.5


def by_sorting(scores, sparsity, progress):
    """A mask of each matrix by a full sort and a scatter."""
    mask = {}
    for name, score in scores.items():
        flat = torch.ones(score.numel())
        _, order = score.flatten().sort(descending=True)
        flat[order[int((1 - progress * sparsity) * score.numel()) :]] = 0
        mask[name] = flat.view(score.shape)
    return mask


def sorted_smp_l():
    """SMP-L but for its masks."""
    gates, settled = straight_through(by_sorting)
    return SimpleNamespace(**vars(choose("mask_learning", "smp_l")) | {"gates": gates, "settled": settled})


class Steps:
    """One way to train a model, a step at each call."""

    def __init__(self, way, shape, batch, length):
        torch.manual_seed(0)
        self.model = BertForSequenceClassification(BertConfig(**shape))
        ids = torch.randint(5, self.model.config.vocab_size, (batch, length))
        self.batch = {"input_ids": ids, "labels": torch.arange(batch) % 2}
        self.block = None
        if way == "fine-tuning":
            self.optimizer, self.clipped = training.adamw(self.model, learning_rate=2e-5), None
            return
        method = sorted_smp_l() if way == "SMP-L by sorting" else choose("mask_learning", way)
        weights = prunable(self.model, embeddings=False, pooler=False)
        learner = mask_training.learner(method, weights)
        self.optimizer = mask_training.optimizer(self.model, weights, learner, score_rate=2e-2, weight_rate=2e-5)
        self.clipped = [each for group in self.optimizer.param_groups for each in group["params"]]
        self.block = mask_training.learning(
            self.model,
            weights,
            learner,
            self.optimizer,
            sparsity=SPARSITY,
            progress=lambda step: 1.0,
            strength=lambda step: method.STRENGTH,
        )
        self.block.__enter__()

    def __call__(self):
        training.train(self.model, self.optimizer, lambda step: self.batch, steps=1, clipped=self.clipped)


def _memory(told, way, shape, batch, length):
    step = Steps(way, shape, batch, length)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step()
    step()
    told.send((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / 1e9)


def memory(way, shape, batch, length):
    """Gigabytes that two steps take above the model, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_memory, args=(there, way, shape, batch, length))
    child.start()
    found = here.recv()
    child.join()
    return found


def measure(*, shape=None, batch=32, length=32, rounds=3, ways=("smp_l", "smp_s", "smp_g", "movement", "magnitude")):
    shape = shape or {}
    names = ("fine-tuning", *ways, "SMP-L by sorting")
    steps = {name: Steps(name, shape, batch, length) for name in ("fine-tuning",)}
    seconds = {}
    for name in names[1:]:  # two models at a time are in memory
        pair = {"fine-tuning": steps["fine-tuning"], name: Steps(name, shape, batch, length)}
        for step in pair.values():
            step()
        found, _ = side_by_side(pair, rounds=rounds)
        seconds[name] = found[name] / found["fine-tuning"]
    figures = [
        Figure(f"a step of {name} against a step of fine-tuning", ratio, "times",
               at_most=1.5 if name == "smp_l" else None)
        for name, ratio in seconds.items()
    ]  # fmt: skip
    held = {name: memory(name, shape, batch, length) for name in ("fine-tuning", "smp_l", "movement")}
    figures += [
        Figure(f"memory of two steps of {name}", held[name] / held["fine-tuning"], "times fine-tuning's", seen=held)
        for name in ("smp_l", "movement")
    ]
    return figures


if __name__ == "__main__":
    main(__doc__, measure)
