"""Heatmaps: what stands in the cells and how dark they are, read back from the Axes."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from lottery.choices import choose
from lottery.suite import palette, plots

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


def test_heads_and_mlps_stand_side_by_side_the_stronger_the_more_they_have():
    generator = np.random.default_rng(0)
    heads, mlps = generator.random((12, 7)), generator.random((12, 1))
    ax = plots.components(heads, mlps, "{:.0%} of seeds")
    (image,) = ax.images
    assert image.get_clim() == (0, 1)
    shown = np.ma.filled(image.get_array().astype(float), np.nan)
    for layer in range(12):
        assert shown[layer].tolist()[:7] == heads[layer].tolist()
        assert np.isnan(shown[layer, 7])
        assert shown[layer, 8] == mlps[layer, 0]
    ticks = dict(zip(ax.get_xticks().tolist(), [label.get_text() for label in ax.get_xticklabels()], strict=True))
    assert ticks == {0: "1", 2: "3", 4: "5", 6: "7", 8: "MLP"}
    assert dict(zip(ax.get_yticks().tolist(), [label.get_text() for label in ax.get_yticklabels()], strict=True)) == {
        layer: f"{layer + 1}" for layer in range(0, 12, 2)
    }
    handles, names = ax.get_legend_handles_labels()
    assert names == ["0% of seeds", "25% of seeds", "50% of seeds", "75% of seeds", "100% of seeds"]
    assert [handle.get_color() for handle in handles] == [image.cmap(share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]


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


def test_values_are_named_once_and_nothing_between_them():
    _, ax = plt.subplots()
    ax.plot([3e-4, 3e-3], [0, 1])
    ax.set_xscale("log")
    plots.ticks_at(ax, [3e-3, 1e-3, 3e-4, 3.3e-4, 1e-3])
    ax.figure.canvas.draw()
    both = (ax.get_xticklabels(), ax.get_xticklabels(minor=True))
    assert [[label.get_text() for label in each] for each in both] == [["0.0003", "0.001", "0.003"], []]
    plots.ticks_at(ax, [1.9e-5, 5.8e-5, 1.7e-4, 5.2e-4, 1e-3, 3e-3])  # over two powers of ten there is less room
    assert not ax.get_xticklabels()[0].get_text().startswith("1.9")  # it lies outside of what is drawn
    ax.set_xlim(1.9e-5, 3e-3)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1.9e-05", "0.00017", "0.001", "0.003"]
    plt.close()


def test_values_are_named_for_the_scale_that_an_axis_has_in_the_end():
    _, ax = plt.subplots()
    ax.plot([0.00033, 0.001], [0, 1])
    ax.set_xscale("log")
    plots.ticks_at(ax, [0.00033, 0.001])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.00033", "0.001"]
    ax.set_xlim(1e-5, 1e-1)  # as where panels share a scale once all are drawn
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.00033"]
    plt.close()


def test_a_bar_goes_from_the_lowest_seed_to_the_highest_about_the_mean():
    x, values = [3, 1, 3, 1, 1, 2], [2.0, 5.0, 4.0, 0.0, 1.0, np.nan]
    ax = plots.spread(x, values, "MNLI", label="a task", linestyle="--")
    (line, _, (bars,)) = ax.containers[0]
    assert (ax.containers[0].get_label(), line.get_linestyle(), line.get_color()) == (
        "a task",
        "--",
        palette.COLOURS[1],
    )
    np.testing.assert_allclose(line.get_xydata(), [[1, 2], [3, 3]])
    np.testing.assert_allclose(bars.get_segments(), [[[1, 0], [1, 5]], [[3, 2], [3, 4]]])


def test_lines_against_sparsity_are_in_per_cent_one_for_each_name():
    runs = pd.DataFrame(
        {"sparsity": [0.6, 0.0, 0.6, 0.0], "score": [0.5, 0.8, 0.7, np.nan], "by": ["b", "b", "b", "a"]}
    )
    ax = plots.against_sparsity(runs, "score", by="by", scale=100)
    first, second = ax.containers
    assert [first.get_label(), second.get_label()] == ["b", "a"]
    np.testing.assert_allclose(first[0].get_xydata(), [[0, 80], [60, 60]])
    assert not len(second[0].get_xydata())


def test_panels_stand_row_by_row_and_the_last_row_may_be_short():
    axes = plots.panels(5, columns=3, size=(2.0, 1.5), below=0.5, sharey=True)
    assert len(axes) == 5
    figure = axes[0].figure
    assert figure.get_size_inches().tolist() == [6.0, 3.5]
    figure.canvas.draw()
    places = [ax.get_position() for ax in axes]
    assert [round(place.y0, 6) == round(places[0].y0, 6) for place in places] == [True] * 3 + [False] * 2
    assert places[0].x0 < places[1].x0 < places[2].x0
    assert sum(ax.axison for ax in figure.axes) == 5
    assert all(axes[0].get_shared_y_axes().joined(axes[0], ax) for ax in axes)
    assert plots.panels(2, columns=3, size=(2.0, 1.5))[0].figure.get_size_inches().tolist() == [4.0, 1.5]


def test_one_legend_names_the_lines_of_the_first_panel_for_all():
    axes = plots.panels(2)
    for ax in axes:
        ax.plot([1], [2], label="one")
    plots.legend_below(axes, columns=2, title="what")
    (legend,) = axes[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["one"]
    assert legend.get_title().get_text() == "what"
    assert all(ax.get_legend() is None for ax in axes)


def test_the_panel_of_a_task_has_the_whole_models_score_and_that_of_one_answer():
    (ax,) = plots.panels(1)
    assert plots.of_task(ax, choose("tasks", "cola"), full=0.5, majority=0.0, name="whole") is ax
    assert (ax.get_title(), ax.get_ylabel()) == ("CoLA", "Matthews correlation (x 100)")
    whole, one_answer = ax.lines
    assert (whole.get_label(), *whole.get_ydata()) == ("whole", 50, 50)
    assert one_answer.get_ydata() == [0, 0]
    assert [text.get_text() for text in ax.texts] == ["majority-class baseline"]


def test_a_long_table_is_shown_whole():
    with pd.option_context("display.max_rows", 60, "display.html.use_mathjax", True), mpl.rc_context():
        plots.house_style()
        shown = pd.DataFrame({"number": range(100)})._repr_html_()
    assert all(f"<td>{number}</td>" in shown for number in range(100))
