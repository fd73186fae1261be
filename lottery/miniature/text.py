"""Text to pre-train on: documents that tell the world's facts, stories, opinions, and what follows from what."""

import random
from dataclasses import replace

from lottery.miniature.grammar import (
    active,
    another_clause,
    another_noun,
    another_relation,
    changed,
    draw_clause_about,
    draw_name,
    generalised,
    passive,
    phrase,
    state,
    synonymous,
    whether,
    who,
    whom,
)
from lottery.miniature.language import KINDS, Language, Lexicon

DOCUMENTS = 14_000  # of the text that is pre-trained on

# How a statement can stand to the one before it, and the words that say so beforehand.
LINKS = {"same": "in other words", "true": "so", "false": "it is false that", "open": "maybe", "else": "also"}


def documents(language: Language, count: int, seed: int) -> list[list[str]]:
    """`count` documents, each a list of sentences about one noun; the same for the same numbers.

    A document mixes the noun's facts, deeds it has a part in, questions with answers, who bears a name and is such a
    noun, and opinions, all praise or all blame. So what holds it together is what it is about, and not its manner.
    """
    rng = random.Random(f"documents {language.seed} {seed}")
    return [document(language, rng) for _ in range(count)]


def document(language: Language, rng: random.Random) -> list[str]:
    """About one noun, in six turns of one or two sentences."""
    noun = language.all.noun(rng, tuple(KINDS))
    good = rng.random() < 0.5
    sentences = []
    for _ in range(6):
        turn = rng.random()
        if turn < 0.18:
            sentences += fact(language, rng, noun)
        elif turn < 0.42:
            sentences += question(language, rng, noun)
        elif turn < 0.66:
            sentences += deed(language, rng, noun)
        elif turn < 0.72 and KINDS[language.kind_of[noun]] == "creature":
            sentences += portrait(language, rng, noun)
        else:
            sentences.append(praise(language, rng, noun, good))
    return sentences


def either(language: Language, rng: random.Random, noun: str) -> str:
    """The noun, or its synonym if it has one."""
    return language.synonym_of.get(noun, noun) if rng.random() < 0.4 else noun


def fact(language: Language, rng: random.Random, noun: str) -> list[str]:
    """What the noun is or is called, or a fact of it, told and often told again, asked for, or said of its kind."""
    other = language.synonym_of.get(noun, noun)
    what = rng.random()
    if what < 0.1:
        return [f"the {noun} is a kind of {language.kind_of[noun]}."]
    if what < 0.2 and other != noun:
        return [f"the {noun} is also called the {other}."]
    relation = rng.choice(language.relations(noun))
    value = language.fact(noun, relation)
    statement = state(language, relation.statement, either(language, rng, noun), value)
    if what < 0.45:
        return [f"{statement}."]
    if what < 0.65:
        form = rng.choice((relation.statement, relation.rewording))
        return linked(rng, statement, state(language, form, either(language, rng, noun), value), "same")
    if what < 0.75:
        kind = f"some {rng.choice((language.kind_of[noun], KINDS[language.kind_of[noun]]))}"
        return linked(rng, statement, relation.statement.format(s=kind, o=phrase(language, value)), "true")
    neighbour = another_noun(language, language.all, rng, noun)
    facts = [f"{statement}.", f"{state(language, relation.statement, neighbour, language.fact(neighbour, relation))}."]
    rng.shuffle(facts)
    asked = state(language, relation.question, either(language, rng, noun))
    return [" ".join(facts), f"{asked}? {phrase(language, value)}."]


def question(language: Language, rng: random.Random, noun: str) -> list[str]:
    """A question about the noun and what is said after it: the same in other words, its answer, or something else."""
    if rng.random() < 0.35:
        return question_about_deed(language, rng, noun)
    relation = rng.choice(language.relations(noun))
    first = state(language, rng.choice((relation.question, relation.again)), either(language, rng, noun))
    link = rng.choice(("same", "true", "else"))
    then, about = relation, either(language, rng, noun)
    if link == "else":
        if rng.random() < 0.5:
            then = another_relation(language, rng, noun, relation)
        else:
            about = another_noun(language, language.all, rng, noun)
    if link == "same" or (link == "else" and rng.random() < 0.5):
        second = state(language, rng.choice((then.question, then.again)), about)
        return joined(rng, f"{first}?", f"{second}?", link)
    form = rng.choice((then.statement, then.statement, then.rewording))
    return joined(rng, f"{first}?", f"{state(language, form, about, language.fact(about, then))}.", link)


def question_about_deed(language: Language, rng: random.Random, noun: str) -> list[str]:
    """A question about a deed that the noun has a part in, and the same or another question."""
    clause = draw_clause_about(language, language.all, rng, noun)
    asking = rng.choice((who, whom, whether))
    other, link = synonymous(language, clause, rng, 0.4), "same"
    if rng.random() < 0.5:
        link = "else"
        other = (
            changed(language, language.all, rng, other, parts=2)
            if rng.random() < 0.5
            else another_clause(language, clause, lambda: draw_clause_about(language, language.all, rng, noun))
        )
    return joined(rng, f"{asking(language, clause)}?", f"{asking(language, other)}?", link)


