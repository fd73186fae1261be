"""One threshold for the whole model does as well as one for each matrix.

The score after global pruning in pre-training minus the score after matrix-local pruning to the same sparsity,
averaged over tasks and sparsities, has to be within 1 point of 0: the margin that counts as nothing under the claim of
free weights. The paper calls it a possibility, because the weights of the matrices have similar deviations, and does
not try it.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import none
from lottery.claims._runs import compared, scores

PAPER = "gordon2020"
CLAIM = (
    "The similarity of the matrices' weights may imply that global pruning would perform similarly to matrix-local "
    "pruning."
)
WHERE = "footnote 5"
TABLE = "open_questions"
NOT_OF_MINIATURE = ""
MARGIN = 1.0  # points: the docstring has the reason
CLAIMED = (-MARGIN, MARGIN)
WHAT = "score after global minus after matrix-local pruning, mean over tasks and sparsities"
ALIKE = ("start.start.steps", "start.start.documents", "start.start.nouns", "start.embeddings", "train_examples")


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing: it was not tried."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of open_questions, those that differ in the scope alone."""
    rows = table[(table["experiment"] == "FineTuning") & (table["start"] == "GradualPruning")]
    together = rows[rows["start.scope"] == "global"]
    if together.empty:
        return [none(WHAT, "points", CLAIMED, "not recorded")]
    columns = [column for column in ALIKE if column in rows]
    usual = together[columns].iloc[0]
    same = ((rows[columns] == usual) | (rows[columns].isna() & usual.isna())).all(axis=1)
    apart = rows[same & (rows["start.scope"] == "local") & rows["start.sparsity"].isin(together["start.sparsity"])]
    return [compared(WHAT, CLAIMED, *(scores(each, cell="start.sparsity") for each in (together, apart)))]
