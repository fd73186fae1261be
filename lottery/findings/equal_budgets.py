"""All methods that remove single weights, at equal budgets and equal sparsities: scores, tests, and what is stored."""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import ttest_rel

from lottery import statistics as stats
from lottery.findings import learned_masks
from lottery.findings.learned_masks import MASKS, NEAR
from lottery.masks.coding import binary_entropy
from lottery.statistics import Estimate

FULL, LONGER = "full fine-tuning", "full, pre-trained for longer"
BEFORE = "magnitude, in pre-training"
RETRAINED = "magnitude, after and retrained"
LOT = "random, before"
BY_SIZE = (
    BEFORE,
    "magnitude, while fine-tuning",
    RETRAINED,
    "magnitude, iterative, rewound",
    "magnitude, after, local",
    "magnitude, after, global",
    LOT,
)
MARGIN = 0.02  # below full fine-tuning, at which a score still counts as good
ALPHA = 0.05


def learning(method: str) -> str:
    """What a file in lottery/mask_learning is called here."""
    return "magnitude, while fine-tuning" if method == "magnitude" else learned_masks.title(method)


def method_of(row: dict) -> str:
    """What stands behind a run of MASKS or TaskModel, in words."""
    if row["experiment"] in MASKS:
        return learning(row["method"])
    if row.get("kept") == "Cut":
        return f"magnitude, after, {row['kept.scope']}"
    if row["of.start"] == "GradualPruning":
        return BEFORE if row["of.start.sparsity"] else LONGER
    if row["of.start"] != "Ticket":
        return FULL
    if row["of.start.kept"] == "IterativePruning":
        return "magnitude, iterative, rewound"
    return LOT if row["of.start.kept.importance"] == "random" else RETRAINED


