"""Most heads and MLPs have a low importance, and could be pruned with about equal success.

Three things have to be so, over worlds or seeds and averaged over the tasks. First, more than half of the components
have less than half of the importance of the highest one of their kind in the model. Second, components of such low
importance can go about equally well: the rise of the dev loss when one of them alone is removed varies by less than
0.05 nats, one standard deviation, beyond what the choice of examples explains; this counts tasks with a loss in nats.
Third, a search that removes heads and MLPs at random keeps at most 5 points more of their weights than one that
removes the least important first. The paper shows one histogram.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lottery.choices import choose
from lottery.claims import Evidence
from lottery.claims._evidence import none
from lottery.claims._runs import over_drawn
from lottery.findings.searches import sound
from lottery.findings.seeds import told_apart

PAPER = "prasanna2020"
CLAIM = (
    "At any given pruning iteration, most heads and MLPs have a low importance score, and could all be pruned with "
    "about equal success."
)
WHERE = "section 5.1, Figure 3"
TABLE = "component_importance"
NOT_OF_MINIATURE = ""
MARGIN = 50.0  # % of the components: most
LOW, ALIKE, EQUAL = 0.5, 0.05, 5.0  # of the highest importance; nats; points of weights: one in twenty
WHATS = (
    "heads and MLPs with less than half of the highest importance",
    "standard deviation of the cost of removing one of these alone, mean over the tasks",
    "weights that a search in random order keeps minus those of one by importance, mean over the tasks",
)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing is printed but a figure."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of component_importance."""
    ranked = told_apart(table[(table["experiment"] == "ComponentScores") & (table["importance"] == "sample")])
    ranked = ranked[ranked["order"] == 0]
    low = pd.Series([_share_low(row) for row in ranked.to_dict("records")], ranked.index, float)
    return [
        over_drawn(WHATS[0], "%", (MARGIN, math.inf), low, ranked),
        _alike(table, ranked),
        _equal(table),
    ]


def _alike(table: pd.DataFrame, ranked: pd.DataFrame) -> Evidence:
    claimed = (-math.inf, ALIKE)
    truth = table[table["experiment"] == "ComponentRemoval"]
    if truth.empty or ranked.empty:
        return none(WHATS[1], "nats", claimed, "not recorded")
    truth = told_apart(truth)
    of = ["of.task", "model"]
    pairs = truth.merge(ranked[[*of, "head_scores", "mlp_scores"]], on=of, suffixes=(" of none", ""))
    pairs = pairs[[choose("tasks", task).KIND != "regression" for task in pairs["of.task"]]]
    spreads = pd.Series([_spread(row) for row in pairs.to_dict("records")], pairs.index, float)
    return over_drawn(WHATS[1], "nats", claimed, spreads, pairs)


def _equal(table: pd.DataFrame) -> Evidence:
    claimed = (-math.inf, EQUAL)
    rows = told_apart(sound(table[table["experiment"] == "ComponentSearch"]))
    if rows.empty:
        return none(WHATS[2], "points", claimed, "not recorded")
    rows = rows.assign(share=100 * rows["share_kept"].astype(float))
    of = ["of.task", "model"]
    pairs = rows[rows["importance"] == "random"].merge(
        rows.loc[rows["importance"] == "sample", [*of, "share"]], on=of, suffixes=("", " by importance")
    )
    if pairs.empty:
        return none(WHATS[2], "points", claimed, "not recorded")
    return over_drawn(WHATS[2], "points", claimed, pairs["share"] - pairs["share by importance"], pairs)


def _lows(row: Mapping[str, object]) -> np.ndarray:
    """Which heads, and after them which MLPs, of one model have a low importance beside the highest of their kind."""
    kinds = [np.asarray(row[f"{kind}_scores"], dtype=float) for kind in ("head", "mlp")]
    return np.concatenate([scores < LOW * scores.max() for scores in kinds])


def _share_low(row: Mapping[str, object]) -> float:
    """In %, of the components."""
    return 100 * float(_lows(row).mean())


def _spread(row: Mapping[str, object]) -> float:
    """Standard deviation of what the components of low importance cost, less what errors over examples add to it."""
    rises, errors = (
        np.concatenate([np.asarray(row[f"{kind}_{name}"], dtype=float) for kind in ("head", "mlp")])[_lows(row)]
        for name in ("rises", "errors")
    )
    return math.sqrt(max(rises.var(ddof=1) - np.square(errors).mean(), 0.0)) if len(rises) > 1 else 0.0
