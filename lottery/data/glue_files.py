"""The tab-separated files of GLUE (Wang et al. 2019, arXiv:1804.07461) as tables."""

import warnings
from collections.abc import Mapping
from math import inf
from pathlib import Path

import pandas as pd

from lottery.data import text_files


def read_split(
    path: Path,
    columns: Mapping[str, str | int],
    labels: tuple[str, ...],
    *,
    between: tuple[float, float] = (-inf, inf),
    header: bool = True,
    leave_out_incomplete: bool = False,
) -> pd.DataFrame:
    """One split: columns first, second (for pairs), label.

    columns  {"first": ..., "second": ..., "label": ...}: a column's name, or its position in a file without header
    labels   the names of the classes, in the order of their numbers; () where the label is a number
    between  the range of a label that is a number
    leave_out_incomplete  whether rows with too few fields or an empty text are left out, which a warning counts
    Quotes are text, as in the published files, which hold unbalanced ones; rows are not joined.
    Raises FileNotFoundError, or ValueError naming file and row for what is not in this layout.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file {path.absolute()}: data_dir has to be a folder laid out as GLUE's download")
    rows = text_files.tab_separated(text_files.text(path))
    names = rows.pop(0) if header and rows else list(range(len(rows[0]))) if rows else []
    if leave_out_incomplete:
        whole = [row for row in rows if len(row) >= len(names) and all(field.strip() for field in row)]
        if len(whole) < len(rows):
            warnings.warn(f"{path}: {len(rows) - len(whole)} of {len(rows)} rows lack a field: left out", stacklevel=3)
        rows = whole
    table = text_files.table(path, names, rows, columns)
    label = table["label"]
    values = text_files.classes(label, labels, path) if labels else text_files.numbers(label, path, between)
    return table.assign(label=values)
