"""Choices found by looking into a folder: a new method, task or score is a new file, and nothing else is touched."""

from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Annotated, Any

import pydantic


def offered(kind: str) -> list[str]:
    """The names of the modules lottery/<kind>/*.py, sorted; `kind` may be dotted, as in "miniature.tasks"."""
    package = import_module(f"lottery.{kind}")
    return sorted(module.name for module in iter_modules(package.__path__) if not module.name.startswith("_"))


def choose(kind: str, name: str) -> ModuleType:
    """The module lottery/<kind>/<name>.py; to offer a new choice, add its file.

    Raises ValueError with the names on offer, and the nearest one, for an unknown name.
    """
    names = offered(kind)
    if name not in names:
        near = get_close_matches(name, names, n=1)
        raise ValueError(
            f"no {kind} named {name!r}{f' (did you mean {near[0]!r}?)' if near else ''}: offered are "
            f"{', '.join(names)}; to add one, write lottery/{kind.replace('.', '/')}/{name}.py"
        )
    return import_module(f"lottery.{kind}.{name}")


def named(kind: str) -> Any:
    """The type of a parameter that names a choice: an unknown name is refused where the parameter is given."""
    return Annotated[str, pydantic.AfterValidator(lambda name: choose(kind, name) and name)]
