"""What names a run: its parameters, strict and frozen, and the key that is made of them."""

import json
import os
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol, dataclass_transform, get_type_hints

import pydantic

from lottery import files

Fraction = Annotated[float, pydantic.Field(ge=0, lt=1)]
Count = Annotated[int, pydantic.Field(ge=0)]
Size = Annotated[int, pydantic.Field(gt=0)]
Positive = Annotated[float, pydantic.Field(gt=0)]
NotNegative = Annotated[float, pydantic.Field(ge=0)]


@dataclass(frozen=True)
class Content:
    """Marks a field that names a file or folder: it enters the key by what is in it, not by where it lies.

    reads  of a folder, what is read, as patterns of `Path.glob`: what lies beside it does not count, nor do hidden
           files and what is in hidden folders
    names  values that name something else, whatever lies where one stands under that name
    """

    reads: tuple[str, ...] = ("**/*",)
    names: tuple[str, ...] = ()


Source = Annotated[str, Content()]  # a file, a folder, or a name that is neither


class Experiment(Protocol):
    """Parameters that name a run, and how it is performed."""

    version: ClassVar[int]  # raised when a change of the code alters the results

    def perform(self, run: Any) -> dict[str, Any]:
        """Do it, leaving files through the `Run`; return the metrics: numbers, texts or lists of them."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
def parameters(cls: type) -> type:
    """A strict, frozen dataclass: unknown names, wrong types and values out of range are refused in one sentence."""
    config = pydantic.ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    strict = pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=config)(cls)
    build = strict.__init__

    def __init__(self, *args, **values):
        try:
            build(self, *args, **values)
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            # Of a field that takes two types pydantic tells, too, which of them it tried.
            places = [str(part) for part in first["loc"] if not str(part).startswith(("constrained-", "literal["))]
            where = ".".join(places) or "its arguments"
            offered = ", ".join(field.name for field in fields(cls))
            why = first["msg"].removeprefix("Value error, ")
            known = "" if where in {field.name for field in fields(cls)} else f" (its parameters are {offered})"
            if first["type"] == "less_than" and first["ctx"] == {"lt": 1} and 1 < first["input"] < 100:
                known += f"; it is a share: {first['input']:g}% is {first['input'] / 100:g}"
            raise ValueError(
                f"{cls.__name__}: {where} = {first['input']!r}: {why[0].lower()}{why[1:]}{known}"
            ) from None

    strict.__init__ = __init__
    return strict


def key(experiment: Experiment) -> str:
    """Twelve hex digits that name a run: its class, version, and every field that is not at its added-later default."""
    return key_of(described(experiment))


def key_of(description: dict[str, Any]) -> str:
    """The key of an experiment described as plain JSON, as it stands in parameters.json and in the records."""
    return sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()[:12]


def described(value: Any) -> Any:
    """An experiment as plain JSON, as it enters the key: files by content, fields at a default left out."""
    if not is_dataclass(value):
        return [described(item) for item in value] if isinstance(value, (list, tuple)) else value
    hints = _hints(type(value))
    values = {
        field.name: _content(getattr(value, field.name), content)
        if (content := content_of(hints[field.name]))
        else described(getattr(value, field.name))
        for field in fields(value)
        if field.default is MISSING or getattr(value, field.name) != field.default
    }
    return {"experiment": type(value).__name__, "version": value.version, **values}


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


def content_of(hint: Any) -> Content | None:
    """The mark of a field that names a file or folder, by its type; None for another field."""
    return next((mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Content)), None)


def _content(source: str, content: Content) -> str:
    path = Path(source).expanduser()
    if not source or source in content.names or not path.exists():
        return source
    inside = files.visible(path, *content.reads) if path.is_dir() else [path]
    whole = sha256()
    for file in inside:
        whole.update(os.path.relpath(file, path).encode() + b"\0" + files.checksum(file).encode() + b"\0")
    return "sha256:" + whole.hexdigest()


def flattened(experiment: Any, prefix: str = "") -> dict[str, Any]:
    """An experiment as one row: a column a field, those of a nested one after its name and a dot; files by their name.

    FineTuning(start=GradualPruning(sparsity=0.3, ...), task="cola", ...) becomes
    {"start": "GradualPruning", "start.sparsity": 0.3, ..., "task": "cola", ...}.
    """
    hints, row = _hints(type(experiment)), {}
    for field in fields(experiment):
        value = getattr(experiment, field.name)
        if is_dataclass(value):
            row[prefix + field.name] = type(value).__name__
            row |= flattened(value, f"{prefix}{field.name}.")
        else:
            row[prefix + field.name] = Path(value).name if content_of(hints[field.name]) else value
    return row


def needs(experiment: Experiment) -> list[Experiment]:
    """The experiments among its fields, and those that it tells of as `preceding`, to be finished before it.

    A level of iterative pruning goes on from the level before it, which it tells by a property: as a field, nine levels
    would lie in one another, and with them nine times as many columns in every table. So do the searches of several
    seeds, which differ in nothing else.
    """
    values = [getattr(experiment, field.name) for field in fields(experiment)]
    values += getattr(experiment, "preceding", [])
    nested = [[value] if hasattr(value, "perform") else needs(value) for value in values if is_dataclass(value)]
    return [needed for each in nested for needed in each]
