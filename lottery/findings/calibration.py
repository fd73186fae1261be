"""Whether scores that read texts depend on which: the masks, and what is left of a model's score.

Rows are runs of SentenceSimilarity and of MaskAgreement, of sets of texts that have no row in common.
"""

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.findings.sentences import WITHIN

SET = ["calibration.task", "calibration.texts"]  # where texts are from, and how many there are in a set


def left(rows: pd.DataFrame) -> pd.DataFrame:
    """What cuts by each set leave of the score: a row a score and kind of set, indexed by importance and SET.

    returns  `score`, an Estimate over the sets, of which there are `sets`; those without texts are left out
    """
    cuts = rows[(rows["experiment"] == "SentenceSimilarity") & rows["calibration.task"].notna()]
    groups = cuts.groupby(["importance", *SET], sort=False)["score"]
    return pd.DataFrame({"score": groups.agg(stats.mean_interval), "sets": groups.size()})


def differences(rows: pd.DataFrame, task: str, texts: int) -> pd.DataFrame:
    """How much less, or more, is left by other sets than by those of `texts` texts of `task`, set by set.

    returns  a row a score and kind of set, as `left`: `change`, an Estimate
    """
    cuts = rows[(rows["experiment"] == "SentenceSimilarity") & rows["calibration.task"].notna()]
    table = cuts.pivot_table(index=["importance", *SET], columns="calibration.place", values="score", sort=False)
    lines = {}
    for (importance, *kind), scores in table.iterrows():
        if kind != [task, texts]:
            change = stats.paired_difference(scores, table.loc[(importance, task, texts)])
            lines[importance, *kind] = {"change": change}
    index = ["importance", *SET]
    return pd.DataFrame.from_dict(lines, orient="index", columns=["change"]).rename_axis(index)


def enough(changes: pd.DataFrame, task: str, most: int) -> pd.Series:
    """For each score the smallest number of texts that is shown to lose less than WITHIN against `most` of them.

    changes  of `differences` from `most` texts of `task`. That number and every larger one has to; `most` where none
             does
    """
    found = {}
    for importance, some in changes.xs(task, level="calibration.task").groupby(level="importance", sort=False):
        found[importance] = most
        for texts, change in sorted(some["change"].droplevel("importance").items(), reverse=True):
            if not change.low > -WITHIN:
                break
            found[importance] = texts
    return pd.Series(found, dtype=int)


def alike(rows: pd.DataFrame) -> pd.DataFrame:
    """How alike the masks of two sets are: a row a score and pair of kinds of sets.

    returns  indexed by importance, one, texts, other (where the texts are from and how many there are in each set;
             "" of a cut by size, which reads none): kappa, its mean, low and high over the `pairs`; jaccard, and
             by_lot, what masks of these sizes have of it by chance
    """
    pairs = rows[rows["experiment"] == "MaskAgreement"]
    if pairs.empty:
        return pd.DataFrame()
    pairs = pairs.assign(
        importance=pairs["one.importance"],
        one=pairs["one.calibration.task"],
        texts=pairs["one.calibration.texts"].astype(int),
        other=pairs["other.calibration.task"].fillna("") if "other.calibration.task" in pairs else "",
    )
    groups = pairs.groupby(["importance", "one", "texts", "other"], sort=False)
    return groups.agg(
        kappa=("kappa", "mean"),
        low=("kappa", "min"),
        high=("kappa", "max"),
        pairs=("kappa", "size"),
        jaccard=("jaccard", "mean"),
        by_lot=("by_lot", "mean"),
    )


def reference(rows: pd.DataFrame) -> dict[str, float]:
    """The scores of what no texts were read for: of the model as it is, "", and of a cut by each other score."""
    cuts = rows[(rows["experiment"] == "SentenceSimilarity") & rows["calibration.task"].isna()]
    names = np.where(cuts["sparsity"] == 0, "", cuts["importance"])
    return dict(zip(names, cuts["score"].astype(float), strict=True))
