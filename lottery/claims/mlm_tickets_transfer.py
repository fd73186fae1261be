"""The ticket of pre-training serves every task: at 70% it matches the full model.

The full model minus the ticket that was found on masked words, with 70% removed and trained on a task, in points of
score averaged over the tasks, has to be below 1. The paper calls a ticket universal if it does about as well as one
found on the task.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _chen as chen
from lottery.claims._runs import compared

PAPER = "chen2020"
CLAIM = (
    "Subnetworks found on the masked language modeling task, the one used to pre-train the model, transfer universally."
)
WHERE = "abstract, section 3.3, Figure 2"
TABLE = "rewinding"
NOT_OF_MINIATURE = ""
MARGIN = 1.0  # points: what counts as nothing under Gordon et al.'s claim of free weights
CLAIMED = (-math.inf, MARGIN)
SPARSITY = 0.7
WHAT = "full minus the ticket of pre-training, 70% removed, mean over the tasks"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Figure 2."""
    return [chen.transferred(tables, WHAT, CLAIMED, "mlm")]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of rewinding."""
    tickets = chen.tickets(table, training="OnText")
    tickets = tickets[tickets["cell"] == SPARSITY]
    return [compared(WHAT, CLAIMED, chen.beside(tickets, chen.full(table)), tickets)]
