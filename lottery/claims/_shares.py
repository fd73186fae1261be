"""Which weights learned masks keep: by matrix, by layer and by head, from recorded masks.

For claims of Jiang et al. 2023 (arXiv:2210.06210), sections 6.1 and 6.3. A matrix is named as models name it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import Range, none, over, per_unit, silent
from lottery.claims._runs import by_unit, learned, scores

FEED_FORWARD = ("intermediate.dense", "output.dense")  # but for attention.output.dense
NOT_LEARNED = "masks of models that are no better than the majority-class baseline"
HEADS = ("query_heads", "key_heads", "value_heads", "output_heads")


def feed_forward(name: str) -> bool:
    """Whether a matrix is of the feed-forward network."""
    return "attention" not in name and any(part in name for part in FEED_FORWARD)


def layer(name: str) -> int:
    """The number of a matrix's layer, from 0."""
    return int(re.search(r"layer\.(\d+)\.", name)[1])


def by_matrix(row: Mapping[str, Any]) -> pd.Series:
    """The share kept of each matrix, in %, from a recorded mask."""
    return pd.Series(100 * np.asarray(row["shares"], dtype=float), index=list(row["matrices"]))


def by_head(row: Mapping[str, Any], *kinds: str) -> np.ndarray:
    """The shares kept of heads, in %, of these kinds of matrices, of HEADS, one after the other."""
    return 100 * np.concatenate([np.asarray(row[kind], dtype=float) for kind in kinds])


def useful(*kinds: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Rows of the first kind on tasks that one of the kinds learned, and why the others are left out."""
    above = learned(*(scores(rows) for rows in kinds))
    tasks = {task for task, _ in above.index[above]}
    return kinds[0][kinds[0]["task"].isin(tasks)], NOT_LEARNED


def over_seeds(
    what: str, unit: str, claimed: Range, rows: pd.DataFrame, measure: Callable[[Mapping[str, Any]], float]
) -> Evidence:
    """A measure of masks over seeds or worlds, mean over the tasks that their models have learned."""
    if rows.empty:
        return none(what, unit, claimed, "not recorded")
    rows, why = useful(rows)
    if rows.empty:
        return silent(what, unit, claimed, why)
    values = pd.Series([measure(row) for row in rows.to_dict("records")], index=rows.index)
    means, of = by_unit(values, rows)
    return over(what, unit, claimed, means, units=f"{of}s", seconds=per_unit(rows, of))
