"""Notebooks kept as text: found, given their parameters, executed by papermill, left alone while nothing changed.

A notebook is notebooks/<folder>/<name>.py (jupytext py:percent), called "<folder>/<name>". Its cell tagged
`parameters` is the only place of defaults; its cell tagged `grid`, if it has one, builds from them the list `grid` of
experiments that it runs.
"""

import ast
import json
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakSet

import jupytext
import nbformat
import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lottery import files

MACHINE = ("scheduler", "workers")  # where a notebook runs; they change nothing in what it says
PLACES = ("records", "results")  # where it reads and writes: theirs and the machine's values are not published
STORE = "STORE"  # on a page, the store where it lies outside the checkout
EVERYWHERE = "everywhere"  # in a profile: what all its notebooks share
AUTO = "auto"  # as a default: the notebook finds the number itself, unless one is given
PLAIN = (bool, int, float, str, list, dict, type(None))  # what papermill can write into a cell

# A constant, so that what is drawn today is byte for byte what was drawn yesterday (matplotlib and Sphinx heed it).
EPOCH = "1767225600"
MATPLOTLIBRC = "svg.hashsalt: lottery\n"

_KERNELS: WeakSet[Any] = WeakSet()  # those that were started, running or not


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


def _defaults(name: str, notebook: nbformat.NotebookNode) -> dict[str, Any]:
    source = _tagged(notebook, "parameters")
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

    Raises ValueError for an unknown parameter or a value of another type than its default's, before anything runs.
    """
    return _resolved(name, defaults(root, name), overrides)


def _resolved(name: str, values: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(values)
    for parameter, value in overrides.items():
        if parameter not in values:
            raise ValueError(f"notebook {name} has no parameter {parameter!r}{_offer(parameter, list(values))}")
        try:
            values[parameter] = _as(values[parameter], value)
        except TypeError as error:
            raise ValueError(f"notebook {name}: {parameter} = {value!r} is not {error}") from None
        whole = values[parameter]
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
    if default is None or (isinstance(value, dict) and isinstance(default, dict)):
        return value
    if isinstance(default, list):
        if not isinstance(value, list):
            raise TypeError(f"a list such as {default!r}")
        first = next((item for item in default if isinstance(item, float)), default[0] if default else None)
        return [_as(first, item) for item in value]
    if isinstance(default, float):
        try:
            return float(value) if not isinstance(value, bool) else float(None)
        except (TypeError, ValueError):  # yaml reads 5e-5, without a dot, as a text
            raise TypeError(f"a number such as {default!r}") from None
    if type(value) is not type(default):
        raise TypeError(f"{ {bool: 'True or False', int: 'a whole number', str: 'a text'}[type(default)] }")
    return value


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

    Only that cell is executed, with the checkout as the working directory.
    """
    source = _tagged(_read(root, name), "grid")
    scope = resolve(root, name, overrides)
    if source is None:
        return []
    with chdir(root):
        exec(compile(source, f"<grid cell of {name}>", "exec"), scope)
    if "grid" not in scope:
        raise ValueError(f"notebook {name}: its cell tagged `grid` does not make a list named grid")
    return list(scope["grid"])


def header(root: Path, name: str) -> dict[str, Any]:
    """What a notebook's first lines say of its place in the book, `lottery: {part: ..., order: ...}`; {} if nothing."""
    return _header(_read(root, name))


def _header(notebook: nbformat.NotebookNode) -> dict[str, Any]:
    return dict(notebook.metadata.get("lottery", {}))


def title(root: Path, name: str) -> str:
    """The first heading of a notebook; "" where there is none."""
    texts = [cell.source for cell in _read(root, name).cells if cell.cell_type == "markdown"]
    heading = re.search(r"^# (.+)$", "\n".join(texts), re.MULTILINE)
    return heading[1] if heading else ""


def up_to_date(root: Path, name: str, overrides: Mapping[str, Any], output: Path) -> bool:
    """True where `output` is what executing the notebook left, and nothing that it depends on changed since."""
    inputs = _inputs(root, name, resolve(root, name, overrides))
    try:
        stamp = json.loads(_stamp(output).read_text())
        return stamp["inputs"] == inputs and stamp["output"] == sha256(output.read_bytes()).hexdigest()
    except (FileNotFoundError, json.JSONDecodeError):
        return False


