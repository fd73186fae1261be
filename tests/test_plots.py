"""Heatmaps: what stands in the cells and how dark they are, read back from the Axes."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from lottery.suite import plots

mpl.use("agg")


@pytest.fixture(autouse=True)
def closed():
    plt.close("all")  # figures that other tests left
    yield
    plt.close("all")


def test_a_cell_tells_its_number_and_its_spread():
    means, spread = np.array([[0.25, 2.0], [0.0, 1.5]]), np.array([[0.1, np.nan], [0.0, 0.333]])
    ax = plots.cells(means, spread, most=2.0)
    told = {text.get_position(): text.get_text() for text in ax.texts}
    assert told == {(0, 0): "0.25\n±0.10", (1, 0): "2.00", (0, 1): "0.00\n±0.00", (1, 1): "1.50\n±0.33"}
    assert {text.get_color() for text in ax.texts if text.get_text()[0] in "21"} == {"white"}
    (image,) = ax.images
    assert image.get_clim() == (0, 2.0)
    np.testing.assert_array_equal(image.get_array(), means)


def test_many_columns_are_coloured_without_numbers():
    ax = plots.cells(np.full((2, 11), 0.5), np.zeros((2, 11)))
    assert not ax.texts
    assert len(ax.get_xticks()) == 11


def test_heads_and_mlps_of_a_group_stand_side_by_side():
    generator = np.random.default_rng(0)
    groups = {
        "CoLA": (generator.random((4, 3, 5)), generator.random((4, 3, 1))),
        "RTE": (generator.random((1, 3, 5)), generator.random((1, 3, 1))),
    }
    panels = plots.components(groups, label="share of seeds")
    assert panels.shape == (2, 2)
    for (title, group), pair in zip(groups.items(), panels, strict=True):
        assert pair[0].get_title(loc="left") == title
        for values, ax in zip(group, pair, strict=True):
            for (row, column), mean in np.ndenumerate(sum(values) / len(values)):
                text = ax.texts[row * values.shape[2] + column].get_text()
                spread = f"\n±{np.sqrt(sum((each[row, column] - mean) ** 2 for each in values) / 3):.2f}"
                assert text == f"{mean:.2f}" + (spread if title == "CoLA" else "")


def test_the_overlap_of_masks_stands_below_their_sizes():
    pairs = pd.DataFrame(
        [
            {"one": "a", "other": "b", "shared": 5000, "expected": 4997.0},
            {"one": "a", "other": "c", "shared": 1.5, "expected": 2.25},
            {"one": "b", "other": "c", "shared": 3, "expected": 3.0},
        ]
    )
    ax = plots.overlap(pairs, {"a": 6, "b": 7, "c": 8})
    told = {text.get_position(): text.get_text() for text in ax.texts}
    diagonal = {(0, 0): "6", (1, 1): "7", (2, 2): "8"}
    assert told == diagonal | {(0, 1): "5,000\n(4,997.0)", (0, 2): "1.5\n(2.2)", (1, 2): "3\n(3.0)"}
    (image,) = ax.images
    shown = np.ma.filled(image.get_array().astype(float), np.nan)
    np.testing.assert_array_equal(shown, [[np.nan] * 3, [3, np.nan, np.nan], [-0.75, 0, np.nan]])
    assert image.get_clim() == (-3, 3)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]


def test_ticks_of_what_remains_do_not_cover_each_other():
    _, ax = plt.subplots()
    ax.plot([0.2, 100], [0, 1])
    plots.remaining(ax, [0.0, 0.2, 0.5, 0.9, 0.97])
    assert ax.get_xscale() == "log"
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "3", "10", "50", "100"]
    assert ax.get_xticks().tolist() == [1, 3, 10, 50, 100]
    plt.close()
