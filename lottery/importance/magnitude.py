"""Magnitude: a weight matters as much as it is far from zero (Han et al. 2015, arXiv:1506.02626)."""

import torch

from lottery.importance import Moments

SEES_DATA = False


def score(weights: dict[str, torch.Tensor], moments: Moments, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """|weight|: {name: same shape}, >= 0. Moments and generator are not looked at."""
    return {name: weight.detach().abs() for name, weight in weights.items()}
