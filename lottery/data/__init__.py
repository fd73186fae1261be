"""Data: texts as tables, tables as what a model takes, and what a task is."""

from typing import Protocol

import numpy as np


class Task(Protocol):
    """What the loops ask of a task: a module of this folder, or an object made from a user's file."""

    TITLE: str
    KIND: str  # "classification", "regression", "span", "tags" of words, or "vectors" of an encoder without a head
    LABELS: tuple[str, ...]  # of the classes, in the order of their numbers
    WORDS: tuple[tuple[str, ...], ...]  # label words in rows, the preferred row first; () where there are none
    PAIR: bool  # whether a second text follows the first
    METRIC: str  # the score the papers report, one of those of `metrics`

    def metrics(self, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """The scores of the answers to a split, as fractions."""
