"""What a build lacks: a cell without anything to show says so to whoever runs it; the book tells all of it on one page.

A reader of a chapter meets no empty figure and no command to record what is missing. In a notebook the notice stands
where its cell is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from IPython.display import Markdown

if TYPE_CHECKING:
    from nbformat import NotebookNode

LABEL = "what-is-missing"  # of the place in the book where it is told
INSTEAD = f"*Nothing to show here in this build: {{ref}}`see why <{LABEL}>`.*"
MARK = "absent"  # in the metadata of an output


class Hole(NamedTuple):
    """A cell that has nothing to show: its caption or the heading that it stands under, and why."""

    what: str
    why: str


def absent(words: str) -> Markdown:
    """A notice, in Markdown, for the end of a cell that has nothing to show."""
    return Markdown(words, metadata={MARK: True})


def closed(notebook: NotebookNode) -> list[Hole]:
    """Take the notices out of an executed notebook, in place; what they told, in order.

    A cell that shows nothing else is no figure any more and goes from the page. Where all that a piece of prose
    introduces is gone, a line says so in its place.
    """
    from nbformat.v4 import new_markdown_cell  # two seconds, which kernels that only want `absent` can do without

    holes: list[Hole] = []
    cells: list[NotebookNode] = []
    heading = ""
    for group in _groups(notebook.cells):
        heading = next((_heading(cell) for cell in group if _heading(cell)), heading)
        gone = [cell for cell in group if any(map(_is_notice, cell.get("outputs", [])))]
        for cell in gone:
            figure = cell.metadata.get("mystnb", {}).pop("figure", {})
            what = figure.get("caption", heading)
            holes += [Hole(what, output.data["text/markdown"]) for output in cell.outputs if _is_notice(output)]
            cell.outputs = [output for output in cell.outputs if not _is_notice(output)]
            if cell.outputs and figure:
                cell.metadata["mystnb"]["figure"] = figure
            elif not cell.outputs:
                cell.metadata["tags"] = [*cell.metadata.get("tags", []), "remove-cell"]
        cells += group
        if gone and not any(_shows(cell) for cell in group):
            cells.append(new_markdown_cell(INSTEAD, id=f"instead-of-{gone[0].id}"[:64]))
    notebook.cells = cells
    return holes


def told(holes: dict[str, list[Hole]]) -> list[str]:
    """The section of a page that tells them, in lines of Markdown: {page: its holes}."""
    lines = [f"({LABEL})=", "## What is missing", ""]
    for page, of_page in holes.items():
        lines += [f"- {{doc}}`/{page}`" for _ in of_page[:1]]
        lines += [f"  - {hole.what.rstrip('.')}: {hole.why.strip('*')}" for hole in dict.fromkeys(of_page)]
    return lines if any(holes.values()) else [*lines, "Nothing."]


def _groups(cells: list[NotebookNode]) -> list[list[NotebookNode]]:
    """Each piece of prose with the code below it."""
    groups: list[list[NotebookNode]] = [[]]
    for cell in cells:
        if cell.cell_type == "markdown":
            groups.append([])
        groups[-1].append(cell)
    return groups


def _heading(cell: NotebookNode) -> str:
    titles = [line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#")]
    return titles[0] if cell.cell_type == "markdown" and titles else ""


def _is_notice(output: NotebookNode) -> bool:
    return is_notice(output.get("metadata", {}).get("text/markdown"))


def is_notice(metadata: Mapping[str, object] | None) -> bool:
    """Whether what has this metadata was made by `absent`."""
    return bool((metadata or {}).get(MARK))


def _shows(cell: NotebookNode) -> bool:
    hidden = {"remove-cell", "remove-output"} & set(cell.metadata.get("tags", []))
    return bool(cell.get("outputs")) and not hidden
