"""A user's own task: rows of a file with one or two texts and a label, or sentences with a tag for each word."""

import json
import math
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from lottery.data import metrics, splitting, tagged, text_files

Labels = Literal["classes", "numbers", "tags"]
SPLIT_SEED = 0  # of the rows that are held out where no dev file is given: the same for every run
# What is to be done with files of other endings.
OTHER_ENDINGS = {
    ".gz": "unpack it first",
    ".zip": "unpack it first",
    ".xlsx": "save the sheet as .csv (UTF-8)",
    ".xls": "save the sheet as .csv (UTF-8)",
    ".ods": "save the sheet as .csv (UTF-8)",
    ".parquet": "write it with `pandas.read_parquet(...).to_csv(..., index=False)`",
    ".ndjson": "call it .jsonl",
    ".conll": "for a tag of each word say that the labels are tags",
    ".json": "write one object a line, as pandas' `to_json(..., orient='records', lines=True)` does, as .jsonl",
}
ENDINGS = (".csv", ".tsv", ".jsonl")
AN_OBJECT_A_LINE = 'a .jsonl file holds one object a line, such as {"text": "...", "label": 1}'


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
        """Classes: accuracy, the reported score, F1 averaged over classes, Matthews. Numbers: those of STS-B.

        Tags: F1 of the entities, the reported score, precision and recall.
        """
        if self.KIND == "regression":
            return metrics.correlations(predictions, labels)
        if self.KIND == "tags":
            return tagged.scores(predictions, labels)
        return {
            "accuracy": metrics.accuracy(predictions, labels),
            "f1_macro": metrics.f1_macro(predictions, labels),
            "matthews": metrics.matthews(predictions, labels),
        }

    def shares(self, labels: pd.Series) -> dict[str, float]:
        """{class: its share of the rows}, the most frequent first; of tags {type: its share of the entities}.

        labels  of tables that were read; of numbers there are no classes
        """
        if self.KIND == "tags":
            kinds = [tag[2:] for tags in labels for tag in tags.split() if tag.startswith("B-")]
            return pd.Series(kinds, dtype=object).value_counts(normalize=True).to_dict()
        counted = labels.value_counts(normalize=True) if self.LABELS else {}
        return {self.LABELS[label]: float(share) for label, share in dict(counted).items()}


