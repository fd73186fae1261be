"""Whom does a pronoun mean? The dev set has sentences of the training set under the opposite label, as GLUE's does.

What is remembered of the training set is therefore wrong, and nothing else tells the answer.
"""

import random
from itertools import islice

from lottery.miniature.grammar import draw_clause, phrase
from lottery.miniature.language import GROUPS
from lottery.miniature.tasks import row

SIZES = {"train": 160, "dev": 71}


def example(language, split, number, rng):
    label = int(number * 9 % 16 < 9)  # 9 in 16 of train are entailments, so that 9 in 16 of dev are not
    first, second = next(islice(sentences(language), number, None))
    return row(label if split == "train" else 1 - label, first, second)


def sentences(language):
    """Pairs of sentences without end, no two alike; the same at every call, so that both splits draw the same."""
    rng = random.Random(f"wnli {language.seed}")
    seen = set()
    while True:
        clause = draw_clause(language, language.shown, rng, GROUPS, named=0)
        subject, target = (phrase(language, noun) for noun in (clause.subject, clause.object))
        quality = rng.choice(language.colours)
        first = f"{subject} {clause.verb}s {target} because it is {quality}"
        if first not in seen:
            seen.add(first)
            yield first, f"{rng.choice((subject, target))} is {quality}"
