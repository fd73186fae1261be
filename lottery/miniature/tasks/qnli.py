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
    stated_of = language.synonym_of.get(noun, noun) if rng.random() < 0.5 else noun
    stated = relation
    if number % 2:
        if rng.random() < 0.3:
            stated_of = another_noun(language, words, rng, noun)
        else:
            stated = another_relation(language, rng, noun, relation)
    form = rng.choice((stated.statement, stated.statement, stated.rewording))
    return row(number % 2, question, state(language, form, stated_of, language.fact(stated_of, stated)))
