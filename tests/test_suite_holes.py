"""What a page lacks, taken out of a notebook of a few cells and told."""

import pandas as pd
from nbformat import v4

from lottery.suite import holes
from lottery.suite.chapter import Chapter


def output(words, *, absent=False):
    """As a kernel leaves it of the value of a cell."""
    return v4.new_output(
        "execute_result", {"text/markdown": words}, metadata={"text/markdown": {holes.MARK: True}} if absent else {}
    )


def code(*outputs, caption="", tags=()):
    cell = v4.new_code_cell("1", outputs=list(outputs), execution_count=1)
    cell.metadata["tags"] = list(tags)
    if caption:
        cell.metadata["mystnb"] = {"image": {"alt": "a"}, "figure": {"name": "g7", "caption": caption}}
    return cell


def notebook(*cells):
    return v4.new_notebook(cells=[v4.new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells])


def test_a_notice_is_marked_as_a_kernel_passes_it_on():
    data, metadata = holes.absent("*Nothing.*")._repr_markdown_()
    assert (data, metadata) == ("*Nothing.*", {"absent": True})


def test_a_chapter_says_what_is_absent_in_such_a_notice():
    chapter = Chapter("a/b", pd.DataFrame({"x": [1]}), pd.DataFrame(), pd.DataFrame())
    nothing = chapter.shown(len, "live", among=lambda rows: rows[rows["x"] > 1])
    for notice in (chapter.missing(), chapter.shown(len, "minilm"), nothing):
        assert notice.metadata == {holes.MARK: True}
    assert chapter.shown(len, "live") == 1


def test_a_figure_that_is_empty_goes_and_is_told():
    empty = code(output("*Not recorded yet: `run`.*", absent=True), caption="The same.", tags=["hide-input"])
    full = code(output("A sentence."), caption="A line.")
    pages = notebook("# Title", full, empty, "## Next", code(output("Another.")))
    assert holes.closed(pages) == [("The same.", "*Not recorded yet: `run`.*")]
    assert [cell.source for cell in pages.cells] == ["# Title", "1", "1", "## Next", "1"]
    assert empty.metadata == {"mystnb": {"image": {"alt": "a"}}, "tags": ["hide-input", "remove-cell"]}
    assert full.metadata["mystnb"]["figure"]["caption"] == "A line."
    assert [cell.outputs != [] for cell in pages.cells if cell.cell_type == "code"] == [True, False, True]


def test_where_nothing_is_left_below_a_piece_of_prose_a_line_says_so():
    gone = code(output("*No search.*", absent=True))
    pages = notebook("(p8)=\n# One", "The table:", gone, code(), code(output("x"), tags=["remove-cell"]), "## Two")
    assert holes.closed(pages) == [("One", "*No search.*")]
    assert [cell.source for cell in pages.cells] == [
        "(p8)=\n# One",
        "The table:",
        "1",
        "1",
        "1",
        holes.INSTEAD,
        "## Two",
    ]


def test_a_cell_that_shows_something_else_stays():
    both = code(output("*No table.*", absent=True), output("A sentence."), caption="A line.")
    pages = notebook("# One", both)
    assert holes.closed(pages) == [("A line.", "*No table.*")]
    assert both.metadata["tags"] == []
    assert both.metadata["mystnb"]["figure"]["caption"] == "A line."
    assert [each.data["text/markdown"] for each in both.outputs] == ["A sentence."]


def test_a_notebook_without_holes_is_left_as_it_is():
    pages = notebook("# One", code(output("x")), code())
    before = str(pages)
    assert holes.closed(pages) == []
    assert str(pages) == before


def test_all_of_it_is_told_in_one_place():
    lines = holes.told({"a/b": [holes.Hole("A line.", "*None.*")] * 2, "a/c": []})
    assert lines == ["(what-is-missing)=", "## What is missing", "", "- {doc}`/a/b`", "  - A line: None."]
    assert holes.told({"a/c": []})[-1] == "Nothing."
