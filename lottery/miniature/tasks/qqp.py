"""Do two questions ask the same: both after good or both after bad, of nouns of one kind?

Half of the others ask for the contrary, half for the same of another group of things.
"""

from lottery.miniature.grammar import another_noun, of_two_groups, phrase
from lottery.miniature.tasks import in_other_words, lexicon, row

SIZES = {"train": 4000, "dev": 400}


def example(language, split, number, rng):
    words = lexicon(language, split, rng)
    noun, other = of_two_groups(language, words, rng)
    good, contrary = rng.random() < 0.5, rng.random() < 0.5
    if number % 2 or contrary:
        other = another_noun(language, words, rng, noun, (language.kind(noun),))
    how = good if number % 2 or not contrary else not good
    first = asked(language, words, rng, noun, good, rng.randrange(3))
    form = rng.randrange(3)  # before it is known which words are left, so that the form tells nothing
    return row(number % 2, first, in_other_words(first, lambda: asked(language, words, rng, other, how, form), words))


def asked(language, words, rng, noun, good, form):
    fitting, likes = (words.positive, words.praising) if good else (words.negative, words.blaming)
    of, quality = phrase(language, noun), rng.choice(fitting)
    forms = (
        f"is {of} {quality} and {rng.choice(fitting)}?",
        f"is {of} very {quality}?",
        f"who {rng.choice(likes)}s {of}?",
    )
    return forms[form]
