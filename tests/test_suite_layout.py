"""Where tables stand on the page of a chapter: a toy notebook, laid out."""

import io

import nbformat
import pandas as pd

from lottery.suite import tables
from lottery.suite.layout import laid_out

new = nbformat.v4


def shows(*made) -> nbformat.NotebookNode:
    """A cell that has put these tables, or texts, out."""
    outputs = []
    for each in made:
        if isinstance(each, str):
            outputs.append(new.new_output("display_data", {"text/markdown": each}))
        else:
            data, metadata = each._repr_html_()
            outputs.append(new.new_output("display_data", {"text/html": data}, metadata={"text/html": metadata}))
    return new.new_code_cell("1", outputs=outputs)


def frame(*texts: str) -> pd.DataFrame:
    return pd.DataFrame({"score": texts}, pd.Index([*"abc"[: len(texts)]], name="task"))


def test_findings_stay_and_the_other_tables_of_a_section_are_in_one_fold_behind_the_last():
    pages = new.new_notebook(
        cells=[
            new.new_markdown_cell("# Title"),
            shows(tables.numbers(frame("1"), "First.")),
            new.new_markdown_cell("### Further\n\nProse."),
            shows(
                "A sentence.",
                tables.together(tables.numbers(frame("2"), "Second."), tables.finding(frame("3"), "It is *so*.")),
            ),
            shows("The end."),
            new.new_markdown_cell("(a)=\n## Next"),
            shows(tables.numbers(frame("4"), "Third.")),
        ]
    )
    files = laid_out(pages, "experiments/world")
    kinds = [(cell.cell_type, len(cell.get("outputs", []))) for cell in pages.cells]
    text, code = "markdown", "code"
    assert kinds == [(text, 0), (code, 0), (text, 0), (code, 2), (text, 0), (code, 1), (text, 0), (code, 0), (text, 0)]
    fold, last = pages.cells[4].source, pages.cells[8].source
    assert fold.startswith("::::{dropdown} All numbers\n")
    assert fold.index("**First.**") < fold.index("| a | 1 |") < fold.index("**Second.**") < fold.index("| a | 2 |")
    assert "| a | 4 |" in last
    assert "4" not in fold
    found = pages.cells[3].outputs[1].data["text/markdown"]
    assert found.startswith(":::{table} It is *so*. {download}`CSV </numbers/experiments-world-3.csv>`\n")
    assert "| a | 3 |" in found
    assert [*files] == [f"numbers/experiments-world-{number}.csv" for number in (1, 2, 3, 4)]
    read = [pd.read_csv(io.StringIO(text))["score"].tolist() for text in files.values()]
    assert read == [[1], [2], [3], [4]]


def test_a_notebook_without_tables_stays_as_it_is():
    cells = [new.new_markdown_cell("# Title"), shows("A sentence.")]
    pages = new.new_notebook(cells=[*cells])
    assert laid_out(pages, "a") == {}
    assert pages.cells == cells
