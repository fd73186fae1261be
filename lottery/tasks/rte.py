"""RTE: does the first sentence entail the second? (Dagan et al. 2006 and its sequels)."""

from pathlib import Path

import numpy as np
import pandas as pd

from lottery.data import glue_files
from lottery.data.metrics import accuracy

TITLE = "RTE"
KIND = "classification"
LABELS = ("entailment", "not_entailment")
WORDS = (("Yes", "No"), ("yes", "no"))
PAIR = True
METRIC = "accuracy"
FOLDER = "RTE"


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Train and dev as published: columns first, second, label (a position in LABELS)."""
    columns = {"first": "sentence1", "second": "sentence2", "label": "label"}
    return {split: glue_files.read_split(folder / f"{split}.tsv", columns, LABELS) for split in ("train", "dev")}


def metrics(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy, of class numbers."""
    return {"accuracy": accuracy(predictions, labels)}
