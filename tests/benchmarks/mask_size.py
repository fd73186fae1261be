"""How near to its entropy a mask is written, and in how many seconds, at BERT-base's size.

    python tests/benchmarks/mask_size.py --json mask_size.json

Random masks of 72 matrices of BERT-base's shapes, 84.9 million weights, at shares that Jiang et al. report, and masks
of MiniLM's layers, cut by magnitude. What the smaller of the two codes takes stands against the entropy of the share
that stays; the header of the file is left out, and told beside it. It takes some two minutes on one core.
"""

import tempfile
from pathlib import Path

from _report import Figure, main, side_by_side

from lottery.experiments.mask_sizes import ByLot
from lottery.masks import coding as mask_coding
from lottery.masks import files as mask_files
from lottery.suite import tickets

TOLD = {"model": "m", "method": "x", "seed": 0}


def against_the_entropy(what, mask, sparsity, path, bar):
    mask_files.save(path, mask, **TOLD, asked=sparsity, coder="smallest")
    coder, taken = mask_files.payload(path)
    bound = mask_coding.entropy(mask) / 8
    seen = {coder: taken, "entropy of the share": bound, "header": path.stat().st_size - taken}
    return Figure(what, taken / bound, "times the entropy", at_most=bar, seen=seen)


def measure(*, layers=12, width=768, model="minilm", shares=(0.03, 0.1, 0.5, 0.8), rounds=2):
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mask.safetensors")
        for share in shares:
            mask = ByLot(layers=layers, width=width, sparsity=1 - share, seed=0).mask(None)
            figures.append(against_the_entropy(f"at random, {share:.0%} remaining", mask, 1 - share, path, 1.03))
        made = {"importance": "magnitude", "embeddings": False, "pooler": False, "seed": 0}
        for scope in ("local", "global"):
            for share in shares:
                cut, _ = tickets.of_model(model, scope=scope, sparsity=1 - share, **made)
                what = f"{Path(model).name}, {scope}, {share:.0%} remaining"
                figures.append(against_the_entropy(what, cut, 1 - share, path, 1.0))
        paths = {coder: Path(folder, f"{coder}.safetensors") for coder in ("bits", "entropy")}
        ways = {}
        for coder, place in paths.items():
            ways[f"writing, {coder}"] = lambda coder=coder, place=place: mask_files.save(
                place, mask, **TOLD, asked=1 - share, coder=coder
            )
            ways[f"reading, {coder}"] = lambda place=place: mask_files.load(place)
        seconds, _ = side_by_side(ways, rounds=rounds)
    total = sum(kept.numel() for kept in mask.values())
    return figures + [Figure(f"{way}, {total:,} weights", taken, "s") for way, taken in seconds.items()]


if __name__ == "__main__":
    main(__doc__, measure)
