"""HANS: is a model of MNLI or RTE misled by words that two sentences share? (McCoy et al. 2019, arXiv:1902.01007)."""

from pathlib import Path

import numpy as np
import pandas as pd

from lottery.data import glue_files
from lottery.data.metrics import accuracy

TITLE = "HANS"
KIND = "classification"
LABELS = ("entailment", "non-entailment")
WORDS = (("Yes", "No"), ("yes", "no"))
PAIR = True
METRIC = "accuracy"
FOLDER = "HANS"
JUDGES = ("mnli", "rte")  # whose models have learnt classes of which the first is entailment


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Dev alone, as published: columns first, second, label, group.

    group  the heuristic that the pair was made to mislead: lexical_overlap, subsequence or constituent
    There is no training set: a model fine-tuned on MNLI or RTE is scored on it.
    """
    columns = {"first": "sentence1", "second": "sentence2", "label": "gold_label", "group": "heuristic"}
    return {"dev": glue_files.read_split(folder / "heuristics_evaluation_set.txt", columns, LABELS)}


def metrics(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy, overall and on the pairs of each label; NaN where there is none of it.

    predictions  class numbers of MNLI or RTE, of which 0 is entailment and every other one is not
    """
    answers = (predictions > 0).astype(int)
    by_label = {f"accuracy_{name}": _share_right(answers, labels, number) for number, name in enumerate(LABELS)}
    return {"accuracy": accuracy(answers, labels)} | by_label


def _share_right(answers: np.ndarray, labels: np.ndarray, number: int) -> float:
    asked = labels == number
    return float((answers[asked] == number).mean()) if asked.any() else float("nan")
