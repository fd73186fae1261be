"""The code of a page out of its reader's way: one switch shows all of it, each figure links to its own and to its runs.

Sphinx loads this as an extension (`book/_config.yml`). The code of a cell tagged `code` is on its page but not shown,
as `book/_static/book.css` says; without any script the switch and the links show it, as places on the page. What a
search finds is prose and results. A picture is a link to itself, alone; one in columns is piled up on a narrow page.
"""

import posixpath
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.builders.html import StandaloneHTMLBuilder

from lottery.suite.columns import stacked

NARROW = 600  # pixels: below it the columns of a figure stand one below the other
TAG = "code"  # of a cell whose code is not shown until it is asked for
SWITCH = "with-code"  # the place on a page at which all of it is shown
MADE = "how_this_was_made"  # the page that tells the runs behind each page, at `runs_of` it


class Pages(StandaloneHTMLBuilder):
    """Sphinx's builder of pages, that leaves code out of the search index and links each picture to itself."""

    def index_page(self, pagename: str, doctree: nodes.document, title: str) -> None:
        """Put a page into the search index."""
        readable = doctree.deepcopy()
        for _, code in list(_with_code(readable)):
            code.parent.remove(code)
        super().index_page(pagename, readable, title)

    def post_process_images(self, doctree: nodes.Node) -> None:
        """Decide which file stands for each picture of a page."""
        super().post_process_images(doctree)
        for image in list(doctree.findall(nodes.image)):
            if isinstance(image.parent, nodes.figure) and image["uri"] in self.images:
                file = posixpath.join(self.imgpath, self.images[image["uri"]])
                alone = nodes.reference("", "", internal=True, refuri=file, classes=["alone"])
                image.replace_self(nodes.inline("", "", alone))  # of text, a link may hold more than an image
                alone.extend(_picture(image, self.srcdir, file))

    def copy_image_files(self) -> None:
        """Copy the pictures of all pages, and beside those in columns the same piled up."""
        super().copy_image_files()
        for source, name in self.images.items():
            if piled := _stacked(Path(self.srcdir, source)):
                place = Path(self.outdir, self.imagedir, name)
                place.with_name(_piled(name)).write_text(piled, encoding="utf-8")


def _picture(image: nodes.image, source: Path, file: str) -> list[nodes.Node]:
    """An image; where it is in columns, the element that shows it piled up on a narrow page."""
    if not _stacked(Path(source, image["uri"])):
        return [image]
    narrow = f'<source media="(max-width: {NARROW}px)" srcset="{escape(_piled(file))}">'
    begin, end = (nodes.raw("", text, format="html") for text in (f"<picture>{narrow}", "</picture>"))
    return [begin, image, end]


def _stacked(file: Path) -> str | None:
    return stacked(file.read_text(encoding="utf-8")) if file.suffix == ".svg" and file.exists() else None


def _piled(name: str) -> str:
    return f"{name.removesuffix('.svg')}-piled.svg"


def runs_of(page: str) -> str:
    """The label of what is told of a page's runs."""
    return f"runs-of-{page.replace('/', '-').replace('_', '-')}"


def link(app: Any, doctree: nodes.document, page: str) -> None:
    """Put the switch under the title of a page that has such code, and by figures and tables what is behind them."""
    cells = list(_with_code(doctree))
    title = next(doctree.findall(nodes.title), None)
    if not cells or title is None:
        return
    runs = f"{app.builder.get_relative_uri(page, MADE)}#{runs_of(page)}"
    switch = _link("Show the code", f"#{SWITCH}", "code-switch")
    line = nodes.paragraph(
        "", "", switch, nodes.Text(" "), _link("What was run", runs), ids=[SWITCH], classes=["behind"]
    )
    title.parent.insert(title.parent.index(title) + 1, line)
    for number, (cell, code) in enumerate(cells):
        code["ids"].append(f"code-{number}")
        titles = (title for title in cell.findall(nodes.title) if isinstance(title.parent, nodes.table))
        for caption in [*cell.findall(nodes.caption), *titles]:
            links = (_link("code", f"#code-{number}"), nodes.Text(" "), _link("runs", runs))
            # Behind a blank: to whoever reads the text alone, a sentence and a link are two words.
            caption += [nodes.Text(" "), nodes.inline("", "", *links, classes=["behind"])]


def _with_code(doctree: nodes.document) -> Iterator[tuple[nodes.Element, nodes.Element]]:
    """The cells tagged so with the node of their code."""
    for cell in doctree.findall(nodes.container):
        if f"tag_{TAG}" in cell["classes"]:
            codes = (child for child in cell if "cell_input" in child.get("classes", ()))
            yield from ((cell, code) for code in codes)


def _link(words: str, where: str, *kinds: str) -> nodes.reference:
    return nodes.reference("", words, internal=True, refuri=where, classes=list(kinds))


def setup(app: Any) -> dict[str, bool]:
    """Sphinx's entrance to an extension."""
    app.add_builder(Pages, override=True)
    app.connect("doctree-resolved", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
