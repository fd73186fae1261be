"""How much better one kind of subnetwork does than another, in the paper's files and in recorded runs.

For claims of Prasanna et al. 2020 (arXiv:2005.00561). Differences are of retrained models, "full" being the model that
nothing was removed from, in points of each task's score, and averaged over the tasks. Tasks and seeds whose search says
nothing, as WNLI's in the paper, are left out.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lottery.claims import Evidence, over_seeds, with_error
from lottery.findings.subnetworks import with_subnetworks

SEEDS = 5  # behind each mean of the paper's files
LEFT_OUT = ("wnli",)  # the whole model is worse there than one answer to all
RESULTS = "prasanna2020_results"


def printed(
    tables: Mapping[str, pd.DataFrame], pruning: str, one: str, other: str, claimed: tuple[float, float]
) -> Evidence:
    """`one` minus `other` from the paper's means and deviations, which it gives without saying which seed did what.

    So the two count as independent: their variances add up, and the difference may look less sure than it is.
    """
    table = tables[RESULTS]
    asked = (table["pruning"] == pruning) & table["retrained"] | (table["subnetwork"] == "full")
    rows = table[asked & ~table["task"].isin(LEFT_OUT)]
    means, deviations = (
        100 * rows.pivot_table(index="task", columns="subnetwork", values=what) for what in ("mean", "sd")
    )
    difference = float((means[one] - means[other]).mean())
    error = math.sqrt(((deviations[[one, other]] ** 2).sum(axis=1) / SEEDS).sum()) / len(means)
    return with_error(
        _what(pruning, one, other),
        "points",
        claimed,
        difference,
        error,
        basis=f"{SEEDS} seeds, not paired, 95 %",
        freedom=SEEDS - 1,
    )


def measured(table: pd.DataFrame, pruning: str, one: str, other: str, claimed: tuple[float, float]) -> Evidence:
    """`one` minus `other` from recorded runs of good_random_bad, paired by task and seed."""
    scores = retrained(table, pruning)
    if not {one, other} <= set(scores.columns):
        return over_seeds(_what(pruning, one, other), "points", claimed, [])
    differences = (scores[one] - scores[other]).dropna().groupby("trial").mean()
    return over_seeds(_what(pruning, one, other), "points", claimed, differences)


def retrained(table: pd.DataFrame, pruning: str) -> pd.DataFrame:
    """Scores, x 100, one row a task and seed (tuned_on, trial), one column a retrained subnetwork, and the full model.

    A score that is not defined counts as 0. Only the usual length of training; nothing of degenerate searches.
    """
    rows = with_subnetworks(table)
    rows = rows[(rows["experiment"] == "FineTuning") & ~rows["longer"] & (rows["degenerate"] == "")]
    rows = rows[rows["pruning"].isin(["", pruning])]
    scores = 100 * rows.assign(score=rows["score"].astype(float).fillna(0)).pivot_table(
        index=["tuned_on", "trial"], columns="subnetwork", values="score"
    )
    return scores.astype(np.float64)


def _what(pruning: str, one: str, other: str) -> str:
    removed = {
        "structured": "heads and MLPs removed",
        "magnitude": "weights removed",
        "super": "what some seed removes removed",
    }[pruning]
    return f"{one} minus {other}, {removed}, retrained, mean over the tasks"
