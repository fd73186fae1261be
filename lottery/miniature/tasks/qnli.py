"""Does a sentence hold the answer to a question: a noun of a kind that is asked for, and not one of another group?"""

from lottery.miniature.grammar import another_noun, phrase, state
from lottery.miniature.language import KINDS
from lottery.miniature.tasks import lexicon, row

SIZES = {"train": 3000, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    (noun, relation), (_, other) = (asked(language, words, rng) for _ in range(2))
    if {KINDS[kind] for kind in relation.value} & {KINDS[kind] for kind in other.value}:
        return None
    kinds = (other if number % 2 else relation).value  # neither a question nor an answer alone tells which
    question = f"{state(language, rng.choice((relation.question, relation.again)), noun)}?"
    return row(number % 2, question, f"it is {phrase(language, another_noun(language, words, rng, noun, kinds))}")


def asked(language, words, rng):
    noun = words.noun(rng, tuple(KINDS))
    return noun, rng.choice([relation for relation in language.relations(noun) if relation.value])