def scored(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a model: task, seed, method, share removed, score, numbers, bytes and steps.

    unit      over which intervals are: the world of the miniature where there are several, else the seed
    asked     share that was to be removed; sparsity, that was
    score, majority  fractions; what is not defined counts as 0
    trained, changed  numbers of the model that were, as of LearnedMask and TaskModel
    stored    bytes of what the encoder has to bring: four for each number changed, and the mask at its entropy
    steps, pretraining_steps  of fine-tuning in all, and of pruning in pre-training
    """
    of_task = runs["experiment"] == "TaskModel"
    met = runs["sparsity_met"].astype(float)
    share = runs["removed"].astype(float) / runs["weights"].astype(float)
    seed = runs["seed"].where(~of_task, runs["of.seed"]).astype(int)
    worlds = pd.concat([runs[name] for name in ("start.seed", "before.seed") if name in runs] or [seed], axis=1)
    world = worlds.astype(float).bfill(axis=1).iloc[:, 0]
    return pd.DataFrame(
        {
            "task": runs["task"].where(~of_task, runs["of.task"]),
            "seed": seed,
            "unit": world.astype(int) if len(set(world.dropna())) > 1 else seed,
            "method": [method_of(row) for row in runs.to_dict("records")],
            "asked": runs["sparsity"].astype(float).where(~of_task, met).round(3),
            "sparsity": met,
            "score": runs["score"].astype(float).fillna(0.0),
            "majority": runs["majority"].astype(float).fillna(0.0),
            "trained": runs["trained"].astype(float),
            "changed": runs["changed"].astype(float),
            "stored": 4 * runs["changed"].astype(float) + runs["weights"].astype(float) * binary_entropy(share) / 8,
            "steps": runs["steps"].astype(int),
            "pretraining_steps": runs["pretraining_steps"].fillna(0).astype(int),
        }
    )


def asked(rows: pd.DataFrame) -> list[float]:
    """The sparsities aimed at, without that of the full model."""
    return sorted({each for each in rows["asked"].dropna() if each})


def at(rows: pd.DataFrame, sparsity: float) -> pd.DataFrame:
    """The models to be compared with each other at a sparsity, a row a method, task and seed.

    rows  of `scored`
    Those of a method that was regularised to leave so many weights only where on every task the mean is within NEAR.
    """
    here = rows[rows["asked"] == sparsity]
    left = (1 - here.groupby(["method", "task"])["sparsity"].mean()) / (1 - sparsity)
    off = np.log(left.clip(lower=1e-6)).abs().groupby("method").max()
    return here[here["method"].isin(off.index[off <= np.log(NEAR)])]


def by_unit(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean score over the tasks in points, (units, methods); only methods that every task and unit has."""
    scores = 100 * rows.pivot_table("score", index=["unit", "task"], columns="method")
    return scores.dropna(axis=1).groupby("unit").mean()


def against_full(rows: pd.DataFrame, sparsity: float) -> dict[str, tuple[float, Estimate]]:
    """Of each method at a sparsity its mean score, and how much more that is than full fine-tuning's, in points.

    rows  of `scored`
    The difference has its 95% interval over units. A method that lacks the run of a task and unit is left out.
    """
    whole = by_unit(rows[rows["method"] == FULL])[FULL]
    return {
        name: (float(scores.mean()), stats.paired_difference(scores, whole.loc[scores.index]))
        for name, scores in by_unit(at(rows, sparsity)).items()
    }


def pairs(scores: pd.DataFrame) -> pd.DataFrame:
    """Every two methods of `by_unit`: one, other, mean difference in points, p of the paired t test, and p by Holm.

    NaN, and no test of the family, where the differences do not differ: they show no spread to test against.
    """
    lines = []
    for one, other in combinations(scores.columns, 2):
        difference = stats.paired_difference(scores[one], scores[other])
        p = float(ttest_rel(scores[one], scores[other]).pvalue) if not np.isnan(difference.low) else np.nan
        lines.append({"one": one, "other": other, "mean": difference.mean, "p": p})
    table = pd.DataFrame(lines, columns=["one", "other", "mean", "p"])
    return table.assign(holm=stats.holm(table["p"].tolist()))


class Order(NamedTuple):
    """How the methods stand at one sparsity.

    means   (methods,) mean scores in points, the highest first
    tested  pairs that could be tested; apart, those told apart after Holm's correction
    behind  methods that are told apart from the first
    unmet   regularised methods of which no strength that was found leaves nearly as many weights
    """

    sparsity: float
    means: pd.Series
    tested: int
    apart: int
    behind: list[str]
    unmet: list[str]


def orders(rows: pd.DataFrame) -> Iterator[Order]:
    """The `Order` of the methods at each sparsity asked for; rows of `scored`."""
    for sparsity in asked(rows):
        here = at(rows, sparsity)
        scores = by_unit(here)
        means, table = scores.mean().sort_values(ascending=False), pairs(scores)
        apart = table[table["holm"] < ALPHA]
        first = means.index[0]
        beside = {*apart.loc[apart["one"] == first, "other"], *apart.loc[apart["other"] == first, "one"]}
        unmet = set(rows.loc[rows["asked"] == sparsity, "method"]) - set(here["method"])
        yield Order(
            sparsity,
            means,
            int(table["p"].notna().sum()),
            len(apart),
            [name for name in means.index if name in beside],
            sorted(unmet),
        )


def smallest(rows: pd.DataFrame) -> pd.Series | None:
    """The model that stores least among those shown to be at most MARGIN below full fine-tuning.

    rows     of `scored`; only methods that every task and unit has count
    returns  method, asked, more: its mean score over the tasks less full fine-tuning's, in points, an Estimate with its
             90% interval over units, which lies above the margin: a one-sided test at 5%; stored, mean bytes. None
             where none is shown to
    """
    whole = by_unit(rows[rows["method"] == FULL])[FULL]
    models = rows[~rows["method"].isin([FULL, LONGER])]
    frugal = []
    for (method, sparsity), some in models.groupby(["method", "asked"], sort=False):
        scores = by_unit(some)
        if method in scores and scores.index.equals(whole.index):
            more = stats.paired_difference(scores[method], whole, level=0.9)
            frugal.append({"method": method, "asked": sparsity, "more": more, "stored": some["stored"].mean()})
    good = [each for each in frugal if each["more"].low > -100 * MARGIN]
    return pd.Series(min(good, key=lambda each: each["stored"])) if good else None