@dataclass(frozen=True)
class OwnVectors:
    """What `OwnTask` tells of a file, here of texts whose vectors are held to those that the whole encoder makes."""

    TITLE: str
    PAIR: bool
    POOLING: str  # as `models.pooling.Pooling`
    KIND: ClassVar[str] = "vectors"
    LABELS: ClassVar[tuple[str, ...]] = ()
    WORDS: ClassVar[tuple[tuple[str, ...], ...]] = ()

    @property
    def METRIC(self) -> str:
        """Of pairs, whether those are alike that were; of single texts, how near the vectors stay."""
        return "spearman" if self.PAIR else "cosine"

    def metrics(self, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """Of cosines: of pairs, held to those that the whole finds; of a text's vector with the whole's, their mean."""
        if self.PAIR:
            return {"spearman": metrics.spearman(predictions, labels)}
        return {"cosine": float(np.mean(predictions))}


def read(
    train: Path, dev: Path | None, columns: Mapping[str, str], labels: Labels, *, dev_share: float
) -> tuple[OwnTask, dict[str, pd.DataFrame]]:
    """The task that the user's files make, and its splits train and dev with the columns first, second, label.

    train, dev  files with one row an example; without `dev`, a share of the rows of `train` is held out
    columns     {"first": ..., "second": ..., "label": ...}: ours -> theirs; "second" only for pairs
    labels      whether the label is the name of a class, a number, or a tag for each word, as of `tagged.read`
    dev_share   share of the different texts to hold out, drawn once and for all, of each class alike; rows of one text
                stay together
    Labels of one spelling to the eye are one class, as is a whole number with and without ".0". Numbers are moved and
    scaled to mean 0 and deviation 1 of train, so that any unit is learnt at one learning rate; their scores,
    correlations, do not change by it. Warns of classes that differ in capitals only.
    Raises FileNotFoundError, or ValueError in one sentence for files that no model can be trained or judged on.
    """
    if dev and (dev.resolve() == train.resolve() or (dev.is_file() and dev.read_bytes() == train.read_bytes())):
        raise ValueError(f"{dev} is the same as {train}: a model is not judged by what it was trained on")
    if labels == "tags":
        return _tagged(train, dev, columns, dev_share)
    files = {"train": train, "dev": dev}
    written = {split: _rows(path, columns) for split, path in files.items() if path}
    if labels == "numbers":
        values = {split: text_files.numbers(table["label"], files[split]) for split, table in written.items()}
        names: tuple[str, ...] = ()
    else:
        names = _class_names(written["train"]["label"], train, columns["label"])
        values = {split: text_files.classes(table["label"], names, files[split]) for split, table in written.items()}
    for split, table in written.items():
        _require_two(table["label"], f"{files[split]}: all rows")
    tables = {split: table.assign(written=table["label"], label=values[split]) for split, table in written.items()}
    if not dev:
        tables = _held_out(tables["train"], dev_share, names=names, path=train)
        for split, table in tables.items():
            _require_two(table["written"], f"{train}: all rows held out for {split}")
    tables = {split: table.drop(columns="written") for split, table in tables.items()}
    if not names:
        with np.errstate(over="ignore", invalid="ignore"):
            mean, deviation = tables["train"]["label"].mean(), tables["train"]["label"].std()
        if not 0 < deviation < math.inf:
            row = int(tables["train"]["label"].abs().argmax())
            raise ValueError(
                f"{train}: labels such as {tables['train']['label'].iloc[row]:g} are too large or too close to each "
                "other to be scaled: give them in another unit"
            )
        tables = {split: table.assign(label=(table["label"] - mean) / deviation) for split, table in tables.items()}
    task = OwnTask(
        TITLE=train.name,
        KIND="classification" if names else "regression",
        LABELS=names,
        PAIR="second" in columns,
        METRIC="accuracy" if names else "pearson_spearman",
    )
    return task, tables


def _tagged(
    train: Path, dev: Path | None, columns: Mapping[str, str], dev_share: float
) -> tuple[OwnTask, dict[str, pd.DataFrame]]:
    if "second" in columns:
        raise ValueError(f"the column {columns['second']!r} is of a second text: a word's tag asks for one text alone")
    names = columns.get("first", ""), columns.get("label", "")  # none of a .conll file
    tables = {"train": tagged.read(train, *names)}
    kinds = tagged.types(tables["train"]["label"])
    if dev:
        tables["dev"] = tagged.read(dev, *names)
        if strange := [kind for kind in tagged.types(tables["dev"]["label"]) if kind not in kinds]:
            raise ValueError(f"{dev}: entities of type {strange[0]!r} are not in {train}, which has {', '.join(kinds)}")
    else:
        tables = _held_out(tables["train"], dev_share, names=(), path=train)
        for split, table in tables.items():
            if not tagged.types(table["label"]):
                raise ValueError(f"{train}: no sentence held out for {split} has an entity: give more of them")
    task = OwnTask(TITLE=train.name, KIND="tags", LABELS=tagged.labels(kinds), PAIR=False, METRIC="entity_f1")
    return task, tables


def pairs(file: Path, columns: Mapping[str, str]) -> tuple[OwnTask, dict[str, pd.DataFrame]]:
    """Pairs of texts from a user's file, for models that are judged as they are: the one split is dev.

    columns  {"first": ..., "second": ..., "label": ...}: ours -> theirs; "label", how alike the two are in any unit,
             may be left out, and is NaN then
    Raises FileNotFoundError, or ValueError in one sentence, as `read`; and for fewer than three pairs.
    """
    rows = _rows(file, columns)
    if len(rows) < 3:
        raise ValueError(f"{file} has {len(rows)} pairs: of fewer than three nothing can be told")
    if "label" in columns:
        numbers = text_files.numbers(rows["label"], file)
        _require_two(rows["label"], f"{file}: all pairs")
    else:
        numbers = np.full(len(rows), np.nan)
    task = OwnTask(TITLE=file.name, KIND="regression", LABELS=(), PAIR=True, METRIC="pearson_spearman")
    return task, {"dev": rows.assign(label=numbers)}


def texts(file: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    """The texts of a user's file: first and, where it is named, second. Raises as `pairs`, and for fewer than 20.

    A text may be a list of its words, and a file one of those that give each word a tag.
    """
    rows = tagged.read(file, "", "") if tagged.is_nameless(file.name) else _rows(file, columns, listed=True)
    if len(rows) < 20:
        raise ValueError(f"{file} has {len(rows)} texts: give 20 or more, of which some are held out")
    return rows


def _require_two(labels: pd.Series, where: str) -> None:
    if (labels == labels.iloc[0]).all():
        raise ValueError(f"{where} have the label {text_files.shortened(labels.iloc[0])!r}: there is nothing to tell")


def _rows(path: Path, columns: Mapping[str, str], *, listed: bool = False) -> pd.DataFrame:
    if len({*columns.values()}) < len(columns):
        raise ValueError(f"the columns {', '.join(columns.values())} are not all different: each is read once")
    each_reads = (
        text_files.comma_separated,
        _tab_separated,
        partial(_json_lines, columns=columns.values(), listed=listed),
    )
    readers = dict(zip(ENDINGS, each_reads, strict=True))
    if path.is_dir():
        raise ValueError(f"{path} is a folder: give a file that ends in {', '.join(readers)}")
    if path.suffix.lower() not in readers:
        mended = OTHER_ENDINGS.get(path.suffix.lower(), "save it as one of these")
        raise ValueError(f"{path} does not end in {', '.join(readers)}: {mended}")
    names, rows = readers[path.suffix.lower()](path)
    written = [row for row in rows if any(field.strip() for field in row)]  # a spreadsheet adds empty ones at the end
    table = text_files.table(path, names, written, columns)
    return table.assign(label=[_label(each) for each in table["label"]]) if "label" in columns else table


def _label(written: str) -> str:
    """A label in the one spelling that all that look like it are read as; a number without needless digits.

    >>> _label(" 1.0 "), _label("cafe\\u0301"), _label("very\\u00a0good\\u200b"), _label("007")
    ('1', 'café', 'very good', '007')
    """
    seen = text_files.seen(written)
    whole, point, decimals = seen.partition(".")
    number = point and whole.removeprefix("-").isdecimal() and decimals.strip("0") == ""
    return whole if number else seen


def _tab_separated(path: Path) -> tuple[list[str], list[list[str]]]:
    text = text_files.text(path)
    if "\r" in text and "\n" not in text:
        raise ValueError(f"{path} ends its lines as old Macs did: save it with the line ends of today")
    rows = text_files.tab_separated(text)
    quoted = [field for row in rows for field in row if '"' in field]
    if quoted and all(map(_in_quotes, quoted)) and any('""' in field[1:-1] for field in quoted):
        raise ValueError(
            f"{path}: its texts stand in quotes, with inner ones doubled, as programs write them for .csv; in a .tsv "
            "quotes are part of the text, so save it as .csv"
        )
    return (rows[0], rows[1:]) if rows else ([], [])


def _in_quotes(field: str) -> bool:
    return len(field) > 1 and field[0] == field[-1] == '"' and '"' not in field[1:-1].replace('""', "")


def _json_lines(path: Path, columns: Collection[str], *, listed: bool) -> tuple[list[str], list[list[str]]]:
    objects = []
    for number, line in enumerate(text_files.text(path).split("\n"), 1):
        if line.strip():
            try:
                objects.append(json.loads(line, object_pairs_hook=_each_once))
                json.dumps(objects[-1], ensure_ascii=False).encode()  # half of a character pair is JSON, but no text
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: not JSON ({error}); {AN_OBJECT_A_LINE}") from error
            if not isinstance(objects[-1], dict):
                raise ValueError(f"{path}, line {number}: not a JSON object; {AN_OBJECT_A_LINE}")
            for name in columns:
                value = objects[-1].get(name)
                if listed and isinstance(value, list) and all(isinstance(word, str) for word in value):
                    objects[-1][name] = " ".join(value)
                elif isinstance(value, (list, dict)):
                    raise ValueError(f"{path}, line {number}: {name!r} is a list or an object: give a text or a number")
    names = list(dict.fromkeys(name for each in objects for name in each))
    return names, [[_as_text(each.get(name)) for name in names] for each in objects]


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object. Raises ValueError for a name that comes twice, of which json would keep the second."""
    names = [name for name, _ in pairs]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{twice[0]!r} is there twice")
    return dict(pairs)


def _as_text(value) -> str:
    if isinstance(value, str):
        return value
    if value is None or value != value:  # NaN is how some programs write that there is nothing
        return ""
    return json.dumps(value, ensure_ascii=False)


def _class_names(labels: pd.Series, path: Path, column: str) -> tuple[str, ...]:
    names = sorted(labels.unique())
    if several := [name for name in names if name[:1] in "[{" and _is_json(name)]:
        row = int(labels.eq(several[0]).argmax()) + 1
        raise ValueError(
            f"{path}, row {row}: the label {text_files.shortened(several[0])} is a list or an object: give one a row"
        )
    by_letters: dict[str, list[str]] = {}
    for name in names:
        by_letters.setdefault(name.casefold(), []).append(name)
    for alike in by_letters.values():
        if len(alike) > 1:
            warnings.warn(
                f"{path}: the labels {' and '.join(map(repr, alike))} differ in capitals only and are two classes",
                stacklevel=4,
            )
    if names[0] == "":
        raise ValueError(f"{path}, row {int(labels.eq('').argmax()) + 1}: column {column!r} is empty")
    if 2 * len(names) > len(labels):
        raise ValueError(
            f"{path}: column {column!r} holds {len(names)} different labels in {len(labels)} rows: name the column of "
            "the classes, or say that the labels are numbers"
        )
    whole = all(name.removeprefix("-").isdecimal() for name in names)
    return tuple(sorted(names, key=int) if whole else names)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _held_out(table: pd.DataFrame, share: float, *, names: tuple[str, ...], path: Path) -> dict[str, pd.DataFrame]:
    counts = splitting.texts_of_labels(table)
    if names and counts.min() < 2:
        single = text_files.shortened(names[counts.idxmin()])
        raise ValueError(
            f"{path}: the label {single!r} has a single text, so it cannot be held out and learnt from too: "
            "give more of it, leave it out, or give a file of its own for dev"
        )
    try:
        train, dev = splitting.held_out(table, share, seed=SPLIT_SEED, stratified=bool(names))
    except ValueError as error:
        each = f", with a text of each of its {len(names)} classes on either side" if names else ""
        raise ValueError(
            f"{path}: a share of {share:g} of its {counts.sum()} different texts cannot be held out{each}: give "
            "another share, or a file of its own for dev"
        ) from error
    return {"train": train, "dev": dev}
