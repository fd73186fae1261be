"""What of a fine-tuning another machine finds again: the same bits, the same mask, the same answers, the same score."""

import pandas as pd

from lottery.choices import choose

HOW = ["pretrained_too", "instructions", "threads"]


def done(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of Repetition among others; a score that is not defined counts as 0, as everywhere."""
    return runs[runs["experiment"] == "Repetition"].fillna({"score": 0.0, "again": 0.0})


def by_machine(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs as of `done`: a row for each way to compute, those nearest to the first first.

    returns  pretrained_too, instructions, threads; runs; identical, those in which every weight has the same bits;
             same_weights, changed_mask and changed_answers, means in [0, 1], the last over tasks that ask for a class,
             for numbers differ in their last digits; mean_off and most_off, of the dev score, in points, without sign
    """
    of_classes = [choose("tasks", task).KIND == "classification" for task in runs["of.task"]]
    rows = runs.assign(
        changed_answers=runs["changed_answers"].where(of_classes),
        identical=(runs["same_weights"] == 1).astype(int),
        off=100 * (runs["again"] - runs["score"]).abs().astype(float),
    )
    return rows.groupby(HOW, sort=True, as_index=False).agg(
        runs=("off", "size"),
        identical=("identical", "sum"),
        same_weights=("same_weights", "mean"),
        changed_mask=("changed_mask", "mean"),
        changed_answers=("changed_answers", "mean"),
        mean_off=("off", "mean"),
        most_off=("off", "max"),
    )


def between_seeds(runs: pd.DataFrame) -> float:
    """How far the scores of two tuning seeds on one task lie apart, in points: the mean over all pairs, or NaN."""
    first = runs.drop_duplicates(["of.task", "of.seed"])[["of.task", "of.seed", "score"]]
    pairs = first.merge(first, on="of.task").query("`of.seed_x` < `of.seed_y`")
    return float(100 * (pairs["score_x"] - pairs["score_y"]).abs().mean())
