"""Thresholds within each matrix against one for the whole model (Gordon et al. 2020, footnote 5)."""

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.findings import prunable

SAME = 0.01  # of accuracy: the difference within which two ways to prune are held to be the same


def tested(runs: pd.DataFrame) -> pd.DataFrame:
    """Global minus local thresholds, paired over the seeds: a row a sparsity.

    returns  `loss` and `accuracy`, estimates, of the MLM loss and of the mean accuracy over the tasks; `p`, that the
             two accuracies are the same within SAME, corrected by Holm for the sparsities
    """
    losses, accuracies = (
        prunable.curves(prunable.by_scope(rows), ["scope"], value)
        for rows, value in ((prunable.pruned(runs), "mlm_loss"), (prunable.tuned(runs), "accuracy"))
    )
    more = [
        [(each.loc["global"][sparsity], each.loc["local"][sparsity]) for sparsity in accuracies]
        for each in (losses, accuracies)
    ]
    loss, accuracy = ([stats.paired_difference(*pair) for pair in pairs] for pairs in more)
    p_values = stats.holm([stats.equivalence(*pair, SAME) for pair in more[1]])
    return pd.DataFrame({"loss": loss, "accuracy": accuracy, "p": p_values}, index=accuracies.columns)


def matrix_shares(runs: pd.DataFrame) -> pd.DataFrame:
    """A row a matrix of each pruned model: sparsity, scope, seed, matrix, part, size, share and number removed.

    part  "word embeddings", "pooler" or "layers"
    Empty where no scopes are compared.
    """
    rows = runs[runs["experiment"] == "MatrixShares"]
    if rows.empty:
        return pd.DataFrame()
    kept = {f"kept.{name}": name for name in ("sparsity", "scope", "seed")}
    lists = {"matrices": "matrix", "sizes": "size", "shares": "share"}
    each = rows[[*kept, *lists]].explode([*lists]).rename(columns=kept | lists)
    each = each.astype({"size": int, "share": float}).reset_index(drop=True)
    part = np.select(
        [each["matrix"].str.contains("word_embeddings"), each["matrix"].str.contains("pooler")],
        ["word embeddings", "pooler"],
        "layers",
    )
    return each.assign(part=part, removed=each["share"] * each["size"])
