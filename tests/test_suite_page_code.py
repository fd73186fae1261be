"""A site of two pages, rendered by Sphinx with the extension: what is shown, what is linked and what a search finds."""

import json
import re

import pytest
from sphinx.application import Sphinx

from lottery.suite import page_code

# The classes of a notebook's cells, which this markup cannot write.
CONF = """\
from docutils import nodes

extensions = ["lottery.suite.page_code"]
html_theme = "basic"


def as_in_notebooks(app, doctree):
    for each in doctree.findall(nodes.container):
        each["classes"] = [name.replace("-", "_") for name in each["classes"]]


def setup(app):
    app.connect("doctree-read", as_in_notebooks)
"""
CELL = """\
.. container:: cell tag_{tag}

   .. container:: cell_input

      .. code-block:: python

         {name} = 1

   .. container:: cell_output

      .. figure:: a.svg
         :alt: a line

         A rising line.
"""


COLUMNS = """\
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="214.4pt" height="114.4pt" viewBox="0 0 214.4 114.4" \
xmlns="http://www.w3.org/2000/svg" version="1.1"><g id="columns-100-80-80-80"><path d="M 0 0"/></g></svg>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    source = tmp_path_factory.mktemp("source")
    (source / "conf.py").write_text(CONF)
    (source / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    cells = CELL.format(tag="code", name="hidden_away") + "\n" + CELL.format(tag="other", name="always_there")
    (source / "index.rst").write_text(
        f"Doubling\n========\n\nProse to be found.\n\n{cells}\n\n.. toctree::\n\n   plain\n"
    )
    (source / "plain.rst").write_text("Plain\n=====\n\nNothing is computed here.\n\n.. figure:: b.svg\n   :alt: two\n")
    (source / "b.svg").write_text(COLUMNS)
    out = source / "out"
    Sphinx(source, source, out, out / "doctrees", "html", status=None).build()
    return out


def test_the_switch_and_the_links_of_a_figure_lead_to_its_code_and_its_runs(site):
    page = (site / "index.html").read_text()
    assert page.count('href="#with-code"') == page.count('id="with-code"') == 1
    assert page.count('href="#code-0"') == page.count('id="code-0"') == 1
    assert "code-1" not in page  # the other's code is not put away
    assert page.count(f'href="how_this_was_made.html#{page_code.runs_of("index")}"') == 2
    assert "with-code" not in (site / "plain.html").read_text()
    assert "A rising line. code runs" in re.sub(r"<[^>]*>", "", page)


def test_a_picture_is_a_link_to_itself(site):
    links = re.findall(
        r'<a class="[^"]*alone[^"]*" href="([^"]*)"><img alt="a line" src="([^"]*)"', (site / "index.html").read_text()
    )
    assert links == [("_images/a.svg", "_images/a.svg")] * 2


def test_a_search_finds_prose_and_no_code_that_is_put_away(site):
    terms = json.loads((site / "searchindex.js").read_text().removeprefix("Search.setIndex(").removesuffix(")"))[
        "terms"
    ]
    assert "prose" in terms
    assert any("always" in term for term in terms)
    assert not any("hidden" in term for term in terms)


def test_a_picture_in_columns_is_piled_up_on_a_narrow_page(site):
    page = (site / "plain.html").read_text()
    narrow, wide = re.findall(
        r'<picture><source media="\(max-width: 600px\)" srcset="([^"]*)"><img alt="two" src="([^"]*)" /></picture>',
        page,
    )[0]
    assert wide == "_images/b.svg"
    assert 'viewBox="0 0 100 200"' in (site / narrow).read_text()  # 80 + 80 + two parts of the legend of 20
    assert "<picture>" not in (site / "index.html").read_text()
