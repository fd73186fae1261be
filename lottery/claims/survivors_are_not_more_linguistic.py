"""Heads that survive with every seed are no more heterogeneous than heads at large.

The share of heterogeneous maps among super-survivors minus that among all heads of the same models, in points and mean
over the tasks, has to be below 5, for raw and for normed maps: one map in twenty is the least that we would call
preferring them. In print the interval is over tasks, and the super-survivors' maps are of a model that all else was
removed from; ours are of the intact model, and the interval is that of other heads.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lottery.claims import Evidence, over_heads, over_tasks
from lottery.findings import patterns as pattern_tables

PAPER = "prasanna2020"
CLAIM = (
    "Super-survivor heads do not preferentially encode non-trivial linguistic relations, in raw or normed attention."
)
WHERE = "section 5.2, Figure 4"
TABLE = "attention_patterns"
TUNED = False
MARGIN = 5.0  # points: the docstring has the reason


def _what(kind: str) -> str:
    return f"heterogeneous {kind} maps, super-survivors minus all heads"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the output of the authors' notebook."""
    rows = tables["prasanna2020_attention_patterns"]
    rows = rows[(rows["model"] == "tuned") & (rows["pattern"] == "heterogeneous")]
    found = []
    for kind in ("raw", "normed"):
        wide = rows[rows["kind"] == kind].pivot_table(index="task", columns="heads", values="share")
        differences = 100 * (wide["super"] - wide["all"]).to_numpy()
        found.append(over_tasks(_what(kind), "points", (-math.inf, MARGIN), differences))
    return found


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of attention_patterns."""
    rows = pattern_tables.grouped(table)
    found = []
    for kind in ("raw", "normed"):
        some = rows[rows["kind"] == kind]
        few, every = (some[some["group"] == group] for group in ("super-survivors", "fine-tuned, all"))
        difference = pattern_tables.difference(few, every, "heterogeneous")
        found.append(over_heads(_what(kind), "points", (-math.inf, MARGIN), 100 * np.array(difference)))
    return found
