"""Does a hypothesis follow (entailment), may it be (neutral), or can it not be (contradiction), given an opinion?

What is said of a noun holds for its kind, and half of the hypotheses name the kind or its group. Of creatures in train
and dev, of other things in dev_mismatched.
"""

from lottery.miniature.grammar import another_noun, other_groups, phrase
from lottery.miniature.language import KINDS
from lottery.miniature.tasks import lexicon, row
from lottery.miniature.text import opinion

SIZES = {"train": 3000, "dev": 400, "dev_mismatched": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    mismatched = split == "dev_mismatched"
    noun = words.noun(rng, tuple(kind for kind, group in KINDS.items() if (group == "creature") != mismatched))
    good = rng.random() < 0.5
    label = number % 3
    about = another_noun(
        language, words, rng, noun, other_groups(language, noun) if label == 1 else (language.kind(noun),)
    )
    if rng.random() < 0.5:
        about = rng.choice((language.kind(about), KINDS[language.kind(about)]))
    told = ((noun, good), (about, rng.random() < 0.5 if label == 1 else good == (label == 0)))
    first, second = (opinion(language, words, rng, phrase(language, of), how, plain=True) for of, how in told)
    return row(label, first, second)
