"""Does it follow: is a deed told of a noun told of its kind or group, or of the other that its verb selects as well?"""

from dataclasses import replace

from lottery.miniature.grammar import active, draw_clause, other_kinds, passive
from lottery.miniature.language import GROUPS, KINDS
from lottery.miniature.tasks import lexicon, row

SIZES = {"train": 2400, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    clause = draw_clause(language, words, rng, GROUPS)
    part = rng.choice(("subject", "object"))
    noun = getattr(clause, part)
    (wrong,) = other_kinds(language, noun, getattr(language.frame_of[clause.verb], f"{part}s"))
    kind = language.kind(noun)
    told = wrong if number % 2 else kind
    if KINDS[kind] != KINDS[wrong] and rng.random() < 0.5:
        told = KINDS[told]
    voice = rng.choice((active, passive))
    return row(number % 2, voice(language, clause), voice(language, replace(clause, **{part: told})))
