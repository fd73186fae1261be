"""Where masks keep, on made-up shares, against loops over matrices and heads."""

import math
import statistics

import numpy as np
import pandas as pd
import pytest

from lottery.findings import mask_places
from lottery.findings.mask_places import HEADS
from lottery.models.families import KINDS

PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention output": "attention.output.dense",
    "intermediate": "intermediate.dense",
    "output": "output.dense",
}
WEIGHTS = dict.fromkeys(KINDS[:4], 16) | dict.fromkeys(KINDS[4:], 64)
LAYERS, WIDTH = 2, 3
NAMES = {
    (kind, layer): f"encoder.layer.{layer}.{part}.weight" for layer in range(LAYERS) for kind, part in PARTS.items()
}


@pytest.fixture
def rows() -> pd.DataFrame:
    """Four masks of two layers of three heads."""
    generator = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "title": "SMP-G",
            "task": task,
            "seed": seed,
            "strength": 400.0 * (task == "cola"),
            "matrices": list(NAMES.values()),
            "shares": generator.random(len(NAMES)).tolist(),
            **{column: generator.random(LAYERS * WIDTH).tolist() for column in HEADS.values()},
        }
        for task in ("cola", "sst2")
        for seed in (1, 2)
    )


def share(row: dict, kind: str, layer: int) -> float:
    return row["shares"][row["matrices"].index(NAMES[kind, layer])]


def test_every_matrix_and_every_layer_is_a_row(rows):
    matrices = mask_places.by_matrix(rows, WEIGHTS)
    layers = mask_places.by_layer(matrices)
    assert (len(matrices), len(layers)) == (4 * 12, 4 * LAYERS)
    for row in rows.to_dict("records"):
        here = matrices[(matrices["task"] == row["task"]) & (matrices["seed"] == row["seed"])]
        for one in here.to_dict("records"):
            assert one["share"] == share(row, one["kind"], one["layer"])
            assert one["weights"] == WEIGHTS[one["kind"]]
        for layer in range(LAYERS):
            kept = sum(WEIGHTS[kind] * share(row, kind, layer) for kind in KINDS)
            which = (layers["task"] == row["task"]) & (layers["seed"] == row["seed"]) & (layers["layer"] == layer)
            assert layers.loc[which, "share"].item() == pytest.approx(kept / sum(WEIGHTS.values()))
    assert set(layers["kind"]) == {"all six"}


def test_feed_forward_matrices_are_held_against_the_others_mask_by_mask(rows):
    kinds = mask_places.by_kind(mask_places.by_matrix(rows, WEIGHTS))
    for row in rows.to_dict("records"):
        means = {kind: sum(share(row, kind, layer) for layer in range(LAYERS)) / LAYERS for kind in KINDS}
        line = kinds.loc["SMP-G", row["task"], row["seed"]]
        assert line[[*KINDS]].tolist() == pytest.approx(list(means.values()))
        others = sum(means[kind] for kind in KINDS[:4]) / 4
        assert line["times"] == pytest.approx((means["intermediate"] + means["output"]) / 2 / others)


def test_shares_of_heads_stand_layer_by_layer(rows):
    shares = mask_places.in_layers(rows, "query_heads")
    assert shares.shape == (4, LAYERS, WIDTH)
    assert shares[1, 1, 2] == rows["query_heads"].iloc[1][5]


def test_deviations_over_heads_are_pooled_as_they_are_called(rows):
    table = mask_places.deviations(rows)
    assert table.index.tolist() == list(mask_places.POOLED)
    for pooled, kinds in mask_places.POOLED.items():
        for how, task in (("with", "cola"), ("without", "sst2")):
            overall, within = [], []
            for row in rows[rows["task"] == task].to_dict("records"):
                every = [100 * each for kind in kinds for each in row[HEADS[kind]]]
                overall.append(statistics.stdev(every))
                for layer in range(LAYERS):
                    here = slice(WIDTH * layer, WIDTH * layer + WIDTH)
                    within.append(statistics.stdev(100 * each for kind in kinds for each in row[HEADS[kind]][here]))
            assert table.loc[pooled, f"{how}, over all heads"] == pytest.approx(statistics.mean(overall))
            assert table.loc[pooled, f"{how}, within layers"] == pytest.approx(statistics.mean(within))


def test_the_nearest_way_to_pool_is_found_by_the_quotient_and_by_both_numbers():
    table = pd.DataFrame(
        {
            "with, over all heads": [8.0, 2.0],
            "without, over all heads": [2.0, 4.0],
            "with, within layers": [3.0, 1.0],
            "without, within layers": [2.0, 0.5],
        },
        index=["queries", "keys"],
    )
    nearest = mask_places.nearest(table, 4.0, 2.0)  # quotients 4, 1/2, 1.5 and 2 against 2
    assert (nearest.ways, nearest.larger, nearest.least, nearest.most) == (4, 3, 0.5, 4.0)
    assert nearest.by_quotient == ("keys", "within layers", 1.0, 0.5)  # off by factors of 4 and 4
    assert nearest.by_both == ("queries", "within layers", 3.0, 2.0)
    assert nearest.off == pytest.approx(4 / 3)
    assert math.isclose(mask_places.nearest(table, 1.0, 0.5).off, 1.0)
