"""Whether heads are harder to remove where weights are gone: searches of models that were pruned in pre-training.

Tables are of runs of `ComponentSearch` and `ComponentScores`, a row a run.
"""

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.findings.searches import sound
from lottery.findings.seeds import of_every_seed

MEASURES = ("heads", "mlps", "in_use")
PAIR = ["task", "world", "trial"]


def measured(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a fine-tuned model whose search and whose control's search say something.

    columns  sparsity of its weights, 0 of a control; task, world and trial, the seeds; heads, mlps: shares that the
             search leaves; in_use, of the heads; dense_score
    """
    searches = sound(runs[runs["experiment"] == "ComponentSearch"])
    heads, mlps = searches["heads"] / searches["all_heads"], searches["mlps"] / searches["all_mlps"]
    searches = searches.assign(heads=heads, mlps=mlps)
    scores = runs[runs["experiment"] == "ComponentScores"]
    scores = scores.assign(in_use=[in_use(np.array(each)) for each in scores["head_scores"]])
    names = {"of.start.sparsity": "sparsity", "of.task": "task", "of.start.seed": "world", "of.seed": "trial"}
    searches, scores = (table.rename(columns=names) for table in (searches, scores))
    by = list(names.values())
    both = searches[[*by, "heads", "mlps", "dense_score"]].merge(scores[[*by, "in_use"]], on=by, validate="one_to_one")
    controls = both.loc[both["sparsity"] == 0, PAIR]
    return both.merge(controls, on=PAIR).sort_values([*PAIR, "sparsity"], ignore_index=True)


def in_use(scores: np.ndarray) -> float:
    """The share of the heads among which importance would be spread evenly to be as uneven as it is.

    scores   (heads,), at least 0
    returns  (sum of scores)^2 / (heads * sum of squares), in (0, 1]; NaN where all are 0
    """
    return float(scores.sum() ** 2 / (len(scores) * np.square(scores).sum())) if scores.any() else float("nan")


def compared(models: pd.DataFrame) -> pd.DataFrame:
    """Pruned minus control at each sparsity above 0, paired by model.

    models   as of `measured`
    returns  a row a sparsity: models, how many pairs; an Estimate of each of MEASURES, over the worlds. Differences are
             averaged over the fine-tunings of one pruned model on a task, since these share it, and over the tasks that
             every world has; of others no pair counts
    """
    controls, lines = models[models["sparsity"] == 0], []
    for sparsity, some in models[models["sparsity"] > 0].groupby("sparsity"):
        pairs = of_every_seed(some.merge(controls, on=PAIR, suffixes=("", " before")), seed="world")
        line = {"sparsity": sparsity, "models": len(pairs)}
        for name in MEASURES:
            more = pairs[name] - pairs[f"{name} before"]
            by_task = more.groupby([pairs["world"], pairs["task"]]).mean()
            line[name] = stats.mean_interval(by_task.groupby("world").mean())
        lines.append(line)
    return pd.DataFrame(lines, columns=["sparsity", "models", *MEASURES]).set_index("sparsity")
