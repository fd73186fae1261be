"""The labelling guide, counted on the map: nothing is learnt."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from lottery.attention.patterns import PATTERNS, Counts, Pattern, counts

ROWS_OF_LINE, ROWS_OF_COLUMN = 1 / 2, 2 / 3  # as the guide asks
EVEN = 0.85  # half-way between the fields and the scattered maps that are drawn


def fit(maps: Sequence[np.ndarray], labels: np.ndarray, seed: int) -> dict[str, Tensor]:
    """Nothing."""
    return {}


def predict(learnt: dict[str, Tensor], maps: Sequence[np.ndarray]) -> np.ndarray:
    """1 for the pattern that the counts tell, and 0 for the others; rectangles of two segments are not looked for."""
    return np.array([[float(pattern == _pattern(counts(each))) for pattern in PATTERNS] for each in maps])


def _pattern(counted: Counts) -> Pattern:
    line, column = counted.line >= ROWS_OF_LINE, counted.column >= ROWS_OF_COLUMN
    if line or column:
        return "vertical+diagonal" if line and column else "diagonal" if line else "vertical"
    return "block" if counted.uneven < EVEN else "heterogeneous"
