"""The tab-separated files of GLUE (Wang et al. 2019, arXiv:1804.07461) as tables."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd


def read_split(
    path: Path, columns: Mapping[str, str | int], labels: tuple[str, ...], *, header: bool = True
) -> pd.DataFrame:
    """One split: columns first, second (for pairs), label.

    columns   {"first": ..., "second": ..., "label": ...}: a column's name, or its position in a file without header
    labels    the names of the classes, in the order of their numbers; () where the label is a number
    Quotes are text, as in the published files, which hold unbalanced ones; rows are neither joined nor dropped.
    Raises FileNotFoundError, or ValueError naming file and row for what is not in this layout.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}: --data-dir has to be a folder laid out as GLUE's download")
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a UTF-8 file as GLUE publishes it: {error}") from error
    # Split by hand: a reader of tables fills short rows up, drops empty ones and takes a lone "\r" for a line's end.
    rows = [line.removesuffix("\r").split("\t") for line in lines[: -1 if lines[-1] == "" else None]]
    names = rows.pop(0) if header and rows else list(range(len(rows[0]))) if rows else []
    if not rows:
        raise ValueError(f"{path} has no row: it has to be a tab-separated file as GLUE publishes it")
    for theirs in columns.values():
        if names.count(theirs) != 1:
            there = "twice" if theirs in names else "not there"
            raise ValueError(f"{path}: column {theirs!r} is {there}: its columns are {', '.join(map(str, names))}")
    for number, row in enumerate(rows):
        if len(row) != len(names):
            raise ValueError(f"{path}, row {number + 1}: {len(row)} fields where there are {len(names)} columns")
    table = pd.DataFrame(rows, columns=names)
    split = pd.DataFrame({ours: table[theirs] for ours, theirs in columns.items()})
    split["label"] = _numbers(split["label"], path) if not labels else _classes(split["label"], labels, path)
    return split


def _classes(told: pd.Series, labels: tuple[str, ...], path: Path) -> pd.Series:
    found = told.map({name: number for number, name in enumerate(labels)})
    if found.isna().any():
        row = int(found.isna().to_numpy().argmax())
        raise ValueError(f"{path}, row {row + 1}: label {told.iloc[row]!r} is none of {', '.join(labels)}")
    return found.astype(int)


def _numbers(told: pd.Series, path: Path) -> pd.Series:
    found = pd.to_numeric(told, errors="coerce")
    if not np.isfinite(found).all():
        row = int(np.isfinite(found).to_numpy().argmin())
        raise ValueError(f"{path}, row {row + 1}: {told.iloc[row]!r} is not a number")
    return found.astype(float)
