"""Accuracy after fine-tuning against the loss of pre-training: a line for each task (Gordon et al. 2020, Figure 2)."""

import pandas as pd

from lottery import statistics as stats
from lottery.findings.conditions import transferred
from lottery.statistics import Estimate

LOSSES = ("loss", "mlm_loss")


def points(runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each condition, sparsity, task and seed: dev accuracy beside the losses of the pruned model."""
    models = runs[(runs["experiment"] == "GradualPruning") & (runs["importance"] == "magnitude")]
    models = models.rename(columns={"seed": "pruning_seed"})[["pruning_seed", "sparsity", *LOSSES]]
    tuned = transferred(runs)[["condition", "sparsity", "task", "seed", "pruning_seed", "accuracy", "constant"]]
    return tuned.merge(models, on=["pruning_seed", "sparsity"], validate="many_to_one")


def fitted(points: pd.DataFrame, loss: str) -> pd.DataFrame:
    """A line through the points of each condition, task and seed, in points of accuracy a nat, as by `statistics.line`.

    returns  a row a line, with `last`, the sparsity at its highest loss, `leverage` of that point, the slope
             `without_last`, and the `lowest` and `highest` slope without any one point
    """
    lines = []
    for (condition, task, seed), rows in points.groupby(["condition", "task", "seed"], sort=False):
        rows = rows.sort_values(loss)
        fit = stats.line(rows[loss], 100 * rows["accuracy"])
        line = {"condition": condition, "task": task, "seed": seed, "last": rows["sparsity"].iloc[-1]} | fit._asdict()
        without, leverages = line.pop("slopes_without"), line.pop("leverages")
        line |= {"leverage": leverages[-1], "without_last": without[-1]}
        lines.append(line | {"lowest": without.min(), "highest": without.max()})
    return pd.DataFrame(lines)


def slopes(lines: pd.DataFrame) -> pd.DataFrame:
    """What the lines of each condition and task say together, from rows of `fitted`.

    returns  a row a condition and task. `slope`, `median_slope`: estimates, over the seeds where there are several,
             else with the interval of the one fit. `intercept`, `r2`, `leverage`, `without_last`: means over the seeds,
             NaN where one is. `lowest`, `highest`: over points and seeds. `last`: the highest
    """
    rows = {}
    for pair, some in lines.groupby(["condition", "task"], sort=False):
        means = some[["intercept", "r2", "leverage", "without_last"]].mean(skipna=False)
        rows[pair] = {
            "slope": _estimate(some, "slope", "low", "high"),
            "median_slope": _estimate(some, "median_slope", "median_low", "median_high"),
            **means,
            "lowest": some["lowest"].min(),
            "highest": some["highest"].max(),
            "last": some["last"].max(),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["condition", "task"])


def _estimate(lines: pd.DataFrame, value: str, low: str, high: str) -> Estimate:
    if len(lines) > 1:
        return stats.mean_interval(lines[value])
    return Estimate(*lines[[value, low, high]].iloc[0])
