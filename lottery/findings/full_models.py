"""The full models behind a chapter: what each task's scores are to be compared with, and how they were trained."""

from collections.abc import Mapping
from math import hypot, isnan, nan, sqrt

import pandas as pd
from scipy.stats import norm, t

from lottery.choices import choose
from lottery.statistics import Interval, dev_sets

WHOLE = ("Given", "Miniature", "ContinuedPretraining")  # what a fine-tuning starts from where nothing is removed
TRAINED = ["task", "epochs", "learning_rate", "part", "dev_part"]
PARTS = {"part": "train_examples", "dev_part": "dev_examples"}  # of a fine-tuning, or of what it starts from


def full_models(rows: pd.DataFrame) -> pd.DataFrame:
    """The scores of the full models among rows of runs, or that their searches and cuts began with.

    returns  a row a task, in their order: epochs, learning_rate, runs, score and majority, means over the runs, and
             their standard deviation, NaN for one; of a task whose model was trained in several ways the one of most
             runs, then of fewest epochs, then the best, and in `ways` how many there were. In `part` and `dev_part` at
             most how many examples of the task the chapter takes, to train on and to score; 0 where it takes all
    A model pruned in pre-training to a sparsity of 0 is one; a fine-tuning that leaves out some of what its chapter
    takes is none, nor is a RoBERTa.
    """
    kinds = [_tuned(rows), _searched(rows), _cut(rows)]
    models = pd.concat([part for part in kinds if len(part)] or [pd.DataFrame(columns=[*TRAINED, "score", "majority"])])
    models = models.drop_duplicates([*TRAINED, "model"]) if len(models) else models  # one is searched more than once
    means = models.groupby(TRAINED, sort=False, as_index=False).agg(
        runs=("score", "size"), score=("score", "mean"), deviation=("score", "std"), majority=("majority", "mean")
    )
    means["ways"] = means.groupby("task")["score"].transform("size")
    order = means["task"].unique()
    first = means.sort_values(["runs", "epochs", "score"], ascending=[False, True, False]).groupby("task").head(1)
    return first.set_index("task").reindex(order).reset_index()


def near_floor(models: pd.DataFrame, examples: pd.Series) -> list[str]:
    """The tasks whose full model is not clearly above the majority-class baseline, by `dev_sets.above`.

    No cut of such a model says anything.

    models    as of `full_models`; the mean over runs is taken as one score on the dev set that they share
    examples  of the dev set of each task; a task that it lacks is not among the tasks
    """
    known = models[models["task"].isin(examples.index)]
    return [
        row["task"]
        for row in known.to_dict("records")
        if not dev_sets.above(
            choose("tasks", row["task"]).METRIC, row["score"], row["majority"], scored(row, examples[row["task"]])
        )
    ]


def scored(model: Mapping[str, object], examples: int) -> int:
    """Of how many examples of dev, which has so many in all, the score of a row of `full_models` is."""
    return min(int(model["dev_part"]) or int(examples), int(examples))


def interval(model: Mapping[str, object], examples: int) -> Interval:
    """Where the mean score of a row of `full_models` lies over other runs and, together, other dev sets of that size.

    examples  of the task's dev set
    The margins at 95% of a mean over runs, by Student's t, and of a score over examples (`dev_sets.variance`) are
    added as independent errors are. NaN for one run.
    """
    if isnan(model["deviation"]):
        return Interval(nan, nan)
    of_runs = t.ppf(0.975, model["runs"] - 1) * model["deviation"] / sqrt(model["runs"])
    metric = choose("tasks", model["task"]).METRIC
    of_examples = norm.ppf(0.975) * sqrt(dev_sets.variance(metric, model["score"], scored(model, examples)))
    margin = hypot(of_runs, of_examples)
    return Interval(model["score"] - margin, model["score"] + margin)


def _tuned(rows: pd.DataFrame) -> pd.DataFrame:
    some = rows[rows["experiment"] == "FineTuning"] if "start" in rows else rows[:0]
    return _named(some[_whole(some, "")], "", "score") if len(some) else some


def _searched(rows: pd.DataFrame) -> pd.DataFrame:
    if "dense_score" not in rows or "of.task" not in rows:
        return rows[:0]
    some = rows[rows["experiment"].isin(("ComponentSearch", "MagnitudeSearch"))]
    return _named(some[_whole(some, "of.")], "of.", "dense_score") if len(some) else some


def _cut(rows: pd.DataFrame) -> pd.DataFrame:
    if "dense.task" not in rows:
        return rows[:0]
    uncut = (rows["experiment"] == "OneShot") & (rows["sparsity"] == 0) & (rows["retrain_epochs"] == 0)
    return _named(rows[uncut], "dense.", "score")


def _whole(rows: pd.DataFrame, of: str) -> pd.Series:
    """Where the fine-tuning whose columns begin with `of` has all weights, all examples and the family of BERT.

    All examples are those that the chapter takes, be they a part that is the same for all its runs.
    """
    whole = rows[f"{of}start"].isin(WHOLE)
    if f"{of}start.sparsity" in rows:
        whole |= (rows[f"{of}start"] == "GradualPruning") & (rows[f"{of}start.sparsity"] == 0)
    if f"{of}train_examples" in rows:
        drawn = rows[f"{of}train_examples"].fillna(0) > 0
        if f"{of}stratified" in rows:
            drawn &= ~rows[f"{of}stratified"].fillna(False).astype(bool)
        whole &= ~drawn
    if f"{of}start.family" in rows:
        whole &= rows[f"{of}start.family"].fillna("bert") == "bert"
    return whole


def _named(rows: pd.DataFrame, prefix: str, score: str) -> pd.DataFrame:
    """The columns of all kinds under one name; `model` tells the runs of one training apart."""
    if rows.empty:
        return rows
    own = [f"{prefix}{name}" for name in ("seed", "world", "start.seed", "start.world") if f"{prefix}{name}" in rows]
    return pd.DataFrame(
        {name: rows[f"{prefix}{name}"] for name in TRAINED if name not in PARTS}
        | {part: _most(rows, [f"{prefix}{name}", f"{prefix}start.{name}"]) for part, name in PARTS.items()}
        | {"score": rows[score], "majority": rows["majority"], "model": rows[own].astype(str).agg("|".join, axis=1)}
    )


def _most(rows: pd.DataFrame, columns: list[str]) -> pd.Series:
    """The largest of some columns, those there are, row by row; 0 for NaN and where there are none."""
    return rows.reindex(columns=columns).astype(float).fillna(0).max(axis=1).astype(int)
