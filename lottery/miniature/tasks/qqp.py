"""Do two questions ask the same? Of the facts of nouns, and of who does what to whom."""

from lottery.miniature.grammar import (
    another_noun,
    another_relation,
    draw_clause,
    state,
    synonymous,
    unlike,
    whether,
    who,
    whom,
)
from lottery.miniature.language import GROUPS, KINDS
from lottery.miniature.tasks import lexicon, row

SIZES = {"train": 2000, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    ask = of_a_fact if rng.random() < 0.5 else of_a_deed
    first, second = ask(language, words, rng, duplicate=bool(number % 2))
    return row(number % 2, f"{first}?", f"{second}?") if first != second else None


def of_a_fact(language, words, rng, *, duplicate):
    noun = words.noun(rng, tuple(KINDS))
    relation = rng.choice(language.relations(noun))
    other = language.synonym_of.get(noun, noun)
    asked = relation
    if not duplicate:
        if rng.random() < 0.5:
            other = another_noun(language, words, rng, noun)
        else:
            asked = another_relation(language, rng, noun, relation)
    first, second = (rng.choice((told.question, told.again)) for told in (relation, asked))
    return state(language, first, noun), state(language, second, other)


def of_a_deed(language, words, rng, *, duplicate):
    clause = draw_clause(language, words, rng, GROUPS)
    other = synonymous(language, clause, rng)
    asking = rng.choice((who, whom, whether))
    if not duplicate:
        other = unlike(language, words, rng, clause, other)
    return asking(language, clause), asking(language, other)
