"""A mask by threshold (T) does not converge where weights are frozen.

In print none of its runs did, which is a fact. Of our runs those count that were regularised until they left about
10% of the weights. Their score minus the majority-class baseline, in points averaged over the tasks, has to be below 1.
A task counts only where SMP-L, which is told how many weights to keep, learns it with so few; elsewhere a failure of T
says nothing about T.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as jiang
from lottery.claims._evidence import beside_dev_sets, none, over, per_unit, silent, within
from lottery.claims._runs import by_unit, dev_set_error, learned, scores

PAPER = "jiang2023"
CLAIM = (
    "The thresholding masking function T fails to converge in our method due to the difficulty in controlling the "
    "sparsity during training."
)
WHERE = "section 6.1, Table 3"
TABLE = "mask_learning"
NOT_OF_MINIATURE = ""
MARGIN = 1.0  # points above the majority-class baseline: what counts as no difference elsewhere
CLAIMED = (-math.inf, MARGIN)
SPARSITY = 0.9


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 3."""
    rows = tables[jiang.RESULTS]
    converged = int(rows[(rows["table"] == 3) & (rows["method"] == "smp_t")]["score"].notna().sum())
    return [
        within("runs of T that converged", "", (-math.inf, 0.5), converged, converged, converged, basis="as printed")
    ]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From the masks that mask_learning recorded."""
    what = "SMP-T minus the majority-class baseline, about 10% remain, mean over the tasks"
    rows = table[
        (table["experiment"] == "PressedMask") & (table["method"] == "smp_t") & (table["sparsity"] == SPARSITY)
    ]
    usual = jiang.of(table, "smp_l", SPARSITY)
    rows, usual = (each[each["task"].isin(other["task"])] for each, other in ((rows, usual), (usual, rows)))
    if rows.empty:
        return [none(what, "points", CLAIMED, "not recorded")]
    above = learned(scores(usual))
    each = scores(rows)
    each = each[[bool(above[task, ""]) for task in each["task"]]]
    if each.empty:
        return [
            silent(what, "points", CLAIMED, "with so few weights SMP-L is no better than the majority class, either")
        ]
    more = 100 * (each["score"] - each["majority"])
    means, unit = by_unit(more, each)
    evidence = over(what, "points", CLAIMED, means, units=f"{unit}s", seconds=per_unit(each, unit))
    # Each world has dev sets of its own: what these leave open is in how far worlds spread.
    return [evidence if unit == "world" else beside_dev_sets(evidence, *dev_set_error(each))]
