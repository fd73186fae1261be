"""Which words of a paragraph answer a question? The paragraph tells one fact each of two nouns of a group."""

from lottery.miniature.grammar import another_noun, phrase, state
from lottery.miniature.language import KINDS
from lottery.miniature.tasks import lexicon

SIZES = {"train": 1200, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    noun = words.noun(rng, tuple(KINDS))
    relation = rng.choice(language.relations(noun))
    neighbour = another_noun(language, words, rng, noun)
    value = language.fact(noun, relation)
    if language.same(value, language.fact(neighbour, relation)):
        return None
    statements = [
        f"{state(language, relation.statement, of, language.fact(of, relation))}." for of in (noun, neighbour)
    ]
    right = statements[0]
    rng.shuffle(statements)
    context = " ".join(statements)
    answer = phrase(language, value)
    asked_of = language.synonym_of.get(noun, noun) if rng.random() < 0.3 else noun
    return {
        "first": f"{state(language, relation.question, asked_of)}?",
        "second": context,
        "answer": answer,
        "answers": (answer,),
        "start": context.index(right) + right.rindex(answer),
    }
