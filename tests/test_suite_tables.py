"""Tables as the book shows them, read back: no number is lost, and each stands where it did."""

import html
import io
import re

import numpy as np
import pandas as pd
import pytest

from lottery.suite import tables


def frame(**columns: list) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples([("held", "30%"), ("freed", "60%")], names=["condition", "removed"])
    return pd.DataFrame(columns, index)


def told(table: pd.DataFrame) -> dict[str, object]:
    """What the book is told of a table."""
    (about,) = tables.numbers(table, "What.")._repr_html_()[1][tables.MARK]
    return about


def cells(table: pd.DataFrame) -> list[list[str]]:
    """The lines of the book's table, signs that Markdown reads as they are."""
    lines = [re.split(r"(?<!\\) ?\| ?", line)[1:-1] for line in told(table)["markdown"].splitlines()]
    return [[re.sub(r"\\(.)", r"\1", html.unescape(cell)) for cell in line] for line in lines]


def test_the_decimals_of_a_column_are_as_far_from_its_end():
    column = cells(pd.DataFrame({"x": ["1.25", "-3", "0.5", "", "12%"]}))[2:]
    ends = [text.replace("\u2060", "") for _, text in column]  # which has no width
    after = [len(text) - (text.index(".") if "." in text else len(text.rstrip("\u2007\u2008"))) for text in ends[:3]]
    assert after == [3, 3, 3]
    assert [text.strip("\u2007\u2008") for text in ends] == ["1.25", "-3", "0.5", "", "12%"]


def test_no_line_is_broken_where_decimals_are_lacking():
    (_, whole), (_, _) = cells(pd.DataFrame({"x": ["100", "0.25"]}))[2:]
    assert whole == "100\u2008\u2060\u2007\u2007"


def test_columns_of_numbers_stand_on_the_right_and_words_on_the_left():
    table = pd.DataFrame({"a": ["+1.5 (-0.2 to +3.0)", "not met"], "b": ["1 of 3", "2 of 3"], "c": [1, 2]}, ["x", "y"])
    assert cells(table)[1] == [":--", "--:", ":--", "--:"]
    assert cells(table)[2] == ["x", "+1.5<br><small>-0.2\xa0to\xa0+3.0</small>", "1 of 3", "1"]


def test_a_long_text_among_numbers_is_broken_into_lines_and_a_number_is_not():
    long = "the rate of scores, the rate of weights or head"
    column = [
        text.replace("\u2060", "")
        for _, text in cells(pd.DataFrame({"x": ["1,000 ms", "3.5", "not met", long, "0.5 %"]}))[2:]
    ]
    assert [text.rstrip("\u2007\u2008") for text in column] == [
        "1,000\xa0ms",
        "3.5",
        "not\xa0met",
        long,
        "0.5\xa0%",
    ]


def test_the_name_of_a_row_stands_where_it_changes():
    index = pd.MultiIndex.from_tuples([("a", "x"), ("a", "y"), ("b", "y"), ("b", "y")], names=["task", None])
    lines = cells(pd.DataFrame({"n": ["1", "2", "3", "4"]}, index))
    assert [line[:2] for line in lines] == [["task", ""], [":--"] * 2, ["a", "x"], ["", "y"], ["b", "y"], ["", "y"]]


def test_signs_of_markdown_are_shown_as_they_are():
    (line,) = cells(pd.DataFrame({"a": ["p* < 0.5 | $x$"]}, ["`n_1`"]))[2:]
    assert line == ["`n_1`", "p* < 0.5 | $x$"]
    assert told(pd.DataFrame({"a": ["a | b"]}))["markdown"].splitlines()[2] == "| 0 | a \\| b |"


def test_a_file_has_every_number_of_its_table_and_intervals_by_themselves():
    table = frame(change=["+1.2 (-0.3 to +2.7) =", "-0.1 (no interval)"], score=[12.5, np.nan])
    read = pd.read_csv(io.StringIO(told(table)["csv"]), index_col=[0, 1])
    assert read.columns.tolist() == ["change", "change, from", "change, to", "score"]
    assert read.loc[("held", "30%")].tolist() == ["+1.2 =", -0.3, 2.7, 12.5]
    assert read.loc[("freed", "60%"), "change"] == "-0.1"
    assert read.loc[("freed", "60%")].isna().sum() == 3


def test_no_number_is_lost_in_what_is_written_of_it():
    table = frame(
        small=[2e-5, 0.5], weights=[1_239_476, 84], shown=[True, False], text=["0.0 (no interval)", "1,204.5 ms"]
    )
    (_, _, *rows), read = cells(table), pd.read_csv(io.StringIO(told(table)["csv"]), index_col=[0, 1])
    assert rows[0][2:] == ["2.0e-05", "1,239,476", "True", "0.0<br><small>no\xa0interval</small>"]
    assert read["small"].tolist() == [2e-5, 0.5]
    assert read["weights"].tolist() == [1_239_476, 84]
    assert read["text"].tolist() == ["0.0", "1204.5 ms"]


def test_what_is_no_interval_is_not_taken_for_one():
    for text in ("8 of 12 (layers 1 to 3)", "5 (1 to 2 to 3)"):
        assert cells(pd.DataFrame({"a": [text]}))[2][1] == text


def test_two_columns_or_rows_of_one_name_are_refused_where_one_would_be_lost():
    with pytest.raises(ValueError, match="two columns of a table are called 'a'"):
        tables.numbers(pd.DataFrame([[1, 2]], columns=["a", "a"]), "What.")
    with pytest.raises(ValueError, match="two rows of a table are called 'x'"):
        tables.side_by_side({"print": pd.DataFrame({"a": [1, 2]}, ["x", "x"])})


def test_sources_stand_side_by_side_with_a_row_for_every_cell():
    one = pd.DataFrame({"50% remain": ["1", "2"], "10% remain": ["3", ""]}, pd.Index(["a", "b"], name="method"))
    other = pd.DataFrame({"10% remain": ["4"], "90% remain": ["5"]}, ["b"])
    both = tables.side_by_side({"print": one, "ours": other})
    assert both.columns.tolist() == ["print", "ours"]
    assert both.index.names == ["method", ""]
    assert [(*row, *texts) for row, texts in zip(both.index, both.to_numpy().tolist(), strict=True)] == [
        ("a", "50% remain", "1", ""),
        ("a", "10% remain", "3", ""),
        ("b", "90% remain", "", "5"),
        ("b", "50% remain", "2", ""),
        ("b", "10% remain", "", "4"),
    ]


def test_tables_of_one_column_are_put_together_row_by_row():
    one, other = pd.DataFrame({"x": ["1", "2"]}, ["a", "b"]), pd.DataFrame({"y": ["3", "4"]}, ["b", "c"])
    both = tables.side_by_side({"one": one, "other": other})
    assert both.reset_index().to_numpy().tolist() == [["a", "1", ""], ["b", "2", "3"], ["c", "", "4"]]
