"""What many searches keep, against loops over every head, task and seed, and statsmodels' intervals."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.weightstats import DescrStatsW

from lottery.findings.searches import (
    by_place,
    comparable,
    finer_steps,
    finest,
    masks,
    overlaps,
    placed,
    sharing,
    silent,
    silent_in_words,
    sound,
    standard,
    survivors,
    unevenness,
    variations,
    varied,
)
from lottery.training import evaluation

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
    table = survivors(runs)
    assert table.index.tolist() == ["CoLA", "SST-2"]
    for task, title in (("cola", "CoLA"), ("sst2", "SST-2")):
        for kind, what in enumerate(("heads", "MLPs")):
            one, other = KEPT[task, 1][kind], KEPT[task, 2][kind]
            row = table.loc[title]
            assert row[f"{what} kept by all"] == sum(a and b for a, b in zip(one, other, strict=True))
            assert row[f"{what} kept by none"] == sum(not (a or b) for a, b in zip(one, other, strict=True))
            number = len(one)
            assert row[f"{what} by chance"] == pytest.approx(sum(one) * sum(other) / number)
            assert row[f"{what} none, by chance"] == pytest.approx((number - sum(one)) * (number - sum(other)) / number)
    assert (table["seeds"] == 2).all()


def test_without_a_sound_search_there_is_no_row(runs):
    assert survivors(runs[runs["of.task"] == "wnli"]).empty


def test_what_says_nothing_is_counted_by_task_and_reason(runs):
    assert set(sound(runs)["of.task"]) == {"cola", "sst2"}
    sentences = silent_in_words(runs)
    assert sentences.startswith("2 of 6 searches say nothing")
    assert sentences.endswith("- WNLI, 2 of 2: one answer does as well.")
    assert silent_in_words(sound(runs)) == "No search of the 4 has to be left out."


def test_a_bound_that_one_answer_reaches_is_none(runs):
    runs.loc[1, "dense_score"], runs.loc[2, "dense_score"], runs.loc[3, "majority"] = 0.55, 0.56, float("nan")
    assert sound(runs).index.tolist() == [0, 2, 3]  # 0.9 x 0.55 = 0.495, 0.9 x 0.56 = 0.504
    assert "- CoLA, 1 of 2: the majority-class baseline reaches the required share" in silent_in_words(runs)


def test_a_reason_that_was_recorded_is_told_in_the_words_of_today(runs):
    lost = runs.assign(degenerate="as it was told once", dense_score=0.5, majority=0.5)
    assert set(silent(lost)) == {evaluation.degenerate(0.5, 0.5)}
    assert set(silent(lost.assign(dense_score=0.9))) == {"as it was told once"}  # of which this knows nothing


def test_masks_stand_in_layers(runs):
    heads, mlps = masks(runs[runs["of.task"] == "cola"])
    assert heads.tolist() == [[[True, True, False], [False, False, True]], [[True, False, False], [False, True, False]]]
    assert mlps.tolist() == [[True, True], [True, False]]


def test_the_standard_search_is_that_of_the_paper(runs):
    usual = {"mode": "both", "recipe": "printed", "where": "dev", "of.train_examples": 0}
    rows = [usual, usual | {"mode": "heads"}, usual | {"recipe": "released"}, usual | {"where": "train"}]
    rows += [usual | {"of.train_examples": 700}, usual]
    assert standard(pd.DataFrame(rows)).index.tolist() == [0, 5]


def interval(differences) -> tuple[float, float, float]:
    judged = DescrStatsW(list(differences))
    return (judged.mean, *judged.tconfint_mean())


PLAIN = {"mode": "both", "guarded": False, "recipe": "printed", "where": "dev", "of.train_examples": 0}
VARIANTS = [
    PLAIN,
    PLAIN | {"mode": "heads"},
    PLAIN | {"mode": "heads", "guarded": True},
    PLAIN | {"recipe": "released"},
]


@pytest.fixture
def searches():
    """Drawn masks of two layers of three heads: three tasks and seeds by every variant, SST-2 plainly alone."""
    drawn = np.random.default_rng(0)
    rows = []
    for task in ("cola", "mrpc", "sst2"):
        for seed in (1, 2, 3):
            for variant in VARIANTS if task != "sst2" else VARIANTS[:1]:
                heads, mlps = drawn.integers(2, size=6).tolist(), drawn.integers(2, size=2).tolist()
                sizes = {"heads": sum(heads), "all_heads": 6, "mlps": sum(mlps), "all_mlps": 2}
                scores = {"score": drawn.random(), "dense_score": 0.9, "majority": 0.3, "share": 0.9, "degenerate": ""}
                place = {"experiment": "ComponentSearch", "of.task": task, "of.seed": seed}
                rows.append(place | variant | sizes | scores | {"kept_heads": heads, "kept_mlps": mlps})
    return pd.DataFrame(rows)


def test_a_variation_is_held_against_the_plain_search_of_the_same_model(searches):
    plain = (searches["mode"] == "both") & (searches["recipe"] == "printed")
    searches.loc[plain & (searches["of.task"] == "mrpc") & (searches["of.seed"] == 2), "degenerate"] = "lost"
    some = varied(searches)
    assert set(some["of.task"]) == {"cola", "mrpc"}
    table = variations(some)
    assert [tuple(row) for row in table[["mode", "guarded", "recipe"]].to_numpy()] == [
        ("both", False, "printed"), ("heads", False, "printed"), ("heads", True, "printed"),
        ("both", False, "released"),
    ]  # fmt: skip
    models = [("cola", 1), ("cola", 2), ("cola", 3), ("mrpc", 1), ("mrpc", 3)]
    of = {}
    for row in searches.to_dict("records"):
        of[row["of.task"], row["of.seed"], row["mode"], row["guarded"], row["recipe"]] = row
    for line in table.to_dict("records"):
        kind = (line["mode"], line["guarded"], line["recipe"])
        rows, plain = (
            [of[model + kind] for model in models],
            [of[(*model, "both", False, "printed")] for model in models],
        )
        assert line["searches"] == 5
        assert line["heads"] == pytest.approx(np.mean([sum(row["kept_heads"]) / 6 for row in rows]))
        assert line["mlps"] == pytest.approx(np.mean([sum(row["kept_mlps"]) / 2 for row in rows]))
        assert line["score"] == pytest.approx(np.mean([row["score"] / 0.9 for row in rows]))
        empty = [sum(not any(row["kept_heads"][layer : layer + 3]) for layer in (0, 3)) for row in rows]
        assert line["emptied"] == pytest.approx(np.mean(empty))
        if kind == ("both", False, "printed"):
            assert line["more_heads"] is line["more_mlps"] is None
            assert np.isnan(line["alike"])
            continue
        for what in ("heads", "mlps"):
            more = [row[what] - base[what] for row, base in zip(rows, plain, strict=True)]
            assert line[f"more_{what}"] == pytest.approx(interval(more))
        alike = [
            one == other
            for row, base in zip(rows, plain, strict=True)
            for one, other in zip(row["kept_heads"], base["kept_heads"], strict=True)
        ]
        assert line["alike"] == pytest.approx(sum(alike) / 30)


def test_a_variation_without_a_plain_search_has_no_row(searches):
    some = varied(searches)
    alone = some[(some["mode"] == "heads") | (some["of.task"] == "cola")]
    without = alone[(alone["of.task"] == "mrpc") & (alone["mode"] == "heads")]
    assert variations(without).empty


def test_a_place_is_held_against_dev():
    drawn = np.random.default_rng(1)
    rows = [
        PLAIN
        | {"of.task": task, "of.seed": seed, "where": where, "of.train_examples": examples}
        | {"heads": seed, "all_heads": 6, "mlps": 1, "all_mlps": 2, "degenerate": "", "share": 0.9, "majority": 0.1}
        | dict(zip(("score", "dense_score", "dev_score", "dense_dev_score"), 0.5 + drawn.random(4) / 2, strict=True))
        for task in ("cola", "mrpc")
        for seed in (1, 2)
        for where, examples in (("dev", 700), ("unseen", 700), ("dev", 0))
    ]
    table = by_place(placed(pd.DataFrame(rows)))
    assert table["where"].tolist() == ["dev", "unseen"]
    for line in table.to_dict("records"):
        some = [row for row in rows if row["where"] == line["where"] and row["of.train_examples"]]
        there = [row["score"] / row["dense_score"] for row in some]
        on_dev = [row["dev_score"] / row["dense_dev_score"] for row in some]
        assert (line["searches"], line["heads"], line["mlps"]) == (4, pytest.approx(1.5 / 6), 0.5)
        assert (line["there"], line["on_dev"]) == pytest.approx((np.mean(there), np.mean(on_dev)))
        assert line["more"] == pytest.approx(interval(100 * np.subtract(there, on_dev)))


def test_what_two_tasks_share_is_counted_head_by_head(searches):
    searches.loc[searches.query("`of.task` == 'mrpc' and `of.seed` == 2").index, "degenerate"] = "lost"
    some = comparable(searches)
    assert set(some["of.task"]) == {"cola", "sst2"}
    assert (some["mode"] == "both").all()
    kept = {(row["of.task"], row["of.seed"]): row["kept_heads"] for row in some.to_dict("records")}
    table = overlaps(some)
    assert len(table) == 3 * 4
    for row in table.to_dict("records"):
        a, b = kept[row["one"], row["seed"]], kept[row["other"], row["seed"]]
        assert row["shared"] == sum(x and y for x, y in zip(a, b, strict=True))
        assert row["expected"] == pytest.approx(sum(a) * sum(b) / 6)
    (line,) = sharing(some).to_dict("records")
    pairs = [(kept["cola", seed], kept["sst2", seed]) for seed in (1, 2, 3)]
    shared = [sum(x and y for x, y in zip(a, b, strict=True)) for a, b in pairs]
    expected = [sum(a) * sum(b) / 6 for a, b in pairs]
    assert (line["tasks"], line["seeds"]) == (2, 3)
    assert (line["shared"], line["expected"]) == pytest.approx((np.mean(shared), np.mean(expected)))
    assert line["more"] == pytest.approx(interval(np.subtract(shared, expected)))
    assert sharing(some[some["of.task"] == "cola"]).empty


CUT = [  # task, seed, step, sparsity, why it says nothing
    ("cola", 1, 0.1, 0.5, ""), ("cola", 1, 0.05, 0.55, ""), ("cola", 2, 0.1, 0.4, ""), ("cola", 2, 0.05, 0.47, ""),
    ("sst2", 1, 0.1, 0.6, ""), ("sst2", 1, 0.05, 0.62, ""), ("sst2", 2, 0.1, 0.6, ""), ("sst2", 2, 0.05, 0.9, "lost"),
]  # fmt: skip


@pytest.fixture
def cuts():
    """Searches by magnitude, in steps of two sizes; of two layers of two heads."""
    drawn = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "of.task": task,
            "of.seed": seed,
            "per_step": step,
            "sparsity": sparsity,
            "degenerate": why,
            "share": 0.9,
            "dense_score": 0.9,
            "majority": 0.5,
            "head_shares": drawn.random(4).tolist(),
            "mlp_shares": drawn.random(2).tolist(),
        }
        for task, seed, step, sparsity, why in CUT
    )


def test_steps_are_compared_on_the_models_that_both_were_taken_on(cuts):
    (line,) = finer_steps(cuts).to_dict("records")
    assert (line["coarse"], line["fine"], line["models"]) == (0.1, 0.05, 3)
    assert line["more"] == pytest.approx(interval([5, 7, 2]))
    assert finer_steps(cuts[cuts["per_step"] == 0.1]).empty


def test_the_spread_of_heads_is_that_of_every_layer_and_seed(cuts):
    assert finest(cuts).index.tolist() == [1, 3, 5]
    table = unevenness(finest(cuts)).set_index("task")
    one, other = cuts["head_shares"][1], cuts["head_shares"][3]
    means = [(a + b) / 2 for a, b in zip(one, other, strict=True)]
    row = table.loc["cola"]
    assert (row["heads_least"], row["heads_most"]) == pytest.approx((min(means), max(means)))
    mlps = [(a + b) / 2 for a, b in zip(cuts["mlp_shares"][1], cuts["mlp_shares"][3], strict=True)]
    assert (row["mlps_least"], row["mlps_most"]) == pytest.approx((min(mlps), max(mlps)))
    assert row["between_heads"] == pytest.approx(np.sqrt(sum((m - sum(means) / 4) ** 2 for m in means) / 3))
    # Of two numbers the standard deviation is their distance over the root of two.
    assert row["between_seeds"] == pytest.approx(
        np.mean([abs(a - b) for a, b in zip(one, other, strict=True)]) / 2**0.5
    )
    assert table.loc["sst2", "seeds"] == 1
    assert np.isnan(table.loc["sst2", ["between_heads", "between_seeds"]].astype(float)).all()


def test_a_variation_is_paired_with_the_plain_search_of_the_same_world(runs):
    """The same seed stands for another model in each world."""
    rows = pd.concat([runs[:2].assign(world=world, mode=mode, guarded=False, recipe="printed", where="dev",
                      **{"of.train_examples": 0, "heads": world + (mode == "heads"), "all_heads": 6, "mlps": 1,
                         "all_mlps": 1, "score": 0.5, "dense_score": 0.9})
                      for world in (1.0, 4.0) for mode in ("both", "heads")], ignore_index=True)  # fmt: skip
    (alone,) = [row for row in variations(rows).to_dict("records") if row["mode"] == "heads"]
    assert alone["searches"] == 4
    assert alone["more_heads"].mean == pytest.approx(1)
