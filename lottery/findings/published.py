"""What the papers' printed tables say: the numbers that count, laid out."""

import numpy as np
import pandas as pd

ASIDE = ("dev_mismatched.accuracy", "exact_match", "mean")  # beside the one metric of a task that counts here


def one_metric(rows: pd.DataFrame) -> pd.DataFrame:
    """Those cells of Jiang et al.'s tables that hold the one metric of a task that counts here: of QQP its accuracy."""
    return rows[~rows["metric"].isin(ASIDE) & ((rows["task"] != "qqp") | (rows["metric"] == "accuracy"))]


def laid_out(facts: pd.DataFrame, value: str) -> tuple[np.ndarray, np.ndarray]:
    """A published number of every head (12, 12) and MLP (12, 1) of BERT-base; columns component, layer, head, value."""
    kinds = facts.sort_values(["layer", "head"]).groupby("component")[value]
    heads, mlps = (kinds.get_group(kind).to_numpy() for kind in ("heads", "mlps"))
    return heads.reshape(12, 12), mlps.reshape(12, 1)
