"""One ranking of all scores (G) takes more than twice the training time of the same share of each matrix (L).

A step of SMP-G over one of SMP-L, each in units of a step of fine-tuning taken in turns, has to be above 2. The paper
says so without a table, of masks sorted on a GPU; ours are chosen without a sort, on a CPU, at BERT-base's size.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence, over_seeds

PAPER = "jiang2023"
CLAIM = "The global masking function G takes more than twice the training time of L."
WHERE = "section 6.1"
TABLE = "mask_learning"
TUNED = False
MARGIN = 2.0  # times, as the paper says


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing: the paper prints no times."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From the steps that mask_learning recorded."""
    rows = table[table["experiment"] == "StepTime"]
    units = {
        method: (some["step_seconds"] / some["fine_tuning_seconds"]).set_axis(some["seed"]).astype(float)
        for method, some in rows.groupby("method")
    }
    ratios = units["smp_g"] / units["smp_l"] if {"smp_g", "smp_l"} <= units.keys() else []
    return [over_seeds("a step of SMP-G over one of SMP-L", "times", (MARGIN, math.inf), ratios)]
