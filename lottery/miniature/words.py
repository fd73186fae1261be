"""Made-up words that can be pronounced, and the English function words around them."""

import random

ONSETS = (
    "b",
    "br",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "r",
    "t",
    "tr",
    "v",
    "z",
)
VOWELS = ("a", "e", "i", "o", "u")
CODAS = ("", "", "k", "l", "m", "n", "p", "r", "t")
PIECES = tuple(onset + vowel for onset in ONSETS for vowel in VOWELS)

FUNCTION_WORDS = tuple(
    (
        "a also and are bad because but by colour come comes contains do does eat eats everyone "
        "falsely fear fears food found from full good home in is it kept kind lie lies likewise live lives "
        "made maybe near never no not of owned owner owns says scares so sold some that the used very what "
        "where who yes"
    ).split()
)


def stems(rng: random.Random, count: int, taken: set[str]) -> list[str]:
    """`count` new stems of two or three syllables, none in `taken`, to which they are added.

    None ends in s or ed, so that no stem equals an inflected form of another.
    """
    stems: list[str] = []
    while len(stems) < count:
        syllables = [rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(rng.choice((2, 2, 3)))]
        stem = "".join(syllables) + rng.choice(CODAS)
        if stem not in taken and stem not in FUNCTION_WORDS:
            taken.add(stem)
            stems.append(stem)
    return stems
