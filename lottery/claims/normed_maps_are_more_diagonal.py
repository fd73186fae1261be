"""Norming raises diagonal attention at the cost of vertical+diagonal.

The share of diagonal maps among normed maps minus that among raw ones has to be above 0, and that of vertical+diagonal
maps below 0, in points and mean over the tasks, both for super-survivors, of whom the paper's sentence speaks, and for
all heads. In print the interval is over tasks, and the norms are made with the output matrix transposed; ours are not,
and the interval is that of other heads.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lottery.claims import Evidence, over_heads, over_tasks
from lottery.findings import patterns as pattern_tables

PAPER = "prasanna2020"
CLAIM = (
    "Since norming reduces attention to special tokens, the proportion of diagonal patterns is increased at the cost "
    "of the vertical+diagonal pattern."
)
WHERE = "section 5.2"
TABLE = "attention_patterns"
TUNED = False
MARGIN = 0.0  # points: the paper says more and less, not by how much
CLAIMED = {"diagonal": (MARGIN, math.inf), "vertical+diagonal": (-math.inf, MARGIN)}
HEADS = {"super": "super-survivors", "all": "fine-tuned, all"}  # in print, and in `pattern_tables`


def _what(heads: str, pattern: str) -> str:
    return f"{pattern} maps, normed minus raw, {'super-survivors' if heads == 'super' else 'all heads'}"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the output of the authors' notebook."""
    rows = tables["prasanna2020_attention_patterns"]
    rows = rows[rows["model"] == "tuned"]
    found = []
    for heads in HEADS:
        for pattern, claimed in CLAIMED.items():
            some = rows[(rows["heads"] == heads) & (rows["pattern"] == pattern)]
            wide = some.pivot_table(index="task", columns="kind", values="share")
            differences = 100 * (wide["normed"] - wide["raw"]).to_numpy()
            found.append(over_tasks(_what(heads, pattern), "points", claimed, differences))
    return found


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of attention_patterns."""
    rows = pattern_tables.grouped(table)
    found = []
    for heads, group in HEADS.items():
        normed, raw = (rows[(rows["group"] == group) & (rows["kind"] == kind)] for kind in ("normed", "raw"))
        for pattern, claimed in CLAIMED.items():
            difference = 100 * np.array(pattern_tables.difference(normed, raw, pattern))
            found.append(over_heads(_what(heads, pattern), "points", claimed, difference))
    return found
