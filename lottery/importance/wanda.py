"""Wanda: a weight matters as much as its size times that of what it multiplies (Sun et al. 2023, arXiv:2306.11695).

A score tells of the output that its row makes: compare within rows.
"""

import torch

from lottery.importance import Moments, of_inputs

SEES_DATA = True


def score(weights: dict[str, torch.Tensor], moments: Moments, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """|weight| * root mean square of its input feature: {name: (out, in)}, >= 0, in units of the output.

    Section 3, equation 1, with a mean over tokens in the place of a sum, which ranks alike. Raises ValueError where the
    moments of a matrix are missing.
    """
    return {
        name: weight.detach().abs() * of_inputs(name, weight.detach(), moments).diagonal().sqrt()
        for name, weight in weights.items()
    }
