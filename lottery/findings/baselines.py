"""How far full models are ahead of baselines that the task alone has taught, seed by seed and row by row.

Tables are of runs of `FineTuning` and of `Baseline`, a row a run. Where they have the columns dev_answers and
dev_labels, lists of what was answered to each example of dev and of what was right, intervals are over examples, too.
"""

import math

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student

from lottery import statistics as stats
from lottery.choices import choose
from lottery.findings.dev_answers import difference_error
from lottery.findings.seeds import several_worlds, told_apart
from lottery.statistics import Estimate

ANSWERS, LABELS = "dev_answers", "dev_labels"


def ahead(models: pd.DataFrame, baselines: pd.DataFrame) -> pd.DataFrame:
    """Whole models less each kind of baseline on each task: a row a task and kind, in the order of the models.

    models     fine-tunings from which nothing was removed; their task, seed and score
    baselines  of the same tasks and seeds, and their kind
    returns    task, kind; majority, of the majority-class baseline; model and baseline, mean scores; ahead, an Estimate
               of their difference; over, what its interval is over: "worlds", which differ in their examples, too,
               where there are several; else "seeds and examples" or "seeds"

    A score that is not defined counts as 0. An interval over seeds and examples reaches as far as the root of the sum
    of the squares of two half widths: that of the t interval over seeds, paired, and that of a jackknife over groups of
    examples, which both models are scored on (Zou & Donner 2008, doi:10.1002/sim.3095).
    """
    columns = ["task", "kind", "majority", "model", "baseline", "ahead", "over"]
    if baselines.empty:
        return pd.DataFrame(columns=columns)
    worlds = several_worlds(models)
    models, baselines = (told_apart(runs, seed="seed") for runs in (models, baselines))
    lines = []
    for (task, kind), theirs in baselines.groupby(["task", "kind"], sort=False):
        ours = models[models["task"] == task].set_index("model")
        theirs = theirs.set_index("model")
        both = [model for model in ours.index if model in theirs.index]
        if not both:
            continue
        ours, theirs = ours.loc[both].fillna({"score": 0.0}), theirs.loc[both].fillna({"score": 0.0})
        more = ours["score"] - theirs["score"]
        line = {"task": task, "kind": kind, "majority": ours["majority"].iloc[0]}
        line |= {"model": ours["score"].mean(), "baseline": theirs["score"].mean()}
        if worlds:
            ahead = stats.mean_interval(more.groupby(ours["unit"]).mean())
            lines.append(line | {"ahead": ahead, "over": "worlds"})
            continue
        answered = ANSWERS in ours and ANSWERS in theirs and not (ours[ANSWERS].isna() | theirs[ANSWERS].isna()).any()
        error = _error_over_examples(task, ours, theirs) if answered else 0.0
        line |= {"ahead": _with_both(more.to_numpy(), error), "over": "seeds and examples" if answered else "seeds"}
        lines.append(line)
    order = {task: place for place, task in enumerate(models["task"].unique())}
    table = pd.DataFrame(lines, columns=columns)
    return table.sort_values("task", key=lambda tasks: tasks.map(order), kind="stable", ignore_index=True)


def beaten(table: pd.DataFrame) -> dict[int, list[str]]:
    """The tasks of a table of `ahead`, by whether the model is ahead of every baseline by the whole interval: 1.

    Under -1 those on which it is behind one of them by the whole interval; under 0 the others.
    """
    sides: dict[int, list[str]] = {1: [], 0: [], -1: []}
    for task, rows in table.groupby("task", sort=False):
        sides[min(estimate.sign for estimate in rows["ahead"])].append(task)
    return sides


def _error_over_examples(task: str, ours: pd.DataFrame, theirs: pd.DataFrame) -> float:
    """Standard error of the mean difference over the seeds, by groups of examples left out of both."""
    module = choose("tasks", task)
    labels = np.array(ours[LABELS].iloc[0])
    if any(not np.array_equal(labels, other) for other in [*ours[LABELS], *theirs[LABELS]]):
        raise ValueError(f"{task}: the answers are to different rows, so they cannot be compared row by row")
    return difference_error(module, [*ours[ANSWERS]], [*theirs[ANSWERS]], labels)


def _with_both(more: np.ndarray, error: float) -> Estimate:
    if len(more) < 2:
        return Estimate(float(more.mean()), math.nan, math.nan)
    of_seeds = student.ppf(0.975, len(more) - 1) * more.std(ddof=1) / math.sqrt(len(more))
    reach = math.hypot(of_seeds, norm.ppf(0.975) * error)
    return Estimate(float(more.mean()), float(more.mean() - reach), float(more.mean() + reach))
