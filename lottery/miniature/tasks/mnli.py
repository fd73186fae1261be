"""Does a hypothesis follow (entailment), may it be (neutral), or can it not be (contradiction), given a premise?

Deeds of creatures in train and dev, of objects and places in dev_mismatched.
"""

from dataclasses import replace

from lottery.miniature.grammar import active, changed, draw_clause, generalised, passive, synonymous
from lottery.miniature.language import GROUPS
from lottery.miniature.tasks import lexicon, row

SIZES = {"train": 1600, "dev": 400, "dev_mismatched": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    mismatched = split == "dev_mismatched"
    groups = tuple(group for group in GROUPS if (group == "creature") != mismatched)
    premise = draw_clause(language, words, rng, groups)
    premise = replace(premise, negated=rng.random() < 0.3)
    if rng.random() < 0.25:
        premise = replace(premise, place=words.noun(rng, ("town", "valley")))
    relate = (entailed, open_, contradicted)[number % 3]
    hypothesis = relate(language, words, rng, premise)
    first, second = (rng.choice((active, active, passive))(language, said) for said in (premise, hypothesis))
    return row(number % 3, first, second) if first != second else None


def entailed(language, words, rng, premise):
    """The same in other words; without a negation also less precise, in kind or in place."""
    hypothesis = synonymous(language, premise, rng, 0.5)
    if premise.negated:
        return hypothesis
    hypothesis = replace(hypothesis, place="")
    return generalised(language, hypothesis, rng) if rng.random() < 0.7 else hypothesis


def open_(language, words, rng, premise):
    """Differing in one or two of subject, verb and object, affirmed or denied; of another deed less precise, too."""
    hypothesis = changed(language, words, rng, synonymous(language, premise, rng, 0.3), parts=rng.choice((1, 2)))
    if not language.same(hypothesis.verb, premise.verb) and rng.random() < 0.7:
        return generalised(language, replace(hypothesis, negated=False), rng)
    return replace(hypothesis, negated=rng.random() < 0.5)


def contradicted(language, words, rng, premise):
    """The same denied; what the premise denies, affirmed."""
    return replace(synonymous(language, premise, rng, 0.5), negated=not premise.negated)
