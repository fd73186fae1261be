"""What changes to a recipe add, on made-up runs whose scores are sums of known parts, against scipy's intervals."""

import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from lottery.findings import mask_recipes
from lottery.findings.mask_recipes import BASE

USUAL = {"experiment": "LearnedMask", "method": "smp_l", "strength": 400.0, "teacher": None, "guided": "released"}
USUAL |= {"released_words": False, "summed": False, "pressing": "run", "head": "mlm", "start.model": "minilm"}
CHANGES = {
    BASE: {},
    "the bare embedding": {"head": "embedding"},
    "a new head, trained": {"head": "random"},
    "a new head, trained, no regulariser": {"head": "random", "strength": 0.0},
    "no regulariser": {"strength": 0.0},
    "strength 100": {"strength": 100.0},
    "the regulariser as a sum": {"summed": True},
    "the regulariser rising with the sparsity": {"pressing": "ramp"},
    "the words as released": {"released_words": True},
    "a teacher, as printed": {"teacher": "FineTuning", "guided": "printed"},
    "a teacher, as released": {"teacher": "FineTuning"},
}
GAINS = {name: 0.01 * number for number, name in enumerate(CHANGES)}
LUCK = {1: 0.004, 2: -0.001, 3: 0.002}  # of a seed, of all but the base


def score(recipe: str, sparsity: float, task: str, seed: int) -> float:
    return 0.5 - sparsity / 10 + 0.1 * (task == "sst2") + GAINS[recipe] + LUCK[seed] * (recipe != BASE)


@pytest.fixture
def runs() -> pd.DataFrame:
    rows = [
        USUAL | change | {"sparsity": sparsity, "task": task, "seed": seed, "majority": 0.4}
        | {"score": score(recipe, sparsity, task, seed)}
        for recipe, change in CHANGES.items()
        for sparsity in (0.5, 0.9)
        for task in ("cola", "sst2")
        for seed in LUCK
    ]  # fmt: skip
    rival = USUAL | {"method": "movement", "strength": 0.0, "head": "random", "teacher": "FineTuning"}
    rows += [rival | {"sparsity": 0.9, "task": "sst2", "seed": seed, "score": 0.3, "majority": 0.4} for seed in LUCK]
    rows.append({"experiment": "FineTuning", "task": "cola", "seed": 1, "score": 0.7, "majority": 0.4})
    return pd.DataFrame(rows)


def test_what_was_varied_is_told_by_what_differs_from_the_base(runs):
    rows = mask_recipes.varied(runs, "smp_l")
    assert rows.groupby("recipe", sort=False).size().to_dict() == dict.fromkeys(CHANGES, 12)
    assert mask_recipes.pressed(rows) == [
        "no regulariser",
        "strength 100",
        "the regulariser as a sum",
        "the regulariser rising with the sparsity",
    ]


def test_where_no_head_is_made_of_words_the_trained_one_is_the_base(runs):
    """As on a user's file: what was told of the MLM head is told of the new one, and that is no change."""
    own = runs[(runs["head"] == "mlm") & (runs["task"] == "cola")].assign(task="own", head="random")
    both = pd.concat([runs[runs["method"] == "smp_l"], own], ignore_index=True)
    rows = mask_recipes.varied(both, "smp_l")
    with_words = [name for name, change in CHANGES.items() if "head" not in change]
    mine = rows[rows["task"] == "own"]
    assert mine.groupby("recipe", sort=False).size().to_dict() == dict.fromkeys(with_words, 6)
    pd.testing.assert_frame_equal(rows[rows["task"] != "own"], mask_recipes.varied(runs, "smp_l"), check_dtype=False)


def test_a_recipe_adds_what_it_was_given_with_the_interval_of_scipy(runs):
    lines = mask_recipes.against_base(mask_recipes.varied(runs, "smp_l"))
    assert list(zip(lines["recipe"], lines["asked"], strict=True)) == [
        (recipe, asked) for recipe in CHANGES if recipe != BASE for asked in (0.5, 0.9)
    ]
    for line in lines.to_dict("records"):
        more = [100 * (GAINS[line["recipe"]] + luck) for luck in LUCK.values()]
        interval = ttest_1samp(more, 0).confidence_interval(0.95)
        assert (line["mean"], line["low"], line["high"]) == pytest.approx((sum(more) / 3, *interval))


def test_without_any_other_recipe_there_is_no_line(runs):
    lines = mask_recipes.against_base(mask_recipes.varied(runs[:12], "smp_l"))
    assert lines.empty
    assert lines.columns.tolist() == ["recipe", "asked", "mean", "low", "high"]


def test_methods_under_a_teacher_stand_beside_the_base_without_one_on_their_tasks(runs):
    rows = mask_recipes.taught(runs, "smp_l")
    assert rows.groupby(["title", "task"]).size().to_dict() == {
        ("SMP-L", "cola"): 6,
        ("SMP-L", "sst2"): 6,
        ("SMP-L, no teacher", "cola"): 6,
        ("SMP-L, no teacher", "sst2"): 6,
        ("movement", "sst2"): 3,
    }
    assert set(rows.loc[rows["title"] == "SMP-L", "guided"]) == {"released"}
    only = mask_recipes.taught(runs[(runs["task"] == "sst2") | runs["teacher"].isna()], "smp_l")
    assert set(only["task"]) == {"sst2"}
