"""CBOW: a sentence is the mean of its words' embeddings, in whatever order they stand (Wang et al. 2019, GLUE).

Source: arXiv:1804.07461, section on baselines. Their code divides the sum by the length of the batch's longest
sentence (`BoWSentEncoder`, which says so in a comment); here it is divided by the number of the sentence's own words.
"""

import torch

from lottery.baselines import Classifier

TITLE = "bag of words"


def build(*, vocabulary: int, outputs: int, width: int, pair: bool, separator: int) -> Classifier:
    """The classifier over means, its weights drawn from torch's generator; arguments as for `Classifier`."""
    return Classifier(mean, width, vocabulary=vocabulary, outputs=outputs, width=width, pair=pair, separator=separator)


def mean(embeddings: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
    """(b, n, width), of which (b, n) bool are words -> (b, width); 0 for a sentence without words."""
    kept = words[..., None].to(embeddings.dtype)
    return (embeddings * kept).sum(1) / kept.sum(1).clamp(min=1)
