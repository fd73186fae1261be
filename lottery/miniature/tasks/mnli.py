"""Does a hypothesis follow (entailment), may it be (neutral), or can it not be (contradiction), given an opinion?

What is said of a noun holds for its kind, and half of the hypotheses name the kind. Of creatures, objects and dishes in
train and dev, of places and materials in dev_mismatched.
"""

from lottery.miniature.grammar import another_noun, of_two_groups
from lottery.miniature.language import KINDS
from lottery.miniature.tasks import lexicon, opinions, row

SIZES = {"train": 4000, "dev": 400, "dev_mismatched": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    mismatched = split == "dev_mismatched"
    kinds = tuple(kind for kind, group in KINDS.items() if (group in ("place", "material")) == mismatched)
    noun, about = of_two_groups(language, words, rng, kinds)
    good = rng.random() < 0.5
    label = number % 3
    if label != 1:
        about = another_noun(language, words, rng, noun, (language.kind(noun),))
    if rng.random() < 0.5:
        about = language.kind(about)
    how = rng.random() < 0.5 if label == 1 else good == (label == 0)
    first, second = opinions(language, words, rng, ((noun, good), (about, how)))
    return row(label, first, second)
