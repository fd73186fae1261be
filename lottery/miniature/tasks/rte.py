"""Does it follow, given what is known of the world? A name is of a noun: does a kind, or a fact, hold of its bearer?

Only the pre-training text tells the kinds and facts of most nouns in the dev set.
"""

from lottery.miniature.grammar import another_noun, draw_name, state
from lottery.miniature.language import KINDS
from lottery.miniature.tasks import lexicon, row

SIZES = {"train": 600, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    creatures = tuple(kind for kind, group in KINDS.items() if group == "creature")
    noun = words.noun(rng, creatures)
    name = draw_name(language, words, rng, (language.kind_of[noun],))
    if not name:
        return None
    if rng.random() < 0.5:
        kind = language.kind_of[noun]
        if number % 2:
            kind = rng.choice([other for other in creatures if other != kind])
        return row(number % 2, f"{name} is a {noun}", f"{name} is a kind of {kind}")
    relation = rng.choice(language.relations(noun))
    value = language.fact(noun, relation)
    if number % 2:
        wrong = language.fact(another_noun(language, words, rng, noun), relation)
        if language.same(wrong, value):
            return None
        value = wrong
    return row(number % 2, f"{name} is a {noun}", state(language, relation.statement, name, value))
