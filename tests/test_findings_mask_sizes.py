"""What masks take beside their entropy, on made-up sizes, against loops over them."""

import pandas as pd
import pytest

from lottery.findings import mask_sizes


@pytest.fixture
def runs() -> pd.DataFrame:
    """Of 800 weights each; bytes by every code."""
    kinds = [
        {"kept": "ByLot", "kept.sparsity": 0.9},
        {"kept": "Cut", "kept.scope": "global"},
        {"kept": "Cut", "kept.scope": "local"},
        {"kept": "LearnedMask", "kept.method": "smp_l", "kept.strength": 400.0},
    ]
    sizes = {"bits": 100, "zlib": 90, "lzma": 95}
    return pd.DataFrame(
        kind | sizes | {"weights": 800, "stay": stay, "bound": 50.0, "by_row": 40.0, "entropy": 50 + number - seed}
        for number, kind in enumerate(kinds)
        for stay in (80, 400)
        for seed in (1, 2)
    )


def test_sizes_are_bits_a_weight_by_how_a_mask_was_chosen(runs):
    rows = mask_sizes.sizes(runs)
    assert rows["chosen"].unique().tolist() == ["at random", "cut, global", "cut, local", "SMP-L, learned"]
    assert rows["remaining"].tolist() == [0.1, 0.1, 0.5, 0.5] * 4
    for run, row in zip(runs.to_dict("records"), rows.to_dict("records"), strict=True):
        for code in (*mask_sizes.CODES, "bound", "by_row"):
            assert row[code] == 8 * run[code] / 800
        assert row["weights"] == 800


def test_what_a_code_takes_more_is_a_share_of_the_entropy(runs):
    more = mask_sizes.beyond_entropy(mask_sizes.sizes(runs))
    assert more["zlib"].tolist() == pytest.approx([0.8] * 16)
    assert more["entropy"].tolist() == pytest.approx([(run["entropy"] - 50) / 50 for run in runs.to_dict("records")])


def test_structure_is_found_where_the_coder_is_below_the_entropy(runs):
    runs.loc[runs["stay"] == 80, "entropy"] += 3
    table = mask_sizes.of_structure(mask_sizes.beyond_entropy(mask_sizes.sizes(runs)))
    assert table.index.tolist() == ["cut, global", "cut, local", "SMP-L, learned"]
    for number, line in enumerate(table.to_dict("records"), start=1):
        means = [(number - 1.5 + shift) / 50 for shift in (3, 0)]  # over the two seeds, at each share
        assert line["least"] == pytest.approx(min(means))
        assert line["most"] == pytest.approx(max(means))
        assert (line["below"], line["shares"]) == (sum(mean < 0 for mean in means), 2)
