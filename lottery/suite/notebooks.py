"""Notebooks kept as text: found, read, and given their parameters.

A notebook is notebooks/<folder>/<name>.py (jupytext py:percent), called "<folder>/<name>". Its cell tagged
`parameters` is the only place of defaults; its cell tagged `grid`, if it has one, builds from them the list `grid` of
experiments that it runs. All that is asked here is read from the text: nothing of Jupyter is imported, which costs two
seconds that every kernel would spend again.
"""

import ast
import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import chdir
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from lottery.choices import listed

MACHINE = ("scheduler", "workers")  # where a notebook runs; they change nothing in what it says
PLACES = ("records", "results")  # where it reads and writes: theirs and the machine's values are not published
STORE = "STORE"  # on a page, the store where it lies outside the checkout
EVERYWHERE = "everywhere"  # in a profile: what all its notebooks share
AUTO = "auto"  # as a default: the notebook finds the number itself, unless one is given
BY_TASK = ("epochs", "examples")  # numbers of a task: one for all, or {task: number}
PLAIN = (bool, int, float, str, list, dict, type(None))  # what papermill can write into a cell

_READ_AS_TEXT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")  # by yaml: no dot or no sign
_CELL = re.compile(r"^# %%(.*)$", re.MULTILINE)  # where one begins


def checkout() -> Path:
    """The nearest folder above the current one, or above this package, that holds notebooks/ and book/.

    Raises FileNotFoundError outside a checkout.
    """
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in (start, *start.parents):
            if (folder / "notebooks").is_dir() and (folder / "book").is_dir():
                return folder
    raise FileNotFoundError(
        f"no folder above {Path.cwd()} holds notebooks/ and book/, which are not part of the installed package: "
        "get the project's source, as its README tells, and run this command in it"
    )


def find(root: Path) -> list[str]:
    """The names of all notebooks, "<folder>/<name>", sorted. Two of one name in different folders are refused."""
    names = sorted(f"{path.parent.name}/{path.stem}" for path in (root / "notebooks").glob("*/*.py"))
    places: dict[str, str] = {}
    for name in names:
        base = Path(name).name
        if base in places:
            raise ValueError(f"two notebooks are called {base}: {places[base]} and {name}; rename one of them")
        places[base] = name
    return names


def named(root: Path, given: str) -> str:
    """The notebook meant by its name, its last part or its path. Unknown ones are refused with those on offer."""
    names = find(root)
    path = Path(given).with_suffix("") if given.endswith((".py", ".ipynb")) else Path(given)
    for name in names:
        if path.parts[-2:] == tuple(name.split("/")) or given == Path(name).name:
            return name
    raise ValueError(f"no notebook {given!r}{_offer(given, names)}")


def profiles(root: Path) -> list[str]:
    """The names of notebooks/profiles/*.yaml, sorted."""
    return sorted(path.stem for path in (root / "notebooks" / "profiles").glob("*.yaml"))


def profile(root: Path, name: str) -> dict[str, dict[str, Any]]:
    """What a profile changes in the notebooks that it names: {notebook: {parameter: value}}.

    Below EVERYWHERE, or below the name of a part of the book, stands what notebooks share. It counts in each of them
    that has the parameter; of two values the nearer one does: a notebook's own, then that of its part.
    Raises ValueError for an unknown profile, part, notebook or parameter, for one below EVERYWHERE or a part that none
    of its notebooks has, and for a value of another type, naming the offers.
    """
    lines, notebooks = _profile(root, name)
    return {place: _gathered(lines, notebooks[place], place) for place in lines if place in notebooks}


def under_profile(root: Path, name: str, notebook: str) -> dict[str, Any]:
    """What a profile changes in a notebook run by itself; where it does not name it, what it says for all and its part.

    Raises ValueError as `profile` does.
    """
    lines, notebooks = _profile(root, name)
    return _gathered(lines, notebooks[notebook], notebook) if lines else {}


class _Notebook(NamedTuple):
    part: str  # of the book; "" for none
    defaults: dict[str, Any]


def _profile(root: Path, name: str) -> tuple[dict[str, dict[str, Any]], dict[str, _Notebook]]:
    """A profile's lines once they have been looked through, by place, and all notebooks by name."""
    if name not in profiles(root):
        raise ValueError(f"no profile {name!r}{_offer(name, profiles(root))}")
    lines = read_parameters(root / "notebooks" / "profiles" / f"{name}.yaml")
    sources = {each: _read(root, each) for each in find(root)} if lines else {}
    notebooks = {
        each: _Notebook(_header(source).get("part", ""), _defaults(each, source)) for each, source in sources.items()
    }
    places = {EVERYWHERE: list(notebooks)} | {each: [each] for each in notebooks}
    for each, (part, _) in notebooks.items():
        if part:
            places.setdefault(part, []).append(each)
    for place, overrides in lines.items():
        if place not in places:
            raise ValueError(f"profile {name}: no notebook or part {place!r}{_offer(place, list(places))}")
        if overrides is not None and not isinstance(overrides, dict):
            raise ValueError(f"profile {name}: {place} holds {overrides!r}; write `parameter: value` lines below it")
        for parameter, value in (overrides or {}).items():
            having = [each for each in places[place] if parameter in notebooks[each].defaults]
            if not having:
                offered = sorted({other for each in places[place] for other in notebooks[each].defaults})
                raise ValueError(f"profile {name}: {place} has no parameter {parameter!r}{_offer(parameter, offered)}")
            try:
                for each in having:
                    _resolved(each, notebooks[each].defaults, {parameter: value})
            except ValueError as error:
                raise ValueError(f"profile {name}, {place}: {error}") from None
    return {place: overrides or {} for place, overrides in lines.items()}, notebooks


