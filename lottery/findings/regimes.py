"""What pruning costs under the conditions of Gordon et al. 2020: against their control, and against each other."""

from collections.abc import Mapping

import pandas as pd

from lottery import statistics as stats
from lottery.statistics import Estimate

FREED_MINUS_HELD = ("information_deletion", "pruned_in_pretraining")  # what the room of removed weights is worth
AFTER_MINUS_BEFORE = ("pruned_downstream", "pruned_in_pretraining")  # of fine-tuning: whether the task helps to prune


def losses(models: pd.DataFrame, value: str = "mlm_loss") -> pd.DataFrame:
    """What a choice by magnitude costs and is worth, paired over the seeds.

    models   as by `conditions.pruned_models`, with both importances
    returns  a row a sparsity above 0, of estimates: `rise`, the loss by magnitude over that of the control, less 1;
             `worth`, the loss at random less that by magnitude, in nats
    """
    table = models.pivot_table(value, index="seed", columns=["importance", "sparsity"])
    magnitude, chance = table["magnitude"], table["random"]
    pruned = [sparsity for sparsity in magnitude if sparsity > 0]
    return pd.DataFrame(
        {
            "rise": {sparsity: stats.mean_interval(magnitude[sparsity] / magnitude[0.0] - 1) for sparsity in pruned},
            "worth": {sparsity: stats.paired_difference(chance[sparsity], magnitude[sparsity]) for sparsity in pruned},
        }
    )


def changes(means: pd.DataFrame, margin: float) -> pd.DataFrame:
    """Each condition at each sparsity less its own control, the same with nothing removed, paired over the seeds.

    means    as by `conditions.by_seed`
    margin   the largest change that counts as none, in the unit of the means
    returns  a row a condition and sparsity above 0: `change`, an estimate, and `p`, of the equivalence within the
             margin, corrected by Holm for the sparsities of the condition
    """
    tables = {}
    for condition in means.columns.unique("condition"):
        ours = means[condition]
        pruned = [sparsity for sparsity in ours if sparsity > 0]
        tables[condition] = pd.DataFrame(
            {
                "change": [stats.paired_difference(ours[sparsity], ours[0.0]) for sparsity in pruned],
                "p": stats.holm([stats.equivalence(ours[sparsity], ours[0.0], margin) for sparsity in pruned]),
            },
            index=pd.Index(pruned, name="sparsity"),
        )
    return pd.concat(tables, names=["condition"])


def contrasts(means: pd.DataFrame, pairs: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """One condition less another at each sparsity above 0 that both have, paired over the seeds.

    means    as by `conditions.by_seed`
    pairs    {name: (one, other)}; a pair of which the means lack a condition is left out
    returns  a row a sparsity, a column a pair, of estimates
    """
    known = set(means.columns.unique("condition"))
    return pd.DataFrame(
        {
            name: {
                sparsity: stats.paired_difference(means[one, sparsity], means[other, sparsity])
                for sparsity in means[one]
                if sparsity > 0 and sparsity in means[other]
            }
            for name, (one, other) in pairs.items()
            if {one, other} <= known
        }
    ).rename_axis("sparsity")


def deletion_and_room(means: pd.DataFrame) -> pd.DataFrame:
    """What weights removed in pre-training cost, in two parts that add up to it, paired over the seeds.

    means    as by `conditions.by_seed`, of a score; without one of FREED_MINUS_HELD there is no row
    returns  a row a sparsity above 0 that both conditions have, of estimates: `lost`, by the held model against its
             control; `deleted`, the part that the freed one loses as well, against its own; `room`, the rest, which the
             removed weights would win back; `more`, deleted less room
    """
    freed, held = FREED_MINUS_HELD
    lines = {}
    if {freed, held} <= set(means.columns.unique("condition")):
        for sparsity in means[held]:
            if sparsity > 0 and sparsity in means[freed]:
                lost, deleted = (means[name, 0.0] - means[name, sparsity] for name in (held, freed))
                parts = {"lost": lost, "deleted": deleted, "room": lost - deleted, "more": 2 * deleted - lost}
                lines[sparsity] = {name: stats.mean_interval(values) for name, values in parts.items()}
    columns = ["lost", "deleted", "room", "more"]
    return pd.DataFrame.from_dict(lines, orient="index", columns=columns).rename_axis("sparsity")


def best_of_several(scores: pd.DataFrame) -> tuple[float, Estimate]:
    """The rate that is best on average, and what choosing the best rate for every model adds to it, over the seeds.

    scores  a row a sparsity and a seed, a column a rate
    The best of several is never below any of them, so chance alone adds something.
    """
    fixed = scores.mean().idxmax()
    gain = (scores.max(axis=1) - scores[fixed]).groupby("seed").mean()
    return float(fixed), stats.mean_interval(gain)
