"""Which strength and which learning rates suit each method that learns a mask, and how sure that is."""

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.choices import choose
from lottery.findings import learned_masks

VARIED = {"strength": "the strength", "score_rate": "the rate of scores", "weight_rate": "the rate of weights or head"}


def scored(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a run: method, what was varied of it, asked, task, seed, score in points.

    runs    of LearnedMask, PressedMask and FineTuning, live or recorded
    method  what a reader calls it
    strength, score_rate, weight_rate  NaN where a method has none: no score is learned, or the strength is searched for
    """
    rows = learned_masks.scored(runs)
    rows = rows.reindex(columns=[*dict.fromkeys([*rows, *VARIED, "learning_rate"])])  # of masks alone, or models alone
    masked = rows["method"] != learned_masks.FULL
    learns = masked & rows["method"].map(
        lambda name: name != learned_masks.FULL and choose("mask_learning", name).LEARNED
    ).astype(bool)
    searched = rows["experiment"] == learned_masks.MASKS[1]
    rows = rows.assign(
        key=rows["method"],
        method=rows["title"],
        strength=rows["strength"].astype(float).where(learns & ~searched),
        score_rate=rows["score_rate"].astype(float).where(learns),
        weight_rate=rows["weight_rate"].where(masked, rows["learning_rate"]).astype(float),
        score=100 * rows["score"],
    )
    return rows[["key", "method", *VARIED, "asked", "task", "seed", "score"]]


def settings(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean scores over tasks, seed by seed, of one method: a row a setting, by VARIED, and a column a seed.

    rows  of `scored`
    """
    means = rows.groupby([*VARIED, "seed"], dropna=False, sort=False)["score"].mean()
    return means.unstack("seed")  # noqa: PD010 - a pivot table would drop what a method does not have


def best(rows: pd.DataFrame) -> pd.DataFrame:
    """The setting of each method with the highest mean over tasks, sparsities and seeds, a row a method.

    rows     of `scored`
    returns  VARIED, as of the best, NaN where one was not varied and where no setting changes the score; best, worst,
             mean scores in points; tried, so many settings, and level, how many of the others may be as good by the 95%
             interval over seeds of their difference; at_end, those of VARIED of which the best is the lowest or highest
             of three or more: a better one may lie beyond. Below a strength of 0 there is none
    """
    lines = {}
    for method, some in rows.groupby("method", sort=False):
        each = settings(some)
        means = each.mean(axis=1)
        first = int(np.argmax(means))
        behind = [stats.paired_difference(each.iloc[first], other) for _, other in each.iterrows()]
        chosen = dict(zip(VARIED, each.index[first], strict=True))
        told = means.max() > means.min()  # else all settings do alike, and none is the best
        chosen = {
            name: value if told and len(set(some[name].dropna())) > 1 else np.nan for name, value in chosen.items()
        }
        lines[method] = chosen | {
            "key": some["key"].iloc[0],
            "best": means.max(),
            "worst": means.min(),
            "tried": len(each),
            "level": sum(not each.low > 0 for each in behind) - 1,
            "at_end": [name for name, value in chosen.items() if _at_end(value, some[name], lowest=name != "strength")],
        }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("method")


def along(rows: pd.DataFrame, name: str) -> pd.Series:
    """Mean scores along one of VARIED, the others as most of these rows have them; by its value, in order.

    rows  of `scored`, of one method; empty where fewer than two values were tried
    """
    others = [other for other in VARIED if other != name]
    alike = rows.groupby(others, dropna=False)[name].transform("nunique") if len(rows) else pd.Series(dtype=float)
    values = rows[alike == alike.max()].groupby(name)["score"].mean().sort_index()
    return values if len(values) > 1 else values[:0]


def _at_end(value: float, tried: pd.Series, *, lowest: bool) -> bool:
    values = sorted(set(tried.dropna()))
    return len(values) > 2 and (value == values[-1] or (lowest and value == values[0]))
