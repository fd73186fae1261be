"""What a reader should not meet on a page: markup, objects, missing numbers, names of columns, holes, retired words.

A page is read as it is shown, without code, formulas and menus, and what cells have put out is told from prose: a word
as "None" or "inside_out" is a leak only where a program wrote it.
"""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

ALONE = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
INLINE = {"a", "abbr", "b", "em", "i", "small", "span", "strong", "sub", "sup", "wbr", "br", "code", "img", "q", "cite"}
UNREAD_TAGS = {"head", "script", "style", "nav", "svg", "math", "header", "footer", "button"}
UNREAD_CLASSES = {"math", "cell_input", "headerlink", "bd-sidebar-primary", "bd-sidebar-secondary", "viewcode-link"}
PICTURED = {"img", "svg", "table", "iframe", "canvas", "video"}
GATHERED = "how_this_was_made.html"  # where all is told that could not be shown
OF_CODE = {"_modules", "genindex.html", "py-modindex.html", "search.html"}  # names of code are what they are for
ON_CODE = {"from_python.html"}  # shows tables as a program gets them

FORMULA = "a formula that was not set"
RETIRED = "a word that this book no longer uses"
# For these the field has words, which book/methods.md explains. In none of them is anything else said.
HOUSE_WORDS = (
    "by lot",
    "one answer to all",
    "drawn anew",
    "held against",
    "dealt out",
    "each a world",
    "whole MiniLM",
    "movement, pressed",
    "pressed movement",
)

# In prose and in what cells put out.
EVERYWHERE = {
    "a role that was not read": re.compile(r"\{[a-z]+(?::[a-z]+)*\}(?=`|‸)"),
    FORMULA: re.compile(r"\$[^$]*[\\^_{}][^$]*\$|\$[a-zA-Z]\$|\\[(\[]|\\[a-z]+\{"),
    "the name of an object": re.compile(
        r"<[\w.]+ (?:object )?at 0x\w+>?|<[\w.]+ object|<class '|\bIPython\.|<lottery|<function|DataFrame\(|Series\("
        r"|\b(?:np|torch)\.\w+\(|\btensor\(|\barray\("
    ),
    "what is told elsewhere": re.compile(r"Not recorded yet|Not part of this build"),
    "a plural left open": re.compile(r"\w\w\(s\)"),
    "a percent sign behind a blank": re.compile(r"\d %"),
    RETIRED: re.compile(rf"\b(?:{'|'.join(HOUSE_WORDS)})\b", re.IGNORECASE),
}
# In what cells put out, and in tables and headings.
COMPUTED = {
    "no number": re.compile(r"\b(?:nan|NaN|NaT)\b|<NA>|(?<![\w-])-?inf\b|\bNone\b(?! [a-z])"),
    "the name of a column or a value": re.compile(
        r"\b(?:True|False|minilm)\b|\b[a-z]+_[a-z_0-9]+\b|\b(?:of|start|dense|made|base|tuned)\.[a-z]\w*"
    ),
}


class Text(NamedTuple):
    """What stands in one paragraph, cell or line of a page; ‸ stands for code and formulas in it."""

    where: str  # "prose", "computed", or "reference" for what is made of docstrings
    words: str


def leaks(page: Path) -> list[str]:
    """The leaks of a built page, one sentence each, none twice."""
    if OF_CODE & set(page.parts):
        return []
    reader = _Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    reader.close()
    faults = []
    for text in reader.texts:
        patterns = EVERYWHERE | (COMPUTED if text.where == "computed" and page.name not in ON_CODE else {})
        for what, pattern in patterns.items():
            if text.where == "reference" and what != RETIRED:
                continue
            faults += [f"shows {what}: {around(text.words, match)}" for match in pattern.finditer(text.words)]
    if page.name == GATHERED:
        faults = [each for each in faults if "elsewhere" not in each]
    faults += [f"has a numbered figure without a picture: {caption}" for caption in reader.empty]
    faults += [f"refers to {words}, which is nowhere" for words in reader.unresolved]
    return list(dict.fromkeys(faults))


def of_figure(lettering: list[str]) -> list[str]:
    """The leaks of what is written in a figure, as a program wrote it."""
    patterns = EVERYWHERE | COMPUTED
    return list(
        dict.fromkeys(
            f"shows {what}: {around(words, match)}"
            for words in lettering
            for what, pattern in patterns.items()
            for match in pattern.finditer(words)
            if what != FORMULA  # matplotlib sets them itself
        )
    )


def around(words: str, match: re.Match) -> str:
    """What was matched and a little to its left and right."""
    start, end = max(0, match.start() - 30), match.end() + 30
    return f"{'…' * (start > 0)}{words[start:end]}{'…' * (end < len(words))}"


class _Element(NamedTuple):
    """An element that is open, the names of its classes, and whether what is in it is left unread."""

    tag: str
    kinds: frozenset[str]
    unread: bool


class _Reader(HTMLParser):
    """The texts of a page, its numbered figures without content, and the references in it that lead nowhere."""

    def __init__(self):
        super().__init__()
        self.texts: list[Text] = []
        self.empty: list[str] = []
        self.unresolved: list[str] = []
        self._open: list[_Element] = []
        self._words: list[str] = []
        self._figure: dict[str, bool | str] | None = None

    def handle_starttag(self, tag, attrs):
        if tag not in INLINE:
            self._end_of_text()
        if self._figure is not None and tag in PICTURED:
            self._figure["pictured"] = True
        if tag == "figure":
            self._figure = {"pictured": False, "caption": ""}
        if tag not in ALONE:
            kinds = frozenset((dict(attrs).get("class") or "").split())
            # Code that was written as code, not an object that a cell has put out in plain text.
            code = tag == "code" or (tag == "pre" and "cell_output" not in kinds and not self._kind("cell_output"))
            self._open.append(_Element(tag, kinds, code or tag in UNREAD_TAGS or bool(UNREAD_CLASSES & kinds)))
            if self._open[-1].unread:
                self._words.append("‸")

    def handle_endtag(self, tag):
        if tag not in INLINE:
            self._end_of_text()
        if tag == "figure" and self._figure is not None:
            if not self._figure["pictured"] and self._figure["caption"].strip():
                self.empty.append(" ".join(self._figure["caption"].split()))
            self._figure = None
        while self._within(tag) and self._open.pop().tag != tag:
            pass  # what the page left open within it

    def handle_data(self, data):
        if self._figure is not None and self._within("figcaption"):
            self._figure["caption"] += data
        for _, kinds, unread in self._open:
            if "problematic" in kinds or ("xref" in kinds and "py" not in kinds and not self._within("a")):
                self.unresolved.append(data)
            if unread:
                return
        self._words.append(data)

    def _end_of_text(self) -> None:
        words, self._words = " ".join("".join(self._words).split()), []
        if not self._within("article") or not words.strip("‸ "):
            return
        if self._kind("py"):
            where = "reference"
        elif self._kind("cell_output") or {"th", "td", "h1", "h2", "h3"} & {element.tag for element in self._open}:
            where = "computed"
        else:
            where = "prose"
        self.texts.append(Text(where, words))

    def _within(self, tag: str) -> bool:
        return any(element.tag == tag for element in self._open)

    def _kind(self, kind: str) -> bool:
        return any(kind in element.kinds for element in self._open)
