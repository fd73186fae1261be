"""How much faster exact selection is than sorting, than torch.kthvalue and than torch.nn.utils.prune.

    python tests/benchmarks/selection.py --json selection.json

Scores are the magnitudes of 72 random matrices of BERT-base's shapes, 84.9 million float32. On one thread seconds are
those of the processor, without the turns of other programs; on two they are the wall clock's, and the rivals have two
threads as well. It takes some two minutes.
"""

import time
import tracemalloc

import torch
from _report import Figure, main, side_by_side
from torch import nn
from torch.nn.utils import prune

from lottery.masks import keep_highest, keep_highest_in_each
from lottery.models.timing import threads

SPARSITY = 0.6
SHAPES = {
    "query": (768, 768),
    "key": (768, 768),
    "value": (768, 768),
    "output": (768, 768),
    "up": (3072, 768),
    "down": (768, 3072),
}


def sort_and_scatter(scores):
    """What one would write first: the rule of ties comes with the stable sort."""
    masks = {}
    for name, matrix in scores.items():
        kept = torch.ones(matrix.numel(), dtype=torch.bool)
        kept[matrix.flatten().argsort(stable=True)[: round(SPARSITY * matrix.numel())]] = False
        masks[name] = kept.view_as(matrix)
    return masks


def kthvalue(scores):
    """A threshold and a comparison, which is exact only where no scores are equal."""
    return {
        name: matrix > matrix.flatten().kthvalue(round(SPARSITY * matrix.numel())).values
        for name, matrix in scores.items()
    }


def global_unstructured(weights):
    modules = {name: nn.Module() for name in weights}
    for name, module in modules.items():
        module.weight = nn.Parameter(weights[name])
    prune.global_unstructured(
        [(module, "weight") for module in modules.values()], pruning_method=prune.L1Unstructured, amount=SPARSITY
    )
    return {name: module.weight_mask.bool() for name, module in modules.items()}


def magnitudes_kept(weights):
    """What global_unstructured is asked for: from weights to mask."""
    return keep_highest({name: matrix.abs() for name, matrix in weights.items()}, SPARSITY)


def removed_alike(a, b):
    """Share of the weights that two ways removed, of those that the first removed: 1 says the same mask."""
    removed = sum(int((~kept).sum()) for kept in a.values())
    return sum(int((~a[name] & ~b[name]).sum()) for name in a) / removed


def extra_memory(scores):
    """Peak memory that global selection takes, in multiples of the scores."""
    tracemalloc.start()
    keep_highest(scores, SPARSITY)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / sum(matrix.nbytes for matrix in scores.values())


def measure(*, layers=12, shapes=SHAPES, rounds=3, turn=1.0):
    generator = torch.Generator().manual_seed(0)
    weights = {
        f"layer.{layer}.{name}": 0.04 * torch.randn(shape, generator=generator)
        for layer in range(layers)
        for name, shape in shapes.items()
    }
    scores = {name: matrix.abs() for name, matrix in weights.items()}
    matrix_local = {
        "ours": lambda: keep_highest_in_each(scores, SPARSITY),
        "sort_and_scatter": lambda: sort_and_scatter(scores),
        "kthvalue": lambda: kthvalue(scores),
    }
    together = {"ours": lambda: magnitudes_kept(weights), "global_unstructured": lambda: global_unstructured(weights)}
    figures = []
    for count, clock in ((1, time.process_time), (2, time.perf_counter)):
        with threads(count):
            for scope, ways, bars in (
                ("matrix-local", matrix_local, {"sort_and_scatter": 50, "kthvalue": 8}),
                ("global", together, {"global_unstructured": 50}),
            ):
                seconds, masks = side_by_side(ways, rounds=rounds, turn=turn, clock=clock)
                for rival, bar in bars.items():
                    seen = {"ours": seconds["ours"], rival: seconds[rival]}
                    seen["removed alike"] = removed_alike(masks["ours"], masks[rival])
                    what = f"{scope} selection against {rival}, {count} thread{'s' * (count > 1)}"
                    ratio = seconds[rival] / seconds["ours"]
                    figures.append(Figure(what, ratio, "times faster", at_least=bar, seen=seen))
    what = "memory of global selection beside the scores"
    return [*figures, Figure(what, extra_memory(scores), "times the scores", at_most=1.5)]


if __name__ == "__main__":
    main(__doc__, measure)
