"""What a book has to pass before it is shown: executed notebooks without errors, and pages that stand on their own.

Each check returns what is wrong, one sentence a fault; nothing wrong is an empty list.
"""

import html
import json
import math
import re
import tempfile
from collections.abc import Mapping
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from lottery.suite import interactive
from lottery.suite.leaks import leaks, of_figure

PICTURE = (".png", ".svg", ".jpg", ".jpeg", ".gif", ".pdf")
# Elements that fetch what they name, and the attribute that names it. A plain link to another site is welcome.
FETCHES = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "image": "href",
    "img": "src",
    "link": "href",
    "object": "data",
    "script": "src",
    "source": "src",
    "video": "src",
}
FETCHED_BY_CODE = re.compile(
    r"""(?:\bimport\s*\(?|@import\s*(?:url\()?|\burl\(|\.src\s*=)\s*["']?((?:https?:)?//[\w.])"""
)
LEANING = re.compile(r'<span class="caption-text">((?:The same|As above|Likewise)\b[^<]{0,60})')
HEADINGS = re.compile(
    r"--book-h(\d): ([\d.]+)rem"
)  # in the style sheet, from the first on: once for each width of page
LETTERS = re.compile(r"scale\(([\d.]+) -[\d.]+\)")  # of matplotlib, which draws letters of 100 points
SMALLEST = 8.0  # points of a figure's letters: 9 pixels on a phone, where the style sheet shows 85% of a figure's size
SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"
SIZED = re.compile(r"""font-size(?:="|: ?)([\d.]+)(?:px|")""")  # of an SVG that is written by hand, in pixels
FOLDERS = ("experiments", "analyses")  # of a site: its pages that were notebooks
NO_CHAPTERS = {"from_python.html"}  # that show the package and ask nothing
BOX = re.compile(r'class="in-short admonition"|<section id="in-short"')
FOLDED = re.compile(r"<details(?![^>]*\bopen\b).*?</details>", re.DOTALL)
MOST_TABLES = 3  # of a chapter that stand open, its box's among them: of more, none says what was found
MOST = 70  # figures of a book: what is shown three times, once for each source, can be compared with none of them
DRAWN = re.compile(r"(?:stroke|fill): (#[0-9a-f]{6})")  # "none" and the page's own colour are none
MACHINE_ACCOUNTS = {
    "",
    "admin",
    "debian",
    "docker",
    "root",
    "runner",
    "ubuntu",
    "user",
}  # words of prose, nobody's name


def unexecuted(notebook: Path) -> list[str]:
    """The faults of an executed notebook: cells that were not run, and cells that ended in an error."""
    faults = []
    for number, cell in enumerate(json.loads(notebook.read_text(encoding="utf-8"))["cells"]):
        if cell["cell_type"] != "code" or not "".join(cell["source"]).strip():
            continue
        if cell["execution_count"] is None:
            faults.append(f"{notebook.name}: cell {number} was not executed")
        faults += [
            f"{notebook.name}: cell {number} ended in {output['ename']}: {output['evalue']}"
            for output in cell["outputs"]
            if output["output_type"] == "error"
        ]
    return faults


def faults(site: Path, root: Path) -> list[str]:
    """The faults of a built book.

    site  the folder of its pages
    root  the checkout that it was built from, of which no path may be in it

    Links, anchors and files that are not there; scripts, styles, fonts and pictures fetched from elsewhere; pictures
    without a text that stands for them; formulas without the script that sets them; what a reader should not meet, as
    of `leaks`, in figures, too; letters too small for a phone; headings no smaller than the one above; a name with two
    colours, two names of one figure with one look; too many figures; a chapter without its box, or with too many tables
    that are not folded; figures to move without their script, their still figure, or the room they have; paths of this
    machine and the name of its user.
    """
    theme = site / "_static"  # its pages are templates
    pages = {path: _Page(path) for path in sorted(site.rglob("*.html")) if not path.is_relative_to(theme)}
    texts = {path.relative_to(site).as_posix(): page.text for path, page in pages.items()}
    scripts = {path.stem: path.stat().st_size for path in (site / interactive.FOLDER).glob("*.js")}
    sentences = []
    for path, page in pages.items():
        of_page = (
            *(page.broken(site, pages), page.fetched_from_elsewhere(), page.without_text(), page.without_mathjax()),
            *(captions(page.text), interactive.faults(page.text, scripts)),
        )
        sentences += [f"{path.relative_to(site)}: {fault}" for each in of_page for fault in each]
        sentences += [f"{path.relative_to(site)}: {leak}" for leak in leaks(path)]
    for path in sorted(site.rglob("*.css")):
        addresses = _fetched_by_code(path.read_text(encoding="utf-8"))
        sentences += [f"{path.relative_to(site)}: fetches {address}" for address in addresses]
        sentences += [f"{path.relative_to(site)}: {fault}" for fault in headings(path.read_text(encoding="utf-8"))]
    for path in sorted((site / "_images").glob("*.svg")):
        figure = path.read_text(encoding="utf-8")
        sentences += [f"{path.relative_to(site)}: {leak}" for leak in of_figure(lettering(figure))]
        if (size := letters(figure)) < SMALLEST:
            sentences.append(f"{path.relative_to(site)}: has letters of {size:g} points, fewer than {SMALLEST:g}")
        sentences += [f"{path.relative_to(site)}: {fault}" for fault in looks(figure)]
    figures = sum(text.count("<figure") for text in texts.values())
    sentences += boxless(texts) + crowded(texts)
    sentences += [f"the book has {figures} figures, more than {MOST}"] if figures > MOST else []
    return sentences + colours(site / "_images") + traces_of_machine(site, root)


