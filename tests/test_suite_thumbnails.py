"""Small pictures in a source tree: a column of a figure, another figure whole, and none where there is none."""

import re

import matplotlib as mpl
import nbformat
import pytest
from matplotlib import pyplot as plt

from lottery.suite import thumbnails
from lottery.suite.columns import side_by_side

CARD = (
    ":::{{grid-item-card}} Found\n:img-top: thumbnails/{0}.{1}.svg\n:img-alt: What it shows.\n:link: {0}\n\nWords.\n:::"
)


def svg(tmp_path, draw) -> str:
    with mpl.rc_context({"figure.constrained_layout.use": True}):
        plt.close("all")
        draw()
        plt.savefig(tmp_path / "drawn.svg")
        plt.close("all")
    return (tmp_path / "drawn.svg").read_text()


def figure(name: str, picture: str) -> nbformat.NotebookNode:
    output = nbformat.v4.new_output("display_data", {"image/svg+xml": picture})
    return nbformat.v4.new_code_cell(outputs=[output], metadata={"mystnb": {"figure": {"name": name}}})


@pytest.fixture
def source(tmp_path):
    columns = svg(
        tmp_path, lambda: side_by_side({"real": 1, "small": 2}, lambda at, axes: axes["a"].plot([at]), lambda _: ["a"])
    )
    alone = svg(tmp_path, lambda: plt.plot([1]))
    place = tmp_path / "source"
    (place / "analyses").mkdir(parents=True)
    told = nbformat.v4.new_output(
        "display_data", {"text/markdown": "\n\n".join(map(CARD.format, ("two", "one", "lost"), (2, 1, 1)))}
    )
    pages = {
        "index": [nbformat.v4.new_code_cell(outputs=[told])],
        "analyses/chapter": [figure("two", columns), figure("one", alone), figure("other", alone)],
    }
    for page, cells in pages.items():
        nbformat.write(nbformat.v4.new_notebook(cells=cells), place / f"{page}.ipynb")
    return place, columns, alone


def test_a_figure_in_columns_shows_the_one_that_is_meant_and_another_all(source):
    place, columns, alone = source
    assert thumbnails.made(place, "index") == ["lost.1"]
    assert {path.name for path in (place / "thumbnails").iterdir()} == {"two.2.svg", "one.1.svg"}
    wide, small = (
        float(re.search(r'<svg [^>]*?width="([\d.]+)pt"', each)[1])
        for each in (columns, (place / "thumbnails" / "two.2.svg").read_text())
    )
    assert small == pytest.approx(wide / 2, rel=0.05)
    views = re.findall(r'<svg y=[^>]*viewBox="([\d.]+) ', (place / "thumbnails" / "two.2.svg").read_text())
    assert [float(left) for left in views] == [pytest.approx(wide / 2, rel=0.05)]
    assert (place / "thumbnails" / "one.1.svg").read_text() == alone


def test_a_card_loses_the_picture_that_is_not_there(source):
    place, *_ = source
    thumbnails.made(place, "index")
    (cell,) = nbformat.read(place / "index.ipynb", as_version=4).cells
    words = cell.outputs[0].data["text/markdown"]
    assert re.findall(r":img-top: (.*)", words) == ["thumbnails/two.2.svg", "thumbnails/one.1.svg"]
    assert words.count(":img-alt:") == 2
    assert words.count(":link:") == 3
    assert thumbnails.made(place, "index") == []


def test_a_tree_without_the_page_asks_for_nothing(tmp_path):
    assert thumbnails.made(tmp_path, "index") == []
