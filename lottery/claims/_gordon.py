"""Differences between the conditions of Gordon et al. 2020, from their printed table and from recorded runs.

Claims about the three regimes of pruning are lists of comparisons; the same list is read from either.
"""

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple

import pandas as pd

from lottery.claims import Evidence, over_seeds, with_error, within
from lottery.experiments.conditions import Condition
from lottery.findings.conditions import best, by_seed, with_conditions

LOW, MEDIUM, HIGH = (0.1, 0.2, 0.3, 0.4), (0.5, 0.6), (0.7, 0.8, 0.9)  # sparsities
UNITS = {"accuracy": "points", "training_loss": "nats", "pretraining_loss": "nats"}
ROUNDING = 0.005  # of a printed loss
PRINTED = "95 % by the sizes of the dev sets alone"


class Comparison(NamedTuple):
    """How much more of `value` there is under one condition than under another, the mean over tasks and sparsities."""

    what: str  # it is, in words
    value: Literal["accuracy", "training_loss", "pretraining_loss"]  # in points, in nats, in nats
    one: Condition
    other: Condition
    sparsities: tuple[float, ...]
    claimed: tuple[float, float]  # where the claim says that the difference lies
    against: float | None = None  # the sparsity of the other condition; None: that of the one


def printed(comparison: Comparison, tables: Mapping[str, pd.DataFrame]) -> Evidence:
    """A comparison in Table 1 of the paper.

    tables  "gordon2020_table1" and "glue_dev", the numbers of examples that its accuracies are of

    The interval of an accuracy is what the sizes of the dev sets give alone, the two accuracies of a difference taken
    as independent and those of different sparsities as one: other seeds are not in it. That of a loss is its rounding.
    """
    what, value, claimed = comparison.what, comparison.value, comparison.claimed
    table = tables["gordon2020_table1"].assign(seed=0)
    estimate = float(differences(by_seed(table, value), comparison).iloc[0])
    if value != "accuracy":
        low, high = estimate - 2 * ROUNDING, estimate + 2 * ROUNDING
        return within(what, UNITS[value], claimed, estimate, low, high, basis="rounding")
    sizes = tables["glue_dev"].set_index("task")["examples"]
    errors = [math.sqrt(sum(_variance(table, sizes, *place) for place in pair)) for pair in _pairs(comparison)]
    error = 100 * sum(errors) / len(errors)
    return with_error(what, UNITS[value], claimed, 100 * estimate, error, basis=PRINTED)


def measured(comparison: Comparison, table: pd.DataFrame) -> Evidence:
    """A comparison among recorded runs of gordon_pruning, at those of its sparsities that both conditions have."""
    means = by_seed(recorded(table), comparison.value)
    scale = 100 if comparison.value == "accuracy" else 1
    found = over_seeds(
        comparison.what, UNITS[comparison.value], comparison.claimed, scale * differences(means, comparison)
    )
    there = [one[1] for one, other in _pairs(comparison) if {one, other} <= set(means.columns)]
    if 0 < len(there) < len(comparison.sparsities):
        found = found._replace(basis=f"{found.basis}, at {', '.join(f'{sparsity:.0%}' for sparsity in there)} alone")
    return found


def recorded(table: pd.DataFrame) -> pd.DataFrame:
    """Recorded runs of gordon_pruning as rows of Table 1: the fine-tunings of tasks that are scored by accuracy.

    Of several learning rates the best on dev, as in the paper. `pretraining_loss` is that of the model that was pruned
    in pre-training, NaN where the cut came later.
    """
    rows = best(with_conditions(table[table["experiment"] == "FineTuning"]))
    rows = rows[rows["accuracy"].notna()].rename(columns={"train_loss": "training_loss"})
    models = table[table["experiment"] == "GradualPruning"]
    losses = models.set_index([models["importance"], models["seed"], models["sparsity"]])["loss"]
    chosen = rows["condition"].map(
        {"pruned_in_pretraining": "magnitude", "information_deletion": "magnitude", "random": "random"}
    )
    chosen = chosen.mask(rows["sparsity"] == 0, "magnitude").where(rows["condition"] != "pruned_downstream")
    places = pd.MultiIndex.from_arrays([chosen, rows["pruning_seed"], rows["sparsity"]])
    return rows.assign(pretraining_loss=losses.reindex(places).to_numpy())


def differences(means: pd.DataFrame, comparison: Comparison) -> pd.Series:
    """The difference at each seed, the mean over the sparsities that both conditions have; empty if there are none."""
    pairs = [pair for pair in _pairs(comparison) if set(pair) <= set(means.columns)]
    if not pairs:
        return pd.Series(dtype=float)
    return pd.concat([means[one] - means[other] for one, other in pairs], axis=1).mean(axis=1, skipna=False)


def _pairs(comparison: Comparison) -> list[tuple[tuple[str, float], tuple[str, float]]]:
    against = comparison.against
    return [
        ((comparison.one, sparsity), (comparison.other, sparsity if against is None else against))
        for sparsity in comparison.sparsities
    ]


def _variance(table: pd.DataFrame, sizes: pd.Series, condition: str, sparsity: float) -> float:
    """Of a mean of printed accuracies, as fractions, by the numbers of examples that they are of."""
    rows = table[(table["condition"] == condition) & (table["sparsity"] == sparsity)].set_index("task")["accuracy"]
    return float((rows * (1 - rows) / sizes[rows.index]).sum() / len(rows) ** 2)
