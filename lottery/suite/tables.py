"""Tables of the book, one look for all: numbers in line, an interval small beneath its mean, a caption with a number.

A chapter shows the two or three tables that say what it found, and folds all others, each with a file to download. A
notebook shows a table as pandas does; how the book does it is in the metadata of the output, which
`lottery.suite.layout` reads.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise, takewhile

import pandas as pd
from IPython.display import HTML

from lottery.suite.escaped import in_markdown

MARK = "table"  # in the metadata of an output
# A mean with what stands in brackets behind it, an interval or a range; what it is followed by stays with the mean.
WITH_INTERVAL = re.compile(
    r"^([^()<>]*\d[^()<>]*?) \((no interval|[-+]?\d(?:(?! to )[^()<>])* to [-+]?\d(?:(?! to )[^()<>])*)\)((?: =)?)$"
)
NUMBER = re.compile(r"^(?=.*\d)[-+±<]? ?[\d,]*(?:\.(\d+))?(?:e-?\d+)?(?: ?(?:%|ms|MB|kB|M|=))*(?: ±.*)?$")
SHARE = re.compile(r"^(\d+(?:\.\d+)?)%")  # what names of shares begin with, which stand in their order
# Spaces as wide as a point and as a digit, which keep decimals in line; between the two no line is broken.
POINT, DIGIT = "&#8200;&#8288;", "&#8199;"
TOGETHER = "&#160;"  # a space at which no line is broken
LONGEST = 20  # letters of a short text in a column of numbers
MOST_DECIMALS = 4


def finding(table: pd.DataFrame, caption: str) -> HTML:
    """A table that says what a chapter found: open in the book, with a number and this caption, in MyST."""
    return _output(table, caption, is_open=True)


def numbers(table: pd.DataFrame, what: str) -> HTML:
    """A table that the book folds with the others of its section, under words that say what it holds."""
    return _output(table, what, is_open=False)


def together(*tables: HTML) -> HTML:
    """Several of these as what one cell puts out."""
    return HTML(
        "".join(each.data for each in tables),
        metadata={MARK: [about for each in tables for about in each.metadata[MARK]]},
    )


def _output(table: pd.DataFrame, words: str, *, is_open: bool) -> HTML:
    texts = _texts(table)
    about = {"words": words, "open": is_open, "markdown": markdown(texts), "csv": csv(texts)}
    return HTML(f"<p>{words}</p>{texts.to_html()}", metadata={MARK: [about]})


def _texts(table: pd.DataFrame) -> pd.DataFrame:
    """All cells as texts, those of a column of fractions with the same number of decimals, "" for no number.

    Raises ValueError where two columns have one name, of which a file would keep one.
    """
    _refuse_two(table.columns, "columns")
    columns = {}
    for place in range(table.shape[1]):
        column = table.iloc[:, place]
        if pd.api.types.is_float_dtype(column):
            written = [f"{value:.{MOST_DECIMALS}f}".rstrip("0").partition(".")[2] for value in column.dropna()]
            form = f",.{max(map(len, written), default=0)}f"
            columns[place] = ["" if pd.isna(value) else _fraction(value, form) for value in column]
        else:
            columns[place] = [
                "" if pd.isna(value) else f"{value:,}" if type(value) is int else str(value) for value in column
            ]
    return pd.DataFrame(columns, table.index, dtype=str).set_axis(table.columns, axis=1)


def _refuse_two(names: pd.Index, what: str) -> None:
    if not names.is_unique:
        raise ValueError(f"two {what} of a table are called {names[names.duplicated()][0]!r}")


def _fraction(value: float, form: str) -> str:
    """A number in a form of so many decimals, or, where they would leave nothing of it, with an exponent."""
    return f"{value:.1e}" if value and abs(value) < 0.5 * 10**-MOST_DECIMALS else f"{value:{form}}"


def side_by_side(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Tables of several sources with a column each: a row for each of their cells, named by its row and column.

    sources  {name: table of texts}; where all have one column alone, a row is named by its row
    Raises ValueError where a table has two rows or columns of one name.
    """
    for table in sources.values():
        _refuse_two(table.index, "rows")
    alone = all(table.shape[1] == 1 for table in sources.values())
    columns, names = {}, []
    for source, table in sources.items():
        columns[source] = {
            (*_names(row), *(() if alone else _names(name))): text
            for row, texts in zip(table.index, _texts(table).to_numpy(), strict=True)
            for name, text in zip(table.columns, texts, strict=True)
        }
        names = names or [*table.index.names, *([] if alone else table.columns.names)]
    places = [
        place
        for place in in_order(place for column in columns.values() for place in column)
        if any(column.get(place) for column in columns.values())
    ]
    index = pd.MultiIndex.from_tuples(places, names=[name or "" for name in names])
    return pd.DataFrame({name: [column.get(place, "") for place in places] for name, column in columns.items()}, index)


