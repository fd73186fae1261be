import math
from statistics import correlation

import numpy as np
import pytest
import sklearn.metrics

from lottery.data import metrics


def counted(predictions, labels):
    pairs = list(zip(predictions, labels, strict=True))
    return [sum(pair == wanted for pair in pairs) for wanted in ((1, 1), (1, 0), (0, 1), (0, 0))]


def test_scores_of_classes_against_counting():
    draw = np.random.default_rng(0)
    for _ in range(5):
        predictions, labels = draw.integers(0, 2, 40), draw.integers(0, 2, 40)
        tp, fp, fn, tn = counted(predictions.tolist(), labels.tolist())
        assert metrics.accuracy(predictions, labels) == pytest.approx((tp + tn) / 40)
        assert metrics.f1(predictions, labels) == pytest.approx(2 * tp / (2 * tp + fp + fn))
        below = math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
        assert metrics.matthews(predictions, labels) == pytest.approx((tp * tn - fp * fn) / below)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_what_is_counted_here_is_what_scikit_learn_has_to_the_last_bit(classes):
    draw = np.random.default_rng(classes)
    for size in (7, 400, 9815):
        labels = draw.integers(classes, size=size)
        predictions = np.where(draw.random(size) < 0.6, labels, draw.integers(classes, size=size))
        for one, other in ((predictions, labels), (predictions.astype(float), labels), (labels, 1 - labels)):
            assert metrics.accuracy(one, other) == sklearn.metrics.accuracy_score(other, one)
            assert metrics.matthews(one, other) == sklearn.metrics.matthews_corrcoef(other, one)
            assert metrics.f1_macro(one, other) == sklearn.metrics.f1_score(other, one, average="macro")
            assert metrics.f1(one == 0, other == 0) == sklearn.metrics.f1_score(other == 0, one == 0)
    words = np.array(["O", "B-A", "I-A"], dtype=object)[draw.integers(3, size=(2, 50))]
    assert metrics.accuracy(*words) == sklearn.metrics.accuracy_score(*words)


def test_scores_of_numbers_against_the_standard_library():
    draw = np.random.default_rng(1)
    labels = draw.normal(size=30).round(1)
    predictions = (labels + draw.normal(size=30)).astype(np.float32)
    assert metrics.pearson(predictions, labels) == pytest.approx(correlation(predictions.tolist(), labels.tolist()))
    ranks = [
        [(sum(b < a for b in values) + sum(b <= a for b in values)) / 2 for a in values]
        for values in (predictions.tolist(), labels.tolist())
    ]
    told = correlation(*ranks)
    assert metrics.spearman(predictions, labels) == pytest.approx(told)
    assert metrics.spearman(labels**3, labels) == pytest.approx(1)


def test_one_answer_to_all_is_no_correlation_and_no_f1():
    zeros, ones, both = np.zeros(4, int), np.ones(4, int), np.array([0, 1, 0, 1])
    assert metrics.matthews(zeros, both) == metrics.matthews(ones, both) == 0
    assert metrics.matthews(both, ones) == metrics.matthews(ones, ones) == metrics.matthews(zeros, zeros) == 0
    assert metrics.f1(zeros, both) == 0
    assert math.isnan(metrics.f1(zeros, zeros))
    for score in (metrics.pearson, metrics.spearman):
        assert math.isnan(score(np.full(4, 2.0), both))
        assert math.isnan(score(both, np.full(4, 2.0)))
    assert type(metrics.accuracy(both, both)) is float
