"""Shares that follow the scores (SMP-S) do better than the same share of each matrix (SMP-L), in the same time.

SMP-S minus SMP-L, in points of score averaged over the tasks, has to be above 0: in print where 10 and 3% remain, for
which the tables have both, and in our runs at every sparsity, since the sentence names none. And a step of SMP-S may
take no more than 1.05 times as long as one of SMP-L; each is measured in steps of fine-tuning, timed in turns. In
print both have deviations over five seeds. They count as independent, because the paper does not list single seeds.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as jiang
from lottery.claims._evidence import none, over
from lottery.findings.step_times import in_steps

PAPER = "jiang2023"
CLAIM = "The masking function S outperforms L without additional training time."
WHERE = "section 6.1, Tables 1 and 3"
TABLE = "mask_learning"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points: the paper says better, not by how much
CLAIMED, NO_LONGER = (MARGIN, math.inf), (-math.inf, 1.05)  # points; times, a twentieth as what counts as nothing


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1, without a teacher."""
    one, other = {"method": "smp_s"}, {"method": "smp_l"}
    return [
        jiang.printed(tables, _what(each), CLAIMED, one, other, table=1, teacher=False, sparsity=each)
        for each in (0.9, 0.97)
    ]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_learning."""
    evidence = [
        jiang.measured(_what(each), CLAIMED, jiang.of(table, "smp_s", each), jiang.of(table, "smp_l", each))
        for each in jiang.sparsities(table, "smp_s", "smp_l")
    ]
    times = in_steps(table) if (table["experiment"] == "StepTime").any() else pd.DataFrame()
    ratios = times.loc["smp_s"] / times.loc["smp_l"] if {"smp_s", "smp_l"} <= set(times.index) else []
    evidence = evidence or [none(_what(0.9), "points", CLAIMED, "not recorded")]
    return [*evidence, over("a step of SMP-S over one of SMP-L", "times", NO_LONGER, ratios, units="rounds")]


def _what(sparsity: float) -> str:
    return f"SMP-S minus SMP-L, {1 - sparsity:.0%} remain, mean over the tasks"
