"""SST-2: does a sentence of a film review praise or blame? (Socher et al. 2013)."""

from pathlib import Path

import numpy as np
import pandas as pd

from lottery.data import glue_files
from lottery.data.metrics import accuracy

TITLE = "SST-2"
KIND = "classification"
LABELS = ("negative", "positive")
WORDS = (("terrible", "great"), ("bad", "good"))
PAIR = False
METRIC = "accuracy"
FOLDER = "SST-2"


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Train and dev as published: columns first, label (a position in LABELS)."""
    columns = {"first": "sentence", "label": "label"}
    return {split: glue_files.read_split(folder / f"{split}.tsv", columns, ("0", "1")) for split in ("train", "dev")}


def metrics(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy, of class numbers."""
    return {"accuracy": accuracy(predictions, labels)}