def _names(label: object) -> tuple[str, ...]:
    return tuple(map(str, label)) if isinstance(label, tuple) else (str(label),)


def in_order(labels: Iterable[object]) -> list:
    """Names of rows or columns, each once: level by level in the order of first appearance, shares by their numbers."""
    labels, ranks = [*dict.fromkeys(labels)], []
    for level in zip(*map(_names, labels), strict=True):
        names = [*dict.fromkeys(level)]
        shares = [float(found[1]) for name in names if (found := SHARE.match(name))]
        if len(shares) == len(names) > 1:
            names.sort(key=lambda name: float(SHARE.match(name)[1]), reverse=shares[0] > shares[1])
        ranks.append(names)
    return sorted(
        labels, key=lambda label: [names.index(name) for names, name in zip(ranks, _names(label), strict=True)]
    )


def markdown(texts: pd.DataFrame) -> str:
    """A table of texts in Markdown: the names of rows first, each where it changes; numbers in line on the right."""
    levels = texts.index.nlevels
    labels = [_names(label) for label in texts.index]
    shown = [labels[0], *(_changed(*pair) for pair in pairwise(labels))] if labels else []
    heads = [*(str(name or "") for name in texts.index.names), *(", ".join(_names(name)) for name in texts.columns)]
    if levels == 1 and not texts.index.names[0]:
        heads[0] = str(texts.columns.name or "")
    columns = [_column([*texts.iloc[:, place]]) for place in range(texts.shape[1])]
    rules = [":--"] * levels + ["--:" if right else ":--" for _, right in columns]
    rows = [[*map(in_markdown, label), *(cells[place] for cells, _ in columns)] for place, label in enumerate(shown)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [[*map(in_markdown, heads)], rules, *rows])


def _changed(above: Sequence[str], label: Sequence[str]) -> list[str]:
    """The names of a row, without those at the beginning that stand above it."""
    same = len([*takewhile(lambda pair: pair[0] == pair[1], zip(above, label, strict=True))])
    return [""] * min(same, len(label) - 1) + [*label[min(same, len(label) - 1) :]]


def _column(texts: Sequence[str]) -> tuple[list[str], bool]:
    """The cells of a column, and whether they are numbers, whose decimals then stand under each other.

    No line is broken at a space of a number, of its interval or of any other short text of such a column.
    """
    parts = [WITH_INTERVAL.match(text) for text in texts]
    means = [f"{part[1]}{part[3]}" if part else text for part, text in zip(parts, texts, strict=True)]
    found = [NUMBER.match(mean) for mean in means]
    right = 0 < sum(map(bool, means)) <= 2 * sum(map(bool, found))
    decimals = [len(each[1] or "") if each else 0 for each in found]
    cells = []
    for mean, part, count, is_number in zip(means, parts, decimals, found, strict=True):
        lacking = max(decimals) - count if right and is_number else 0
        space = (POINT if lacking and not count else "") + DIGIT * lacking
        above, beneath = in_markdown(mean), in_markdown(part[2]) if part else ""
        if right:
            above = above.replace(" ", TOGETHER) if is_number or len(mean) <= LONGEST else above
            beneath = beneath.replace(" ", TOGETHER)
        cells.append(f"{above}{space}" + (f"<br><small>{beneath}</small>" if part else ""))
    return cells, right


def csv(texts: pd.DataFrame) -> str:
    """A table of texts as a file: intervals in two columns of their own, beside that of their means."""
    columns = {}
    for place, label in enumerate(texts.columns):
        name, cells = ", ".join(_names(label)), [*texts.iloc[:, place]]
        parts = [WITH_INTERVAL.match(text) for text in cells]
        spans = [part[2].split(" to ") if part and " to " in part[2] else ["", ""] for part in parts]
        means = [f"{part[1]}{part[3]}" if part else text for part, text in zip(parts, cells, strict=True)]
        columns[name] = [mean.replace(",", "") if NUMBER.match(mean) else mean for mean in means]
        if any(map(any, spans)):
            columns[f"{name}, from"], columns[f"{name}, to"] = zip(*spans, strict=True)
    return pd.DataFrame(columns, texts.index).to_csv()
