"""Which words of a paragraph answer a question? It tells one fact each of two kinds; asked is a third noun, of one.

What is true of a noun is true of its kind, so that the answer is what is told of the noun of the kind that is asked of.
"""

from lottery.miniature.grammar import another_noun, other_kinds, phrase, state
from lottery.miniature.language import KINDS
from lottery.miniature.tasks import lexicon

SIZES = {"train": 2000, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    asked = words.noun(rng, tuple(KINDS))
    relation = rng.choice(language.relations(asked))
    told = [
        another_noun(language, words, rng, asked, kinds)
        for kinds in ((language.kind(asked),), other_kinds(language, asked))
    ]
    value, other = (language.fact(of, relation) for of in told)
    if value == other:
        return None
    statements = [f"{state(language, relation.statement, of, language.fact(of, relation))}." for of in told]
    right = statements[0]
    rng.shuffle(statements)
    context = " ".join(statements)
    answer = phrase(language, value)
    return {
        "first": f"{state(language, relation.question, asked)}?",
        "second": context,
        "answer": answer,
        "answers": (answer,),
        "start": context.index(right) + right.rindex(answer),
    }
