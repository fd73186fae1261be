"""When to stop pruning: how far a curve lets one go, and what foretells a drop without fine-tuning for it.

Gordon et al. 2020, arXiv:2002.08307, footnote 13, ask for a criterion that spares trying many sparsities on dev data.
The tables have one row a task, seed and sparsity, with the columns `task`, `seed`, `sparsity`, `drop` (of the score
against the control, in any unit) and those that foretell it, one value a seed and sparsity.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import linregress


def first_above(sparsities: ArrayLike, values: ArrayLike, level: float) -> float:
    """Sparsity at which a curve first rises above a level, straight lines drawn between its points.

    sparsities  (n,) rising, in [0, 1)
    values      (n,) the curve, such as what the score has dropped
    level       in the unit of the values
    returns     the last sparsity where the curve never rises so far: then no more than a lower bound

    NaN where the level or a value is, and for no curve at all. Raises ValueError where the sparsities do not rise or
    are not as many as the values.

    >>> round(first_above([0.0, 0.3, 0.6], [0.0, 1.0, 5.0], 2.0), 3)
    0.375
    """
    sparsities, values = np.asarray(sparsities, dtype=float), np.asarray(values, dtype=float)
    if sparsities.ndim != 1 or sparsities.shape != values.shape or not (np.diff(sparsities) > 0).all():
        raise ValueError(
            f"sparsities of shape {sparsities.shape} for values of shape {values.shape} make no curve: give one rising "
            f"sparsity a value"
        )
    if not values.size or np.isnan(values).any() or np.isnan(level):
        return np.nan
    above = np.flatnonzero(values > level)
    if not above.size:
        return float(sparsities[-1])
    around = slice(max(above[0] - 1, 0), above[0] + 1)
    return float(np.interp(level, values[around], sparsities[around]))


def from_line(drops: pd.DataFrame, predictor: str) -> pd.Series:
    """Each task's drops as a straight line through those of the other tasks foretells them from `predictor`.

    returns  on the rows of `drops`, in their unit; NaN where the predictor is, and where those of the other tasks are
             fewer than two or all alike
    """
    foretold = pd.Series(np.nan, index=drops.index)
    known = drops[drops[predictor].notna()]
    for task in drops["task"].unique():
        own, others = drops[drops["task"] == task], known[known["task"] != task]
        if len(set(others[predictor])) > 1:
            line = linregress(others[predictor], others["drop"])
            foretold[own.index] = line.intercept + line.slope * own[predictor]
    return foretold


def from_sparsity(drops: pd.DataFrame) -> pd.Series:
    """Each task's drops as the mean over the other tasks at the same sparsity, all seeds together; NaN for one task."""
    at, own = (drops.groupby(by)["drop"] for by in (["sparsity"], ["sparsity", "task"]))
    return (at.transform("sum") - own.transform("sum")) / (at.transform("size") - own.transform("size"))


def rule(drops: pd.DataFrame, predictor: str, allowed: float) -> pd.DataFrame:
    """For each task the rule "prune until `predictor` exceeds a threshold", its threshold found on the other tasks.

    drops      with a control for each task and seed, the lowest sparsity, whose drop is 0
    predictor  rises with sparsity on the whole, such as the rise of the MLM loss
    allowed    mean drop of the other tasks at which one would have stopped, in the unit of the drops
    returns    one row a task and seed: `threshold`, the predictor where the other tasks' mean drop first exceeds
               `allowed`; `sparsity`, at which the predictor first exceeds the mean threshold of all seeds; `drop`, of
               the task there. Straight lines between points, bounds as in `first_above`; NaN for one task.
    """
    rows = []
    for task in drops["task"].unique():
        own, others = drops[drops["task"] == task].sort_values("sparsity"), drops[drops["task"] != task]
        curves = dict(list(own.groupby("seed")))
        thresholds = {}
        for seed, curve in curves.items():
            mean = others[others["seed"] == seed].groupby("sparsity")["drop"].mean()
            stop = first_above(mean.index, mean, allowed)
            thresholds[seed] = np.interp(stop, curve["sparsity"], curve[predictor])
        threshold = np.mean(list(thresholds.values()))
        for seed, curve in curves.items():
            stop = first_above(curve["sparsity"], curve[predictor], threshold)
            drop = np.interp(stop, curve["sparsity"], curve["drop"])
            rows.append({"task": task, "seed": seed, "threshold": thresholds[seed], "sparsity": stop, "drop": drop})
    return pd.DataFrame(rows)
