"""Sensitivity as the released code of Prasanna et al. 2020 computes it: gradients that are never set back to zero.

To the score is added, after every batch, the size of the *sum* of all gradients so far. It depends on the order of the
data, and lets signs cancel over the whole set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from lottery.component_importance.batch import TOGETHER
from lottery.data.examples import Examples
from lottery.masks import Mask, Scores
from lottery.pruning import sensitivity

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TITLE = "running sum (released)"


def score(model: PreTrainedModel, examples: Examples, kept: Mask, generator: torch.Generator) -> Scores:
    """Mean over the batches of the size of the sum of all gradients up to each. The generator is not drawn from."""
    return of(sensitivity.per_example(model, examples, kept))


def of(gradients: Scores, together: int = TOGETHER) -> Scores:
    """The same of the gradients of single examples, (n, ...), in the order of the data."""
    return {
        name: torch.stack([part.mean(0) for part in gradient.split(together)]).cumsum(0).abs().mean(0)
        for name, gradient in gradients.items()
    }
