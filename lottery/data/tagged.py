"""Sentences with a tag for each word: their files, what a model takes of them, and entities (who, where, ...) in tags.

A sentence is its words joined by single blanks, and its tags likewise, a tag a word: O outside of any entity, B-X where
one of type X begins, I-X inside of it (IOB2).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from lottery.data import text_files
from lottery.data.examples import IGNORED, Examples, as_sequences, padding, require_room

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

OUTSIDE = "O"
BEGINS = {"S": "B", "U": "B", "E": "I", "L": "I"}  # of schemes that mark the end and the single word, too: IOBES, BILOU
ENDINGS = (".conll", ".jsonl")
SKIPPED = "-DOCSTART-"  # a line of CoNLL files between documents


def read(path: Path, words: str, tags: str) -> pd.DataFrame:
    """The sentences of a file: columns first and label, the words and the tags of each, in IOB2.

    words, tags  of a .jsonl file the names under which each object has its two lists, or texts with blanks between.
                 A .conll file has no names: one word a line, its tag in the last column, columns separated by blanks or
                 tabs, an empty line after a sentence
    Tags may be in IOB1, IOB2, IOBES or BILOU. Raises FileNotFoundError, or ValueError naming file and place for what is
    not so, and where no word is part of an entity.
    """
    if path.is_dir():
        raise ValueError(f"{path} is a folder: give a file that ends in {' or '.join(ENDINGS)}")
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"{path} does not end in {' or '.join(ENDINGS)}, as a file of words with a tag each does")
    sentences = _columns(path) if is_nameless(path.name) else _objects(path, words, tags)
    rows = []
    for place, each, marks in sentences:
        if len(each) != len(marks):
            raise ValueError(f"{path}, {place}: {len(each)} words and {len(marks)} tags: give every word a tag")
        rows.append({"first": " ".join(each), "label": " ".join(in_iob2(marks, f"{path}, {place}"))})
    if not rows:
        raise ValueError(f"{path} has no sentence")
    table = pd.DataFrame(rows)
    if not types(table["label"]):
        raise ValueError(f"{path}: all words have the tag {OUTSIDE}: there is no entity to find")
    return table


def is_nameless(file: str) -> bool:
    """Whether a file is one of CoNLL's, whose columns have no names."""
    return file.lower().endswith(".conll")


