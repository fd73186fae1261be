"""Iterative magnitude pruning finds tickets that match the full model where 40% of the weights are removed.

Full minus ticket, in points of score averaged over the tasks, has to be below 1. In print each task is taken at the
sparsity at which the paper calls its ticket winning, 40 to 90%; in our runs all are taken at 40%, where all are said
to win. The paper's own criterion is a standard deviation of the full model, so the noisier the task, the easier it is
to meet.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _chen as chen
from lottery.claims._runs import compared

PAPER = "chen2020"
CLAIM = "For a range of downstream tasks, matching subnetworks are found at 40% to 90% sparsity."
WHERE = "abstract, Table 2"
TABLE = "rewinding"
NOT_OF_MINIATURE = ""
MARGIN = 1.0  # points: what counts as nothing under Gordon et al.'s claim of free weights
CLAIMED = (-math.inf, MARGIN)
LEAST = 0.4  # sparsity


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 2."""
    what = "full minus ticket, each task at its highest winning sparsity, mean over the tasks"
    return [chen.printed(tables, what, CLAIMED, "full", "iterative")]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of rewinding."""
    tickets = chen.tickets(table, training="OnTask")
    tickets = tickets[tickets["cell"] == LEAST]
    what = f"full minus ticket, {LEAST:.0%} removed, mean over the tasks"
    return [compared(what, CLAIMED, chen.beside(tickets, chen.full(table)), tickets)]
