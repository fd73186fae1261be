"""Made-up models of other texts, languages and scopes: which are compared, and curves against lines by hand."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from toy_pretrainings import SEEDS, varied_runs

from lottery import miniature
from lottery.findings import prunable


def t_interval(values) -> tuple[float, float, float]:
    return (np.mean(values), *scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95))


@pytest.fixture
def runs():
    return varied_runs()


def counts(rows: pd.DataFrame, *names: str) -> dict:
    return {name: sorted(set(rows[name])) for name in names}


def test_other_texts_languages_and_scopes_are_held_against_the_usual_of_the_same_tasks(runs):
    text = prunable.by_text(runs)
    assert counts(text, "documents", "task", "train_examples", "nouns") == {
        "documents": [700, miniature.DOCUMENTS],
        "task": ["cola", "sst2"],
        "train_examples": [0, 300],
        "nouns": [miniature.NOUNS],
    }
    assert len(text) == 3 * 3 * 2 * 2 * 2
    pruned, tuned = prunable.by_language(runs)
    assert counts(tuned, "nouns", "task", "sparsity") == {
        "nouns": [miniature.NOUNS, 390],
        "task": ["qnli", "sst2"],
        "sparsity": [0.0, 0.3],
    }
    assert (len(pruned), len(tuned)) == (3 * 2 * 2, 3 * 2 * 2 * 2)
    scope = prunable.by_scope(prunable.tuned(runs))
    assert counts(scope, "scope", "task", "sparsity") == {
        "scope": ["global", "local"],
        "task": ["qnli", "sst2"],
        "sparsity": [0.6],
    }
    assert len(prunable.by_scope(prunable.pruned(runs))) == 3 * 2
    assert len(prunable.usual(prunable.tuned(runs))) == 3 * 3 * 3


def test_a_curve_leaves_its_control_on_the_line_between_two_points():
    index = pd.MultiIndex.from_product([["a", "b"], [1]], names=["by", "seed"])
    curves = pd.DataFrame([[0.8, 0.79, 0.75], [0.6, 0.61, 0.60]], index, [0.0, 0.3, 0.6])
    # a: 2 points are lost between 30 % (1 point) and 60 % (5 points), at a quarter of the way; b: never
    assert prunable.share(curves).tolist() == pytest.approx([0.3 + 0.3 / 4, 0.6])
    # a gained 30 points over guessing, so 3 are allowed, at half of the way; b gained 10, so 1 is
    assert prunable.share_of_gain(curves, 0.5).tolist() == pytest.approx([0.3 + 0.3 / 2, 0.6])
    assert np.isnan(prunable.share_of_gain(curves, 0.7)["b", 1])
    losses = pd.DataFrame([[2.0, 2.02, 2.42]], index[:1], [0.0, 0.3, 0.6])
    # 0.05 nats more than 2.02 - 2.00, of the 0.40 between the two points
    assert prunable.by_loss(losses, 0.05).tolist() == pytest.approx([0.3 + 0.3 * 0.03 / 0.40])
    assert prunable.by_loss(losses + 1, 0.1).tolist() == pytest.approx([0.3 + 0.3 * 0.08 / 0.40])


def test_means_over_tasks_make_a_curve_each_seed_and_guessing_is_one_of_its_classes(runs):
    curves = prunable.curves(prunable.by_text(runs), ["documents", "train_examples"])
    rows = runs[(runs["start.start.documents"] == 700) & (runs["train_examples"] == 300)]
    for seed, curve in curves.loc[(700, 300)].iterrows():
        for sparsity, mean in curve.items():
            some = rows[(rows["seed"] == seed) & (rows["start.sparsity"] == sparsity)]
            assert mean == pytest.approx(sum(some["accuracy"]) / 2)
    points = prunable.points(curves, "accuracy")
    assert len(points) == curves.size
    point = points.iloc[7]
    name = tuple(point[["documents", "train_examples", "seed"]])
    assert point["accuracy"] == curves.loc[name, point["sparsity"]]
    assert prunable.guessing(pd.DataFrame({"task": ["mnli", "cola", "mnli"]})) == pytest.approx((1 / 3 + 1 / 2) / 2)


def test_more_examples_are_held_against_few_with_little_text_and_with_much():
    values = pd.DataFrame(
        {300: [0.5, 0.6, 0.7, 0.4, 0.4, 0.5], 0: [0.3, 0.45, 0.5, 0.41, 0.39, 0.5]},
        pd.MultiIndex.from_product([[700, 14000], SEEDS], names=["documents", "seed"]),
    )
    more = prunable.more_examples(values)
    assert prunable.over_seeds(more)[700] == pytest.approx(t_interval([-0.2, -0.15, -0.2]))
    effect = prunable.text_effect(more)
    assert effect.least == pytest.approx(t_interval([-0.2, -0.15, -0.2]))
    assert effect.contrast == pytest.approx(t_interval([-0.21, -0.14, -0.2]))
    assert effect.sign == 1
    assert prunable.text_effect(-more).sign == -1
    assert prunable.text_effect(more + 0.5).sign == 0  # more with much text, but not less with little
    assert prunable.text_effect(more.mul([1, -1, 1], axis=0)).sign == 0


def test_the_richest_language_is_held_against_the_poorest():
    values = pd.Series(
        [0.9, 0.8, 0.7, 0.1, 0.1, 0.1, 0.5, 0.6, 0.4],
        pd.MultiIndex.from_product([[97, 195, 390], SEEDS], names=["nouns", "seed"]),
    )
    assert prunable.richest_minus_poorest(values) == pytest.approx(t_interval([-0.4, -0.2, -0.3]))
