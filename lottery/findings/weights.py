"""How a model's weights are distributed, and what one cut by magnitude takes (Gordon et al. 2020, appendix)."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from lottery import statistics as stats

PARTS = {"": "all", "_words": "whole words", "_pieces": "pieces that continue"}  # of the vocabulary, by their columns
CORRELATIONS = ("norm_length", "norm_id", "norm_length_given_id")  # of an embedding's norm
NEITHER = 0.1  # a rank correlation that is no larger counts as none


def profiles(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows that describe a model's weights."""
    return runs[runs["experiment"] == "WeightProfile"]


def normal_share(sparsity: np.ndarray) -> np.ndarray:
    """The share of all magnitude that goes with the smallest share `sparsity` of weights that are normal around 0.

    1 - exp(-q^2 / 2), where q is the normal quantile of (1 + sparsity) / 2, whatever the standard deviation.
    """
    return -np.expm1(-(norm.ppf((1 + sparsity) / 2) ** 2) / 2)


def cut_sums(profiles: pd.DataFrame) -> pd.DataFrame:
    """What one cut takes of the sum of a model's weights, over its seeds: a row a sparsity.

    returns  `share` of all magnitude, the mean; `apart`, at most, from `normal_share`; `signed`, at most, the sum with
             signs of what goes over its sum of magnitudes, as a size
    """
    sparsities = np.asarray(profiles["cut_sparsities"].iloc[0], dtype=float)
    shares, signed, absolute = (
        np.stack([np.asarray(each, dtype=float) for each in profiles[name]])
        for name in ("removed_share", "removed_signed", "removed_absolute")
    )
    with np.errstate(invalid="ignore"):  # where nothing is cut, 0 / 0
        cancelled = np.abs(signed / absolute)
    return pd.DataFrame(
        {
            "share": shares.mean(axis=0),
            "apart": np.abs(shares - normal_share(sparsities)).max(axis=0),
            "signed": cancelled.max(axis=0),
        },
        index=pd.Index(sparsities, name="sparsity"),
    )


def heads(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows that tell of heads, with `way`, how the mask was made, and its `sparsity`."""
    rows = runs[runs["experiment"] == "HeadShares"]
    ways = {"Cut": "one cut", "GradualPruning": "trained mask"}
    return rows.assign(way=rows["kept"].map(ways), sparsity=rows["kept.sparsity"])


def head_spread(heads: pd.DataFrame) -> pd.DataFrame:
    """How differently heads are pruned, from rows of `heads`: a row a way and sparsity above 0.

    returns  `heads`, how many; `lowest`, `highest` share removed of a head, over the seeds; `ratio`, an estimate: the
             standard deviation over the heads by that of a random choice within each matrix
    """
    rows = {}
    for place, some in heads[heads["sparsity"] > 0].groupby(["way", "sparsity"], sort=False):
        rows[place] = {
            "heads": len(some["shares"].iloc[0]),
            "lowest": some["lowest"].min(),
            "highest": some["highest"].max(),
            "ratio": stats.mean_interval(some["sd"] / some["chance_sd"]),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["way", "sparsity"])


def correlations(profiles: pd.DataFrame) -> pd.DataFrame:
    """Rank correlations of the norm of a token's embedding, over the seeds: a row a part of the vocabulary, of PARTS.

    returns  `tokens`, how many on average, and estimates of CORRELATIONS: with the token's length, with its number in
             the vocabulary, and with its length at equal number
    """
    return pd.DataFrame(
        {
            title: {"tokens": profiles[f"tokens{part}"].mean()}
            | {name: stats.mean_interval(profiles[f"{name}{part}"]) for name in CORRELATIONS}
            for part, title in PARTS.items()
        }
    ).T


def with_length(profiles: pd.DataFrame) -> int:
    """1 where longer words have larger embeddings than shorter ones, -1 where smaller, 0 within NEITHER."""
    mean = profiles["norm_length_words"].mean()
    return 0 if abs(mean) < NEITHER else int(np.sign(mean))
