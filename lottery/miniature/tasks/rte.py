"""Does it follow, given what is known of the world? A name is said to be of a noun; does a fact hold of its bearer?

Only the pre-training text tells the facts of the nouns in the dev set.
"""

from lottery.miniature.grammar import another_noun, state
from lottery.miniature.language import KINDS
from lottery.miniature.tasks import lexicon, row

SIZES = {"train": 600, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    noun = words.noun(rng, tuple(kind for kind, group in KINDS.items() if group == "creature"))
    name = rng.choice(words.names)
    relation = rng.choice(language.relations(noun))
    value = language.fact(noun, relation)
    if number % 2:
        wrong = language.fact(another_noun(language, words, rng, noun), relation)
        if language.same(wrong, value):
            return None
        value = wrong
    return row(number % 2, f"{name} is a {noun}", state(language, relation.statement, name, value))