def _columns(path: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    words: list[str] = []
    tags: list[str] = []
    begun = 1
    lines = text_files.text(path).replace("\r\n", "\n").split("\n")
    for number, line in enumerate([*lines, ""], 1):
        fields = line.split()
        if not fields or fields[0] == SKIPPED:
            if words:
                yield f"line {begun}", words, tags
            words, tags, begun = [], [], number + 1
            continue
        if len(fields) < 2:
            raise ValueError(f"{path}, line {number}: {line.strip()!r} is a word without a tag: give both in each line")
        words.append(fields[0])
        tags.append(fields[-1])


def _objects(path: Path, words: str, tags: str) -> Iterator[tuple[str, list[str], list[str]]]:
    for number, line in enumerate(text_files.text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: not JSON ({error})") from error
        lists = []
        for name in (words, tags):
            if not isinstance(found, dict) or name not in found:
                named = ", ".join(map(str, found)) if isinstance(found, dict) else type(found).__name__
                raise ValueError(f"{path}, line {number}: {name!r} is not there, but {named}: name words and tags")
            value = found[name].split() if isinstance(found[name], str) else found[name]
            if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
                raise ValueError(
                    f"{path}, line {number}: {name!r} is no list of texts: give words as they are written, and tags by "
                    "name, as B-PER, not by number"
                )
            lists.append(value)
        if odd := [word for word in lists[0] if len(word.split()) != 1]:
            raise ValueError(f"{path}, line {number}: the word {odd[0]!r} is empty or has a blank in it: give one word")
        if lists[0]:
            yield f"line {number}", *lists


def in_iob2(tags: Sequence[str], where: str) -> list[str]:
    """Tags of a sentence in IOB2, of IOB1, IOB2, IOBES or BILOU. Raises ValueError, beginning with `where`, for others.

    >>> in_iob2(["I-PER", "I-PER", "O", "S-LOC", "B-LOC", "E-LOC"], "")
    ['B-PER', 'I-PER', 'O', 'B-LOC', 'B-LOC', 'I-LOC']
    """
    found, before = [], OUTSIDE
    for tag in tags:
        mark, dash, kind = tag.partition("-")
        mark = BEGINS.get(mark, mark)
        if tag != OUTSIDE and (mark not in "BI" or not (mark and dash and kind)):
            raise ValueError(
                f"{where}: the tag {text_files.shortened(tag)!r} is not {OUTSIDE}, B-TYPE or I-TYPE: entities are "
                "marked so"
            )
        follows = mark == "I" and before != OUTSIDE and before[2:] == kind
        found.append(OUTSIDE if tag == OUTSIDE else f"{'I' if follows else 'B'}-{kind}")
        before = found[-1]
    return found


def types(sentences: Iterable[str]) -> list[str]:
    """The types of entities in the tags of sentences, sorted."""
    return sorted({tag[2:] for tags in sentences for tag in tags.split() if tag != OUTSIDE})


def labels(kinds: Sequence[str]) -> tuple[str, ...]:
    """All tags that there are with entities of such types, as a model's classes.

    >>> labels(["LOC", "PER"])
    ('O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER')
    """
    return (OUTSIDE, *(f"{mark}-{kind}" for kind in kinds for mark in "BI"))


def encode(
    table: pd.DataFrame, tokenizer: PreTrainedTokenizerBase, max_length: int, names: Sequence[str]
) -> tuple[Examples, list[np.ndarray]]:
    """Sentences as examples cut at `max_length` tokens, and of each the places at which its words are tagged.

    names    of the classes, in the order of their numbers
    returns  examples whose `labels` is a sequence: the class of a word at its first token, IGNORED elsewhere; and n
             arrays (words,) of the positions of these tokens, -1 for a word that has none: one that is cut off, or that
             the tokenizer drops
    Raises ValueError as `examples.encode`.
    """
    require_room(tokenizer, max_length, pair=False)
    texts = table["first"].tolist()
    encoded = tokenizer(texts, truncation=True, max_length=max_length, return_offsets_mapping=True)
    number = {name: place for place, name in enumerate(names)}
    places, classes = [], []
    for text, offsets, tags in zip(texts, encoded["offset_mapping"], table["label"], strict=True):
        first = _first_tokens(text, np.array(offsets))
        row = torch.full((len(offsets),), IGNORED)
        for place, tag in zip(first, tags.split(), strict=True):
            if place >= 0:
                row[place] = number[tag]
        places.append(first)
        classes.append(row)
    sequences = as_sequences(encoded, tokenizer) | {"labels": classes}
    return Examples(sequences, {}, padding(tokenizer) | {"labels": IGNORED}), places


def _first_tokens(text: str, offsets: np.ndarray) -> np.ndarray:
    """The place of the first token of each word; offsets (tokens, 2) as of a tokenizer, empty for its own tokens."""
    word_of = np.cumsum([character == " " for character in text])
    first = np.full(word_of[-1] + 1, -1)
    for place, (begin, end) in enumerate(offsets):
        # A token may be, or begin with, the blank before its word: its last character tells which word it is of.
        if end > begin and first[word_of[end - 1]] < 0:
            first[word_of[end - 1]] = place
    return first


def told(scores: Sequence[np.ndarray], places: Sequence[np.ndarray], names: Sequence[str]) -> np.ndarray:
    """The tags that a model gives n sentences, (n,) texts; a word without a token has the tag O.

    scores  n arrays (tokens, classes)
    places  of `encode`
    """
    rows = []
    for each, first in zip(scores, places, strict=True):
        chosen = each.argmax(-1)
        rows.append(" ".join(names[chosen[place]] if place >= 0 else OUTSIDE for place in first))
    return np.array(rows, dtype=object)


def outside(sentences: Sequence[str]) -> np.ndarray:
    """As many tags O as each sentence has."""
    return np.array([" ".join([OUTSIDE] * len(tags.split())) for tags in sentences], dtype=object)


def scores(given: Sequence[str], right: Sequence[str]) -> dict[str, float]:
    """F1, precision and recall of entities, as fractions: right is one whose first and last word and type are right.

    given, right  n sentences of tags
    Entities are counted over all sentences, as CoNLL's script and seqeval count them: a tag I after O, or after one of
    another type, begins one. A score without anything to count is NaN.
    """
    counts = map(_counts, given, right)
    correct, found, there = map(sum, zip(*counts, strict=True))
    return {
        "entity_f1": _share(2 * correct, found + there),
        "entity_precision": _share(correct, found),
        "entity_recall": _share(correct, there),
    }


@lru_cache(maxsize=200_000)  # a bootstrap asks for the same sentences thousands of times
def _counts(given: str, right: str) -> tuple[int, int, int]:
    """Entities that are right, that are given and that there are, in one sentence."""
    from nervaluate import Evaluator

    answered, truth = given.split(), right.split()
    found = Evaluator([truth], [answered], tags=types([given, right]), loader="list").evaluate()["overall"]["strict"]
    return found.correct, found.actual, found.possible


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
