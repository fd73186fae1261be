"""Questions answered by a span of a paragraph: examples with start and end, and answers from a model's scores."""

import numpy as np
import pandas as pd
import torch
from transformers import PreTrainedTokenizerBase

from lottery.examples import Examples, as_sequences, padding


def encode(table: pd.DataFrame, tokenizer: PreTrainedTokenizerBase, max_length: int) -> Examples:
    """A table with columns first (question), second (paragraph), answer and start, as examples.

    The paragraph is cut at `max_length` tokens in all; an answer that is cut away is told as position 0, as in BERT
    (Devlin et al. 2019). Beside start_positions and end_positions, (n,) token positions, nothing is told.
    """
    encoded = _tokens(table, tokenizer, max_length)
    begins, ends = [], []
    for row, (answer, start) in enumerate(zip(table["answer"], table["start"], strict=True)):
        last = start + len(answer) - 1
        begins.append(encoded.char_to_token(row, start, sequence_index=1) or 0)
        ends.append(encoded.char_to_token(row, last, sequence_index=1) or 0)
        if not begins[-1] or not ends[-1]:
            begins[-1] = ends[-1] = 0
    positions = {"start_positions": torch.tensor(begins), "end_positions": torch.tensor(ends)}
    return Examples(as_sequences(encoded, tokenizer), positions, padding(tokenizer))


def _tokens(table: pd.DataFrame, tokenizer: PreTrainedTokenizerBase, max_length: int):
    questions, paragraphs = table["first"].tolist(), table["second"].tolist()
    return tokenizer(questions, paragraphs, truncation="only_second", max_length=max_length)


def answers(
    table: pd.DataFrame,
    tokenizer: PreTrainedTokenizerBase,
    max_length: int,
    starts: list[np.ndarray],
    ends: list[np.ndarray],
    *,
    longest: int = 30,
) -> list[str]:
    """The highest-scoring span of each paragraph, in its own characters.

    starts, ends  n arrays (length,) of a model's scores of each token as first and last of the answer
    longest       tokens an answer may have at most (30 in BERT's code)
    """
    encoded = _tokens(table, tokenizer, max_length)
    found = []
    for row, paragraph in enumerate(table["second"]):
        inside = [place for place, part in enumerate(encoded.sequence_ids(row)) if part == 1]
        if not inside:  # a paragraph without words
            found.append("")
            continue
        low, high = inside[0], inside[-1] + 1
        total = starts[row][low:high, None] + ends[row][None, low:high]
        ordered = np.triu(np.ones_like(total, dtype=bool)) & ~np.triu(np.ones_like(total, dtype=bool), longest)
        first, last = np.unravel_index(np.where(ordered, total, -np.inf).argmax(), total.shape)
        begin = encoded.token_to_chars(row, low + int(first)).start
        end = encoded.token_to_chars(row, low + int(last)).end
        found.append(paragraph[begin:end])
    return found
