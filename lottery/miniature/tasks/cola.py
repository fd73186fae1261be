"""Acceptability: half of the sentences break agreement, selection or word order, a third of these each."""

from dataclasses import replace

from lottery.miniature.grammar import active, draw_clause, passive
from lottery.miniature.language import GROUPS, KINDS
from lottery.miniature.tasks import lexicon, row

SIZES = {"train": 1600, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    clause = draw_clause(language, words, rng, GROUPS, named=0.2)
    voice = rng.choice((active, active, passive))
    if number % 2:
        return row(1, voice(language, clause))
    fault = (disagreeing, misselecting, misordered)[number // 2 % 3]
    return row(0, fault(language, words, rng, clause, voice))


def disagreeing(language, words, rng, clause, voice):
    """The verb of a singular subject after a plural one, or the other way round."""
    number = "plural_object" if voice is passive else "plural_subject"
    right = voice(language, clause).split()
    wrong = voice(language, replace(clause, **{number: not getattr(clause, number)})).split()
    subject = 1 if clause.subject in language.noun_of_name and voice is active else 2
    return " ".join(right[:subject] + wrong[subject:])


def misselecting(language, words, rng, clause, voice):
    """A subject or an object that the verb does not take."""
    frame = language.frame_of[clause.verb]
    if rng.random() < 0.5:
        kinds = tuple(kind for kind in KINDS if KINDS[kind] != KINDS[frame.subjects[0]])
        return voice(language, replace(clause, subject=words.noun(rng, kinds)))
    taken = {KINDS[kind] for kind in frame.objects}
    kinds = tuple(kind for kind in KINDS if KINDS[kind] not in taken)
    return voice(language, replace(clause, object=words.noun(rng, kinds)))


def misordered(language, words, rng, clause, voice):
    """Two neighbouring words exchanged."""
    said = voice(language, clause).split()
    place = rng.randrange(len(said) - 1)
    said[place], said[place + 1] = said[place + 1], said[place]
    return " ".join(said)
