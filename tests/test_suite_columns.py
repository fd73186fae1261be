"""Figures of several sources: whose numbers stand where, on which scale, and what a narrow page shows of them."""

import io
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from lottery.suite import columns, plots

mpl.use("agg")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def closed():
    plt.close("all")
    with mpl.rc_context():
        plots.house_style()
        yield
    plt.close("all")


def scores(*values: float, tasks: str = "ab") -> pd.DataFrame:
    """A run a task and value, at sparsities 0, 10, 20, ... %; of the second task twice the value."""
    return pd.DataFrame(
        [
            {"task": task, "sparsity": 0.1 * place, "score": value * (1 + number), "method": "SMP-L"}
            for number, task in enumerate(tasks)
            for place, value in enumerate(values)
        ]
    )


def drawn(rows: pd.DataFrame, axes: dict) -> None:
    for task, ax in axes.items():
        plots.against_sparsity(rows[rows["task"] == task], "score", by="method", ax=ax)
        plots.chance(ax, 0.5)
        ax.set(title=task, ylabel="score")


def tasks_of(rows: pd.DataFrame) -> list[str]:
    return [*rows["task"].unique()]


def made(live: pd.DataFrame | None = None, **more: object) -> columns.Columns:
    tables = {"print": scores(1.0, 2.0), "real": scores(5.0, 7.0), "small": scores(3.0, 4.0, tasks="abc")}
    return columns.side_by_side(tables, drawn, tasks_of, live=live, over="small", **more)


def test_each_panel_holds_the_numbers_of_its_source_and_no_others():
    axes = made(scores(3.5, tasks="b")).axes
    expected = {"print": {"a": [1, 2], "b": [2, 4]}, "real": {"a": [5, 7], "b": [10, 14]}}
    expected["small"] = {"a": [3, 4], "b": [6, 8], "c": [9, 12]}
    assert {source: [*some] for source, some in axes.items()} == {source: [*some] for source, some in expected.items()}
    for source, panels in expected.items():
        for task, values in panels.items():
            ax = axes[source][task]
            (recorded,) = ax.containers
            assert recorded[0].get_ydata().tolist() == values
            others = [line for line in ax.lines if line.get_fillstyle() == "none"]
            assert [line.get_ydata().tolist() for line in others] == (
                [[3.5]] if (source, task) == ("small", "b") else []
            )


def test_points_of_this_build_are_hollow_nameless_and_told_in_the_legend():
    figure = made(pd.concat([scores(3.5, 9.5), scores(3.5).assign(method="movement")])).figure
    names = [text.get_text() for part in figure.subfigs for legend in part.legends for text in legend.get_texts()]
    assert names == ["SMP-L", "this build"]
    ax = plt.gcf().axes[-3]
    assert (ax.get_title(), len(ax.texts)) == ("a", 1)  # "chance", once
    point, _ = [line for line in ax.lines if line.get_fillstyle() == "none"]
    assert (point.get_linestyle(), point.get_color(), point.get_marker()) == ("None", *look_of("SMP-L"))
    assert ax.get_ylim()[1] > 9.5
    assert [
        text.get_text() for part in made().figure.subfigs for legend in part.legends for text in legend.get_texts()
    ] == ["SMP-L"]


def look_of(name: str) -> tuple[str, str]:
    look = plots.look(name)
    return look["color"], look["marker"]


def test_what_a_few_runs_are_drawn_with_sets_no_limit_to_the_others():
    _, ax = plt.subplots()
    ax.plot([0, 1], [1, 2], "o")
    ax.set_ylim(bottom=0)
    columns.hollow(ax)
    ax.plot([0, 1], [50, 90], "o")
    assert ax.get_ylim()[1] > 90


def test_panels_of_one_name_have_one_scale():
    axes = made().axes
    for task in "ab":
        limits = {some[task].get_ylim() for some in axes.values()}
        assert len(limits) == 1
        low, high = limits.pop()
        assert low <= 0.5 < (7 if task == "a" else 14) <= high
    free = made(scale="").axes
    assert len({some["a"].get_ylim() for some in free.values()}) == 3


def test_what_more_sources_have_stands_first_and_the_longest_column_is_dealt_out():
    figure = columns.columns({"one": ["x", "b"], "other": ["c", "b", "d", "e", "f"]}).figure
    tops = [part for part in figure.subfigs if part.axes]
    assert [part.get_suptitle() for part in tops] == ["one", "other", " "]
    assert [len(part.axes) for part in tops] == [3, 3, 3]  # two of the first are to spare: one a column
    panels = columns.columns({"one": ["x", "b"], "other": ["c", "b"]}).axes
    assert {source: [*some] for source, some in panels.items()} == {"one": ["b", "x"], "other": ["b", "c"]}
    assert len(columns.columns({"one": ["x", "b"], "other": ["x", "b"]}).figure.subfigs) == 2
    assert len(columns.columns({"one": [*"abcd"]}).figure.subfigs) == 3


def picture(figure: plt.Figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", bbox_inches="tight")  # as a notebook saves it
    return text.getvalue()


def test_on_a_narrow_page_each_column_stands_whole_below_the_one_before():
    figure = made(size=(3.0, 2.0)).figure
    whole = ElementTree.fromstring(picture(figure))
    piled = ElementTree.fromstring(columns.stacked(picture(figure)))
    views = [child for child in piled if child.tag == f"{SVG}svg"]
    assert len(views) == 2 * 3  # columns, and a part of the legend of each
    tops = [float(view.get("y")) for view in views]
    heights = [float(view.get("height")) for view in views]
    np.testing.assert_allclose(tops, np.cumsum([0.0, *heights[:-1]]), atol=0.1)
    assert abs(float(piled.get("viewBox").split()[3]) - sum(heights)) < 0.1
    assert heights[0] < heights[2]  # the first two have no third panel
    margin = (float(whole.get("viewBox").split()[2]) - 3 * 3.0 * 72) / 2
    inches = figure.get_size_inches()
    for view, part in zip(views[:3], figure.subfigs[:3], strict=True):
        left, top, width, height = map(float, view.get("viewBox").split())
        for ax in part.axes:
            if ax.get_label() != columns.SPACE:
                box = ax.get_tightbbox().transformed(figure.dpi_scale_trans.inverted())
                assert left <= 72 * box.x0 + margin + 0.5
                assert 72 * box.x1 + margin <= left + width + 0.5
                assert 72 * (inches[1] - box.y0) + margin <= top + height + 2
    assert {use.get("{http://www.w3.org/1999/xlink}href") for view in views for use in view} == {"#whole"}
    (defined,) = [each for each in piled.iter(f"{SVG}g") if each.get("id") == "whole"]
    assert len([*defined.iter()]) == len([*whole.iter()])


def test_a_picture_of_one_column_is_shown_as_it_is():
    (ax,) = plots.panels(1)
    assert columns.stacked(picture(ax.figure)) is None
    assert columns.stacked(picture(columns.columns({"one": ["a"]}).figure)) is None
