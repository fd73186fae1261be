"""Random: no component matters more than another; the chance level of every score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from lottery.data.examples import Examples
from lottery.masks import NEURONS, Mask, Scores
from lottery.pruning import components

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TITLE = "random"


def score(model: PreTrainedModel, examples: Examples, kept: Mask, generator: torch.Generator) -> Scores:
    """Uniform in [0, 1), drawn again at every call."""
    shapes = components.shapes(model.config, neurons=NEURONS in kept)
    return {name: torch.rand(shape, generator=generator) for name, shape in shapes.items()}
