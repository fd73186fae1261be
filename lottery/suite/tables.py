"""Tables of the book, one look for all: one line of heads, numbers in line, an interval small beneath its mean.

What a cell puts out is a table of pandas, of numbers or of texts. How it is shown is decided here and in
book/_static/book.css, when the book is put together; in a notebook it stays as pandas shows it.
"""

import re

# A mean with what stands in brackets behind it, an interval or a range; what it is followed by stays with the mean.
WITH_INTERVAL = re.compile(r"^([^()<>]*\d[^()<>]*?) \((no interval|[^()<>]* to [^()<>]*)\)((?: =)?)$")
NUMBER = re.compile(r"^[-+±]?[\d,]*\.?\d+(?:e-?\d+)?(?: ?(?:%|ms|MB|kB|M))?(?: ±.*)?$")
STYLE = re.compile(r"<style scoped>.*?</style>\s*", re.DOTALL)
CELL = re.compile(r"<td>([^<>]*)</td>")
HEADS = re.compile(r"<thead>(.*?)</thead>", re.DOTALL)
LINE = re.compile(r"<tr[^>]*>(.*?)</tr>", re.DOTALL)
HEAD = re.compile(r"<th[^>]*>(.*?)</th>", re.DOTALL)


def dressed(html: str) -> str:
    """A table of pandas as the book shows it; any other HTML as it is."""
    if 'class="dataframe' not in html:
        return html
    html = STYLE.sub("", html)  # pandas' own, which would hold for all tables of a page
    return HEADS.sub(lambda heads: _in_one_line(heads[0]), CELL.sub(_cell, html))


def _cell(cell: re.Match[str]) -> str:
    text = cell[1].strip()
    if found := WITH_INTERVAL.match(text):
        mean, interval, verdict = found.groups()
        return f'<td class="number">{mean}{verdict}<small>{interval}</small></td>'
    return f'<td class="number">{text}</td>' if NUMBER.match(text) else cell[0]


def _in_one_line(heads: str) -> str:
    """Put the names of the rows, for which pandas takes a line of its own, into the line above."""
    lines = LINE.findall(heads)
    if len(lines) < 2:
        return heads
    names, above = (HEAD.findall(line) for line in (lines[-1], lines[-2]))
    named = [name for name in names if name]
    levels = next((place for place, name in enumerate(names) if not name), len(names))
    alone = len(names) == len(above) and names[levels:].count("") == len(names) - levels and named
    if not alone or "colspan" in lines[-2]:
        return heads
    # The name of the columns, if they have one, stands above those of the rows, and says what the numbers are.
    firsts = [f"{over} {name}".strip() if over != name else name for over, name in zip(above, names, strict=True)]
    line = "".join(f"<th>{name}</th>" for name in [*firsts[:levels], *above[levels:]])
    kept = "".join(f"<tr>{each}</tr>" for each in lines[:-2])
    return f"<thead>{kept}<tr>{line}</tr></thead>"
