"""Whether the papers' printed numbers are in the book: each file of book/published is read, and shown where it belongs.

A row of book/rows.yaml names under `published` the files whose numbers stand in a table of its page, `file`, or `file:
query` for the lines of it that are meant, and under `drawn` those of which a figure there is made. Each function
returns what is wrong, one sentence a fault.
"""

import ast
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from lottery.suite import notebooks

ANCHOR = re.compile(r'^# \(([\w-]+)\)=\s*$|"name": "([\w-]+)"', re.MULTILINE)
NUMBER = re.compile(r"\d[\d,]*\.\d+|\d+(?= ?%)")
# Columns of numbers that say where a result belongs and are none.
PLACES = ("sparsity", "remaining_weights", "learning_rate", "epochs", "layer", "head")
ENOUGH = 0.5  # of the numbers of a file: a page may leave out a metric that it does not score, or round


def unread(root: Path) -> list[str]:
    """The files of book/published that no notebook reads by name, and those of a row that its own page does not."""
    read = {name: _reads(_source(root, name)) for name in notebooks.find(root)}
    every = set().union(*read.values())
    files = sorted(path.stem for path in (root / "book" / "published").glob("*.csv"))
    faults = [f"book/published/{name}.csv is read by no page" for name in files if name not in every]
    for row, pages in _rows_and_pages(root):
        own = set().union(*(read[page] for page in pages))
        files = [*_published(row), *row.get("drawn", ())]
        faults += [
            f"{row['row']}: its page does not read book/published/{name}.csv" for name in files if name not in own
        ]
    return faults


def unshown(root: Path, executed: Path) -> list[str]:
    """The rows whose page, executed, shows in no table the numbers that a paper printed: too few of a file's.

    executed  the folder of the executed notebooks, <folder>/<name>.ipynb
    """
    faults = []
    for row, pages in _rows_and_pages(root):
        for name, query in _published(row).items():
            table = pd.read_csv(root / "book" / "published" / f"{name}.csv")
            table = table.query(query) if query else table
            share = shown(table, [executed / f"{page}.ipynb" for page in pages])
            if not share >= ENOUGH:
                faults.append(f"{row['row']}: its page shows {share:.0%} of the numbers of book/published/{name}.csv")
    return faults


def shown(table: pd.DataFrame, pages: Iterable[Path]) -> float:
    """The share of a paper's numbers that stand in the tables and sentences of executed notebooks that say "print".

    A number is found in any of the forms in which this book writes one: as it is or times 100, to one to four places,
    or in whole per cents. NaN for a table without fractions.
    """
    texts = [
        "".join(output.get("data", {}).get(kind, ""))
        for page in pages
        for cell in json.loads(page.read_text(encoding="utf-8"))["cells"]
        for output in cell.get("outputs", ())
        for kind in ("text/html", "text/markdown")
    ]
    on_page = {number for text in texts if "print" in text for number in NUMBER.findall(re.sub(r"<[^>]*>", " ", text))}
    values = table.select_dtypes("floating").drop(columns=[*PLACES], errors="ignore").to_numpy().ravel()
    numbers = {abs(float(value)) for value in values if pd.notna(value)}
    forms = [
        {f"{times * number:,.{places}f}" for times in (1, 100) for places in (1, 2, 3, 4)} | {f"{100 * number:.0f}"}
        for number in numbers
    ]
    return sum(bool(form & on_page) for form in forms) / len(forms) if forms else float("nan")


def _published(row: dict[str, Any]) -> dict[str, str]:
    """{file: query}, "" for all of it."""
    entries = [entry if isinstance(entry, dict) else {entry: ""} for entry in row.get("published", ())]
    return {name: query for entry in entries for name, query in entry.items()}


def _reads(notebook: Path) -> set[str]:
    calls = [node for node in ast.walk(ast.parse(notebook.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    named = [call.args for call in calls if isinstance(call.func, ast.Name) and call.func.id == "read_published"]
    return {name.value for names in named for name in names if isinstance(name, ast.Constant)}


def _rows_and_pages(root: Path) -> list[tuple[dict[str, Any], list[str]]]:
    """Each row with the notebooks that set its anchor, or a twin's."""
    anchors = [
        (first or second, name)
        for name in notebooks.find(root)
        for first, second in ANCHOR.findall(_source(root, name).read_text(encoding="utf-8"))
    ]
    rows = yaml.safe_load((root / "book" / "rows.yaml").read_text(encoding="utf-8"))
    return [
        (row, sorted({name for label, name in anchors if label.split("-")[0] == row["row"].lower()})) for row in rows
    ]


def _source(root: Path, notebook: str) -> Path:
    return root / "notebooks" / f"{notebook}.py"
