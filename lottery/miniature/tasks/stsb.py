"""Graded similarity, 0 to 5: the mean over subject, verb and object of how near in meaning they are."""

from lottery.miniature.grammar import active, changed, draw_clause, passive, synonymous
from lottery.miniature.language import GROUPS
from lottery.miniature.tasks import lexicon, row

SIZES = {"train": 1400, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    clause = draw_clause(language, words, rng, GROUPS)
    other = synonymous(language, clause, rng)
    if rng.random() < 0.3:
        other = draw_clause(language, words, rng, GROUPS)
    else:
        other = changed(language, words, rng, other, parts=rng.choice((0, 0, 1, 1, 2, 3)))
    first, second = (rng.choice((active, active, passive))(language, said) for said in (clause, other))
    parts = [(getattr(clause, part), getattr(other, part)) for part in ("subject", "verb", "object")]
    label = 5 * sum(nearness(language, one, two) for one, two in parts) / 3
    return row(round(label, 3), first, second) if first != second else None


def nearness(language, one, other) -> float:
    """1 for the same meaning, one half for the same kind of thing or the same frame of verbs, else 0."""
    if language.same(one, other):
        return 1.0
    if one in language.frame_of:
        return 0.5 * (language.frame_of[one] == language.frame_of[other])
    return 0.5 * (language.kind(one) == language.kind(other))
