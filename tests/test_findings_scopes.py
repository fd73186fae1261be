"""Local against global thresholds of made-up models, against scipy and statsmodels."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired
from toy_pretrainings import SEEDS, models, varied_runs

from lottery.findings import prunable, scopes


def t_interval(values) -> tuple[float, float, float]:
    return (np.mean(values), *scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95))


@pytest.fixture
def runs():
    return varied_runs()


def test_scopes_are_tested_at_each_sparsity_and_corrected(runs):
    rows = pd.concat(
        [
            runs,
            pd.DataFrame(
                [row for seed in SEEDS for row in models(seed, 0.3, ("sst2", "qnli"), scope="global", tunings=(0, 10))]
            ),
        ],
        ignore_index=True,
    )
    generator = np.random.default_rng(1)
    rows["accuracy"] = 0.7 + generator.normal(0, 0.003, len(rows))
    rows["mlm_loss"] = 2 + generator.normal(0, 0.01, len(rows))
    table = scopes.tested(rows)
    assert table.index.tolist() == [0.3, 0.6]
    pruned, tuned = prunable.pruned(rows), prunable.tuned(rows)
    p_values = []
    for sparsity, line in table.iterrows():
        mean = tuned[(tuned["sparsity"] == sparsity) & (tuned["task"] != "cola")].groupby(["scope", "seed"])["accuracy"]
        loss = pruned[pruned["sparsity"] == sparsity].set_index(["scope", "seed"])["mlm_loss"].sort_index()
        more = mean.mean()["global"] - mean.mean()["local"]
        assert line["accuracy"] == pytest.approx(t_interval(more))
        assert line["loss"] == pytest.approx(t_interval(loss["global"] - loss["local"]))
        p_values.append(ttost_paired(more, 0 * more, -0.01, 0.01)[0])
    assert table["p"].tolist() == pytest.approx(multipletests(p_values, method="holm")[1])


def test_every_matrix_of_a_cut_has_its_row(runs):
    table = scopes.matrix_shares(runs)
    assert len(table) == 3 * 2 * 2 * 3
    row = table[(table["seed"] == 2) & (table["scope"] == "global") & (table["part"] == "pooler")].iloc[0]
    assert row[["share", "size", "removed"]].tolist() == [1.0, 100, 100.0]
    removed = table.groupby("part")["removed"].sum()
    assert removed["word embeddings"] == pytest.approx(12 * 400)
    assert set(table["part"]) == {"word embeddings", "layers", "pooler"}


def test_where_no_scopes_are_compared_no_matrix_has_a_row(runs):
    apart = runs[runs["experiment"] != "MatrixShares"].dropna(axis=1, how="all")
    assert "matrices" not in apart
    assert scopes.matrix_shares(apart).empty
