"""More can be removed by magnitude pruning than by removing heads and MLPs, at nine tenths of the score.

The share of weights that the one search removes minus that of the other, paired by task and seed and averaged over the
tasks, has to be above 10 points, the lower end of what the paper says. Shares are of the matrices of the layers,
without embeddings, for both; tasks with a search that says nothing are left out, so that WNLI's whole model is not
counted as compression.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence, over_seeds
from lottery.findings.searches import judged, sound

PAPER = "prasanna2020"
CLAIM = (
    "For 7 out of 9 tasks magnitude pruning yields considerably higher compression, 10 to 15 % more weights pruned, "
    "than the removal of heads and MLPs."
)
WHERE = "section 4.2"
TABLE = "good_random_bad"
TUNED = False
MARGIN = 10.0  # points of weights
WHAT = "weights removed by magnitude minus with heads and MLPs, mean over the tasks"
HEAD, MLP = 4 * 64 * 768, 2 * 768 * 3072  # weights of one, in BERT-base


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' masks of heads and MLPs, and the steps of their magnitude pruning."""
    rows = tables["prasanna2020_masks"]
    good = (rows["pruning"] == "structured") & (rows["subnetwork"] == "good")
    rows = rows[good & (rows["mode"] == "both") & (rows["where"] == "dev") & (rows["task"] != "wnli")]
    left = (HEAD * rows["heads_kept"] + MLP * rows["mlps_kept"]) / (144 * HEAD + 12 * MLP)
    by = ["task", "seed"]
    magnitude = tables["prasanna2020_magnitude"].set_index(by)["remaining_weights"]
    return [_paired(rows.assign(left=left).set_index(by)["left"], magnitude, "seed")]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    by = ["of.task", "of.seed"]
    structured = judged(table).set_index(by)["share_kept"].astype(float)
    magnitude = sound(table[table["experiment"] == "MagnitudeSearch"]).set_index(by)["sparsity"].astype(float)
    return [_paired(structured, 1 - magnitude, "of.seed")]


def _paired(structured: pd.Series, magnitude: pd.Series, seed: str) -> Evidence:
    """From the shares left, of the tasks and seeds that both have."""
    more = 100 * (structured - magnitude).dropna()
    return over_seeds(WHAT, "points", (MARGIN, math.inf), more.groupby(seed).mean())
