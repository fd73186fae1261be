"""L0: weights are fine-tuned under random gates that learn to be 0 or 1 (Louizos et al. 2018, arXiv:1712.01312).

A gate is drawn from the hard concrete distribution: s = sigmoid((log u - log(1 - u) + score) / BETA) for u even in
(0, 1), stretched from (0, 1) to (LOW, HIGH) and cut off there. The regulariser is the chance that it is not 0.
"""

import math

import torch
from torch import Tensor

from lottery.mask_learning import Gates, sigmoid_pull
from lottery.masks import Scores

TITLE = "L0"
LEARNED, FROZEN, AIMED = True, False, False
START, STRENGTH = 2.197, 125.0  # a score at which sigmoid(score) is 0.9
PRESSING = "constant"
BETA, LOW, HIGH = 2 / 3, -0.1, 1.1
EDGE = 1e-4  # u is drawn between this and 1 less this


def gates(scores: Scores, sparsity: float, progress: float) -> Gates:
    """Gates drawn for a step, floats in [0, 1], and their slopes, 0 where they are cut off."""
    values, slopes = {}, {}
    for name, score in scores.items():
        even = torch.empty_like(score).uniform_(EDGE, 1 - EDGE)
        squashed = ((even.logit() + score.detach()) / BETA).sigmoid()
        stretched = LOW + (HIGH - LOW) * squashed
        values[name] = stretched.clamp(0, 1)
        inside = (stretched > 0) & (stretched < 1)
        slopes[name] = inside * (squashed - squashed.square()) * ((HIGH - LOW) / BETA)
    return Gates(values, slopes)


def settled(scores: Scores, sparsity: float) -> dict[str, Tensor]:
    """Gates without noise, as in the released code of Sanh et al. 2020: floats in [0, 1], some of them 0."""
    return {name: (LOW + (HIGH - LOW) * score.detach().sigmoid()).clamp(0, 1) for name, score in scores.items()}


def pull(score: Tensor) -> Tensor:
    """The derivative of the chance sigmoid(score - BETA log(-LOW / HIGH)) that a gate is not 0."""
    return sigmoid_pull(score - BETA * math.log(-LOW / HIGH))
