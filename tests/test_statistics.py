"""Intervals and tests against scipy, statsmodels and plain loops, and by how often they hold."""

import math
import random
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import DescrStatsW, ttost_paired

from lottery.statistics import (
    Estimate,
    bootstrap_interval,
    bootstrap_over_group_sums,
    bootstrap_over_groups,
    bootstrap_over_seeds_and_examples,
    deviation_interval,
    equivalence,
    grouped_jackknife_error,
    holm,
    is_winning,
    jackknife_error,
    jackknife_interval,
    line,
    mean_interval,
    normality,
    paired_difference,
    partial_spearman,
    side,
    spearman,
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


def test_the_interval_of_a_mean_is_that_of_scipy():
    for level in (0.9, 0.95):
        theirs = scipy.stats.ttest_1samp(VALUES, 0).confidence_interval(level)
        assert mean_interval(VALUES, level=level) == pytest.approx((sum(VALUES) / len(VALUES), *theirs))
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        mean_interval(np.eye(2))


def test_the_paired_interval_covers_as_often_as_it_says():
    """Three seeds, 1000 times: within four standard errors of 95%."""
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


def test_holm_is_the_step_down_rule_and_that_of_statsmodels():
    """Ties are corrected alike."""
    for p_values in ([0.04, 0.001, 0.03, 0.8, 0.02], [0.2, 0.01, 0.2, 0.01, 1.0, 0.0], [0.3]):
        expected, running = [0.0] * len(p_values), 0.0
        for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
            running = max(running, min(1.0, (len(p_values) - rank) * p_values[place]))
            expected[place] = running
        assert holm(p_values) == pytest.approx(expected)
        assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


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
    assert np.isnan(mean_interval(values)[1:]).all()
    assert math.isnan(equivalence(values, zeros, 0.1))


def test_the_mean_difference_stays_where_it_is_one():
    assert paired_difference([0.5], [0.2]).mean == pytest.approx(0.3)
    assert paired_difference([0.5, 0.6], [0.2, 0.3]).mean == pytest.approx(0.3)
    for values in ([], [0.1, math.nan], [0.1, math.inf]):
        assert math.isnan(paired_difference(values, [0.0] * len(values)).mean)
        assert math.isnan(mean_interval(values).mean)
    assert mean_interval([0.5]).mean == 0.5


@pytest.mark.parametrize(
    "table", [np.zeros((0, 5)), np.eye(1, 5), np.eye(5, 1), np.ones((3, 4)), np.diag([1.0, math.nan])]
)
def test_tables_that_carry_no_interval_give_nan(table):
    assert np.isnan(bootstrap_over_seeds_and_examples(table, seed=0)).all()


X = np.array([1.8, 1.8, 1.9, 2.0, 2.3, 2.6, 3.4, 5.8])
Y = 90 - 3 * X + np.array([0.2, -0.4, 0.1, 0.5, -0.3, 0.0, 0.6, -0.5])


def test_the_line_is_that_of_the_normal_equations_and_of_scipy():
    found = line(X, Y, level=0.9)
    theirs = scipy.stats.linregress(X, Y)
    reach = scipy.stats.t.ppf(0.95, len(X) - 2) * theirs.stderr
    assert found[:5] == pytest.approx(
        (theirs.slope, theirs.slope - reach, theirs.slope + reach, theirs.intercept, theirs.rvalue**2)
    )
    design = np.stack([np.ones_like(X), X], axis=1)
    hat = design @ np.linalg.inv(design.T @ design) @ design.T
    assert found.leverages == pytest.approx(np.diag(hat))
    assert found.leverages.argmax() == 7


def test_the_slope_without_a_point_is_that_of_the_others():
    """Of statsmodels' closed form for what a point does to the slope, which does not fit the line again."""
    fit = OLS(Y, np.stack([np.ones_like(X), X], axis=1)).fit()
    assert line(X, Y).slopes_without == pytest.approx(fit.params[1] - fit.get_influence().dfbeta[:, 1])


def test_the_median_slope_is_that_of_all_pairs_and_heeds_no_outlier():
    slopes = [(Y[j] - Y[i]) / (X[j] - X[i]) for i, j in combinations(range(len(X)), 2) if X[i] != X[j]]
    found = line(X, Y)
    assert found.median_slope == pytest.approx(np.median(slopes))
    assert min(slopes) <= found.median_low < found.median_slope < found.median_high <= max(slopes)
    bent = Y.copy()
    bent[7] += 30
    assert abs(line(X, bent).slope - found.slope) > 4
    assert abs(line(X, bent).median_slope - found.median_slope) < 1


def test_the_interval_of_the_median_slope_covers_about_as_often_as_it_says():
    """200 draws of twelve points about a line: within four standard errors of 95%, on whichever side."""
    generator, hits = np.random.default_rng(0), 0
    for _ in range(200):
        x = generator.normal(size=12)
        found = line(x, 2 * x + generator.normal(size=12))
        hits += found.median_low <= 2 <= found.median_high
    assert abs(hits / 200 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 200)


def test_lines_through_the_papers_table_are_those_computed_from_it_before(reference):
    """Points of accuracy per nat; CoLA without its last point, as in the paper, is a slope without a point here."""
    expected = pd.read_csv(reference("reference/gordon2020/expected_fit.csv"))
    published = pd.read_csv(Path(__file__).parent.parent / "book" / "published" / "gordon2020_table1.csv")
    tasks = {"MNLI": "mnli", "QQP": "qqp", "QNLI": "qnli", "SST-2": "sst2", "CoLA": "cola"}
    conditions = {"prune_pretrain": "pruned_in_pretraining", "information_deletion": "information_deletion"}
    conditions["random"] = "random"
    for row in expected.itertuples():
        points = published[
            (published["condition"] == conditions[row.condition]) & (published["task"] == tasks[row.task])
        ]
        x, y = points["pretraining_loss"].to_numpy(), 100 * points["accuracy"].to_numpy()
        whole, found = line(x, y), line(x[: row.n], y[: row.n])
        theirs = (row.slope_pct_per_nat, row.slope_ci95_low, row.slope_ci95_high, row.intercept, row.r_squared)
        assert found[:5] == pytest.approx(theirs, rel=1e-5)
        if row.n == 9:
            assert whole.slopes_without[-1] == pytest.approx(row.slope_pct_per_nat, rel=1e-5)
    assert expected["n"].value_counts().to_dict() == {9: 15, 10: 15}


def test_points_that_carry_no_line_give_nan():
    for x, y in [([], []), ([1, 2], [1, 3]), ([2, 2, 2], [1, 2, 3]), ([1, 2, 3], [4, 4, 4]), ([1, 2, math.nan], X[:3])]:
        found = line(x, y)
        assert np.isnan([*found[:5], *found[7:]]).all()
        assert np.isnan(found.leverages).all()
        assert len(found.leverages) == len(found.slopes_without) == len(x)
    lone = line([1, 1, 1, 2], [1, 2, 3, 5])
    assert np.isnan(lone.slopes_without).tolist() == [False, False, False, True]
    assert lone.leverages[3] == pytest.approx(1)


def test_what_makes_no_sense_is_refused():
    for a, b in [([1, 2], [1, 2, 3]), (np.eye(2), np.eye(2)), (1.0, 2.0)]:
        for function in (paired_difference, line, lambda a, b: equivalence(a, b, 0.1)):
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
        for function in (paired_difference, line):
            with pytest.raises(ValueError, match=r"not in \(0, 1\)"):
                function([1, 2], [2, 4], level=level)


def test_a_ticket_wins_where_its_mean_is_within_the_tolerance_of_the_full_models():
    """Halves and quarters are exact in floating point, so the border itself is asked for."""
    full = [0.75, 0.25]
    assert is_winning([0.5, 0.25], full, tolerance=0.125)
    assert not is_winning([0.5, 0.25], full, tolerance=0.124)
    assert is_winning([1.0], full, tolerance=0.0)
    assert is_winning([0.5], full, tolerance=0.0)
    assert not is_winning([0.499], full, tolerance=0.0)
    assert not is_winning([1.0, math.nan], full, tolerance=9.0)


def test_a_verdict_without_its_numbers_is_refused():
    for ticket, full in [([], [0.5]), ([0.5], []), ([0.5], [0.5, math.nan])]:
        with pytest.raises(ValueError, match="every full score a number"):
            is_winning(ticket, full, tolerance=0.1)
    for tolerance in (-0.1, math.nan):
        with pytest.raises(ValueError, match="give 0 or more"):
            is_winning([0.5], [0.5], tolerance)


@pytest.mark.parametrize("draw", ["normal", "laplace", "exponential"])
def test_the_distance_from_normality_is_that_of_a_loop_and_of_the_moments(draw):
    values = getattr(np.random.default_rng(1), draw)(size=400)
    mean, sd = values.mean(), values.std()
    steps = [(scipy.stats.norm.cdf(value, mean, sd), place) for place, value in enumerate(sorted(values))]
    farthest = max(max(abs(below - place / 400), abs((place + 1) / 400 - below)) for below, place in steps)
    found = normality(values.reshape(20, 20))
    assert found.ks_distance == pytest.approx(farthest)
    assert found.kurtosis == pytest.approx(np.mean((values - mean) ** 4) / sd**4 - 3)
    assert found.skewness == pytest.approx(np.mean((values - mean) ** 3) / sd**3)


def test_known_distributions_have_their_known_moments():
    """Excess kurtosis 0, 3 and 6, skewness 0, 0 and 2; the distances to the fitted normal by a fine grid."""
    grid = np.linspace(-8, 8, 100_001)
    for law, (heavy, lean) in {
        scipy.stats.norm: (0, 0),
        scipy.stats.laplace: (3, 0),
        scipy.stats.expon: (6, 2),
    }.items():
        found = normality(law.rvs(size=1_000_000, random_state=2))
        farthest = np.abs(law.cdf(grid) - scipy.stats.norm.cdf(grid, law.mean(), law.std())).max()
        assert found.ks_distance == pytest.approx(farthest, abs=0.003)
        assert found.kurtosis == pytest.approx(heavy, abs=0.3)
        assert found.skewness == pytest.approx(lean, abs=0.05)


def test_rank_correlations_are_pearsons_of_the_ranks_and_of_their_residuals():
    generator = np.random.default_rng(5)
    given = generator.integers(6, size=40)
    a, b = given + generator.integers(5, size=40), given - generator.integers(9, size=40)
    ranked = {name: scipy.stats.rankdata(values) for name, values in {"a": a, "b": b, "given": given}.items()}
    assert spearman(a, b) == pytest.approx(np.corrcoef(ranked["a"], ranked["b"])[0, 1])
    design = np.stack([np.ones(40), ranked["given"]], axis=1)
    left = [each - design @ np.linalg.lstsq(design, each)[0] for each in (ranked["a"], ranked["b"])]
    assert partial_spearman(a, b, given) == pytest.approx(np.corrcoef(*left)[0, 1])
    assert abs(partial_spearman(a, b, given) - spearman(a, b)) > 0.1


@pytest.mark.parametrize("values", [[], [0.5], [0.5, 0.5, 0.5], [0.1, math.nan, 0.3], [0.1, math.inf]])
def test_values_that_have_no_shape_and_no_order_give_nan(values):
    assert np.isnan(normality(values)).all()
    rising = np.arange(len(values))
    assert math.isnan(spearman(values, rising))
    assert math.isnan(spearman(rising, values))
    assert math.isnan(partial_spearman(values, rising, rising))


def test_what_is_in_the_order_of_the_given_has_no_partial_correlation():
    assert math.isnan(partial_spearman([1, 2, 3, 4], [1, 3, 2, 4], [10, 20, 30, 40]))
    with pytest.raises(ValueError, match="make no pairs"):
        spearman([1, 2], [1, 2, 3])


@pytest.mark.parametrize(
    ("estimate", "expected"), [(0.0, 0.02275), (0.5, 0.158655), (1.5, 0.158655), (-3.0, 0.0000317)]
)
def test_the_side_of_a_bound_by_the_table_of_the_normal_distribution(estimate, expected):
    assert side(estimate, 0.5, low=-1.0, high=1.0) == pytest.approx(expected, rel=2e-3)


def test_the_side_of_a_bound_is_wrongly_told_no_oftener_than_its_level():
    """Whether the truth is a little to either side of the bound: against draws."""
    generator = np.random.default_rng(5)
    for truth in (0.99, 0.9, 1.1):
        wrong = 0
        for values in generator.normal(truth, 0.3, size=(1000, 4)):
            mean, error = values.mean(), values.std(ddof=1) / 2
            told = side(mean, error, low=-50.0, high=1.0, freedom=3) < 0.05
            wrong += told and ((mean > 1.0) != (truth > 1.0))
        assert wrong / 1000 < 0.07  # 0.05 at the most, and three standard errors


@pytest.mark.parametrize("estimate", [1.6, 1.7, -1.6, -1.7])
def test_a_side_of_one_bound_is_told_where_the_interval_clears_it(estimate):
    assert (side(estimate, 1.0, low=0.0, high=math.inf) < 0.05) == (abs(estimate) > 1.644854)
    assert side(estimate, 1.0, low=0.0, high=math.inf) == side(-estimate, 1.0, low=-math.inf, high=0.0)


def test_a_side_that_cannot_be_told_is_nan_and_bounds_have_an_order():
    for estimate, error in ((math.nan, 1.0), (0.0, 0.0), (0.0, math.nan)):
        assert math.isnan(side(estimate, error, low=-1.0, high=1.0))
    with pytest.raises(ValueError, match="hold nothing between them"):
        side(0.0, 1.0, low=1.0, high=-1.0)


def test_a_difference_is_told_with_its_interval_where_there_is_one():
    assert Estimate(0.012, 0.003, 0.021).in_words(100) == "+1.2 (+0.3 to +2.1)"
    assert Estimate(-0.5, -1.25, 0.25).in_words(form="+.2f") == "-0.50 (-1.25 to +0.25)"
    assert Estimate(0.12, 0.03, 0.21).in_words(form="+.0%") == "+12% (+3% to +21%)"
    assert Estimate(-0.04, -1.0, 0.004).in_words() == "0.0 (-1.0 to 0.0)"
    assert Estimate(2.0, math.nan, math.nan).in_words() == "+2.0 (no interval)"
    assert Estimate(math.nan, math.nan, math.nan).in_words() == "not defined"


def test_an_estimate_has_a_sign_where_its_interval_lies_on_one_side_of_zero():
    spans = [(0.1, 0.3), (-0.3, -0.1), (-0.1, 0.3), (0.0, 0.3), (math.nan, math.nan)]
    assert [Estimate(0.1, low, high).sign for low, high in spans] == [1, -1, 0, 0, 0]


def test_the_jackknife_of_a_mean_has_its_standard_error():
    """Left out one at a time, means give the textbook's error of the mean; of pairs there is no such formula."""
    without = [np.delete(VALUES, place).mean() for place in range(len(VALUES))]
    assert jackknife_error(without) == pytest.approx(VALUES.std(ddof=1) / math.sqrt(len(VALUES)))
    found = jackknife_interval(VALUES.mean(), without)
    assert (found.mean, found.low, found.high) == pytest.approx(paired_difference(VALUES, 0 * VALUES))
    assert math.isnan(jackknife_error([1.0, 2.0]))
    assert math.isnan(jackknife_error([1.0, math.nan, 2.0]))


# Groups


def test_the_bootstrap_over_groups_draws_groups_and_not_rows():
    """Rows of one group are equal, so its interval is that of one row a group, and wider than that of rows."""
    values = np.random.default_rng(3).normal(size=12)
    repeated, groups = np.repeat(values, 20), np.repeat(np.arange(12), 20)

    def mean(places):
        return repeated[places].mean()

    found = bootstrap_over_groups(groups, mean, resamples=4000, seed=0)
    alone = bootstrap_interval(values, resamples=4000, seed=1)
    assert found == pytest.approx(alone, abs=0.05)
    rows = bootstrap_over_groups(np.arange(len(repeated)), mean, resamples=4000, seed=0)
    assert rows.high - rows.low < 0.5 * (found.high - found.low)


def test_the_bootstrap_over_groups_takes_each_group_whole():
    groups, seen = np.array(["a", "b", "a", "c", "c", "c"]), []

    def note(places):
        seen.append(sorted(places.tolist()))
        return float(len(places))

    bootstrap_over_groups(groups, note, resamples=50, seed=0)
    sets = {"a": [0, 2], "b": [1], "c": [3, 4, 5]}
    possible = [sorted(sets[x] + sets[y] + sets[z]) for x in "abc" for y in "abc" for z in "abc"]
    assert all(each in possible for each in seen)
    assert len({tuple(each) for each in seen}) > 5


def test_the_bootstrap_over_groups_has_no_interval_without_two_groups_or_a_defined_statistic():
    assert np.isnan(bootstrap_over_groups([1, 1, 1], np.sum, seed=0)).all()
    assert np.isnan(bootstrap_over_groups([1, 2, 3], lambda places: np.nan, resamples=99, seed=0)).all()
    rarely = bootstrap_over_groups(
        np.arange(30), lambda places: np.nan if (places == places[0]).all() else 1.0, resamples=99, seed=0
    )
    assert rarely == (1.0, 1.0)


def test_a_deviation_has_the_interval_that_covers_it_in_nine_of_ten_draws():
    draws = np.random.default_rng(6).normal(0, 3.0, (4000, 5)).std(axis=1, ddof=1)
    ends = np.array([deviation_interval(found, 4, level=0.9) for found in draws])
    assert np.mean((ends[:, 0] < 3.0) & (ends[:, 1] > 3.0)) == pytest.approx(0.9, abs=0.015)
    assert deviation_interval(1.0, 4) == pytest.approx((0.599, 2.874), abs=0.001)  # the table of five seeds, 95%
    assert np.isnan(deviation_interval(1.0, 0)).all()


def test_a_bootstrap_of_sums_over_groups_draws_what_that_of_rows_draws():
    generator = np.random.default_rng(7)
    groups, values = generator.integers(9, size=60), generator.random(60)
    sums = np.stack([np.bincount(groups, values), np.bincount(groups)], axis=1)
    by_rows = bootstrap_over_groups(groups, lambda places: values[places].mean(), resamples=500, seed=3)
    assert bootstrap_over_group_sums(sums, lambda drawn: drawn[:, 0] / drawn[:, 1], resamples=500, seed=3) == (
        pytest.approx(by_rows)
    )
    assert np.isnan(bootstrap_over_group_sums(sums[:1], lambda drawn: drawn[:, 0], seed=0)).all()
    assert np.isnan(bootstrap_over_group_sums(sums, lambda drawn: np.full(len(drawn), np.nan), seed=0)).all()


def test_a_jackknife_over_groups_of_examples_has_the_error_of_a_mean_and_of_a_correlation():
    generator = np.random.default_rng(8)
    values = generator.normal(size=2000)
    error = grouped_jackknife_error(lambda places: values[places].mean(), 2000)
    assert error == pytest.approx(values.std(ddof=1) / math.sqrt(2000), rel=0.3)
    found = []
    for _ in range(60):
        pairs = generator.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], size=800)
        found.append(grouped_jackknife_error(lambda places, pairs=pairs: np.corrcoef(pairs[places].T)[0, 1], 800))
    assert np.mean(found) == pytest.approx((1 - 0.25) / math.sqrt(800), rel=0.05)
    assert math.isnan(grouped_jackknife_error(lambda places: 1.0, 2))
