"""The scores GLUE reports, as fractions in [-1, 1]; a score that is not defined is NaN, not 0.

Those of classes, for which bootstraps ask thousands of times, are counted here, to the last bit as scikit-learn does,
which takes fifty times as long and more: nearly all of that goes into finding out what it was given. So what is given
has to be right: whole numbers, one or more, and as many labels. Correlations leave out the p-value that SciPy's
functions add.
"""

import numpy as np
from scipy import stats


def accuracy(predictions: np.ndarray, labels: np.ndarray) -> float:
    """The share of predictions that are right."""
    return float(np.mean(np.asarray(predictions) == np.asarray(labels)))


def f1(predictions: np.ndarray, labels: np.ndarray) -> float:
    """F1 of class 1; NaN where class 1 is neither present nor predicted."""
    given, right = np.asarray(predictions) == 1, np.asarray(labels) == 1
    there = given.sum() + right.sum()
    return float(2 * (given & right).sum() / there) if there else float("nan")


def f1_macro(predictions: np.ndarray, labels: np.ndarray) -> float:
    """F1 of each class that is present or predicted, averaged, each class counting alike."""
    told, there, hits = _counts(predictions, labels)
    return float(np.mean(2 * hits / (told + there)))


def matthews(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Matthews correlation, of any number of classes (Gorodkin 2004, eq. 8); 0 for a model that answers one only."""
    told, there, hits = _counts(predictions, labels)
    total = float(len(labels))
    spread = (total**2 - told @ told) * (total**2 - there @ there)
    return float((hits.sum() * total - there @ told) / np.sqrt(spread)) if spread else 0.0


def pearson(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Pearson correlation; NaN where either side is constant."""
    return float(np.corrcoef(predictions, labels)[0, 1]) if _both_vary(predictions, labels) else float("nan")


def spearman(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Spearman rank correlation; NaN where either side is constant."""
    return pearson(*stats.rankdata([predictions, labels], axis=1))


def correlations(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Pearson, Spearman and their mean, the score that STS-B reports; NaN for a model that gives one number to all."""
    linear, ranked = pearson(predictions, labels), spearman(predictions, labels)
    return {"pearson_spearman": (linear + ranked) / 2, "pearson": linear, "spearman": ranked}


def _both_vary(predictions: np.ndarray, labels: np.ndarray) -> bool:
    return bool(np.ptp(predictions) > 0 and np.ptp(labels) > 0)


def _counts(predictions: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How often each class that comes was told, was right, and both: (classes,) each."""
    classes, coded = np.unique(np.stack([predictions, labels]), return_inverse=True)
    given, right = coded.reshape(2, -1)
    told, there, hits = (
        np.bincount(each, minlength=len(classes)).astype(float) for each in (given, right, given[given == right])
    )
    return told, there, hits
