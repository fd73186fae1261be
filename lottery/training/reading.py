"""What readers say of examples: models, or exports of them in other programs' forms, called with a batch of inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from lottery.data.examples import Batch, Examples, sorted_batches

if TYPE_CHECKING:
    from lottery.models.timing import Reader


def read(
    reader: Reader,
    examples: Examples,
    said: Callable[[Any, Batch], torch.Tensor],
    *,
    device: torch.device | str = "cpu",
    batch_size: int = 64,
) -> np.ndarray:
    """What is said of n examples in their order, (n, k) float32, in the precision of the reader.

    said  (the reader's output, the batch) -> (batch, k)
    """
    return np.stack(rows(reader, examples, said, device=device, batch_size=batch_size))


def rows(
    reader: Reader,
    examples: Examples,
    said: Callable[[Any, Batch], torch.Tensor],
    *,
    device: torch.device | str = "cpu",
    batch_size: int = 64,
) -> list[np.ndarray]:
    """The same where it is as long as a batch: of tokens, said is (batch, longest, k), and n arrays (longest, k)."""
    found: list[np.ndarray] = [np.empty(0)] * len(examples)
    with torch.inference_mode():
        for positions in sorted_batches(examples.lengths, batch_size):
            batch = examples.inputs(positions, device)
            of_batch = said(reader(**batch), batch).float().cpu().numpy()
            for position, row in zip(positions, of_batch, strict=True):
                found[position] = row
    return found
