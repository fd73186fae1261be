"""The four conditions of Gordon et al. 2020: at which moment weights are removed, and whether they may come back."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import pandas as pd

from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.tickets import Cut, Freed, Ticket

Condition = Literal["pruned_in_pretraining", "information_deletion", "pruned_downstream", "random"]
Recipe = Literal["equal", "printed", "released"]
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
TITLES = {
    "pruned_in_pretraining": "pruned in pre-training",
    "information_deletion": "information deletion",
    "pruned_downstream": "pruned after fine-tuning",
    "random": "random, in pre-training",
}


def epochs(condition: Condition, sparsity: float, recipe: Recipe, *, equal: float) -> tuple[float, float]:
    """Epochs of fine-tuning before what the condition does, and after it; the second is never 0.

    equal     `equal` in all, half of them before the cut where the cut comes after fine-tuning
    printed   as the paper's section 3 says
    released  as the paper's code does in the runs that its tables read
    """
    before = {"equal": equal / 2, "printed": 3.0, "released": 3.0}[recipe] if condition == "pruned_downstream" else 0.0
    if recipe == "equal":
        return before, equal - before
    after = {
        "printed": {
            "pruned_in_pretraining": 3.0,
            "information_deletion": 15.0 if sparsity >= 0.7 else 13.0,
            "pruned_downstream": 7.0 if sparsity >= 0.8 else 5.0,
            "random": 3.0,
        },
        "released": {
            "pruned_in_pretraining": 5.0,
            "information_deletion": 9.0,
            "pruned_downstream": 7.0,
            "random": 5.0,
        },
    }
    return before, after[recipe][condition]


def under(condition: Condition, whole: FineTuning, sparsity: float, recipe: Recipe) -> FineTuning:
    """The fine-tuning of a condition at a sparsity; that of `random` at 0 is that of `pruned_in_pretraining`.

    whole  the fine-tuning of a GradualPruning that removed nothing; its epochs are those of the recipe `equal`
    Raises ValueError for a condition or a recipe that there is not.
    """
    for what, given, offered in (("condition", condition, CONDITIONS), ("recipe", recipe, get_args(Recipe))):
        if given not in offered:
            raise ValueError(f"no {what} {given!r}: there are {', '.join(offered)}")
    control = whole.start
    before, after = epochs(condition, sparsity, recipe, equal=whole.epochs)
    whole = replace(whole, epochs=after, recipe="released" if recipe == "released" else "printed")
    if condition == "pruned_downstream":
        tuned = replace(whole, epochs=before, saved=True)
        cut = Cut(
            of=tuned,
            importance="magnitude",
            scope=control.scope,
            embeddings=control.embeddings,
            sparsity=sparsity,
            seed=whole.seed,
        )
        return replace(whole, start=Ticket(of=tuned, kept=cut))
    pruned = replace(control, sparsity=sparsity)
    if condition == "random" and sparsity:
        pruned = replace(pruned, importance="random", ramp=1 if recipe == "released" else control.ramp)
    return replace(whole, start=Freed(pruned=pruned) if condition == "information_deletion" else pruned)


def told(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of fine-tunings with the columns `condition`, `sparsity` and `pruning_seed`, found from their starts.

    pruning_seed  of the continued pre-training, which may be another than that of the fine-tuning
    Rows that are of no condition are left out; where there is random pruning, the control with nothing removed comes
    once more as its beginning.
    """
    found = pd.DataFrame(index=rows.index, columns=["condition", "sparsity", "pruning_seed"], dtype=object)
    for condition, start, choice, removed, control in (
        ("pruned_in_pretraining", "GradualPruning", ("start.importance", "magnitude"), "start", "start"),
        ("random", "GradualPruning", ("start.importance", "random"), "start", "start"),
        ("information_deletion", "Freed", ("start.pruned", "GradualPruning"), "start.pruned", "start.pruned"),
        ("pruned_downstream", "Ticket", ("start.kept.of", "FineTuning"), "start.kept", "start.kept.of.start"),
    ):
        columns = [f"{removed}.sparsity", f"{control}.seed"]
        if {choice[0], *columns} <= set(rows.columns):
            here = (rows["start"] == start) & (rows[choice[0]] == choice[1])
            found.loc[here, "condition"] = condition
            found.loc[here, ["sparsity", "pruning_seed"]] = rows.loc[here, columns].to_numpy()
    rows = rows.assign(condition=found["condition"], **found[["sparsity", "pruning_seed"]].astype(float))
    whole = rows[(rows["condition"] == "pruned_in_pretraining") & (rows["sparsity"] == 0)]
    again = whole.assign(condition="random") if (rows["condition"] == "random").any() else whole[:0]
    return pd.concat([rows[rows["condition"].notna()], again], ignore_index=True)


def recipe_of(rows: pd.DataFrame) -> pd.Series:
    """By which recipe the rows of `told` were made, found from their epochs; of rows alike in two, `printed`."""

    def of(row: pd.Series) -> str:
        if row["recipe"] == "released":
            return "released"
        return (
            "printed" if row["epochs"] == epochs(row["condition"], row["sparsity"], "printed", equal=0)[1] else "equal"
        )

    return rows.apply(of, axis=1)


def best(rows: pd.DataFrame, by: Sequence[str] = ("condition", "sparsity", "task", "seed")) -> pd.DataFrame:
    """Of several learning rates the row with the highest `score` on dev, as the paper chooses, in the rows' order.

    Equal scores go to the larger training loss, as in the released code. A score that is not defined loses.
    """
    order = rows.assign(score=rows["score"].fillna(-1)).sort_values(["score", "train_loss"], kind="stable").index
    ranked = rows.loc[order]
    return ranked[~ranked.duplicated(list(by), keep="last")].sort_index()
