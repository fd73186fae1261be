"""Information deletion fits the training data better than the full model.

At the sparsity at which it is least so, the mean training loss after information deletion has to be lower than that of
the full model, by any amount, and so has that of the single task that is worst off, since the caption says that the
tasks do not differ much. Recorded runs are compared at 90 %, where the printed ones come closest. The paper trains the
freed models four to five times as long as the full one; ours are trained equally long.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.choices import choose
from lottery.claims import Evidence, within
from lottery.claims import _gordon as regimes
from lottery.claims._gordon import ROUNDING, Comparison

PAPER = "gordon2020"
CLAIM = (
    "Models after information deletion fit the training data better than un-pruned models, at all levels of sparsity."
)
WHERE = "caption of Figure 1, Table 1"
TABLE = "gordon_pruning"
TUNED = False
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
    """From recorded runs of gordon_pruning."""
    comparison = Comparison(
        what="mean training loss after information deletion of 90%, against the full model",
        value="training_loss",
        one="information_deletion",
        other="pruned_in_pretraining",
        sparsities=(0.9,),
        against=0.0,
        claimed=(float("-inf"), MARGIN),
    )
    return [regimes.measured(comparison, table)]


def _rounded(what: str, estimate: float, reach: float) -> Evidence:
    return within(
        f"{what}, against the full model",
        "nats",
        (float("-inf"), MARGIN),
        float(estimate),
        float(estimate - reach),
        float(estimate + reach),
        basis="rounding",
    )
