"""How much of a fine-tuned model goes in one cut: recorded runs of `OneShot`, a row a run."""

import pandas as pd

from lottery import statistics as stats
from lottery.findings.own_answers import free

WITHIN = 2.0  # points of score that count as next to nothing
COLUMNS = "task pooler retrain_epochs whole most left free seeds undefined change".split()  # of `cuts`


def points(runs: pd.DataFrame) -> pd.DataFrame:
    """Scores times 100 of one task's runs: a row a seed, a column each (pooler, retrain_epochs, sparsity).

    NaN where a run has no score, as a correlation of one number given to all.
    """
    by = ["dense.seed", "pooler", "retrain_epochs", "sparsity"]
    kinds = runs.drop_duplicates(by).groupby(by[1:])
    return 100 * pd.DataFrame({kind: rows.set_index("dense.seed")["score"].astype(float) for kind, rows in kinds})


def cuts(runs: pd.DataFrame) -> pd.DataFrame:
    """What each kind of cut leaves of a task's score and how much goes for next to nothing: a row a task and kind.

    returns  task, pooler and retrain_epochs, of the kind; whole, of the model with nothing removed or retrained, and
             left, at most, the largest share tried, mean scores; free, the largest share such that it and every smaller
             one tried cost at most WITHIN points on average; change, left minus whole, an Estimate over the seeds, of
             which there are `seeds`, `undefined` of them without a score of one of the two
    A score that is not defined leaves no mean, and counts as too much lost. A kind of which nothing was cut has no row.
    """
    lines = []
    for task, rows in runs.groupby("dense.task", sort=False):
        scores = points(rows)
        for pooler, epochs in dict.fromkeys((column[0], column[1]) for column in scores):
            kind, whole = scores[pooler, epochs], scores[pooler, 0.0][0.0]
            changes = {share: (kind[share] - whole).mean(skipna=False) for share in kind if share > 0}
            if not changes:
                continue
            most = max(changes)
            line = {"task": task, "pooler": pooler, "retrain_epochs": epochs, "whole": whole.mean(skipna=False)}
            line |= {"most": most, "left": kind[most].mean(skipna=False), "free": free(changes, within=WITHIN)}
            lines.append(line | _change(kind[most], whole))
    return pd.DataFrame(lines, columns=COLUMNS)


def with_pooler(runs: pd.DataFrame) -> pd.DataFrame:
    """What the pooler does among the weights that compete, as they are cut: a row a task where it is tried.

    returns  task; share, of those tried the one nearest to a half; change, the score at it with the pooler minus that
             without, seeds and undefined, as of `cuts`
    """
    lines = []
    for task, rows in runs.groupby("dense.task", sort=False):
        if (rows["weights"] != rows["weights"].iloc[0]).any():
            scores = points(rows)
            share = min(scores[True, 0.0], key=lambda share: abs(share - 0.5))
            change = _change(scores[True, 0.0][share], scores[False, 0.0][share])
            lines.append({"task": task, "share": share} | change)
    return pd.DataFrame(lines, columns=["task", "share", "seeds", "undefined", "change"])


def _change(one: pd.Series, other: pd.Series) -> dict[str, object]:
    undefined = int((one - other).isna().sum())
    return {"seeds": len(one), "undefined": undefined, "change": stats.paired_difference(one, other)}
