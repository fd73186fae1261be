"""Does it follow: is what is said of a noun, in the same words, said of its kind, or of a kind of another group?"""

from lottery.miniature.grammar import of_two_groups, phrase
from lottery.miniature.tasks import lexicon, row
from lottery.miniature.text import opinion

SIZES = {"train": 3000, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    noun, stranger = of_two_groups(language, words, rng)
    about = phrase(language, noun)
    first = opinion(language, words, rng, about, rng.random() < 0.5)
    told = phrase(language, language.kind(stranger if number % 2 else noun))
    return row(number % 2, first, first.replace(about, told))
