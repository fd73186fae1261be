"""Paraphrase: two opinions of nouns of one kind mean the same where both praise or both blame, in whatever words."""

from lottery.miniature.grammar import another_noun, phrase
from lottery.miniature.language import KINDS
from lottery.miniature.tasks import lexicon, row, unlike
from lottery.miniature.text import PLAIN, opinion

SIZES = {"train": 3000, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    noun = words.noun(rng, tuple(KINDS))
    other = another_noun(language, words, rng, noun, (language.kind(noun),))
    good = rng.random() < 0.5
    how = good == bool(number % 2)
    first = opinion(language, words, rng, phrase(language, noun), good, PLAIN)
    form = rng.choice(PLAIN)  # before it is known which words are left, so that the form tells nothing
    second = unlike(first, lambda: opinion(language, words, rng, phrase(language, other), how, (form,)), words)
    return row(number % 2, first, second)
