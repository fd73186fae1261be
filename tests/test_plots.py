"""Heatmaps: what stands in the cells and how dark they are, read back from the Axes."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from lottery import plots

mpl.use("agg")


@pytest.fixture(autouse=True)
def closed():
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
