"""What a step of learning a mask costs beside a step of fine-tuning, and beside masks made by sorting; in memory, too.

    python tests/benchmarks/mask_learning.py --json mask_learning.json

A BERT of the base model's shape, weights drawn at random, on batches of random tokens: a step is forward, backward and
the optimiser's. Masks by sorting are made as the released code of Jiang et al. 2023 makes them, all scores of a matrix
sorted anew in every forward pass, in our loop. Memory is the most that a process of its own held in two steps, with
Python and torch. It takes some ten minutes on one core.
"""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
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


@contextmanager
def stepping(way, shape, batch, length):
    """Inside the block a function that trains a model by one step of a way."""
    torch.manual_seed(0)
    model = BertForSequenceClassification(BertConfig(**shape))
    given = {"input_ids": torch.randint(5, model.config.vocab_size, (batch, length)), "labels": torch.arange(batch) % 2}

    def step():
        training.train(model, optimizer, lambda step: given, steps=1, clipped=clipped)

    if way == "fine-tuning":
        optimizer, clipped = training.adamw(model, learning_rate=2e-5), None
        yield step
        return
    method = sorted_smp_l() if way == "SMP-L by sorting" else choose("mask_learning", way)
    weights = prunable(model, embeddings=False, pooler=False)
    learner = mask_training.learner(method, weights)
    optimizer = mask_training.optimizer(model, weights, learner, score_rate=2e-2, weight_rate=2e-5, head=True)
    clipped = [each for group in optimizer.param_groups for each in group["params"]]
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


def memory(way, shape, batch, length):
    """The gigabytes that a process of its own holds at most, which takes two steps."""
    script = Path(__file__).with_name("_memory.py")
    told = subprocess.run(
        [sys.executable, script, way, json.dumps(shape), str(batch), str(length)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return float(told.stdout)


def measure(*, shape=None, batch=32, length=32, rounds=3, ways=("smp_l", "smp_s", "smp_g", "movement", "magnitude")):
    shape = shape or {}
    ratios = {}
    with stepping("fine-tuning", shape, batch, length) as plain:
        for name in (*ways, "SMP-L by sorting"):  # two models at a time are in memory
            with stepping(name, shape, batch, length) as step:
                plain()
                step()
                found, _ = side_by_side({"fine-tuning": plain, name: step}, rounds=rounds)
            ratios[name] = found[name] / found["fine-tuning"]
    figures = [
        Figure(f"a step of {name} against a step of fine-tuning", ratio, "times",
               at_most=1.5 if name == "smp_l" else None)
        for name, ratio in ratios.items()
    ]  # fmt: skip
    held = {name: memory(name, shape, batch, length) for name in ("fine-tuning", "smp_l", "movement")}
    figures += [
        Figure(f"memory of two steps of {name}", held[name] / held["fine-tuning"], "times fine-tuning's", seen=held)
        for name in ("smp_l", "movement")
    ]
    return figures


if __name__ == "__main__":
    main(__doc__, measure)
