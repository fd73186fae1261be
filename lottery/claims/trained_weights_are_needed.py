"""A ticket needs the pre-trained weights: under the same mask, new or shuffled ones do worse.

The ticket minus the same mask on re-initialised weights, and minus the same mask on pre-trained layers that exchanged
their matrices, in points of score averaged over tasks and sparsities, each has to be above 0.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _chen as chen
from lottery.claims._runs import compared

PAPER = "chen2020"
CLAIM = (
    "The pre-trained initialisation is what makes a ticket win: the same masks on re-initialised or shuffled weights "
    "are far behind."
)
WHERE = "section 3.2, Table 2"
TABLE = "rewinding"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points: the paper says worse, not by how much
CLAIMED = (MARGIN, math.inf)
OTHERS = {"redrawn": ("Redrawn", "re-initialised weights"), "shuffled": ("Shuffled", "shuffled weights")}


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 2."""
    return [chen.printed(tables, _what(named), CLAIMED, "iterative", ticket) for ticket, (_, named) in OTHERS.items()]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of rewinding, at the sparsities that both have."""
    ours = chen.tickets(table, training="OnTask")
    return [
        compared(_what(named), CLAIMED, ours, chen.tickets(table, training="OnTask", on=on))
        for on, named in OTHERS.values()
    ]


def _what(named: str) -> str:
    return f"ticket minus the same mask on {named}, mean over the tasks"
