"""Paraphrase: two opinions of nouns of one kind mean the same where both praise or both blame, in whatever words."""

from lottery.miniature.grammar import another_noun
from lottery.miniature.language import KINDS
from lottery.miniature.tasks import lexicon, opinions, row

SIZES = {"train": 3000, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    noun = words.noun(rng, tuple(KINDS))
    other = another_noun(language, words, rng, noun, (language.kind(noun),))
    good = rng.random() < 0.5
    first, second = opinions(language, words, rng, ((noun, good), (other, good == bool(number % 2))))
    return row(number % 2, first, second)
