"""Scores and changes of one's own models, compared with formulas and a loop."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from lottery.data import metrics, tagged
from lottery.findings import own_answers


def answers(given, labels, other_split=True) -> pd.DataFrame:
    dev = pd.DataFrame({"split": "dev", "answer": given, "label": labels})
    unseen = pd.DataFrame({"split": "test", "answer": [9], "label": [8]}) if other_split else None
    return pd.concat([unseen, dev], ignore_index=True).astype(str)


@pytest.fixture
def drawn():
    """Labels of 400 rows; a model that is right on 90% of them, and one cut from it that loses some and wins few."""
    draw = np.random.default_rng(1)
    labels = draw.integers(3, size=400)
    whole = np.where(draw.random(400) < 0.9, labels, (labels + 1) % 3)
    cut = np.where(draw.random(400) < 0.85, whole, draw.integers(3, size=400))
    return labels, whole, cut


def test_a_share_of_right_answers_has_wilsons_interval(drawn):
    labels, whole, _ = drawn
    share, low, high = own_answers.score(answers(whole, labels), metrics.accuracy, counted=True)
    n, z = 400, scipy_stats.norm.ppf(0.975)
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    assert share == (whole == labels).mean()
    assert (low, high) == pytest.approx((middle - reach, middle + reach))


def test_another_score_has_that_of_a_bootstrap(drawn):
    draw = np.random.default_rng(2)
    labels = draw.normal(size=300)
    given = labels + draw.normal(size=300)
    r, low, high = own_answers.score(answers(given, labels), metrics.pearson, counted=False)
    fisher = np.tanh(np.arctanh(np.corrcoef(given, labels)[0, 1]) + np.array([-1.96, 1.96]) / np.sqrt(297))
    assert r == pytest.approx(np.corrcoef(given, labels)[0, 1])
    assert (low, high) == pytest.approx(tuple(fisher), abs=0.02)


def test_one_seed_has_a_paired_interval_over_rows(drawn):
    labels, whole, cut = drawn
    value, low, high = own_answers.change(
        [answers(whole, labels)], [answers(cut, labels)], metrics.accuracy, counted=True
    )
    each = (cut == labels).astype(float) - (whole == labels)
    reach = 1.96 * each.std(ddof=1) / np.sqrt(400)
    assert value == pytest.approx(each.mean())
    assert (low, high) == pytest.approx((each.mean() - reach, each.mean() + reach), abs=0.004)
    apart = 1.96 * np.sqrt((whole == labels).var() / 400 + (cut == labels).var() / 400)
    assert high - low < 1.8 * apart  # rows taken together say more than two scores apart


def test_seeds_widen_the_interval_where_they_differ(drawn):
    labels, whole, cut = drawn
    same = own_answers.change([answers(whole, labels)] * 3, [answers(cut, labels)] * 3, metrics.accuracy, counted=True)
    worse = np.where(np.arange(400) % 3, cut, (labels + 2) % 3)
    apart = own_answers.change(
        [answers(whole, labels)] * 3,
        [answers(cut, labels), answers(worse, labels), answers(whole, labels)],
        metrics.accuracy,
        counted=True,
    )
    assert apart.high - apart.low > 2 * (same.high - same.low)


def test_models_that_answer_alike_have_no_interval_and_other_rows_are_refused(drawn):
    labels, whole, _ = drawn
    value, low, high = own_answers.change(
        [answers(whole, labels)], [answers(whole, labels)], metrics.accuracy, counted=True
    )
    assert value == 0
    assert np.isnan([low, high]).all()
    with pytest.raises(ValueError, match="different rows"):
        own_answers.change([answers(whole, labels)], [answers(whole, (labels + 1) % 3)], metrics.accuracy, counted=True)


def test_a_counted_change_is_that_of_its_metric(drawn):
    labels, whole, cut = drawn
    for seeds in (1, 3):
        one, other = [answers(whole, labels)] * seeds, [answers(cut, labels)] * seeds
        fast = own_answers.change(one, other, metrics.accuracy, counted=True)
        slow = own_answers.change(one, other, metrics.accuracy, counted=False)
        assert fast == pytest.approx(slow, abs=0.008)


def test_a_model_of_one_answer_has_no_correlation_and_no_interval():
    labels = np.arange(50.0)
    value, low, high = own_answers.score(answers(np.ones(50), labels), metrics.pearson, counted=False)
    assert np.isnan([value, low, high]).all()


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({0.5: -0.05, 0.2: -0.02, 0.4: 0.01}, 0.4),
        ({0.2: -0.03, 0.4: 0.0}, 0.0),
        ({0.2: 0.0, 0.4: float("nan"), 0.6: 0.0}, 0.2),
        ({}, 0.0),
    ],
)
def test_what_is_free_ends_at_the_first_share_that_costs(changes, most):
    assert own_answers.free(changes, within=0.02) == most


def test_tags_are_scored_over_drawn_sentences():
    """F1 of entities is no mean over sentences: a draw has the entities of its sentences counted together."""
    draw = np.random.default_rng(5)
    kinds = np.array(["O", "B-A", "B-B"])
    labels = [" ".join(kinds[draw.integers(3, size=draw.integers(1, 6))]) for _ in range(60)]

    def noisy(share):
        return [
            " ".join(tag if draw.random() > share else kinds[draw.integers(3)] for tag in tags.split())
            for tags in labels
        ]

    whole, cut = noisy(0.1), noisy(0.6)

    def f1(given, right):
        pairs = [
            (a, b) for one, two in zip(given, right, strict=True) for a, b in zip(one.split(), two.split(), strict=True)
        ]
        same = sum(a == b != "O" for a, b in pairs)
        return 2 * same / sum((a != "O") + (b != "O") for a, b in pairs)

    def metric(given, right):
        return tagged.scores(given, right)["entity_f1"]

    found = own_answers.score(answers(whole, labels, False), metric, counted=False)
    assert found.mean == pytest.approx(f1(whole, labels))
    assert found.low < found.mean < found.high
    change = own_answers.change([answers(whole, labels, False)], [answers(cut, labels, False)], metric, counted=False)
    assert change.mean == pytest.approx(f1(cut, labels) - f1(whole, labels))
    draws = []
    for _ in range(400):
        rows = draw.integers(60, size=60)
        right = [labels[row] for row in rows]
        draws.append(f1([cut[row] for row in rows], right) - f1([whole[row] for row in rows], right))
    low, high = np.quantile(draws, [0.025, 0.975])
    assert change.low == pytest.approx(low, abs=0.05)
    assert change.high == pytest.approx(high, abs=0.05)
    alike = own_answers.change([answers(cut, labels, False)], [answers(cut, labels, False)], metric, counted=False)
    assert (alike.mean, np.isnan(alike.low)) == (0, True)
