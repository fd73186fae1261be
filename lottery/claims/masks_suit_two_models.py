"""On both BERT and RoBERTa, a mask that removes a fifth does better than fine-tuning.

SMP minus fine-tuning of the full model, in points of score averaged over the tasks, has to be above 0 for each of the
two models. The paper takes for each task the better of SMP-L and SMP-S, by the scores that it reports, which favours
the mask. Ours is SMP-L; as in the paper, its sparsity rises along a cubic on BERT and linearly on RoBERTa.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _jiang as jiang
from lottery.claims._evidence import none

PAPER = "jiang2023"
CLAIM = (
    "Compared to full-model fine-tuning, our method achieves better performance on two PLMs by only removing 20% "
    "parameters in the encoder while keeping the remaining parameters unchanged."
)
WHERE = "section 5.4, Table 2"
TABLE = "spans_and_roberta"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points: better is any more
CLAIMED = (MARGIN, math.inf)
SPARSITY = 0.2
FAMILIES = {"bert": ("BERT", "cubic"), "roberta": ("RoBERTa", "linear")}


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 2."""
    return [jiang.glue(tables, model, CLAIMED) for model in jiang.MODELS]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of spans_and_roberta, those that answer no question on a text."""
    evidence = []
    for family, (name, rise) in FAMILIES.items():
        what = f"SMP-L minus full fine-tuning of {name}, {1 - SPARSITY:.0%} remain, mean over the tasks"
        if "start.family" not in table:  # recorded of models of one family alone
            evidence.append(none(what, "points", CLAIMED, "not recorded"))
            continue
        rows = table[(table["start.family"] == family) & (table["task"] != "squad")]
        masks = jiang.of(rows, "smp_l", SPARSITY)
        masks = masks[(masks["rise"] == rise) & (masks["head"] == "random") & masks["teacher"].isna()]
        evidence.append(jiang.measured(what, CLAIMED, masks, jiang.full(rows)))
    return evidence
