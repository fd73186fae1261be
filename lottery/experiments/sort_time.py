"""How long it takes to choose a mask by sorting, all scores at once or those of each matrix."""

from typing import Any, ClassVar

import torch
from transformers import BertModel

from lottery.experiments.step_time import bert, fastest
from lottery.models import families
from lottery.store import Count, Run, Size, parameters


@parameters
class SortTime:
    """The scores of a BERT of random weights sorted in two ways, in turns, as published implementations do.

    One ranking of all scores is Jiang et al. 2023's masking function G, one of each matrix their L (section 4.1). What
    it finds is a time, which another machine does not find again.
    """

    version: ClassVar[int] = 1
    layers: Size
    width: Size  # of the stream, a multiple of 64; that of the feed-forward network is four times this, as in BERT
    rounds: Size  # sorts of each kind, after one that does not count
    seed: Count

    def perform(self, run: Run) -> dict[str, Any]:
        """The fastest sorts, for other programs only slow down: `together_seconds`, `each_seconds`; `scores` sorted."""
        torch.manual_seed(self.seed)
        weights = families.prunable(BertModel(bert(self.layers, self.width)), embeddings=False, pooler=False)
        scores = [weight.detach().flatten() for weight in weights.values()]
        seconds = fastest(
            {
                "together_seconds": lambda: torch.cat(scores).sort(),
                "each_seconds": lambda: [each.sort() for each in scores],
            },
            self.rounds,
        )
        return {**seconds, "scores": sum(each.numel() for each in scores)}
