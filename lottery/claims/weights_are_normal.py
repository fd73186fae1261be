"""The weights of each matrix are normally distributed.

A normal distribution has an excess kurtosis of 0, a two-sided exponential one of 3. In more than 95% of the matrices,
all but one in twenty, the excess kurtosis has to be between -1 and 1. The paper prints means and deviations, which do
not tell.
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
NOT_OF_MINIATURE = "the claim is about BERT's weights; the miniature's start from a normal distribution and move little"
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
