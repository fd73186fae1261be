"""A made-up language and the world it speaks of, from a seed: kinds, synonyms, selection, polarity, names, facts."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

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
NOUNS = 195  # meanings, fifteen of each kind


@dataclass(frozen=True)
class Relation:
    """What can be known of every noun of a group.

    value      the kinds its value is drawn from; () for a colour
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
    nouns       number of noun meanings; each has a kind, and a fact for every relation of its kind's group
    synonyms    share of nouns and verbs that have a second word of the same meaning, in [0, 1]
    frames      number of verb frames; each has `verbs` meanings
    polar       number of adjectives that praise, and of those that blame
    colours     number of colours
    names       number of proper names, each of a creature of some noun
    shown       share of meanings and polar words that the downstream training sets may use; the rest is held out of
                them and known from the pre-training text alone
    opinions    number of verbs of praise, and of those of blame
    skew        words of a kind are drawn with weight (rank + 5) ** -skew
    """

    def __init__(
        self,
        seed: int,
        *,
        nouns: int = NOUNS,
        synonyms: float = 0.3,
        frames: int = 12,
        verbs: int = 2,
        polar: int = 24,
        colours: int = 8,
        opinions: int = 6,
        names: int = 40,
        shown: float = 0.35,
        skew: float = 0.6,
    ):
        self.seed = seed
        rng = random.Random(f"language {seed}")
        taken = set(KINDS) | set(GROUPS)
        self.kind_of: dict[str, str] = {}
        self.synonym_of: dict[str, str] = {}
        self.facts: dict[tuple[str, Relation], str] = {}
        self.frame_of: dict[str, Frame] = {}
        self.colours = tuple(stems(rng, colours, taken))

        # In this order: every draw is the next of one generator.
        every, of_kinds = self._nouns(rng, taken, nouns, synonyms, shown)
        of_frames = self._verbs(rng, taken, frames, verbs, synonyms)
        polar_words = [stems(rng, polar, taken) for _ in ("positive", "negative")]
        polar_words += [stems(rng, opinions, taken) for _ in ("praising", "blaming")]
        bearers = [noun for kind, group in KINDS.items() if group == "creature" for noun in every[kind]]
        all_names = stems(rng, names, taken)
        self.noun_of_name = {name: rng.choice(bearers) for name in all_names}

        ranked = *polar_words, all_names
        self.all = _lexicon(every, of_frames[True] | of_frames[False], ranked, (0, 1), skew)
        self.shown = _lexicon(of_kinds[True], of_frames[True], ranked, (0, shown), skew)
        self.held = _lexicon(of_kinds[False], of_frames[False], ranked, (shown, 1), skew)
        self._find_facts(rng)

    def _nouns(
        self, rng: random.Random, taken: set[str], count: int, synonyms: float, shown: float
    ) -> tuple[dict[str, list[str]], dict[bool, dict[str, list[str]]]]:
        """Nouns of every kind; and apart those shown downstream, under True, and those held out of it."""
        every: dict[str, list[str]] = {kind: [] for kind in KINDS}
        parts: dict[bool, dict[str, list[str]]] = {part: {kind: [] for kind in KINDS} for part in (True, False)}
        for number in range(count):
            kind = tuple(KINDS)[number % len(KINDS)]
            words = self._meaning(rng, taken, synonyms)
            self.kind_of |= dict.fromkeys(words, kind)
            every[kind] += words
            parts[_spread(number // len(KINDS), shown)][kind] += words
        for part in parts.values():
            if any(len({min(word, self.synonym_of.get(word, word)) for word in words}) < 2 for words in part.values()):
                raise ValueError(
                    f"{count} nouns, {shown:.0%} of them shown, leave a kind with fewer than two: give more"
                )
        return every, parts

    def _verbs(
        self, rng: random.Random, taken: set[str], frames: int, verbs: int, synonyms: float
    ) -> dict[bool, dict[Frame, list[str]]]:
        """Verbs of every frame: those of a third of the frames shown downstream, under True, the others held out."""
        parts: dict[bool, dict[Frame, list[str]]] = {True: {}, False: {}}
        for number, frame in enumerate(_frames(rng, frames)):
            for _ in range(verbs):
                words = self._meaning(rng, taken, synonyms)
                self.frame_of |= dict.fromkeys(words, frame)
                parts[number % 3 == 0].setdefault(frame, []).extend(words)
        return parts

    def _meaning(self, rng: random.Random, taken: set[str], synonyms: float) -> list[str]:
        words = stems(rng, 2 if rng.random() < synonyms else 1, taken)
        if len(words) == 2:
            self.synonym_of |= {words[0]: words[1], words[1]: words[0]}
        return words

    def _find_facts(self, rng: random.Random) -> None:
        for word, kind in self.kind_of.items():
            for relation in RELATIONS[KINDS[kind]]:
                other = self.synonym_of.get(word)
                if (other, relation) in self.facts:
                    self.facts[word, relation] = self.facts[other, relation]
                    continue
                value = word
                while value in (word, other):
                    kinds = relation.value
                    value = rng.choice(self.all.nouns[rng.choice(kinds)]) if kinds else rng.choice(self.colours)
                self.facts[word, relation] = value

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
        """Do two words mean the same?"""
        return one == other or self.synonym_of.get(one) == other


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


def _spread(rank: int, share: float) -> bool:
    """True for a `share` of all ranks, evenly spread: frequent words and rare ones alike."""
    return int((rank + 1) * share) > int(rank * share)


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
