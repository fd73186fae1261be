"""Intervals and tests over seeds and examples, and lines through points.

Where the data cannot carry an answer the answer is NaN, and each function says when. The commonest reason is runs that
do not differ: values less than 1e-12 apart, as of collapsed runs, show no spread from which to judge the next one.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, kstest, kurtosis, linregress, skew, spearmanr, theilslopes, ttest_1samp
from scipy.stats import t as student
from statsmodels.regression.linear_model import OLS
from statsmodels.tools import add_constant


class Interval(NamedTuple):
    low: float
    high: float


class Estimate(NamedTuple):
    mean: float
    low: float
    high: float

    @property
    def sign(self) -> int:
        """1 where the whole interval lies above 0, -1 where below; 0 where it holds 0, or there is none."""
        return int(self.low > 0) - int(self.high < 0)

    def in_words(self, scale: float = 1.0, form: str = "+.1f") -> str:
        """The mean and, in brackets, the interval, where there is one: "+1.2 (+0.3 to +2.1)"."""
        mean, low, high = (signed(scale * value, form) for value in self)
        if np.isnan(self.mean):
            return "not defined"
        return f"{mean} (no interval)" if np.isnan(self.low) else f"{mean} ({low} to {high})"


def signed(value: float, form: str = "+.1f") -> str:
    """A number with its sign, but for one that is rounded to zero.

    >>> signed(0.26), signed(-0.04), signed(-0.004, "+.0%")
    ('+0.3', '0.0', '0%')
    """
    text = f"{value:{form}}"
    return text.lstrip("+-") if set(text) <= set("+-0.%") else text


class Line(NamedTuple):
    """A line through points, and what of it depends on single ones; slopes are units of y for one of x.

    slope, low, high             least squares, with its t interval
    intercept, r2                of the same line: its height at x = 0, and the share of y's variance on it, in [0, 1]
    leverages                    hat values, (n,) in [1/n, 1]: how far the line follows each point; they sum to 2
    slopes_without               the least-squares slope when each point in turn is left out, (n,)
    median_slope, median_low, median_high  of the slopes between all pairs of points, with its interval
    """

    slope: float
    low: float
    high: float
    intercept: float
    r2: float
    leverages: np.ndarray
    slopes_without: np.ndarray
    median_slope: float
    median_low: float
    median_high: float


class Normality(NamedTuple):
    ks_distance: float
    kurtosis: float
    skewness: float


def bootstrap_interval(
    values: ArrayLike,
    statistic: Callable = np.mean,
    *,
    level: float = 0.95,
    resamples: int = 9999,
    seed: int,
) -> Interval:
    """Percentile bootstrap interval of a statistic of independent values, such as one value a seed.

    values     (n,) numbers
    statistic  reduces an array along `axis`, as np.mean and np.median do
    level      share of such intervals meant to cover the true value, in (0, 1); at three to five values they cover less
    resamples  draws of n values with replacement
    seed       of the draws
    returns    (low, high), in the unit of the statistic

    NaN for fewer than two values, for any NaN or infinite value, and for values that do not differ.
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
    """
    values = np.asarray(values, dtype=float)
    _require_level(level)
    if _is_degenerate(values):
        return Interval(np.nan, np.nan)
    draws = values[np.random.default_rng(seed).integers(values.size, size=(resamples, values.size))]
    return _percentiles(statistic(draws, axis=1), level)


def bootstrap_over_seeds_and_examples(
    values: ArrayLike, *, level: float = 0.95, resamples: int = 1999, seed: int
) -> Interval:
    """Percentile bootstrap interval of the mean, for other seeds and other examples of the same kind.

    values     (seeds, examples) one number for each example and seed, such as 1 where the prediction was right
    level      share of such intervals meant to cover the true value, in (0, 1)
    resamples  draws of as many seeds and, crossed with them, as many examples, both with replacement
    seed       of the draws
    returns    (low, high), in the unit of the values

    NaN for fewer than two seeds or two examples, for any NaN or infinite value, and for values that do not differ.
    Owen 2007, doi:10.1214/07-AOAS122: it errs on the wide side where seeds are many; at three it understates the
    variance between seeds by a third.
    """
    values = np.asarray(values, dtype=float)
    _require_level(level)
    if values.ndim != 2:
        raise ValueError(f"values of shape {values.shape} were given; give one row a seed and one column an example")
    if min(values.shape) < 2 or _is_degenerate(values):
        return Interval(np.nan, np.nan)
    seeds, examples = values.shape
    generator = np.random.default_rng(seed)
    means = [
        values[generator.integers(seeds, size=seeds)].mean(axis=0)[generator.integers(examples, size=examples)].mean()
        for _ in range(resamples)
    ]
    return _percentiles(means, level)


def bootstrap_over_groups(
    groups: ArrayLike, statistic: Callable, *, level: float = 0.95, resamples: int = 1999, seed: int
) -> Interval:
    """Percentile bootstrap interval of a statistic of rows that come in groups, such as attention maps of one head.

    groups     (n,) the group of each row; rows of one group need not be independent of each other
    statistic  takes the positions of rows, (m,) whole numbers, some more than once, and returns a number
    level      share of such intervals meant to cover the true value, in (0, 1)
    resamples  draws of as many groups as there are, with replacement, each with all its rows
    seed       of the draws
    returns    (low, high), in the unit of the statistic

    NaN for fewer than two groups; a draw whose statistic is NaN is left out, and where that is one in ten or more the
    interval is NaN. Davison & Hinkley 1997, Bootstrap Methods and their Application, section 3.8.
    """
    groups = np.asarray(groups)
    _require_level(level)
    rows = [np.flatnonzero(groups == name) for name in np.unique(groups)]
    if len(rows) < 2:
        return Interval(np.nan, np.nan)
    generator = np.random.default_rng(seed)
    drawn = (generator.integers(len(rows), size=len(rows)) for _ in range(resamples))
    values = np.array([statistic(np.concatenate([rows[place] for place in places])) for places in drawn])
    defined = values[~np.isnan(values)]
    return _percentiles(defined, level) if defined.size > 0.9 * resamples else Interval(np.nan, np.nan)


def bootstrap_over_group_sums(
    sums: ArrayLike, statistic: Callable, *, level: float = 0.95, resamples: int = 1999, seed: int
) -> Interval:
    """`bootstrap_over_groups` of a statistic that depends on sums over groups alone: the same draws, all at once.

    sums       (groups, k) sums over the rows of each group, such as of values and of ones
    statistic  takes sums over drawn groups, (resamples, k), and returns (resamples,) numbers
    """
    sums = np.asarray(sums, dtype=float)
    _require_level(level)
    groups = len(sums)
    if groups < 2:
        return Interval(np.nan, np.nan)
    places = np.random.default_rng(seed).integers(groups, size=(resamples, groups))
    times = np.zeros((resamples, groups))
    np.add.at(times, (np.arange(resamples)[:, None], places), 1)
    values = statistic(times @ sums)
    defined = values[~np.isnan(values)]
    return _percentiles(defined, level) if defined.size > 0.9 * resamples else Interval(np.nan, np.nan)


def jackknife_error(without: ArrayLike) -> float:
    """Standard error of a statistic from its values with one unit left out each, (units,), such as one seed each.

    For statistics of pairs of units, whose terms are not independent. NaN for fewer than three units and for any NaN.
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 11.
    """
    values = np.asarray(without, dtype=float)
    if values.size < 3:
        return float("nan")
    return float(np.sqrt((values.size - 1) * values.var()))


def grouped_jackknife_error(statistic: Callable, examples: int, *, groups: int = 50) -> float:
    """Standard error of a statistic of examples, from its values with a group of them left out at a time.

    statistic  takes the positions of examples, (m,) whole numbers, and returns a number
    groups     every so many-th example makes a group; fewer than there are examples

    Shao & Tu 1995, The Jackknife and Bootstrap, section 2.3. NaN for fewer than three examples.
    """
    places = np.arange(examples)
    groups = min(groups, examples)
    return jackknife_error([statistic(places[places % groups != group]) for group in range(groups)])


def jackknife_interval(estimate: float, without: ArrayLike) -> Estimate:
    """An estimate with its 95% t interval by `jackknife_error`."""
    reach = jackknife_error(without) * student.ppf(0.975, len(without) - 1)
    return Estimate(estimate, estimate - reach, estimate + reach)


def mean_interval(values: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Mean of independent values, such as one value a seed, with its t interval.

    values   (n,) numbers
    level    share of such intervals meant to cover the true mean, in (0, 1)
    returns  (mean, low, high), in the unit of the values: mean +- t * s / sqrt(n) at n - 1 degrees of freedom

    The mean is NaN for no values and for any NaN or infinite value; the ends also for a single value and for values
    that do not differ.
    """
    values = np.asarray(values, dtype=float)
    _require_level(level)
    if values.ndim != 1:
        raise ValueError(f"values of shape {values.shape} were given; give one number for each seed")
    mean = values.mean() if values.size and np.isfinite(values).all() else np.nan
    if _is_degenerate(values):
        return Estimate(float(mean), np.nan, np.nan)
    reach = student.ppf((1 + level) / 2, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size)
    return Estimate(float(mean), float(mean - reach), float(mean + reach))