def _gathered(lines: Mapping[str, dict[str, Any]], notebook: _Notebook, name: str) -> dict[str, Any]:
    """What lines of a profile say for one notebook, what stands nearest to it last."""
    shared = lines.get(EVERYWHERE, {}) | lines.get(notebook.part, {})
    return {each: value for each, value in shared.items() if each in notebook.defaults} | lines.get(name, {})


def read_parameters(file: Path) -> dict[str, Any]:
    """The mapping in a yaml file; {} for an empty one. Raises ValueError for any other, and for a name given twice."""
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _EachOnce)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is not yaml: {' '.join(str(error).split())}") from None
    if not isinstance(content or {}, dict):
        raise ValueError(f"{file} holds {type(content).__name__}, not `name: value` lines")
    return content or {}


class _EachOnce(yaml.SafeLoader):
    """Refuses a name that comes twice in a mapping, of which yaml would keep the second without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [name.value for name, _ in node.value]
        for name in names:
            if names.count(name) > 1:
                raise yaml.YAMLError(f"{name!r} is there twice{node.start_mark}")
        return super().construct_mapping(node, deep)


def defaults(root: Path, name: str) -> dict[str, Any]:
    """The parameters of a notebook and their default values, in the order of its parameters cell.

    Raises ValueError if there is no such cell, or if it does anything but give names plain values.
    """
    return _defaults(name, _read(root, name))


def _defaults(name: str, text: str) -> dict[str, Any]:
    source = _tagged(text, "parameters")
    if source is None:
        raise ValueError(f"notebook {name} has no cell tagged `parameters`: give it one, empty if it takes none")
    values: dict[str, Any] = {}
    for statement in ast.parse(source).body:
        try:
            (target,) = statement.targets
            values[target.id] = ast.literal_eval(statement.value)
        except (AttributeError, ValueError):
            line = ast.unparse(statement)
            raise ValueError(f"notebook {name}: `{line}` in its parameters cell: only `name = plain value`") from None
        if not isinstance(values[target.id], PLAIN):
            raise ValueError(f"notebook {name}: {target.id} is a {type(values[target.id]).__name__}; write a list")
    return values


def resolve(root: Path, name: str, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a notebook, the given ones in place of their defaults, in the types of these.

    Raises ValueError before anything runs: for an unknown parameter, a value of another type than its default's, or a
    number that is below 0 or not finite, since parameters count and measure.
    """
    return _resolved(name, defaults(root, name), overrides)


