"""Tables as the book shows them, read back as HTML: no number is lost, and each stands where it did."""

import re

import pandas as pd
import pytest

from lottery.suite.tables import dressed


@pytest.fixture(autouse=True, params=[True, False])
def formulas(request):
    """Whether tables may hold formulas, of which pandas tells in their class; the book's may not."""
    with pd.option_context("display.html.use_mathjax", request.param):
        yield


def shown(frame: pd.DataFrame) -> list[list[str]]:
    """The lines of the table on the page."""
    lines = re.findall(r"<tr[^>]*>(.*?)</tr>", dressed(frame._repr_html_()), re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line) for line in lines]


def frame(**columns: list[str]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples([("held", "30%"), ("freed", "60%")], names=["condition", "removed"])
    return pd.DataFrame(columns, index)


def test_there_is_one_line_of_heads_with_the_names_of_rows_in_it():
    assert shown(frame(score=["1.0", "2.0"], tasks=["CoLA", "RTE"])) == [
        ["condition", "removed", "score", "tasks"],
        ["held", "30%", "1.0", "CoLA"],
        ["freed", "60%", "2.0", "RTE"],
    ]
    named = pd.DataFrame({"CoLA": ["1"]}, pd.Index(["2e-5"], name="rate")).rename_axis(columns="movement (%)")
    assert shown(named)[0] == ["movement (%) rate", "CoLA"]


def test_heads_of_two_levels_stay():
    two = pd.DataFrame([["1", "2"]], ["a"], pd.MultiIndex.from_tuples([("real", "x"), ("small", "x")]))
    html = dressed(two._repr_html_())
    assert html.count("<tr") == two._repr_html_().count("<tr")


def test_an_interval_stands_small_beneath_its_mean_and_a_verdict_beside_it():
    html = dressed(frame(change=["+1.2 (-0.3 to 2.7) =", "-0.1 (no interval)"])._repr_html_())
    assert '<td class="number">+1.2 =<small>-0.3 to 2.7</small></td>' in html
    assert '<td class="number">-0.1<small>no interval</small></td>' in html


def test_numbers_stand_under_each_other_and_words_do_not():
    texts = ["1.5", "-0.25", "1,234", "12%", "+3", "1e-05", "51.1 ± 0.7", "12.5 MB"]
    html = dressed(pd.DataFrame({"a": [*texts, "CoLA", "", "8 / 12", "kept, 3"]})._repr_html_())
    assert re.findall(r'<td class="number">([^<]*)</td>', html) == texts
    assert re.findall(r"<td>([^<]*)</td>", html) == ["CoLA", "", "8 / 12", "kept, 3"]


def test_what_is_no_table_of_pandas_stays_as_it_is():
    assert dressed("<p>1 (2 to 3)</p>") == "<p>1 (2 to 3)</p>"
    assert "<style" not in dressed(frame(a=["1", "2"])._repr_html_())
