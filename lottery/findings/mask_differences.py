"""How masks found before and after fine-tuning differ, and what comes of fine-tuning for longer before the cut.

Gordon et al. 2020, Figure 3, with the controls that it lacks: chance, and a cut without fine-tuning.
"""

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.findings import cut_times
from lottery.findings.cut_times import FIRST, LATE
from lottery.statistics import Estimate

BOTH = "cut after fine-tuning, against pruned in pre-training"
ALONE = "cut without fine-tuning, against pruned in pre-training"
TUNING = "cut after fine-tuning, against cut without"
PAIRS = (BOTH, ALONE, TUNING)
MEASURES = ("different", "different_without_embeddings", "chance", "jaccard", "chance_jaccard", "kappa")


def compared(runs: pd.DataFrame) -> pd.DataFrame:
    """The comparisons of masks: `pair`, one of PAIRS, `sparsity`, `seed`; task, epochs and recipe of the fine-tuning.

    Without a fine-tuning these are NaN. The seed is that of the pre-training, where there are several, one a
    world; of one pre-trained model that of the fine-tuning, where there was one.
    """
    rows = runs[runs["experiment"] == "MaskDifference"]
    tuned = rows["one.of"] == "FineTuning"
    pair = pd.Series(TUNING, index=rows.index).mask(rows["other"] == "GradualPruning", BOTH).mask(~tuned, ALONE)
    worlds = rows["one.of.start.seed"].where(tuned, rows["one.seed"])
    return rows.assign(
        pair=pair,
        task=rows["one.of.task"],
        epochs=rows["one.of.epochs"],
        recipe=rows["one.of.recipe"],
        sparsity=rows["one.sparsity"],
        seed=(worlds if len(set(worlds[tuned])) > 1 else rows["one.seed"]).astype(int),
    )


def usual(rows: pd.DataFrame) -> pd.DataFrame:
    """Of rows of `compared`, those of the tasks and of the length of fine-tuning for which BOTH was compared."""
    both, alone = rows[rows["pair"] == BOTH], rows["pair"] == ALONE
    as_long = rows["epochs"] == both["epochs"].iloc[0]
    return rows[alone | (as_long & rows["task"].isin(both["task"]) & (rows["recipe"] == "printed"))]


def by_seed(runs: pd.DataFrame) -> pd.DataFrame:
    """Every measure of MEASURES, the mean over the usual tasks: a row a pair, in their order, sparsity and seed."""
    means = usual(compared(runs)).groupby(["pair", "sparsity", "seed"])[[*MEASURES]].mean().reset_index()
    return means.sort_values("pair", key=lambda pairs: pairs.map(PAIRS.index), kind="stable", ignore_index=True)


def by_kind(runs: pd.DataFrame, pair: str) -> pd.DataFrame:
    """Share of weights in which a pair differs, mean over the usual tasks: a row a kind of matrix, sparsity, seed."""
    rows = usual(compared(runs)).query("pair == @pair")[["sparsity", "seed", "kinds", "different_by_kind"]]
    long = rows.explode(["kinds", "different_by_kind"]).rename(columns={"kinds": "kind"})
    long = long.assign(different=long["different_by_kind"].astype(float))
    return long.groupby(["kind", "sparsity", "seed"], sort=False)["different"].mean().reset_index()


def over_seeds(means: pd.DataFrame) -> pd.DataFrame:
    """Rows of `by_seed` together: a row a pair and sparsity, of estimates over the seeds, and numbers by chance."""
    table = means.groupby(["pair", "sparsity"], sort=False)[[*MEASURES]].agg(stats.mean_interval)
    chances = [name for name in MEASURES if name.startswith("chance")]
    return table.assign(**{name: [estimate.mean for estimate in table[name]] for name in chances})


def beyond_control(means: pd.DataFrame, sparsity: float) -> Estimate:
    """In how many more of the weights BOTH differs than the control that saw no task, ALONE, paired over the seeds.

    means  as by `by_seed`; of one pre-training, fine-tuned with several seeds, there is but one control for all
    """
    table = means[means["sparsity"] == sparsity].pivot_table(index="seed", columns="pair", values="different")
    both = table[BOTH].dropna()
    return stats.paired_difference(both, table[ALONE].reindex(both.index).fillna(table[ALONE].mean()))


def moved(runs: pd.DataFrame) -> pd.DataFrame:
    """Of rows of `compared` one cut after against one without fine-tuning, where the model was trained on, too.

    `before` are the epochs of the fine-tuning and `recipe` is its recipe. All at the sparsity that has most of them.
    """
    cuts = cut_times.with_cuts(runs)
    places = ["sparsity", "task", "before"]
    late = set(map(tuple, cuts.loc[cuts["cut"] == LATE, places].to_numpy()))
    rows = compared(runs)
    rows = rows[rows["pair"] == TUNING].assign(before=lambda some: some["epochs"])
    rows = rows[np.array([tuple(place) in late for place in rows[places].to_numpy()], dtype=bool)]
    return rows[rows["sparsity"] == rows["sparsity"].mode().max()]


def lengths(runs: pd.DataFrame) -> pd.DataFrame:
    """A row a number of epochs before the cut, and seed: mean score over the tasks, and how far the mask has moved.

    All at the sparsity at which the masks were compared; a seed is as of `compared`.
    score     after the cut and the recovery, each task by its metric; 0 where it is not defined
    accuracy  likewise, which the paper takes for every task, CoLA too; NaN where no task has one
    first     the accuracy when it is cut first and trained as long, as by `cut_times`
    whole     the accuracy of what is trained as long and not cut
    moved     share of weights unlike the mask of no fine-tuning
    released  the same where the fine-tuning has the learning rate of the paper's code, which dies as 1/k
    A value that was not run is NaN.
    """
    masks = moved(runs)
    rows = cut_times.with_cuts(runs).assign(seed=lambda some: some["unit"])
    here = rows[rows["sparsity"].isin(masks["sparsity"])]
    late, first = here[here["cut"] != FIRST], here[here["cut"] == FIRST]
    chosen = {
        "score": (late, "score"),
        "accuracy": (late, "accuracy"),
        "first": (first, "accuracy"),
        "whole": (rows[rows["sparsity"] == 0], "accuracy"),
        "moved": (masks[masks["recipe"] == "printed"], "different"),
        "released": (masks[masks["recipe"] == "released"], "different"),
    }
    means = {name: some.groupby(["before", "seed"])[value].mean() for name, (some, value) in chosen.items()}
    table = pd.DataFrame(means).reset_index()
    return table.assign(**{name: table[name].mask(table["before"] == 0, 0.0) for name in ("moved", "released")})


def changes(lengths: pd.DataFrame, one: float, other: float, *, of: str) -> Estimate:
    """A column of `lengths` after `one` number of epochs before the cut less after `other`, paired over the seeds."""
    table = lengths.pivot_table(index="seed", columns="before", values=of)
    return stats.paired_difference(table[one], table[other])