def execute(root: Path, name: str, overrides: Mapping[str, Any], output: Path, progress: Progress) -> float:
    """Execute a notebook in the checkout's folder and put it at `output`; the seconds it took.

    progress  as by `progress`, in which it has a bar meanwhile
    Several threads may execute notebooks at a time in a process that is in `root`, the folder that all of them are
    executed in. Raises ValueError for parameters it has not or that a cell refuses, and RuntimeError if a cell fails:
    `output` is then untouched, and the notebook as far as it came lies beside it, named <output>.failed.ipynb.
    """
    import papermill  # a second that commands which only look can do without
    from papermill.exceptions import PapermillExecutionError

    values = resolve(root, name, overrides)
    inputs = _inputs(root, name, values)
    notebook = _read(root, name)
    failed = output.with_suffix(".failed.ipynb")
    with _aside(output) as folder, _Cell(progress, name, len(notebook.cells) + bool(overrides)) as cell:
        began = time.monotonic()
        partial = folder / output.name
        try:
            papermill.execute_notebook(
                notebook,
                partial.absolute(),
                parameters={parameter: values[parameter] for parameter in overrides},
                kernel_name="python3",
                cwd=root,
                progress_bar=False,
                stderr_file=cell,
                on_cell_start=cell.starts,
                kernel_manager_class=_kernel(folder.absolute()),
                shutdown_kernel="immediate",  # there is nothing left to do
            )
        except PapermillExecutionError as error:
            partial.replace(failed)
            kind = ValueError if error.ename in {refusal.__name__ for refusal in files.REFUSALS} else RuntimeError
            raise kind(
                f"notebook {name} failed in its cell {error.cell_index}: {error.ename}: {error.evalue}; "
                f"as far as it came it is {failed.absolute()}"
            ) from error
        executed = nbformat.read(partial, as_version=4)
        seconds = time.monotonic() - began
        nbformat.write(publishable(executed), partial)
        stamp = {"inputs": inputs, "output": sha256(partial.read_bytes()).hexdigest(), "seconds": round(seconds, 1)}
        partial.replace(output)
    failed.unlink(missing_ok=True)
    files.write_json(_stamp(output), stamp)  # last: what is stamped left nothing aside
    return seconds


def seconds(output: Path) -> float:
    """How long the notebook at `output` took to execute."""
    return json.loads(_stamp(output).read_text())["seconds"]


def answers(output: Path) -> str:
    """What the cells tagged `answer` of the executed notebook at `output` say, as Markdown; "" where there are none."""
    cells = [cell for cell in nbformat.read(output, as_version=4).cells if "answer" in cell.metadata.get("tags", [])]
    texts = [each.get("data", {}).get("text/markdown") for cell in cells for each in cell.get("outputs", [])]
    return "\n\n".join(text for text in texts if text)


def on_page(results: str) -> str:
    """What a page calls the store at `results`: its path in the checkout; where it lies outside of it, STORE."""
    return STORE if Path(results).is_absolute() else results


def publishable(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """An executed notebook without what differs from run to run or tells of the machine.

    Gone are papermill's and jupytext's notes, what went to stderr (progress, warnings), and the parameters that say
    where it ran; the cell of defaults is not shown, that of the given parameters is folded.
    """
    for note in ("papermill", "jupytext", "widgets"):
        notebook.metadata.pop(note, None)
    notebook.cells = [cell for cell in notebook.cells if not _only_machine(cell)]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # jupytext draws them at random
        for note in ("papermill", "execution"):
            cell.metadata.pop(note, None)
        tags = cell.metadata.get("tags", [])
        for tag, added in (("parameters", "remove-cell"), ("injected-parameters", "hide-input")):
            if tag in tags and added not in tags:
                tags.append(added)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _passing(output)]
    return notebook


def is_public(parameter: str, value: Any) -> bool:
    """True for a parameter that a reader may see: neither where it ran, nor a path of that machine."""
    return parameter not in MACHINE + PLACES and not (isinstance(value, str) and Path(value).is_absolute())


def _only_machine(cell: nbformat.NotebookNode) -> bool:
    """Take what is not public from a cell of given parameters; True if nothing is left."""
    if "injected-parameters" not in cell.metadata.get("tags", []):
        return False
    given = [
        (ast.unparse(statement), statement.targets[0].id, getattr(statement.value, "value", None))
        for statement in ast.parse(cell.source).body
    ]
    cell.source = "\n".join(line for line, parameter, value in given if is_public(parameter, value))
    return not cell.source


def _passing(output: nbformat.NotebookNode) -> bool:
    return output.get("name") == "stderr" or "application/vnd.jupyter.widget-view+json" in output.get("data", {})


def _read(root: Path, name: str) -> nbformat.NotebookNode:
    return jupytext.read(root / "notebooks" / f"{name}.py")


def _tagged(notebook: nbformat.NotebookNode, tag: str) -> str | None:
    cells = [cell.source for cell in notebook.cells if tag in cell.metadata.get("tags", [])]
    return cells[0] if cells else None


def _offer(given: str, names: list[str]) -> str:
    near = get_close_matches(str(given), names, n=1) or [name for name in names if str(given) in name.split("_")]
    return f"{f' (did you mean {near[0]!r}?)' if near else ''}: there are {', '.join(names) or 'none'}"


