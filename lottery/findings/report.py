"""How much of one's own model can go by each of several methods, all judged on the same rows.

A share counts as shown where it and every smaller one that was tried lose at most a bound by the lower end of the
paired interval over rows. As the shares are asked in that order and the first that fails ends it, their number needs no
correction (Hsu & Berger 1998, Stepwise confidence intervals without multiplicity adjustment for dose response and
toxicity studies).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from lottery.findings import own_answers
from lottery.findings.own_answers import Metric
from lottery.statistics import Estimate

NONE = Estimate(math.nan, math.nan, math.nan)


class Cut(NamedTuple):
    """What a model answers when a share of it is gone.

    method   how that share was chosen
    share    of the weights of the layers' matrices
    answers  as of `own_answers`; of `whole`, the model of which nothing is gone, to the same rows
    lot      the method that chooses at random what this one chooses; "" of that one
    """

    method: str
    share: float
    answers: pd.DataFrame
    whole: pd.DataFrame
    lot: str


def judged(cuts: Sequence[Cut], metric: Metric, *, counted: bool) -> pd.DataFrame:
    """Each method at each share, indexed by method and share, in the order given.

    returns  `score`; `change` from the full model; and `above_lot`, the score minus that of as much gone at random, NaN
             of the lot itself: each an `Estimate` with its 95% interval over rows
    """
    found = {(cut.method, cut.share): cut for cut in cuts}
    table = {
        (cut.method, cut.share): {
            "score": own_answers.score(cut.answers, metric, counted=counted),
            "change": own_answers.change([cut.whole], [cut.answers], metric, counted=counted),
            "above_lot": own_answers.change([found[cut.lot, cut.share].answers], [cut.answers], metric, counted=counted)
            if cut.lot
            else NONE,
        }
        for cut in cuts
    }
    return pd.DataFrame.from_dict(table, orient="index").rename_axis(["method", "share"])


def shown(table: pd.DataFrame, *, bound: float) -> dict[str, float]:
    """{method: the largest share shown to lose at most `bound` of the score}; 0 where none is.

    table  as of `judged`
    """
    return {
        method: own_answers.free(
            {share: own_answers.lowest(row.change) for (_, share), row in rows.iterrows()}, within=bound
        )
        for method, rows in table.groupby(level="method", sort=False)
    }


def best(table: pd.DataFrame, *, bound: float) -> tuple[str, float]:
    """The method by which the largest share is shown to go, and that share; of several the one that loses least there.

    Where nothing is shown it is the one that loses least at the smallest share. It is chosen on the rows that judge it,
    so that on others it does a little worse.
    """
    reached = shown(table, bound=bound)
    share = max(reached.values()) or table.index.get_level_values("share").min()
    among = [method for method, least in reached.items() if least == max(reached.values())]
    changes = {method: table.loc[(method, share), "change"].mean for method in among}
    return max(changes, key=lambda method: -math.inf if math.isnan(changes[method]) else changes[method]), share


def behind(cuts: Sequence[Cut], method: str, share: float, metric: Metric, *, counted: bool) -> dict[str, Estimate]:
    """{other method: its score minus that of `method`, both with this share gone, on the same rows}."""
    there = {cut.method: cut.answers for cut in cuts if cut.share == share}
    one = there.pop(method)
    return {name: own_answers.change([one], [answers], metric, counted=counted) for name, answers in there.items()}
