"""The four conditions of Gordon et al. 2020: at which moment weights are removed, and whether they may come back."""

from dataclasses import replace
from typing import Literal, get_args

import pandas as pd

from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.tickets import Cut, Freed, Ticket

Condition = Literal["pruned_in_pretraining", "information_deletion", "pruned_downstream", "random"]
Budget = Literal["equal", "printed", "released"]
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
TITLES = {
    "pruned_in_pretraining": "pruned in pre-training",
    "information_deletion": "information deletion",
    "pruned_downstream": "pruned after fine-tuning",
    "random": "random, in pre-training",
}


def epochs(condition: Condition, sparsity: float, budget: Budget, *, equal: float) -> tuple[float, float]:
    """Epochs of fine-tuning before what the condition does, and after it; the second is never 0.

    equal     `equal` in all, half of them before the cut where the cut comes after fine-tuning
    printed   as the paper's section 3 says
    released  as the paper's code does in the runs that its tables read
    """
    before = {"equal": equal / 2, "printed": 3.0, "released": 3.0}[budget] if condition == "pruned_downstream" else 0.0
    if budget == "equal":
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
    return before, after[budget][condition]


def recipe_under(budget: Budget) -> Literal["printed", "released"]:
    """How weights are removed and held under a budget: as the code does under that of the code, else as printed."""
    return "released" if budget == "released" else "printed"


def under(condition: Condition, whole: FineTuning, sparsity: float, budget: Budget) -> FineTuning:
    """The fine-tuning of a condition at a sparsity; that of `random` at 0 is that of `pruned_in_pretraining`.

    whole  the fine-tuning of a GradualPruning that removed nothing; its epochs are those of the budget `equal`
    Raises ValueError for a condition or a budget that there is not.
    """
    for what, given, offered in (("condition", condition, CONDITIONS), ("budget", budget, get_args(Budget))):
        if given not in offered:
            raise ValueError(f"no {what} {given!r}: there are {', '.join(offered)}")
    control = whole.start
    before, after = epochs(condition, sparsity, budget, equal=whole.epochs)
    whole = replace(whole, epochs=after, recipe=recipe_under(budget))
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
        pruned = replace(pruned, importance="random", ramp=1 if budget == "released" else control.ramp)
    return replace(whole, start=Freed(pruned=pruned) if condition == "information_deletion" else pruned)


def recipe_of(rows: pd.DataFrame) -> pd.Series:
    """By which recipe rows of `with_conditions` were made, read off their epochs; of rows alike in two, `printed`."""

    def of(row: pd.Series) -> str:
        if row["recipe"] == "released":
            return "released"
        return (
            "printed" if row["epochs"] == epochs(row["condition"], row["sparsity"], "printed", equal=0)[1] else "equal"
        )

    return rows.apply(of, axis=1)
