"""Runs of learned masks beside those of fine-tuning as one table, and what one of them adds to another."""

from collections.abc import Mapping

import pandas as pd

FULL = "full"  # the method of a model that was fine-tuned whole
FAMILIES = {"bert": "miniature BERT", "roberta": "miniature RoBERTa"}


def told(runs: pd.DataFrame) -> pd.DataFrame:
    """Finished runs of LearnedMask and FineTuning, live or recorded, a row each.

    model        what was started from, in words
    task, seed   as they are called there
    method       a file in lottery/mask_learning, or FULL
    rise, head   as of LearnedMask; "" for FULL
    guided       by which recipe a teacher guided it; "" for none
    asked        the sparsity asked for, 0 for FULL
    score, exact_match, majority  fractions; a score that is not defined, as Matthews' of a constant answer, counts as 0
    """
    rows = runs[runs["experiment"].isin(["LearnedMask", "FineTuning"])]
    masked = rows["experiment"] == "LearnedMask"

    def of(column: str) -> pd.Series:
        return rows[column] if column in rows else pd.Series(None, index=rows.index, dtype=object)

    return pd.DataFrame(
        {
            "model": of("start.family").map(FAMILIES).fillna(of("start.model")),
            "task": rows["task"],
            "seed": rows["seed"],
            "method": of("method").where(masked, FULL),
            "rise": of("rise").where(masked, ""),
            "head": of("head").where(masked, ""),
            "guided": of("guided").where(of("teacher") == "FineTuning", ""),
            "asked": of("sparsity").where(masked, 0.0).astype(float),
            "score": rows["score"].astype(float).fillna(0.0),
            "exact_match": of("exact_match").astype(float),
            "majority": rows["majority"].astype(float),
        }
    ).reset_index(drop=True)


def difference(rows: pd.DataFrame, value: str, one: Mapping[str, object], other: Mapping[str, object]) -> pd.Series:
    """`value` of some rows less that of others, by seed: the mean over the tasks that both have.

    rows        as of `told`
    one, other  {column: what it is} of the two
    As `by_seed`; raises ValueError where one of the two is not one run of a task and seed.
    """
    ours, theirs = (
        rows[(rows[list(which)] == pd.Series(which)).all(axis=1)].set_index(["seed", "task"])[value]
        for which in (one, other)
    )
    return by_seed(ours, theirs)


def by_seed(one: pd.Series, other: pd.Series) -> pd.Series:
    """Scores less others, of the same names by seed and task: by seed, the mean over the tasks.

    So that seeds differ by chance alone, a task counts only if it was tried with every seed, and both ways. Of a seed
    that lacks a run of such a task the mean is NaN; empty where there is no such task.
    Raises ValueError where a seed and task have two scores.
    """
    if one.index.has_duplicates or other.index.has_duplicates:
        raise ValueError("a seed and task have more than one score: name the runs that are meant more closely")
    both = pd.DataFrame({"one": one, "other": other})
    both["more"] = both["one"] - both["other"]
    seeds = both.index.get_level_values("seed").nunique()
    kept = both.groupby("task").filter(lambda some: len(some) == seeds and some["more"].notna().any())
    return kept.groupby("seed")["more"].mean(skipna=False)
