"""Power and numbers of units, against statsmodels and against draws."""

import math

import numpy as np
import pytest
from scipy.stats import chi2, ttest_1samp
from statsmodels.stats.power import TTestPower

from lottery.statistics import deviation_interval, equivalence, power


@pytest.mark.parametrize(("away", "spread", "units"), [(1.0, 2.0, 20), (0.5, 1.0, 5), (3.0, 2.0, 4)])
def test_the_power_against_one_bound_is_statsmodels(away, spread, units):
    expected = TTestPower().power(away / spread, units, 0.05, alternative="larger")
    error = spread / math.sqrt(units)
    assert power.power(away, error, units - 1, low=0.0, high=math.inf) == pytest.approx(expected, abs=1e-9)
    assert power.power(-away, error, units - 1, low=-math.inf, high=0.0) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("truth", "spread", "units"), [(0.0, 0.7, 3), (0.0, 1.0, 8), (0.4, 0.8, 12)])
def test_the_power_of_equivalence_is_the_share_of_draws_that_show_it(truth, spread, units):
    """By two one-sided tests of scipy, all draws at once; they are those of `equivalence`."""
    draws = np.random.default_rng(1).normal(truth, spread, size=(4000, units))
    sides = ((-1.0, "greater"), (1.0, "less"))
    p = np.max([ttest_1samp(draws, bound, axis=1, alternative=side).pvalue for bound, side in sides], axis=0)
    assert [equivalence(values, 0 * values, 1.0) for values in draws[:20]] == pytest.approx(p[:20])
    shown = np.mean(p < 0.05)
    found = power.power(truth, spread / math.sqrt(units), units - 1, low=-1.0, high=1.0)
    assert found == pytest.approx(shown, abs=0.03)


def test_the_fewest_units_are_those_of_statsmodels_rounded_up():
    for away, spread in ((1.0, 2.1), (1.0, 1.0), (1.0, 5.0)):
        expected = TTestPower().solve_power(away / spread, power=0.8, alpha=0.05, alternative="larger")
        assert power.units_needed(away, spread, low=0.0, high=math.inf) == math.ceil(expected)


def test_one_more_unit_than_too_few_is_enough():
    units = power.units_needed(0.0, 1.5, low=-1.0, high=1.0)

    def of(count):
        return power.power(0.0, 1.5 / math.sqrt(count), count - 1, low=-1.0, high=1.0)

    assert of(units) >= 0.8 > of(units - 1)


def test_what_more_units_do_not_lessen_may_leave_no_number_that_does():
    bounds = {"low": 0.0, "high": math.inf}
    assert power.units_needed(1.0, 1.0, **bounds, fixed=0.3) > power.units_needed(1.0, 1.0, **bounds)
    assert math.isinf(power.units_needed(1.0, 1.0, **bounds, fixed=0.5))
    assert math.isinf(power.units_needed(0.0, 1.0, **bounds))  # a truth on its bound is never shown


def test_a_known_part_of_the_error_adds_to_it_and_to_its_degrees_of_freedom():
    """Against the spread of estimates that are drawn with both parts."""
    error, freedom = power.combined(2.0, 5, 1.5)
    generator = np.random.default_rng(2)
    means = generator.normal(0, 1.5, 20000) + generator.normal(0, 2.0, (20000, 5)).mean(axis=1)
    assert error == pytest.approx(means.std(), rel=0.02)
    assert freedom > 4 == round(power.combined(2.0, 5, 0.0)[1], 9)
    variances = generator.normal(0, 2.0, (20000, 5)).var(axis=1, ddof=1) / 5 + 1.5**2
    assert freedom == pytest.approx(2 * variances.mean() ** 2 / variances.var(), rel=0.1)


def test_examples_fall_with_the_square_of_the_error():
    """By the normal distribution: 0.8 of the means are beyond the bound by 1.645 errors."""
    needed = power.examples_needed(1.0, 2.0, 1000, low=0.0, high=math.inf)
    error = 2.0 * math.sqrt(1000 / needed)
    assert np.mean(np.random.default_rng(3).normal(1.0, error, 100_000) > 1.644854 * error) == pytest.approx(
        0.8, abs=0.01
    )
    assert math.isinf(power.examples_needed(0.0, 2.0, 1000, low=0.0, high=math.inf))


def test_values_for_a_deviation_by_the_share_of_draws_whose_interval_clears_the_bound():
    values = power.units_for_deviation(13.0, low=10.0, high=math.inf)
    draws = np.random.default_rng(4).normal(0, 13.0, (2000, values)).std(axis=1, ddof=1)
    lows = [deviation_interval(found, values - 1, level=0.9).low for found in draws]
    assert np.mean(np.array(lows) > 10.0) == pytest.approx(0.8, abs=0.04)
    assert chi2.sf(chi2.ppf(0.95, values - 2) * (10 / 13) ** 2, values - 2) < 0.8
    assert math.isinf(power.units_for_deviation(10.0, low=10.0, high=math.inf))
    assert power.units_for_deviation(7.0, low=0.0, high=10.0) < power.units_for_deviation(9.0, low=0.0, high=10.0)


def test_a_test_of_power_is_the_test_of_scipy():
    """The level is that of a one-sided test at 5%: with no effect a twentieth of the draws show one."""
    draws = np.random.default_rng(5).normal(0.0, 1.0, (4000, 6))
    shown = np.mean(ttest_1samp(draws, 0, axis=1, alternative="greater").pvalue < power.LEVEL)
    assert power.power(0.0, 1.0, 5, low=0.0, high=math.inf) == pytest.approx(0.05) == pytest.approx(shown, abs=0.02)
