"""Logistic regression on a dozen numbers that tell a line, columns and blocks: a cheap baseline."""

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor

OFFSETS = (-3, -2, -1, 0, 1, 2, 3)


def fit(maps: Sequence[np.ndarray], labels: np.ndarray, seed: int) -> dict[str, Tensor]:
    """Mean and deviation of the `numbers` of maps, and the weights on them scaled so. The seed is not needed."""
    features = np.array([numbers(each) for each in maps])
    scaler = StandardScaler().fit(features)
    model = LogisticRegression(max_iter=2000).fit(scaler.transform(features), labels)
    learnt = {"mean": scaler.mean_, "scale": scaler.scale_, "weight": model.coef_, "bias": model.intercept_}
    return {name: torch.as_tensor(array).contiguous() for name, array in learnt.items()}


def predict(learnt: dict[str, Tensor], maps: Sequence[np.ndarray]) -> np.ndarray:
    """The softmax of the weighted numbers."""
    features = (torch.tensor([numbers(each) for each in maps], dtype=torch.float64) - learnt["mean"]) / learnt["scale"]
    return (features @ learnt["weight"].T + learnt["bias"]).softmax(-1).numpy()


def numbers(attention: np.ndarray) -> list[float]:
    """What a map looks like, rows scaled to sum to 1: (12,).

    Shares of the mass on the diagonal and each of three parallels on either side; of the mass in the first, the second
    and the third largest column; entropy of a row over that of an even one; spread of the columns' sums.
    """
    n = len(attention)
    rows = attention / np.maximum(attention.sum(1, keepdims=True), 1e-12)
    lines = [float(np.trace(rows, offset=offset)) / n for offset in OFFSETS]
    columns = np.sort(rows.sum(0) / n)[::-1]
    entropy = float(-(rows * np.log(np.maximum(rows, 1e-12))).sum() / n / np.log(n))
    return [*lines, *columns[:3].tolist(), entropy, float(columns.std() * n)]
