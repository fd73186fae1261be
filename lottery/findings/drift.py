"""How far the features of models lie from those of the full one (Gordon et al. 2020, Figure 2, right)."""

import pandas as pd

MEASURES = {"cosine": "cosine", "centred_cosine": "centred cosine", "cka": "linear CKA"}
BEFORE, NEVER = "before it went on training", "never trained"


def compared(runs: pd.DataFrame) -> pd.DataFrame:
    """The comparisons of features: `other` is the model beside the full one, `sparsity` is NaN for one not pruned.

    other  by which importance it was pruned; BEFORE or NEVER
    """
    rows = runs[runs["experiment"] == "FeatureDrift"]
    unpruned = rows["pruned"] != "GradualPruning"
    drawn = (rows["pruned"] == "Redrawn") | ((rows["pruned"] == "Miniature") & (rows["pruned.steps"] == 0))
    other = rows["pruned.importance"].where(~unpruned, BEFORE).mask(drawn, NEVER)
    return rows.assign(other=other, sparsity=rows["pruned.sparsity"].where(~unpruned))


def by_layer(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """A measure after each layer, from rows of `compared`: columns sparsity, layer, value, and a row a layer."""
    long = rows[["sparsity", f"{measure}_by_layer"]].explode(f"{measure}_by_layer")
    layers = long.groupby(level=0).cumcount() + 1
    return pd.DataFrame(
        {"sparsity": long["sparsity"], "layer": layers, "value": long[f"{measure}_by_layer"].astype(float)}
    ).sort_values("layer", ignore_index=True)
