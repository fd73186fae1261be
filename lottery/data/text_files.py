"""Rows of text files as tables with the columns first, second and label: the checks that every format shares."""

import csv
import io
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path

import numpy as np
import pandas as pd


def text(path: Path) -> str:
    """The text of a UTF-8 file, without a byte order mark. Raises FileNotFoundError, or ValueError where it is none."""
    if not path.is_file():
        raise FileNotFoundError(f"no file {path.absolute()}")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a UTF-8 file ({error}): save it as UTF-8") from error


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
        raise ValueError(f"{path}, line {reader.line_num}: not comma-separated with quoted texts ({error})") from error
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
    for theirs in columns.values():
        if names.count(theirs) != 1:
            there = "twice" if theirs in names else "not there"
            raise ValueError(f"{path}: column {theirs!r} is {there}: its columns are {', '.join(map(str, names))}")
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise ValueError(f"{path}, row {number}: {len(row)} fields where there are {len(names)} columns")
    places = {ours: names.index(theirs) for ours, theirs in columns.items()}
    chosen = pd.DataFrame({ours: [row[place] for row in rows] for ours, place in places.items()})
    for ours in places.keys() & {"first", "second"}:
        empty = chosen[ours].str.strip().eq("")
        if empty.any():
            raise ValueError(f"{path}, row {int(empty.argmax()) + 1}: column {columns[ours]!r} is empty")
    return chosen


def classes(told: pd.Series, labels: Sequence[str], path: Path) -> pd.Series:
    """Names of classes as their positions in `labels`; ValueError names the first row with another one."""
    found = told.map({name: number for number, name in enumerate(labels)})
    if found.isna().any():
        row = int(found.isna().to_numpy().argmax())
        raise ValueError(f"{path}, row {row + 1}: label {told.iloc[row]!r} is none of {', '.join(labels)}")
    return found.astype(int)


def numbers(told: pd.Series, path: Path, between: tuple[float, float] = (-inf, inf)) -> pd.Series:
    """Labels as finite numbers in the range `between`; ValueError names the first row with anything else."""
    found = pd.to_numeric(told, errors="coerce")
    wrong = ~(np.isfinite(found) & found.between(*between)).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        which = "a number" if between == (-inf, inf) else f"a number from {between[0]:g} to {between[1]:g}"
        raise ValueError(f"{path}, row {row + 1}: label {told.iloc[row]!r} is not {which}")
    return found.astype(float)
