"""Which score of heads and MLPs tells what their removal costs, and whether what two heads cost adds up.

Tables are of runs of `ComponentRemoval` and `ComponentScores`, a row a run. What removing a component alone makes the
dev loss rise by is the truth that a score of its importance estimates. A mean over models is that over the tasks that
every world has, or every seed where there is one world, and its interval is over these.
"""

import numpy as np
import pandas as pd
from scipy.stats import norm

from lottery import statistics as stats
from lottery.choices import choose
from lottery.findings.component_scores import MODEL, STATED
from lottery.findings.seeds import over_units, told_apart
from lottery.statistics import Estimate
from lottery.tasks import NO_FILES

VIEWS = ("overall", "normalised", "within", "mlps", "changes")
ADDITIVITY = ("rank", "telling", "paired", "summed", "more", "more_within", "more_across")


def removals(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of `ComponentRemoval`, told apart."""
    return told_apart(runs[runs["experiment"] == "ComponentRemoval"])


def beside_truth(runs: pd.DataFrame) -> pd.DataFrame:
    """Each score's rank correlation with what removing the components alone costs, a row a model and score.

    returns  importance, of.task, model, unit; and, NaN where they are not defined,
             overall     over all heads of the model
             normalised  the same of the scores over their layer's norm, as a search takes them
             within      over the heads of each layer, mean over the layers
             mlps        over the MLPs
             changes     over all heads, with the size of what removing each changes, whether the loss rises or falls
    """
    scores = told_apart(runs[(runs["experiment"] == "ComponentScores") & (runs["order"] == 0)])
    truth = removals(runs)
    pairs = scores[["importance", *MODEL, "head_scores", "normalised", "mlp_scores", "layers"]].merge(
        truth[[*MODEL, "unit", "head_rises", "mlp_rises"]], on=MODEL
    )
    lines = [_ranks(row) for row in pairs.to_dict("records")]
    return pairs[["importance", *MODEL, "unit"]].join(pd.DataFrame(lines, columns=[*VIEWS]))


def _ranks(row: dict) -> dict[str, float]:
    layers = int(row["layers"])
    scores, rises = (np.reshape(row[name], (layers, -1)) for name in ("head_scores", "head_rises"))
    each = [stats.spearman(*pair) for pair in zip(scores, rises, strict=True)]
    return {
        "overall": stats.spearman(scores.ravel(), rises.ravel()),
        "normalised": stats.spearman(row["normalised"], rises.ravel()),
        "within": float(np.mean(each)),
        "mlps": stats.spearman(row["mlp_scores"], row["mlp_rises"]) if len(row["mlp_scores"]) else np.nan,
        "changes": stats.spearman(scores.ravel(), np.abs(rises).ravel()),
    }


def told(ranks: pd.DataFrame) -> pd.DataFrame:
    """How well each score tells the truth, the best first: a row a score.

    ranks    as of `beside_truth`
    returns  importance; models, how many; an Estimate of each of VIEWS; and less, an Estimate, too: `normalised` of the
             stated score less that of this one, paired by model
    """
    stated = ranks.loc[ranks["importance"] == STATED, [*MODEL, "normalised"]]
    lines = []
    for name, rows in ranks.groupby("importance", sort=False):
        line = {"importance": name, "models": len(rows)} | {view: over_units(rows, view) for view in VIEWS}
        pairs = rows.merge(stated, on=MODEL, suffixes=("", " stated"))
        line["less"] = over_units(pairs.assign(less=pairs["normalised stated"] - pairs["normalised"]), "less")
        lines.append(line)
    table = pd.DataFrame(lines, columns=["importance", "models", *VIEWS, "less"])
    return table.sort_values("normalised", key=lambda each: [-value.mean for value in each], ignore_index=True)


def most(runs: pd.DataFrame) -> Estimate:
    """The rank correlation that the truth itself would have with what is measured of it on this many examples.

    The root of its reliability, which is that of two halves of them by Spearman and Brown's formula (Brown 1910). On
    average no score can have more, but for one that is taken on the same examples and shares their accidents.
    """
    truth, values = removals(runs), []
    for row in truth.to_dict("records"):
        rises, first = np.array(row["head_rises"]), np.array(row["head_halves"])
        count = -(-int(row["examples"]) // 2)
        second = (row["examples"] * rises - count * first) / max(row["examples"] - count, 1)
        between = max(stats.spearman(first, second), 0.0)
        values.append((2 * between / (1 + between)) ** 0.5)
    return over_units(truth.assign(most=values), "most")


def falling(runs: pd.DataFrame) -> Estimate:
    """The share of the heads without which the dev loss is lower than with them."""
    truth = removals(runs)
    return over_units(truth.assign(falling=[np.mean(np.array(rises) < 0) for rises in truth["head_rises"]]), "falling")


def by_chance(runs: pd.DataFrame) -> tuple[float, float]:
    """Between which numbers a rank correlation over all heads of one model lies in 95 of 100 models by chance."""
    heads = min(len(row) for row in removals(runs)["head_rises"])
    reach = float(norm.ppf(0.975)) / (heads - 1) ** 0.5
    return -reach, reach


def additivity(runs: pd.DataFrame) -> pd.Series:
    """Whether what it costs to remove two heads is the sum of what each costs alone: of each of ADDITIVITY an Estimate.

    rank     rank correlation of the sum with what the pair costs
    telling  share of the pairs of which the examples show, at 5%, that they cost more or less than the sum
    paired, summed, more  mean cost of a pair, mean sum of its heads' costs alone, and their difference, in nats
    more_within, more_across  `more`, of two heads of one layer and of two layers
    Of tasks that ask for a number, whose loss has another unit, the first two alone are told.
    """
    truth = removals(runs)
    truth = truth[truth["pair_rises"].map(len) > 2]
    table = pd.DataFrame([_added(row) for row in truth.to_dict("records")], truth.index, [*ADDITIVITY])
    in_nats = np.array([_in_nats(row) for row in truth.to_dict("records")], dtype=bool)
    table.loc[~in_nats, [*ADDITIVITY[2:]]] = np.nan
    return pd.Series({name: over_units(truth.assign(value=table[name]), "value") for name in ADDITIVITY}, dtype=object)


def _in_nats(row: dict) -> bool:
    """Whether the loss of a row's task is one of classes; of a user's file its labels tell."""
    if row["of.task"] in NO_FILES:
        return row.get("of.start.labels") != "numbers"
    return choose("tasks", row["of.task"]).KIND != "regression"


def _added(row: dict) -> dict[str, float]:
    rises = np.array(row["pair_rises"])
    more, errors = np.array(row["pair_mores"]), np.array(row["pair_errors"])
    heads = np.reshape(np.array(row["pair_heads"], dtype=int), (-1, 2))
    layer = heads // (len(row["head_rises"]) // int(row["layers"]))
    same = layer[:, 0] == layer[:, 1]
    return {
        "rank": stats.spearman(rises - more, rises),
        "telling": (np.abs(more) > norm.ppf(0.975) * errors).mean(),
        "paired": rises.mean(),
        "summed": (rises - more).mean(),
        "more": more.mean(),
        "more_within": more[same].mean() if same.any() else np.nan,
        "more_across": more[~same].mean() if (~same).any() else np.nan,
    }
