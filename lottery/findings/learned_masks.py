"""Runs of learned masks beside those of fine-tuning as one table, and what one of them adds to another."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lottery import statistics as stats
from lottery.choices import choose
from lottery.findings.seeds import of_every_seed
from lottery.statistics import Estimate

FULL = "full"  # the method of a model that was fine-tuned whole
WHOLE = {"method": FULL, "asked": 0.0}  # its rows of `scored`
FAMILIES = {"bert": "miniature BERT", "roberta": "miniature RoBERTa"}


def title(method: str, strength: float = 0.0) -> str:
    """What a reader calls a file in lottery/mask_learning, or FULL; pressed so strongly, if the paper does not."""
    if method == FULL:
        return "full fine-tuning"
    how = choose("mask_learning", method)
    return f"{how.TITLE}, pressed" if strength and not how.STRENGTH else how.TITLE


def scored(runs: pd.DataFrame) -> pd.DataFrame:
    """Finished runs of LearnedMask and FineTuning, live or recorded, a row each, with their own columns and these.

    model        what was started from, in words
    method       a file in lottery/mask_learning, or FULL
    title        what a reader calls it
    aimed        whether it aims at a sparsity, as FULL aims at 0
    rise, head   as of LearnedMask; "" for FULL
    guided       by which recipe a teacher guided it; "" for none
    asked, met   the sparsity asked for, and that of the mask; 0 for FULL
    score, exact_match, majority  fractions; what is not defined, as Matthews' correlation of a constant answer, counts
                 as 0 in scores and majority
    """
    rows = runs[runs["experiment"].isin(["LearnedMask", "FineTuning"])].reset_index(drop=True)
    masked = rows["experiment"] == "LearnedMask"

    def of(column: str) -> pd.Series:
        return rows[column] if column in rows else pd.Series(None, index=rows.index, dtype=object)

    method = of("method").where(masked, FULL)
    strengths = of("strength").astype(float).fillna(0.0)
    return rows.assign(
        model=of("start.family").map(FAMILIES).fillna(of("start.model")),
        method=method,
        title=[title(name, strength) for name, strength in zip(method, strengths, strict=True)],
        aimed=[name == FULL or choose("mask_learning", name).AIMED for name in method],
        rise=of("rise").where(masked, ""),
        head=of("head").where(masked, ""),
        guided=of("guided").where(of("teacher") == "FineTuning", ""),
        asked=of("sparsity").where(masked, 0.0).astype(float),
        met=of("sparsity_met").where(masked, 0.0).astype(float),
        score=rows["score"].astype(float).fillna(0.0),
        exact_match=of("exact_match").astype(float),
        majority=rows["majority"].astype(float).fillna(0.0),
    )


def stuck(rows: pd.DataFrame) -> pd.Series:
    """Which rows of `scored` do no better than one answer to all: a difference between two of these says nothing."""
    return rows["score"] <= rows["majority"]


def difference(rows: pd.DataFrame, value: str, one: Mapping[str, object], other: Mapping[str, object]) -> pd.Series:
    """`value` of some rows less that of others, by seed: the mean over the tasks that both have.

    rows        as of `scored`
    one, other  {column: what it is} of the two
    As `by_seed`; raises ValueError where one of the two is not one run of a task and seed.
    """
    ours, theirs = (rows[_are(rows, which)].set_index(["seed", "task"])[value] for which in (one, other))
    return by_seed(ours, theirs)


def by_seed(one: pd.Series, other: pd.Series) -> pd.Series:
    """Scores less others, of the same names by seed and task: by seed, the mean over the tasks.

    So that seeds differ by chance alone, a task counts only if it was tried with every seed, and both ways. Of a seed
    that lacks a run of such a task the mean is NaN; empty where there is no such task.
    Raises ValueError where a seed and task have two scores.
    """
    if one.index.has_duplicates or other.index.has_duplicates:
        raise ValueError("a seed and task have more than one score: name the runs that are meant more closely")
    both = pd.DataFrame({"one": one, "other": other}).reset_index()
    both["more"] = both["one"] - both["other"]
    kept = of_every_seed(both)
    kept = kept[kept["task"].isin(kept.loc[kept["more"].notna(), "task"])]
    return kept.groupby("seed")["more"].mean(skipna=False)


def advantages(
    rows: pd.DataFrame, one: Mapping[str, object], other: Mapping[str, object], value: str = "score"
) -> dict[float, Estimate]:
    """`one` minus `other` in points, by the sparsity asked of `one`: the mean with its 95 % interval over seeds.

    As `difference`, at each sparsity at which both were tried; WHOLE, or another that names its own sparsity, stands
    against every one.
    """
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
    """`one` minus `other` in points, mean over all places where both were tried, with its 95 % interval over seeds.

    alike  columns whose values name a place, such as method and asked; None where no place has both
    """
    places = rows[list(alike)].drop_duplicates().to_dict("records")
    each = [more for place in places if len(more := difference(rows, "score", place | one, place | other))]
    return stats.mean_interval(100 * pd.concat(each, axis=1).mean(axis=1, skipna=False)) if each else None


def _are(rows: pd.DataFrame, which: Mapping[str, object]) -> pd.Series:
    return (rows[list(which)] == pd.Series(which)).all(axis=1)
