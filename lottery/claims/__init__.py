"""What the papers claim, one file a claim, and how a claim is judged.

A file has the names of `Claim`. The first line of its docstring is its title; the rest says how it is judged, and why
by these margins, for those who read the table. `published` computes from what the papers print, `measured` from the
recorded runs of one chapter; both return measurements, and only the rule here turns these into verdicts: one in print
and one on each model, which are never merged.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import pandas as pd

from lottery import statistics as stats
from lottery.choices import choose, offered
from lottery.statistics import power

HOLDS, FAILS, OPEN, SILENT, MISSING, UNASKED = (
    "holds",
    "fails",
    "undecided",
    "says nothing",
    "no number",
    "not asked",
)
STATES = (HOLDS, FAILS, OPEN, SILENT, MISSING, UNASKED)
ALPHA = 0.05  # of each test: that of the one-sided tests behind a 90% interval
PUBLISHED = "published"  # the source that is what the papers print; the others are profiles that were recorded
MINIATURE = "miniature"  # the profile of a model of its own, which is no evidence about BERT
TUNED_ON = "gordon_pruning"  # the chapter by whose runs the miniature was chosen: what it shows there was aimed at


class Plan(NamedTuple):
    """Where the error of a measurement comes from, so that it can be told what more of it would take."""

    units: str  # "seeds", "worlds": what more can be run of
    count: int  # so many there are
    spread: float  # standard deviation of one unit's value, in the unit of the measurement; NaN where it is not known
    fixed: float = 0.0  # standard error that more units do not lessen: that of the dev sets
    examples: int = 0  # of the smallest dev set, where `fixed` is above 0
    seconds: float = math.nan  # that one unit took when it was recorded
    deviation: bool = False  # whether what is measured is the spread itself


class Need(NamedTuple):
    """With how much more a measurement would be decided: with 80% probability, were the truth where it is supposed."""

    units: str  # of its plan; "" where it is not told
    count: int  # so many there are
    needed: float  # so many would do; inf where no number does; NaN where it is not known
    examples: (
        float  # of a dev set with which enough units would do, where no number does with the one at hand; else NaN
    )
    seconds: float  # that those take which are lacking; NaN where it is not known
    why: str  # no number is told; "" where one is


class Evidence(NamedTuple):
    """One measurement by which a claim is judged, in the unit it names."""

    what: str  # was measured, in words
    unit: str
    claimed: tuple[float, float]  # where the claim says that it lies: between these, -inf or inf for no bound
    estimate: float  # NaN where nothing was measured
    low: float  # of its 90% interval, or for certain; NaN where there is none
    high: float
    basis: str  # of the interval in words, or why there is none
    p: float = math.nan  # of `stats.side`; NaN where the interval is none of sampling
    silent: str = ""  # why it says nothing of the claim, whatever it is
    favoured: str = ""  # how the comparison favours the claim, so that it says nothing where it lies as claimed
    supposed: float = math.nan  # where the truth is supposed to be when it is asked what more would take
    plan: Plan | None = None


class Claim(Protocol):
    """A file of this folder."""

    PAPER: str  # its key in book/references.bib
    CLAIM: str  # what the paper says, in one sentence
    WHERE: str  # it says so
    TABLE: str | None  # the chapter whose recorded runs measure it; None for a sentence about one published model
    NOT_OF_MINIATURE: str  # why it is not asked of the miniature; "" where it is
    MARGIN: float  # what counts as none, in the unit of the first measurement; the docstring has the reason

    def published(self, tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
        """From the papers' printed numbers, {file in book/published: its table}; [] where they print none."""

    def measured(self, table: pd.DataFrame) -> list[Evidence]:
        """From the recorded runs of TABLE under one profile, `prepared`; not asked for where TABLE is None."""


def not_asked(name: str, source: str) -> str:
    """Why a claim is not asked of a source; "" where it is."""
    claim: Claim = choose("claims", name)
    if source == PUBLISHED:
        return ""
    if claim.TABLE is None:
        return "the sentence is about one published model"
    return claim.NOT_OF_MINIATURE if source == MINIATURE else ""


def judged(measurements: Sequence[Evidence]) -> list[tuple[str, str]]:
    """A verdict on each measurement of one claim from one source, and why where the interval does not show it.

    holds         it lies where the claim says, by a test at 5%: its 90% interval does
    fails         it lies outside, by a test at 5%, corrected by Holm for all tests among these measurements, because
                  one that fails is enough; or by an interval that is none of sampling
    undecided     it may lie on either side of a bound, or there is no interval
    says nothing  the comparison cannot bear on the claim: its control has learned nothing, or it favours the claim
    no number     there is no estimate
    """
    tested = [number for number, each in enumerate(measurements) if not each.silent and not math.isnan(each.p)]
    outside = [1.0 if _inside(measurements[number]) else measurements[number].p for number in tested]
    by_test = dict(zip(tested, stats.holm(outside), strict=True))
    return [_verdict(each, by_test.get(number, math.nan), len(tested)) for number, each in enumerate(measurements)]


