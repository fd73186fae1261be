"""The weights of each matrix are normally distributed.

Of a normal distribution the excess kurtosis is 0; that of an exponential one on both sides is 3. So many matrices as
the sentence says, each but for one in twenty, have to have an excess kurtosis between -1 and 1. The paper prints means
and deviations, from which it cannot be told.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import of_models

PAPER = "gordon2020"
CLAIM = "The values of BERT's weights are normally distributed in each weight matrix."
WHERE = "caption of Table 3, footnote 5"
TABLE = "gordon_weights"
NOT_OF_MINIATURE = "what is said of BERT's weights; its own start from a normal distribution and move little"
MARGIN = 95.0  # % of the matrices: the docstring has the reason
MOST = 1.0  # of the excess kurtosis


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing: no measure of shape is printed."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_weights."""
    rows = table[table["experiment"] == "WeightProfile"]
    shares = rows["kurtosis"].map(lambda values: 100 * float((np.abs(np.asarray(values)) < MOST).mean()))
    what = "matrices with an excess kurtosis between -1 and 1"
    return [of_models(what, "%", (MARGIN, math.inf), shares, rows.get("of.seed"))]
