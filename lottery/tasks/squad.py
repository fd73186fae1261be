"""SQuAD v1.1: which words of a paragraph answer the question? (Rajpurkar et al. 2016, arXiv:1606.05250)."""

import json
import re
import string
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel, ValidationError

TITLE = "SQuAD"
KIND = "span"
LABELS = ()
WORDS = (("Yes", "No"), ("yes", "no"))
PAIR = True
METRIC = "f1"
FOLDER = "SQuAD"


class _Answer(BaseModel):
    text: str
    answer_start: int


class _Question(BaseModel):
    id: str
    question: str
    answers: list[_Answer]


class _Paragraph(BaseModel):
    context: str
    qas: list[_Question]


class _Article(BaseModel):
    paragraphs: list[_Paragraph]


class _File(BaseModel):
    data: list[_Article]


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Train and dev of v1.1 as published: columns first (question), second (paragraph), answer, start, answers.

    start    character of `second` at which the first answer begins
    answers  tuple of all accepted answers
    Raises FileNotFoundError, or ValueError naming file and question for what is not as in v1.1.
    """
    return {split: read_file(folder / f"{split}-v1.1.json") for split in ("train", "dev")}


def read_file(path: Path) -> pd.DataFrame:
    """One file of v1.1, as a split of `read`; it raises what `read` raises."""
    rows = [_row(question, paragraph.context, path) for paragraph in _paragraphs(path) for question in paragraph.qas]
    if not rows:
        raise ValueError(f"{path} holds no question: it has to be a file of SQuAD v1.1")
    return pd.DataFrame(rows)


def contexts(path: Path) -> list[str]:
    """The different paragraphs of a file of SQuAD, of version 1.1 or 2, in order; it raises what `read` raises."""
    paragraphs = list(dict.fromkeys(paragraph.context for paragraph in _paragraphs(path)))
    if not paragraphs:
        raise ValueError(f"{path} holds no paragraph: it has to be a file of SQuAD")
    return paragraphs


def _paragraphs(path: Path) -> list[_Paragraph]:
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}: data_dir has to hold the files of SQuAD v1.1")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a UTF-8 file as SQuAD v1.1 is published: {error}") from error
    try:
        articles = _File.model_validate_json(text, strict=True).data
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{path} is not laid out as SQuAD v1.1: {_place(text, first['loc'])}{first['msg']}") from error
    return [paragraph for article in articles for paragraph in article.paragraphs]


def _place(text: str, steps: tuple[str | int, ...]) -> str:
    """The id of the question and the path in the file to which an error belongs, where they are known."""
    if not steps:
        return ""
    asked = ""
    part = json.loads(text)
    for step in steps:
        if isinstance(part, dict) and "id" in part:
            asked = f"question {part['id']!r}, "
        part = part.get(step) if isinstance(part, dict) else part[step]
    return f"{asked}{'.'.join(map(str, steps))}: "


def _row(question: _Question, paragraph: str, path: Path) -> dict:
    where = f"{path}, question {question.id!r}"
    if not question.answers:
        raise ValueError(f"{where} has no answer, as in SQuAD 2: give the files of v1.1, where each question has one")
    for answer in question.answers:
        if not answer.text.strip():
            raise ValueError(f"{where}: an answer is empty, where each has to be words of the paragraph")
        if answer.answer_start < 0 or not paragraph.startswith(answer.text, answer.answer_start):
            raise ValueError(
                f"{where}: the answer {answer.text!r} does not stand at character {answer.answer_start} of its "
                f"paragraph of {len(paragraph)} characters"
            )
    first = question.answers[0]
    return {
        "first": question.question,
        "second": paragraph,
        "answer": first.text,
        "start": first.answer_start,
        "answers": tuple(answer.text for answer in question.answers),
    }


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
