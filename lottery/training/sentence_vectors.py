"""Sentences as vectors, made by an encoder without any head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from lottery.data.examples import Examples, sorted_batches
from lottery.models.pooling import Pooling
from lottery.training import evaluating

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def vectors(model: PreTrainedModel, examples: Examples, pooling: Pooling, *, batch_size: int = 256) -> np.ndarray:
    """The vectors of n sentences in their order, of length 1: (n, width), float32; one of zeros stays so.

    pooling  "mean": of the vectors of all tokens, special ones included; "first": that of the first token; "max": of
             each feature the largest value of all tokens (Reimers & Gurevych 2019, arXiv:1908.10084, section 3)
    """
    rows = np.empty((len(examples), model.config.hidden_size), dtype=np.float32)
    with evaluating(model):
        for positions in sorted_batches(examples.lengths, batch_size):
            batch = {name: tensor.to(model.device) for name, tensor in examples.batch(positions).items()}
            batch = {name: tensor for name, tensor in batch.items() if name not in examples.numbers}
            hidden = model(**batch).last_hidden_state.float()
            mask = batch["attention_mask"].unsqueeze(-1)
            if pooling == "mean":
                pooled = (hidden * mask).sum(1) / mask.sum(1)
            elif pooling == "max":
                pooled = hidden.masked_fill(mask == 0, -torch.inf).amax(1)
            else:
                pooled = hidden[:, 0]
            rows[positions] = torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy()
    return rows


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The cosine of each vector of `vectors` with the one in the same place: (n,), in [-1, 1]."""
    return (one * other).sum(axis=1)
