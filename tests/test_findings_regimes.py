"""What pruning costs, of made-up scores, against scipy and statsmodels one comparison at a time."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from lottery.findings import regimes

SPARSITIES = (0.0, 0.3, 0.6, 0.9)
HELD, FREED = "pruned_in_pretraining", "information_deletion"


def t_interval(values) -> tuple[float, float, float]:
    return (np.mean(values), *scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95))


@pytest.fixture
def means():
    """Accuracies of five seeds: those held fall by much, those freed by little, and chance is small."""
    generator = np.random.default_rng(0)
    falls = {HELD: 0.1, FREED: 0.02}
    columns = pd.MultiIndex.from_product([falls, SPARSITIES], names=["condition", "sparsity"])
    level = np.array([0.8 - falls[condition] * sparsity for condition, sparsity in columns])
    return pd.DataFrame(level + generator.normal(0, 0.004, (5, len(columns))), [1, 2, 3, 4, 5], columns).rename_axis(
        "seed"
    )


def test_changes_are_paired_with_the_conditions_own_control_and_corrected_within_it(means):
    changes = regimes.changes(means, margin=0.02)
    assert changes.index.tolist() == [(name, sparsity) for name in (HELD, FREED) for sparsity in SPARSITIES[1:]]
    for name in (HELD, FREED):
        differences = [means[name, sparsity] - means[name, 0.0] for sparsity in SPARSITIES[1:]]
        for ours, theirs in zip(changes.loc[name, "change"], differences, strict=True):
            assert ours == pytest.approx(t_interval(theirs))
        p_values = [ttost_paired(each, 0 * each, -0.02, 0.02)[0] for each in differences]
        assert changes.loc[name, "p"].tolist() == pytest.approx(multipletests(p_values, method="holm")[1])
    assert changes.loc[(FREED, 0.3), "p"] < 0.05 < changes.loc[(HELD, 0.9), "p"]


def test_contrasts_are_paired_at_the_sparsities_that_both_have(means):
    means = means.drop(columns=[(FREED, 0.6)])
    contrasts = regimes.contrasts(means, {"freed": regimes.FREED_MINUS_HELD, "later": regimes.AFTER_MINUS_BEFORE})
    assert contrasts.columns.tolist() == ["freed"]
    assert contrasts.index.tolist() == [0.3, 0.9]
    for sparsity, estimate in contrasts["freed"].items():
        assert estimate == pytest.approx(t_interval(means[FREED, sparsity] - means[HELD, sparsity]))
    assert regimes.contrasts(means, {"later": regimes.AFTER_MINUS_BEFORE}).empty


def test_deletion_and_room_add_up_to_what_is_lost(means):
    means = means.drop(columns=[(FREED, 0.6)])
    parts = regimes.deletion_and_room(means)
    assert parts.index.tolist() == [0.3, 0.9]
    for sparsity, row in parts.iterrows():
        falls = {name: means[name, 0.0].to_numpy() - means[name, sparsity].to_numpy() for name in (HELD, FREED)}
        room = (means[FREED, sparsity] - means[HELD, sparsity]) - (means[FREED, 0.0] - means[HELD, 0.0])
        assert row["lost"] == pytest.approx(t_interval(falls[HELD]))
        assert row["deleted"] == pytest.approx(t_interval(falls[FREED]))
        assert row["room"] == pytest.approx(t_interval(room))
        assert row["more"] == pytest.approx(t_interval(falls[FREED] - room))
    assert parts.loc[0.9, "more"].high < 0  # those held fall five times as far
    assert regimes.deletion_and_room(means[[HELD]]).empty


def test_losses_are_held_against_the_control_and_against_chance():
    generator = np.random.default_rng(1)
    models = pd.DataFrame(
        [
            {"importance": importance, "sparsity": sparsity, "seed": seed, "mlm_loss": 2 + generator.random()}
            for seed in (1, 2, 3, 4)
            for importance in ("magnitude", "random")
            for sparsity in (0.0, 0.5)
        ]
    )
    losses = regimes.losses(models)
    assert losses.index.tolist() == [0.5]
    by = models.set_index(["importance", "sparsity", "seed"])["mlm_loss"].sort_index()
    cut, whole, chance = by["magnitude", 0.5], by["magnitude", 0.0], by["random", 0.5]
    assert losses.loc[0.5, "rise"] == pytest.approx(t_interval(cut / whole - 1))
    assert losses.loc[0.5, "worth"] == pytest.approx(t_interval(chance - cut))


def test_the_best_of_several_rates_is_chosen_model_by_model():
    index = pd.MultiIndex.from_product([[0.3, 0.6], [1, 2, 3]], names=["sparsity", "seed"])
    scores = pd.DataFrame(np.random.default_rng(2).random((6, 3)), index, [1e-4, 1e-3, 1e-2])
    scores[1e-3] += 0.2
    fixed, gain = regimes.best_of_several(scores)
    assert fixed == 1e-3
    gains = {seed: [] for seed in (1, 2, 3)}
    for (_, seed), row in scores.iterrows():
        gains[seed].append(max(row) - row[1e-3])
    assert gain == pytest.approx(t_interval([sum(each) / 2 for each in gains.values()]))
    assert gain.mean >= 0
