"""Raw maps of super-survivors show considerably more block and vertical attention.

The share of block maps, and that of vertical maps, among the raw maps of super-survivors minus that among the *other*
heads has to be above 5 points each: one map in twenty is the least that we would call considerably more. In print the
interval is over tasks, and the super-survivors' maps come from a model from which all else was removed; ours come from
the intact model, and the interval is over heads. A pattern with fewer than ten labelled maps says nothing.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _patterns as patterns
from lottery.claims._evidence import none

PAPER = "prasanna2020"
CLAIM = (
    "As compared to all heads, the raw attention patterns of super-survivors encode considerably more block and "
    "vertical attention types."
)
WHERE = "section 5.2, Figure 4"
TABLE = "attention_patterns"
NOT_OF_MINIATURE = ""
MARGIN = 5.0  # points: the docstring has the reason
CLAIMED = (MARGIN, math.inf)
PATTERNS = ("block", "vertical")


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the output of the authors' notebook."""
    evidence = []
    for pattern in PATTERNS:
        table = patterns.printed(tables, "raw", pattern)
        more = 100 * (table["super"] - table["rest"])
        evidence.append(patterns.over_tasks(f"{_what(pattern)}, mean over the tasks", CLAIMED, more))
    return evidence


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of attention_patterns."""
    recorded = patterns.Recorded(table)
    return [
        recorded.survivors(f"{_what(pattern)}, {patterns.title(task)}", "points", CLAIMED, kind="raw", pattern=pattern,
                           task=task, relative=False)
        for pattern in PATTERNS
        for task in recorded.tasks()
    ] or [none(_what(pattern), "points", CLAIMED, "not recorded") for pattern in PATTERNS]  # fmt: skip


def _what(pattern: str) -> str:
    return f"raw {pattern} maps, super-survivors minus the other heads"
