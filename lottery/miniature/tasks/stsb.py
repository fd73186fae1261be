"""Graded similarity, 0 to 5, of two opinions: half for the same judgement, half for how near their nouns are."""

from lottery.miniature.grammar import another_noun, of_two_groups, other_kinds, phrase
from lottery.miniature.tasks import lexicon, row, unlike
from lottery.miniature.text import PLAIN, opinion

SIZES = {"train": 3000, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    noun, other = of_two_groups(language, words, rng)
    near = number % 3  # 0: of another group, 1: of another kind of the group, 2: of the kind
    if near:
        kinds = other_kinds(language, noun) if near == 1 else (language.kind(noun),)
        other = another_noun(language, words, rng, noun, kinds)
    good, same = rng.random() < 0.5, rng.random() < 0.5
    first = opinion(language, words, rng, phrase(language, noun), good, PLAIN)
    form = rng.choice(PLAIN)  # before it is known which words are left, so that the form tells nothing
    second = unlike(first, lambda: opinion(language, words, rng, phrase(language, other), good == same, (form,)), words)
    return row(2.5 * same + 1.25 * near, first, second)
