"""Sensitivity, token by token, summed, as the released code of Liang et al. 2021 does: gradients never set back to 0.

To the score is added, after every batch, the sum of the sizes in it and in all before it. So of B batches the first
counts B times and the last one once: the score depends on the order of the data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from lottery.data.examples import Examples
from lottery.masks import Mask, Scores
from lottery.pruning import sensitivity

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TITLE = "running sum over tokens (released by Liang)"
TOGETHER = 32  # examples of a batch, in the order of the data, as in the released scripts


def score(model: PreTrainedModel, examples: Examples, kept: Mask, generator: torch.Generator) -> Scores:
    """Mean over the batches of the sum of the means of all up to each. The generator is not drawn from."""
    return of_sizes(sensitivity.per_token(model, examples, kept))


def of_sizes(sizes: Scores, together: int = TOGETHER) -> Scores:
    """The same of the sums of single examples, (n, ...), in the order of the data."""
    return {
        name: torch.stack([part.mean(0) for part in size.split(together)]).cumsum(0).mean(0)
        for name, size in sizes.items()
    }
