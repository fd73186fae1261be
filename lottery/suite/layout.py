"""Where the tables of a chapter stand in the book: findings open, under a number, and all others folded by section."""

import re

import nbformat

from lottery.suite.tables import MARK

FOLDER = "numbers"  # of the book's source tree: the files of its tables
SECTION = re.compile(r"^##? ", re.MULTILINE)


def laid_out(notebook: nbformat.NotebookNode, page: str) -> dict[str, str]:
    """Lay a notebook's tables out for the book, in place: findings where they stand, others in one fold a section.

    page     its name in the source tree
    returns  {file, of the source tree: its text}, one a table
    """
    files: dict[str, str] = {}
    cells: list[nbformat.NotebookNode] = []
    folded: list[str] = []
    place = 0  # behind the last cell of the section with a table that is folded

    def fold() -> None:
        if folded:
            text = "\n\n".join(["::::{dropdown} All numbers", *folded, "::::"])
            cells.insert(place, nbformat.v4.new_markdown_cell(text, id=f"numbers-{len(files)}"))
            folded.clear()

    for cell in notebook.cells:
        if cell.cell_type == "markdown" and SECTION.search(cell.source):
            fold()
        cells.append(cell)
        outputs = []
        for output in cell.get("outputs", []):
            tables = output.get("metadata", {}).get("text/html", {}).get(MARK)
            outputs += [output] if tables is None else []
            for about in tables or ():
                file = f"{FOLDER}/{page.replace('/', '-')}-{len(files) + 1}.csv"
                files[file] = about["csv"]
                link = f"{{download}}`CSV </{file}>`"
                if about["open"]:
                    text = f":::{{table}} {about['words']} {link}\n:align: left\n\n{about['markdown']}\n:::"
                    outputs.append(nbformat.v4.new_output("display_data", {"text/markdown": text}))
                else:
                    folded.append(f"**{about['words']}** {link}\n\n{about['markdown']}")
                    place = len(cells)
        if "outputs" in cell:
            cell.outputs = outputs
    fold()
    notebook.cells = cells
    return files
