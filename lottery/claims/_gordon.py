"""Differences between the conditions of Gordon et al. 2020, from their printed table and from recorded runs.

Claims about the three regimes of pruning are lists of comparisons; the same list is read from either.
"""

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple

import pandas as pd

from lottery.choices import choose
from lottery.claims import Evidence, Plan
from lottery.claims._evidence import Range, none, over, silent, with_error, within
from lottery.claims._runs import compared, scores
from lottery.experiments.conditions import Condition
from lottery.findings.conditions import best, with_conditions
from lottery.statistics import dev_sets

LOW, MEDIUM, HIGH = (0.1, 0.2, 0.3, 0.4), (0.5, 0.6), (0.7, 0.8, 0.9)  # sparsities
UNITS = {"accuracy": "points", "training_loss": "nats", "pretraining_loss": "nats"}
ROUNDING = 0.005  # of a printed loss
EQUAL = "the freed models were trained as long as the full one, and not until they fitted"
REPLICATES = "how far the four printed fits of the full model differ"


class Comparison(NamedTuple):
    """How much more of `value` there is under one condition than under another, the mean over tasks and sparsities."""

    what: str  # it is, in words
    value: Literal["accuracy", "training_loss", "pretraining_loss"]  # in points, in nats, in nats
    one: Condition
    other: Condition
    sparsities: tuple[float, ...]
    claimed: Range  # where the claim says that the difference lies
    against: float | None = None  # the sparsity of the other condition; None: that of the one


def printed(comparison: Comparison, tables: Mapping[str, pd.DataFrame], tasks: tuple[str, ...] = ()) -> Evidence:
    """A comparison in Table 1 of the paper, on all of its tasks or on some.

    tables  "gordon2020_table1", and "glue_dev" for what the majority-class baseline gets

    Table 1 has the full model four times, fine-tuned anew: so far does a printed accuracy move where nothing was pruned
    (`replicates`), and the two of a difference are as independent of each other as these. Where neither of the two is
    clearly above the majority-class baseline, the cell is left out. The interval of a loss is its rounding.
    """
    table = tables["gordon2020_table1"]
    table = table[table["task"].isin(tasks)] if tasks else table
    if comparison.value == "accuracy":
        return with_replicates(
            comparison.what, "points", comparison.claimed, weights(comparison, table, tables), tables
        )
    means = table.groupby(["condition", "sparsity"])[comparison.value].mean()
    estimate = float(pd.Series([means[one] - means[other] for one, other in pairs(comparison)]).mean())
    low, high = estimate - 2 * ROUNDING, estimate + 2 * ROUNDING
    return within(comparison.what, UNITS[comparison.value], comparison.claimed, estimate, low, high, basis="rounding")


def with_replicates(
    what: str, unit: str, claimed: Range, weights: Mapping[tuple, float], tables: Mapping[str, pd.DataFrame]
) -> Evidence:
    """A weighted sum of printed accuracies, {(condition, sparsity, task): weight}, in points."""
    if not weights:
        return silent(what, unit, claimed, "no better than the majority-class baseline")
    table = tables["gordon2020_table1"].set_index(["condition", "sparsity", "task"])["accuracy"]
    estimate = sum(100 * weight * table[cell] for cell, weight in weights.items())
    deviations, freedom = replicates(tables)
    parts = pd.Series({cell: (weight * deviations[cell[2]]) ** 2 for cell, weight in weights.items()})
    by_task = parts.groupby(level=2).sum()
    error = math.sqrt(by_task.sum())
    return with_error(
        what,
        unit,
        claimed,
        float(estimate),
        error,
        basis=REPLICATES,
        freedom=float(by_task.sum() ** 2 / (by_task**2 / freedom).sum()),
        plan=Plan("fits of each model", 1, error),
    )


def replicates(tables: Mapping[str, pd.DataFrame]) -> tuple[pd.Series, int]:
    """How far a printed accuracy moves from one fine-tuning to the next, by task, in points, and degrees of freedom.

    From the four rows of Table 1 from which nothing was removed, one under each condition. These differ in epochs as
    well, so it is rather too much.
    """
    table = tables["gordon2020_table1"]
    full = 100 * table[table["sparsity"] == 0].pivot_table("accuracy", "task", "condition")
    return full.std(axis=1, ddof=1), full.shape[1] - 1


def says_something(cell: tuple[str, float, str], tables: Mapping[str, pd.DataFrame]) -> bool:
    """Whether a printed accuracy, of (condition, sparsity, task), is clearly above the majority-class baseline."""
    (condition, sparsity, task), table, sizes = cell, tables["gordon2020_table1"], tables["glue_dev"]
    here = (table["condition"] == condition) & (table["sparsity"] == sparsity) & (table["task"] == task)
    ((examples, most),) = sizes.loc[sizes["task"] == task, ["examples", "most_frequent"]].to_numpy()
    return dev_sets.above("accuracy", float(table.loc[here, "accuracy"].item()), float(most) / examples, int(examples))