def _inside(measured: Evidence) -> bool:
    return measured.claimed[0] < measured.estimate < measured.claimed[1]


def _verdict(measured: Evidence, corrected: float, tests: int) -> tuple[str, str]:
    below, above = measured.claimed
    if measured.silent:
        return SILENT, measured.silent
    if math.isnan(measured.estimate):
        return MISSING, measured.basis
    if math.isnan(measured.p):
        inside = below < measured.low and measured.high < above
        outside, alone = measured.high < below or measured.low > above, False
    else:
        clear = measured.p < ALPHA
        inside, alone = clear and _inside(measured), clear and not _inside(measured)
        outside = alone and corrected < ALPHA
    if inside:
        return (SILENT, f"it lies as claimed, but {measured.favoured}") if measured.favoured else (HOLDS, "")
    if outside:
        return FAILS, ""
    return OPEN, f"outside its range, but not after Holm's correction for {tests} tests" if alone else ""


def need(measured: Evidence) -> Need:
    """What it would take to show that an undecided measurement lies where the claim says."""
    plan, (low, high) = measured.plan, measured.claimed
    if plan is None:
        why = "no run decides it: the printed digits do not tell" if math.isnan(measured.p) else "more is not to be had"
        return Need("", 0, math.nan, math.nan, math.nan, why)
    if math.isnan(plan.spread):
        why = "how far they spread is not known yet"
        return Need(plan.units, plan.count, math.nan, math.nan, math.nan, why)
    truth, examples = measured.supposed, math.nan
    if plan.deviation:
        needed = power.units_for_deviation(truth, low=low, high=high)
    else:
        needed = power.units_needed(truth, plan.spread, low=low, high=high, fixed=plan.fixed)
    if math.isinf(needed) and plan.fixed:
        examples = power.examples_needed(truth, plan.fixed, plan.examples, low=low, high=high)
        more = power.units_needed(
            truth, plan.spread, low=low, high=high, fixed=plan.fixed * math.sqrt(plan.examples / (2 * examples))
        )
        return Need(plan.units, plan.count, more, 2 * examples, max(more - plan.count, 0) * plan.seconds, "")
    return Need(plan.units, plan.count, needed, math.nan, max(needed - plan.count, 0) * plan.seconds, "")


def together(verdicts: Sequence[str]) -> str:
    """The verdict that follows from several of one claim, all of which must hold.

    It fails where one fails. It holds where all hold, each by its own test and without a correction: that all are
    wrongly shown is no likelier than that one is (intersection and union, Berger 1982). Else it is what stands in the
    way: undecided before what says nothing, and that before what has no number.
    """
    if not verdicts:
        return MISSING
    return next((each for each in (FAILS, OPEN, SILENT, MISSING) if each in verdicts), HOLDS)


def evidence(
    published: Mapping[str, pd.DataFrame],
    recorded: Mapping[str, Mapping[str, pd.DataFrame]],
    names: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Every measurement of every claim, a row each, with its verdict.

    published  {file in book/published: its table}
    recorded   {profile: {chapter: the table of its runs, `prepared`}}
    names      the files of the claims; by default all of them
    returns    claim (its file), source (PUBLISHED or a profile), the fields of `Evidence`, verdict and why
    """
    rows = []
    for name in offered("claims") if names is None else names:
        claim: Claim = choose("claims", name)
        by_source = {PUBLISHED: claim.published(published)}
        for profile, tables in recorded.items():
            asked = claim.TABLE in tables and not not_asked(name, profile)
            by_source[profile] = claim.measured(tables[claim.TABLE]) if asked else []
        for source, measurements in by_source.items():
            for each, (verdict, why) in zip(measurements, judged(measurements), strict=True):
                rows.append({"claim": name, "source": source, **each._asdict(), "verdict": verdict, "why": why})
    return pd.DataFrame(rows, columns=["claim", "source", *Evidence._fields, "verdict", "why"])


def verdicts(evidence: pd.DataFrame, sources: Sequence[str]) -> pd.DataFrame:
    """A row a claim, a column a source: its verdict on it."""
    by_place = evidence.groupby(["claim", "source"])["verdict"].agg(list).to_dict()
    by_claim = {
        name: {
            source: UNASKED if not_asked(name, source) else together(by_place.get((name, source), []))
            for source in sources
        }
        for name in offered("claims")
    }
    return pd.DataFrame.from_dict(by_claim, orient="index", columns=list(sources))


def counts(verdicts: pd.Series) -> dict[str, int]:
    """How many claims came to each state, {state: number}, in the order of STATES."""
    return {state: int((verdicts == state).sum()) for state in STATES}
