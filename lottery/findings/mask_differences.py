"""How masks found before and after fine-tuning differ, and what comes of fine-tuning for longer before the cut.

Gordon et al. 2020, Figure 3, with the controls that it lacks: chance, and a cut without fine-tuning.
"""

import pandas as pd

from lottery import statistics as stats
from lottery.statistics import Estimate

BOTH = "cut after fine-tuning, against pruned in pre-training"
ALONE = "cut without fine-tuning, against pruned in pre-training"
TUNING = "cut after fine-tuning, against cut without"
PAIRS = (BOTH, ALONE, TUNING)
MEASURES = ("different", "different_without_embeddings", "chance", "jaccard", "chance_jaccard", "kappa")


def compared(runs: pd.DataFrame) -> pd.DataFrame:
    """The comparisons of masks: `pair`, one of PAIRS, `sparsity`, `seed`, and `task` and `epochs` of the fine-tuning.

    Without a fine-tuning the last two are NaN, and the seed is that of the pre-training.
    """
    rows = runs[runs["experiment"] == "MaskDifference"]
    tuned = rows["one.of"] == "FineTuning"
    pair = pd.Series(TUNING, index=rows.index).mask(rows["other"] == "GradualPruning", BOTH).mask(~tuned, ALONE)
    return rows.assign(
        pair=pair,
        task=rows["one.of.task"],
        epochs=rows["one.of.epochs"],
        sparsity=rows["one.sparsity"],
        seed=rows["one.seed"].astype(int),
    )


def usual(rows: pd.DataFrame) -> pd.DataFrame:
    """Of rows of `compared`, those of the tasks and of the length of fine-tuning for which BOTH was compared."""
    both, alone = rows[rows["pair"] == BOTH], rows["pair"] == ALONE
    return rows[alone | ((rows["epochs"] == both["epochs"].iloc[0]) & rows["task"].isin(both["task"]))]


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


def lengths(runs: pd.DataFrame) -> pd.DataFrame:
    """A row a number of epochs before the cut, and seed: mean score over the tasks, and how far the mask has moved.

    score     after the cut and the recovery, each task by its metric; 0 where it is not defined
    accuracy  likewise, which the paper takes for every task, CoLA too; NaN where no task has one
    moved     share of weights unlike the mask of no fine-tuning
    """
    tuned = runs[runs["experiment"] == "FineTuning"]
    before = tuned["start.of.epochs"].where(tuned["start.of"] == "FineTuning", 0.0).rename("before")
    scores = tuned["score"].fillna(0).groupby([before, tuned["seed"]]).mean()
    accuracies = tuned["accuracy"].groupby([before, tuned["seed"]]).mean()
    rows = compared(runs)
    rows = rows[(rows["pair"] == TUNING) & (rows["sparsity"] == tuned["start.kept.sparsity"].iloc[0])]
    rows = rows[rows["task"].isin(tuned["task"]) & rows["epochs"].isin(before)]
    moved = rows.groupby([rows["epochs"].rename("before"), "seed"])["different"].mean()
    table = pd.DataFrame({"score": scores, "accuracy": accuracies, "moved": moved}).reset_index()
    return table.assign(moved=table["moved"].mask(table["before"] == 0, 0.0))


def changes(lengths: pd.DataFrame, one: float, other: float, *, of: str) -> Estimate:
    """A column of `lengths` after `one` number of epochs before the cut less after `other`, paired over the seeds."""
    table = lengths.pivot_table(index="seed", columns="before", values=of)
    return stats.paired_difference(table[one], table[other])
