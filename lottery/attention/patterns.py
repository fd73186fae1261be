"""Five patterns of attention (Kovaleva et al. 2019, arXiv:1908.08593), drawn at random: labelled maps to learn from.

The maps that the papers labelled are not public. Each map here is made as attention makes it, by a softmax over sums of
what draws a token to others: likeness of contents, some columns, a line along the diagonal, segments. A map is kept
where its pattern can be seen in it by the counts of the book's labelling guide. A map is (n, n), row: the token that
attends, as in `attention_maps`.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise, product
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

Pattern = Literal["diagonal", "vertical", "vertical+diagonal", "block", "heterogeneous"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
SIDE = 32  # of a map as a classifier takes it
FEWEST = 8  # tokens of a map: below, patterns cannot be told apart
TRIES = 1000  # far more than any pattern needs
BRIGHT, ABOVE = 0.2, 2.0  # of a bright cell: share of the map's brightness, times the median of its row and segment


class Counts(NamedTuple):
    """What the labelling guide asks of a map.

    line    share of the rows that are bright on the diagonal or on one parallel, at most two steps beside it, in [0, 1]
    column  share of the rows that are bright in one column, in [0, 1]
    uneven  standard deviation of a cell over the mean, inside the rectangles of two segments each; 0 of even fields
    """

    line: float
    column: float
    uneven: float


# Between which counts a drawn map lies. The guide asks for a line in half of the rows, for a column in two thirds; maps
# near these borders are left out, as they are in doubt for a labeller, too.
SHOWN: dict[Pattern, tuple[Counts, Counts]] = {
    "diagonal": (Counts(0.55, 0, 0), Counts(1, 0.57, np.inf)),
    "vertical": (Counts(0, 0.7, 0), Counts(0.4, 1, np.inf)),
    "vertical+diagonal": (Counts(0.55, 0.7, 0), Counts(1, 1, np.inf)),
    "block": (Counts(0, 0, 0), Counts(0.4, 0.57, 0.9)),
    "heterogeneous": (Counts(0, 0, 0.8), Counts(0.4, 0.57, np.inf)),
}


def require(labels: Iterable[str], where: object) -> None:
    """Raise ValueError, naming the file that tells them, where a label is none of PATTERNS."""
    if strange := sorted({*labels} - {*PATTERNS}, key=str):
        raise ValueError(f"{where}: no pattern is called {strange[0]!r}; there are {', '.join(PATTERNS)}")


def counts(attention: np.ndarray, ends: Sequence[int] = ()) -> Counts:
    """The counts of a map, (n, n); `ends`: the last token of each segment, without them it is one."""
    n = len(attention)
    around = np.empty_like(attention)
    for own in _segments(n, ends):
        around[:, own] = np.median(attention[:, own], 1, keepdims=True)
    seen = (attention >= BRIGHT * np.quantile(attention, 0.99)) & (attention >= ABOVE * around)
    line = max(np.trace(seen, offset=offset) / n for offset in range(-2, 3))
    return Counts(float(line), float(seen.mean(0).max()), _uneven(attention, ends))


def drawn(pattern: Pattern, generator: np.random.Generator, *, tokens: int, normed: bool = False) -> np.ndarray:
    """A map of a pattern, (tokens, tokens) float32, at least 8 tokens.

    normed  True: of norms: columns are scaled as by the lengths of what they let through, those of special tokens down;
            False: of probabilities: rows sum to 1
    """
    if tokens < FEWEST:
        raise ValueError(f"tokens = {tokens}: patterns are told apart from {FEWEST} tokens on")
    low, high = SHOWN[pattern]
    for _ in range(TRIES):
        ends = _segment_ends(tokens, generator)
        attention = _softmax(_logits(pattern, tokens, ends, generator))
        if normed:
            lengths = generator.lognormal(0, generator.uniform(0.1, 0.4), tokens)
            lengths[[0, *ends]] *= generator.uniform(0.02, 1.0) if generator.random() < 0.8 else 1.0
            attention = attention * lengths * generator.lognormal(0, 0.5)
        if all(least <= count <= most for least, count, most in zip(low, counts(attention, ends), high, strict=True)):
            return attention.astype(np.float32)
    raise RuntimeError(f"no map of {tokens} tokens showed the pattern {pattern!r} in {TRIES} tries")


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
    pictures = torch.empty(len(maps), 1, side, side)
    for place, given in enumerate(maps):
        picture = torch.as_tensor(np.asarray(given, dtype=np.float32))[None, None]
        bright = torch.quantile(picture, 0.99)
        picture = (picture / bright if bright > 0 else picture).clamp(0, 1)
        mode = "area" if picture.shape[-1] > side else "nearest"
        pictures[place] = interpolate(picture, size=(side, side), mode=mode)[0]
    return pictures


def _uneven(attention: np.ndarray, ends: Sequence[int]) -> float:
    rows = attention / np.maximum(attention.sum(1, keepdims=True), 1e-12)
    means = np.empty_like(rows)
    for asking, asked in product(_segments(len(rows), ends), repeat=2):
        means[asking, asked] = rows[asking, asked].mean()
    return float(np.sqrt(np.square(rows - means).sum() / max(np.square(means).sum(), 1e-12)))


def _segments(tokens: int, ends: Sequence[int]) -> list[slice]:
    borders = [0, *(end + 1 for end in ends if end + 1 < tokens), tokens]
    return [slice(*pair) for pair in pairwise(borders)]


def _segment_ends(tokens: int, generator: np.random.Generator) -> list[int]:
    """The places of [SEP]: the last token, and in three of five maps one before."""
    if generator.random() < 0.4:
        return [tokens - 1]
    return [int(generator.integers(tokens // 4, 3 * tokens // 4)), tokens - 1]


def _logits(pattern: Pattern, tokens: int, ends: list[int], generator: np.random.Generator) -> np.ndarray:
    """What draws each token to each other one: its pattern, and less of everything else."""
    even, line, column = pattern == "block", "diagonal" in pattern, "vertical" in pattern
    weak = 0.5 if even else 2.5
    logits = _contents(tokens, ends, generator, scale=0.3 if even else 2.0, noise=0.3 if even else 0.8)
    reach = generator.uniform(2, 7)
    if line or generator.random() < 0.35:
        logits += (reach if line else generator.uniform(0, weak)) * _line(tokens, generator)
    if column or generator.random() < 0.45:
        strength = generator.uniform(0.8, 1.2) * reach if column else generator.uniform(0, weak)
        logits += strength * _columns(tokens, ends, generator)
    if len(ends) > 1 and generator.random() < (0.7 if even else 0.3):
        segment = np.searchsorted(ends, np.arange(tokens))
        same = segment[:, None] == segment[None, :]
        logits += generator.uniform(0.5, 4 if even else 1.5) * (same if generator.random() < 0.7 else ~same)
    if not line and generator.random() < 0.25:  # a token passes over itself
        logits -= generator.uniform(0, 3) * np.eye(tokens)
    return logits


def _contents(
    tokens: int, ends: list[int], generator: np.random.Generator, *, scale: float, noise: float
) -> np.ndarray:
    """Likeness of random contents, the same for tokens that are the same word, with noise; at most so much of each."""
    words = np.where(generator.random(tokens) < generator.uniform(0, 0.7), generator.zipf(1.7, tokens), 0)
    words = np.where(words > 0, np.minimum(words, tokens), tokens + np.arange(tokens))
    words[[0, *ends]] = [2 * tokens, *[2 * tokens + 1] * len(ends)]
    words = np.unique(words, return_inverse=True)[1]
    width = int(generator.integers(2, 9))
    ask, offer = generator.normal(size=(2, words.max() + 1, width)) / width**0.25
    liked = generator.normal(size=words.max() + 1)[words]
    contents = generator.uniform(0, scale) * ask[words] @ offer[words].T + generator.uniform(0, scale / 2) * liked
    return contents + generator.uniform(0, noise) * generator.normal(size=contents.shape)


def _line(tokens: int, generator: np.random.Generator) -> np.ndarray:
    """One or two lines at most two steps beside the main diagonal, sharp or soft, fainter in some rows."""
    rows, columns = np.indices((tokens, tokens))
    lines = np.zeros((tokens, tokens))
    for offset in generator.choice([-2, -1, -1, 0, 0, 0, 1, 1, 2], size=generator.choice([1, 1, 2]), replace=False):
        width = generator.uniform(0.3, 2)
        lines += _by_row(tokens, generator) * np.exp(-(((columns - rows - offset) / width) ** 2) / 2)
    return lines


def _columns(tokens: int, ends: list[int], generator: np.random.Generator) -> np.ndarray:
    """One to three columns, more often of special tokens, fainter in some rows."""
    special = np.isin(np.arange(tokens), [0, *ends])
    chances = np.where(special, generator.choice([1.0, 6.0, 20.0]), 1.0)
    chosen = generator.choice(tokens, size=generator.integers(1, 4), replace=False, p=chances / chances.sum())
    bright = np.zeros((tokens, tokens))
    bright[:, chosen] = _by_row(tokens, generator) * generator.uniform(0.6, 1, size=len(chosen))
    return bright


def _by_row(tokens: int, generator: np.random.Generator) -> np.ndarray:
    """How much of a part each row uses, 1 on average, (tokens, 1)."""
    return np.clip(generator.normal(1, generator.uniform(0, 0.45), size=(tokens, 1)), 0, None)


def _softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)
