"""How far fine-tuning moves weights in the order of their magnitudes (Gordon et al. 2020, Table 2, Figures 4 and 6).

Tables have a row for each run of `Movement` and the columns task, learning_rate, epochs, seed of its fine-tuning.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.models import families
from lottery.statistics import Estimate, ranks


class Places(NamedTuple):
    """How much further the weights that start smallest move than those that start largest."""

    low_tenth: float  # of the order that the smallest tenth moves by, on average; of the order, as a share
    high_tenth: float  # and the largest
    ratio: float  # of the two
    noise: float  # the same ratio where the weights are moved by noise
    apart: Estimate  # the ratio less that of noise, over the seeds
    bins: float  # at most, by which a hundredth's share of all movement differs by starting and by final place


def measured(runs: pd.DataFrame, recipe: str = "printed") -> pd.DataFrame:
    """The runs that measure movement, with the columns of the fine-tuning, which has that recipe."""
    rows = runs[(runs["experiment"] == "Movement") & (runs["after.recipe"] == recipe)]
    return rows.assign(**{name: rows[f"after.{name}"] for name in ("task", "learning_rate", "epochs", "seed")})


def rates_compared(runs: pd.DataFrame) -> pd.DataFrame:
    """The learning rates at one number of epochs, the one at which most of them were tried."""
    rows = measured(runs)
    return rows[rows["epochs"] == rows.groupby("epochs")["learning_rate"].nunique().idxmax()]


def epochs_compared(runs: pd.DataFrame, recipe: str = "printed") -> pd.DataFrame:
    """The numbers of epochs at one learning rate, the one at which most were tried; nothing of a recipe not run."""
    rows = measured(runs, recipe)
    return (
        rows
        if rows.empty
        else rows[rows["learning_rate"] == rows.groupby("learning_rate")["epochs"].nunique().idxmax()]
    )


def by_doubling(rows: pd.DataFrame) -> pd.Series:
    """By how much the movement is multiplied when the rate is doubled, by task, from the lowest rate to the highest.

    rows  columns task, learning_rate, mean; NaN where there is one rate
    """
    means = rows.pivot_table("mean", "task", "learning_rate")
    low, high = means.columns.min(), means.columns.max()
    return (means[high] / means[low]) ** (1 / np.log2(high / low)) if high > low else means[low] * np.nan


def growth(rows: pd.DataFrame) -> tuple[float, float, dict[str, Estimate]]:
    """How much further weights have moved after the longest fine-tuning than after about one epoch, over the seeds.

    rows     of `epochs_compared`
    returns  the two numbers of epochs, and for each task the later movement over the earlier one, less 1
    """
    lengths = sorted(rows["epochs"].unique())
    once, last = min(lengths, key=lambda length: abs(length - 1)), lengths[-1]
    table = rows.pivot_table("mean", "seed", ["task", "epochs"])
    tasks = table.columns.unique("task")
    return once, last, {task: stats.mean_interval(table[task, last] / table[task, once] - 1) for task in tasks}


def places(rows: pd.DataFrame) -> Places:
    """Where in the order weights move, from rows of `rates_compared`; of each seed the mean counts."""
    ratio = (rows["low_tenth"] / rows["high_tenth"]).groupby(rows["seed"]).mean()
    noise = (rows["noise_low_tenth"] / rows["noise_high_tenth"]).groupby(rows["seed"]).mean()
    tenths = rows.groupby("seed")[["low_tenth", "high_tenth"]].mean().mean()
    start, end = shares(rows, "by_start"), shares(rows, "by_end")
    apart = stats.paired_difference(ratio, noise)
    return Places(*tenths, float(ratio.mean()), float(noise.mean()), apart, float(np.abs(start - end).max()))


def shares(rows: pd.DataFrame, column: str) -> np.ndarray:
    """The share of all movement in each hundredth of the order, (100,), the mean of the runs' column of that name."""
    return np.mean([*rows[column]], axis=0)


def by_place(matrices: Sequence[str], weights: Sequence[int], means: Sequence[float], sds: Sequence[float]):
    """Movement of matrices pooled by kind and by layer, over their weights.

    returns  a table with columns by ("kind" or "layer"), name, and mean
    """
    groups: dict[tuple, list[ranks.Moved]] = {}
    for matrix, count, mean, sd in zip(matrices, weights, means, sds, strict=True):
        kind, layer = families.kind_and_layer(matrix)
        for place in (("kind", kind), *([("layer", layer)] if layer is not None else [])):
            groups.setdefault(place, []).append(ranks.Moved(int(count), mean, sd))
    return pd.DataFrame(
        [(*place, ranks.pooled(parts).mean) for place, parts in groups.items()], columns=["by", "name", "mean"]
    )


def ours_by_place(runs: pd.DataFrame, noise: str = "") -> pd.DataFrame:
    """Movement at the highest rate, as by `by_place` and task, means over the seeds; with "noise_", that of noise."""
    rows = rates_compared(runs)
    rows = rows[rows["learning_rate"] == rows["learning_rate"].max()]
    columns = ["matrices", "sizes", f"{noise}mean_by_matrix", f"{noise}sd_by_matrix"]
    tables = [by_place(*row[columns]).assign(task=row["task"]) for _, row in rows.iterrows()]
    return pd.concat(tables).groupby(["by", "name", "task"], sort=False)["mean"].mean().reset_index()


def theirs_by_place(stored: pd.DataFrame) -> pd.DataFrame:
    """The same of the matrices that the authors stored, columns task, matrix, weights, movement_mean, movement_sd."""
    columns = ["matrix", "weights", "movement_mean", "movement_sd"]
    tables = [by_place(*(rows[each] for each in columns)).assign(task=task) for task, rows in stored.groupby("task")]
    return pd.concat(tables, ignore_index=True)
