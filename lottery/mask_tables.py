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
    Of a seed that lacks one of these tasks it is NaN; empty where no task has both.
    """
    ours, theirs = (
        rows[(rows[list(which)] == pd.Series(which)).all(axis=1)].pivot_table(value, index="seed", columns="task")
        for which in (one, other)
    )
    both = (ours - theirs).dropna(axis=1, how="all")
    return both.mean(axis=1, skipna=False) if len(both.columns) else pd.Series(dtype=float)
