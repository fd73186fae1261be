"""Pruned after fine-tuning, a model fits the training data better than one pruned before.

In each of the three regimes, on average over its sparsities, the training loss of the model pruned after fine-tuning
has to be below that of the one pruned in pre-training, by any amount. The paper trains the late one for more epochs in
all, 3 and then 5 or 7 against 3; only those of our runs count that were trained in this way.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _gordon as gordon
from lottery.claims._evidence import none, over, per_unit
from lottery.claims._gordon import HIGH, LOW, MEDIUM, Comparison
from lottery.experiments.conditions import recipe_of
from lottery.findings.conditions import best, with_conditions

PAPER = "gordon2020"
CLAIM = (
    "Models pruned after downstream fine-tuning have the same or worse development accuracy, despite achieving lower "
    "training losses; here the losses."
)
WHERE = "caption of Figure 1, Table 1"
TABLE = "gordon_recipes"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # nats: the paper says lower, not by how much

COMPARISONS = [
    Comparison(
        what=f"mean training loss when pruned after fine-tuning instead of before, {span}",
        value="training_loss",
        one="pruned_downstream",
        other="pruned_in_pretraining",
        sparsities=sparsities,
        claimed=(-math.inf, MARGIN),
    )
    for span, sparsities in (("10 to 40%", LOW), ("50 and 60%", MEDIUM), ("70 to 90%", HIGH))
]


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 1."""
    return [gordon.printed(comparison, tables) for comparison in COMPARISONS]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_recipes, those trained as the paper says."""
    rows = with_conditions(table[table["experiment"] == "FineTuning"])
    rows = best(rows[recipe_of(rows) == "printed"])
    one, other = (rows[rows["condition"] == name] for name in ("pruned_downstream", "pruned_in_pretraining"))
    both = sorted(set(one["sparsity"]) & set(other["sparsity"]) - {0.0})
    what, claimed = "mean training loss when pruned after fine-tuning instead of before", (-math.inf, MARGIN)
    evidence = []
    for sparsity in both:
        left, right = (
            each[each["sparsity"] == sparsity].pivot_table("train_loss", "pruning_seed", "task")
            for each in (one, other)
        )
        values = (left - right).mean(axis=1, skipna=False)
        evidence.append(
            over(
                f"{what}, {sparsity:.0%}",
                "nats",
                claimed,
                values,
                units="worlds",
                seconds=per_unit(rows, "pruning_seed"),
            )
        )
    return evidence or [none(what, "nats", claimed, "not recorded")]
