"""Does it follow: is a deed told of a noun told of its kind or group, or of a kind or group that it is not of?"""

from dataclasses import replace

from lottery.miniature.grammar import active, draw_clause, other_groups, passive
from lottery.miniature.language import GROUPS, KINDS
from lottery.miniature.tasks import lexicon, row

SIZES = {"train": 2000, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    clause = draw_clause(language, words, rng, GROUPS)
    part = rng.choice(("subject", "object"))
    noun = getattr(clause, part)
    kind = rng.choice(other_groups(language, noun)) if number % 2 else language.kind(noun)
    other = replace(clause, **{part: rng.choice((kind, KINDS[kind]))})
    voice = rng.choice((active, passive))
    return row(number % 2, voice(language, clause), voice(language, other))
