"""Notebooks executed by papermill, left alone while nothing changed, and made fit to be published."""

import ast
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from tqdm import tqdm

from lottery import files
from lottery.suite.notebooks import MACHINE, PLACES, grid, resolve

# A constant, so that what is drawn today is byte for byte what was drawn yesterday (matplotlib and Sphinx heed it).
EPOCH = "1767225600"
NAMED = re.compile(r'(?<=["#])[pmh][0-9a-f]{10}(?=[")])')  # of clips, markers and hatches in a figure
PLACE = re.compile(r'(?<=[\s"(,])-?\d+\.\d{5,6}(?=[\s")(,])')
MATPLOTLIBRC = "svg.hashsalt: lottery\n"


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

    from lottery.suite import kernels, warm

    values = resolve(root, name, overrides)
    warm.serve()  # for the kernel: it imports on another core what is imported here
    inputs = _inputs(root, name, values)
    notebook = jupytext.read(root / "notebooks" / f"{name}.py")
    failed = output.with_suffix(".failed.ipynb")

    def waiting() -> None:
        say(progress.console, f"{name}: another process is at it; this one waits until that is done")

    with _aside(output, waiting) as folder, _Cell(progress, name, len(notebook.cells) + bool(overrides)) as cell:
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
                kernel_manager_class=kernels.manager(folder.absolute(), MATPLOTLIBRC, {"SOURCE_DATE_EPOCH": EPOCH}),
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


def duration(seconds: float) -> str:
    """How long, in one unit: "12 s", "1.3 min", "2.0 h"."""
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.0f} s"


def answers(output: Path) -> str:
    """What the cells tagged `answer` of the executed notebook at `output` say, as Markdown; "" where there are none."""
    cells = [cell for cell in nbformat.read(output, as_version=4).cells if "answer" in cell.metadata.get("tags", [])]
    texts = [each.get("data", {}).get("text/markdown") for cell in cells for each in cell.get("outputs", [])]
    return "\n\n".join(text for text in texts if text)


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
            for output in cell.outputs:
                if svg := output.get("data", {}).get("image/svg+xml"):
                    output["data"]["image/svg+xml"] = numbered(svg)
    return notebook


def numbered(svg: str) -> str:
    """A figure that is the same in every process: its parts named by numbers, its places to a thousandth of a point.

    matplotlib gives places to a millionth and names parts after all their bits, of which the last differ where panels
    are laid out by a solver. The shift keeps places that are round numbers from the edge of rounding.
    """
    names: dict[str, str] = {}
    svg = NAMED.sub(lambda found: names.setdefault(found[0], f"{found[0][0]}{len(names)}"), svg)
    return PLACE.sub(lambda found: f"{float(found[0]) + 1.3e-4:.3f}", svg)


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
    records = (root / "book" / "records").glob("*/*")
    read = [path for path in records if path.stem == source.stem or path.stem in text]
    contents = [
        files.fingerprint(package, package.rglob("*.py")),
        files.fingerprint(root, [*read, *(root / "book" / "published").rglob("*.*")]),
    ]
    return sha256(json.dumps([text, heeded, keys, pins, MATPLOTLIBRC, contents]).encode()).hexdigest()


@contextmanager
def _aside(output: Path, waiting: Callable[[], object]) -> Iterator[Path]:
    """An empty folder beside `output` for what is made of it, gone after the block; another process waits for it.

    What a killed process left there goes, too. `waiting` is called where this process has to wait.
    """
    folder = output.with_name(f".{output.stem}")
    with files.locked(folder / "lock", waiting=waiting):
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


def say(console: Console, line: str) -> None:
    """Print a line, above a bar where there is one."""
    with tqdm.external_write_mode():
        console.print(line, markup=False, highlight=False, soft_wrap=True)
