"""Accuracy falls in a line with the loss of pre-training, at a rate of its own for each task.

For each task, a line fitted to accuracy after information deletion against pre-training loss has to leave less than a
tenth of the variance unexplained (r² above 0.9), and has to go on doing so when any single sparsity is left out: with
ten points of which one lies far off, r² is large for many shapes. CoLA at 90 % is left out, as in the paper: the model
gives one answer to all there. The slopes of CoLA and QQP, in the paper the steepest and the flattest, have to differ.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import linregress

from lottery.choices import choose
from lottery.claims import Evidence, over_seeds, with_error, within
from lottery.claims import _gordon as regimes

PAPER = "gordon2020"
CLAIM = (
    "Accuracy after information deletion falls linearly with the loss of pre-training, at a rate that differs by task."
)
WHERE = "section 4.4, Figure 2 (left), Table 1"
TABLE = "gordon_pruning"
TUNED = False
MARGIN = 0.9  # r²: the docstring has the reason

LEFT_OUT = ("cola", 0.9)
STEEPEST, FLATTEST = "cola", "qqp"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1."""
    table = _deleted(tables["gordon2020_table1"])
    found, lines = [], {}
    for task, rows in table.groupby("task", sort=False):
        loss, accuracy = rows["pretraining_loss"].to_numpy(), 100 * rows["accuracy"].to_numpy()
        lines[task] = linregress(loss, accuracy)
        without = [np.arange(len(loss)) != one for one in range(len(loss))]
        squares = [linregress(loss[kept], accuracy[kept]).rvalue ** 2 for kept in without]
        found.append(
            within(
                f"r² of the line of {choose('tasks', task).TITLE}",
                "",
                (MARGIN, float("inf")),
                float(lines[task].rvalue ** 2),
                float(min(squares)),
                float(max(squares)),
                basis="leaving out one sparsity at a time",
            )
        )
    steep, flat = lines[STEEPEST], lines[FLATTEST]
    found.append(
        with_error(
            "slope of CoLA minus slope of QQP",
            "points per nat",
            (float("-inf"), 0.0),
            float(steep.slope - flat.slope),
            float(np.hypot(steep.stderr, flat.stderr)),
            basis="the two fits, 95 %",
            freedom=int((table["task"] == STEEPEST).sum()) - 2,  # the smaller of the two, to be on the safe side
        )
    )
    return found


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_pruning, where each seed and task has at least four sparsities."""
    rows = _deleted(regimes.recorded(table))
    lines = {
        pair: linregress(each["pretraining_loss"], 100 * each["accuracy"])
        for pair, each in rows.groupby(["seed", "task"])
        if len(each) > 3
    }
    fits = pd.DataFrame(
        [(*pair, line.rvalue**2, line.slope) for pair, line in lines.items()],
        columns=["seed", "task", "square", "slope"],
    )
    slopes = {task: each.set_index("seed")["slope"] for task, each in fits.groupby("task")}
    return [
        *(
            over_seeds(f"r² of the line of {choose('tasks', task).TITLE}", "", (MARGIN, float("inf")), each["square"])
            for task, each in fits.groupby("task")
        ),
        over_seeds(
            "slope of CoLA minus slope of QQP",
            "points per nat",
            (float("-inf"), 0.0),
            slopes[STEEPEST] - slopes[FLATTEST] if {STEEPEST, FLATTEST} <= slopes.keys() else [],
        ),
    ]


def _deleted(table: pd.DataFrame) -> pd.DataFrame:
    rows = table[table["condition"] == "information_deletion"]
    return rows[(rows["task"] != LEFT_OUT[0]) | (rows["sparsity"] != LEFT_OUT[1])]
