"""Logistic regression on a dozen numbers that tell a line, columns and blocks: a cheap baseline."""

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Predict = Callable[[Sequence[np.ndarray]], np.ndarray]
OFFSETS = (-3, -2, -1, 0, 1, 2, 3)


def fit(maps: Sequence[np.ndarray], labels: np.ndarray, seed: int) -> Predict:
    """Fitted to `numbers` of the maps, each scaled to mean 0 and deviation 1. The seed is not needed."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    model.fit([numbers(each) for each in maps], labels)
    return lambda maps: model.predict_proba([numbers(each) for each in maps])


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
