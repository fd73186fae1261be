"""Text to pre-train on: documents that tell the world's facts, stories, opinions, and what follows from what."""

import random
from collections.abc import Sequence
from dataclasses import replace

from lottery.miniature.grammar import (
    active,
    alike,
    another_noun,
    another_relation,
    changed,
    draw_clause_about,
    draw_name,
    generalised,
    other_kinds,
    passive,
    phrase,
    state,
    unlike,
    whether,
    who,
    whom,
)
from lottery.miniature.language import KINDS, Language, Lexicon

DOCUMENTS = 14_000  # of the text that is pre-trained on

# How a statement can stand to the one before it, and the word that says so beforehand: a single one, since of several
# the others would give away the one that is hidden, and to guess it nothing would have to be compared.
LINKS = {"same": "likewise", "true": "so", "false": "falsely", "open": "maybe", "else": "also", "contrary": "but"}
PLAIN = (0, 1, 3, 3, 3, 4, 4, 4, 5, 6)  # forms of opinions without denial, by how often they come


def documents(language: Language, count: int, seed: int) -> list[list[str]]:
    """`count` documents, each a list of sentences about nouns of one kind; the same for the same numbers.

    A document mixes the nouns' facts, deeds they have a part in, questions with answers, who bears a name and is such a
    noun, and opinions, of the kind all praise or all blame. So what holds it together is what it is about, and not its
    manner.
    """
    rng = random.Random(f"documents {language.seed} {seed}")
    return [document(language, rng) for _ in range(count)]


def document(language: Language, rng: random.Random) -> list[str]:
    """About one kind of thing, in six turns of one or two sentences."""
    kind = rng.choice(tuple(KINDS))
    good = rng.random() < 0.5
    sentences = []
    for _ in range(6):
        noun = language.all.noun(rng, (kind,))
        turn = rng.random()
        if turn < 0.26:
            sentences += fact(language, rng, noun)
        elif turn < 0.46:
            sentences += question(language, rng, noun)
        elif turn < 0.66:
            sentences += deed(language, rng, noun)
        elif turn < 0.72 and KINDS[kind] == "creature":
            sentences += portrait(language, rng, noun)
        else:
            sentences += praise(language, rng, noun, good)
    return [with_kinds(language, rng, sentence) for sentence in sentences]


def with_kinds(language: Language, rng: random.Random, sentence: str) -> str:
    """The sentence with a quarter of its nouns told with their kind: "the bird dovek"."""
    told = []
    for word in sentence.split(" "):
        kind = language.kind_of.get(word.rstrip("s.?"), "")
        told.append(f"{kind} {word}" if kind and rng.random() < 0.25 else word)
    return " ".join(told)


def fellow(language: Language, rng: random.Random, noun: str) -> str:
    """Another noun of the kind."""
    return another_noun(language, language.all, rng, noun, (language.kind(noun),))


def stranger(language: Language, rng: random.Random, noun: str) -> str:
    """A noun of another kind of the group."""
    return another_noun(language, language.all, rng, noun, other_kinds(language, noun))


def fact(language: Language, rng: random.Random, noun: str) -> list[str]:
    """What the noun is, or a fact of it, told and often told of a fellow, asked for, or said of its kind."""
    what = rng.random()
    kind = language.kind_of[noun]
    if what < 0.5:
        if rng.random() < 0.5:
            return [f"the {noun} is a kind of {kind}."]
        return [f"the {noun} is not a kind of {rng.choice([other for other in KINDS if other != kind])}."]
    relation = rng.choice(language.relations(noun))

    def told(form: str, of: str) -> str:
        return state(language, form, of, language.fact(of, relation))

    statement = told(relation.statement, noun)
    if what < 0.65:
        return [f"{statement}."]
    other = fellow(language, rng, noun)
    if what < 0.8:
        return linked(rng, statement, told(rng.choice((relation.statement, relation.rewording)), other), "same")
    if what < 0.87:
        value = phrase(language, language.fact(other, relation))
        wider = relation.statement.format(s=f"some {rng.choice((kind, KINDS[kind]))}", o=value)
        return linked(rng, statement, wider, "true")
    facts = [f"{told(relation.statement, of)}." for of in (noun, stranger(language, rng, noun))]
    rng.shuffle(facts)
    asked = state(language, relation.question, other)
    return [" ".join(facts), f"{asked}? {phrase(language, language.fact(noun, relation))}."]


