"""Sensitivity, batch by batch: |dL/dxi| of the mean loss of a batch, as code after Michel et al. 2019 often takes it.

Within a batch gradients of opposite sign cancel, so the score depends on which examples share a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from lottery.data.examples import Examples
from lottery.masks import Mask, Scores
from lottery.pruning import sensitivity

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TITLE = "each batch"
TOGETHER = 64  # examples of a batch, in the order of the data, as in the released code of Prasanna et al. 2020


def score(model: PreTrainedModel, examples: Examples, kept: Mask, generator: torch.Generator) -> Scores:
    """Mean over the batches of the size of each one's gradient. The generator is not drawn from."""
    return of(sensitivity.per_example(model, examples, kept))


def of(gradients: Scores, together: int = TOGETHER) -> Scores:
    """The same of the gradients of single examples, (n, ...), in the order of the data."""
    return {
        name: torch.stack([part.mean(0).abs() for part in gradient.split(together)]).mean(0)
        for name, gradient in gradients.items()
    }