def captions(page: str) -> list[str]:
    """The captions of a page that cannot be read alone."""
    return [f"has a caption that cannot be read alone: {each}" for each in LEANING.findall(page)]


def letters(svg: str) -> float:
    """The points of the smallest letters of a figure, by matplotlib or written by hand; infinite without any."""
    drawn = [100 * float(size) for size in LETTERS.findall(svg)]
    return min(drawn + [0.75 * float(size) for size in SIZED.findall(svg)], default=math.inf)


def boxless(pages: Mapping[str, str]) -> list[str]:
    """The chapters among the pages of a book, {path: HTML}, that do not begin with the box that others have."""
    chapters = _chapters(pages)
    boxed = {path for path, text in chapters.items() if BOX.search(text)}
    return [
        f"{path}: does not begin with the box that chapters have" for path in chapters if boxed and path not in boxed
    ]


def crowded(pages: Mapping[str, str]) -> list[str]:
    """The chapters among the pages of a book, {path: HTML}, with more tables than a reader can look at first."""
    count = {path: FOLDED.sub("", text).count("<table") for path, text in _chapters(pages).items()}
    return [
        f"{path}: has {tables} open tables, more than {MOST_TABLES}"
        for path, tables in count.items()
        if tables > MOST_TABLES
    ]


def _chapters(pages: Mapping[str, str]) -> dict[str, str]:
    chapters = {path: text for path, text in pages.items() if "/" in path and not path.endswith(tuple(NO_CHAPTERS))}
    return {path: text for path, text in chapters.items() if path.split("/")[0] in FOLDERS}


def headings(css: str) -> list[str]:
    """The sizes of headings in a style sheet that are not below that of the heading above."""
    sizes = [(int(level), float(size)) for level, size in HEADINGS.findall(css)]
    return [
        f"a heading of level {level} is {size:g} rem and one of level {higher} {above:g}"
        for (higher, above), (level, size) in pairwise(sizes)
        if level > higher and size >= above
    ]


def traces_of_machine(site: Path, root: Path) -> list[str]:
    """The paths of this machine and the name of its user in the pages, their sources and the search index."""
    tops = {place.parts[1] for place in (root.resolve(), Path.home(), Path(tempfile.gettempdir())) if place.parts[1:]}
    local_path = re.compile(
        rf"(?<![\w.:/%-])(?:file://)?/(?:{'|'.join(sorted(tops | {'home', 'root', 'tmp', 'Users'}))})/\w[^\s\"'<&\\]*"
    )
    user = Path.home().name
    user_name = re.compile(rf"\b{re.escape(user)}\b") if user not in MACHINE_ACCOUNTS else None
    texts = [*site.rglob("*.html"), *(site / "_sources").rglob("*.*"), *site.glob("searchindex.js")]
    sentences = []
    for path in sorted(texts):
        text = path.read_text(encoding="utf-8")
        paths = sorted(set(local_path.findall(text)))
        sentences += [f"{path.relative_to(site)}: tells the path {local}" for local in paths]
        if user_name and user_name.search(text):
            sentences.append(f"{path.relative_to(site)}: tells the user name {user}")
    return sentences


def _fetched_by_code(text: str) -> list[str]:
    return [match[0] for match in FETCHED_BY_CODE.finditer(text)]


