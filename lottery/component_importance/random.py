"""Random: no component matters more than another; the chance level of every score."""

import torch
from transformers import PreTrainedModel

from lottery.data.examples import Examples
from lottery.masks import Mask, Scores
from lottery.pruning import components


def score(model: PreTrainedModel, examples: Examples, kept: Mask, generator: torch.Generator) -> Scores:
    """Uniform in [0, 1), drawn anew at every call."""
    return {name: torch.rand(shape, generator=generator) for name, shape in components.shapes(model.config).items()}