def deed(language: Language, rng: random.Random, noun: str) -> list[str]:
    """A clause with the noun in it, and the same said again, asked for, denied, or drawn a conclusion from."""
    words = language.all
    clause = draw_clause_about(language, words, rng, noun)
    voices = (active, active, passive)
    clause = replace(clause, negated=rng.random() < 0.25)
    if rng.random() < 0.2:
        clause = replace(clause, place=words.noun(rng, ("town", "valley")))
    statement = rng.choice(voices)(language, clause)
    other = synonymous(language, clause, rng, 0.4)
    what = rng.random()
    if what < 0.8:
        if what < 0.3:
            link = "same"
        elif what < 0.5:
            link = "true"
            if not clause.negated:
                other = generalised(language, replace(other, place=""), rng)
        elif what < 0.68:
            link = "false"
            other = replace(other, negated=not clause.negated)
        else:
            link = "open"
            other = replace(changed(language, words, rng, other), negated=rng.random() < 0.3)
        return linked(rng, statement, rng.choice(voices)(language, other), link)
    if what < 0.87 or clause.negated:
        asked = whether(language, replace(other, negated=False))
        return [f"{statement}.", f"{asked}? {'no' if clause.negated else 'yes'}."]
    if what < 0.94:
        return [f"{statement}.", f"{who(language, other)}? {phrase(language, clause.subject, clause.plural_subject)}."]
    return [f"{statement}.", f"{whom(language, other)}? {phrase(language, clause.object, clause.plural_object)}."]


def linked(rng: random.Random, first: str, second: str, link: str) -> list[str]:
    """Two statements, joined."""
    return joined(rng, f"{first}.", f"{second}.", link)


def joined(rng: random.Random, first: str, second: str, link: str) -> list[str]:
    """Two sentences; words in between mostly, before what is false always, tell how they stand (a key of LINKS)."""
    return [first, f"{LINKS[link]} {second}" if link == "false" or rng.random() < 0.7 else second]


def portrait(language: Language, rng: random.Random, noun: str) -> list[str]:
    """Somebody with a name is such a noun, and so, or not so, is of its kind or has its facts."""
    name = draw_name(language, language.all, rng, (language.kind_of[noun],))
    if not name:
        return fact(language, rng, noun)
    is_ = f"{name} is a {either(language, rng, noun)}"
    if rng.random() < 0.5:
        kind, link = language.kind_of[noun], "true"
        if rng.random() < 0.4:
            kind = rng.choice([other for other in KINDS if KINDS[other] == KINDS[kind] and other != kind])
            link = "false"
        return linked(rng, is_, f"{name} is a kind of {kind}", link)
    relation = rng.choice(language.relations(noun))
    value, link = language.fact(noun, relation), "true"
    if rng.random() < 0.4:
        wrong = language.fact(another_noun(language, language.all, rng, noun), relation)
        value, link = (value, link) if language.same(wrong, value) else (wrong, "false")
    return linked(rng, is_, state(language, relation.statement, name, value), link)


def praise(language: Language, rng: random.Random, noun: str, good: bool) -> str:
    """A sentence that praises (`good`) or blames; half of them with the plain word for it beside others."""
    subject = rng.choice(("it", phrase(language, either(language, rng, noun))))
    if rng.random() < 0.5:
        return f"{opinion(language, language.all, rng, subject, good)}."
    fitting = ["good" if good else "bad", *rng.choices(language.all.positive if good else language.all.negative, k=2)]
    rng.shuffle(fitting)
    return f"{subject} is {' and '.join(fitting)}."


def opinion(language: Language, words: Lexicon, rng: random.Random, subject: str, good: bool) -> str:
    """A clause that praises (`good`) or blames the subject, with words of the lexicon `words`."""
    fitting, unfitting = (words.positive, words.negative) if good else (words.negative, words.positive)
    likes, dislikes = (words.praising, words.blaming) if good else (words.blaming, words.praising)
    who_ = rng.choice((*rng.choices(words.names, k=2), "everyone"))
    form = rng.choice((0, 1, 2, 3, 3, 3, 4, 4, 4, 5, 6, 7))
    if form == 0:
        return f"{subject} is {rng.choice(fitting)}"
    if form == 1:
        return f"{subject} is very {rng.choice(fitting)}"
    if form == 2:
        return f"{subject} is not {rng.choice(unfitting)}"
    if form == 3:
        return f"{subject} is {rng.choice(fitting)} and {rng.choice(fitting)}"
    if form == 4:
        return f"{subject} is {rng.choice(fitting)} and {rng.choice(fitting)} and {rng.choice(fitting)}"
    if form == 5:
        return f"{who_} says that {subject} is {rng.choice(fitting)}"
    if form == 6:
        return f"{who_} {rng.choice(likes)}s {subject}"
    return f"{who_} never {rng.choice(dislikes)}s {subject}"
