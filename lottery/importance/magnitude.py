"""Magnitude: a weight matters as much as it is far from zero (Han et al. 2015, arXiv:1506.02626)."""

import torch


def score(weights: dict[str, torch.Tensor], generator: torch.Generator) -> dict[str, torch.Tensor]:
    """|weight|: {name: same shape}, >= 0. The generator is not drawn from."""
    return {name: weight.detach().abs() for name, weight in weights.items()}
