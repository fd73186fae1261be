"""CoLA: is a sentence acceptable English? (Warstadt et al. 2019, arXiv:1805.12471)."""

from pathlib import Path

import numpy as np
import pandas as pd

from lottery.data import glue_files
from lottery.data.metrics import accuracy, matthews

TITLE = "CoLA"
KIND = "classification"
LABELS = ("unacceptable", "acceptable")
WORDS = (("incorrect", "correct"), ("bad", "good"))
PAIR = False
METRIC = "matthews"
FOLDER = "CoLA"


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Train and dev as published: columns first, label (a position in LABELS)."""
    columns = {"first": 3, "label": 1}
    # The published file has no header row.
    return {
        split: glue_files.read_split(folder / f"{split}.tsv", columns, ("0", "1"), header=False)
        for split in ("train", "dev")
    }


def metrics(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Matthews correlation, the reported score, and accuracy, of class numbers."""
    return {"matthews": matthews(predictions, labels), "accuracy": accuracy(predictions, labels)}
