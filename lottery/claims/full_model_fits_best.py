"""The full model has the lowest training loss.

In print, the lowest mean training loss of all models pruned in pre-training, and of all models after information
deletion, has to be above that of the full model, by any amount. In recorded runs the mean over 10 to 40% is taken,
because the lowest of several noisy values would be lower by chance. The paper trains the freed models until they fit;
ours are trained as long as the full one, so a higher loss of theirs says nothing. The sentence is there to show that
the pruned models do not overfit; the same caption says that information deletion fits better than the full model.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _gordon as gordon
from lottery.claims._evidence import within
from lottery.claims._gordon import EQUAL, LOW, ROUNDING, Comparison

PAPER = "gordon2020"
CLAIM = "Un-pruned models have the lowest training loss."
WHERE = "caption of Figure 1, Table 1"
TABLE = "gordon_pruning"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # nats: the paper says lowest, not by how much

CONDITIONS = {"pruned_in_pretraining": "pruning", "information_deletion": "information deletion"}


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the averages of Table 1, which are printed to a thousandth."""
    averages = tables["gordon2020_table1_averages"].set_index(["condition", "sparsity"])["training_loss"]
    evidence = []
    for condition, name in CONDITIONS.items():
        apart = averages[condition].drop(0.0) - averages["pruned_in_pretraining", 0.0]
        what = f"lowest mean training loss after {name}, at {apart.idxmin():.0%}, against the full model"
        low, high = apart.min() - ROUNDING / 5, apart.min() + ROUNDING / 5
        evidence.append(
            within(what, "nats", (MARGIN, float("inf")), float(apart.min()), float(low), float(high), basis="rounding")
        )
    return evidence


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_pruning."""
    rows = gordon.recorded(table)
    pruned, freed = (
        gordon.measured(
            Comparison(
                what=f"mean training loss after {name} of 10 to 40%, against the full model",
                value="training_loss",
                one=condition,
                other="pruned_in_pretraining",
                sparsities=LOW,
                against=0.0,
                claimed=(MARGIN, float("inf")),
            ),
            rows,
        )
        for condition, name in CONDITIONS.items()
    )
    return [pruned, freed._replace(favoured=EQUAL)]
