"""Choices found by looking into a folder: a new method, task or score is a new file, and nothing else is touched."""

from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Annotated, Any

import pydantic

# Folders in which one file is one choice; a file whose name begins with "_" helps the others and is none.
SHELVES = (
    "tasks",
    "importance",
    "component_importance",
    "mask_learning",
    "task_heads",
    "baselines",
    "pattern_classifiers",
    "claims",
)


def offered(kind: str) -> list[str]:
    """The names of the modules lottery/<kind>/*.py, sorted; `kind` may be dotted, as in "miniature.tasks".

    Nothing is imported.
    """
    folder = Path(__file__).parent.joinpath(*kind.split("."))
    return sorted(module.name for module in iter_modules([str(folder)]) if not module.name.startswith("_"))


@cache  # of what it found alone: bootstraps ask thousands of times, and looking into a folder takes a millisecond
def choose(kind: str, name: str) -> ModuleType:
    """The module lottery/<kind>/<name>.py; to offer a new choice, add its file.

    Raises ValueError for an unknown name: with what it is where it is known by another one of the SHELVES, or where the
    folder tells of it among its NO_FILES; else with the nearest name on offer; with all of them in either case.
    """
    names = offered(kind)
    if name not in names:
        raise ValueError(_refusal(kind, name, names))
    return import_module(f"lottery.{kind}.{name}")


def _refusal(kind: str, name: str, names: list[str]) -> str:
    on_offer = f"offered are {', '.join(names)}"
    if elsewhere := [shelf for shelf in SHELVES if shelf != kind and name in offered(shelf)]:
        return f"{name!r} is in {listed(elsewhere, 'and')}, not in {kind}: {on_offer}"
    no_files = getattr(import_module(f"lottery.{kind}"), "NO_FILES", {})
    if name in no_files:
        return f"{name!r} is {no_files[name]}; here {on_offer}"
    known = {one.casefold(): one for one in (*names, *no_files)}
    near = get_close_matches(name.casefold(), known, n=1)
    meant = f" (did you mean {known[near[0]]!r}?)" if near else ""
    return f"no {kind} named {name!r}{meant}: {on_offer}; to add one, write lottery/{kind.replace('.', '/')}/{name}.py"


def listed(names: Sequence[str], word: str = "or") -> str:
    """One name or more in a sentence.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "and")
    ('a', 'a or b', 'a, b and c')
    """
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def named(kind: str) -> Any:
    """The type of a parameter that names a choice: an unknown name is refused where the parameter is given."""
    return Annotated[str, pydantic.AfterValidator(lambda name: choose(kind, name) and name)]
