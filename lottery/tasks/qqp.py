"""QQP: do two questions ask the same? (Quora Question Pairs, 2017)."""

from pathlib import Path

import numpy as np
import pandas as pd

from lottery.data import glue_files
from lottery.data.metrics import accuracy, f1

TITLE = "QQP"
KIND = "classification"
LABELS = ("not_duplicate", "duplicate")
WORDS = (("No", "Yes"), ("no", "yes"))
PAIR = True
METRIC = "accuracy"
FOLDER = "QQP"


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Train and dev as published: columns first, second, label (a position in LABELS).

    Some published rows end before their second question or have an empty one; those are left out, with a warning.
    """
    columns = {"first": "question1", "second": "question2", "label": "is_duplicate"}
    return {
        split: glue_files.read_split(folder / f"{split}.tsv", columns, ("0", "1"), leave_out_incomplete=True)
        for split in ("train", "dev")
    }


def metrics(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy and F1 of the second class, of class numbers."""
    return {"accuracy": accuracy(predictions, labels), "f1": f1(predictions, labels)}
