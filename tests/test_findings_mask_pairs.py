"""Whether masks agree, on made-up pairs, against loops over them and over every way to deal tasks out."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from lottery.findings import mask_pairs
from lottery.findings.mask_pairs import KIN, LEVELS, OTHER
from lottery.findings.mask_places import HEADS

TASKS, SEEDS = ("cola", "sst2", "qnli"), (1, 2, 3)
MASKS = [(task, seed) for task in TASKS for seed in SEEDS]


@pytest.fixture
def runs() -> pd.DataFrame:
    """Every two masks of SMP-L, those of one task more alike, and SMP-L against SMP-G on each task and seed."""
    generator = np.random.default_rng(4)
    rows = []
    for one, other in combinations(MASKS, 2):
        kappas = {level: 0.3 * (one[0] == other[0]) + 0.1 * generator.random() for level in LEVELS}
        rows.append(pair("smp_l", one, "smp_l", other) | kappas | {"kappa_sd": generator.random() / 100})
    rows += [pair("smp_l", mask, "smp_g", mask) | dict.fromkeys(LEVELS, 0.5) | {"kappa_sd": 0.01} for mask in MASKS]
    return pd.DataFrame([*rows, {"experiment": "LearnedMask", "task": "cola"}])


def pair(method: str, mask: tuple, other_method: str, other: tuple) -> dict:
    return {"experiment": "MaskAgreement"} | {
        f"{side}.{name}": value
        for side, values in (("one", (method, *mask)), ("other", (other_method, *other)))
        for name, value in zip(("method", "task", "seed"), values, strict=True)
    }


def test_pairs_are_told_by_what_they_have_in_common(runs):
    rows = mask_pairs.pairs(runs)
    counts = rows.groupby("kin").size().to_dict()
    assert counts == {"same task, other seed": 9, "other task, same seed": 9, "other task, other seed": 18, OTHER: 9}
    assert set(rows.loc[rows["kin"] == OTHER, "method"]) == {"SMP-L and SMP-G"}
    assert set(rows.loc[rows["kin"] != OTHER, "method"]) == {"SMP-L"}
    for row in rows[rows["kin"] != OTHER].to_dict("records"):
        assert KIN[row["kin"]] == (row["one.task"] == row["other.task"], row["one.seed"] == row["other.seed"])


def test_the_interval_of_kappa_leaves_out_each_seed_with_all_its_pairs(runs):
    rows = mask_pairs.pairs(runs)
    some = rows[rows["kin"] == "same task, other seed"]
    for level, estimate in mask_pairs.kappas(some).items():
        values = {(row["one.seed"], row["other.seed"], row["one.task"]): row[level] for row in some.to_dict("records")}
        mean = sum(values.values()) / 9
        left = [
            np.mean([value for (one, other, _), value in values.items() if seed not in (one, other)]) for seed in SEEDS
        ]
        error = math.sqrt(2 / 3 * sum((each - np.mean(left)) ** 2 for each in left))
        reach = error * scipy.stats.t.ppf(0.975, 2)
        assert tuple(estimate) == pytest.approx((mean, mean - reach, mean + reach))
    assert mask_pairs.by_lot(some) == pytest.approx(1.96 * max(some["kappa_sd"]))
    two = some[(some["one.seed"] != 3) & (some["other.seed"] != 3)]
    assert math.isnan(mask_pairs.kappas(two)["kappa"].low)


def test_masks_of_one_task_are_more_alike_than_names_dealt_out_anew_make_them(runs):
    """Of three seeds with three names each there are 36 ways up to a renaming; one of them is the one observed."""
    rows = mask_pairs.pairs(runs)
    some = rows[rows["kin"] != OTHER]
    null = mask_pairs.same_task(some, draws=1999)
    apart = some[some["one.seed"] != some["other.seed"]]
    same = apart["one.task"] == apart["other.task"]
    assert null.observed == pytest.approx(apart.loc[same, "kappa"].mean() - apart.loc[~same, "kappa"].mean())
    assert null.p == pytest.approx(1 / 36, abs=0.012)
    assert math.isnan(mask_pairs.same_task(some[(some["one.seed"] == 1) & (some["other.seed"] == 1)], draws=9).observed)


def test_heads_are_ranked_within_their_layer_and_kind_and_compared_by_scipy():
    generator = np.random.default_rng(6)
    name = "encoder.layer.{}.attention.self.query.weight"
    masks = pd.DataFrame(
        {"task": task, "seed": seed, "matrices": [name.format(0), name.format(1)]}
        | {column: generator.random(6).tolist() for column in HEADS.values()}
        for task, seed in MASKS
    )
    found = {kin: [] for kin in KIN}
    for one, other in combinations(masks.to_dict("records"), 2):
        ranks = []
        for mask in (one, other):
            shares = [mask[column][layer : layer + 3] for column in HEADS.values() for layer in (0, 3)]
            ranks.append([each - sum(heads) / 3 for heads in shares for each in heads])
        shared = (one["task"] == other["task"], one["seed"] == other["seed"])
        (kin,) = [kin for kin, what in KIN.items() if what == shared]
        found[kin].append(scipy.stats.spearmanr(*ranks).statistic)
    correlations = mask_pairs.head_ranks(masks)
    assert correlations == pytest.approx({kin: sum(values) / len(values) for kin, values in found.items()})
    alone = mask_pairs.head_ranks(masks[masks["task"] == "cola"])
    assert math.isnan(alone["other task, other seed"])
    assert not math.isnan(alone["same task, other seed"])
