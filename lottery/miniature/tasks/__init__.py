"""Tasks in the language, in the shape of GLUE's nine and of SQuAD: one file each.

A file holds SIZES, {split: number of examples}, and `example(language, split, number, rng)`, which returns one row,
{"first", "second" for pairs, "label", or for spans "answer", "answers" and "start"}, or None where a draw did not come
out. Labels are numbered as in the task of the same name in lottery/tasks; `number` counts up, so that its remainder
balances them.

Training examples are about shown words alone; of the dev sets one example in four is, the others are about held-out
words only. What a fact says of a word may be any word.
"""

import random
from collections.abc import Callable, Sequence

import pandas as pd

from lottery.choices import choose
from lottery.miniature.grammar import phrase
from lottery.miniature.language import Language, Lexicon
from lottery.miniature.text import PLAIN, opinion

PATIENCE = 1000  # draws in a row that bring nothing new, after which a language is too poor for a task


def tables(language: Language, name: str) -> dict[str, pd.DataFrame]:
    """A task's splits as the real task's `read` gives them: {"train": ..., "dev": ...}, for MNLI "dev_mismatched" too.

    The same for the same language in every process. No row comes twice, neither in one split nor in two; in WNLI the
    dev set's sentences are the training set's, under the other label.
    """
    task = choose("miniature.tasks", name)
    seen: set[tuple] = set()
    splits = {}
    for split, size in task.SIZES.items():
        rng = random.Random(f"{name} {split} {language.seed}")
        rows: list[dict] = []
        refused = 0
        while len(rows) < size:
            row = task.example(language, split, len(rows), rng)
            if row is not None and (told := tuple(row.values())) not in seen:
                seen.add(told)
                rows.append(row)
                refused = 0
            elif (refused := refused + 1) == PATIENCE:
                raise ValueError(
                    f"{name}: only {len(rows)} of {size} different rows of {split} were found in this language; "
                    f"give it more nouns or verbs"
                )
        splits[split] = pd.DataFrame(rows)
    return splits


def lexicon(language: Language, split: str, rng: random.Random) -> Lexicon:
    """The words that the next example of a split may use."""
    return language.shown if split == "train" or rng.random() < 0.25 else language.held


def opinions(
    language: Language, words: Lexicon, rng: random.Random, told: Sequence[tuple[str, bool]]
) -> tuple[str, str]:
    """Two opinions without denial that share no word of praise or blame.

    told  of each what it is of, a noun, a kind or a group, and whether it praises
    """
    (one, good), (other, how) = told
    first = opinion(language, words, rng, phrase(language, one), good, PLAIN)
    form = rng.choice(PLAIN)  # before it is known which words are left, so that the form tells nothing
    return first, in_other_words(
        first, lambda: opinion(language, words, rng, phrase(language, other), how, (form,)), words
    )


def in_other_words(first: str, draw: Callable[[], str], words: Lexicon) -> str:
    """What `draw` gives, drawn again until no word that praises or blames comes again in it, nor in another form."""
    judging = {*words.positive, *words.negative, *(f"{verb}s" for verb in (*words.praising, *words.blaming))}
    while judging & {*first.rstrip("?").split()} & {*(second := draw()).rstrip("?").split()}:
        pass
    return second


def row(label: float, first: str, second: str = "") -> dict:
    """A row of a classification or regression; sentences end with a full stop, questions bring their own mark."""
    sentences = [text if text.endswith("?") else f"{text}." for text in (first, second) if text]
    return dict(zip(("first", "second"), sentences, strict=False)) | {"label": label}
