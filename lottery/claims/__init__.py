"""What the papers claim, one file a claim, and how a claim is judged.

A file has the names of `Claim`. The first line of its docstring is its title; the rest says how it is judged, and why
by these margins, for those who read the table. `published` computes from what the papers print, `measured` from the
recorded runs of one chapter; both return measurements, and only the rule here turns these into verdicts.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import t as student

from lottery import statistics as stats
from lottery.choices import choose, offered

HOLDS, FAILS, OPEN, MISSING = "holds", "does not hold", "not shown", "not measured"
ALPHA = 0.05
PUBLISHED = "published"  # the source that is what the papers print; the others are profiles that were recorded
TUNED = "miniature"  # the source that is no evidence for what it was tuned to show


class Evidence(NamedTuple):
    """One measurement by which a claim is judged, in the unit it names."""

    what: str  # was measured, in words
    unit: str
    claimed: tuple[float, float]  # where the claim says that it lies: between these, -inf or inf for no bound
    estimate: float  # NaN where nothing was measured
    low: float  # of its interval; NaN where there is none
    high: float
    basis: str  # of the interval in words, or why there is none
    p: float  # of `stats.side`; NaN where the interval is none of sampling


class Claim(Protocol):
    """A file of this folder."""

    PAPER: str  # its key in book/references.bib
    CLAIM: str  # what the paper says, in one sentence
    WHERE: str  # it says so
    TABLE: str | None  # the chapter whose recorded runs measure it; None for a sentence about one published model
    TUNED: bool  # whether the miniature was tuned to show it

    def published(self, tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
        """From the papers' printed numbers, {file in book/published: its table}; [] where they print none."""

    def measured(self, table: pd.DataFrame) -> list[Evidence]:
        """From the recorded runs of TABLE under one profile; not asked for where TABLE is None."""


def over_seeds(what: str, unit: str, claimed: tuple[float, float], values: ArrayLike) -> Evidence:
    """The mean of one value a seed, with its 95 % t interval; a measurement of nothing where one is not defined."""
    values = np.asarray(values, dtype=float)
    undefined = int(np.isnan(values).sum())
    if values.size == 0 or undefined:
        why = f"missing or not defined for {undefined} of {values.size} seeds" if undefined else "not recorded"
        return Evidence(what, unit, claimed, math.nan, math.nan, math.nan, why, math.nan)
    mean, low, high = stats.mean_interval(values)
    if math.isnan(low):
        why = "one seed: no interval" if values.size == 1 else f"{values.size} seeds that do not differ: no interval"
        return Evidence(what, unit, claimed, mean, low, high, why, math.nan)
    error, freedom = values.std(ddof=1) / math.sqrt(values.size), values.size - 1
    p = stats.side(mean, error, low=claimed[0], high=claimed[1], freedom=freedom)
    return Evidence(what, unit, claimed, mean, low, high, f"95 % over {values.size} seeds", p)


def over_models(what: str, unit: str, claimed: tuple[float, float], values: pd.Series, rows: pd.DataFrame) -> Evidence:
    """The mean of one value a model, whose seeds stand in `of.seed` of their rows; of a given model its one value.

    What is said of the weights of one given model is a fact and has no interval.
    """
    if "of.seed" in rows or len(values) != 1:
        return over_seeds(what, unit, claimed, values.groupby(rows.get("of.seed", rows.index)).mean(skipna=False))
    value = float(values.iloc[0])
    return within(what, unit, claimed, value, value, value, basis="one given model")


def with_error(
    what: str,
    unit: str,
    claimed: tuple[float, float],
    estimate: float,
    error: float,
    *,
    basis: str,
    freedom: float = math.inf,
) -> Evidence:
    """An estimate with its standard error, at `freedom` degrees of freedom, and the 95 % interval that follows."""
    reach = error * student.ppf(0.975, freedom)
    p = stats.side(estimate, error, low=claimed[0], high=claimed[1], freedom=freedom)
    return Evidence(what, unit, claimed, estimate, estimate - reach, estimate + reach, basis, p)


def over_tasks(what: str, unit: str, claimed: tuple[float, float], values: ArrayLike) -> Evidence:
    """The mean of one value a task, with its 95 % t interval over the tasks; a measurement of nothing below two."""
    values = np.asarray(values, dtype=float)
    if values.size < 2 or np.isnan(values).any():
        return over_seeds(what, unit, claimed, [])
    error, freedom = values.std(ddof=1) / math.sqrt(values.size), values.size - 1
    return with_error(
        what, unit, claimed, values.mean(), error, basis=f"95 % over {values.size} tasks", freedom=freedom
    )


