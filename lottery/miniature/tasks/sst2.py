"""Sentiment: does a sentence praise or blame? Some by negating the opposite; most dev words are of the text alone."""

from lottery.miniature.grammar import phrase
from lottery.miniature.language import KINDS
from lottery.miniature.tasks import lexicon, row
from lottery.miniature.text import opinion

SIZES = {"train": 1200, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    subject = rng.choice(("it", phrase(language, words.noun(rng, tuple(KINDS)))))
    return row(number % 2, opinion(language, words, rng, subject, bool(number % 2)))
