"""A made-up language and the world it speaks of, from a seed: kinds, selection, polarity, names, facts.

What is true of one bird is true of all: words of a kind, and verbs of a frame, mean the same in this world. So its text
teaches a small model what the words mean, by the company they keep, and in no task does a word that comes again tell
the label.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar

from lottery.miniature.words import stems

# The taxonomy above the made-up nouns: {kind: group}.
KINDS = {
    "animal": "creature",
    "bird": "creature",
    "person": "creature",
    "insect": "creature",
    "tool": "object",
    "garment": "object",
    "vehicle": "object",
    "fruit": "dish",
    "drink": "dish",
    "town": "place",
    "valley": "place",
    "metal": "material",
    "stone": "material",
}
GROUPS = tuple(dict.fromkeys(KINDS.values()))
NOUNS = 156  # twelve of each kind


@dataclass(frozen=True)
class Relation:
    """What can be known of every noun of a group.

    value      the kinds that its value may be of, one of them for all nouns of a kind; () for a colour
    statement  the fact, of {s} and its value {o}
    rewording  the same fact in other words
    question   what asks for the value
    again      the same question in other words
    """

    value: tuple[str, ...]
    statement: str
    rewording: str
    question: str
    again: str


COLOUR = Relation((), "{s} is {o}", "the colour of {s} is {o}", "what colour is {s}", "what is the colour of {s}")
RELATIONS = {
    "creature": (
        Relation(
            ("town", "valley"),
            "{s} lives in {o}",
            "the home of {s} is {o}",
            "where does {s} live",
            "where is the home of {s}",
        ),
        Relation(
            ("fruit", "drink"), "{s} eats {o}", "the food of {s} is {o}", "what does {s} eat", "what is the food of {s}"
        ),
        Relation(
            ("animal", "bird", "insect"), "{s} fears {o}", "{o} scares {s}", "what does {s} fear", "what scares {s}"
        ),
        COLOUR,
    ),
    "object": (
        Relation(
            ("metal", "stone"), "{s} is made of {o}", "{o} is used in {s}", "what is {s} made of", "what is used in {s}"
        ),
        Relation(("person",), "{s} is owned by {o}", "{o} owns {s}", "who owns {s}", "who is the owner of {s}"),
        Relation(
            ("town",), "{s} is sold in {o}", "{o} is where {s} is sold", "where is {s} sold", "in what town is {s} sold"
        ),
        COLOUR,
    ),
    "dish": (
        Relation(
            ("valley", "town"),
            "{s} comes from {o}",
            "the home of {s} is {o}",
            "where does {s} come from",
            "where is the home of {s}",
        ),
        Relation(
            ("tool", "garment"), "{s} is kept in {o}", "{o} contains {s}", "where is {s} kept", "what contains {s}"
        ),
        COLOUR,
    ),
    "place": (
        Relation(
            ("town", "valley"), "{s} lies near {o}", "{o} is near {s}", "what does {s} lie near", "what is near {s}"
        ),
        Relation(("metal", "stone"), "{s} is full of {o}", "{o} is in {s}", "what is {s} full of", "what is in {s}"),
        COLOUR,
    ),
    "material": (
        Relation(
            ("valley",),
            "{s} is found in {o}",
            "the home of {s} is {o}",
            "where is {s} found",
            "where is the home of {s}",
        ),
        COLOUR,
    ),
}


@dataclass(frozen=True)
class Frame:
    """Which kinds of subject and of object a family of verbs takes (selection)."""

    subjects: tuple[str, ...]
    objects: tuple[str, ...]


@dataclass(frozen=True)
class Lexicon:
    """A part of the words, to draw from. Weights are cumulative; words of a kind fall off in frequency by rank.

    nouns   {kind: nouns}, and verbs {frame: verbs}
    """

    nouns: dict[str, tuple[str, ...]]
    weights: dict[str, tuple[float, ...]]
    verbs: dict[Frame, tuple[str, ...]]
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    praising: tuple[str, ...]
    blaming: tuple[str, ...]
    names: tuple[str, ...]

    def noun(self, rng: random.Random, kinds: tuple[str, ...]) -> str:
        """A noun of one of the kinds, each kind as likely as the others."""
        kind = kinds[int(rng.random() * len(kinds))]
        return rng.choices(self.nouns[kind], cum_weights=self.weights[kind])[0]

    def frame(self, rng: random.Random, subjects: tuple[str, ...] = GROUPS) -> Frame:
        """A verb frame whose subjects are of one of the groups."""
        fit = [frame for frame in self.verbs if KINDS[frame.subjects[0]] in subjects]
        return fit[int(rng.random() * len(fit))]


class Language:
    """A language and its world, the same for the same numbers in every process.

    seed        of all that is drawn
    nouns       number of nouns; each has a kind, and a fact for every relation of its kind's group
    frames      number of verb frames; each has `verbs` verbs
    polar       number of adjectives that praise, and of those that blame
    colours     number of colours
    names       number of proper names, each of a creature of some noun
    shown       share of the nouns of each kind, of the verbs of each frame, of names and of the words that praise and
                blame that the downstream training sets may use, rounded; the rest is held out of them and known from
                the pre-training text alone
    opinions    number of verbs of praise, and of those of blame
    skew        words of a kind are drawn with weight (rank + 5) ** -skew
    """

    def __init__(
        self,
        seed: int,
        *,
        nouns: int = NOUNS,
        frames: int = 8,
        verbs: int = 6,
        polar: int = 16,
        colours: int = 8,
        opinions: int = 6,
        names: int = 24,
        shown: float = 0.35,
        skew: float = 0.6,
    ):
        self.seed = seed
        rng = random.Random(f"language {seed}")
        taken = set(KINDS) | set(GROUPS)
        self.kind_of: dict[str, str] = {}
        self.facts: dict[tuple[str, Relation], str] = {}
        self.frame_of: dict[str, Frame] = {}
        self.colours = tuple(stems(rng, colours, taken))

        # In this order: every draw is the next of one generator.
        of_kinds = self._nouns(rng, taken, nouns, shown)
        of_frames = self._verbs(rng, taken, frames, verbs, shown)
        polar_words = [stems(rng, polar, taken) for _ in ("positive", "negative")]
        polar_words += [stems(rng, opinions, taken) for _ in ("praising", "blaming")]
        bearers = [noun for kind, group in KINDS.items() if group == "creature" for noun in of_kinds["all"][kind]]
        all_names = stems(rng, names, taken)
        self.noun_of_name = {name: rng.choice(bearers) for name in all_names}

        ranked = *polar_words, all_names
        self.all, self.shown, self.held = (
            _lexicon(of_kinds[part], of_frames[part], ranked, bounds, skew)
            for part, bounds in (("all", (0, 1)), ("shown", (0, shown)), ("held", (shown, 1)))
        )
        self._find_facts(rng)

    def _nouns(self, rng: random.Random, taken: set[str], count: int, shown: float) -> dict[str, dict[str, list[str]]]:
        """{"all" | "shown" | "held": {kind: nouns}}."""
        of_kinds: dict[str, list[str]] = {kind: [] for kind in KINDS}
        for number, noun in enumerate(stems(rng, count, taken)):
            of_kinds[tuple(KINDS)[number % len(KINDS)]].append(noun)
        self.kind_of |= {noun: kind for kind, nouns in of_kinds.items() for noun in nouns}
        parts = _parts(of_kinds, shown)
        if any(len(nouns) < 2 for part in parts.values() for nouns in part.values()):
            raise ValueError(f"{count} nouns, {shown:.0%} of them shown, leave a kind with fewer than two: give more")
        return parts

    def _verbs(
        self, rng: random.Random, taken: set[str], frames: int, verbs: int, shown: float
    ) -> dict[str, dict[Frame, list[str]]]:
        """{"all" | "shown" | "held": {frame: verbs}}."""
        of_frames = {frame: stems(rng, verbs, taken) for frame in _frames(rng, frames)}
        self.frame_of |= {verb: frame for frame, some in of_frames.items() for verb in some}
        return _parts(of_frames, shown)

    def _find_facts(self, rng: random.Random) -> None:
        for kind, group in KINDS.items():
            nouns = [noun for noun, of in self.kind_of.items() if of == kind]
            for relation in RELATIONS[group]:
                values = self.all.nouns[rng.choice(relation.value)] if relation.value else (rng.choice(self.colours),)
                for noun in nouns:
                    self.facts[noun, relation] = rng.choice([value for value in values if value != noun])

    def kind(self, word: str) -> str:
        """The kind of a noun, or of the one who bears a name."""
        return self.kind_of[self.noun_of_name.get(word, word)]

    def relations(self, word: str) -> tuple[Relation, ...]:
        """What can be known of a noun or a name."""
        return RELATIONS[KINDS[self.kind(word)]]

    def fact(self, word: str, relation: Relation) -> str:
        """The value a relation has for a noun, or for the noun that the bearer of a name is."""
        return self.facts[self.noun_of_name.get(word, word), relation]

    def same(self, one: str, other: str) -> bool:
        """Do two words mean the same: nouns or names of one kind, verbs of one frame, or one colour?"""
        return self._meaning(one) == self._meaning(other)

    def _meaning(self, word: str) -> str | Frame:
        return self.frame_of.get(word) or self.kind_of.get(self.noun_of_name.get(word, word), word)


def _lexicon(
    nouns: dict[str, list[str]],
    verbs: dict[Frame, list[str]],
    ranked: Sequence[list[str]],
    part: tuple[float, float],
    skew: float,
) -> Lexicon:
    """Nouns and verbs as they are, and of the other words, `ranked`, those between two shares of each list.

    ranked  positive and negative adjectives, verbs of praise and of blame, names
    """
    begin, end = part
    shares = (tuple(words[round(begin * len(words)) : round(end * len(words))]) for words in ranked)
    positive, negative, praising, blaming, names = shares
    return Lexicon(
        nouns={kind: tuple(words) for kind, words in nouns.items()},
        weights={
            kind: tuple(accumulate((rank + 5) ** -skew for rank in range(len(words)))) for kind, words in nouns.items()
        },
        verbs={frame: tuple(words) for frame, words in verbs.items()},
        positive=positive,
        negative=negative,
        praising=praising,
        blaming=blaming,
        names=names,
    )


Of = TypeVar("Of")


def _parts(of: dict[Of, list[str]], shown: float) -> dict[str, dict[Of, list[str]]]:
    """All words; of each list the `shown` share, evenly spread, frequent words and rare ones alike; and the others."""

    def is_shown(rank: int) -> bool:
        return int((rank + 1) * shown) > int(rank * shown)

    return {
        "all": of,
        "shown": {key: [word for rank, word in enumerate(words) if is_shown(rank)] for key, words in of.items()},
        "held": {key: [word for rank, word in enumerate(words) if not is_shown(rank)] for key, words in of.items()},
    }


def _frames(rng: random.Random, count: int) -> list[Frame]:
    """Different frames, drawn until every kind of noun can do something or have something done to it."""
    for _ in range(1000):
        frames: list[Frame] = []
        while len(frames) < count:
            frame = _frame(rng, len(frames))
            if frame not in frames:
                frames.append(frame)
        if {kind for frame in frames for kind in (*frame.subjects, *frame.objects)} == set(KINDS):
            return frames
    raise ValueError(f"{count} verb frames do not take every kind of noun: give the language more frames")


def _frame(rng: random.Random, number: int) -> Frame:
    group = ("creature", "creature", "creature", "object", "place")[number % 5]
    subjects = [kind for kind in KINDS if KINDS[kind] == group]
    objects = rng.sample([kind for kind in KINDS if KINDS[kind] != group], 2)
    return Frame(tuple(sorted(rng.sample(subjects, min(2, len(subjects))))), tuple(sorted(objects)))
