"""Most heads and MLPs have a low importance, and could all go with about equal success.

Two things: more than half of the components have less than half of the importance of the highest one of their kind in
the model, mean over the models; and the search that removes heads and MLPs at random keeps at most 5 points more of
their weights than the one that removes the least important first, over seeds and mean over the tasks. The paper shows
one histogram.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import none, over
from lottery.findings.searches import sound

PAPER = "prasanna2020"
CLAIM = (
    "At any given pruning iteration, most heads and MLPs have a low importance score, and could all be pruned with "
    "about equal success."
)
WHERE = "section 5.1, Figure 3"
TABLE = "component_importance"
NOT_OF_MINIATURE = ""
MARGIN = 50.0  # % of the components: most
LOW, EQUAL = 0.5, 5.0  # of the highest importance; points of weights: one in twenty
WHATS = (
    "heads and MLPs with less than half of the highest importance",
    "weights that a search at random keeps minus one by importance, mean over the tasks",
)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing is printed but a figure."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of component_importance."""
    ranked = table[(table["experiment"] == "ComponentScores") & (table["importance"] == "sample")]
    low = [_share_low(row) for row in ranked.to_dict("records")]
    rows = sound(table[table["experiment"] == "ComponentSearch"])
    left = 100 * rows.assign(share=rows["share_kept"].astype(float)).pivot_table(
        "share", ["of.task", "of.seed"], "importance"
    )
    evidence = [
        over(
            WHATS[0], "%", (MARGIN, math.inf), pd.Series(low, dtype=float).groupby(ranked["of.seed"].to_numpy()).mean()
        )
    ]
    if not {"random", "sample"} <= set(left):
        return [*evidence, none(WHATS[1], "points", (-math.inf, EQUAL), "not recorded")]
    more = (left["random"] - left["sample"]).dropna().groupby("of.seed").mean()
    return [*evidence, over(WHATS[1], "points", (-math.inf, EQUAL), more)]


def _share_low(row: Mapping[str, object]) -> float:
    """In %: of the components of one model, each beside the highest of its kind."""
    kinds = [np.asarray(row[f"{kind}_scores"], dtype=float) for kind in ("head", "mlp")]
    flags = np.concatenate([scores < LOW * scores.max() for scores in kinds])
    return 100 * float(flags.mean())