def over_heads(what: str, unit: str, claimed: tuple[float, float], difference: ArrayLike) -> Evidence:
    """An estimate with the ends of its 95 % bootstrap interval over heads: (estimate, low, high).

    The p value is that of a normal distribution with the interval's width, which a bootstrap's often is near.
    """
    estimate, low, high = (float(value) for value in np.asarray(difference))
    if math.isnan(estimate) or math.isnan(low):
        basis = "not recorded" if math.isnan(estimate) else "too few heads: no interval"
        return Evidence(what, unit, claimed, estimate, math.nan, math.nan, basis, math.nan)
    p = stats.side(estimate, (high - low) / (2 * student.ppf(0.975, math.inf)), low=claimed[0], high=claimed[1])
    return Evidence(what, unit, claimed, estimate, low, high, "95 % over heads", p)


def within(
    what: str, unit: str, claimed: tuple[float, float], estimate: float, low: float, high: float, *, basis: str
) -> Evidence:
    """An estimate that lies for certain between two numbers, such as one computed from numbers that were rounded."""
    low, high = round(low, 9), round(high, 9)  # a bound that is touched is not crossed by what floats add
    return Evidence(what, unit, claimed, estimate, low, high, basis, math.nan)


def judged(measurements: Sequence[Evidence]) -> list[str]:
    """A verdict on each measurement of one claim from one source.

    holds, does not hold  it lies where the claim says, or outside: by a test, corrected by Holm for all tests among
                          these measurements, or by an interval that is none of sampling
    not shown             it may lie on either side of a bound, or there is no interval
    not measured          there is no estimate
    """
    corrected = stats.holm([each.p for each in measurements])
    return [_verdict(each, p) for each, p in zip(measurements, corrected, strict=True)]


def _verdict(measured: Evidence, p: float) -> str:
    below, above = measured.claimed
    if math.isnan(measured.estimate):
        return MISSING
    if math.isnan(measured.p):
        inside = below < measured.low and measured.high < above
        outside = measured.high < below or measured.low > above
    else:
        inside, outside = p < ALPHA and below < measured.estimate < above, p < ALPHA
    return HOLDS if inside else FAILS if outside else OPEN


def together(verdicts: Sequence[str]) -> str:
    """The verdict that follows from several of one claim: it holds where all hold, and fails where one fails.

    Where some are not measured it is not shown, and where none is it is not measured.
    """
    if set(verdicts) <= {MISSING}:
        return MISSING
    return FAILS if FAILS in verdicts else HOLDS if set(verdicts) == {HOLDS} else OPEN


def ledger(published: Mapping[str, pd.DataFrame], recorded: Mapping[str, Mapping[str, pd.DataFrame]]) -> pd.DataFrame:
    """Every measurement of every claim, a row each, with its verdict.

    published  {file in book/published: its table}
    recorded   {profile: {chapter: the table of its runs}}
    returns    claim (its file), source (PUBLISHED or a profile), counts (False where the source was tuned to show the
               claim), the fields of `Evidence`, and verdict
    """
    rows = []
    for name in offered("claims"):
        claim: Claim = choose("claims", name)
        found = {PUBLISHED: claim.published(published)}
        for profile, tables in recorded.items():
            found[profile] = claim.measured(tables[claim.TABLE]) if claim.TABLE in tables else []
        for source, measurements in found.items():
            counts = not (claim.TUNED and source == TUNED)
            for each, verdict in zip(measurements, judged(measurements), strict=True):
                rows.append({"claim": name, "source": source, "counts": counts, **each._asdict(), "verdict": verdict})
    return pd.DataFrame(rows, columns=["claim", "source", "counts", *Evidence._fields, "verdict"])


def verdicts(ledger: pd.DataFrame, sources: Sequence[str]) -> pd.DataFrame:
    """A row a claim: the verdict of each source, a column each, and `verdict`, that of all sources that count.

    A source that measured nothing of a claim says nothing about it.
    """
    told = {}
    for name in offered("claims"):
        rows = ledger[ledger["claim"] == name]
        told[name] = {source: together(rows["verdict"][rows["source"] == source].tolist()) for source in sources}
        counting = [told[name][source] for source in sources if rows["counts"][rows["source"] == source].all()]
        told[name]["verdict"] = together([verdict for verdict in counting if verdict != MISSING])
    return pd.DataFrame.from_dict(told, orient="index", columns=[*sources, "verdict"])
