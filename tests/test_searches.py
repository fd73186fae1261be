"""What many searches found, against loops over every head and seed."""

import pandas as pd
import pytest

from lottery.findings.searches import masks, silent_told, sound, standard, survivors

KEPT = {  # two layers of three heads, two seeds; CoLA keeps the same head twice, SST-2 none in common
    ("cola", 1): ([1, 1, 0, 0, 0, 1], [1, 1]),
    ("cola", 2): ([1, 0, 0, 0, 1, 0], [1, 0]),
    ("sst2", 1): ([1, 1, 1, 0, 0, 0], [0, 1]),
    ("sst2", 2): ([0, 0, 0, 1, 1, 1], [1, 0]),
    ("wnli", 1): ([0, 0, 0, 0, 0, 0], [0, 0]),
    ("wnli", 2): ([0, 0, 0, 0, 0, 0], [0, 0]),
}


@pytest.fixture
def runs():
    return pd.DataFrame(
        {
            "of.task": task,
            "of.seed": seed,
            "kept_heads": heads,
            "kept_mlps": mlps,
            "degenerate": "one answer does as well" if task == "wnli" else "",
            "share": 0.9,
            "dense_score": 0.6,
            "majority": 0.5,
        }
        for (task, seed), (heads, mlps) in KEPT.items()
    )


def test_what_all_seeds_and_none_keep_is_counted_one_by_one(runs):
    found = survivors(runs)
    assert found.index.tolist() == ["CoLA", "SST-2"]
    for task, title in (("cola", "CoLA"), ("sst2", "SST-2")):
        for kind, what in enumerate(("heads", "MLPs")):
            one, other = KEPT[task, 1][kind], KEPT[task, 2][kind]
            row = found.loc[title]
            assert row[f"{what} kept by all"] == sum(a and b for a, b in zip(one, other, strict=True))
            assert row[f"{what} kept by none"] == sum(not (a or b) for a, b in zip(one, other, strict=True))
            number = len(one)
            assert row[f"{what} by chance"] == pytest.approx(sum(one) * sum(other) / number)
            assert row[f"{what} none, by chance"] == pytest.approx((number - sum(one)) * (number - sum(other)) / number)
    assert (found["seeds"] == 2).all()


def test_without_a_sound_search_there_is_no_row(runs):
    assert survivors(runs[runs["of.task"] == "wnli"]).empty


def test_what_says_nothing_is_told_with_its_seeds(runs):
    assert set(sound(runs)["of.task"]) == {"cola", "sst2"}
    told = silent_told(runs)
    assert told.startswith("Of 6 searches 2 say nothing")
    assert told.endswith("- WNLI, seed 1, seed 2: one answer does as well.")
    assert silent_told(sound(runs)) == "None of the 4 searches is degenerate."


def test_a_bound_that_one_answer_reaches_is_none(runs):
    runs.loc[1, "dense_score"], runs.loc[2, "dense_score"], runs.loc[3, "majority"] = 0.55, 0.56, float("nan")
    assert sound(runs).index.tolist() == [0, 2, 3]  # 0.9 x 0.55 = 0.495, 0.9 x 0.56 = 0.504
    assert "- CoLA, seed 2: the share of the whole model's score" in silent_told(runs)


def test_masks_stand_in_layers(runs):
    heads, mlps = masks(runs[runs["of.task"] == "cola"])
    assert heads.tolist() == [[[True, True, False], [False, False, True]], [[True, False, False], [False, True, False]]]
    assert mlps.tolist() == [[True, True], [True, False]]


def test_the_standard_search_is_that_of_the_paper(runs):
    usual = {"mode": "both", "recipe": "printed", "where": "dev", "of.train_examples": 0}
    rows = [usual, usual | {"mode": "heads"}, usual | {"recipe": "released"}, usual | {"where": "train"}]
    rows += [usual | {"of.train_examples": 700}, usual]
    assert standard(pd.DataFrame(rows)).index.tolist() == [0, 5]
