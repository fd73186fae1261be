"""With the regulariser a mask gives heads more unequal shares.

The standard deviation over heads of the share kept, in points, of SMP-L with the regulariser minus without it, where
10% of the weights remain, has to be above 0. The paper prints the two deviations for one mask each; ours are pooled
over the heads of all four attention matrices, over seeds and averaged over the tasks.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as jiang
from lottery.claims import _shares as shares
from lottery.claims._evidence import none, over, silent, within

PAPER = "jiang2023"
CLAIM = (
    "Without the regularisation term the remaining weights in attention heads are more uniform: their standard "
    "deviation is 3.75 compared to 12.4 with it."
)
WHERE = "section 6.3"
TABLE = "mask_recipes"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points: the paper says more uniform
CLAIMED = (MARGIN, math.inf)
SPARSITY = 0.9
WHAT = "deviation over heads of the share kept, with the regulariser minus without"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the text: a deviation each of one mask."""
    rows = tables["jiang2023_facts"]
    rows = rows[(rows["where"] == "section 6.3") & rows["what"].str.startswith("deviation over heads")]
    more = 100 * float(rows["value"].max() - rows["value"].min())
    without = rows.loc[rows["value"].idxmin(), "note"]
    sign = 1 if "without" in str(without) else -1
    return [
        within(WHAT, "points", CLAIMED, sign * more, sign * more, sign * more, basis="as printed, of one mask each")
    ]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From the masks that mask_recipes recorded."""
    kinds = [jiang.recipe(table, SPARSITY, strength=strength) for strength in (None, 0.0)]
    if kinds[0].empty or kinds[1].empty:
        return [none(WHAT, "points", CLAIMED, "not recorded")]
    spreads = []
    for one, other in (kinds, kinds[::-1]):
        rows, why = shares.useful(one, other)
        values = [float(shares.by_head(row, *shares.HEADS).std()) for row in rows.to_dict("records")]
        spreads.append(pd.Series(values, index=[rows["task"], rows["seed"]], dtype=float))
    if spreads[0].empty:
        return [silent(WHAT, "points", CLAIMED, why)]
    return [over(WHAT, "points", CLAIMED, (spreads[0] - spreads[1]).groupby("seed").mean())]