def question(language: Language, rng: random.Random, noun: str) -> list[str]:
    """A question about the noun and what is said after it: the same of a fellow, its answer, or something else."""
    if rng.random() < 0.35:
        return question_about_deed(language, rng, noun)
    relation = rng.choice(language.relations(noun))
    first = state(language, rng.choice((relation.question, relation.again)), noun)
    link = rng.choice(("same", "true", "else"))
    then, about = relation, fellow(language, rng, noun)
    if link == "else":
        if rng.random() < 0.5:
            then = another_relation(language, rng, noun, relation)
        else:
            about = stranger(language, rng, noun)
    if link == "same" or (link == "else" and rng.random() < 0.5):
        second = state(language, rng.choice((then.question, then.again)), about)
        return joined(rng, f"{first}?", f"{second}?", link)
    form = rng.choice((then.statement, then.statement, then.rewording))
    return joined(rng, f"{first}?", f"{state(language, form, about, language.fact(about, then))}.", link)


def question_about_deed(language: Language, rng: random.Random, noun: str) -> list[str]:
    """A question about a deed that the noun has a part in, and the same or another question."""
    clause = draw_clause_about(language, language.all, rng, noun)
    asking = rng.choice((who, whom, whether))
    then, link = (alike, "same") if rng.random() < 0.5 else (unlike, "else")
    other = then(language, language.all, rng, clause)
    return joined(rng, f"{asking(language, clause)}?", f"{asking(language, other)}?", link)


def deed(language: Language, rng: random.Random, noun: str) -> list[str]:
    """A clause with the noun in it, and the same said again, asked for, denied, or drawn a conclusion from."""
    words = language.all
    voices = (active, active, passive)
    clause = replace(draw_clause_about(language, words, rng, noun), negated=rng.random() < 0.25)
    statement = rng.choice(voices)(language, clause)
    other = alike(language, words, rng, clause)
    what = rng.random()
    if what < 0.8:
        if what < 0.3:
            link = "same"
        elif what < 0.5:
            link = "true"
            if not clause.negated:
                other = generalised(language, other, rng)
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
    """Two sentences; a word in between mostly, before what is false always, tells how they stand (a key of LINKS)."""
    return [first, f"{LINKS[link]} {second}" if link == "false" or rng.random() < 0.85 else second]


def portrait(language: Language, rng: random.Random, noun: str) -> list[str]:
    """Somebody with a name is such a noun, and so, or not so, is of its kind or has its facts."""
    name = draw_name(language, language.all, rng, (language.kind_of[noun],))
    if not name:
        return fact(language, rng, noun)
    is_ = f"{name} is a {noun}"
    link = "false" if rng.random() < 0.4 else "true"
    if rng.random() < 0.5:
        kind = language.kind_of[noun] if link == "true" else rng.choice(other_kinds(language, noun))
        return linked(rng, is_, f"{name} is a kind of {kind}", link)
    relation = rng.choice(language.relations(noun))
    value = language.fact(fellow(language, rng, noun), relation)
    if link == "false":
        wrong = language.fact(stranger(language, rng, noun), relation)
        value, link = (wrong, link) if not language.same(wrong, value) else (value, "true")
    return linked(rng, is_, state(language, relation.statement, name, value), link)


def praise(language: Language, rng: random.Random, noun: str, good: bool) -> list[str]:
    """What praises (`good`) or blames: alone, with the plain word for it, or beside what judges alike or contrary."""
    words = language.all
    subject = rng.choice(("it", phrase(language, noun)))
    fitting, unfitting = (words.positive, words.negative) if good else (words.negative, words.positive)
    what = rng.random()
    if what < 0.3:
        return [f"{opinion(language, words, rng, subject, good)}."]
    if what < 0.6:
        said = ["good" if good else "bad", *rng.choices(fitting, k=2)]
        rng.shuffle(said)
        return [f"{subject} is {' and '.join(said)}."]
    same = rng.random() < 0.5
    if what < 0.8:
        then = f"and {rng.choice(fitting)}" if same else f"but {rng.choice(unfitting)}"
        return [f"{subject} is {rng.choice(fitting)} {then}."]
    other = phrase(language, (fellow if same else stranger)(language, rng, noun))
    first, second = (opinion(language, words, rng, *told) for told in ((subject, good), (other, good == same)))
    return linked(rng, first, second, "same" if same else "contrary")


def opinion(
    language: Language,
    words: Lexicon,
    rng: random.Random,
    subject: str,
    good: bool,
    forms: Sequence[int] = (*PLAIN, 2, 7),
) -> str:
    """A clause that praises (`good`) or blames the subject, with words of the lexicon, in one of the numbered forms."""
    fitting, unfitting = (words.positive, words.negative) if good else (words.negative, words.positive)
    likes, dislikes = (words.praising, words.blaming) if good else (words.blaming, words.praising)
    who_ = rng.choice((*rng.choices(words.names, k=2), "everyone"))
    form = rng.choice(forms)
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
