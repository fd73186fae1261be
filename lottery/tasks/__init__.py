"""Tasks: one file each, holding what the task is, how its published files are read, and how it is scored.

A file has the names of `Task`, FOLDER (its place in a downloaded glue_data folder) and `read(folder)`, which returns
the splits as tables: {"train": ..., "dev": ...}. A column `group` in one of them has its rows scored by group, too.
"""

from typing import Protocol

import numpy as np


class Task(Protocol):
    """What the loops ask of a task: a module of this folder, or an object made from a user's file."""

    TITLE: str
    KIND: str  # "classification", "regression" or "span"
    LABELS: tuple[str, ...]  # of the classes, in the order of their numbers
    PAIR: bool  # whether a second text follows the first
    METRIC: str  # the score the papers report, one of those of `metrics`

    def metrics(self, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """The scores of the answers to a split, as fractions."""
