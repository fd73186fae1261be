"""What the size of a dev set allows to be told, against drawn dev sets and scipy."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest, spearmanr
from sklearn.metrics import matthews_corrcoef

from lottery.statistics import dev_sets


def test_an_accuracy_varies_as_a_binomial():
    drawn = np.random.default_rng(0).binomial(277, 0.6, 50_000) / 277
    assert dev_sets.variance("accuracy", 0.6, 277) == pytest.approx(drawn.var(), rel=0.03)


def test_the_least_loss_that_is_shown_is_half_the_interval_of_models_that_answer_as_well():
    """Of 400 examples each model alone answers two in a hundred, drawn anew 50,000 times."""
    counts = np.random.default_rng(4).multinomial(400, [0.02, 0.02, 0.96], size=50_000)
    changes = (counts[:, 0] - counts[:, 1]) / 400
    assert dev_sets.least_shown(400, 0.04) == pytest.approx(1.96 * changes.std(), rel=0.02)


def test_the_bound_of_f1_is_reached_by_answers_that_are_all_or_nothing():
    drawn = np.random.default_rng(1).choice([0.0, 1.0], p=[0.7, 0.3], size=(20_000, 100)).mean(axis=1)
    assert dev_sets.variance("f1", 0.3, 100) == pytest.approx(drawn.var(), rel=0.05)
    spread = np.random.default_rng(1).beta(0.6, 1.4, size=(20_000, 100)).mean(axis=1)
    assert spread.var() < dev_sets.variance("f1", 0.3, 100)


@pytest.mark.parametrize("agree", [0.0, 0.3])
def test_matthews_correlation_varies_about_as_told(agree):
    """Balanced labels that the answers copy with a probability, else guess; of two classes it is a correlation."""
    generator = np.random.default_rng(2)
    found = []
    for _ in range(1500):
        labels = generator.integers(2, size=400)
        answers = np.where(generator.random(400) < agree, labels, generator.integers(2, size=400))
        found.append(np.corrcoef(labels, answers)[0, 1])
    assert found[-1] == pytest.approx(matthews_corrcoef(labels, answers))
    assert dev_sets.variance("matthews", float(np.mean(found)), 400) == pytest.approx(np.var(found), rel=0.2)


def test_correlations_of_numbers_vary_no_more_than_told():
    generator, found = np.random.default_rng(3), []
    for _ in range(1500):
        one = generator.normal(size=200)
        other = 0.8 * one + 0.6 * generator.normal(size=200)
        found.append((np.corrcoef(one, other)[0, 1] + spearmanr(one, other).statistic) / 2)
    told = dev_sets.variance("pearson_spearman", float(np.mean(found)), 200)
    assert 0.7 * told < np.var(found) < 1.1 * told


@pytest.mark.parametrize(
    ("right", "examples", "floor"), [(163, 277, 0.527), (155, 277, 0.527), (717, 1043, 721 / 1043)]
)
def test_above_one_answer_to_all_is_the_binomial_test(right, examples, floor):
    expected = binomtest(right, examples, floor, alternative="greater").pvalue < 0.05
    assert dev_sets.above("accuracy", right / examples, floor, examples) == expected


def test_a_correlation_above_nothing():
    """1.645 standard errors of a correlation of 0: 0.051 of 1,043 examples."""
    assert dev_sets.above("matthews", 0.052, math.nan, 1043)
    assert not dev_sets.above("matthews", 0.049, 0.0, 1043)
    assert dev_sets.above("pearson_spearman", 0.06, math.nan, 1500)
    assert not dev_sets.above("pearson_spearman", 0.03, math.nan, 1500)
    assert not dev_sets.above("f1", 0.17, 0.16, 500)
    assert dev_sets.above("f1", 0.30, 0.16, 500)


def test_what_is_not_defined_or_not_known():
    assert not dev_sets.above("accuracy", math.nan, 0.5, 100)
    assert not dev_sets.above("accuracy", 0.5, 0.5, 10**6)
    with pytest.raises(ValueError, match="how 'bleu' varies with the dev set is not known"):
        dev_sets.variance("bleu", 0.3, 100)
