"""How well the miniature stands in: what pre-training adds downstream, where pruning bites, and what it was to show.

Tables are of runs of `Miniature`, `GradualPruning` and of `FineTuning` from either, a row a run.
"""

import pandas as pd

from lottery import statistics as stats
from lottery.choices import choose
from lottery.findings import baselines

ASIDE = "wnli"  # nothing can be learnt from its training set, so no mean holds it


def started(runs: pd.DataFrame, start: str) -> pd.DataFrame:
    """The fine-tunings that started from such an experiment; a score that is not defined counts as 0."""
    rows = runs[(runs["experiment"] == "FineTuning") & (runs["start"] == start)]
    return rows.assign(score=rows["score"].fillna(0))


def gains(runs: pd.DataFrame) -> pd.DataFrame:
    """What pre-training adds to the dev score of each task, in points: a row a task.

    returns  task; majority, of the majority-class baseline, drawn and pretrained, of the model without and with
             pre-training, means over the seeds; difference, low and high, pretrained minus drawn with its interval,
             paired over seeds
    """
    lines = []
    for task, rows in started(runs, "Miniature").groupby("task", sort=False):
        scores = rows.pivot_table(index="seed", columns="start.steps", values="score")
        drawn, pretrained = scores[0], scores[max(scores)]
        means = {"majority": rows["majority"], "drawn": drawn, "pretrained": pretrained}
        mean, low, high = stats.paired_difference(100 * pretrained, 100 * drawn)
        line = {"task": task} | {name: 100 * values.mean() for name, values in means.items()}
        lines.append(line | {"difference": mean, "low": low, "high": high})
    return pd.DataFrame(lines)


def helped(table: pd.DataFrame, *, by: float = 10.0, cost: float = 2.0) -> tuple[int, list[str]]:
    """How many rows of `gains` gain so many points or more, and the tasks that lose more: the whole interval does."""
    worse = table["high"].fillna(table["difference"]) < -cost
    return int((table["difference"] >= by).sum()), table.loc[worse, "task"].tolist()


def ahead(runs: pd.DataFrame) -> pd.DataFrame:
    """The pre-trained models less each baseline on each task, over worlds, as by `baselines.ahead`."""
    models = started(runs, "Miniature")
    plain = runs[runs["experiment"] == "Baseline"]
    return baselines.ahead(models[models["start.steps"] == models["start.steps"].max()], plain)


def regimes(runs: pd.DataFrame) -> pd.DataFrame:
    """MLM loss and mean dev score of each sparsity and seed, all tasks but ASIDE, against the seed's own control.

    returns  sparsity, seed, loss, in nats, score; rise, the loss over that of the control, less 1; change, of the score
    """
    losses = runs[runs["experiment"] == "GradualPruning"].set_index(["sparsity", "seed"])["mlm_loss"]
    tuned = started(runs, "GradualPruning")
    scores = tuned[tuned["task"] != ASIDE].groupby(["start.sparsity", "seed"])["score"].mean()
    both = pd.DataFrame({"loss": losses, "score": scores.rename_axis(losses.index.names)})
    control = both.loc[0.0]
    both["rise"] = both["loss"] / control["loss"].reindex(both.index, level="seed") - 1
    both["change"] = both["score"] - control["score"].reindex(both.index, level="seed")
    return both.reset_index()


def changes(table: pd.DataFrame) -> pd.DataFrame:
    """Rise of the loss, in %, and change of the score, in points, at each sparsity above 0 of a table of `regimes`.

    returns  a row a sparsity: rise and change, each an Estimate over the seeds, paired with their controls
    """
    pruned = table[table["sparsity"] > 0].groupby("sparsity")
    return pd.DataFrame(
        [
            {"sparsity": sparsity} | {name: stats.mean_interval(100 * rows[name]) for name in ("rise", "change")}
            for sparsity, rows in pruned
        ]
    ).set_index("sparsity")


def aims(runs: pd.DataFrame) -> pd.DataFrame:
    """What the miniature was to show, what was measured, in words, and whether it is met; intervals over seeds.

    runs  with pre-trainings of two lengths or more, of which the shorter above 0 counts, and sparsities .3, .6 and .9
    """
    models = runs[runs["experiment"] == "Miniature"]
    slowest = models.loc[models["steps"] == sorted(models["steps"].unique())[1], "seconds"].max()
    table, at = gains(runs), changes(regimes(runs))
    better, worse = helped(table)
    aside = started(runs, "Miniature").query("task == @ASIDE and `start.steps` > 0")
    sides = baselines.beaten(ahead(runs))
    lines = [
        ("pre-training takes at most 200 s", f"at most {slowest:.0f} s", slowest <= 200),
        (
            "it leads a bag of words and a BiLSTM on at least 7 tasks (by the whole interval)",
            f"on {len(sides[1])} of {sum(map(len, sides.values()))}",
            len(sides[1]) >= 7,
        ),
        ("it adds 10 points or more on at least 6 tasks", f"on {better} of {len(table)}", better >= 6),
        (
            "on no task it costs more than 2 points (the whole interval below -2)",
            f"on {len(worse)}: {', '.join(choose('tasks', task).TITLE for task in worse)}" if worse else "on none",
            not worse,
        ),
        (
            "30% removed costs nothing that can be told from no change",
            f"{at.loc[0.3, 'change'].in_words()} points",
            at.loc[0.3, "change"].high >= 0,
        ),
        (
            "60% removed raises the MLM loss by 5% or more",
            f"{at.loc[0.6, 'rise'].in_words()}%",
            at.loc[0.6, "rise"].mean >= 5,
        ),
        (
            "60% removed costs 3 points or more",
            f"{at.loc[0.6, 'change'].in_words()} points",
            at.loc[0.6, "change"].mean <= -3,
        ),
        (
            "90% removed costs 10 points or more",
            f"{at.loc[0.9, 'change'].in_words()} points",
            at.loc[0.9, "change"].mean <= -10,
        ),
        (
            "WNLI stays at or below the majority-class baseline, for every seed",
            f"at most {100 * aside['score'].max():.0f}% against {100 * aside['majority'].mean():.0f}%",
            bool((aside["score"] <= aside["majority"]).all()),
        ),
    ]
    return pd.DataFrame(lines, columns=["aim", "measured", "met"])
