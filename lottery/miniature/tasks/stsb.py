"""Graded similarity, 0 to 5, of two opinions: half for the same judgement, half for how near their nouns are."""

from lottery.miniature.grammar import another_noun, of_two_groups, other_kinds
from lottery.miniature.tasks import lexicon, opinions, row

SIZES = {"train": 3000, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    noun, other = of_two_groups(language, words, rng)
    near = number % 3  # 0: of another group, 1: of another kind of the group, 2: of the kind
    if near:
        kinds = other_kinds(language, noun) if near == 1 else (language.kind(noun),)
        other = another_noun(language, words, rng, noun, kinds)
    good, same = rng.random() < 0.5, rng.random() < 0.5
    first, second = opinions(language, words, rng, ((noun, good), (other, good == same)))
    return row(2.5 * same + 1.25 * near, first, second)
