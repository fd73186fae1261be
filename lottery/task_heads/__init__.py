"""Heads over an encoder for a task: one file each, with `build(source, task, tokenizer, *, released=False)`.

What it returns takes a task's batches and answers as a stock model does. TRAINED says whether the head is trained with
the model; one that is not is made from the pre-trained model's own words for the labels (Jiang et al. 2023,
arXiv:2210.06210, section 4.2).
"""

import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from lottery.tasks import Task


def label_tokens(task: Task, tokenizer: PreTrainedTokenizerBase, *, released: bool = False) -> list[int]:
    """The tokens of a task's label words, in the order of its labels; of its first row of single-token words.

    released  True: the words as the released code of Jiang et al. 2023 assigns them to the labels, where that differs

    A word is encoded as it stands inside a text, behind a blank, which is a part of RoBERTa's tokens.
    Raises ValueError for a task without label words, and where the tokenizer splits a word of every row.
    """
    rows = getattr(task, "RELEASED_WORDS", task.WORDS) if released else task.WORDS
    if not rows:
        raise ValueError(
            f"{task.TITLE} has no label words, so that no head can be made of them: give the head 'random', which is "
            "trained"
        )
    for row in rows:
        pieces = tokenizer([f" {word}" for word in row], add_special_tokens=False)["input_ids"]
        if all(len(own) == 1 and own[0] != tokenizer.unk_token_id for own in pieces):
            return [own[0] for own in pieces]
    words = "; or ".join(", ".join(row) for row in rows)
    raise ValueError(
        f"the label words of {task.TITLE} ({words}) are not single tokens of this model: give the head 'random', which "
        "is trained"
    )


@torch.no_grad()
def linear(weight: torch.Tensor, bias: torch.Tensor | None = None) -> nn.Linear:
    """The linear map of these rows, (out, in), and biases, (out,), copied; torch's generator is not drawn from."""
    layer = nn.utils.skip_init(nn.Linear, weight.shape[1], len(weight), bias=bias is not None)
    layer.weight.copy_(weight)
    if bias is not None:
        layer.bias.copy_(bias)
    return layer
