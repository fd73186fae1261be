"""In learned masks most heads keep less than a hundredth of their weights.

Where 10% of the weights remain, more than half of the heads in the query and the value matrices have to keep less
than 1% of their weights, for SMP-L and for SMP-S, over seeds and averaged over the tasks. The paper shows a figure.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as jiang
from lottery.claims import _shares as shares
from lottery.claims._evidence import none

PAPER = "jiang2023"
CLAIM = (
    "The sparsity of each head is not uniform in the masking functions, with most heads having only below 1% "
    "remaining weights."
)
WHERE = "section 6.1, Figure 3"
TABLE = "mask_learning"
NOT_OF_MINIATURE = "1% of a head of BERT-base is 490 weights, and of a head of the miniature ten"
MARGIN = 50.0  # % of the heads: most
CLAIMED = (MARGIN, math.inf)
SPARSITY, LITTLE = 0.9, 1.0  # % of a head's weights
METHODS = {"smp_l": "SMP-L", "smp_s": "SMP-S"}


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing is printed but a figure."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From the masks that mask_learning recorded."""
    evidence = [
        shares.over_seeds(_what(named), "%", CLAIMED, rows, _few)
        for method, named in METHODS.items()
        if len(rows := jiang.of(table, method, SPARSITY))
    ]
    return evidence or [none(_what("SMP-L"), "%", CLAIMED, "not recorded")]


def _what(named: str) -> str:
    return f"{named}: heads of query and value matrices that keep less than 1%"


def _few(row: Mapping[str, object]) -> float:
    return 100 * float((shares.by_head(row, "query_heads", "value_heads") < LITTLE).mean())
