"""The nearest mean picture of a pattern: the cheapest baseline."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from lottery.attention.patterns import PATTERNS, prepared


def fit(maps: Sequence[np.ndarray], labels: np.ndarray, seed: int) -> dict[str, Tensor]:
    """The mean of the pictures of each pattern. The seed is not needed."""
    pictures, named = prepared(maps).flatten(1), torch.as_tensor(labels)
    return {"means": torch.stack([pictures[named == label].mean(0) for label in range(len(PATTERNS))])}


def predict(learnt: dict[str, Tensor], maps: Sequence[np.ndarray]) -> np.ndarray:
    """The nearer a mean is, the more likely: softmax of minus the squared distances."""
    given = prepared(maps).flatten(1)
    return (-torch.cdist(given, learnt["means"]).square()).softmax(-1).numpy()
