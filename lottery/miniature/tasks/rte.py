"""Does it follow: is a deed told of a noun told of its kind or group, or of a kind or group that it is not of?"""

from dataclasses import replace

from lottery.miniature.grammar import active, draw_clause, passive
from lottery.miniature.language import GROUPS, KINDS
from lottery.miniature.tasks import lexicon, row

SIZES = {"train": 2400, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    part = rng.choice(("subject", "object"))
    clause, stranger = (draw_clause(language, words, rng, GROUPS) for _ in range(2))
    kind, wrong = (language.kind(getattr(each, part)) for each in (clause, stranger))
    if KINDS[kind] == KINDS[wrong]:
        return None
    told = wrong if number % 2 else kind
    other = replace(clause, **{part: rng.choice((told, KINDS[told]))})
    voice = rng.choice((active, passive))
    return row(number % 2, voice(language, clause), voice(language, other))
