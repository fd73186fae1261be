"""One ranking of all scores (G) takes more than twice the training time of the same share of each matrix (L).

The time of a step of SMP-G divided by that of SMP-L has to be above 2; each is measured in steps of fine-tuning, timed
in turns. The paper says so without a table, of masks found by sorting. Ours are found by counting, without a sort, so
their step times say nothing about this. But the two differ only in the sorting: the ratio of their steps cannot exceed
the ratio of sorting all scores at once to sorting each matrix's. So that ratio has to be above 2, at BERT-base's size.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import over
from lottery.findings.step_times import in_steps

PAPER = "jiang2023"
CLAIM = "The global masking function G takes more than twice the training time of L."
WHERE = "section 6.1"
TABLE = "mask_learning"
NOT_OF_MINIATURE = ""
MARGIN = 2.0  # times, as the paper says
CLAIMED = (MARGIN, math.inf)
NO_SORT = "both choose their masks by counting here, and sort nothing"


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing: the paper prints no times."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From the steps and the sorts that mask_learning recorded."""
    steps = in_steps(table) if (table["experiment"] == "StepTime").any() else pd.DataFrame()
    ratios = steps.loc["smp_g"] / steps.loc["smp_l"] if {"smp_g", "smp_l"} <= set(steps.index) else []
    evidence = over("a step of SMP-G over one of SMP-L", "times", CLAIMED, ratios, units="rounds")
    sorts = table[table["experiment"] == "SortTime"]
    times = sorts["together_seconds"] / sorts["each_seconds"] if len(sorts) else []
    return [
        evidence._replace(silent=NO_SORT) if len(ratios) else evidence,
        over("sorting all scores over sorting those of each matrix", "times", CLAIMED, times, units="rounds"),
    ]
