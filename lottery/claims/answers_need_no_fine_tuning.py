"""On SQuAD a mask over frozen weights beats movement pruning by more than two points.

SMP-L minus movement in F1, without a teacher, has to be above 2 points wherever both were tried with a tenth of the
weights or fewer. Of the printed numbers only the rounding is known; that movement's are quoted from another paper, with
other seeds and another number of steps, is not in it.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence, over_seeds, within
from lottery.findings import learned_masks

PAPER = "jiang2023"
CLAIM = (
    "Although movement pruning and SMP-L use the same local masking function, SMP-L can achieve more than 2.0 "
    "improvements on all tasks and sparsity levels in Table 1."
)
WHERE = "section 5.4, Table 1; here for SQuAD"
TABLE = "spans_and_roberta"
TUNED = False
MARGIN = 2.0  # points of F1, the paper's own
SPARSITIES = (0.9, 0.97)
ROUNDING = 0.1  # points, of a difference of two printed numbers


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1."""
    rows = tables["jiang2023_results"]
    rows = rows[(rows["table"] == 1) & (rows["task"] == "squad") & (rows["metric"] == "f1") & ~rows["teacher"]]
    scores = 100 * rows.pivot_table("score", index="sparsity", columns="method")
    more = scores["smp_l"] - scores["movement"]
    return [
        within(_what(each), "points", (MARGIN, math.inf), more[each], more[each] - ROUNDING, more[each] + ROUNDING,
               basis="rounding")
        for each in SPARSITIES
    ]  # fmt: skip


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of spans_and_roberta, RoBERTa's left out, with the head that every method there has."""
    rows = learned_masks.scored(table)
    rows = rows[(rows["task"] == "squad") & (rows["guided"] == "") & (rows["head"] == "random")]
    rows = rows[rows["model"] != learned_masks.FAMILIES["roberta"]]
    found = []
    for sparsity in SPARSITIES:
        one, other = ({"method": method, "asked": sparsity} for method in ("smp_l", "movement"))
        more = 100 * learned_masks.difference(rows, "score", one, other)
        found.append(over_seeds(_what(sparsity), "points", (MARGIN, math.inf), more))
    return found


def _what(sparsity: float) -> str:
    return f"SMP-L minus movement, F1 on SQuAD, {1 - sparsity:.0%} remain"
