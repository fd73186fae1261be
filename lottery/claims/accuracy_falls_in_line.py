"""Accuracy falls linearly with the loss of pre-training, at a rate of its own for each task.

For each task a parabola is fitted to the score after information deletion against pre-training loss. In the middle of
the range it may be no more than 1 point from its chord: the point that counts as nothing under the claim of free
weights. (A large r² would not be enough: one far point gives it to many shapes, and noise takes it from a straight
line.) In addition, the slopes of the steepest and the flattest task, as the paper ranks them, have to differ. Where a
model is not clearly above the majority-class baseline, as on CoLA from 80% on, it can fall no further and is left
out.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import linregress

from lottery.choices import choose
from lottery.claims import Evidence, Plan
from lottery.claims import _gordon as gordon
from lottery.claims._evidence import beside_dev_sets, none, over, per_unit, silent, with_error
from lottery.claims._runs import learned, scores
from lottery.statistics import dev_sets

PAPER = "gordon2020"
CLAIM = (
    "Accuracy after information deletion falls linearly with the loss of pre-training, at a rate that differs by task."
)
WHERE = "section 4.4, Figure 2 (left), Table 1"
TABLE = "gordon_pruning"
NOT_OF_MINIATURE = ""
MARGIN = 1.0  # points: the docstring has the reason

BENT = (-MARGIN, MARGIN)
STEEPEST_FIRST = ("cola", "qnli", "mnli", "sst2", "qqp")  # as the paper's Figure 2 ranks the tasks
LEAST = 4  # sparsities that a parabola needs, with one left over to be wrong by


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1, each point as far off as another fine-tuning of the model would be."""
    table = tables["gordon2020_table1"]
    table = table[table["condition"] == "information_deletion"]
    deviations, freedom = gordon.replicates(tables)
    evidence, lines = [], {}
    for task, rows in table.groupby("task", sort=False):
        rows = rows[[gordon.says_something(("information_deletion", s, task), tables) for s in rows["sparsity"]]]
        loss, accuracy = rows["pretraining_loss"].to_numpy(), 100 * rows["accuracy"].to_numpy()
        lines[task] = linregress(loss, accuracy)
        weights = bend_weights(loss)
        error = deviations[task] * math.sqrt((weights**2).sum())
        evidence.append(
            with_error(_what(task), "points", BENT, float(weights @ accuracy), error, basis=gordon.REPLICATES,
                       freedom=freedom, plan=Plan("fits of each model", 1, error))
        )  # fmt: skip
    steep, flat = lines[STEEPEST_FIRST[0]], lines[STEEPEST_FIRST[-1]]
    evidence.append(
        with_error(
            _steeper(STEEPEST_FIRST),
            "points per nat",
            (-math.inf, 0.0),
            float(steep.slope - flat.slope),
            float(np.hypot(steep.stderr, flat.stderr)),
            basis="the scatter about the two lines",
            freedom=min(len(rows) for _, rows in table.groupby("task")) - 4,  # on the safe side: CoLA has two fewer
        )
    )
    return evidence


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_pruning: the fit of each world, or of each fine-tuning of a single pruned model.

    All are fitted at the mean losses of the sparsities, so that what is tested is the bend of the mean curve.
    """
    rows = gordon.recorded(table)
    rows = rows[rows["condition"] == "information_deletion"]
    rows = rows.assign(score=rows["score"].astype(float).fillna(0.0))
    unit, named = ("pruning_seed", "worlds") if len(set(rows["pruning_seed"])) > 1 else ("seed", "seeds")
    above = learned(scores(rows, cell="sparsity")) if len(rows) else {}
    evidence, slopes, dev_sets_of = [], {}, {}
    for task, every in rows.groupby("task"):
        some = every[[bool(above[task, sparsity]) for sparsity in every["sparsity"]]]
        curves = 100 * some.pivot_table("score", unit, "sparsity")
        loss = some.groupby("sparsity")["pretraining_loss"].mean()
        if len(loss) < LEAST:
            why = f"it learned {choose('tasks', task).TITLE} at {len(loss)} of {every['sparsity'].nunique()} sparsities"
            evidence.append(silent(_what(task), "points", BENT, why))
            continue
        values = curves[loss.index] @ bend_weights(loss)
        bend = over(_what(task), "points", BENT, values, units=named, seconds=per_unit(some, unit))
        slopes[task] = curves[loss.index] @ _slope_weights(loss)
        if unit == "seed":  # of one pruned model, on one dev set
            each = scores(some, cell="sparsity")
            bend = beside_dev_sets(bend, *_of_dev_set(each, bend_weights(loss)))
            dev_sets_of[task] = _of_dev_set(each, _slope_weights(loss))
        evidence.append(bend)
    ranked = [task for task in STEEPEST_FIRST if task in slopes]
    if rows["world"].notna().all():
        return evidence or [none("bend of the line", "points", BENT, "not recorded")]  # its tasks share but the names
    differ = slopes[ranked[0]] - slopes[ranked[-1]] if len(ranked) > 1 else []
    steeper = over(_steeper(ranked or STEEPEST_FIRST), "points per nat", (-math.inf, 0.0), differ, units=named)
    if len(ranked) > 1 and dev_sets_of:
        (one, few), (other, many) = dev_sets_of[ranked[0]], dev_sets_of[ranked[-1]]
        steeper = beside_dev_sets(steeper, math.hypot(one, other), min(few, many))
    return [*evidence, steeper]


def _of_dev_set(rows: pd.DataFrame, weights: np.ndarray) -> tuple[float, int]:
    """Standard error, in points, that a dev set leaves of a weighted sum of its mean scores, and its examples.

    rows  of `scores`, a cell each weight, in their order. The scores count as independent, which is too wide; 0 for a
          dev set of no known size
    """
    examples, metric = rows["examples"].iloc[0], rows["metric"].iloc[0]
    if math.isnan(examples):
        return 0.0, 0
    means = rows.groupby("cell")["score"].mean()
    variances = [dev_sets.variance(metric, mean, int(examples)) for mean in means]
    return 100 * math.sqrt(float(np.square(weights) @ variances)), int(examples)


def bend_weights(x: np.ndarray) -> np.ndarray:
    """What each y is multiplied with to give how far a parabola through the points is from its chord, mid-range.

    A parabola a + b x + c x^2 is c (range / 2)^2 below its chord there; above it is less than 0.
    """
    x = np.asarray(x, dtype=float)
    curvature = np.linalg.pinv(np.vander(x - x.mean(), 3))[0]
    return curvature * (np.ptp(x) / 2) ** 2


def _slope_weights(x: np.ndarray) -> np.ndarray:
    away = np.asarray(x, dtype=float) - np.mean(x)
    return away / (away**2).sum()


def _what(task: str) -> str:
    return f"distance of the curve of {choose('tasks', task).TITLE} from its chord, mid-range"


def _steeper(ranked: tuple[str, ...] | list[str]) -> str:
    steep, flat = (choose("tasks", task).TITLE for task in (ranked[0], ranked[-1]))
    return f"slope of {steep} minus slope of {flat}"
