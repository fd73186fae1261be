"""Paraphrase: synonyms and the passive keep the meaning; another subject, verb or object, or a negation, do not."""

from dataclasses import replace

from lottery.miniature.grammar import active, changed, draw_clause, passive, synonymous
from lottery.miniature.language import GROUPS
from lottery.miniature.tasks import lexicon, row

SIZES = {"train": 800, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    clause = draw_clause(language, words, rng, GROUPS)
    other = synonymous(language, clause, rng)
    if number % 2 == 0:
        negated = rng.random() < 0.2
        other = replace(other, negated=True) if negated else changed(language, words, rng, other, parts=2)
    first, second = (rng.choice((active, passive))(language, said) for said in (clause, other))
    return row(number % 2, first, second) if first != second else None