def _resolved(name: str, values: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(values)
    for parameter, value in overrides.items():
        if parameter not in values:
            raise ValueError(f"notebook {name} has no parameter {parameter!r}{_offer(parameter, list(values))}")
        try:
            if parameter in BY_TASK and isinstance(value, dict):
                values[parameter] = {task: _as(values[parameter], one) for task, one in value.items()}
            else:
                values[parameter] = _as(values[parameter], value)
        except TypeError as error:
            raise ValueError(f"notebook {name}: {parameter} = {value!r} is not {error}") from None
        whole = values[parameter]
        if wrong := [number for number in _numbers(whole) if not 0 <= number < math.inf]:
            raise ValueError(
                f"notebook {name}: {parameter} = {value!r}: {wrong[0]} is {'below 0' if wrong[0] < 0 else 'not finite'}"
            )
        if isinstance(value, list) and (twice := [item for item in whole if whole.count(item) > 1]):
            raise ValueError(
                f"notebook {name}: {parameter} = {value!r}: {twice[0]!r} is there twice, and would be one run"
            )
    return values


def _as(default: Any, value: Any) -> Any:
    """`value` in the type of `default`; "auto" stands for a number, too. Raises TypeError naming that type."""
    if default == AUTO:
        try:
            return value if value == AUTO else _as(0.0, value)
        except TypeError:
            raise TypeError(f"a number or {AUTO!r}") from None
    if default is None:
        return value
    if isinstance(value, dict) and isinstance(default, dict):
        return _number(value)
    if isinstance(default, list):
        if not isinstance(value, list):
            raise TypeError(f"a list such as {default!r}")
        first = next((item for item in default if isinstance(item, float)), default[0] if default else None)
        return [_as(first, item) for item in value]
    if isinstance(default, float):
        try:
            value = float(value) if not isinstance(value, bool) else float(None)
        except (TypeError, ValueError, OverflowError):  # yaml reads 5e-5, without a dot, as a text
            raise TypeError(f"a number such as {default!r}") from None
    elif type(value) is not type(default):
        raise TypeError(f"{ {bool: 'True or False', int: 'a whole number', str: 'a text'}[type(default)] }")
    return value


def _number(value: Any) -> Any:
    """`value`, or those that it holds by name, with the numbers that yaml reads as texts, such as 5e-5, as numbers."""
    if isinstance(value, dict):
        return {name: _number(one) for name, one in value.items()}
    return float(value) if isinstance(value, str) and _READ_AS_TEXT.fullmatch(value) else value


def _numbers(value: Any) -> Iterator[float]:
    """The numbers in a value: itself, or those in the lists and by the names that it holds."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _numbers(one)
    elif isinstance(value, int | float):
        yield value


def parsed(root: Path, name: str, typed: Mapping[str, str]) -> dict[str, Any]:
    """Parameters as typed on a command line, read as yaml unless they are texts; unknown ones are left as they are."""
    known, values = defaults(root, name), {}
    for parameter, text in typed.items():
        if isinstance(known.get(parameter), str) and known[parameter] != AUTO:
            values[parameter] = text
            continue
        try:
            values[parameter] = yaml.safe_load(text)
        except yaml.YAMLError:
            raise ValueError(f"{parameter} = {text!r} cannot be read: it has to be a value as YAML writes it") from None
    return values


def machine(
    root: Path, name: str, *, results: Path | None = None, workers: int | None = None, scheduler: str | None = None
) -> dict[str, Any]:
    """Those of the parameters that say where a notebook runs which are given and which it has.

    results  a folder; inside the checkout it is given relative to it, as the notebook is executed there
    """
    if results is not None:
        results = results.absolute()
        inside = results.is_relative_to(root) and ".." not in results.parts
        results = results.relative_to(root) if inside else results
    values = {"results": results and str(results), "workers": workers, "scheduler": scheduler}
    return {
        parameter: value
        for parameter, value in values.items()
        if value is not None and parameter in defaults(root, name)
    }


def grid(root: Path, name: str, overrides: Mapping[str, Any]) -> list[Any]:
    """The experiments that a notebook would run with these parameters; [] for a notebook without a grid cell.

    Only that cell is executed, with the checkout as the working directory. Raises ValueError where it looks for an
    element of a list that is given empty.
    """
    source = _tagged(_read(root, name), "grid")
    scope = resolve(root, name, overrides)
    if source is None:
        return []
    try:
        with chdir(root):
            exec(compile(source, f"<grid cell of {name}>", "exec"), scope)
    except IndexError as error:
        empty = [parameter for parameter, value in overrides.items() if value == []]
        if not empty or str(error) != "list index out of range":
            raise
        raise ValueError(f"notebook {name}: {listed(empty, 'and')} = []: give at least one") from error
    if "grid" not in scope:
        raise ValueError(f"notebook {name}: its cell tagged `grid` does not make a list named grid")
    return list(scope["grid"])


def header(root: Path, name: str) -> dict[str, Any]:
    """What a notebook's first lines say of its place in the book, `lottery: {part: ..., order: ...}`; {} if nothing."""
    return _header(_read(root, name))


def _header(text: str) -> dict[str, Any]:
    lines = text.split("# ---\n")[1].splitlines() if text.startswith("# ---\n") else []
    return (yaml.safe_load("\n".join(line[2:] for line in lines)) or {}).get("jupyter", {}).get("lottery", {})


def title(root: Path, name: str) -> str:
    """The first heading of a notebook; "" where there is none."""
    texts = [cell for head, cell in _cells(_read(root, name)) if head == " [markdown]"]
    heading = re.search(r"^# # (.+)$", "\n".join(texts), re.MULTILINE)
    return heading[1] if heading else ""


def on_page(results: str) -> str:
    """What a page calls the store at `results`: its path in the checkout; where it lies outside of it, STORE."""
    return STORE if Path(results).is_absolute() else results


def _read(root: Path, name: str) -> str:
    return (root / "notebooks" / f"{name}.py").read_text(encoding="utf-8")


def _cells(text: str) -> list[tuple[str, str]]:
    """The cells of a notebook as text: (what stands on its first line, all below)."""
    heads = list(_CELL.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [(head[1], text[head.end() : end].strip()) for head, end in zip(heads, ends, strict=True)]


def _tagged(text: str, tag: str) -> str | None:
    for head, cell in _cells(text):
        tags = re.search(r"tags=(\[.*?\])", head)
        if tags and tag in json.loads(tags[1]):
            return cell
    return None


def _offer(given: str, names: list[str]) -> str:
    near = get_close_matches(str(given), names, n=1) or [name for name in names if str(given) in name.split("_")]
    meant = f" (did you mean {listed([repr(name) for name in near])}?)" if near else ""
    return f"{meant}: there are {', '.join(names) or 'none'}"
