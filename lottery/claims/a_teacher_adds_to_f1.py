"""On SQuAD a teacher adds 3.3 points of F1 to SMP-L and 4.1 to SMP-S.

The paper does not say how many weights remain; Table 1 has 10 and 3%. The difference that comes closest has to be
what the sentence says, except for rounding. (In Table 1 these two are the differences in exact match, with 3%.) In
our runs a teacher has to add something to the F1 of each.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as jiang
from lottery.claims._evidence import none, within

PAPER = "jiang2023"
CLAIM = (
    "The improvement brought by knowledge distillation is also evident in SMP-L and SMP-S. For example, it improves "
    "the F1 of SQuAD by 3.3 and 4.1 for SMP-L and SMP-S."
)
WHERE = "section 5.4, Table 1"
TABLE = "spans_and_roberta"
NOT_OF_MINIATURE = "the claim's 3.3 and 4.1 points are for SQuAD"
MARGIN = 0.15  # points: the sentence tells tenths, of a difference of two rounded numbers
SAID = {"smp_l": 3.3, "smp_s": 4.1}
NAMES = {"smp_l": "SMP-L", "smp_s": "SMP-S"}
ROUNDING = 0.1  # points, of a difference of two printed numbers


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1."""
    rows = tables["jiang2023_results"]
    rows = rows[(rows["table"] == 1) & (rows["task"] == "squad") & (rows["metric"] == "f1")]
    scores = 100 * rows.pivot_table("score", index=["method", "sparsity"], columns="teacher")
    added = (scores[True] - scores[False]).dropna()
    evidence = []
    for method, said in SAID.items():
        sparsity = (added[method] - said).abs().idxmin()
        value = float(added[method][sparsity])
        what = f"what a teacher adds to the F1 of {NAMES[method]}, {1 - sparsity:.0%} remain"
        claimed = (said - MARGIN, said + MARGIN)
        evidence.append(within(what, "points", claimed, value, value - ROUNDING, value + ROUNDING, basis="rounding"))
    return evidence


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of spans_and_roberta that answer questions, at each sparsity tried with a teacher."""
    evidence = []
    for method, name in NAMES.items():
        rows = jiang.answering(table, method)
        taught = rows[rows["teacher"].notna() & (rows["guided"] == "released")]
        what = f"what a teacher adds to the F1 of {name}"
        evidence += [
            jiang.measured(
                f"{what}, {1 - each:.0%} remain",
                (0.0, math.inf),
                taught[taught["sparsity"] == each],
                rows[rows["teacher"].isna() & (rows["sparsity"] == each)],
            )
            for each in sorted(taught["sparsity"].unique())
        ] or [none(what, "points", (0.0, math.inf), "not recorded")]
    return evidence
