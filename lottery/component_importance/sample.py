"""Sensitivity, example by example: the mean of |dL/dxi|, as Prasanna et al. 2020 state it (arXiv:2005.00561)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from lottery.data.examples import Examples
from lottery.masks import Mask, Scores
from lottery.pruning import sensitivity

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TITLE = "each example"


def score(model: PreTrainedModel, examples: Examples, kept: Mask, generator: torch.Generator) -> Scores:
    """Mean over the examples of the size of each one's gradient. The generator is not drawn from."""
    return of(sensitivity.per_example(model, examples, kept))


def of(gradients: Scores) -> Scores:
    """The same of the gradients of single examples, (n, ...)."""
    return {name: gradient.abs().mean(0) for name, gradient in gradients.items()}
