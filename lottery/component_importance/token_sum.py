"""Sensitivity, token by token, summed: the importance of super tickets (Liang et al. 2021, arXiv:2105.12002).

At one token the gradient of a gate is the product of the component's output with the loss's gradient by that output. An
example counts with the sum of these products' sizes over its tokens, so that a long one counts more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from lottery.data.examples import Examples
from lottery.masks import Mask, Scores
from lottery.pruning import sensitivity

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TITLE = "sum over tokens (Liang)"


def score(model: PreTrainedModel, examples: Examples, kept: Mask, generator: torch.Generator) -> Scores:
    """Mean over the examples of the sum over their tokens. The generator is not drawn from."""
    return {name: sizes.mean(0) for name, sizes in sensitivity.per_token(model, examples, kept).items()}
