"""Does a sentence hold the answer to a question? If not, it tells another fact of the noun, or that of another noun."""

from lottery.miniature.grammar import another_noun, another_relation, state
from lottery.miniature.language import KINDS
from lottery.miniature.tasks import lexicon, row

SIZES = {"train": 1200, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    noun = words.noun(rng, tuple(KINDS))
    relation = rng.choice(language.relations(noun))
    question = f"{state(language, relation.question, noun)}?"
    told_of = language.synonym_of.get(noun, noun) if rng.random() < 0.5 else noun
    told = relation
    if number % 2:
        if rng.random() < 0.3:
            told_of = another_noun(language, words, rng, noun)
        else:
            told = another_relation(language, rng, noun, relation)
    form = rng.choice((told.statement, told.statement, told.rewording))
    return row(number % 2, question, state(language, form, told_of, language.fact(told_of, told)))
