"""Baselines: classifiers learnt from a task's training set alone, one file each for a way to read a sentence.

A file has TITLE, as a reader knows it, and `build(*, vocabulary, outputs, width, pair, separator)`, the arguments as
for `Classifier`. What it returns takes the batches of `examples` and answers as a stock model does, so that the same
loops train and score it.
"""

from collections.abc import Callable

import torch
from torch import nn
from transformers.modeling_outputs import SequenceClassifierOutput

DROPOUT = 0.2  # as in GLUE's baselines


class Classifier(nn.Module):
    """An MLP with one hidden layer over a sentence's vector u, or over [u; v; |u - v|; u * v] of a pair's two vectors.

    encoder     ((b, n, width) embeddings, (b, n) bool, True where a word is) -> (b, size) vectors; in each row the
                words come first
    size        of a sentence's vector
    vocabulary  number of tokens
    outputs     number of labels; 1 means a regression, with the squared error as its loss
    width       of the embeddings and of the hidden layer
    pair        whether the examples are pairs
    separator   the token that follows each sentence; it tells u from v, with or without token types

    The words of a sentence are its tokens without the first of the sequence, separators and padding. Source: Wang et
    al. 2019 (GLUE, arXiv:1804.07461), baselines; their embeddings are GloVe's, these begin at random and are learnt.
    """

    def __init__(
        self,
        encoder: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        size: int,
        *,
        vocabulary: int,
        outputs: int,
        width: int,
        pair: bool,
        separator: int,
    ):
        super().__init__()
        self.embeddings = nn.Embedding(vocabulary, width)
        self.encoder = encoder
        self.head = nn.Sequential(
            nn.Dropout(DROPOUT),
            nn.Linear(4 * size if pair else size, width),
            nn.Tanh(),
            nn.Dropout(DROPOUT),
            nn.Linear(width, outputs),
        )
        self.pair, self.separator = pair, separator

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.embeddings.weight.device

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
    ) -> SequenceClassifierOutput:
        """Logits (b, outputs), and with labels (b,) their mean loss; the token types are not looked at."""
        ends = input_ids == self.separator
        words = attention_mask.bool() & ~ends
        words[:, 0] = False
        if self.pair:
            behind = ends.cumsum(1) > 0
            u, v = (self._vectors(input_ids, words & part) for part in (~behind, behind))
            logits = self.head(torch.cat([u, v, (u - v).abs(), u * v], 1))
        else:
            logits = self.head(self._vectors(input_ids, words))
        return SequenceClassifierOutput(loss=None if labels is None else self._loss(logits, labels), logits=logits)

    def _vectors(self, ids: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        order = words.int().argsort(dim=1, descending=True, stable=True)
        return self.encoder(self.embeddings(ids.gather(1, order)), words.gather(1, order))

    def _loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        if logits.shape[1] == 1:
            return nn.functional.mse_loss(logits[:, 0], labels)
        return nn.functional.cross_entropy(logits, labels)
