"""Fine-tuning moves a weight by 0 to 4% in the order of magnitudes.

The largest mean movement, over tasks and learning rates, has to round to at most 4%, since the paper gives whole per
cents. It depends on the learning rate and on the number of steps, so only models count that are fine-tuned as BERT is.
It is the same measurement as in the claim on masks: the mean movement is the mean difference of masks over all
sparsities.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.choices import choose
from lottery.claims import Evidence
from lottery.claims._evidence import over, within
from lottery.findings import movement

PAPER = "gordon2020"
CLAIM = "Fine-tuning moves a weight, on average, by 0 to 4% of the matrix from its place in the order of magnitudes."
WHERE = "section 5, Table 2"
TABLE = "gordon_movement"
NOT_OF_MINIATURE = "it is trained at 40 times BERT's learning rate, and how far weights move follows the rate"
MARGIN = 4.5  # % of the matrix: what is below it rounds to 4 or less
ROUNDING = 0.005  # % of the matrix


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 2."""
    table = tables["gordon2020_table2"]
    most = table.loc[table["movement_mean"].idxmax()]
    moved, task = 100 * float(most["movement_mean"]), choose("tasks", most["task"]).TITLE
    what = f"largest mean movement, {task} at a learning rate of {most['learning_rate']:g}"
    claimed = (-math.inf, MARGIN)
    return [within(what, "%", claimed, moved, moved - ROUNDING, moved + ROUNDING, basis="rounding")]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_movement."""
    rows = movement.measured(table)
    largest = 100 * rows.groupby("after.seed")["mean"].max()
    return [over("largest mean movement over all fine-tunings", "%", (-math.inf, MARGIN), largest)]
