"""How well words can be guessed by counting: a unigram model, and a cloze model that looks at the neighbours."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import log

Context = tuple[int, ...]

# Offsets of the neighbours a guess looks at, from few to many; the first two are averaged where no wider one is known.
NEIGHBOURS = ((-1,), (1,), (-1, 1), (-2, -1, 1), (-2, -1, 1, 2))
OUTSIDE = -1


def losses(
    text: Sequence[Sequence[int]], hidden: Iterable[tuple[Sequence[int], Sequence[int]]], vocabulary: int
) -> dict[str, float]:
    """Mean losses, in nats, of guessing hidden words by counts: {"unigram": ..., "ngram": ...}.

    text        sequences of token ids to count in, special tokens included
    hidden      pairs of sequences: ids with some hidden, and labels, the id to guess or a negative number elsewhere
    vocabulary  number of token ids

    p(w) = (count(w) + 1) / (count + vocabulary); every wider context is interpolated with the narrower one by
    p(w | c) = (count(c, w) + kinds(c) p'(w)) / (count(c) + kinds(c)), where kinds(c) is the number of different words
    seen in c (Witten & Bell 1991, doi:10.1109/18.87000); an unseen context leaves p' as it is. The guess never looks at
    the hidden word's own place, unlike BERT, which sees one hidden word in ten as it is.
    """
    guesses = [
        (label, contexts)
        for ids, labels in hidden
        for label, *contexts in zip(labels, *(_contexts(ids, offsets) for offsets in NEIGHBOURS), strict=True)
        if label >= 0
    ]
    if not guesses:
        raise ValueError("no word is hidden: give labels of which at least one is 0 or more")
    wanted = [{contexts[number] for _, contexts in guesses} for number in range(len(NEIGHBOURS))]
    unigrams = Counter(chain.from_iterable(text))
    total = unigrams.total()
    seen = [_count(text, offsets, some) for offsets, some in zip(NEIGHBOURS, wanted, strict=True)]

    unigram_loss = ngram_loss = 0.0
    for word, contexts in guesses:
        alone = (unigrams[word] + 1) / (total + vocabulary)
        left, right = (_interpolate(seen[number][contexts[number]], word, alone) for number in (0, 1))
        probability = (left + right) / 2
        for number in range(2, len(NEIGHBOURS)):
            probability = _interpolate(seen[number][contexts[number]], word, probability)
        unigram_loss -= log(alone)
        ngram_loss -= log(probability)
    return {"unigram": unigram_loss / len(guesses), "ngram": ngram_loss / len(guesses)}


def _contexts(ids: Sequence[int], offsets: tuple[int, ...]) -> Iterator[Context]:
    """The neighbours of every place in turn."""
    reach = max(map(abs, offsets))
    padded = [*[OUTSIDE] * reach, *ids, *[OUTSIDE] * reach]
    return zip(*(padded[reach + offset : reach + offset + len(ids)] for offset in offsets), strict=True)


def _count(text, offsets: tuple[int, ...], wanted: set[Context]) -> dict[Context, Counter]:
    seen: dict[Context, Counter] = defaultdict(Counter)
    for ids in text:
        for context, word in zip(_contexts(ids, offsets), ids, strict=True):
            if context in wanted:
                seen[context][word] += 1
    return seen


def _interpolate(counts: Counter, word: int, narrower: float) -> float:
    kinds = len(counts)
    return (counts[word] + kinds * narrower) / (counts.total() + kinds) if kinds else narrower
