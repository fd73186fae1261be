"""Runs of learned masks beside those of fine-tuning as one table, and what one of them adds to another."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from lottery import statistics as stats
from lottery.choices import choose
from lottery.findings.seeds import of_every_seed
from lottery.statistics import Estimate

FULL = "full"  # the method of a model that was fine-tuned whole
WHOLE = {"method": FULL, "asked": 0.0}  # its rows of `scored`
MASKS = ("LearnedMask", "PressedMask")  # experiments
NEAR = 1.25  # times more or fewer weights than asked for, at which a regularised mask still counts as met
LEARNED = 0.25  # of the way from the majority-class baseline to the full model, at which a run has learned something
FAMILIES = {"bert": "miniature BERT", "roberta": "miniature RoBERTa"}


def title(method: str, strength: float = 0.0) -> str:
    """What a reader calls a file in lottery/mask_learning, or FULL; regularised where the paper does not."""
    if method == FULL:
        return "full fine-tuning"
    how = choose("mask_learning", method)
    return f"{how.TITLE}, regularised" if strength and not how.STRENGTH else how.TITLE


def scored(runs: pd.DataFrame) -> pd.DataFrame:
    """Finished runs of MASKS and FineTuning, live or recorded, a row each, with their own columns and these.

    model        what was started from, in words
    world        the seed of the miniature that it is; -1 for another model
    method       a file in lottery/mask_learning, or FULL
    title        what a reader calls it
    aimed        whether it has the sparsity asked for: where it aims at one, as FULL at 0, or was brought NEAR it
    rise, head   as of LearnedMask; "" for FULL
    guided       by which recipe a teacher guided it; "" for none
    asked, met   the sparsity asked for, and that of the mask; 0 for FULL
    pull         how hard the regulariser pulls at a score beside the loss when training begins, by root mean squares
    score, exact_match, majority  fractions; what is not defined, as Matthews' correlation of a constant answer, counts
                 as 0 in scores and majority
    """
    rows = runs[runs["experiment"].isin([*MASKS, "FineTuning"])].reset_index(drop=True)
    masked = rows["experiment"].isin(MASKS)

    def of(column: str) -> pd.Series:
        return rows[column] if column in rows else pd.Series(None, index=rows.index, dtype=object)

    def number(column: str) -> pd.Series:
        return of(column).astype(float)

    method = of("method").where(masked, FULL)
    strengths = number("strength").fillna(0.0)
    asked, met = (number(column).where(masked, 0.0) for column in ("sparsity", "sparsity_met"))
    aims = method.map(lambda name: name == FULL or choose("mask_learning", name).AIMED).astype(bool)
    near = (np.log((1 - met).clip(lower=1e-9) / (1 - asked)).abs() <= np.log(NEAR)) & (rows["experiment"] == MASKS[1])
    return rows.assign(
        model=of("start.family").map(FAMILIES).fillna(of("start.model")),
        world=number("start.seed").where(of("start") == "Miniature").fillna(-1).astype(int),
        method=method,
        title=[title(name, strength) for name, strength in zip(method, strengths, strict=True)],
        aimed=aims | near,
        rise=of("rise").where(masked, ""),
        head=of("head").where(masked, ""),
        guided=of("guided").where(of("teacher") == "FineTuning", ""),
        asked=asked,
        met=met,
        pull=number("found").fillna(strengths) * number("regulariser_pull") / number("loss_pull"),
        score=rows["score"].astype(float).fillna(0.0),
        exact_match=number("exact_match"),
        majority=rows["majority"].astype(float).fillna(0.0),
    )


def stuck(rows: pd.DataFrame) -> pd.Series:
    """Which rows of `scored` are no better than the majority-class baseline: two of these cannot be compared."""
    return rows["score"] <= rows["majority"]


def difference(rows: pd.DataFrame, value: str, one: Mapping[str, object], other: Mapping[str, object]) -> pd.Series:
    """`value` of some rows less that of others, by seed: the mean over the tasks that both have.

    rows        as of `scored`
    one, other  {column: what it is} of the two
    Of several worlds by world, each the mean over the seeds that both have in it. As `by_seed`; raises ValueError where
    one of the two is not one run of a task and seed.
    """
    place = ["world", "seed", "task"]
    rows = _narrow(rows, *place, value, *one, *other)
    ours, theirs = (rows[_are(rows, which)].set_index(place)[value] for which in (one, other))
    if rows["world"].nunique() < 2:
        return by_seed(ours.droplevel("world"), theirs.droplevel("world"))
    _refuse_two(ours, theirs)
    pairs = pd.concat([ours, theirs], axis=1, join="inner").set_axis(["one", "other"], axis=1)
    means = pairs.groupby(["world", "task"]).mean().rename_axis(["seed", "task"])
    return by_seed(means["one"], means["other"]).rename_axis("world")


def by_seed(one: pd.Series, other: pd.Series) -> pd.Series:
    """Scores less others, of the same names by seed and task: by seed, the mean over the tasks.

    So that seeds differ by chance alone, a task counts only if it was tried with every seed, and both ways. Of a seed
    that lacks a run of such a task the mean is NaN; empty where there is no such task.
    Raises ValueError where a seed and task have two scores.
    """
    _refuse_two(one, other)
    both = pd.DataFrame({"one": one, "other": other}).reset_index()
    both["more"] = both["one"] - both["other"]
    kept = of_every_seed(both)
    kept = kept[kept["task"].isin(kept.loc[kept["more"].notna(), "task"])]
    return kept.groupby("seed")["more"].mean(skipna=False)


class Learning(NamedTuple):
    """How many of some runs learned something, and how well those do that did."""

    runs: int
    learned: int
    share: Estimate  # of the runs, with Wilson's 95% interval, as if they were independent
    score: Estimate  # of those, in points, the mean with its 95% t interval over runs; NaN where none learned


def learning(rows: pd.DataFrame) -> dict[tuple[str, float, str], Learning]:
    """Which runs get anywhere, apart from how well: {(title, asked, task): `Learning`}.

    rows  of `scored`. A run has learned something where it has gone LEARNED of the way from the majority-class baseline
          to the mean score of the full model on the task; tasks that this does not learn itself are left out
    """
    floors, whole = (
        rows.groupby("task")["majority"].mean(),
        rows[rows["method"] == FULL].groupby("task")["score"].mean(),
    )
    bar = (floors + LEARNED * (whole - floors))[whole > floors]
    told = {}
    masks = rows[(rows["method"] != FULL) & rows["aimed"] & rows["task"].isin(bar.index)]
    for place, some in masks.groupby(["title", "asked", "task"], sort=False):
        scores = some["score"][some["score"] >= bar[place[2]]]
        low, high = binomtest(len(scores), len(some)).proportion_ci(method="wilson")
        share = Estimate(len(scores) / len(some), float(low), float(high))
        told[place] = Learning(len(some), len(scores), share, stats.mean_interval(100 * scores))
    return told


def advantages(
    rows: pd.DataFrame, one: Mapping[str, object], other: Mapping[str, object], value: str = "score"
) -> dict[float, Estimate]:
    """`one` minus `other` in points, by the sparsity asked of `one`: the mean, its 95% interval as of `difference`.

    As `difference`, at each sparsity at which both were tried; WHOLE, or another that names its own sparsity, stands
    against every one.
    """
    rows = _narrow(rows, "world", "seed", "task", "asked", value, *one, *other)
    estimates = {}
    for sparsity in sorted(rows.loc[_are(rows, one), "asked"].unique()):
        at = {"asked": sparsity}
        more = difference(rows, value, at | one, at | other)
        if len(more):
            estimates[sparsity] = stats.mean_interval(100 * more)
    return estimates


def over_all(
    rows: pd.DataFrame, one: Mapping[str, object], other: Mapping[str, object], alike: Sequence[str]
) -> Estimate | None:
    """`one` minus `other` in points, mean over all places where both were tried, with its 95% interval over seeds.

    alike  columns whose values name a place, such as method and asked; None where no place has both
    """
    places = rows[list(alike)].drop_duplicates().to_dict("records")
    each = [more for place in places if len(more := difference(rows, "score", place | one, place | other))]
    return stats.mean_interval(100 * pd.concat(each, axis=1).mean(axis=1, skipna=False)) if each else None


def _refuse_two(*scores: pd.Series) -> None:
    if any(each.index.has_duplicates for each in scores):
        raise ValueError("a seed and task have more than one score: name the runs that are meant more closely")


def _narrow(rows: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """These columns alone: to choose rows of runs, which have two hundred, takes as long as all else."""
    return rows[[*dict.fromkeys(columns)]]


def _are(rows: pd.DataFrame, which: Mapping[str, object]) -> pd.Series:
    return (rows[list(which)] == pd.Series(which)).all(axis=1)
