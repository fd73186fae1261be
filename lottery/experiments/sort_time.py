"""How long it takes to choose a mask by sorting, all scores at once or those of each matrix."""

import time
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from transformers import BertConfig, BertModel

from lottery.models import families, state
from lottery.store import Count, Run, Size, parameters

HEAD_SIZE = 64  # as in every BERT


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
        shape = {
            "num_hidden_layers": self.layers,
            "hidden_size": self.width,
            "num_attention_heads": self.width // HEAD_SIZE,
            "intermediate_size": 4 * self.width,
        }
        weights = families.prunable(BertModel(BertConfig(**shape)), embeddings=False, pooler=False)
        scores = [weight.detach().flatten() for weight in weights.values()]
        ways: dict[str, Callable[[], object]] = {
            "together_seconds": lambda: torch.cat(scores).sort(),
            "each_seconds": lambda: [each.sort() for each in scores],
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(1 + self.rounds):
            for name, way in ways.items():
                began = time.perf_counter()
                way()
                times[name].append(time.perf_counter() - began)
        fastest = {name: min(seconds[1:]) for name, seconds in times.items()}
        return {**fastest, "scores": state.size(scores)}
