"""The script of the book's pages, and what its style sheet hides, in a browser on two small pages."""

import csv
import io
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


def test_a_folded_table_can_be_taken_as_a_file(tmp_path):
    site = tmp_path / "site"
    shutil.copytree(STATIC, site)
    table = """<table><thead><tr><th>task</th><th>how</th><th>"score"</th></tr></thead><tbody>
<tr><th rowspan="2">CoLA</th><th>cut</th><td>0.5<small>0.4 to 0.6</small></td></tr>
<tr><th>kept, all</th><td>−0.1</td></tr></tbody></table>"""
    fold = f'<div class="cell tag_hide-output"><details><div class="cell_output">{table}</div></details></div>'
    head = '<meta charset="utf-8"><script src="book.js"></script>'
    (site / "numbers.html").write_text(f"<!DOCTYPE html><html><head>{head}</head><body>{table}{fold}</body></html>")
    link = "document.querySelector('a.take')"
    ask = ["document.querySelectorAll('a.take').length", f"{link}.download", f"decodeURIComponent({link}.href)"]
    ((count, name, told),) = browser.values(site, [("numbers.html", ask)], tmp_path / "profile")
    assert (count, name) == (1, "numbers-1.csv")
    lines = list(csv.reader(io.StringIO(told.partition(",")[2], newline="")))
    assert lines == [["task", "how", '"score"'], ["CoLA", "cut", "0.5 0.4 to 0.6"], ["CoLA", "kept, all", "−0.1"]]
