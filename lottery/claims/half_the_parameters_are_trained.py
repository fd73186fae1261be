"""Learning a mask trains half as many parameters as movement pruning.

The number of parameters that SMP-L trains, divided by the number that movement pruning trains on the same task with
the same new head, has to be at most 0.51: a half, except for the head and other parts that are small beside the
matrices. It is counted, so it has no interval.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import none, within

PAPER = "jiang2023"
CLAIM = (
    "Compared with other first-order methods, we can save half of the trainable parameters by keeping the whole BERT "
    "and task-specific head frozen."
)
WHERE = "section 5.4, Table 1"
TABLE = "mask_learning"
NOT_OF_MINIATURE = ""
MARGIN = 0.51  # of what movement trains: the docstring has the reason
CLAIMED = (0.0, MARGIN)
WHAT = "parameters that SMP-L trains, divided by those that movement trains"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing: of what is trained the paper prints sums of round numbers."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From the masks that mask_learning recorded."""
    rows = table[table["experiment"] == "LearnedMask"]
    trained = rows.pivot_table("trained", "task", "method", aggfunc="max") if len(rows) else pd.DataFrame()
    if not {"smp_l", "movement"} <= set(trained):
        return [none(WHAT, "", CLAIMED, "not recorded")]
    share = float((trained["smp_l"] / trained["movement"]).max())
    return [within(WHAT, "", CLAIMED, share, share, share, basis="counted, the task with the most")]
