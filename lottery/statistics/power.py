"""How likely a test is to tell, and with how many units it would: seeds, worlds, tasks or examples.

The tests are those of `statistics.side` at 5%: that a quantity lies between its bounds.
"""

import math

import numpy as np
from scipy.stats import chi2, nct, norm
from scipy.stats import t as student

LEVEL, WANTED = 0.05, 0.8


def power(truth: float, error: float, freedom: float, *, low: float, high: float) -> float:
    """Probability that a quantity inside its bounds is shown to be there.

    truth    where it is, in its unit
    error    standard error of its estimate, above 0, itself estimated at `freedom` degrees of freedom (inf: known)
    low, high  the bounds, low < high; -inf or inf where there is none
    returns  in [0, 1]. One bound: by the noncentral t distribution. Two: exactly, by integration over the distribution
             of the estimated error (Phillips 1990, doi:10.1007/BF01063556)
    """
    if math.isinf(low) and math.isinf(high):
        return 1.0
    needed = student.ppf(1 - LEVEL, freedom)
    if math.isinf(low) or math.isinf(high):
        away = (truth - low if math.isinf(high) else high - truth) / error
        return float(norm.sf(needed - away) if math.isinf(freedom) else nct.sf(needed, freedom, away))
    levels = (np.arange(2000) + 0.5) / 2000
    estimated = 1.0 if math.isinf(freedom) else np.sqrt(chi2.ppf(levels, freedom) / freedom)
    reach = needed * estimated
    shown = norm.cdf((high - truth) / error - reach) - norm.cdf((low - truth) / error + reach)
    return float(np.mean(np.maximum(shown, 0)))


def units_needed(
    truth: float, spread: float, *, low: float, high: float, fixed: float = 0.0, most: int = 100_000
) -> float:
    """The fewest units, such as seeds, with which `power` reaches 80%; inf where `most` do not.

    spread  standard deviation of one unit's value, above 0
    fixed   standard error that more units do not lessen, such as that of a dev set which all seeds share
    """

    def enough(units: int) -> bool:
        return power(truth, *combined(spread, units, fixed), low=low, high=high) >= WANTED

    if not enough(most):
        return math.inf
    few, many = 1, most  # one is never enough: its spread is not known
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if enough(middle) else (middle, many)
    return many


def units_for_deviation(truth: float, *, low: float, high: float, most: int = 100_000) -> float:
    """The fewest values with which a standard deviation is shown to lie above or below a bound; inf beyond `most`.

    truth      the deviation, above 0, of normally distributed values
    low, high  the bounds; one of them 0, -inf or inf
    By the chi-square distribution: the test is that of the 90% interval of `deviation_interval`.
    """

    def shown(values: int) -> float:
        freedom = values - 1
        if math.isfinite(high):
            return float(chi2.cdf(chi2.ppf(LEVEL, freedom) * (high / truth) ** 2, freedom))
        return float(chi2.sf(chi2.ppf(1 - LEVEL, freedom) * (low / truth) ** 2, freedom))

    if shown(most) < WANTED:
        return math.inf
    few, many = 1, most
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if shown(middle) >= WANTED else (middle, many)
    return many


def combined(spread: float, units: int, fixed: float) -> tuple[float, float]:
    """Standard error of a mean over `units` beside a fixed, known part, and its degrees of freedom.

    By Satterthwaite 1946, doi:10.2307/3002019: `units` - 1 where nothing is fixed, more where that is most of it.
    """
    own = spread**2 / units
    error = math.sqrt(own + fixed**2)
    return error, (units - 1) * (error**2 / own) ** 2 if own else math.inf


def examples_needed(truth: float, fixed: float, examples: int, *, low: float, high: float) -> float:
    """About how many examples a dev set needs, were there any number of seeds; inf for a truth on its bound.

    fixed  standard error that a dev set of `examples` leaves, which falls with the root of their number
    """
    away = min(truth - low, high - truth)
    if away <= 0:
        return math.inf
    two = math.isfinite(low) and math.isfinite(high)
    quantiles = norm.ppf(1 - LEVEL) + norm.ppf((1 + WANTED) / 2 if two else WANTED)
    return math.ceil(examples * (fixed * quantiles / away) ** 2)
