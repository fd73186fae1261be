"""Which words of a paragraph answer a question? The paragraph tells two facts of a kind; one of them is asked for."""

from lottery.miniature.grammar import another_noun, another_relation, phrase, state
from lottery.miniature.language import KINDS
from lottery.miniature.tasks import lexicon

SIZES = {"train": 2000, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    noun = words.noun(rng, tuple(KINDS))
    relation = rng.choice(language.relations(noun))
    value = language.fact(noun, relation)
    statements = [
        f"{state(language, told.statement, noun, language.fact(noun, told))}."
        for told in (relation, another_relation(language, rng, noun, relation))
    ]
    right = statements[0]
    rng.shuffle(statements)
    context = " ".join(statements)
    answer = phrase(language, value)
    asked = another_noun(language, words, rng, noun, (language.kind(noun),))
    return {
        "first": f"{state(language, relation.question, asked)}?",
        "second": context,
        "answer": answer,
        "answers": (answer,),
        "start": context.index(right) + right.rindex(answer),
    }
