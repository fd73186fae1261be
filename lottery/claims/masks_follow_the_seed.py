"""What a search finds depends on the seed more than on the task.

Two masks of one seed and different tasks have to be more alike than two of one task and different seeds: the difference
of Cohen's kappa over heads, one value a seed, has to be above 0. One seed stands for one head and one order of the
examples, and different tasks have different examples, so that the paper's sentence has to mean this if it can be told
from masks. Tasks whose search says nothing are left out.
"""

from collections.abc import Mapping

import pandas as pd

from lottery import agreement
from lottery.claims import Evidence, over_seeds
from lottery.searches import masks, sound, standard

PAPER = "prasanna2020"
CLAIM = (
    "Good subnetworks depend on the random initialisation more than on the use of some weights for a particular task."
)
WHERE = "section 5.1"
TABLE = "mask_agreement"
TUNED = False
MARGIN = 0.0  # of kappa: the paper says more, not by how much


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' masks, without WNLI's."""
    return [_difference(tables["prasanna2020_kinship"].set_index("seed"))]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_agreement."""
    rows = sound(standard(table[table["experiment"] == "ComponentSearch"]))
    if rows.empty:
        return [_difference(pd.DataFrame({"same_task": [], "same_seed": []}))]
    heads, _ = masks(rows)
    return [_difference(agreement.kinship(heads, rows["of.task"].tolist(), rows["of.seed"].tolist()))]


def _difference(found: pd.DataFrame) -> Evidence:
    what = "kappa of one seed and two tasks minus that of one task and two seeds"
    return over_seeds(what, "", (MARGIN, float("inf")), found["same_seed"] - found["same_task"])