def _stamp(output: Path) -> Path:
    return output.with_suffix(".stamp.json")


def _inputs(root: Path, name: str, parameters: Mapping[str, Any]) -> str:
    """The sha256 of all that an executed notebook depends on, the results it finds in the store left out."""
    source = root / "notebooks" / f"{name}.py"
    text = source.read_text(encoding="utf-8")
    package = Path(__file__).resolve().parent.parent
    from lottery import store  # torch: a second that listing notebooks can do without

    pins = (root / "constraints.txt").read_text(encoding="utf-8")
    keys = [store.key(experiment) for experiment in grid(root, name, parameters)]  # files enter them by content
    heeded = {parameter: value for parameter, value in parameters.items() if parameter not in MACHINE}
    whole = sha256(json.dumps([text, heeded, keys, pins, MATPLOTLIBRC]).encode())
    records = (root / "book" / "records").glob("*/*")
    read = [path for path in records if path.stem == source.stem or path.stem in text]
    for base, paths in ((package, package.rglob("*.py")), (root, [*read, *(root / "book" / "published").rglob("*.*")])):
        for path in sorted(paths):
            whole.update(f"\0{path.relative_to(base)}\0".encode() + path.read_bytes())
    return whole.hexdigest()


@contextmanager
def _aside(output: Path) -> Iterator[Path]:
    """An empty folder beside `output` for what is made of it, gone after the block; another process waits for it.

    What a killed process left there goes, too.
    """
    folder = output.with_name(f".{output.stem}")
    with files.locked(folder / "lock"):
        try:
            for left in folder.iterdir():
                if left.name != "lock":
                    files.remove(left)
            yield folder
        finally:
            shutil.rmtree(folder)


def left_aside(place: Path) -> list[Path]:
    """The folders that killed executions left beside the notebooks below a folder."""
    folders = []
    for lock in place.rglob(".*/lock"):
        with files.locked(lock, wait=False) as ours:
            folders += [lock.parent] if ours else []
    return folders


def _kernel(folder: Path) -> type[Any]:
    """A kernel of this very interpreter, untouched by what a user has set up elsewhere: what starts it.

    folder  an absolute path, where its settings are put
    """
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec

    (folder / "matplotlibrc").write_text(MATPLOTLIBRC)
    arguments = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=CRITICAL"]
    spec = KernelSpec(
        argv=[*arguments, "--InlineBackend.figure_formats={'svg'}"],
        display_name="Python 3",
        language="python",
        env={
            "MATPLOTLIBRC": str(folder),
            "SOURCE_DATE_EPOCH": EPOCH,
            "IPYTHONDIR": f"{folder}/ipython",
            "JUPYTER_RUNTIME_DIR": f"{folder}/runtime",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else the debugger's warning is the first thing on stderr
        },
    )

    class Kernel(AsyncKernelManager):
        kernel_spec = spec

        def __init__(self, **given: Any):
            super().__init__(connection_file=f"{folder}/connection.json", **given)
            _KERNELS.add(self)

    return Kernel


def stop() -> None:
    """End all notebooks that threads of this process are executing, at once; Ctrl-C reaches the main thread alone."""
    for kernel in list(_KERNELS):
        if kernel.has_kernel:
            os.kill(kernel.provisioner.pid, signal.SIGKILL)


@contextmanager
def progress(console: Console) -> Iterator[Progress]:
    """Bars of the notebooks that are being executed, gone after the block; none where there is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(20), TextColumn("cell"), MofNCompleteColumn())
    last_line = TextColumn("{task.fields[line]}", style="dim")
    with Progress(
        *columns, TimeElapsedColumn(), last_line, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        yield bars


class _Cell:
    """The progress of a notebook: its cells, and the last line that the running one wrote to stderr.

    Where no terminal shows the bar, that line is printed once a minute.
    """

    def __init__(self, progress: Progress, name: str, cells: int):
        self.progress, self.name, self.rest, self.printed = progress, name, "", time.monotonic()
        self.task = progress.add_task(name, total=cells, line="")

    def __enter__(self) -> "_Cell":
        return self

    def __exit__(self, *_) -> None:
        self.progress.remove_task(self.task)

    def starts(self, cell: nbformat.NotebookNode, cell_index: int) -> None:
        self.progress.update(self.task, completed=cell_index, line="")

    def write(self, text: str) -> None:
        lines = re.split(r"[\r\n]+", self.rest + re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text))
        self.rest = lines[-1]
        words = [line.strip() for line in lines if line.strip()]
        if words:
            self.progress.update(self.task, line=words[-1])
            if not self.progress.console.is_terminal and time.monotonic() - self.printed > 60:
                self.progress.console.print(f"{self.name}: {words[-1]}", markup=False, highlight=False)
                self.printed = time.monotonic()

    def flush(self) -> None:
        """Nothing waits here; papermill calls it after each piece."""
