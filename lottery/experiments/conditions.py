"""The four conditions of Gordon et al. 2020: at which moment weights are removed, and whether they may come back.

And one more, that tells whether it helps to fine-tune before the cut: the same cut first, and the same training.
"""

from dataclasses import replace
from typing import Literal, get_args

import pandas as pd

from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.gradual_pruning import GradualPruning
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
        return cut_late(whole, sparsity, before)
    pruned = replace(control, sparsity=sparsity)
    if condition == "random" and sparsity:
        pruned = replace(pruned, importance="random", ramp=1 if budget == "released" else control.ramp)
    return replace(whole, start=Freed(pruned=pruned) if condition == "information_deletion" else pruned)


def cut(of: GradualPruning | FineTuning, sparsity: float) -> Cut:
    """What is left of a pre-trained model, or of one fine-tuned from it, when its smallest weights go at once.

    Compared as its pruning in pre-training compares them: within matrices or over all, with the embeddings or without.
    """
    control = of.start if isinstance(of, FineTuning) else of
    return Cut(
        of=of,
        importance="magnitude",
        scope=control.scope,
        embeddings=control.embeddings,
        sparsity=sparsity,
        seed=of.seed,
    )


def cut_late(whole: FineTuning, sparsity: float, before: float) -> FineTuning:
    """Fine-tuned for `before` epochs, cut at once, and fine-tuned for the epochs of `whole`; `before` may be 0.

    whole  the fine-tuning of a GradualPruning that removed nothing
    """
    tuned = replace(whole, epochs=before, saved=True) if before else whole.start
    return replace(whole, start=Ticket(of=tuned, kept=cut(tuned, sparsity)))


def cut_first(whole: FineTuning, sparsity: float, before: float) -> FineTuning:
    """The like of `cut_late` but for the moment of the cut: made at once, before both fine-tunings, which are the same.

    The two have the same updates, learning rates, seeds and head; what differs is whether the task has a say in which
    weights go. At sparsity 0 nothing is cut: the control of both.
    """
    start = Ticket(of=whole.start, kept=cut(whole.start, sparsity)) if sparsity else whole.start
    return replace(whole, start=replace(whole, start=start, epochs=before, saved=True))


def recipe_of(rows: pd.DataFrame) -> pd.Series:
    """By which recipe rows of `with_conditions` were made, read off their epochs; of rows alike in two, `printed`."""

    def of(row: pd.Series) -> str:
        if row["recipe"] == "released":
            return "released"
        return (
            "printed" if row["epochs"] == epochs(row["condition"], row["sparsity"], "printed", equal=0)[1] else "equal"
        )

    return rows.apply(of, axis=1)
