"""Paraphrase: two opinions of nouns of one kind mean the same where both praise or both blame, in whatever words."""

from lottery.miniature.grammar import another_noun, phrase
from lottery.miniature.language import KINDS
from lottery.miniature.tasks import lexicon, row
from lottery.miniature.text import opinion

SIZES = {"train": 3000, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    noun = words.noun(rng, tuple(KINDS))
    other = another_noun(language, words, rng, noun, (language.kind(noun),))
    good = rng.random() < 0.5
    told = ((noun, good), (other, good == bool(number % 2)))
    first, second = (opinion(language, words, rng, phrase(language, of), how, plain=True) for of, how in told)
    return row(number % 2, first, second)
