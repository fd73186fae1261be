"""Sensitivity, token by token, summed: the importance of super tickets (Liang et al. 2021, arXiv:2105.12002).

What a gate's gradient is at one token is the product of the component's output there with the loss's gradient by it. An
example counts with the sum of its tokens' sizes, the longer one with more.
"""

import torch
from transformers import PreTrainedModel

from lottery import sensitivity
from lottery.examples import Examples
from lottery.masks import Mask, Scores


def score(model: PreTrainedModel, examples: Examples, kept: Mask, generator: torch.Generator) -> Scores:
    """Mean over the examples of the sum over their tokens. The generator is not drawn from."""
    return {name: sizes.mean(0) for name, sizes in sensitivity.per_token(model, examples, kept).items()}
