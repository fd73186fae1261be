"""Sensitivity, token by token: as the released code of Michel et al. 2019 (arXiv:1905.10650) computes it.

Every token of every example has a gate of its own. The sizes of their gradients are summed, and divided by the number
of tokens; of the last layer by that of examples, because behind a classifier only its first token has a gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from lottery.data.examples import Examples
from lottery.masks import Mask, Scores
from lottery.pruning import sensitivity

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TITLE = "each token (Michel)"


def score(model: PreTrainedModel, examples: Examples, kept: Mask, generator: torch.Generator) -> Scores:
    """Mean over the tokens of the size of each one's gradient. The generator is not drawn from."""
    tokens = int(examples.lengths.sum())
    scores = {name: sizes.sum(0) / tokens for name, sizes in sensitivity.per_token(model, examples, kept).items()}
    for sizes in scores.values():
        sizes[-1] *= tokens / len(examples)
    return scores
