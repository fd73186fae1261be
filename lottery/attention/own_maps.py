"""A user's own labelled maps of attention: a folder with labels.csv and one .npy file a map."""

from pathlib import Path

import numpy as np

from lottery.attention import patterns as attention_patterns
from lottery.attention.patterns import FEWEST, PATTERNS
from lottery.data import text_files

LABELS, COLUMNS = "labels.csv", ["file", "label"]


def read(folder: Path) -> tuple[list[np.ndarray], np.ndarray]:
    """The maps of a folder, each (n, n) float32, and their labels, numbers in PATTERNS.

    labels.csv has the columns `file`, the name of a .npy file in the folder, and `label`, one of PATTERNS. Raises
    FileNotFoundError or ValueError, in one sentence, for anything else.
    """
    path = folder / LABELS
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}: give a folder with {LABELS}, columns {' and '.join(COLUMNS)}")
    names, rows = text_files.comma_separated(path)
    if names != COLUMNS:
        raise ValueError(f"{path}: the first line is not 'file,label'")
    written = [row for row in rows if any(field.strip() for field in row)]
    table = text_files.table(path, names, written, {"first": "file", "label": "label"})
    if table["first"].duplicated().any():
        raise ValueError(f"{path}: {table['first'][table['first'].duplicated()].iloc[0]!r} is labelled twice")
    attention_patterns.require(table["label"], path)
    if lacking := [pattern for pattern in PATTERNS if pattern not in {*table["label"]}]:
        raise ValueError(f"{path} has no map labelled {lacking[0]!r}: give at least one of each pattern")
    maps = [_map(folder, name) for name in table["first"]]
    return maps, np.array([PATTERNS.index(label) for label in table["label"]])


def _map(folder: Path, name: str) -> np.ndarray:
    path = folder / name
    # What lies elsewhere or is hidden would not be in the key of a run that names the folder.
    if name != Path(name).name or name.startswith(".") or not path.is_file():
        raise FileNotFoundError(f"{folder / LABELS} names {name!r}, which is no file in its folder")
    try:
        attention = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} is no .npy file of numbers ({error}): save it by numpy.save") from error
    if not isinstance(attention, np.ndarray) or attention.ndim != 2 or attention.shape[0] != attention.shape[1]:
        raise ValueError(f"{path}: shape {getattr(attention, 'shape', None)}; a map is square, (tokens, tokens)")
    if not np.issubdtype(attention.dtype, np.floating):
        raise ValueError(f"{path}: numbers of type {attention.dtype}; a map is of floats")
    if len(attention) < FEWEST:
        raise ValueError(f"{path}: {len(attention)} tokens; patterns are told apart from {FEWEST} tokens on")
    if not np.isfinite(attention).all() or (attention < 0).any() or not attention.any():
        raise ValueError(f"{path}: a map has finite numbers of 0 or more, not all of them 0")
    return attention.astype(np.float32)
