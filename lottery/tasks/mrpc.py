"""MRPC: do two sentences say the same? (Dolan & Brockett 2005)."""

from pathlib import Path

import numpy as np
import pandas as pd

from lottery.data import glue_files
from lottery.data.metrics import accuracy, f1

TITLE = "MRPC"
KIND = "classification"
LABELS = ("not_equivalent", "equivalent")
WORDS = (("No", "Yes"), ("no", "yes"))
PAIR = True
METRIC = "accuracy"
FOLDER = "MRPC"


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Train and dev as published: columns first, second, label (a position in LABELS)."""
    columns = {"first": "#1 String", "second": "#2 String", "label": "Quality"}
    return {split: glue_files.read_split(folder / f"{split}.tsv", columns, ("0", "1")) for split in ("train", "dev")}


def metrics(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy and F1 of the second class, of class numbers."""
    return {"accuracy": accuracy(predictions, labels), "f1": f1(predictions, labels)}
