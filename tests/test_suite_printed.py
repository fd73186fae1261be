"""A checkout with one paper's file: read or not, shown or not; and the real book, all of whose files are read."""

from pathlib import Path

import nbformat
import pytest
from rich.console import Console

from lottery.suite import book as books
from lottery.suite import printed

ROOT = Path(__file__).parent.parent
ROW = '- {{row: G7, paper: gordon2020, what: "A figure.", code: [lottery/a.py], {}}}\n'
READING = '# %% [markdown]\n# (g7)=\n# # A chapter\n\n# %%\ntable = read_published("table")\n'


@pytest.fixture
def book(small, notebook):
    """The checkout `small` with a file of five numbers and a row whose page is to show them; its chapter reads it."""
    (small / "book/published").mkdir()
    (small / "book/published/table.csv").write_text(
        "task,sparsity,score,sd\ncola,0.7,0.831,0.0123\nrte,0.75,0.905,\nstsb,0.8,-0.25,1.5\n"
    )
    (small / "book/rows.yaml").write_text(ROW.format("published: [table]"))
    notebook("experiments/chapter", READING)
    return small


def executed(book: Path, *outputs: dict[str, str]) -> Path:
    """The folder of the executed chapter with these outputs."""
    cells = [
        nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("display_data", data=data)]) for data in outputs
    ]
    folder = book / "executed"
    (folder / "experiments").mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "experiments/chapter.ipynb")
    return folder


def test_a_file_that_a_chapter_reads_by_name_is_read(book):
    assert printed.unread(book) == []


def test_a_file_that_no_chapter_reads_is_told(book):
    (book / "book/published/other.csv").write_text("score\n0.5\n")
    assert printed.unread(book) == ["book/published/other.csv is read by no page"]


def test_a_book_that_leaves_one_out_is_not_built(book):
    (book / "book/published/other.csv").write_text("score\n0.5\n")
    with pytest.raises(
        RuntimeError, match=r"printed numbers are left out:\nbook/published/other.csv is read by no page"
    ):
        books.build(book, "quick", results=book / "results", console=Console())


@pytest.mark.parametrize("key", ["published", "drawn"])
def test_a_row_whose_own_page_does_not_read_its_file_is_told(book, notebook, key):
    (book / "book/rows.yaml").write_text(ROW.format(f"{key}: [table]"))
    notebook("experiments/chapter", READING.replace("table", "tale"))
    notebook("analyses/other", 'read_published("table")\n')
    assert printed.unread(book) == ["G7: its page does not read book/published/table.csv"]


def test_a_twin_and_a_figures_name_are_places_of_a_row(book, notebook):
    for anchor in ("# (g7-minilm)=", '# %% mystnb={"figure": {"name": "g7"}}'):
        notebook("experiments/chapter", READING.replace("# (g7)=", anchor))
        assert printed.unread(book) == []
    notebook("experiments/chapter", READING.replace("(g7)", "(g71)"))
    assert printed.unread(book) == ["G7: its page does not read book/published/table.csv"]


def test_numbers_in_tables_that_say_what_is_printed_are_shown_in_any_of_their_forms(book):
    table = "<table><th>printed</th><td>83.1 ± 1.2</td><td>0.905</td><td>&minus;0.25</td></table>"
    assert printed.unshown(book, executed(book, {"text/html": table})) == []
    assert printed.unshown(book, executed(book, {"text/markdown": "They print 83.1, 90.5 and -25.0."})) == []
    assert printed.unshown(book, executed(book, {"text/markdown": "They print 83.1, 90.5 and 25%."})) == []


@pytest.mark.parametrize(
    "data",
    [
        {"text/html": "<td>83.1</td><td>90.5</td><td>0.25</td>"},  # ours, for all that is said
        {"text/html": "<th>printed</th><td>83.1</td><td>90.5</td>"},  # two of five
        {"text/html": "<th>printed</th><td>0.7</td><td>0.75</td><td>0.8</td>"},  # places
        {"text/plain": "printed 83.1 90.5 0.25"},
        {"text/markdown": "They print 83.1, 90.5 and 25."},  # of what?
    ],
)
def test_a_page_that_does_not_show_them_is_told(book, data):
    (fault,) = printed.unshown(book, executed(book, data))
    assert fault.startswith("G7: its page shows ")
    assert fault.endswith("% of the numbers of book/published/table.csv")


def test_a_row_can_mean_some_lines_of_a_file(book):
    folder = executed(book, {"text/html": "<th>printed</th><td>90.5</td>"})
    (fault,) = printed.unshown(book, folder)
    assert "shows 20% of" in fault
    (book / "book/rows.yaml").write_text(ROW.format("published: [{table: \"task == 'rte'\"}]"))
    assert printed.unshown(book, folder) == []
    assert printed.unread(book) == []


def test_what_is_only_drawn_needs_no_table(book):
    (book / "book/rows.yaml").write_text(ROW.format("drawn: [table]"))
    assert printed.unshown(book, executed(book, {"text/plain": ""})) == []


def test_every_printed_number_of_the_real_book_is_read_where_it_belongs():
    assert printed.unread(ROOT) == []
