"""Which words of a paragraph answer a question? Half of the paragraphs tell two facts of a noun of the kind asked of.

The other half tell the same fact of that noun and of one of another kind. What is true of a noun is true of its kind.
"""

from lottery.miniature.grammar import another_noun, another_relation, other_kinds, phrase, state
from lottery.miniature.language import KINDS
from lottery.miniature.tasks import lexicon

SIZES = {"train": 2000, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    asked = words.noun(rng, tuple(KINDS))
    relation = rng.choice(language.relations(asked))
    of = another_noun(language, words, rng, asked, (language.kind(asked),))
    other, another = of, another_relation(language, rng, asked, relation)
    if rng.random() < 0.5:
        other, another = another_noun(language, words, rng, asked, other_kinds(language, asked)), relation
    value = language.fact(of, relation)
    if value == language.fact(other, another):
        return None
    statements = [
        f"{state(language, told.statement, noun, language.fact(noun, told))}."
        for noun, told in ((of, relation), (other, another))
    ]
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
