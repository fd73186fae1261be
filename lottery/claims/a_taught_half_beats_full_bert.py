"""With a teacher, a mask of half of the weights does better than fine-tuning all of them.

SMP-S with a teacher and 50% of the weights minus full fine-tuning, in points of score, has to be above 0: in print on
MNLI, which the sentence names, in our runs on average over the tasks. The fine-tuned model has no teacher, which
favours the mask, so a difference in the claimed direction says nothing about masks.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as jiang
from lottery.claims._evidence import none, within

PAPER = "jiang2023"
CLAIM = (
    "For 50% remaining weights, SMP-S on MNLI achieves 85.7 accuracy compared to 84.5 with full-model fine-tuning, "
    "while it keeps all weights of BERT constant."
)
WHERE = "section 5.4, Table 1"
TABLE = "mask_recipes"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points: the paper says better
CLAIMED = (MARGIN, math.inf)
UNTAUGHT = "the fine-tuned full model had no teacher"
ROUNDING = 0.1  # points, of a difference of two printed numbers


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1."""
    rows = tables[jiang.RESULTS]
    rows = rows[(rows["table"] == 1) & (rows["task"] == "mnli") & (rows["metric"] == "accuracy")]
    mask = rows[(rows["method"] == "smp_s") & rows["teacher"] & (rows["sparsity"] == 0.5)]["score"].iloc[0]
    full = rows[rows["method"] == "fine_tuning"]["score"].iloc[0]
    more = 100 * float(mask - full)
    evidence = within("SMP-S with a teacher minus full fine-tuning, 50% remain, MNLI", "points", CLAIMED, more,
                   more - ROUNDING, more + ROUNDING, basis="rounding")  # fmt: skip
    return [evidence._replace(favoured=UNTAUGHT)]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_recipes."""
    what = "SMP-S with a teacher minus full fine-tuning, 50% remain, mean over the tasks"
    rows = table[(table["experiment"] == "LearnedMask") & (table["method"] == "smp_s") & (table["sparsity"] == 0.5)]
    rows = rows[rows["teacher"].notna() & (rows["guided"] == "released") & (rows["head"] == "mlm")]
    if rows.empty:
        return [none(what, "points", CLAIMED, "not recorded")]
    return [jiang.measured(what, CLAIMED, rows, jiang.full(table))._replace(favoured=UNTAUGHT)]