def paired_difference(a: ArrayLike, b: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Mean of a - b over pairs, such as two methods at the same seeds, with its t interval as by `mean_interval`.

    a, b     (n,) numbers, the i-th of one belonging to the i-th of the other
    """
    return mean_interval(_paired(a, b), level=level)


def deviation_interval(deviation: float, freedom: float, *, level: float = 0.95) -> Interval:
    """Chi-square interval of a standard deviation of normally distributed values, such as of scores over seeds.

    deviation  the estimate, 0 or more, at `freedom` degrees of freedom: values less one, summed where several samples
               are pooled
    returns    (low, high), in its unit: deviation * sqrt(freedom / chi2) at both ends. NaN without a degree of freedom
    """
    _require_level(level)
    if not (freedom > 0 and np.isfinite(deviation)):
        return Interval(np.nan, np.nan)
    upper, lower = chi2.ppf([(1 + level) / 2, (1 - level) / 2], freedom)
    return Interval(float(deviation * np.sqrt(freedom / upper)), float(deviation * np.sqrt(freedom / lower)))


def equivalence(a: ArrayLike, b: ArrayLike, margin: float) -> float:
    """p value of two one-sided paired t tests that the mean of a - b lies within (-margin, margin).

    a, b     (n,) numbers, the i-th of one belonging to the i-th of the other
    margin   the largest difference that counts as none, above 0, in the unit of the values
    returns  p in [0, 1]; small says equivalent, large says not shown (Schuirmann 1987, doi:10.1007/BF01068419)

    NaN for fewer than two pairs, for any NaN or infinite value, and for differences that do not differ.
    """
    differences = _paired(a, b)
    if not margin > 0:
        raise ValueError(f"a margin of {margin} leaves nothing to be equivalent within; give one above 0")
    if _is_degenerate(differences):
        return np.nan
    above = ttest_1samp(differences, -margin, alternative="greater").pvalue
    below = ttest_1samp(differences, margin, alternative="less").pvalue
    return float(max(above, below))


def is_winning(ticket_scores: ArrayLike, full_scores: ArrayLike, tolerance: float) -> bool:
    """Whether a ticket does as well as the full model: its mean score is at most `tolerance` below the full one's.

    ticket_scores  (n,) scores, one a run; of a collapsed run NaN where the score is not defined
    full_scores    (m,) scores of the full model, each a number
    tolerance      0 or more, in the unit of the scores; Chen et al. 2020 take a standard deviation of the full scores

    A ticket with a score that is not defined does not win. Raises ValueError without scores, for a full score or a
    tolerance that is no number, and for a tolerance below 0.
    """
    ticket, full = np.asarray(ticket_scores, dtype=float), np.asarray(full_scores, dtype=float)
    if not ticket.size or not full.size or not np.isfinite(full).all():
        raise ValueError(
            f"{ticket.size} scores of a ticket and {np.isfinite(full).sum()} of {full.size} defined ones of the full "
            "model were given; give at least one each, and every full score a number"
        )
    if not tolerance >= 0:
        raise ValueError(f"a tolerance of {tolerance} says nothing; give 0 or more, such as a standard deviation")
    return bool(ticket.mean() >= full.mean() - tolerance)


def side(estimate: float, error: float, *, low: float, high: float, freedom: float = np.inf) -> float:
    """p value of the test that a quantity lies on that side of its bounds on which its estimate was found.

    estimate   of the quantity, with its standard error, above 0, at `freedom` degrees of freedom (inf: normal)
    low, high  the bounds, low < high; -inf or inf where there is none
    returns    p in [0, 1] of the one-sided test against the nearest bound; of an estimate between two bounds the larger
               one of both, as `equivalence`. Below 0.05 where the 90% interval lies on that side, so that a quantity
               is told to lie on the wrong side with a probability of 5% at the most

    A small p says that the quantity lies where it was found, a large one that it may lie across the bound.
    NaN for a NaN and for an error of 0. Schuirmann 1987, doi:10.1007/BF01068419.
    """
    if not low < high:
        raise ValueError(f"bounds of {low} and {high} hold nothing between them; give the lower one first")
    if not (error > 0 and np.isfinite(estimate)):
        return np.nan
    within = max(student.sf((estimate - low) / error, freedom), student.cdf((estimate - high) / error, freedom))
    return float(within if low <= estimate <= high else 1 - within)


def holm(p_values: Sequence[float]) -> np.ndarray:
    """p values of one family of tests, corrected for their number (Holm 1979).

    p_values  (n,) in [0, 1]; a NaN, a test that could not be made, stays NaN and does not count
    returns   (n,) in [0, 1], never below what was given
    """
    corrected = np.array(p_values, dtype=float)
    made = ~np.isnan(corrected)
    p = corrected[made]
    order = np.argsort(p, kind="stable")
    # By hand, because statsmodels' multipletests collects garbage each time: a quarter of a second a family.
    p[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)), 1.0)
    corrected[made] = p
    return corrected


def line(x: ArrayLike, y: ArrayLike, *, level: float = 0.95) -> Line:
    """The line through points by least squares and by Theil & Sen's median of slopes, with each point's influence.

    x, y     (n,) numbers, the i-th of one belonging to the i-th of the other
    level    share of such intervals meant to cover the true slope, in (0, 1), if points scatter about a line
    returns  a `Line`

    Sen 1968, doi:10.1080/01621459.1968.10480934; for the hat values Hoaglin & Welsch 1978,
    doi:10.1080/00031305.1978.10479237. All is NaN for fewer than three points, for any NaN or infinite value, and where
    the x, or the y, do not differ; a slope without a point also where the other x do not differ.
    """
    x, y = _pairs(x, y)
    _require_level(level)
    if x.size < 3 or _is_degenerate(x) or _is_degenerate(y):
        none = np.full(x.size, np.nan)
        return Line(*[np.nan] * 5, none, none, *[np.nan] * 3)
    fit = OLS(y, add_constant(x)).fit()
    (intercept, slope), (_, (low, high)) = fit.params, fit.conf_int(1 - level)
    without = np.array([_slope(np.delete(x, place), np.delete(y, place)) for place in range(x.size)])
    median, _, median_low, median_high = theilslopes(y, x, alpha=level)
    return Line(
        *(float(value) for value in (slope, low, high, intercept, fit.rsquared)),
        fit.get_influence().hat_matrix_diag,
        without,
        *(float(value) for value in (median, median_low, median_high)),
    )


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    return np.nan if _is_degenerate(x) else float(linregress(x, y).slope)


def normality(values: ArrayLike) -> Normality:
    """How far a large sample is from a normal distribution.

    values       numbers of any shape
    ks_distance  largest distance between the sample's distribution and the normal one of its mean and standard
                 deviation, in [0, 1] (Kolmogorov-Smirnov). No p value goes with it: of millions of weights any
                 distance is significant
    kurtosis     fourth standardised moment minus 3, the normal's; above 0 where the tails are heavy
    skewness     third standardised moment, 0 where both tails are alike

    NaN for fewer than two values, for any NaN or infinite value, and for values that do not differ.
    """
    values = np.asarray(values, dtype=float).ravel()
    if _is_degenerate(values):
        return Normality(np.nan, np.nan, np.nan)
    standard = (values - values.mean()) / values.std()
    distance = kstest(standard, "norm", method="asymp").statistic
    return Normality(float(distance), float(kurtosis(standard)), float(skew(standard)))


def spearman(a: ArrayLike, b: ArrayLike) -> float:
    """Spearman's rank correlation of pairs, in [-1, 1].

    a, b  (n,) numbers, the i-th of one belonging to the i-th of the other

    NaN for fewer than two pairs, for any NaN or infinite value, and where one of the two does not differ.
    """
    _paired(a, b)
    if _is_degenerate(np.asarray(a, dtype=float)) or _is_degenerate(np.asarray(b, dtype=float)):
        return np.nan
    return float(spearmanr(a, b).statistic)


def partial_spearman(a: ArrayLike, b: ArrayLike, given: ArrayLike) -> float:
    """Rank correlation of a and b at equal ranks of `given`: that of the residuals of their ranks on its ranks.

    a, b, given  (n,) numbers that belong together
    returns      (r_ab - r_ag r_bg) / sqrt((1 - r_ag^2) (1 - r_bg^2)), in [-1, 1], with r as by `spearman`

    NaN where one of the three correlations is, and where a or b is in the order of `given` or its reverse (0/0).
    """
    plain, first, second = spearman(a, b), spearman(a, given), spearman(b, given)
    left = (1 - first**2) * (1 - second**2)
    return (plain - first * second) / np.sqrt(left) if left > 1e-12 else np.nan


def _percentiles(estimates: ArrayLike, level: float) -> Interval:
    low, high = np.quantile(estimates, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def _paired(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    a, b = _pairs(a, b)
    return a - b


def _pairs(a: ArrayLike, b: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"values of shapes {a.shape} and {b.shape} make no pairs; give two rows of equal length")
    return a, b


def _is_degenerate(values: np.ndarray) -> bool:
    return values.size < 2 or not np.isfinite(values).all() or np.ptp(values) < 1e-12


def _require_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"a level of {level} is not in (0, 1); give the share meant to cover, such as 0.95")
