"""Small pictures of figures on another page: a column of the figure, or all of one without, made by the build.

A page asks for one as the picture of a card in what a cell puts out, by the address
`thumbnails/<name of the figure>.<number of the column, from 1>.svg`.
"""

import re
from pathlib import Path

import nbformat

from lottery.suite.columns import column

FOLDER = "thumbnails"
ASKED = re.compile(rf"^:img-top: {FOLDER}/(([\w-]+)\.(\d))\.svg\n(?::img-alt: .*\n)?", re.MULTILINE)


def made(source: Path, page: str) -> list[str]:
    """Put the small pictures that a page asks for into a source tree of notebooks; the figures that are not in it.

    page  the name of a notebook at the top of the tree, without its suffix
    A card loses the picture of a figure that is not there.
    """
    place = source / f"{page}.ipynb"
    if not place.exists():
        return []
    notebook = nbformat.read(place, as_version=4)
    texts = [
        output.data
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "text/markdown" in output.get("data", {})
    ]
    wanted = {found[1]: (found[2], int(found[3])) for data in texts for found in ASKED.finditer(data["text/markdown"])}
    pictures = _pictures(source, [name for name, _ in wanted.values()])
    for file, (name, number) in wanted.items():
        if svg := pictures.get(name):
            (source / FOLDER).mkdir(exist_ok=True)
            (source / FOLDER / f"{file}.svg").write_text(column(svg, number) or svg, encoding="utf-8")
    missing = [file for file, (name, _) in wanted.items() if name not in pictures]
    if missing:
        for data in texts:
            data["text/markdown"] = ASKED.sub(
                lambda found: "" if found[1] in missing else found[0], data["text/markdown"]
            )
        nbformat.write(notebook, place)
    return missing


def _pictures(source: Path, names: list[str]) -> dict[str, str]:
    """The figures of these names in the notebooks of a tree: {name: SVG}."""
    found = {}
    for path in sorted(source.rglob("*.ipynb")) if names else ():
        text = path.read_text(encoding="utf-8")
        if any(f'"{name}"' in text for name in names):
            for cell in nbformat.reads(text, as_version=4).cells:
                name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
                drawn = [output.get("data", {}).get("image/svg+xml") for output in cell.get("outputs", [])]
                if name in names and any(drawn):
                    found[name] = next(filter(None, drawn))
    return found
