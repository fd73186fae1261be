"""Rows of text files as tables with the columns first, second and label: the checks that every format shares."""

import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from math import inf
from pathlib import Path

import numpy as np
import pandas as pd

# What no eye sees. The joiners are left in: words of several languages are spelled with them.
INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
# How files begin that are no text, whatever they are called, and what makes one of them.
NO_TEXT = {
    b"\x1f\x8b": "it is packed by gzip: unpack it first",
    b"PK\x03\x04": "it is an archive or a workbook: unpack it, or save the sheet as .csv",
    b"\xd0\xcf\x11\xe0": "it is an old workbook: save the sheet as .csv",
    b"PAR1": "it is Parquet: write it with `pandas.read_parquet(...).to_csv(..., index=False)`",
    b"\xff\xfe": "it is in UTF-16: save it as UTF-8",
    b"\xfe\xff": "it is in UTF-16: save it as UTF-8",
}
SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
ENDINGS = {",": "call it .csv", "\t": "call it .tsv"}  # of a file whose fields are separated so
LONGEST = 200  # letters of what a file holds that a sentence repeats


def text(path: Path) -> str:
    """The text of a UTF-8 file, without a byte order mark. Raises FileNotFoundError, or ValueError where it is none."""
    if not path.is_file():
        raise FileNotFoundError(f"no file {path.absolute()}")
    content = path.read_bytes()
    for beginning, why in NO_TEXT.items():
        if content.startswith(beginning):
            raise ValueError(f"{path} is not a UTF-8 file: {why}")
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a UTF-8 file ({error}): save it as UTF-8") from error
    if "\0" in decoded:
        line = decoded[: decoded.index("\0")].count("\n") + 1
        raise ValueError(
            f"{path}, line {line}: it holds a zero byte, as no text does: save the file as UTF-8, or take it out"
        )
    return decoded


def seen(written: str) -> str:
    """A name as the eye sees it: accents stored in one way, nothing invisible, one blank where there are some."""
    return " ".join(unicodedata.normalize("NFC", written.translate(INVISIBLE)).split())


def shortened(text: str) -> str:
    """What a sentence repeats of a file, cut where it is very long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def tab_separated(text: str) -> list[list[str]]:
    """The rows of a tab-separated text. Quotes are text, as in the files of GLUE, which hold unbalanced ones."""
    # By hand: a reader of tables fills short rows up, drops empty ones and takes a lone "\r" for a line's end.
    lines = text.split("\n")
    return [line.removesuffix("\r").split("\t") for line in lines[: -1 if lines[-1] == "" else None]]


def comma_separated(path: Path) -> tuple[list[str], list[list[str]]]:
    """The names in the first line of a comma-separated file, and its rows. Raises as `text`, and for wrong quotes."""
    content = text(path)
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    longest = csv.field_size_limit(len(content) + 1)  # a field of a book's length is no error
    try:
        rows = [row for row in reader if row]
    except csv.Error as error:
        line = content.partition("\n")[0]
        other = next(
            (f" but by {name}" for sign, name in SEPARATORS.items() if f'"{sign}"' in line and sign != ","), ""
        )
        raise ValueError(
            f"{path}, line {reader.line_num}: not separated by commas{other} with texts in double quotes, inner ones "
            f"doubled ({error})"
        ) from error
    finally:
        csv.field_size_limit(longest)
    return (rows[0], rows[1:]) if rows else ([], [])


def table(
    path: Path, names: Sequence[str | int], rows: list[list[str]], columns: Mapping[str, str | int]
) -> pd.DataFrame:
    """The wanted columns of a file's rows, under our names.

    names    of the file's columns, in order
    columns  {"first": ..., "second": ..., "label": ...}: ours -> theirs
    Raises ValueError naming file and row where there is no row, a column is missing or twice, a row has more or fewer
    fields than there are columns, or a text is empty.
    """
    if not rows:
        raise ValueError(f"{path} has no row of an example")
    line, names = str(names[0]), [seen(name) if isinstance(name, str) else name for name in names]
    columns = {ours: seen(theirs) if isinstance(theirs, str) else theirs for ours, theirs in columns.items()}
    for theirs in columns.values():
        if names.count(theirs) != 1:
            there = "twice" if theirs in names else f"not there{_meant(str(theirs), names, line, path)}"
            raise ValueError(
                f"{path}: column {theirs!r} is {there}: its columns are {shortened(', '.join(map(str, names)))}"
            )
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            quotes = ": a text with commas stands in double quotes" if path.suffix.lower() == ".csv" else ""
            more = quotes if len(row) > len(names) else ""
            raise ValueError(f"{path}, row {number}: {len(row)} fields where there are {len(names)} columns{more}")
    places = {ours: names.index(theirs) for ours, theirs in columns.items()}
    chosen = pd.DataFrame({ours: [row[place] for row in rows] for ours, place in places.items()})
    for ours in filter(places.__contains__, ("first", "second")):
        empty = chosen[ours].str.strip().eq("")
        if empty.any():
            raise ValueError(f"{path}, row {int(empty.argmax()) + 1}: column {columns[ours]!r} is empty")
    return chosen


def _meant(wanted: str, names: Sequence[str | int], line: str, path: Path) -> str:
    """Which of the columns may be meant by one that is not there; else what is wrong with the line that names them."""
    spelled = {str(name).casefold(): name for name in names}
    if near := get_close_matches(wanted.casefold(), spelled, n=1, cutoff=0.7):
        return f" (did you mean {spelled[near[0]]!r}?)"
    for sign, name in SEPARATORS.items():
        if wanted in [part.strip().strip('"') for part in line.split(sign)]:
            mended = ENDINGS.get(sign, "save the file with commas, as .csv")
            return f" (the names in its first line are separated by {name}: {mended})"
    return "" if path.suffix.lower() == ".jsonl" else " (the first line names the columns)"


def classes(written: pd.Series, labels: Sequence[str], path: Path) -> pd.Series:
    """Names of classes as their positions in `labels`; ValueError names the first row with another one."""
    numbered = written.map({name: number for number, name in enumerate(labels)})
    if numbered.isna().any():
        row = int(numbered.isna().to_numpy().argmax())
        raise ValueError(
            f"{path}, row {row + 1}: label {shortened(written.iloc[row])!r} is none of {shortened(', '.join(labels))}"
        )
    return numbered.astype(int)


def numbers(written: pd.Series, path: Path, between: tuple[float, float] = (-inf, inf)) -> pd.Series:
    """Labels as finite numbers in the range `between`; ValueError names the first row with anything else."""
    values = pd.to_numeric(written, errors="coerce")
    wrong = ~(np.isfinite(values) & values.between(*between)).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        which = "a number" if between == (-inf, inf) else f"a number from {between[0]:g} to {between[1]:g}"
        raise ValueError(f"{path}, row {row + 1}: label {shortened(written.iloc[row])!r} is not {which}")
    return values.astype(float)
