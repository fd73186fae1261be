"""BiLSTM: a sentence is the largest value of each state of two LSTMs, which read it forwards and backwards (GLUE).

Source: Wang et al. 2019 (GLUE, arXiv:1804.07461), section on baselines; theirs has two layers of 1500 states a
direction, this one has one layer, as wide as the embeddings.
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lottery.baselines import Classifier

TITLE = "BiLSTM"


def build(*, vocabulary: int, outputs: int, width: int, pair: bool, separator: int) -> Classifier:
    """The classifier over largest states, its weights drawn from torch's generator; arguments as for `Classifier`."""
    return Classifier(
        LargestStates(width),
        2 * width,
        vocabulary=vocabulary,
        outputs=outputs,
        width=width,
        pair=pair,
        separator=separator,
    )


class LargestStates(nn.Module):
    """A BiLSTM of `width` states a direction, and the maximum of each over a sentence (Conneau et al. 2017)."""

    def __init__(self, width: int):
        super().__init__()
        self.lstm = nn.LSTM(width, width, batch_first=True, bidirectional=True)

    def forward(self, embeddings: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """(b, n, width), of which the first few, (b, n) bool, are words -> (b, 2 * width); 0 without words."""
        lengths = words.sum(1)
        # Packed, so that the reading backwards begins at the last word; the LSTM takes no empty sequence.
        packed = pack_padded_sequence(embeddings, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=words.shape[1])
        largest = states.masked_fill(~words[..., None], -torch.inf).amax(1)
        return largest.where(lengths[:, None] > 0, 0)
