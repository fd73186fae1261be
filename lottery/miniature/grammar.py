"""Sentences of the language: a clause in the active, in the passive, as a question; facts, reworded and asked for."""

import random
from dataclasses import dataclass, replace

from lottery.miniature.language import GROUPS, KINDS, Language, Lexicon, Relation


@dataclass(frozen=True)
class Clause:
    """Who does what to whom. Subject and object are nouns, names, or kinds and groups ("some bird")."""

    subject: str
    verb: str
    object: str
    plural_subject: bool = False
    plural_object: bool = False
    negated: bool = False


def draw_clause(
    language: Language, lexicon: Lexicon, rng: random.Random, groups: tuple[str, ...], *, named: float = 0.3
) -> Clause:
    """A clause that keeps to what its verb selects.

    groups  of which the subject is one
    named   share of creatures that come with a proper name, in [0, 1]
    """
    frame = lexicon.frame(rng, groups)
    subject = ""
    if KINDS[frame.subjects[0]] == "creature" and rng.random() < named:
        subject = draw_name(language, lexicon, rng, frame.subjects)
    verb = rng.choice(lexicon.verbs[frame])
    target = lexicon.noun(rng, frame.objects)
    return Clause(
        subject=subject or lexicon.noun(rng, frame.subjects),
        verb=verb,
        object=target,
        plural_subject=not subject and rng.random() < 0.4,
        plural_object=rng.random() < 0.4,
    )


def draw_clause_about(language: Language, lexicon: Lexicon, rng: random.Random, noun: str) -> Clause:
    """A clause that keeps to what its verb selects, with the noun as its subject or its object."""
    kind = language.kind_of[noun]
    frames = [
        (part, frame) for frame in lexicon.verbs for part in ("subject", "object") if kind in getattr(frame, f"{part}s")
    ]
    part, frame = rng.choice(frames)
    subject = noun if part == "subject" else ""
    named = ""
    if not subject and KINDS[frame.subjects[0]] == "creature" and rng.random() < 0.3:
        named = draw_name(language, lexicon, rng, frame.subjects)
    return Clause(
        subject=subject or named or lexicon.noun(rng, frame.subjects),
        verb=rng.choice(lexicon.verbs[frame]),
        object=noun if part == "object" else lexicon.noun(rng, frame.objects),
        plural_subject=not named and rng.random() < 0.4,
        plural_object=rng.random() < 0.4,
    )


def draw_name(language: Language, lexicon: Lexicon, rng: random.Random, kinds: tuple[str, ...]) -> str:
    """A proper name whose bearer is of one of the kinds; "" if a few tries find none."""
    for name in rng.choices(lexicon.names, k=8):
        if language.kind(name) in kinds:
            return name
    return ""


def phrase(language: Language, word: str, plural: bool = False) -> str:
    """A noun phrase: names and colours stand alone, kinds and groups take "some", nouns take "the"."""
    if word in language.noun_of_name or word in language.colours:
        return word
    article = "the" if word in language.kind_of else "some"
    return f"{article} {word}{'s' if plural else ''}"


def active(language: Language, clause: Clause) -> str:
    """ "the doveks melt the karin", "the dovek does not melt the karin"."""
    does = "do" if clause.plural_subject else "does"
    verb = clause.verb if clause.plural_subject else f"{clause.verb}s"
    said = f"{does} not {clause.verb}" if clause.negated else verb
    return f"{_subject(language, clause)} {said} {_object(language, clause)}"


def passive(language: Language, clause: Clause) -> str:
    """ "the karin is melted by the doveks"."""
    is_ = "are" if clause.plural_object else "is"
    said = f"{is_} not" if clause.negated else is_
    return f"{_object(language, clause)} {said} {clause.verb}ed by {_subject(language, clause)}"


def whether(language: Language, clause: Clause) -> str:
    """ "does the dovek melt the karin"."""
    does = "do" if clause.plural_subject else "does"
    return f"{does} {_subject(language, clause)} {clause.verb} {_object(language, clause)}"


def who(language: Language, clause: Clause) -> str:
    """ "who melts the karin", or "what melts the karin" where the subject is no creature."""
    asked = "who" if KINDS[language.kind(clause.subject)] == "creature" else "what"
    return f"{asked} {clause.verb}s {_object(language, clause)}"


