"""Random: no weight matters more than another; the chance level of every importance score."""

import torch

from lottery.importance import Moments

SEES_DATA = False


def score(weights: dict[str, torch.Tensor], moments: Moments, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Uniform in [0, 1), drawn in the order of the names on the generator's device: {name: same shape}.

    A generator seeded alike gives the same scores, so that masks of rising sparsity are nested.
    """
    return {
        name: torch.rand(weights[name].shape, generator=generator, device=generator.device).to(weights[name].device)
        for name in sorted(weights)
    }
