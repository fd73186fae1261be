"""Above 70%, tasks with much training data recover more of the cost of pruning than tasks with little.

The gain in accuracy from freeing the removed weights again, averaged over 70, 80 and 90%, has to be larger on MNLI
and QQP, which have the most training data, than on SST-2 and CoLA, by any amount. Where neither model is clearly above
the majority-class baseline, as on CoLA at 80 and 90%, there is nothing to gain, and the cell is left out.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _gordon as gordon
from lottery.claims._gordon import HIGH, Comparison
from lottery.claims._runs import compared, scores

PAPER = "gordon2020"
CLAIM = (
    "On the MNLI and QQP tasks, which have the largest amount of training data, information deletion performs much "
    "better than pruning; models do not recover as well on SST-2 and CoLA, which have less data."
)
WHERE = "section 4.3, Table 1"
TABLE = "gordon_pruning"
NOT_OF_MINIATURE = "its tasks share only their names with GLUE's, and are all small"
MARGIN = 0.0  # points: the paper says better, not by how much
LARGE, SMALL = ("mnli", "qqp"), ("sst2", "cola")
WHAT = "gain from freeing on MNLI and QQP minus on SST-2 and CoLA, 70 to 90%"
COMPARISON = Comparison(
    what=WHAT,
    value="accuracy",
    one="information_deletion",
    other="pruned_in_pretraining",
    sparsities=HIGH,
    claimed=(MARGIN, math.inf),
)


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1."""
    table, weights = tables["gordon2020_table1"], {}
    for sign, tasks in ((1, LARGE), (-1, SMALL)):
        part = gordon.weights(COMPARISON, table[table["task"].isin(tasks)], tables)
        weights |= {cell: sign * weight for cell, weight in part.items()}
    return [gordon.with_replicates(WHAT, "points", COMPARISON.claimed, weights, tables)]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_pruning."""
    rows = gordon.recorded(table)
    rows = rows[rows["sparsity"].isin(HIGH)]
    kinds = (rows[rows["condition"] == name] for name in (COMPARISON.one, COMPARISON.other))
    weights = {task: 1 / len(LARGE) for task in LARGE} | {task: -1 / len(SMALL) for task in SMALL}
    return [compared(WHAT, COMPARISON.claimed, *(scores(each, cell="sparsity") for each in kinds), of=weights)]
