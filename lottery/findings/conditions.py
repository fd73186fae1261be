"""Recorded runs by the conditions of Gordon et al. 2020, which `lottery.experiments.conditions` makes."""

from collections.abc import Sequence

import pandas as pd


def with_conditions(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of fine-tunings with the columns `condition`, `sparsity` and `pruning_seed`, read off their starts.

    pruning_seed  of the continued pre-training, which may be another than that of the fine-tuning
    Rows that are of no condition are left out; where there is random pruning, the control with nothing removed comes
    once more as its beginning.
    """
    named = pd.DataFrame(index=rows.index, columns=["condition", "sparsity", "pruning_seed"], dtype=object)
    for condition, start, choice, removed, control in (
        ("pruned_in_pretraining", "GradualPruning", ("start.importance", "magnitude"), "start", "start"),
        ("random", "GradualPruning", ("start.importance", "random"), "start", "start"),
        ("information_deletion", "Freed", ("start.pruned", "GradualPruning"), "start.pruned", "start.pruned"),
        ("pruned_downstream", "Ticket", ("start.kept.of", "FineTuning"), "start.kept", "start.kept.of.start"),
    ):
        columns = [f"{removed}.sparsity", f"{control}.seed"]
        if {choice[0], *columns} <= set(rows.columns):
            here = (rows["start"] == start) & (rows[choice[0]] == choice[1])
            named.loc[here, "condition"] = condition
            named.loc[here, ["sparsity", "pruning_seed"]] = rows.loc[here, columns].to_numpy()
    rows = rows.assign(condition=named["condition"], **named[["sparsity", "pruning_seed"]].astype(float))
    whole = rows[(rows["condition"] == "pruned_in_pretraining") & (rows["sparsity"] == 0)]
    again = whole.assign(condition="random") if (rows["condition"] == "random").any() else whole[:0]
    return pd.concat([rows[rows["condition"].notna()], again], ignore_index=True)


def best(rows: pd.DataFrame, by: Sequence[str] = ("condition", "sparsity", "task", "seed")) -> pd.DataFrame:
    """Of several learning rates the row with the highest `score` on dev, as the paper chooses, in the rows' order.

    Equal scores go to the larger training loss, as in the released code. A score that is not defined loses.
    """
    order = rows.assign(score=rows["score"].fillna(-1)).sort_values(["score", "train_loss"], kind="stable").index
    ranked = rows.loc[order]
    return ranked[~ranked.duplicated(list(by), keep="last")].sort_index()


def transferred(runs: pd.DataFrame) -> pd.DataFrame:
    """The fine-tunings of each condition, sparsity, task and seed: at the best rate, an undefined score as 0."""
    rows = best(with_conditions(runs[runs["experiment"] == "FineTuning"]))
    return rows.assign(score=rows["score"].fillna(0))


def pruned_models(runs: pd.DataFrame) -> pd.DataFrame:
    """The models pruned in pre-training; the control begins random pruning, too, where there is any."""
    models = runs[runs["experiment"] == "GradualPruning"]
    whole = models[(models["importance"] == "magnitude") & (models["sparsity"] == 0)]
    again = whole.assign(importance="random") if (models["importance"] == "random").any() else whole[:0]
    return pd.concat([models, again], ignore_index=True)


def by_seed(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """Mean of `value` over the tasks, a row a seed, a column each condition and sparsity; NaN if a task is missing.

    rows  columns condition, sparsity, task, seed; those without the value, as of a task without accuracy, are left out
    """
    each = rows.pivot_table(value, index=["condition", "sparsity", "task"], columns="seed", sort=False)
    tasks = each.index.unique("task")
    whole = pd.MultiIndex.from_tuples(
        [(*pair, task) for pair in each.index.droplevel("task").unique() for task in tasks], names=each.index.names
    )
    return each.reindex(whole).groupby(level=["condition", "sparsity"], sort=False).mean(skipna=False).T
