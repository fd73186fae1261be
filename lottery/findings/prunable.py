"""How much can be pruned before a model leaves its control.

A *curve* is a row of a table with a column each sparsity, 0.0 the control; its index names it, with the seed last: the
world, or, of one pre-trained model, the fine-tuning.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import nct
from scipy.stats import t as student

ALLOWED = 0.02  # of accuracy: the drop that counts as none


def pruned(runs: pd.DataFrame) -> pd.DataFrame:
    """The pruned models, with the columns scope, sparsity and seed."""
    return runs[runs["experiment"] == "GradualPruning"]


def tuned(runs: pd.DataFrame) -> pd.DataFrame:
    """The models fine-tuned from them, with the same columns; `pruning_seed` is that of the model that was pruned.

    The seed is that one, too, where there are several; else it is that of the fine-tuning.
    """
    rows = runs[(runs["experiment"] == "FineTuning") & (runs["start"] == "GradualPruning")]
    seeds = rows["start.seed"].astype(int)
    rows = rows.assign(scope=rows["start.scope"], sparsity=rows["start.sparsity"], pruning_seed=seeds)
    return rows.assign(seed=seeds) if len(set(seeds)) > 1 else rows


def local(rows: pd.DataFrame) -> pd.DataFrame:
    """Those with local thresholds."""
    return rows[rows["scope"] == "local"]


def by_scope(rows: pd.DataFrame) -> pd.DataFrame:
    """Of `pruned` or `tuned` models those at sparsities, and on tasks, at which both scopes were tried."""
    others = rows[rows["scope"] == "global"]
    columns = [name for name in ("sparsity", "task") if name in rows]
    return rows[np.logical_and.reduce([rows[name].isin(others[name]) for name in columns])]


def curves(rows: pd.DataFrame, by: Sequence[str], value: str = "accuracy") -> pd.DataFrame:
    """Curves of a value, the mean over the tasks, named by the columns `by` and the seed."""
    return rows.pivot_table(value, [*by, "seed"], "sparsity")


def drops(curves: pd.DataFrame) -> pd.DataFrame:
    """How far each curve lies below its control."""
    return curves.rsub(curves[0.0], axis=0)


def rises(curves: pd.DataFrame) -> pd.DataFrame:
    """How far each curve lies above its control, as a share of it."""
    return curves.div(curves[0.0], axis=0) - 1


def points(curves: pd.DataFrame, value: str) -> pd.DataFrame:
    """Curves as one row a point, with the columns of their names, sparsity, and the value."""
    return curves.melt(value_name=value, ignore_index=False).reset_index()


def one_answer(rows: pd.DataFrame) -> float:
    """The mean accuracy over the tasks of the majority-class baseline of dev."""
    return float(rows.groupby("task")["majority_accuracy"].mean().mean())


class Planned(NamedTuple):
    """What it would take to tell a contrast of four drops from none."""

    spread: float  # of one drop over the recorded worlds, in points: a standard deviation, NaN where there are too few
    recorded: int  # worlds
    difference: float  # to be told, in points
    worlds: float  # that would do; inf for more than MOST


MOST = 1000


def contrast_of_four(runs: pd.DataFrame, *, sparsity: float) -> Planned:
    """How many worlds it takes to tell a contrast of four independent drops, as large as ALLOWED, from 0.

    By a two-sided t test at 5% with a power of 80%. A drop is the mean over the tasks, of local thresholds.
    """
    falls = 100 * drops(curves(local(tuned(runs)), []))
    falls = falls[sparsity] if sparsity in falls else falls.iloc[:, -1]
    spread = float(falls.std(ddof=1))
    if math.isnan(spread) or not spread:
        return Planned(math.nan, len(falls), 100 * ALLOWED, math.nan)

    def shown(worlds: int) -> float:
        away = 100 * ALLOWED / (2 * spread) * math.sqrt(worlds)
        return float(nct.sf(student.ppf(0.975, worlds - 1), worlds - 1, away))

    enough = next((worlds for worlds in range(2, MOST) if shown(worlds) >= 0.8), math.inf)
    return Planned(spread, len(falls), 100 * ALLOWED, enough)
