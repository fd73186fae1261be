"""Does a sentence hold the answer to a question: nouns of the kind that is asked for, and not of another group?"""

from lottery.miniature.grammar import another_noun, phrase, state
from lottery.miniature.language import KINDS
from lottery.miniature.tasks import lexicon, row

SIZES = {"train": 2400, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    (noun, relation), (other, another) = (asked(language, words, rng) for _ in range(2))
    right, wrong = language.kind(language.fact(noun, relation)), language.kind(language.fact(other, another))
    if KINDS[right] == KINDS[wrong]:
        return None
    question = f"{state(language, rng.choice((relation.question, relation.again)), noun)}?"
    kind = wrong if number % 2 else right  # neither a question nor an answer alone tells which
    told = [another_noun(language, words, rng, noun, (kind,)) for _ in range(rng.choice((1, 2)))]
    return row(number % 2, question, f"it is {' and '.join(phrase(language, each) for each in told)}")


def asked(language, words, rng):
    """A noun and what can be asked of it; of materials too little can."""
    noun = words.noun(rng, tuple(kind for kind, group in KINDS.items() if group != "material"))
    return noun, rng.choice([relation for relation in language.relations(noun) if relation.value])