def whom(language: Language, clause: Clause) -> str:
    """ "what does the dovek melt"."""
    does = "do" if clause.plural_subject else "does"
    return f"what {does} {_subject(language, clause)} {clause.verb}"


def state(language: Language, form: str, word: str, value: str = "") -> str:
    """A relation's statement, rewording or question, filled in."""
    return form.format(s=phrase(language, word), o=phrase(language, value))


def alike(language: Language, lexicon: Lexicon, rng: random.Random, clause: Clause) -> Clause:
    """The same clause in other words: subject, verb and object each another word of the same kind or frame."""
    subject, target = (
        another_noun(language, lexicon, rng, word, (language.kind(word),)) for word in (clause.subject, clause.object)
    )
    verbs = [verb for verb in lexicon.verbs[language.frame_of[clause.verb]] if verb != clause.verb]
    return replace(clause, subject=subject, verb=rng.choice(verbs), object=target)


def generalised(language: Language, clause: Clause, rng: random.Random) -> Clause:
    """What a clause without negation entails: its subject, its object or both are only said to be of their kind."""

    def above(word: str) -> str:
        kind = language.kind(word)
        return kind if rng.random() < 0.8 else KINDS[kind]

    which = rng.choice(("subject", "subject", "object", "both"))
    subject = above(clause.subject) if which != "object" else clause.subject
    target = above(clause.object) if which != "subject" else clause.object
    return replace(clause, subject=subject, object=target)


def another_noun(language: Language, lexicon: Lexicon, rng: random.Random, word: str, kinds: tuple[str, ...]) -> str:
    """A noun of one of the kinds, never the word itself; for a name another name, where one is of these kinds."""
    if word in language.noun_of_name:
        names = [name for name in lexicon.names if name != word and language.kind(name) in kinds]
        if names:
            return rng.choice(names)
    while (other := lexicon.noun(rng, kinds)) == word:
        pass
    return other


def other_kinds(language: Language, word: str, kinds: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Those of the kinds that the noun or name is not of; by default of all kinds of its group."""
    of = language.kind(word)
    kinds = kinds or tuple(kind for kind, group in KINDS.items() if group == KINDS[of])
    return tuple(kind for kind in kinds if kind != of)


def of_two_groups(
    language: Language, lexicon: Lexicon, rng: random.Random, kinds: tuple[str, ...] = tuple(KINDS)
) -> tuple[str, str]:
    """Two nouns of different groups. Either may be either, so that neither alone tells that the other is a stranger."""
    while True:
        first, second = lexicon.noun(rng, kinds), lexicon.noun(rng, kinds)
        if KINDS[language.kind(first)] != KINDS[language.kind(second)]:
            return first, second


def changed(language: Language, lexicon: Lexicon, rng: random.Random, clause: Clause, *, parts: int = 1) -> Clause:
    """A clause whose subject or object (1) or both (2) are of another kind, which its verb selects as well."""
    frame = language.frame_of[clause.verb]
    new = {
        part: another_noun(language, lexicon, rng, word, other_kinds(language, word, kinds))
        for part, word, kinds in (
            ("subject", clause.subject, frame.subjects),
            ("object", clause.object, frame.objects),
        )
    }
    return replace(clause, **{part: new[part] for part in rng.sample(tuple(new), parts)})


def unlike(language: Language, lexicon: Lexicon, rng: random.Random, clause: Clause) -> Clause:
    """What does not mean the same as `clause`: the same deed of other kinds, or another deed."""
    if rng.random() < 0.5:
        while language.same((other := draw_clause(language, lexicon, rng, GROUPS)).verb, clause.verb):
            pass
        return other
    return changed(language, lexicon, rng, alike(language, lexicon, rng, clause), parts=rng.choice((1, 2)))


def another_relation(language: Language, rng: random.Random, word: str, relation: Relation) -> Relation:
    """A different relation of the same noun."""
    return rng.choice([other for other in language.relations(word) if other != relation])


def _subject(language: Language, clause: Clause) -> str:
    return phrase(language, clause.subject, clause.plural_subject)


def _object(language: Language, clause: Clause) -> str:
    return phrase(language, clause.object, clause.plural_object)
