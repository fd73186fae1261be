"""Names of classes: which of a saved head's are those of a task, however they are spelled and in whatever order."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

UNNAMED = re.compile(r"label_(\d+)")  # what a configuration calls the classes that nobody named


def spelled(name: str) -> str:
    """A class's name in the one spelling by which names are compared: without case, accents stored one way.

    What stands between words, and the word "label" before a number, makes no difference.

    >>> spelled("Not-Entailment"), spelled("NOT ENTAILMENT"), spelled("LABEL_2"), spelled("non-entailment")
    ('not_entailment', 'not_entailment', '2', 'not_entailment')
    """
    one = "_".join(re.split(r"[\W_]+", unicodedata.normalize("NFKC", name).casefold().strip())).strip("_")
    number = UNNAMED.fullmatch(one)
    return number[1] if number else re.sub(r"^non_", "not_", one)


def places(theirs: Mapping[int, str], ours: Sequence[str]) -> list[int] | None:
    """For each of our classes the number it has in a saved head, or None where the head is of other classes.

    theirs  {number: name} of the head
    ours    the names of the task's classes, in the order of their numbers
    None too where two names of one side are one spelling, which leaves open what is meant.

    >>> places({0: "positive", 1: "NEGATIVE"}, ["negative", "positive"])
    [1, 0]
    >>> places({0: "LABEL_0", 1: "LABEL_1"}, ["negative", "positive"])
    """
    numbers = {spelled(name): number for number, name in theirs.items()}
    wanted = [spelled(name) for name in ours]
    if not len(numbers) == len(theirs) == len(set(wanted)) or numbers.keys() != set(wanted):
        return None
    return [numbers[name] for name in wanted]
