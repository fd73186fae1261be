"""What is left of a sentence encoder from which something was cut, and how sure that is, without any training.

Rows are runs of SentenceSimilarity.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import norm

from lottery import statistics as stats
from lottery.statistics import Estimate

WITHIN = 0.01  # of the score: a loss that counts as none
KIND = ["unit", "importance", "scope", "embeddings"]


def named(kind: Mapping[str, object]) -> str:
    """A kind of cut, as of KIND, as a reader knows it."""
    unit = {"weights": "weights", "heads": "heads", "mlps": "MLPs"}[kind["unit"]]
    scopes = {"global": "", "local": ", of each matrix", "row": ", of each row"}
    where = scopes[kind["scope"]] if kind["unit"] == "weights" else ""
    where += ", embeddings too" if kind["embeddings"] else ""
    known = {"random": "at random", "magnitude": "by size", "wanda": "by Wanda", "obs": "by OBS"}
    how = known.get(kind["importance"], f"by {kind['importance']}")
    return f"{unit} {how}{where}"


def estimate(mean: float, error: float) -> Estimate:
    """A value with its 95% interval over the pairs, from its standard error."""
    reach = norm.ppf(0.975) * error
    return Estimate(mean, mean - reach, mean + reach)


def by_kind(rows: pd.DataFrame) -> pd.DataFrame:
    """Each kind of cut at each sparsity, a row each, indexed by KIND and sparsity; the model as it is, left out.

    returns  `score`, `change` and `nearness`, each an `Estimate`: over the pairs; where there are several seeds, over
             these draws. `removed` of `units`
    """
    table = {}
    for name, some in rows[rows["sparsity"] > 0].groupby([*KIND, "sparsity"], sort=False):
        table[name] = {
            value: estimate(some[value].iloc[0], some[f"{value}_error"].iloc[0])
            if len(some) == 1
            else stats.mean_interval(some[value])
            for value in ("score", "change", "nearness")
        } | {"removed": int(some["removed"].iloc[0]), "units": int(some["units"].iloc[0])}
    return pd.DataFrame.from_dict(table, orient="index").rename_axis([*KIND, "sparsity"])


def free(cuts: pd.DataFrame) -> pd.Series:
    """For each kind of cut the share up to which, at every one tried, it is shown to lose less than WITHIN; 0 for none.

    cuts  of `by_kind`. At every share by a one-sided test at 2.5%, from the smallest on and until one fails.
    """
    shares = {}
    for kind, some in cuts.sort_index(level="sparsity").groupby(level=KIND, sort=False):
        lost = [not change.low > -WITHIN for change in some["change"]]
        before = some.index.get_level_values("sparsity")[: int(np.argmax([*lost, True]))]
        shares[kind] = max(before, default=0.0)
    return pd.Series(shares, dtype=float).rename_axis(KIND)


def against_random(cuts: pd.DataFrame) -> pd.DataFrame:
    """How each kind of unit that is chosen by a score does beside the same units at random, cut alike: a row a unit.

    cuts     of `by_kind`; those over the whole model and without the embeddings
    returns  `shares` at which both were tried; at how many of these the score's choice is `better`, and `worse`: where
             the two intervals of the change have nothing in common, which asks for more than a test of the difference
    """
    alike = cuts["change"].xs(("global", False), level=("scope", "embeddings"))
    lines = {}
    for (unit, importance), ours in alike.groupby(level=["unit", "importance"], sort=False):
        theirs = {share: other for (kind, how, share), other in alike.items() if (kind, how) == (unit, "random")}
        pairs = [(one, theirs[share]) for (*_, share), one in ours.items() if share in theirs]
        if pairs and importance != "random":
            lines[unit, importance] = {
                "shares": len(pairs),
                "better": sum(one.low > other.high for one, other in pairs),
                "worse": sum(one.high < other.low for one, other in pairs),
            }
    return pd.DataFrame.from_dict(lines, orient="index", columns=["shares", "better", "worse"])
