"""Questions answered by a span of a paragraph: windows of long paragraphs, and the answer in a model's scores of them.

The rules are those of the code of BERT for SQuAD v1.1 (Devlin et al. 2019, run_squad.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from lottery.data.examples import Examples, as_sequences, padding

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LONGEST_QUESTION = 64  # tokens of a question that are read
LONGEST_ANSWER = 30  # tokens of an answer


@dataclass(frozen=True)
class Windows:
    """n questions, each beside windows of its paragraph: w in all, a question's own one after another, left to right.

    examples    the w windows as a model takes them
    question    (w,) int, which of the n questions a window belongs to
    low, high   (w,) int, the window holds the tokens low to high - 1 of its paragraph
    place       (w,) int, where in the window the token `low` stands
    characters  n arrays (tokens, 2) int: where in its paragraph's text a token begins, and where it has ended
    """

    examples: Examples
    question: np.ndarray
    low: np.ndarray
    high: np.ndarray
    place: np.ndarray
    characters: list[np.ndarray]


def windows(table: pd.DataFrame, tokenizer: PreTrainedTokenizerBase, max_length: int) -> Windows:
    """A table with columns first (question) and second (paragraph), cut into windows of at most `max_length` tokens.

    A paragraph that does not fit beside its question is cut into overlapping windows, each as long as possible, each
    beginning max_length // 3 tokens after the one before: 128 for 384, BERT's `doc_stride`. (The `stride` of Hugging
    Face's tokenizers is the overlap of two windows, not this step.) Where the question leaves less room than that, the
    windows follow each other without overlap. Of a question the first 64 tokens are read.
    Raises ValueError where a question leaves no room for its paragraph.
    """
    question, low, high, place, characters = [], [], [], [], []
    sequences: dict[str, list[torch.Tensor]] = {}
    for row, (whole, parts, offsets) in enumerate(_encodings(table, tokenizer)):
        paragraph = np.flatnonzero(parts == 1)
        others = np.setdiff1d(np.flatnonzero(parts != 1), np.flatnonzero(parts == 0)[LONGEST_QUESTION:])
        before = int(np.searchsorted(others, paragraph[0])) if len(paragraph) else len(others)
        room = max_length - len(others)
        if room < 1:
            enough = LONGEST_QUESTION + tokenizer.num_special_tokens_to_add(pair=True) + 1
            raise ValueError(
                f"row {row + 1}: at max_length {max_length} the question {table['first'].iloc[row]!r} leaves no room "
                f"for its paragraph: it needs {len(others) + 1} tokens, and {enough} are enough for any question"
            )
        for begin in _begins(len(paragraph), room, step=max_length // 3):
            end = min(begin + room, len(paragraph))
            taken = torch.from_numpy(np.concatenate([others[:before], paragraph[begin:end], others[before:]]))
            for name, ids in whole.items():
                sequences.setdefault(name, []).append(ids[taken])
            question.append(row)
            low.append(begin)
            high.append(end)
            place.append(before)
        characters.append(offsets[paragraph])
    examples = Examples(sequences, {}, padding(tokenizer))
    return Windows(examples, *map(np.array, (question, low, high, place)), characters)


def _encodings(table, tokenizer) -> Iterator[tuple[dict[str, torch.Tensor], np.ndarray, np.ndarray]]:
    """For each row its tokens, which of the two texts each is of (-1: of none), and the characters it stands for."""
    # A thousand rows at a time: a tokenizer's own record of all of SQuAD would take gigabytes.
    for begin in range(0, len(table), 1000):
        rows = table.iloc[begin : begin + 1000]
        # A text longer than the model reads is cut into windows later: nothing to be warned of.
        encoded = tokenizer(rows["first"].tolist(), rows["second"].tolist(), verbose=False)
        sequences = as_sequences(encoded, tokenizer)
        for row in range(len(rows)):
            parts = [-1 if part is None else part for part in encoded.sequence_ids(row)]
            yield {name: ids[row] for name, ids in sequences.items()}, np.array(parts), np.array(encoded[row].offsets)


def _begins(tokens: int, room: int, *, step: int) -> range:
    """First tokens of the windows of `room` tokens that cover a paragraph; the last one reaches its end."""
    step = max(1, min(step, room))
    return range(0, max(tokens - room, 0) + step, step)


def encode(table: pd.DataFrame, tokenizer: PreTrainedTokenizerBase, max_length: int) -> Examples:
    """A table with columns first (question), second (paragraph), answer and start, as examples: one for each window.

    start  character of `second` at which the answer begins
    Beside start_positions and end_positions, (w,) token positions, nothing is told; they are 0, the position of [CLS],
    in a window that does not hold the whole answer. Windows are examples like any other: a long paragraph weighs as
    many times in training, in the number of steps of an epoch and in a mean loss as it has windows.
    Raises ValueError where an answer does not stand at its start, and as `windows` does.
    """
    read = windows(table, tokenizer, max_length)
    spans = []
    rows = zip(table["second"], table["answer"], table["start"], strict=True)
    for row, (paragraph, answer, start) in enumerate(rows):
        if start < 0 or not paragraph.startswith(answer, start):
            raise ValueError(
                f"row {row + 1}: the answer {answer!r} to {table['first'].iloc[row]!r} does not stand at character "
                f"{start} of its paragraph, where {paragraph[max(start, 0) :][: len(answer)]!r} does"
            )
        # Tokens that overlap the answer: it may begin with a blank or inside a word, and end so.
        begins, ends = read.characters[row].T
        overlapping = np.flatnonzero((ends > start) & (begins < start + len(answer)))
        spans.append(overlapping[[0, -1]] if len(overlapping) else (-1, -1))
    first, last = np.array(spans)[read.question].T
    held = (read.low <= first) & (last < read.high)
    positions = {"start_positions": first, "end_positions": last}
    return replace(
        read.examples,
        numbers={
            name: torch.from_numpy(np.where(held, read.place + at - read.low, 0)) for name, at in positions.items()
        },
    )


def answers(
    paragraphs: Sequence[str],
    read: Windows,
    starts: list[np.ndarray],
    ends: list[np.ndarray],
    *,
    longest: int = LONGEST_ANSWER,
) -> list[str]:
    """To each question the highest-scoring span over all windows of its paragraph, in the paragraph's own characters.

    paragraphs    n texts, as they were cut into windows
    starts, ends  w arrays (length,) of a model's scores of each token of a window as first and as last of the answer
    longest       tokens an answer may have at most

    A span's score is that of its start and of its end in the same window. A token is a start only in the window where
    it has the most context: the smaller number of the paragraph's tokens to its left and right there, and a hundredth
    of the window's number of them; at a tie in the first such window. Among equal scores the first window's first start
    and end are taken. BERT's code looks at the 20 best starts and ends of a window only, this at all. A paragraph
    without tokens has the answer "".
    """
    best = np.full(len(paragraphs), -np.inf)
    texts = [""] * len(paragraphs)
    for window, fullest in enumerate(_fullest(read)):
        row, low, high, place = (of[window] for of in (read.question, read.low, read.high, read.place))
        if low == high:
            continue
        inside = slice(place, place + high - low)
        start = np.where(fullest, starts[window][inside], -np.inf)
        end = np.pad(ends[window][inside], (0, longest - 1), constant_values=-np.inf)
        total = start[:, None] + np.lib.stride_tricks.sliding_window_view(end, longest)
        first, more = np.unravel_index(total.argmax(), total.shape)
        if total[first, more] > best[row]:
            best[row] = total[first, more]
            begin, stop = read.characters[row][[low + first, low + first + more], [0, 1]]
            texts[row] = paragraphs[row][begin:stop]
    return texts


def _fullest(read: Windows) -> list[np.ndarray]:
    """For each window, which of its paragraph's tokens have more context in it than in any other window."""
    chosen = []
    for row, characters in enumerate(read.characters):
        own = np.flatnonzero(read.question == row)
        low, high = read.low[own, None], read.high[own, None]
        token = np.arange(len(characters))
        context = np.minimum(token - low, high - 1 - token) + 0.01 * (high - low)
        fullest = own[np.where((low <= token) & (token < high), context, -np.inf).argmax(0)]
        chosen += [fullest[read.low[window] : read.high[window]] == window for window in own]
    return chosen
