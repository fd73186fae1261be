"""Heads that survive with every seed are no more heterogeneous than the others.

The share of heterogeneous maps among super-survivors may be at most a quarter above that among the *other* heads of
the same models, for raw and for normed maps and on each task. The margin is relative: a quarter of a share of 7% is
less than two points, and 5 points, which count for little beside 35%, would be three quarters of it. (The paper
compares with all heads, which include the super-survivors; where these are two thirds, two thirds of any difference
cancel.) In print the interval is over tasks, and the super-survivors' maps come from a model from which all else was
removed; ours come from the intact model, and the interval is over heads. A pattern with fewer than ten labelled maps
says nothing, since it is not known how well the network recognises it.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _patterns as patterns
from lottery.claims._evidence import none

PAPER = "prasanna2020"
CLAIM = (
    "Super-survivor heads do not preferentially encode non-trivial linguistic relations, in raw or normed attention."
)
WHERE = "section 5.2, Figure 4"
TABLE = "attention_patterns"
NOT_OF_MINIATURE = "it has only the linguistic relations of a small grammar"
MARGIN = 25.0  # % of the share among the other heads: the docstring has the reason
CLAIMED = (-math.inf, MARGIN)
KINDS, PATTERN = ("raw", "normed"), "heterogeneous"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the output of the authors' notebook."""
    evidence = []
    for kind in KINDS:
        table = patterns.printed(tables, kind, PATTERN)
        more = 100 * (table["super"] - table["rest"]) / table["rest"]
        evidence.append(patterns.over_tasks(f"{_what(kind)}, mean over the tasks", CLAIMED, more, "%"))
    return evidence


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of attention_patterns."""
    recorded = patterns.Recorded(table)
    return [
        recorded.survivors(f"{_what(kind)}, {patterns.title(task)}", "%", CLAIMED, kind=kind, pattern=PATTERN,
                           task=task, relative=True)
        for kind in KINDS
        for task in recorded.tasks()
    ] or [none(_what(kind), "%", CLAIMED, "not recorded") for kind in KINDS]  # fmt: skip


def _what(kind: str) -> str:
    return f"excess of heterogeneous {kind} maps among super-survivors, relative to the other heads"
