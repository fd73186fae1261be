"""Paraphrase: synonyms and the passive keep the meaning.

Half of the others differ in two of subject, verb and object, half tell something else.
"""

from lottery.miniature.grammar import active, draw_clause, passive, synonymous, unlike
from lottery.miniature.language import GROUPS
from lottery.miniature.tasks import lexicon, row

SIZES = {"train": 1400, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    clause = draw_clause(language, words, rng, GROUPS)
    other = synonymous(language, clause, rng)
    if number % 2 == 0:
        other = unlike(language, words, rng, clause, other)
    first, second = (rng.choice((active, passive))(language, said) for said in (clause, other))
    return row(number % 2, first, second) if first != second else None
