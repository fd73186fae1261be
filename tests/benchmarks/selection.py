"""How much faster exact selection is than sorting, than torch.kthvalue and than torch.nn.utils.prune.

    python tests/benchmarks/selection.py --json selection.json

Scores are the magnitudes of 72 random matrices of BERT-base's shapes, 84.9 million float32. Every way runs on one
thread of the same process; seconds are that thread's, without the turns of other programs. The slow ways run once,
ours seven times, and its median counts. It takes about a minute.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded

import argparse
import gc
import json
import platform
import statistics
import time
import tracemalloc
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.nn.utils import prune

from lottery.masks import keep_highest, keep_highest_in_each

SPARSITY = 0.6
SHAPES = {
    f"layer.{layer}.{name}": shape
    for layer in range(12)
    for name, shape in {
        "query": (768, 768),
        "key": (768, 768),
        "value": (768, 768),
        "output": (768, 768),
        "up": (3072, 768),
        "down": (768, 3072),
    }.items()
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


def global_unstructured(modules):
    prune.global_unstructured(
        [(module, "weight") for module in modules.values()], pruning_method=prune.L1Unstructured, amount=SPARSITY
    )
    return {name: module.weight_mask.bool() for name, module in modules.items()}


def as_modules(weights):
    modules = {name: nn.Module() for name in weights}
    for name, module in modules.items():
        module.weight = nn.Parameter(weights[name])
    return modules


def timed(function, *arguments):
    gc.collect()
    begin = time.process_time()
    answer = function(*arguments)
    return answer, time.process_time() - begin


def median_seconds(function, *arguments):
    return statistics.median(timed(function, *arguments)[1] for _ in range(7))


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


def magnitudes_kept(weights):
    """What global_unstructured is asked for: from weights to mask."""
    return keep_highest({name: matrix.abs() for name, matrix in weights.items()}, SPARSITY)


def measure():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    weights = {name: 0.04 * torch.randn(shape) for name, shape in SHAPES.items()}
    scores = {name: matrix.abs() for name, matrix in weights.items()}
    modules = as_modules(weights)

    in_each, together = keep_highest_in_each(scores, SPARSITY), magnitudes_kept(weights)
    ours = median_seconds(keep_highest_in_each, scores, SPARSITY)
    rows = []
    for bar, rival, argument in [(50, sort_and_scatter, scores), (8, kthvalue, scores)]:
        mask, seconds = timed(rival, argument)
        rows.append(["matrix-local selection", rival.__name__, ours, seconds, bar, removed_alike(in_each, mask)])
    ours = median_seconds(magnitudes_kept, weights)
    mask, seconds = timed(global_unstructured, modules)
    rows.append(["global selection", "global_unstructured", ours, seconds, 50, removed_alike(together, mask)])
    columns = ["what", "rival", "seconds", "rival_seconds", "bar", "removed_alike"]
    return {
        "scores": sum(matrix.numel() for matrix in scores.values()),
        "sparsity": SPARSITY,
        "threads": torch.get_num_threads(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "ratios": [{**dict(zip(columns, row, strict=True)), "ratio": row[3] / row[2]} for row in rows],
        "extra_memory": {"times_the_scores": extra_memory(scores), "bar": 1.5},
    }


def as_table(measured):
    table = Table(title=f"{measured['scores'] / 1e6:.1f} M scores, {measured['threads']} thread")
    for heading in ("what", "against", "s", "s against", "times faster", "bar", "removed alike"):
        table.add_column(heading)
    for row in measured["ratios"]:
        table.add_row(
            row["what"],
            row["rival"],
            f"{row['seconds']:.3f}",
            f"{row['rival_seconds']:.2f}",
            f"{row['ratio']:.1f}",
            f"at least {row['bar']}",
            f"{row['removed_alike']:.6f}",
        )
    memory = measured["extra_memory"]
    table.caption = f"global selection takes {memory['times_the_scores']:.2f} x the scores in extra memory (bar: 1.5)"
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="PATH", help="where to write what was measured")
    path = parser.parse_args().json
    measured = measure()
    Console().print(as_table(measured))
    if path:
        path.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
