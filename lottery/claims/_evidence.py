"""Measurements made: an estimate, its 90% interval, and what that interval is of."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import f as fisher
from scipy.stats import norm
from scipy.stats import t as student

from lottery import statistics as stats
from lottery.claims import Evidence, Plan
from lottery.statistics import power

LEVEL = 0.9  # of every interval: its ends are those of the one-sided tests at 5%
SMALLEST = {"points": 1.0, "nats": 0.05, "%": 1.0, "times": 0.5, "points per nat": 1.0}  # a difference worth finding
OF_A_SHARE = 0.1  # where there is no unit
Range = tuple[float, float]


def supposed(claimed: Range, unit: str) -> float:
    """Where the truth is supposed to lie when it is asked what it would take to show the claim.

    No difference, where the claim allows it; else a difference worth finding beyond the bound, or between the two.
    """
    low, high = claimed
    if low < 0 < high:
        return 0.0
    if math.isfinite(low) and math.isfinite(high):
        return (low + high) / 2
    step = SMALLEST.get(unit, OF_A_SHARE)
    return low + step if math.isfinite(low) else high - step


def none(what: str, unit: str, claimed: Range, why: str) -> Evidence:
    """A measurement of nothing."""
    return Evidence(what, unit, claimed, math.nan, math.nan, math.nan, why)


def silent(what: str, unit: str, claimed: Range, why: str) -> Evidence:
    """A measurement that was made, and cannot bear on the claim."""
    return none(what, unit, claimed, why)._replace(silent=why)


def within(what: str, unit: str, claimed: Range, estimate: float, low: float, high: float, *, basis: str) -> Evidence:
    """An estimate that lies for certain between two numbers, such as one computed from numbers that were rounded."""
    low, high = round(float(low), 9), round(float(high), 9)  # a bound that is touched is not crossed by what floats add
    return Evidence(what, unit, claimed, float(estimate), low, high, basis)


def with_error(
    what: str,
    unit: str,
    claimed: Range,
    estimate: float,
    error: float,
    *,
    basis: str,
    freedom: float = math.inf,
    plan: Plan | None = None,
) -> Evidence:
    """An estimate with its standard error, at `freedom` degrees of freedom, and the interval that follows.

    plan  where the error comes from; None: more of it is not to be had
    """
    reach = error * student.ppf((1 + LEVEL) / 2, freedom)
    p = stats.side(estimate, error, low=claimed[0], high=claimed[1], freedom=freedom)
    truth = supposed(claimed, unit)
    return Evidence(
        what, unit, claimed, estimate, estimate - reach, estimate + reach, basis, p, supposed=truth, plan=plan
    )


def over(
    what: str, unit: str, claimed: Range, values: ArrayLike, *, units: str = "seeds", seconds: float = math.nan
) -> Evidence:
    """The mean of one value a unit, such as a seed or a world, with its t interval.

    A measurement of nothing where a value is not defined.
    """
    values = np.asarray(values, dtype=float)
    undefined = int(np.isnan(values).sum())
    if values.size == 0 or undefined:
        why = f"missing or not defined for {undefined} of {values.size} {units}" if undefined else "not recorded"
        return none(what, unit, claimed, why)
    mean, spread = float(values.mean()), float(values.std(ddof=1)) if values.size > 1 else math.nan
    if not spread > 1e-12:
        why = (
            f"one {units[:-1]}: no interval"
            if values.size == 1
            else f"{values.size} {units} that do not differ: no interval"
        )
        plan = Plan(units, values.size, math.nan, seconds=seconds)
        return none(what, unit, claimed, why)._replace(estimate=mean, supposed=supposed(claimed, unit), plan=plan)
    plan = Plan(units, values.size, spread, seconds=seconds)
    error, freedom = spread / math.sqrt(values.size), values.size - 1
    return with_error(what, unit, claimed, mean, error, basis=f"{values.size} {units}", freedom=freedom, plan=plan)


def beside_dev_sets(evidence: Evidence, fixed: float, examples: int) -> Evidence:
    """A measurement over seeds that share dev sets: with the standard error of these, which no more seeds lessen.

    examples  of the smallest one
    """
    if not fixed or evidence.plan is None or math.isnan(evidence.plan.spread):
        return evidence
    error, freedom = power.combined(evidence.plan.spread, evidence.plan.count, fixed)
    return with_error(
        evidence.what,
        evidence.unit,
        evidence.claimed,
        evidence.estimate,
        error,
        basis=f"{evidence.basis} and the examples of dev",
        freedom=freedom,
        plan=evidence.plan._replace(fixed=fixed, examples=examples),
    )


def jackknifed(
    what: str,
    unit: str,
    claimed: Range,
    estimate: float,
    without: Sequence[float],
    *,
    basis: str = "",
    seconds: float = math.nan,
) -> Evidence:
    """A statistic of pairs of seeds with the error of a jackknife over them.

    without  its values with one seed left out each
    """
    error, many = stats.jackknife_error(without), len(without)
    if math.isnan(estimate) or math.isnan(error):
        why = "not defined" if math.isnan(estimate) else f"{many} seeds: no interval"
        return none(what, unit, claimed, why)._replace(estimate=estimate, plan=Plan("seeds", many, math.nan))
    plan = Plan("seeds", many, error * math.sqrt(many), seconds=seconds)
    basis = f"a jackknife over {many} seeds{basis}"
    return with_error(what, unit, claimed, estimate, error, basis=basis, freedom=many - 1, plan=plan)


def per_unit(rows: pd.DataFrame, unit: str) -> float:
    """The seconds that the recorded runs of one unit, such as a seed, took; NaN where they were not recorded."""
    return float(rows.groupby(unit)["seconds"].sum().mean()) if len(rows) and "seconds" in rows else math.nan


def of_models(what: str, unit: str, claimed: Range, values: pd.Series, models: ArrayLike | None) -> Evidence:
    """The mean of one value a model; of a given model its one value.

    models  of each value the seed of its pre-training, None for one given model. What is said of the weights of that is
            a fact and has no interval
    """
    if models is None and len(values) == 1:
        value = float(values.iloc[0])
        return within(what, unit, claimed, value, value, value, basis="a fact about one given model")
    groups = values.index if models is None else np.asarray(models)
    return over(what, unit, claimed, values.groupby(groups).mean(), units="worlds")


def bootstrapped(
    what: str, unit: str, claimed: Range, interval: Sequence[float], *, units: str, count: int
) -> Evidence:
    """An estimate with the ends of a 90% bootstrap interval over so many units, (estimate, low, high).

    Its p value is that of a normal distribution on that side of the estimate on which the bound lies, as wide as the
    interval is there: below 0.05 where the interval clears the bound.
    """
    estimate, low, high = (float(value) for value in interval)
    if math.isnan(estimate):
        return none(what, unit, claimed, "not recorded")
    if math.isnan(low):
        return none(what, unit, claimed, "too few to draw from: no interval")._replace(estimate=estimate)
    reach = norm.ppf((1 + LEVEL) / 2)
    sides = []
    for bound in claimed:
        width = (estimate - low if estimate > bound else high - estimate) / reach
        if math.isfinite(bound):
            sides.append(float(norm.sf(abs(estimate - bound) / width)) if width > 0 else math.nan)
    p = max(sides)  # inside, both have to be cleared; outside, the other one is further off
    plan = Plan(units, count, (high - low) / 2 / reach * math.sqrt(count) if high > low else math.nan)
    basis, truth = f"a bootstrap over {count} {units}", supposed(claimed, unit)
    return Evidence(what, unit, claimed, estimate, low, high, basis, p, supposed=truth, plan=plan)


def deviation(what: str, unit: str, claimed: Range, values: Sequence[ArrayLike], *, units: str = "seeds") -> Evidence:
    """The standard deviation over seeds, pooled over samples such as those of tasks, with its chi-square interval."""
    samples = [np.asarray(each, dtype=float) for each in values]
    samples = [each for each in samples if each.size > 1]
    freedom = sum(each.size - 1 for each in samples)
    if not freedom:
        return none(what, unit, claimed, "not recorded")
    pooled = math.sqrt(sum((each.size - 1) * each.var(ddof=1) for each in samples) / freedom)
    return pooled_deviation(what, unit, claimed, pooled, freedom, basis=f"{freedom + len(samples)} {units}, chi-square")


def pooled_deviation(what: str, unit: str, claimed: Range, deviation: float, freedom: int, *, basis: str) -> Evidence:
    """A standard deviation at `freedom` degrees of freedom with its chi-square interval."""
    low, high = stats.deviation_interval(deviation, freedom, level=LEVEL)
    plan = Plan("seeds", freedom + 1, deviation, deviation=True)
    return _by_inversion(
        Evidence(what, unit, claimed, deviation, low, high, basis, plan=plan),
        lambda level: stats.deviation_interval(deviation, freedom, level=level),
    )


def ratio_of_deviations(
    what: str, claimed: Range, one: float, other: float, freedoms: tuple[int, int], *, basis: str
) -> Evidence:
    """One standard deviation over another, independent one, with the interval of their F distribution."""
    ratio = one / other

    def interval(level: float) -> tuple[float, float]:
        upper, lower = fisher.ppf([(1 + level) / 2, (1 - level) / 2], *freedoms)
        return ratio / math.sqrt(upper), ratio / math.sqrt(lower)

    return _by_inversion(Evidence(what, "times", claimed, ratio, *interval(LEVEL), basis), interval)


def _by_inversion(measured: Evidence, interval: Callable[[float], Sequence[float]]) -> Evidence:
    """With the p value of the widest interval that clears the bound, found by bisection."""
    low, high = measured.claimed
    inside = low < measured.estimate < high

    def clears(level: float) -> bool:
        ends = interval(level)
        return low < ends[0] and ends[1] < high if inside else ends[1] < low or ends[0] > high

    least, most = 0.0, 1.0  # levels: an interval of level 0 is the estimate or so
    for _ in range(50):
        middle = (least + most) / 2
        least, most = (middle, most) if clears(middle) else (least, middle)
    return measured._replace(p=(1 - least) / 2, supposed=supposed(measured.claimed, measured.unit))
