"""What a step of learning a mask costs beside a step of fine-tuning, and beside masks made by sorting; in memory, too.

    python tests/benchmarks/mask_learning.py --json mask_learning.json

A BERT of the base model's shape, weights drawn at random, on batches of random tokens: a step is forward, backward and
the optimiser's. Masks by sorting are made as the released code of Jiang et al. 2023 makes them, all scores of a matrix
sorted anew in every forward pass, in our loop. By functional_call the products stand in autograd's graph and are given
to the model in the place of its weights, and autograd differentiates the regulariser. Memory is the most that a process
of its own held in two steps, with Python and torch. It takes some twenty minutes on one core.
"""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import torch
from _report import Figure, main, side_by_side
from torch.func import functional_call
from transformers import BertConfig, BertForSequenceClassification

from lottery import training
from lottery.choices import choose, offered
from lottery.experiments.step_time import SPARSITY, stepping
from lottery.mask_learning import straight_through
from lottery.masks import keep_highest_in_each
from lottery.models import families

PLAIN, SORTED, CALLED = "fine-tuning", "smp_l by sorting", "smp_l by functional_call"


def by_sorting(scores, sparsity, progress):
    """A mask of each matrix by a full sort and a scatter."""
    mask = {}
    for name, score in scores.items():
        flat = torch.ones(score.numel())
        _, order = score.flatten().sort(descending=True)
        flat[order[int((1 - progress * sparsity) * score.numel()) :]] = 0
        mask[name] = flat.view(score.shape)
    return mask


class Product(torch.autograd.Function):
    """Weight times mask; the score gets the mask's gradient."""

    @staticmethod
    def forward(ctx, weight, score, kept):
        ctx.save_for_backward(weight)
        return weight * kept

    @staticmethod
    def backward(ctx, gradient):
        return None, gradient * ctx.saved_tensors[0], None


@contextmanager
def calling(config, batch_size, length):
    """As `stepping` for SMP-L, by functional_call."""
    method = choose("mask_learning", "smp_l")
    model = BertForSequenceClassification(config)
    weights = families.prunable(model, embeddings=False, pooler=False)
    scores = {name: torch.nn.Parameter(torch.zeros_like(weight)) for name, weight in weights.items()}
    model.requires_grad_(False)
    model.classifier.requires_grad_(True)
    called = {id(parameter): name for name, parameter in model.named_parameters()}
    learned = [*scores.values(), *model.classifier.parameters()]
    optimizer = torch.optim.AdamW(learned, lr=2e-2, eps=1e-8, weight_decay=0.0, fused=True)
    given = {
        "input_ids": torch.randint(5, config.vocab_size, (batch_size, length)),
        "labels": torch.arange(batch_size) % 2,
    }

    def loss(model, batch):
        kept = keep_highest_in_each({name: score.detach() for name, score in scores.items()}, SPARSITY)
        products = {
            called[id(weight)]: Product.apply(weight, scores[name], kept[name]) for name, weight in weights.items()
        }
        pressed = torch.stack([score.sigmoid().mean() for score in scores.values()]).mean()
        return functional_call(model, products, kwargs=batch).loss + method.STRENGTH * pressed

    yield lambda: training.train(model, optimizer, lambda step: given, steps=1, loss=loss, clipped=learned)


def opened(way, config, batch_size, length):
    """A context with the step of a way."""
    given = (config, batch_size, length)
    if way == PLAIN:
        return stepping(None, *given)
    if way == CALLED:
        return calling(*given)
    if way == SORTED:  # SMP-L but for its masks
        gates, settled = straight_through(by_sorting)
        told = vars(choose("mask_learning", "smp_l")) | {"gates": gates, "settled": settled}
        return stepping(SimpleNamespace(**told), *given)
    return stepping(choose("mask_learning", way), *given)


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


def measure(*, shape=None, batch=32, length=32, rounds=3, ways=(), held_by=("smp_l", "movement", SORTED, CALLED)):
    # Before this process has held anything: a child's maximum begins with what its parent holds.
    held = {way: memory(way, shape or {}, batch, length) for way in (PLAIN, *held_by)}
    config, seconds, ratios = BertConfig(**(shape or {})), {}, {}
    with opened(PLAIN, config, batch, length) as plain:
        for way in ways or (*offered("mask_learning"), SORTED, CALLED):  # two models at a time are in memory
            with opened(way, config, batch, length) as step:
                plain()
                step()
                found, _ = side_by_side({PLAIN: plain, way: step}, rounds=rounds)
            ratios[way], seconds[way] = found[way] / found[PLAIN], found
    figures = [
        Figure(f"a step of {way} against a step of fine-tuning", ratio, "times",
               at_most=1.5 if way == "smp_l" else None, seen=seconds[way])
        for way, ratio in ratios.items()
    ]  # fmt: skip
    for one, other in ((SORTED, "smp_l"), (CALLED, "smp_l"), ("smp_g", "smp_l")):
        if {one, other} <= ratios.keys():
            what = f"a step of {one} against a step of {other}, both in units of fine-tuning"
            figures.append(Figure(what, ratios[one] / ratios[other], "times"))
    figures += [
        Figure(f"memory of two steps of {way}", held[way] / held[PLAIN], "times fine-tuning's", seen=held)
        for way in held
        if way != PLAIN
    ]
    return figures


if __name__ == "__main__":
    main(__doc__, measure)
