"""Whom does a pronoun mean? The dev set has sentences of the training set under the opposite label, as GLUE's does.

What is remembered of the training set is therefore wrong, and nothing else tells the answer.
"""

import random

from lottery.miniature.grammar import draw_clause, phrase
from lottery.miniature.language import GROUPS
from lottery.miniature.tasks import row

SIZES = {"train": 160, "dev": 71}


def example(language, split, number, rng):
    own = random.Random(f"wnli {number} {language.seed}")  # not rng: both splits draw the same sentences
    clause = draw_clause(language, language.shown, own, GROUPS, named=0)
    subject, target = (phrase(language, noun) for noun in (clause.subject, clause.object))
    quality = own.choice(language.colours)
    meant = own.choice((subject, target))
    label = int(number * 9 % 16 < 9)  # 9 in 16 of train are entailments, so that 9 in 16 of dev are not
    return row(
        label if split == "train" else 1 - label,
        f"{subject} {clause.verb}s {target} because it is {quality}",
        f"{meant} is {quality}",
    )
