"""MNLI: does a sentence entail another, contradict it, or neither? (Williams et al. 2018, arXiv:1704.05426)."""

from pathlib import Path

import numpy as np
import pandas as pd

from lottery.data import glue_files
from lottery.data.metrics import accuracy

TITLE = "MNLI"
KIND = "classification"
LABELS = ("entailment", "neutral", "contradiction")
WORDS = (("Yes", "Maybe", "No"),)
# The released code of Jiang et al. 2023 numbers the labels contradiction, entailment, neutral, and still calls them, in
# that order, Yes, Maybe, No.
RELEASED_WORDS = (("Maybe", "No", "Yes"),)
PAIR = True
METRIC = "accuracy"
FOLDER = "MNLI"
FILES = {"train": "train.tsv", "dev": "dev_matched.tsv", "dev_mismatched": "dev_mismatched.tsv"}


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Train, dev (matched) and, where its file is there, dev_mismatched: columns first, second, label."""
    columns = {"first": "sentence1", "second": "sentence2", "label": "gold_label"}
    return {
        split: glue_files.read_split(folder / file, columns, LABELS)
        for split, file in FILES.items()
        if split != "dev_mismatched" or (folder / file).is_file()
    }


def metrics(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy, of class numbers."""
    return {"accuracy": accuracy(predictions, labels)}
