"""Magnitude: a component matters as much as its weights are large, on average."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from lottery.data.examples import Examples
from lottery.masks import Mask, Scores
from lottery.models import families
from lottery.pruning import components

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TITLE = "size of the weights"


def score(model: PreTrainedModel, examples: Examples, kept: Mask, generator: torch.Generator) -> Scores:
    """Mean |weight| over each component's matrices. Neither the examples nor the generator are looked at."""
    weights = families.prunable(model, embeddings=False, pooler=False)
    sums = components.totals({name: weight.detach().abs() for name, weight in weights.items()}, model.config)
    each = components.parameters(model.config)
    return {name: sums[name].cpu() / each[name] for name in kept}
