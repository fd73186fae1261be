"""SQuAD v1.1: which words of a paragraph answer the question? (Rajpurkar et al. 2016, arXiv:1606.05250)."""

import json
import re
import string
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

TITLE = "SQuAD"
KIND = "span"
LABELS = ()
PAIR = True
METRIC = "f1"
FOLDER = "SQuAD"


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Train and dev of v1.1 as published: columns first (question), second (paragraph), answer, start, answers.

    start    character of `second` at which the first answer begins
    answers  tuple of all accepted answers
    """
    return {split: _read_file(folder / f"{split}-v1.1.json") for split in ("train", "dev")}


def _read_file(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}: --data-dir has to hold the files of SQuAD v1.1")
    return pd.DataFrame(
        {
            "first": question["question"],
            "second": paragraph["context"],
            "answer": question["answers"][0]["text"],
            "start": question["answers"][0]["answer_start"],
            "answers": tuple(answer["text"] for answer in question["answers"]),
        }
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    )


def metrics(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Mean F1 over words, the reported score, and share of exact matches, each against the best accepted answer.

    predictions  n answer texts
    labels       n tuples of accepted answers
    Answers are compared in lower case without punctuation, articles and extra blanks, as the official script does.
    """
    pairs = list(zip(predictions, labels, strict=True))
    return {
        "f1": float(np.mean([max(_word_f1(given, right) for right in accepted) for given, accepted in pairs])),
        "exact_match": float(np.mean([_words(given) in map(_words, accepted) for given, accepted in pairs])),
    }


def _words(text: str) -> list[str]:
    bare = "".join(character for character in text.lower() if character not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", bare).split()


def _word_f1(given: str, right: str) -> float:
    given_words, right_words = _words(given), _words(right)
    common = (Counter(given_words) & Counter(right_words)).total()
    return 2 * common / (len(given_words) + len(right_words)) if common else 0.0
