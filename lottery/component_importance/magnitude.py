"""Magnitude: a component matters as much as its weights are large, on average."""

import torch
from transformers import PreTrainedModel

from lottery import models
from lottery.data.examples import Examples
from lottery.masks import Mask, Scores
from lottery.pruning import components


def score(model: PreTrainedModel, examples: Examples, kept: Mask, generator: torch.Generator) -> Scores:
    """Mean |weight| over each component's matrices. Neither the examples nor the generator are looked at."""
    weights = models.prunable(model, embeddings=False, pooler=False)
    sums = components.totals({name: weight.detach().abs() for name, weight in weights.items()}, model.config)
    each = components.parameters(model.config)
    return {name: total.cpu() / each[name] for name, total in sums.items()}
