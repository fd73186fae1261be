"""How far the ways to score heads and MLPs agree, and what a search by each of them keeps.

Tables are of runs of `ComponentScores` and of `ComponentSearch`, a row a run. The stated score is "sample", the mean
over single examples, as Prasanna et al. 2020 print it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.findings.searches import sound
from lottery.findings.seeds import over_units, told_apart

STATED = "sample"
MODEL = ["of.task", "model"]  # of told_apart


def alike(one: Sequence[float], other: Sequence[float]) -> dict[str, float]:
    """Spearman's `rank` correlation of two scores of heads, and what they share of the lowest tenth, two at least.

    returns  rank, in [-1, 1]; shared, and by_chance what two choices at random would share, in [0, 1]
    """
    lowest = max(2, len(one) // 10)
    shared = len({*np.argsort(one)[:lowest]} & {*np.argsort(other)[:lowest]})
    return {"rank": stats.spearman(one, other), "shared": shared / lowest, "by_chance": lowest / len(one)}


def beside_stated(runs: pd.DataFrame) -> pd.DataFrame:
    """Every score beside the stated one of the same model, a row each: importance, of.task, of.seed, and as `alike`."""
    scores = _in_order(runs, 0)
    stated = scores["importance"] == STATED
    return _beside(scores[~stated], scores[stated], MODEL)


def beside_itself(runs: pd.DataFrame) -> pd.DataFrame:
    """Every score that was computed in another order of the data too beside the same in the usual one, likewise."""
    orders = [order for order in sorted(runs["order"].dropna().unique()) if order]
    shuffled = pd.concat([_in_order(runs, order) for order in orders]) if orders else _in_order(runs, 0)[:0]
    return _beside(shuffled, _in_order(runs, 0), [*MODEL, "importance"])


def _in_order(runs: pd.DataFrame, order: float) -> pd.DataFrame:
    return told_apart(runs[(runs["experiment"] == "ComponentScores") & (runs["order"] == order)])


def _beside(scores: pd.DataFrame, others: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    pairs = scores.merge(others[[*by, "normalised"]], on=by, suffixes=("", " of the other"))
    each = [alike(*pair) for pair in zip(pairs["normalised of the other"], pairs["normalised"], strict=True)]
    return pairs[["importance", "of.task", "of.seed"]].join(pd.DataFrame(each, columns=["rank", "shared", "by_chance"]))


def tickets(runs: pd.DataFrame) -> pd.DataFrame:
    """What the searches by each score keep, of those that say something: a row a score, means over the models.

    returns  importance; heads, mlps and share_kept of the weights, with all_heads and all_mlps; jaccard, of the heads
             that both keep over those that either does, beside the stated score's search of the same model, and
             by_chance what independent choices of these sizes would have; empty where nothing was searched
    """
    searches = told_apart(sound(runs[runs["experiment"] == "ComponentSearch"]))
    if searches.empty:  # then runs may not have the columns of one
        return pd.DataFrame()
    stated = searches.loc[searches["importance"] == STATED, [*MODEL, "kept_heads"]]
    lines = []
    for name, rows in searches.groupby("importance", sort=False):
        pairs = rows.merge(stated, on=MODEL, suffixes=("", " stated"))
        one, other = (np.array(pairs[f"kept_heads{whose}"].tolist(), dtype=bool) for whose in ("", " stated"))
        line = {"importance": name, "jaccard": np.nan, "by_chance": np.nan}
        if len(pairs):
            a, b = one.mean(axis=1), other.mean(axis=1)
            line["jaccard"] = np.mean((one & other).sum(axis=1) / np.maximum(1, (one | other).sum(axis=1)))
            line["by_chance"] = np.mean(a * b / np.maximum(1e-9, a + b - a * b))
        lines.append(line | dict(rows[["heads", "all_heads", "mlps", "all_mlps", "share_kept"]].mean()))
    return pd.DataFrame(lines)


def sizes(runs: pd.DataFrame) -> pd.Series:
    """How many more weights the search by each other score keeps than that by the stated one, in points.

    returns  {score: Estimate}, over worlds or seeds (`seeds.told_apart`) of the mean over the tasks that each of them
             has, paired by model, of the searches that say something; empty where there is none by the stated score
    """
    searches = told_apart(sound(runs[runs["experiment"] == "ComponentSearch"]))
    if searches.empty:
        return pd.Series(dtype=object)
    stated = searches["importance"] == STATED
    pairs = searches[~stated].merge(searches.loc[stated, [*MODEL, "share_kept"]], on=MODEL, suffixes=("", " stated"))
    pairs = pairs.assign(more=100 * (pairs["share_kept"] - pairs["share_kept stated"]))
    more = {name: over_units(rows, "more") for name, rows in pairs.groupby("importance")}
    return pd.Series(more, dtype=object)
