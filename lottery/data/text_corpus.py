"""Plain text to pre-train on: a sentence a line, documents apart by blank lines, as BERT's own scripts take it."""

import re
from itertools import groupby
from pathlib import Path

from lottery import files
from lottery.data import text_files

HELD_OUT_EVERY = 20  # of the documents this one, in their order, is kept from training
FEWEST = 2 * HELD_OUT_EVERY  # documents, so that two are held out, as pairs of passages need

# A sentence ends at a stop, perhaps in quotes or brackets, before a blank and what may begin a sentence. Not after
# somebody's initial, and not after what is shortened before a name or a number.
END = re.compile(r"""(?<=[.!?])["'”’)\]]*\s+(?=["'“‘(\[]?[A-Z0-9])""")
SHORTENED = re.compile(r"(?:\b[A-Z]|\b(?:Mr|Mrs|Ms|Dr|Prof|St|Mt|Gen|Col|Lt|Capt|Sgt|Rev|Gov|Sen|No|vs|ca?|approx))\.$")


def read(path: Path) -> list[list[str]]:
    """The documents of a UTF-8 file, or of all .txt files of a folder and those in it: lists of sentences, in order.

    A document ends with its file; hidden files are left out. A document that comes again is read once, and one of a
    single sentence is left out, since there is no second passage to it. Raises FileNotFoundError, or ValueError saying
    what is wrong, where that is no text in UTF-8 or leaves fewer than FEWEST documents.
    """
    inside = files.visible(path, "**/*.txt") if path.is_dir() else [path]
    if not inside:
        raise ValueError(f"the folder {path} holds no .txt file: give one, or a folder with text in .txt files")
    whole = [document for file in inside for document in _documents(file)]
    documents = [list(document) for document in dict.fromkeys(whole) if len(document) > 1]
    if len(documents) < FEWEST:
        raise ValueError(
            f"{path} has {len(documents)} different documents of two sentences or more, and at least {FEWEST} are "
            "needed: give more text, one sentence a line, with a blank line between documents"
        )
    return documents


def _documents(file: Path) -> list[tuple[str, ...]]:
    lines = [" ".join(line.split()) for line in text_files.text(file).split("\n")]
    return [tuple(some) for told, some in groupby(lines, key=bool) if told]


def split(documents: list[list[str]]) -> tuple[list[list[str]], list[list[str]]]:
    """The documents to train on, and those held out: the HELD_OUT_EVERY-th, twice that, and so on."""
    train = [document for number, document in enumerate(documents, 1) if number % HELD_OUT_EVERY]
    return train, documents[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]


def sentences(paragraph: str) -> list[str]:
    """The paragraph's sentences, by a rule of capitals, stops and a few shortened words: it errs at times.

    >>> sentences("Dr. No is by J. B. Smith. It costs 3.50 dollars!")
    ['Dr. No is by J. B. Smith.', 'It costs 3.50 dollars!']
    """
    ended: list[str] = []
    begin = 0
    for end in END.finditer(paragraph):
        if not SHORTENED.search(paragraph[begin : end.start()]):
            ended.append(paragraph[begin : end.end()])
            begin = end.end()
    return [" ".join(sentence.split()) for sentence in (*ended, paragraph[begin:]) if sentence.strip()]


def written(documents: list[list[str]]) -> str:
    """The documents in the form that `read` takes."""
    return "\n".join("".join(f"{sentence}\n" for sentence in document) for document in documents)
