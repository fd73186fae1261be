"""Made-up runs of each study, and one table of them: each way beside the full model of its own study."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from lottery import store
from lottery.findings import ways_to_cut

BOOK = Path(__file__).parent.parent / "book"
NONE = pd.DataFrame()
EXAMPLES = {"cola": 1000, "rte": 277, "stsb": 1500}


def similarity(sparsity, score, importance="magnitude", seed=0):
    told = {"task": "stsb", "unit": "weights", "importance": importance, "scope": "global", "embeddings": False}
    told |= {"sparsity": sparsity, "seed": seed, "score": score, "score_error": 0.01}
    return (
        told
        | {"change": score - 0.9, "change_error": 0.005, "nearness": 1.0, "nearness_error": 0.0}
        | {
            "removed": int(100 * sparsity),
            "units": 100,
        }
    )


def one_shot(task, seed, epochs, sparsity, score, majority):
    told = {"dense.task": task, "dense.seed": seed, "pooler": False, "retrain_epochs": epochs, "sparsity": sparsity}
    return told | {"score": score, "majority": majority}


def cuts(**records):
    studies = dict.fromkeys(["encoder", "one_cut", "learned", "smaller", "files"], NONE)
    return ways_to_cut.cuts(**studies | records, examples=EXAMPLES)


def test_an_encoder_is_compared_pair_by_pair_and_over_draws():
    rows = [similarity(0.0, 0.9), similarity(0.5, 0.88)]
    rows += [similarity(0.5, 0.6 + 0.1 * seed, "random", seed) for seed in (1, 2, 3)]
    table = cuts(encoder=pd.DataFrame(rows)).set_index("way")
    assert [*table.index] == ["weights by size", "weights at random"]
    by_size, random = table.loc["weights by size"], table.loc["weights at random"]
    assert (by_size["full"], by_size["score"], by_size["over"]) == (0.9, 0.88, "the pairs of sentences")
    assert by_size["change"] == pytest.approx((-0.02, -0.02 - 1.96 * 0.005, -0.02 + 1.96 * 0.005), abs=1e-4)
    assert random["score"] == pytest.approx(0.8)
    reach = student.ppf(0.975, 2) * np.std([0.7, 0.8, 0.9], ddof=1) / math.sqrt(3)
    assert random["change"] == pytest.approx((-0.1, -0.1 - reach, -0.1 + reach))
    assert random["over"] == "3 draws"
    assert table["zeros"].all()


def test_two_studies_of_a_task_are_told_apart():
    fine_tuned = [
        one_shot("stsb", seed, 0.0, sparsity, 0.8 - sparsity / 10, 0.0) for seed in (0, 1) for sparsity in (0, 0.5)
    ]
    table = cuts(encoder=pd.DataFrame([similarity(0.0, 0.9), similarity(0.5, 0.88)]), one_cut=pd.DataFrame(fine_tuned))
    assert table[["task", "trained", "way", "full"]].to_numpy().tolist() == [
        ["stsb", False, "weights by size", 0.9],
        ["stsb", True, "weights by size", 0.8],
    ]


def test_a_cut_without_a_score_is_left_out_alone():
    rows = [similarity(0.0, 0.9), similarity(0.5, 0.88), similarity(0.9, math.nan)]
    assert cuts(encoder=pd.DataFrame(rows))["removed"].to_list() == [0.5]
    assert cuts(encoder=pd.DataFrame([similarity(0.0, math.nan), similarity(0.5, 0.88)])).empty


def test_a_full_model_near_the_baseline_says_nothing():
    scores = {"cola": (0.3, 0.2, 0.0), "rte": (0.55, 0.5, 0.53)}
    rows = [
        one_shot(task, seed, epochs, sparsity, score + 0.01 * seed, majority)
        for task, (whole, cut, majority) in scores.items()
        for seed in (0, 1)
        for epochs, sparsity, score in ((0.0, 0.0, whole), (0.0, 0.5, cut), (1.0, 0.0, whole), (1.0, 0.5, cut + 0.05))
    ]
    table = cuts(one_cut=pd.DataFrame(rows))
    assert set(table["task"]) == {"cola"}
    assert [*table["way"]] == ["weights by size", "weights by size, retrained"]
    assert [each.mean for each in table["change"]] == pytest.approx([-0.1, -0.05])
    assert all(math.isnan(each.low) for each in table["change"])  # two seeds have no interval that says something
    assert [*table["over"]] == ["2 seeds"] * 2


def test_a_mask_has_the_bytes_of_its_kind_share_and_number_of_weights():
    def size(kept, bits, weights, **more):
        told = {"kept": kept, "entropy": bits * weights / 8, "weights": weights, "stay": weights // 2}
        return told | {"bits": 1, "zlib": 1, "lzma": 1, "bound": 1, "by_row": 1} | more

    files = pd.DataFrame(
        [
            size("ByLot", 0.9, 8000),
            size("Cut", 0.5, 800, **{"kept.scope": "global"}),
            size("Cut", 0.7, 800, **{"kept.scope": "global"}),
            size("Cut", 0.8, 800, **{"kept.scope": "local"}),
        ]
    )
    rows = [similarity(0.0, 0.9), similarity(0.5, 0.88), similarity(0.6, 0.8)]
    assert cuts(encoder=pd.DataFrame(rows), files=files)["mask"].to_list() == pytest.approx([60, math.nan], nan_ok=True)


def test_a_change_is_what_the_score_is_away_from_the_full_models():
    """Of all that is recorded of a real BERT, whatever it is."""
    names = ["without_training", "how_much_can_go", "mask_learning", "smaller_model", "mask_files"]
    places = [BOOK / "records" / "minilm" / f"{name}.parquet" for name in names]
    studies = ["encoder", "one_cut", "learned", "smaller", "files"]
    examples = pd.read_csv(BOOK / "published" / "glue_dev.csv").set_index("task")["examples"]
    table = ways_to_cut.cuts(**dict(zip(studies, map(store.recorded, places), strict=True)), examples=examples)
    assert table["zeros"].any()
    assert not table["zeros"].all()
    means = [each.mean for each in table["change"]]
    assert means == pytest.approx((table["score"] - table["full"]).to_list(), abs=1e-6)
    sized = table[~table["zeros"].astype(bool)]
    assert (sized["bytes"] > 0).all()
    assert all(each.low < each.mean < each.high for each in sized["faster"])
    smaller = store.recorded(places[3])
    zeroed = ways_to_cut.zeroed(smaller)
    assert (zeroed["faster"].map(lambda each: each.mean) < 1.3).all()


def test_nothing_recorded_is_an_empty_table():
    assert cuts().empty
    assert ways_to_cut.zeroed(NONE).empty
