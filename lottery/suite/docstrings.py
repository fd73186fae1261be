"""Docstrings as the book's reference shows them: plain text with `code`, tables of arguments and examples, as reST.

Sphinx loads this as an extension (`book/_config.yml`). A docstring is written to be read in an editor, so nothing in it
is markup but backticks: whatever reST would take for some is escaped.
"""

import re
from typing import Any

from numpy.typing import ArrayLike

ROW = re.compile(r"(\S+(?:, \S+)*?) {2,}(\S.*)")  # a name, or several, at the line's beginning, and what it means
TABLE = [".. list-table::", "   :class: arguments", ""]
NAMED = {ArrayLike: type("ArrayLike", (), {})}  # types that would be spelled out, in lines of parts that say nothing


def setup(app: Any) -> dict[str, bool]:
    """Sphinx's entrance to an extension."""
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-before-process-signature", _name)
    return {"parallel_read_safe": True}


def _process(app: Any, what: str, name: str, member: object, options: Any, lines: list[str]) -> None:
    lines[:] = as_rest(lines)


def _skip(app: Any, what: str, name: str, member: object, skip: bool, options: Any) -> bool | None:
    """Leave out what is imported from elsewhere, and what a NamedTuple says of its fields by itself, their number."""
    elsewhere = not str(getattr(member, "__module__", None) or "lottery").startswith("lottery")
    return True if elsewhere or type(member).__name__ == "_tuplegetter" else None


def _name(app: Any, member: object, bound_method: bool) -> None:
    hints = getattr(member, "__annotations__", {})
    for argument, hint in hints.items():
        hints[argument] = next((name for named, name in NAMED.items() if hint == named), hint)


def as_rest(lines: list[str]) -> list[str]:
    """A docstring's lines, its indentation taken away, as reST.

    A line of a table has a name, two blanks or more, and what is meant by it, which goes on in the indented lines below
    it. A paragraph that begins with `>>>` is an example. Anything else that is indented stays as it stands.
    """
    rest: list[str] = []
    for paragraph in re.split(r"\n(?:[ \t]*\n)+", "\n".join(lines).strip("\n")):
        rest += _paragraph(paragraph.splitlines())
    return rest


def _paragraph(lines: list[str]) -> list[str]:
    if lines and lines[0].startswith(">>>"):
        return [*lines, ""]
    rest: list[str] = []
    while lines:
        if ROW.fullmatch(lines[0]):
            rows, lines = _rows(lines)
            rest += [*TABLE, *(line for row in rows for line in row), ""]
        elif lines[0].startswith(" "):
            number = next((n for n, line in enumerate(lines) if not line.startswith(" ")), len(lines))
            rest += ["::", "", *(f"   {line}" for line in lines[:number]), ""]
            lines = lines[number:]
        else:
            number = next(
                (n for n, line in enumerate(lines) if line.startswith(" ") or ROW.fullmatch(line)), len(lines)
            )
            rest += [escaped(" ".join(lines[:number])), ""]
            lines = lines[number:]
    return rest


def _rows(lines: list[str]) -> tuple[list[list[str]], list[str]]:
    """The rows of a table, as lines of a list-table, and the lines after it."""
    rows = []
    while lines and (row := ROW.fullmatch(lines[0])):
        number = next((n for n, line in enumerate(lines) if n and not line.startswith(" ")), len(lines))
        meaning = " ".join([row[2], *(line.strip() for line in lines[1:number])])
        rows.append([f"   * - ``{row[1]}``", f"     - {escaped(meaning)}"])
        lines = lines[number:]
    return rows, lines


def escaped(text: str) -> str:
    """Plain text with `code` as reST, in one line."""
    parts = re.split(r"`([^`]+)`", text)
    parts[::2] = [re.sub(r"([\\*|_`])", r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [f"\\ ``{part}``\\ " for part in parts[1::2]]  # an escaped blank is none, and ends markup anywhere
    return "".join(parts).removeprefix("\\ ").removesuffix("\\ ")
