"""Profiles of made-up weights, against integrals, sorted draws and scipy."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from scipy.integrate import quad

from lottery.findings import weights


def t_interval(values) -> tuple[float, float, float]:
    return (np.mean(values), *scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95))


@pytest.mark.parametrize("sparsity", [0.0, 0.3, 0.6, 0.99])
def test_the_share_of_normal_weights_is_the_integral_of_their_magnitude(sparsity):
    most = scipy.stats.norm.ppf((1 + sparsity) / 2, scale=0.04)

    def below(end: float) -> float:
        return quad(lambda x: x * scipy.stats.norm.pdf(x, scale=0.04), 0, end)[0]

    assert weights.normal_share(np.array(sparsity)) == pytest.approx(below(most) / below(0.4), abs=1e-6)


def test_what_a_cut_takes_is_counted_over_the_seeds():
    generator, cuts, rows = np.random.default_rng(0), [0.0, 0.5, 0.9], []
    for _ in range(3):
        ordered = sorted(generator.normal(0.01, 1, 2000), key=abs)
        gone = [ordered[: round(cut * 2000)] for cut in cuts]
        rows.append(
            {
                "cut_sparsities": cuts,
                "removed_share": [sum(map(abs, each)) / sum(map(abs, ordered)) for each in gone],
                "removed_signed": [sum(each) for each in gone],
                "removed_absolute": [sum(map(abs, each)) for each in gone],
            }
        )
    sums = weights.cut_sums(pd.DataFrame(rows))
    assert sums.index.tolist() == cuts
    assert sums.loc[0.5, "share"] == pytest.approx(sum(row["removed_share"][1] for row in rows) / 3)
    assert sums.loc[0.9, "share"] == pytest.approx(weights.normal_share(0.9), abs=0.02)
    apart = [abs(row["removed_share"][2] - weights.normal_share(0.9)) for row in rows]
    assert sums.loc[0.9, "apart"] == pytest.approx(max(apart))
    cancelled = [abs(row["removed_signed"][1]) / row["removed_absolute"][1] for row in rows]
    assert sums.loc[0.5, "signed"] == pytest.approx(max(cancelled))


def test_the_spread_of_heads_is_held_against_chance():
    rows = [
        {"experiment": "HeadShares", "kept": kept, "kept.sparsity": sparsity, "shares": [0.1] * 6}
        | {"lowest": 0.2 + seed / 100, "highest": 0.8 + seed / 100, "sd": 0.1 * seed, "chance_sd": 0.02 * (seed + 1)}
        for kept in ("Cut", "GradualPruning")
        for sparsity in (0.0, 0.6)
        for seed in (1, 2, 4)
    ]
    table = weights.head_spread(weights.heads(pd.DataFrame([*rows, {"experiment": "WeightProfile"}])))
    assert table.index.tolist() == [("one cut", 0.6), ("trained mask", 0.6)]
    row = table.loc[("trained mask", 0.6)]
    assert row[["heads", "lowest", "highest"]].tolist() == pytest.approx([6, 0.21, 0.84])
    assert row["ratio"] == pytest.approx(t_interval([0.1 / 0.04, 0.2 / 0.06, 0.4 / 0.1]))


def test_correlations_stand_apart_for_words_and_pieces():
    columns = {
        f"{name}{part}": [number + place / 10 for place in (1, 2, 4)]
        for number, (part, name) in enumerate(
            (part, name) for part in weights.PARTS for name in ("tokens", *weights.CORRELATIONS)
        )
    }
    table = weights.correlations(pd.DataFrame(columns))
    assert table.index.tolist() == ["all", "whole words", "pieces that continue"]
    assert table.loc["whole words", "tokens"] == pytest.approx(4 + 0.7 / 3)
    assert table.loc["pieces that continue", "norm_id"] == pytest.approx(t_interval([10.1, 10.2, 10.4]))


def test_a_small_correlation_is_neither():
    means = {(0.2, 0.1): 1, (-0.2, -0.1): -1, (0.12, 0.06): 0, (-0.3, 0.3): 0}
    for values, sign in means.items():
        assert weights.with_length(pd.DataFrame({"norm_length_words": values})) == sign
