"""Whether something measured on the pruned model foretells the drop of a task (Gordon et al. 2020, footnote 13)."""

import pandas as pd

from lottery import statistics as stats
from lottery.findings import prunable
from lottery.statistics import Estimate, stopping

PREDICTORS = ("mlm_rise", "turned")  # the rise of the MLM loss in %; 1 - the mean cosine of features
OTHERS, NONE = "others", "none"  # answers that measure nothing: as the other tasks at that sparsity, and no drop


def dropped(runs: pd.DataFrame) -> pd.DataFrame:
    """A row a task, seed and sparsity: the drop of its accuracy in points, and PREDICTORS of it, NaN if not measured.

    Of local thresholds, as `statistics.stopping` takes them. What was measured on one pruned model stands beside all of
    its fine-tunings.
    """
    rows, models = prunable.local(prunable.tuned(runs)), prunable.local(prunable.pruned(runs))
    table = prunable.points(100 * prunable.drops(prunable.curves(rows, ["task"])), "drop")
    rises = prunable.points(100 * prunable.rises(prunable.curves(models, [], "mlm_loss")), "mlm_rise")
    drift = runs[runs["experiment"] == "FeatureDrift"]
    turned = pd.DataFrame(
        {"seed": drift["pruned.seed"], "sparsity": drift["pruned.sparsity"], "turned": 1 - drift["cosine"]}
    )
    places = ["pruning_seed", "sparsity"]
    table["pruning_seed"] = table["seed"].map(rows.groupby("seed")["pruning_seed"].first())
    rises, turned = (each.rename(columns={"seed": "pruning_seed"}) for each in (rises, turned.astype(float)))
    table = table.merge(rises, on=places).merge(turned, on=places, how="left").drop(columns="pruning_seed")
    return table.sort_values(["task", "seed", "sparsity"], ignore_index=True)


def errors(drops: pd.DataFrame) -> pd.DataFrame:
    """How far each answer is from the drop of a task left out, in points: on the rows above 0%, a column an answer.

    drops    as by `dropped`
    returns  with task, seed, sparsity; PREDICTORS by a line through the other tasks, OTHERS and NONE
    """
    rows = drops[drops["sparsity"] > 0]
    answers = {name: stopping.from_line(rows, name) for name in PREDICTORS}
    answers |= {OTHERS: stopping.from_sparsity(rows), NONE: 0.0}
    return rows[["task", "seed", "sparsity"]].assign(
        **{name: (rows["drop"] - answer).abs() for name, answer in answers.items()}
    )


def against(errors: pd.DataFrame, answer: str) -> dict[str, Estimate]:
    """How much farther off an answer is than OTHERS, and than NONE, on average: estimates paired over the seeds."""
    means = errors.groupby("seed")[[answer, OTHERS, NONE]].mean()
    return {other: stats.paired_difference(means[answer], means[other]) for other in (OTHERS, NONE)}
