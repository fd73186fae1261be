"""Whether two learned masks agree, and what they must have in common for it: the task, the seed, or the method."""

from itertools import combinations

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.choices import choose
from lottery.findings.mask_places import HEADS, in_layers
from lottery.statistics import Estimate, agreement
from lottery.statistics.agreement import Null

LEVELS = ("kappa", "in_matrices", "in_rows", "in_columns")  # of MaskAgreement: what kappa is beyond
KIN = {  # of two masks of one method: whether they share (the task, the seed)
    "same task, other seed": (True, False),
    "other task, same seed": (False, True),
    "other task, other seed": (False, False),
}
OTHER = "other method"  # on the same task, with the same seed


def pairs(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of MaskAgreement with `kin`, one of KIN or OTHER, and `method`: that of both, or "one and other"."""
    rows = runs[runs["experiment"] == "MaskAgreement"]
    one, other = ([choose("mask_learning", name).TITLE for name in rows[f"{side}.method"]] for side in ("one", "other"))
    shared = zip(rows["one.task"] == rows["other.task"], rows["one.seed"] == rows["other.seed"], strict=True)
    names = {what: name for name, what in KIN.items()}
    methods = list(zip(one, other, strict=True))
    return rows.assign(
        kin=[names[what] if left == right else OTHER for (left, right), what in zip(methods, shared, strict=True)],
        method=[left if left == right else f"{left} and {right}" for left, right in methods],
    )


def kappas(some: pd.DataFrame) -> dict[str, Estimate]:
    """Mean kappa of some pairs at each of LEVELS, with the 95% interval of a jackknife over seeds.

    some  rows of `pairs`. Every seed has part in many pairs, which are not independent: each seed in turn is left out
          with all its pairs. NaN ends with fewer than three seeds.
    """
    seeds = sorted({*some["one.seed"], *some["other.seed"]})
    left = [some[(some["one.seed"] != seed) & (some["other.seed"] != seed)] for seed in seeds]
    return {
        level: stats.jackknife_interval(some[level].mean(), [others[level].mean() for others in left])
        for level in LEVELS
    }


def by_lot(some: pd.DataFrame) -> float:
    """The upper end of the middle 95% of kappa for two masks of these sizes at random, the largest of these pairs."""
    return float(1.96 * some["kappa_sd"].max())


def same_task(some: pd.DataFrame, *, draws: int, seed: int = 0) -> Null:
    """How much higher kappa is for masks of one task than for others, seeds apart, beside tasks' names permuted.

    some  rows of `pairs`, of one method: every two masks of its tasks and seeds. As `agreement.labels_matter`.
    """
    ends = [
        [(row[f"{side}.task"], row[f"{side}.seed"]) for side in ("one", "other")] for row in some.to_dict("records")
    ]
    masks = sorted({mask for pair in ends for mask in pair})
    kappa = np.full((len(masks), len(masks)), np.nan)
    for pair, value in zip(ends, some["kappa"], strict=True):
        one, other = map(masks.index, pair)
        kappa[one, other] = kappa[other, one] = value
    tasks, seeds = zip(*masks, strict=True)
    return agreement.labels_matter(kappa, tasks, seeds, draws=draws, seed=seed)


def head_ranks(masks: pd.DataFrame) -> dict[str, float]:
    """Mean Spearman correlation over heads of every two masks of one method, by KIN; NaN where there are none.

    masks  rows of `learned_masks.scored`. Heads are ranked by the share of their weights that stays, less the mean of
           their layer and kind of matrix, of queries, keys, values and outputs all together.
    """
    shares = np.stack([in_layers(masks, column) for column in HEADS.values()], axis=1)
    shares = (shares - shares.mean(axis=-1, keepdims=True)).reshape(len(masks), -1)
    tasks, seeds = masks["task"].tolist(), masks["seed"].tolist()
    alike: dict[tuple[bool, bool], list[float]] = {}
    for one, other in combinations(range(len(masks)), 2):
        shared = (tasks[one] == tasks[other], seeds[one] == seeds[other])
        alike.setdefault(shared, []).append(stats.spearman(shares[one], shares[other]))
    return {name: float(np.mean(alike[what])) if what in alike else np.nan for name, what in KIN.items()}
