"""QNLI: does a sentence answer the question? (Wang et al. 2019, from SQuAD)."""

from pathlib import Path

import numpy as np
import pandas as pd

from lottery.data import glue_files
from lottery.data.metrics import accuracy

TITLE = "QNLI"
KIND = "classification"
LABELS = ("entailment", "not_entailment")
WORDS = (("Yes", "No"), ("yes", "no"))
PAIR = True
METRIC = "accuracy"
FOLDER = "QNLI"


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Train and dev as published: columns first, second, label (a position in LABELS)."""
    columns = {"first": "question", "second": "sentence", "label": "label"}
    return {split: glue_files.read_split(folder / f"{split}.tsv", columns, LABELS) for split in ("train", "dev")}


def metrics(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy, of class numbers."""
    return {"accuracy": accuracy(predictions, labels)}
