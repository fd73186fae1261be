"""Five patterns of attention (Kovaleva et al. 2019, arXiv:1908.08593), drawn by lot: labelled maps to learn from.

The maps that the papers labelled are not public. Each map here is a mixture of matrices whose rows sum to 1, a line
along the diagonal, columns, blocks of segments and scattered cells, and its label says which of them is strong. A map
is (n, n), row: the token that attends, as in `attention_maps`. What the words mean to a labeller stands in the book's
guide; here they are only what a classifier is trained on.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

Pattern = Literal["diagonal", "vertical", "vertical+diagonal", "block", "heterogeneous"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
SIDE = 48  # of a map as a classifier takes it

# Of each pattern, from how much to how much of a map its parts make: line, columns, blocks; the rest is scattered.
MIXTURES: dict[Pattern, tuple[tuple[float, float], ...]] = {
    "diagonal": ((0.45, 0.95), (0.0, 0.1), (0.0, 0.3)),
    "vertical": ((0.0, 0.08), (0.4, 0.95), (0.0, 0.4)),
    "vertical+diagonal": ((0.25, 0.6), (0.2, 0.6), (0.0, 0.2)),
    "block": ((0.0, 0.08), (0.0, 0.08), (0.55, 0.95)),
    "heterogeneous": ((0.0, 0.2), (0.0, 0.2), (0.0, 0.25)),
}


def drawn(pattern: Pattern, generator: np.random.Generator, *, tokens: int, normed: bool = False) -> np.ndarray:
    """A map of a pattern, (tokens, tokens) float32, at least 8 tokens.

    normed  True: of norms: columns are scaled as by the lengths of what they let through, those of special tokens down;
            False: of probabilities: rows sum to 1
    """
    if tokens < 8:
        raise ValueError(f"tokens = {tokens}: patterns are told apart from 8 tokens on")
    ends = _segment_ends(tokens, generator)
    shares = [generator.uniform(low, high) for low, high in MIXTURES[pattern]]
    total = sum(shares)
    if total > 1:
        shares = [share / total for share in shares]
    parts = (
        _line(tokens, generator),
        _columns(tokens, ends, generator),
        _blocks(tokens, ends, generator),
        _scattered(tokens, generator),
    )
    found = sum(share * part for share, part in zip([*shares, max(0.0, 1 - total)], parts, strict=True))
    found = found * generator.lognormal(0, generator.uniform(0.05, 0.35), found.shape)
    found /= found.sum(1, keepdims=True)
    if normed:
        lengths = generator.lognormal(0, generator.uniform(0.1, 0.4), tokens)
        special = [0, *ends]
        lengths[special] *= generator.uniform(0.02, 1.0) if generator.random() < 0.8 else 1.0
        found = found * lengths * generator.lognormal(0, 0.5)
    return found.astype(np.float32)


def labelled(
    count: int, *, seed: int, tokens: tuple[int, int] = (10, 48), normed: float = 0.5
) -> tuple[list[np.ndarray], np.ndarray]:
    """So many maps and their labels, numbers in PATTERNS, all patterns alike often but for one.

    tokens  the fewest and the most
    normed  share of maps of norms
    """
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.arange(count) % len(PATTERNS))
    maps = [
        drawn(
            PATTERNS[label],
            generator,
            tokens=int(generator.integers(tokens[0], tokens[1] + 1)),
            normed=bool(generator.random() < normed),
        )
        for label in labels
    ]
    return maps, labels


def prepared(maps: Sequence[np.ndarray], side: int = SIDE) -> Tensor:
    """Maps of any sizes as pictures of one size and brightness, (maps, 1, side, side) in [0, 1].

    Smaller ones are enlarged and larger ones averaged, so that a line stays a line; brightness is that of the map's
    99th percentile, which a few bright cells do not change.
    """
    found = torch.empty(len(maps), 1, side, side)
    for place, given in enumerate(maps):
        picture = torch.as_tensor(np.asarray(given, dtype=np.float32))[None, None]
        bright = torch.quantile(picture, 0.99)
        picture = (picture / bright if bright > 0 else picture).clamp(0, 1)
        mode = "area" if picture.shape[-1] > side else "nearest"
        found[place] = interpolate(picture, size=(side, side), mode=mode)[0]
    return found


def _segment_ends(tokens: int, generator: np.random.Generator) -> list[int]:
    """The places of [SEP]: the last token, and in three of five maps one before."""
    if generator.random() < 0.4:
        return [tokens - 1]
    return [int(generator.integers(tokens // 4, 3 * tokens // 4)), tokens - 1]


def _line(tokens: int, generator: np.random.Generator) -> np.ndarray:
    """A line at one or two steps beside the main diagonal, sharp or soft, interrupted in a few rows."""
    rows, columns = np.indices((tokens, tokens))
    width = generator.uniform(0.25, 2.2)
    found = np.zeros((tokens, tokens))
    for offset in generator.choice([-2, -1, 0, 0, 1, 2], size=generator.integers(1, 3)):
        found += generator.uniform(0.4, 1) * np.exp(-(((columns - rows - offset) / width) ** 2) / 2)
    gone = generator.random(tokens) < generator.uniform(0, 0.35)
    found[gone] = generator.dirichlet(np.full(tokens, 0.2), size=int(gone.sum())) if gone.any() else found[gone]
    return _rows(found, generator)


def _columns(tokens: int, ends: list[int], generator: np.random.Generator) -> np.ndarray:
    """One to four columns, more often of special tokens, which a few rows do not use."""
    special = np.isin(np.arange(tokens), [0, *ends])
    chances = np.where(special, generator.choice([0.0, 1.0, 4.0]) * tokens / 4 + 0.1, 1.0)
    chosen = generator.choice(tokens, size=generator.integers(1, 5), replace=False, p=chances / chances.sum())
    found = np.zeros((tokens, tokens))
    found[:, chosen] = generator.dirichlet(np.ones(len(chosen)))
    found *= generator.lognormal(0, generator.uniform(0, 0.5), found.shape)
    gone = generator.random(tokens) < generator.uniform(0, 0.3)
    found[gone] = generator.dirichlet(np.full(tokens, 0.2), size=int(gone.sum())) if gone.any() else found[gone]
    return _rows(found, generator)


def _blocks(tokens: int, ends: list[int], generator: np.random.Generator) -> np.ndarray:
    """An even field, or segments that attend evenly to themselves or to each other."""
    segment = np.searchsorted(ends, np.arange(tokens))
    same = segment[:, None] == segment[None, :]
    kind = generator.choice(["even", "own", "other"])
    field = {"even": np.ones_like(same), "own": same, "other": ~same if len(ends) > 1 else same}[kind]
    found = np.where(field, 1.0, generator.uniform(0, 0.25))
    found *= generator.lognormal(0, generator.uniform(0.05, 0.4), found.shape)
    return _rows(found, generator)


def _scattered(tokens: int, generator: np.random.Generator) -> np.ndarray:
    """Cells by likeness of random contents, and by lot, with pieces of lines and of columns that few rows share."""
    width = generator.integers(2, 7)
    ask, offer = generator.normal(size=(2, tokens, width))
    found = np.exp(generator.uniform(0.4, 1.6) * ask @ offer.T)
    found /= found.sum(1, keepdims=True)
    found += generator.uniform(0, 1) * generator.dirichlet(np.full(tokens, generator.uniform(0.1, 0.6)), size=tokens)
    for _ in range(generator.integers(0, 4)):
        length = int(generator.integers(2, max(3, tokens // 3)))
        row, column = generator.integers(0, tokens - length, size=2)
        steps = np.arange(length)
        across = column + (steps if generator.random() < 0.5 else 0 * steps)
        found[row + steps, across] += generator.uniform(0.2, 1)
    return _rows(found, generator)


def _rows(found: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    found = found + 1e-6
    return found / found.sum(1, keepdims=True)
