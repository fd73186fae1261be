"""The script of the book's pages, and what its style sheet hides, in a browser on two small pages."""

import shutil
from pathlib import Path

import browser
import pytest

STATIC = Path(__file__).parent.parent / "book" / "_static"
PAGE = """\
<!DOCTYPE html><html><head><link rel="stylesheet" href="book.css"><script src="book.js"></script></head><body>
<article class="bd-article"><p id="with-code"><a class="code-switch" href="#with-code">Show the code</a></p>
<div class="cell tag_code"><div class="cell_input" id="code-0">x = 1</div></div>
<div class="cell tag_code"><div class="cell_input" id="code-1">y = 2</div></div>
<div class="sortable"><table><thead><tr><th>Claim</th><th>State</th></tr></thead><tbody>
<tr><td>b one</td><td>holds</td></tr><tr><td>a two</td><td>fails</td></tr><tr><td>c one</td><td>fails</td></tr>
</tbody></table></div></article></body></html>
"""
SHOWN = "[...document.querySelectorAll('.cell_input')].map(each => getComputedStyle(each).display === 'block').join()"
ROWS = "[...document.querySelectorAll('tbody tr:not([hidden])')].map(row => row.textContent.trim()[0]).join('')"
PRESS = "document.querySelector('button.code-switch').click()"

pytestmark = pytest.mark.skipif(not browser.installed(), reason="Chromium is not installed")


@pytest.fixture
def values(tmp_path):
    site = tmp_path / "site"
    shutil.copytree(STATIC, site)
    for name in ("one.html", "two.html"):
        (site / name).write_text(PAGE)
    return lambda *visits: browser.values(site, list(visits), tmp_path / "profile")


def test_the_switch_shows_all_code_and_is_remembered_on_the_next_page(values):
    first, second, last = values(
        ("one.html", [SHOWN, PRESS, SHOWN]), ("two.html", [SHOWN, PRESS]), ("one.html", [SHOWN])
    )
    assert (first[0], first[2]) == ("false,false", "true,true")
    assert second[0] == "true,true"
    assert last[0] == "false,false"


def test_the_link_of_a_figure_shows_its_own_code_alone(values):
    assert values(("one.html#code-1", [SHOWN])) == [["false,true"]]


def test_a_table_is_sorted_by_a_column_and_filtered_by_words(values):
    def head(column):
        return f"document.querySelectorAll('th button')[{column}].click()"

    find = "const box = document.querySelector('input'); box.value = 'ONE fa'; box.dispatchEvent(new Event('input'))"
    words = f"(() => {{{find}}})()"
    ((asis, _, up, _, down, _, few),) = values(("one.html", [ROWS, head(0), ROWS, head(0), ROWS, words, ROWS]))
    assert (asis, up, down, few) == ("bac", "abc", "cba", "c")
