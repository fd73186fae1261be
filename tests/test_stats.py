"""Intervals and tests against scipy, statsmodels and plain loops, and by how often they hold."""

import math
import random
from itertools import product

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.weightstats import DescrStatsW, ttost_paired

from lottery.stats import (
    bootstrap_interval,
    bootstrap_over_seeds_and_examples,
    equivalence,
    holm,
    paired_difference,
)

VALUES = np.random.default_rng(0).normal(size=12)


@pytest.mark.parametrize("statistic", [np.mean, np.median])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_bootstrap_interval_is_that_of_scipy(statistic, level):
    theirs = scipy.stats.bootstrap(
        (VALUES,), statistic, confidence_level=level, n_resamples=20000, method="percentile", rng=1
    ).confidence_interval
    assert bootstrap_interval(VALUES, statistic, level=level, resamples=20000, seed=0) == pytest.approx(
        tuple(theirs), abs=0.03
    )


def test_the_bootstrap_of_three_values_is_that_of_all_27_draws():
    values = [0.1, 0.4, 0.9]
    means = sorted(sum(draw) / 3 for draw in product(values, repeat=3))
    low, high = bootstrap_interval(values, level=0.8, seed=0)
    assert (low, high) == pytest.approx(tuple(np.quantile(means, [0.1, 0.9])))


def test_bootstraps_follow_their_seed():
    table = VALUES.reshape(3, 4)
    assert bootstrap_interval(VALUES, seed=1) == bootstrap_interval(list(VALUES), seed=1)
    assert bootstrap_interval(VALUES, seed=1) != bootstrap_interval(VALUES, seed=2)
    assert bootstrap_over_seeds_and_examples(table, seed=1) == bootstrap_over_seeds_and_examples(table, seed=1)
    assert bootstrap_over_seeds_and_examples(table, seed=1) != bootstrap_over_seeds_and_examples(table, seed=2)


def test_the_two_level_bootstrap_draws_seeds_and_examples_crossed():
    """Against loops over Python's own random numbers."""
    table = np.random.default_rng(3).normal(size=(4, 30)) + np.array([[0.0], [0.5], [1.0], [0.2]])
    source, means = random.Random(0), []
    for _ in range(4000):
        seeds, examples = source.choices(range(4), k=4), source.choices(range(30), k=30)
        means.append(np.mean([table[seed, example] for seed, example in product(seeds, examples)]))
    expected = tuple(np.quantile(means, [0.025, 0.975]))
    assert bootstrap_over_seeds_and_examples(table, resamples=4000, seed=0) == pytest.approx(expected, abs=0.05)


def test_the_two_level_bootstrap_sees_both_levels():
    generator = np.random.default_rng(0)
    seeds, examples = generator.normal(size=(5, 1)), generator.normal(size=(1, 50))
    for table, values in [(seeds + np.zeros((5, 50)), seeds), (examples + np.zeros((5, 50)), examples)]:
        interval = bootstrap_over_seeds_and_examples(table, resamples=4000, seed=0)
        assert interval == pytest.approx(bootstrap_interval(values.ravel(), seed=0), abs=0.08)


def test_the_paired_interval_is_that_of_statsmodels():
    a, b = VALUES[:6], VALUES[6:]
    for level in (0.9, 0.95):
        mean, low, high = paired_difference(a, b, level=level)
        assert mean == pytest.approx(np.mean(a) - np.mean(b))
        assert (low, high) == pytest.approx(DescrStatsW(a - b).tconfint_mean(1 - level))


def test_the_paired_interval_covers_as_often_as_it_says():
    """Three seeds, 1000 times: within four standard errors of 95 %."""
    generator = np.random.default_rng(0)
    hits = 0
    for _ in range(1000):
        shared = generator.normal(size=3)
        interval = paired_difference(shared + generator.normal(0.3, 1, size=3), shared)
        hits += interval.low <= 0.3 <= interval.high
    assert abs(hits / 1000 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 1000)


@pytest.mark.parametrize("margin", [0.1, 0.5, 2.0])
def test_equivalence_is_that_of_statsmodels(margin):
    a, b = VALUES[:6], VALUES[6:] + 0.4
    assert equivalence(a, b, margin) == pytest.approx(ttost_paired(a, b, -margin, margin)[0])
    assert equivalence(b, a, margin) == pytest.approx(equivalence(a, b, margin))


def test_holm_is_the_step_down_rule():
    p_values = [0.04, 0.001, 0.03, 0.8, 0.02]
    expected, running = [0.0] * 5, 0.0
    for rank, place in enumerate(sorted(range(5), key=p_values.__getitem__)):
        running = max(running, min(1.0, (5 - rank) * p_values[place]))
        expected[place] = running
    assert holm(p_values) == pytest.approx(expected)


def test_a_test_that_could_not_be_made_does_not_count_in_its_family():
    assert holm([0.01, math.nan, 0.04]) == pytest.approx([0.02, math.nan, 0.04], nan_ok=True)
    assert np.isnan(holm([math.nan])).all()
    assert holm([]).size == 0


# Six times a tenth, reached by different sums: equal but for rounding.
ROUNDED = [0.1 + 0.2 - 0.2, 0.1, 0.3 - 0.2, 0.7 - 0.6, 0.4 - 0.3, 0.1]


@pytest.mark.parametrize("values", [[], [0.5], [0.5, 0.5, 0.5], [0.1, math.nan, 0.3], [0.1, math.inf], ROUNDED])
def test_values_that_carry_no_interval_give_nan(values):
    assert np.isnan(bootstrap_interval(values, seed=0)).all()
    zeros = [0.0] * len(values)
    assert np.isnan(paired_difference(values, zeros)[1:]).all()
    assert math.isnan(equivalence(values, zeros, 0.1))


def test_the_mean_difference_stays_where_it_is_one():
    assert paired_difference([0.5], [0.2]).mean == pytest.approx(0.3)
    assert paired_difference([0.5, 0.6], [0.2, 0.3]).mean == pytest.approx(0.3)
    for values in ([], [0.1, math.nan], [0.1, math.inf]):
        assert math.isnan(paired_difference(values, [0.0] * len(values)).mean)


@pytest.mark.parametrize(
    "table", [np.zeros((0, 5)), np.eye(1, 5), np.eye(5, 1), np.ones((3, 4)), np.diag([1.0, math.nan])]
)
def test_tables_that_carry_no_interval_give_nan(table):
    assert np.isnan(bootstrap_over_seeds_and_examples(table, seed=0)).all()


def test_what_makes_no_sense_is_refused():
    for a, b in [([1, 2], [1, 2, 3]), (np.eye(2), np.eye(2)), (1.0, 2.0)]:
        for function in (paired_difference, lambda a, b: equivalence(a, b, 0.1)):
            with pytest.raises(ValueError, match="make no pairs"):
                function(a, b)
    with pytest.raises(ValueError, match=r"shape \(12,\)"):
        bootstrap_over_seeds_and_examples(VALUES, seed=0)
    for margin in (0, -1, math.nan):
        with pytest.raises(ValueError, match="give one above 0"):
            equivalence([1, 2], [2, 4], margin)
    for level in (0, 1, 95, math.nan):
        for function in (bootstrap_interval, bootstrap_over_seeds_and_examples):
            with pytest.raises(ValueError, match=r"not in \(0, 1\)"):
                function(VALUES.reshape(3, 4), level=level, seed=0)
        with pytest.raises(ValueError, match=r"not in \(0, 1\)"):
            paired_difference([1, 2], [2, 4], level=level)
