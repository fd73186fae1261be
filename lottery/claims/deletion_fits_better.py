"""Information deletion fits the training data better than the full model.

The mean training loss after information deletion has to be lower than that of the full model, by any amount, at the
sparsity where this is least so. So has the loss of the single task that is worst off, since the caption says that the
tasks do not differ much. The paper trains the freed models until they fit, four to five times as long as the full one.
Only those of our runs that were trained in this way count, at every sparsity that they have.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.choices import choose
from lottery.claims import Evidence
from lottery.claims._evidence import none, over, within
from lottery.claims._gordon import ROUNDING
from lottery.experiments.conditions import recipe_of
from lottery.findings.conditions import best, with_conditions

PAPER = "gordon2020"
CLAIM = (
    "Models after information deletion fit the training data better than un-pruned models, at all levels of sparsity."
)
WHERE = "caption of Figure 1, Table 1"
TABLE = "gordon_recipes"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # nats: the paper says better, not by how much


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1, where the averages are printed to a tenth of what their tasks' losses are printed to."""
    averages = tables["gordon2020_table1_averages"].set_index(["condition", "sparsity"])["training_loss"]
    apart = averages["information_deletion"].drop(0.0) - averages["pruned_in_pretraining", 0.0]
    cells = tables["gordon2020_table1"].set_index(["condition", "sparsity", "task"])["training_loss"].sort_index()
    gaps = cells["information_deletion"].drop(0.0) - cells["pruned_in_pretraining", 0.0]
    sparsity, task = gaps.idxmax()
    deleted, title = "after information deletion of", choose("tasks", task).TITLE
    return [
        _rounded(f"mean training loss {deleted} {apart.idxmax():.0%}", apart.max(), ROUNDING / 5),
        _rounded(f"training loss on {title} {deleted} {sparsity:.0%}", gaps.max(), 2 * ROUNDING),
    ]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_recipes, those trained as the paper says, the full model for its 3 epochs, too."""
    rows = with_conditions(table[table["experiment"] == "FineTuning"])
    rows = best(rows[recipe_of(rows) == "printed"])
    freed = rows[(rows["condition"] == "information_deletion") & (rows["sparsity"] > 0)]
    full = rows[(rows["condition"] == "pruned_in_pretraining") & (rows["sparsity"] == 0)]
    what, claimed = "mean training loss after information deletion", (-math.inf, MARGIN)
    if full.empty or freed.empty:
        return [none(what, "nats", claimed, "no full model was fine-tuned as the paper says")]
    evidence = []
    for sparsity, some in freed.groupby("sparsity"):
        left, right = (each.pivot_table("train_loss", "pruning_seed", "task") for each in (some, full))
        values = (left - right).mean(axis=1, skipna=False)
        each = f"{what} of {sparsity:.0%}, against the full model"
        evidence.append(over(each, "nats", claimed, values, units="worlds"))
    return evidence


def _rounded(what: str, estimate: float, reach: float) -> Evidence:
    return within(
        f"{what}, against the full model",
        "nats",
        (-math.inf, MARGIN),
        estimate,
        estimate - reach,
        estimate + reach,
        basis="rounding",
    )
