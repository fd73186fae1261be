"""Where learned masks keep weights: by matrix, by layer and by head, and how unevenly heads keep.

Tables are of `learned_masks.scored`, masks only: `matrices` and `shares` name each matrix and the share of it that
stays; `query_heads`, `key_heads`, `value_heads` and `output_heads` are the shares of heads, layer by layer.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from lottery.models.families import KINDS, kind_and_layer

HEADS = {"queries": "query_heads", "keys": "key_heads", "values": "value_heads", "outputs": "output_heads"}
POOLED = {
    **{name: [name] for name in HEADS},
    "queries and values": ["queries", "values"],
    "queries, keys and values": ["queries", "keys", "values"],
    "all four": list(HEADS),
}
WAYS = ("over all heads", "within layers")


def by_matrix(rows: pd.DataFrame, weights: Mapping[str, int]) -> pd.DataFrame:
    """Share that stays, one row a matrix of each mask: title, task, seed, kind, layer, share, and its weights.

    weights  of a matrix of each of `families.KINDS`
    """
    return pd.DataFrame(
        {name: row[name] for name in ("title", "task", "seed")}
        | {"kind": kind, "layer": layer, "share": share, "weights": weights[kind]}
        for row in rows.to_dict("records")
        for name, share in zip(row["matrices"], row["shares"], strict=True)
        for kind, layer in [kind_and_layer(name)]
    )


def by_layer(rows: pd.DataFrame) -> pd.DataFrame:
    """Share of its weights that a layer keeps, all six matrices together: a row a layer of a mask of `by_matrix`."""
    rows = rows.assign(kept=rows["share"] * rows["weights"])
    sums = rows.groupby(["title", "task", "seed", "layer"], sort=False)[["kept", "weights"]].sum()
    return (sums["kept"] / sums["weights"]).rename("share").reset_index().assign(kind="all six")


def by_kind(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean share of each kind of matrix over the layers, a row a mask; from `by_matrix`.

    returns  a column each of `KINDS`, and `times`: as much of the two feed-forward matrices as of the other four
    """
    means = rows.pivot_table("share", index=["title", "task", "seed"], columns="kind", sort=False)[[*KINDS]]
    return means.assign(times=means[[*KINDS[4:]]].mean(axis=1) / means[[*KINDS[:4]]].mean(axis=1))


def in_layers(rows: pd.DataFrame, column: str) -> np.ndarray:
    """The shares of heads in a column, (masks, layers, heads)."""
    layers = 1 + max(kind_and_layer(name)[1] for name in rows["matrices"].iloc[0])
    return np.array(rows[column].tolist(), dtype=float).reshape(len(rows), layers, -1)


def deviations(rows: pd.DataFrame) -> pd.DataFrame:
    """Standard deviation over heads of the share that remains, in points, with and without the regulariser.

    rows     masks with a `strength` above 0, and without, of 0
    returns  a row for each of POOLED, the matrices whose heads are pooled; columns "with, over all heads" and so on,
             means over the masks; within layers also over the layers
    """
    lines = {}
    for name, kinds in POOLED.items():
        line = {}
        for how, some in (("with", rows[rows["strength"] > 0]), ("without", rows[rows["strength"] == 0])):
            # (masks, layers, heads of all kinds)
            shares = 100 * np.concatenate([in_layers(some, HEADS[kind]) for kind in kinds], axis=2)
            every = shares.reshape(len(some), -1)
            for way, each in zip(WAYS, (every, shares), strict=True):
                line[f"{how}, {way}"] = each.std(axis=-1, ddof=1).mean()
        lines[name] = line
    return pd.DataFrame.from_dict(lines, orient="index")


class Pooled(NamedTuple):
    """One way to pool heads, and the deviations by it, in points."""

    matrices: str  # one of POOLED
    way: str  # one of WAYS
    pressed: float  # with the regulariser
    free: float  # without


class Nearest(NamedTuple):
    """Which way to pool comes nearest to two printed deviations.

    ways, larger       ways to pool, and by how many the deviation is larger with the regulariser
    least, most        times as large it is, at least and at most
    by_quotient        the way whose quotient is nearest the printed one
    by_both, off       the way whose worse deviation is off by the smallest factor, and that factor
    """

    ways: int
    larger: int
    least: float
    most: float
    by_quotient: Pooled
    by_both: Pooled
    off: float


def nearest(table: pd.DataFrame, pressed: float, free: float) -> Nearest:
    """The ways to pool in `deviations` against two printed numbers, in points, with and without the regulariser."""
    ways = [
        Pooled(matrices, way, table.loc[matrices, f"with, {way}"], table.loc[matrices, f"without, {way}"])
        for way in WAYS
        for matrices in table.index
    ]
    times = [each.pressed / each.free for each in ways]
    off = [np.exp(max(abs(np.log(each.pressed / pressed)), abs(np.log(each.free / free)))) for each in ways]
    quotients = [abs(np.log(each / (pressed / free))) for each in times]
    return Nearest(
        len(ways),
        sum(each > 1 for each in times),
        min(times),
        max(times),
        ways[int(np.argmin(quotients))],
        ways[int(np.argmin(off))],
        float(min(off)),
    )
