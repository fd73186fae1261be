"""WNLI: does a sentence follow once a pronoun is replaced? (Levesque et al. 2012; adversarial dev set)."""

from pathlib import Path

import numpy as np
import pandas as pd

from lottery.data import glue_files
from lottery.data.metrics import accuracy

TITLE = "WNLI"
KIND = "classification"
LABELS = ("not_entailment", "entailment")
WORDS = (("No", "Yes"), ("no", "yes"))
PAIR = True
METRIC = "accuracy"
FOLDER = "WNLI"


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Train and dev as published: columns first, second, label (a position in LABELS)."""
    columns = {"first": "sentence1", "second": "sentence2", "label": "label"}
    return {split: glue_files.read_split(folder / f"{split}.tsv", columns, ("0", "1")) for split in ("train", "dev")}


def metrics(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy, of class numbers."""
    return {"accuracy": accuracy(predictions, labels)}