class _Page(HTMLParser):
    """A page: its text, its elements with their attributes, the ids in it, and the text of its scripts and styles."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.code: list[str] = []
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)
        self.ids = {
            attributes[name] for _, attributes in self.elements for name in ("id", "name") if name in attributes
        }

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.cdata_elem:  # inside a script or a style
            self.code.append(data)

    def broken(self, site: Path, pages: dict[Path, "_Page"]) -> list[str]:
        named = [(tag, attributes.get(FETCHES.get(tag, "href"))) for tag, attributes in self.elements]
        return [
            f"<{tag}> names {address}, which is not there"
            for tag, address in named
            if address and _is_local(address) and not self._reaches(address, site, pages)
        ]

    def _reaches(self, address: str, site: Path, pages: dict[Path, "_Page"]) -> bool:
        parts = urlsplit(address)
        target = (self.path.parent / unquote(parts.path)).resolve() if parts.path else self.path
        target = target / "index.html" if target.is_dir() else target
        if not target.is_file() or not target.is_relative_to(site.resolve()):
            return target == self.path
        return not parts.fragment or target not in pages or unquote(parts.fragment) in pages[target].ids

    def fetched_from_elsewhere(self) -> list[str]:
        faults = []
        for tag, attributes in self.elements:
            address = attributes.get(FETCHES.get(tag, "")) or ""
            if _is_remote(address) and (tag != "link" or attributes.get("rel") not in ("canonical", "next", "prev")):
                faults.append(f"<{tag}> fetches {address}")
        addresses = [address for code in self.code for address in _fetched_by_code(code)]
        return faults + [f"a script or style fetches {address}" for address in addresses]

    def without_text(self) -> list[str]:
        pictures = [attributes for tag, attributes in self.elements if tag == "img"]
        return [
            f"the picture {picture.get('src')} has no text that stands for it (alt={picture.get('alt')!r})"
            for picture in pictures
            if not (picture.get("alt") or "").strip() or picture["alt"].lower().endswith(PICTURE)
        ]

    def without_mathjax(self) -> list[str]:
        formulas = any("math" in (attributes.get("class") or "").split() for _, attributes in self.elements)
        scripts = [attributes.get("src") or "" for tag, attributes in self.elements if tag == "script"]
        return ["holds formulas but no MathJax"] if formulas and not any("mathjax" in src for src in scripts) else []


def _is_remote(address: str) -> bool:
    return address.startswith("//") or urlsplit(address).scheme in ("http", "https", "ftp")


def _is_local(address: str) -> bool:
    return not address.startswith("//") and not urlsplit(address).scheme and address != "#"


def colours(pictures: Path) -> list[str]:
    """The names that have one colour in one figure's legend and another in another's, among all SVG of a folder."""
    seen: dict[str, dict[str, str]] = {}
    for path in sorted(pictures.glob("*.svg")):
        for name, colour in legend(path.read_text(encoding="utf-8")):
            seen.setdefault(name, {}).setdefault(colour, path.name)
    return [
        f"{name} is drawn in " + " and in ".join(f"{colour} ({where})" for colour, where in of_name.items())
        for name, of_name in seen.items()
        if len(of_name) > 1
    ]


def legend(svg: str) -> list[tuple[str, str]]:
    """The entries of the legends of a figure that matplotlib has written: (name, colour).

    In a legend, what is drawn of an entry stands before its name, and a name that is drawn as a shape in a comment.
    """
    entries = []
    for group in _with_comments(svg).iter(f"{SVG}g"):
        colour = ""
        for element in group.iter() if group.get("id", "").startswith("legend_") else ():
            if element.tag is ElementTree.Comment:
                entries += [(element.text.strip(), colour)] if colour else []
                colour = ""
            elif found := DRAWN.search(element.get("style", "")):  # the last: a frame stands before the first
                colour = found[1]
    return entries


def looks(svg: str) -> list[str]:
    """The names of one figure's legends, which have no frame, with the colour, the marker and the line of another."""
    names: dict[tuple[str, ...], dict[str, None]] = {}
    for group in _with_comments(svg).iter(f"{SVG}g"):
        look: list[str] = []
        for element in group.iter() if group.get("id", "").startswith("legend_") else ():
            if element.tag is ElementTree.Comment:
                names.setdefault(tuple(look), {})[element.text.strip()] = None
                look = []
            elif element.get("style") and not element.get("id"):  # what has an id is the shape of a marker, used below
                look += [element.get("style"), element.get(f"{XLINK}href", "")]
    return [f"gives {' and '.join(each)} one look" for look, each in names.items() if look and len(each) > 1]


def lettering(svg: str) -> list[str]:
    """What is written in a figure of matplotlib's, which draws letters as shapes and says them in a comment before."""
    comments = (element for element in _with_comments(svg).iter() if element.tag is ElementTree.Comment)
    return [html.unescape(comment.text.strip()) for comment in comments]


def _with_comments(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg, ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True)))
