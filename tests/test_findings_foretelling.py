"""Drops of made-up models and what foretells them, against loops, lines of numpy's and scipy."""

import numpy as np
import pytest
import scipy.stats
from toy_pretrainings import varied_runs

from lottery.findings import foretelling, prunable
from lottery.statistics import stopping


def t_interval(values) -> tuple[float, float, float]:
    return (np.mean(values), *scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95))


@pytest.fixture
def runs():
    return varied_runs()


def test_drops_are_foretold_by_the_tasks_that_were_not_left_out(runs):
    drops = foretelling.dropped(runs)
    assert len(drops) == 3 * 3 * 3
    usual = prunable.local(prunable.tuned(runs))
    for row in drops.to_dict("records"):
        mine = usual[(usual["task"] == row["task"]) & (usual["seed"] == row["seed"])]
        mine = {sparsity: sum(some["accuracy"]) / 2 for sparsity, some in mine.groupby("sparsity")}
        assert row["drop"] == pytest.approx(100 * (mine[0.0] - mine[row["sparsity"]]))
        losses = prunable.local(prunable.pruned(runs)).query(f"seed == {row['seed']}").set_index("sparsity")["mlm_loss"]
        assert row["mlm_rise"] == pytest.approx(100 * (losses[row["sparsity"]] / losses[0.0] - 1))
        drift = runs[(runs["pruned.seed"] == row["seed"]) & (runs["pruned.sparsity"] == row["sparsity"])]["cosine"]
        assert row["turned"] == pytest.approx(1 - drift.iloc[0]) if row["sparsity"] else np.isnan(row["turned"])
    errors = foretelling.errors(drops)
    assert len(errors) == 3 * 3 * 2
    cut = drops[drops["sparsity"] > 0]
    for place, row in errors.iterrows():
        others = cut[cut["task"] != row["task"]]
        assert row["none"] == pytest.approx(abs(cut.loc[place, "drop"]))
        assert row["others"] == pytest.approx(
            abs(cut.loc[place, "drop"] - others.loc[others["sparsity"] == row["sparsity"], "drop"].mean())
        )
        slope, height = np.polyfit(others["turned"].astype(float), others["drop"], 1)
        line = height + slope * cut.loc[place, "turned"]
        assert row["turned"] == pytest.approx(abs(cut.loc[place, "drop"] - line))
    means = errors.groupby("seed")[["mlm_rise", "others", "none"]].mean()
    farther = foretelling.against(errors, "mlm_rise")
    assert farther["others"] == pytest.approx(t_interval(means["mlm_rise"] - means["others"]))
    assert farther["none"] == pytest.approx(t_interval(means["mlm_rise"] - means["none"]))
    assert len(stopping.rule(drops, "mlm_rise", 2.0)) == 9


def test_what_was_measured_on_one_pruned_model_stands_beside_each_of_its_fine_tunings():
    runs = varied_runs(seeds=(2,))
    drops = foretelling.dropped(runs)
    assert sorted(set(drops["seed"])) == [2, 12]
    by_seed = drops.set_index(["task", "sparsity", "seed"]).sort_index()
    for name in ("mlm_rise", "turned"):
        some = by_seed[name].unstack("seed")
        assert some[2].equals(some[12])
    losses = runs[(runs["experiment"] == "GradualPruning") & (runs["scope"] == "local")].set_index("sparsity")[
        "mlm_loss"
    ]
    assert by_seed.loc[("cola", 0.3, 12), "mlm_rise"] == pytest.approx(100 * (losses[0.3] / losses[0.0] - 1))
