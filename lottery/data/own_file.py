"""A user's own task: one or two texts and a label in each row of a .csv, .tsv or .jsonl file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from lottery.data import metrics as scores
from lottery.data import text_files

Labels = Literal["classes", "numbers"]
SPLIT_SEED = 0  # of the rows that are held out where no dev file is given: the same for every run


@dataclass(frozen=True)
class OwnTask:
    """What a module of lottery/tasks tells of a published task, found out from the user's file."""

    TITLE: str
    KIND: str
    LABELS: tuple[str, ...]
    PAIR: bool
    METRIC: str
    WORDS: ClassVar[tuple[tuple[str, ...], ...]] = ()  # which words would say its labels is not known

    def metrics(self, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """Classes: accuracy, the reported score, F1 averaged over classes, Matthews. Numbers: those of STS-B."""
        if self.KIND == "regression":
            return scores.correlations(predictions, labels)
        return {
            "accuracy": scores.accuracy(predictions, labels),
            "f1_macro": scores.f1_macro(predictions, labels),
            "matthews": scores.matthews(predictions, labels),
        }


def read(
    train: Path, dev: Path | None, columns: Mapping[str, str], labels: Labels, *, dev_share: float
) -> tuple[OwnTask, dict[str, pd.DataFrame]]:
    """The task that the user's files make, and its splits train and dev with the columns first, second, label.

    train, dev  files with one row an example; without `dev`, a share of the rows of `train` is held out
    columns     {"first": ..., "second": ..., "label": ...}: ours -> theirs; "second" only for pairs
    labels      whether the label is the name of a class or a number
    dev_share   share of the rows to hold out, drawn once and for all, of each class alike
    Labels that are numbers are moved and scaled to mean 0 and deviation 1 of train, so that any unit is learnt at one
    learning rate; their scores, correlations, do not change by it.
    Raises FileNotFoundError, or ValueError in one sentence for files that no model can be trained or judged on.
    """
    told = {"train": _rows(train, columns)}
    if dev:
        if dev.resolve() == train.resolve() or (dev.is_file() and dev.read_bytes() == train.read_bytes()):
            raise ValueError(f"{dev} is the same as {train}: a model is not judged by what it was trained on")
        told["dev"] = _rows(dev, columns)
    files = {"train": train, "dev": dev}
    if labels == "numbers":
        found = {split: text_files.numbers(table["label"], files[split]) for split, table in told.items()}
        names: tuple[str, ...] = ()
    else:
        names = _class_names(told["train"]["label"], train, columns["label"])
        found = {split: text_files.classes(table["label"], names, files[split]) for split, table in told.items()}
    tables = {split: table.assign(told=table["label"], label=found[split]) for split, table in told.items()}
    if not dev:
        tables = _held_out(tables["train"], dev_share, stratified=bool(names), path=train)
    for split, table in tables.items():
        label = table.pop("told").iloc[0]
        if (table["label"] == table["label"].iloc[0]).all():
            part = "all rows" if files[split] else f"all rows held out for {split}"
            raise ValueError(f"{files[split] or train}: {part} have the label {label!r}: there is nothing to tell")
    if not names:
        mean, deviation = tables["train"]["label"].mean(), tables["train"]["label"].std()
        tables = {split: table.assign(label=(table["label"] - mean) / deviation) for split, table in tables.items()}
    task = OwnTask(
        TITLE=train.name,
        KIND="classification" if names else "regression",
        LABELS=names,
        PAIR="second" in columns,
        METRIC="accuracy" if names else "pearson_spearman",
    )
    return task, tables


def _rows(path: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    if len({*columns.values()}) < len(columns):
        raise ValueError(f"the columns {', '.join(columns.values())} are not all different: each is read once")
    readers = {".csv": text_files.comma_separated, ".tsv": _tab_separated, ".jsonl": _json_lines}
    if path.suffix.lower() not in readers:
        raise ValueError(f"{path} does not end in {', '.join(readers)}: save it as one of these")
    names, rows = readers[path.suffix.lower()](path)
    written = [row for row in rows if any(field.strip() for field in row)]  # a spreadsheet adds empty ones at the end
    table = text_files.table(path, names, written, columns)
    return table.assign(label=table["label"].str.strip())


def _tab_separated(path: Path) -> tuple[list[str], list[list[str]]]:
    rows = text_files.tab_separated(text_files.text(path))
    return (rows[0], rows[1:]) if rows else ([], [])


def _json_lines(path: Path) -> tuple[list[str], list[list[str]]]:
    told = []
    for number, line in enumerate(text_files.text(path).split("\n"), 1):
        if line.strip():
            try:
                told.append(json.loads(line))
                json.dumps(told[-1], ensure_ascii=False).encode()  # half of a character pair is JSON, but no text
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: not JSON ({error})") from error
            if not isinstance(told[-1], dict):
                raise ValueError(f'{path}, line {number}: not a JSON object such as {{"text": "...", "label": 1}}')
    names = list(told[0]) if told else []
    return names, [[_as_text(each.get(name)) for name in names] for each in told]


def _as_text(value) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _class_names(told: pd.Series, path: Path, column: str) -> tuple[str, ...]:
    names = sorted(told.unique())
    if names[0] == "":
        raise ValueError(f"{path}, row {int(told.eq('').argmax()) + 1}: column {column!r} is empty")
    if 2 * len(names) > len(told):
        raise ValueError(
            f"{path}: column {column!r} holds {len(names)} different labels in {len(told)} rows: name the column of "
            "the classes, or say that the labels are numbers"
        )
    whole = all(name.removeprefix("-").isdecimal() for name in names)
    return tuple(sorted(names, key=int) if whole else names)


def _held_out(table: pd.DataFrame, share: float, *, stratified: bool, path: Path) -> dict[str, pd.DataFrame]:
    try:
        train, dev = train_test_split(
            table, test_size=share, random_state=SPLIT_SEED, stratify=table["label"] if stratified else None
        )
    except ValueError as error:
        raise ValueError(
            f"{path}: {share:g} of its {len(table)} rows cannot be held out ({error}): give a file of its own for dev"
        ) from error
    return {"train": train.reset_index(drop=True), "dev": dev.reset_index(drop=True)}
