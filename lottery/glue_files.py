"""The tab-separated files of GLUE (Wang et al. 2019, arXiv:1804.07461) as tables."""

import csv
from collections.abc import Mapping
from pathlib import Path

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
        table = pd.read_csv(
            path,
            sep="\t",
            quoting=csv.QUOTE_NONE,
            header=0 if header else None,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a tab-separated UTF-8 file as GLUE publishes it: {error}") from error
    if missing := [column for column in columns.values() if column not in table.columns]:
        raise ValueError(f"{path} has no column {missing[0]!r}: it has {', '.join(map(str, table.columns))}")
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
    if found.isna().any():
        row = int(found.isna().to_numpy().argmax())
        raise ValueError(f"{path}, row {row + 1}: {told.iloc[row]!r} is not a number")
    return found.astype(float)
