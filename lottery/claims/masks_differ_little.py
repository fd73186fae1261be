"""Fine-tuning changes which weights are pruned by less than 6%.

The share of mask entries in which the model pruned after fine-tuning differs from the one pruned in pre-training has
to be below 6%, where it is largest over tasks and sparsities. The paper shows it as Figure 3 and prints no numbers.
The chapter says how much of it chance alone would give, and how much comes without any fine-tuning. The share depends
on the learning rate and the steps, as the movement of the weights does: the mean movement is the mean of this share
over all sparsities.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import over

PAPER = "gordon2020"
CLAIM = "Fine-tuning changes which weights are pruned by less than 6%."
WHERE = "section 5, Figure 3 (top)"
TABLE = "gordon_masks"
NOT_OF_MINIATURE = "it is trained at 40 times BERT's learning rate, and how far masks differ follows the rate"
MARGIN = 6.0  # % of the mask's entries, the paper's own


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing is printed but a figure."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_masks: a mask cut from a fine-tuned model beside one cut in pre-training."""
    rows = table[table["experiment"] == "MaskDifference"]
    late, early = rows["one.of"] == "FineTuning", rows["other"] == "GradualPruning"
    largest = 100 * rows[late & early].groupby("one.of.seed")["different"].max()
    what = "entries that differ, the largest share over tasks and sparsities"
    return [over(what, "%", (-math.inf, MARGIN), largest)]