def weights(comparison: Comparison, table: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> dict[tuple, float]:
    """The weight of each printed accuracy in the mean difference over tasks of that over their sparsities."""
    by_task = {
        task: [pair for pair in pairs(comparison) if any(says_something((*place, task), tables) for place in pair)]
        for task in table["task"].unique()
    }
    by_task = {task: some for task, some in by_task.items() if some}
    weights: dict[tuple, float] = {}
    for task, some in by_task.items():
        for one, other in some:
            share = 1 / len(some) / len(by_task)
            weights[*one, task] = weights.get((*one, task), 0) + share
            weights[*other, task] = weights.get((*other, task), 0) - share
    return weights


def measured(comparison: Comparison, rows: pd.DataFrame) -> Evidence:
    """A comparison among `recorded` runs of gordon_pruning, at those of its sparsities that both conditions have.

    For accuracy stands the metric of the task: of CoLA Matthews' correlation, because there the majority-class baseline
    is right more often than many a model.
    """
    one, other = (rows[rows["condition"] == condition] for condition in (comparison.one, comparison.other))
    there = [pair for pair in pairs(comparison) if (one["sparsity"] == pair[0][1]).any()]
    there = [pair for pair in there if (other["sparsity"] == pair[1][1]).any()]
    if not there:
        return none(comparison.what, UNITS[comparison.value], comparison.claimed, "not recorded")
    one = pd.concat([one[one["sparsity"] == pair[0][1]].assign(at=pair[0][1]) for pair in there])
    other = pd.concat([other[other["sparsity"] == pair[1][1]].assign(at=pair[0][1]) for pair in there])
    if comparison.value == "accuracy":
        evidence = compared(comparison.what, comparison.claimed, scores(one, cell="at"), scores(other, cell="at"))
    else:
        evidence = _losses(comparison, one, other)
    if len(there) < len(comparison.sparsities):
        alone = ", ".join(f"{pair[0][1]:.0%}" for pair in there)
        evidence = evidence._replace(basis=f"{evidence.basis}, at {alone} alone")
    return evidence


def _losses(comparison: Comparison, one: pd.DataFrame, other: pd.DataFrame) -> Evidence:
    """Over pruned models, or, of the training loss of a single one, over its fine-tunings."""
    units, named = "pruning_seed", "worlds" if one["world"].notna().all() else "pruned models"
    if comparison.value == "training_loss" and len(set(one[units])) == 1:
        units, named = "seed", "seeds"
    keys = ["at", "task"] if comparison.value == "training_loss" else ["at"]
    left, right = (rows.pivot_table(comparison.value, units, keys) for rows in (one, other))
    values = (left - right).mean(axis=1, skipna=False)
    seconds = float(sum(rows.groupby(units)["seconds"].sum().mean() for rows in (one, other)))
    unit = UNITS[comparison.value]
    evidence = over(comparison.what, unit, comparison.claimed, values, units=named, seconds=seconds)
    return evidence._replace(basis=f"{evidence.basis} of one pruned model") if units == "seed" else evidence


def recorded(table: pd.DataFrame) -> pd.DataFrame:
    """Recorded runs of gordon_pruning as rows of Table 1: the fine-tunings of tasks that ask for a class.

    Of several learning rates the best on dev, as in the paper. `pretraining_loss` is that of the model that was pruned
    in pre-training, NaN where the cut came later.
    """
    rows = tuned(table)
    models = table[table["experiment"] == "GradualPruning"]
    losses = models.set_index([models["importance"], models["seed"], models["sparsity"]])["loss"]
    chosen = rows["condition"].map(
        {"pruned_in_pretraining": "magnitude", "information_deletion": "magnitude", "random": "random"}
    )
    chosen = chosen.mask(rows["sparsity"] == 0, "magnitude").where(rows["condition"] != "pruned_downstream")
    places = pd.MultiIndex.from_arrays([chosen, rows["pruning_seed"], rows["sparsity"]])
    return rows.assign(pretraining_loss=losses.reindex(places).to_numpy())


def tuned(table: pd.DataFrame) -> pd.DataFrame:
    """The fine-tunings of all conditions on tasks that ask for a class, with their training losses."""
    rows = best(with_conditions(table[table["experiment"] == "FineTuning"]))
    of_classes = [task for task in rows["task"].unique() if choose("tasks", task).KIND == "classification"]
    rows = rows[rows["task"].isin(of_classes)]
    return rows.rename(columns={"train_loss": "training_loss"})


def pairs(comparison: Comparison) -> list[tuple[tuple[str, float], tuple[str, float]]]:
    """The conditions and sparsities that are compared, one difference each."""
    against = comparison.against
    return [
        ((comparison.one, sparsity), (comparison.other, sparsity if against is None else against))
        for sparsity in comparison.sparsities
    ]
