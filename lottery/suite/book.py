"""The book: notebooks executed, prose and computed pages put together, rendered, and shown if it passes the checks.

Its first page is the notebook or the prose called index. The parts after it stand in book/parts.yaml, `part: title` in
order. The first lines of a notebook, and of a page of prose (book/*.md), say
`lottery: {part: <part>, order: <number>}`; prose that says nothing belongs to the last part.
"""

import os
import re
import shlex
import shutil
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import pandas as pd
import yaml
from rich.console import Console

from lottery import files
from lottery.suite import checks, computing, doors, execution, holes, notebooks, page_code, printed, thumbnails, warm
from lottery.suite.escaped import in_markdown
from lottery.suite.layout import laid_out

FIRST, CONTENTS, MADE = "index", "what_is_in_this_book", "how_this_was_made"
RENDERED = "html.stamp.json"  # in book/_build: of what the pages there were made, and what they are
FIRST_PAGES = "first_pages"  # in book/_build, those that can be read before the book is whole
ORDER = 50  # of a page that does not say its own
TWINS = {"minilm": "MiniLM"}  # how a second anchor of a row is called
OF_A_RUN = ("commit", "device", "precision")  # what is told of each notebook's runs; the rest is versions
TITLE = re.compile(r"(?:\([\w-]+\)=\n)*# .+\n?")  # of a page, with the anchors above it
OF_CODE = ".. automodule::"  # in prose that is made of docstrings: half of the time that the prose takes
IN_SHORT = "in-short"  # of the cell with the box that a chapter begins with
LABEL = re.compile(r"^\(([\w-]+)\)=\s*$|^:name:\s*([\w-]+)\s*$", re.MULTILINE)


def build(
    root: Path,
    profile: str,
    *,
    results: Path,
    workers: int = 2,
    scheduler: str = "",
    force: bool = False,
    console: Console,
) -> Path:
    """Build the book of a profile; the path of its first page, book/_build/html/index.html.

    results    the store of runs
    workers    processes of the local cluster, started if there is anything to compute; and notebooks executed at a time
    scheduler  address of a running Dask scheduler that takes its place
    force      execute notebooks that are up to date, too

    Raises ValueError for a profile, row or notebook header that is wrong, and RuntimeError if a notebook fails, a page
    does not render or a check is not passed: the book that was there before then stays as it was.
    """
    changes = notebooks.profile(root, profile)
    home = root / "book" / "_build"
    first, pages = first_page(root), pages_by_part(root)
    _refuse(printed.unread(root), "the papers' printed numbers are left out")
    executed = home / "executed" / profile
    machine = {"results": results, "workers": workers, "scheduler": scheduler}
    overrides = {
        name: changes.get(name, {}) | notebooks.machine(root, name, **machine) for name in _notebooks(first, pages)
    }
    tables = computing.compute(
        root,
        overrides,
        executed,
        results=results,
        workers=workers,
        scheduler=scheduler,
        force=force,
        console=console,
        at_hand=lambda done: _show_first(root, first, pages, executed, done, console),
    )
    faults = [fault for name in overrides for fault in checks.unexecuted(executed / f"{name}.ipynb")]
    _refuse(faults, "a notebook may not be published")
    _refuse(printed.unshown(root, executed), "the papers' printed numbers are left out")
    source = home / "source"
    with rendering(home / ".lock", console):
        began = time.monotonic()
        missing = assemble(root, first, pages, executed, source)
        made = how_this_was_made(root, profile, overrides, executed, tables, missing)
        (source / f"{MADE}.md").write_text(made)
        made_of = _made_of(root, source)
        if not force and files.read_json(home / RENDERED) == {"of": made_of, "site": _contents(home / "html")}:
            _sweep(home)
            execution.say(console, "The pages are up to date")
            return home / "html" / "index.html"
        staged = render(source, home / "staged")
        _refuse(checks.faults(staged, root), f"the book does not pass; it is left in {home / 'staged'}")
        if (home / "html").exists():
            (home / "html").replace(home / "staged" / "before")
        staged.replace(home / "html")
        files.write_json(home / RENDERED, {"of": made_of, "site": _contents(home / "html")})
        _sweep(home)
    execution.say(console, f"The pages were rendered in {execution.duration(time.monotonic() - began)}")
    return home / "html" / "index.html"


def rendering(lock: Path, console: Console) -> AbstractContextManager[bool]:
    """Inside the block no other process renders under this lock; where this one waits for it, it says so."""
    words = "another process renders the pages; this one waits until that is done"
    return files.locked(lock, waiting=lambda: execution.say(console, words))


def _refuse(faults: list[str], sentence: str) -> None:
    if faults:
        more = f"\n... and {len(faults) - 20} more" if len(faults) > 20 else ""
        raise RuntimeError(f"{sentence}:\n" + "\n".join(faults[:20]) + more)


# Which pages there are, and in which order


@dataclass(frozen=True, order=True)
class Page:
    """A page in its part: ordered by its number, then by its file's path in the source tree, without the suffix."""

    order: int
    file: str
    notebook: bool = False


def first_page(root: Path) -> Page:
    """The page that the book opens with: notebooks/<folder>/index.py, or book/index.md.

    Raises ValueError where there is none, or both.
    """
    pages = [Page(0, name, notebook=True) for name in notebooks.find(root) if _in_source(name) == FIRST]
    pages += [Page(0, FIRST)] if (root / "book" / f"{FIRST}.md").exists() else []
    if len(pages) != 1:
        raise ValueError(
            f"a book opens with one page called {FIRST}, a notebook or book/{FIRST}.md; here are {len(pages)}"
        )
    return pages[0]


def pages_by_part(root: Path) -> dict[str, list[Page]]:
    """The pages of the book after its first one: {title of the part: its pages in order}; parts without pages left out.

    Raises ValueError for a notebook in no part and for a part that is not in book/parts.yaml, naming the parts.
    """
    titles = notebooks.read_parameters(root / "book" / "parts.yaml")
    parts: dict[str, list[Page]] = {part: [] for part in titles}
    last = list(titles)[-1]
    places = {name: notebooks.header(root, name) for name in notebooks.find(root) if _in_source(name) != FIRST}
    prose = {path.stem: _place(path) for path in (root / "book").glob("*.md") if path.stem not in (FIRST, "README")}
    for file, place in (places | prose | {MADE: {}}).items():
        part, order = place.get("part", last if file not in places else None), place.get("order", ORDER)
        if part not in parts or not isinstance(order, int):
            raise ValueError(
                f"the page {file} gives {place or 'nothing'} as its place in the book: write "
                "`lottery: {part: <part>, order: <whole number>}` into its first lines; "
                f"book/parts.yaml has the parts {', '.join(titles)}"
            )
        parts[part].append(Page(order, file, notebook=file in places))
    return {titles[part]: sorted(pages) for part, pages in parts.items() if pages}


def _place(page: Path) -> dict[str, Any]:
    head = re.match(r"---\n(.*?)\n---\n", page.read_text(encoding="utf-8"), re.DOTALL)
    return (yaml.safe_load(head[1]) or {}).get("lottery", {}) if head else {}


def _notebooks(first: Page, pages: dict[str, list[Page]]) -> list[str]:
    return [page.file for part in ([first], *pages.values()) for page in part if page.notebook]


def _in_source(notebook: str) -> str:
    """Where a notebook lies in the source tree: under its name, the first page at the top."""
    return FIRST if Path(notebook).name == FIRST else notebook


# Putting together


def assemble(
    root: Path, first: Page, pages: dict[str, list[Page]], executed: Path, source: Path
) -> dict[str, list[holes.Hole]]:
    """The book's source tree: what lies in book/, the executed notebooks, the order of pages, the list of rows.

    returns  {page: what it has nothing to show of}, which is taken out of the notebooks
    """
    missing, asked = {}, exercises_of(root)
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(root / "book", source, ignore=shutil.ignore_patterns("_build", "records"))
    doors.opened(root, source, doors.repository(root))
    for name in _notebooks(first, pages):
        place = source / f"{_in_source(name)}.ipynb"
        place.parent.mkdir(parents=True, exist_ok=True)
        notebook = nbformat.read(executed / f"{name}.ipynb", as_version=4)
        missing[_in_source(name)] = holes.closed(notebook)
        _put_code_away(notebook)
        for file, text in laid_out(notebook, _in_source(name)).items():
            (source / file).parent.mkdir(exist_ok=True)
            (source / file).write_text(text, encoding="utf-8")
        _put_box_first(notebook)
        notebook.cells += [nbformat.v4.new_markdown_cell(text, id="exercises") for text in exercises(name, asked)]
        nbformat.write(notebook, place)
    thumbnails.made(source, FIRST)
    parts = [{"chapters": [{"file": CONTENTS}]}] + [
        {"caption": title, "numbered": 1, "chapters": [{"file": page.file} for page in part]}
        for title, part in pages.items()
    ]
    (source / "_toc.yml").write_text(yaml.safe_dump({"format": "jb-book", "root": FIRST, "parts": parts}))
    files = [FIRST, *(page.file for part in pages.values() for page in part if page.file != MADE)]
    anchors = [(label, file) for file in files for label in labels(source / file) if _has_rows(root, label, file)]
    (source / f"{CONTENTS}.md").write_text(what_is_in_this_book(root / "book" / "rows.yaml", anchors))
    return missing


def _put_code_away(notebook: nbformat.NotebookNode) -> None:
    """Give cells that a notebook folds, each with a bar of its own, the tag by which one switch shows them all."""
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "hide-input" in tags:
            cell.metadata["tags"] = [page_code.TAG if tag == "hide-input" else tag for tag in tags]


def _put_box_first(notebook: nbformat.NotebookNode) -> None:
    """Move the cell tagged IN_SHORT, which needs all that a notebook has computed, under the title."""
    boxes = [cell for cell in notebook.cells if IN_SHORT in cell.metadata.get("tags", [])]
    opening = notebook.cells[0] if notebook.cells else None
    if boxes and opening.cell_type == "markdown" and (title := TITLE.match(opening.source)):
        rest = [cell for cell in notebook.cells[1:] if cell not in boxes]
        below = nbformat.v4.new_markdown_cell(opening.source[title.end() :], id="below-the-box")
        opening.source = title[0]
        notebook.cells = [opening, *boxes, below, *rest]


def exercises(name: str, asked: dict[str, list[dict[str, Any]]]) -> list[str]:
    """The section of a notebook's exercises with the commands that do them, in MyST; [] where it has none.

    asked  as of `exercises_of`
    """
    parts = []
    for number, each in enumerate(asked.get(name, []), 1):
        typed = " \\\n    ".join(
            f"-p {word} {shlex.quote(_typed(value))}" for word, value in each["parameters"].items()
        )
        parts.append(f"{number}. {each['ask']}\n\n   ```\n   .venv/bin/lottery run {name} \\\n       {typed}\n   ```")
    return ["## Exercises\n\n" + "\n\n".join(parts).replace("\n    -p", "\n       -p")] if parts else []


def exercises_of(root: Path) -> dict[str, list[dict[str, Any]]]:
    """What book/exercises.yaml asks, {notebook: [{"ask": a question, "parameters": {parameter: value}}]}."""
    path = root / "book" / "exercises.yaml"
    return notebooks.read_parameters(path) if path.exists() else {}


def _typed(value: Any) -> str:
    """A value as it is typed on a command line."""
    return (
        value if isinstance(value, str) else yaml.safe_dump(value, default_flow_style=True, width=1000).split("\n")[0]
    )


def _has_rows(root: Path, label: str, page: str) -> bool:
    """False for a twin named after a profile, such as g7-minilm, under which nothing is recorded of its page."""
    profile = label.partition("-")[2]
    known = (root / "notebooks" / "profiles" / f"{profile}.yaml").exists()
    return not known or (root / "book" / "records" / profile / f"{Path(page).name}.parquet").exists()


def labels(page: Path) -> list[str]:
    """The anchors that a page of the source tree, its suffix left out, sets: `(g1)=`, `:name: g7`, a figure's name."""
    text = page.with_suffix(".md")
    if text.exists():
        return [first or second for first, second in LABEL.findall(text.read_text(encoding="utf-8"))]
    anchors = []
    for cell in nbformat.read(page.with_suffix(".ipynb"), as_version=4).cells:
        if cell.cell_type == "markdown":
            anchors += [first or second for first, second in LABEL.findall(cell.source)]
        elif name := cell.metadata.get("mystnb", {}).get("figure", {}).get("name"):
            anchors.append(name)
    return anchors


def what_is_in_this_book(rows: Path, anchors: list[tuple[str, str]]) -> str:
    """The page that lists the rows of rows.yaml, each with its code and a link to its anchor, or "not yet".

    anchors  (label, page) of all pages; a row's label is its name in lower case, `g7-minilm` is the twin of `g7`
    Raises ValueError if an anchor stands in two places.
    """
    lines = [
        "# What is in this book",
        "",
        "Each row says what it is, where this book shows it, and which files hold its code.",
        "",
    ]
    listed: dict[str | None, list[str]] = {}
    for entry in yaml.safe_load(rows.read_text(encoding="utf-8")):
        row = entry["row"].lower()
        own = sorted((label, page) for label, page in anchors if label == row or label.startswith(f"{row}-"))
        for (label, page), (again, other) in pairwise(own):
            if label == again:
                raise ValueError(f"the anchor {label} stands in {page} and in {other}: a row has one place in the book")
        twins = [(label.removeprefix(f"{row}-"), label) for label, _ in own]
        shown = [(entry["row"] if label == row else TWINS.get(twin, twin), label) for twin, label in twins]
        links = ", ".join(f"{{ref}}`{name} <{label}>`" for name, label in shown) or "not yet"
        what = entry["what"].replace("|", "\\|")
        code = ", ".join(_breaking(file.removeprefix("lottery/")) for file in entry["code"])
        listed.setdefault(entry["paper"], []).append(f"| {entry['row']} | {what} | {links} | {code} |")
    for paper, table in listed.items():
        heading = f"{{cite:t}}`{paper}`" if paper else "Beyond the papers"
        head = ["| row | what it is | where | code, in `lottery/` |", "|---|---|---|---|"]
        lines += [f"## {heading}", "", *head, *table, ""]
    return "\n".join(lines)


def _breaking(path: str) -> str:
    """A path as code that may be broken behind a slash, by a space of no width: columns are narrow."""
    return "&#8203;".join(f"`{part}`" for part in re.findall(r"[^/]+/?", path))


def how_this_was_made(
    root: Path,
    profile: str,
    overrides: dict[str, dict[str, Any]],
    executed: Path,
    tables: dict[str, pd.DataFrame],
    missing: dict[str, list[holes.Hole]],
) -> str:
    """The page that tells with what, from what and in how long the book was computed, and what was recorded before.

    overrides  {notebook: its given parameters}
    tables     {notebook: its runs}, as `store.record` leaves them
    missing    {page: what it has nothing to show of}
    """
    from lottery import store

    here = store.provenance()
    lines = [
        "# How this was made",
        "",
        f"This book was put together from commit `{here['commit']}` with the profile `{profile}`. Each page that",
        "computes is listed with the runs made for this build and with the recorded runs that it shows. Times are sums",
        "over the runs, as if they had been made one after the other.",
        "",
        "## What each page ran",
        "",
    ]
    recorded = {path: store.recorded(path) for path in sorted((root / "book" / "records").glob("*/*.parquet"))}
    for name, table in tables.items():
        took = execution.duration(execution.seconds(executed / f"{name}.ipynb"))
        parameters = notebooks.resolve(root, name, overrides[name]).items()
        public = [f"`{word} = {value!r}`" for word, value in parameters if execution.is_public(word, value)]
        told = [f"- this build: {_runs_in_words(table)}; the page itself was executed in {took}."]
        told += [
            f"- recorded, `{path.parent.name}`: {_runs_in_words(runs)}."
            for path, runs in recorded.items()
            if path.stem == Path(name).name
        ]
        told += [f"- its parameters: {', '.join(public)}."] if public else []
        label = page_code.runs_of(_in_source(name))
        lines += [f"::::{{dropdown}} {{doc}}`/{_in_source(name)}`", f":name: {label}", "", *told, "::::", ""]
    others = {path: runs for path, runs in recorded.items() if path.stem not in {Path(name).name for name in tables}}
    lines += ["## Recorded for several pages", ""] if others else []
    lines += [f"- {path.stem}, `{path.parent.name}`: {_runs_in_words(table)}." for path, table in others.items()]
    lines += ["", *holes.told(missing)]
    lines += ["", "## Versions", "", "| | put together with | runs made with |", "|---|---|---|"]
    every = [table for table in (*tables.values(), *recorded.values()) if not table.empty]
    for what in (what for what in here if what not in OF_A_RUN):
        made_with = sorted({str(value) for table in every for value in table[f"made.{what}"]})
        lines.append(f"| {what} | {here[what]} | {', '.join(made_with)} |")
    return "\n".join([*lines, ""])


def _runs_in_words(table: pd.DataFrame) -> str:
    """A table of runs in a sentence: how many, how long, when, of what, from which commit, on which device."""
    if table.empty:
        return "no runs of its own"
    days = [f"{datetime.fromtimestamp(when, UTC):%-d %B %Y}" for when in sorted(table["made.finished"])]
    parts = [
        f"{len(table)} run{'s' * (len(table) != 1)}",
        execution.duration(table["seconds"].sum()),
        " to ".join(dict.fromkeys((days[0], days[-1]))),
    ]
    for word in ("model", "task", "seed", *(f"made.{what}" for what in OF_A_RUN)):
        columns = [column for column in table if column == word or column.endswith(f".{word}")]
        values = {value for column in columns for value in table[column].dropna()}
        shown = [f"{value:g}" if isinstance(value, float) else in_markdown(str(value)) for value in sorted(values)]
        name = word.removeprefix("made.")
        parts += [f"{name if len(shown) == 1 else f'{name}s'} {', '.join(shown)}"] if shown else []
    return ", ".join(parts)


# Rendering


def _sweep(home: Path) -> None:
    """Remove what a rendering leaves that is done, or was killed."""
    for name in ("staged", FIRST_PAGES):
        shutil.rmtree(home / name, ignore_errors=True)


def _made_of(root: Path, source: Path) -> str:
    """The sha256 of all that the pages depend on: their source tree, this package, and the versions of the others."""
    package = Path(execution.__file__).resolve().parent.parent
    pins = (root / "constraints.txt").read_text(encoding="utf-8")
    return sha256(
        f"{_contents(source)} {files.fingerprint(package, package.rglob('*.py'))} {pins}".encode()
    ).hexdigest()


def _contents(folder: Path) -> str:
    return files.fingerprint(folder, (path for path in folder.rglob("*") if path.is_file()))


def render(source: Path, place: Path, *, builder: str = "html", strict: bool = True) -> Path:
    """The pages of a source tree, rendered into a new folder `place`: the folder in it that is the site.

    builder  of Sphinx: "html", or "singlehtml" for all of them in one
    strict   whether a warning is an error; pages of a part of the book refer to others

    Raises RuntimeError with the warnings if there is any, and ValueError where Jupyter Book is not installed.
    """
    if not find_spec("jupyter_book"):
        raise ValueError("Jupyter Book is not installed: give `pip install '.[book]'` in the checkout")
    shutil.rmtree(place, ignore_errors=True)
    arguments = ["build", str(source), "--path-output", str(place), "--all", "--keep-going", "-q"]
    arguments += ["--builder", builder] if builder != "html" else []
    arguments += ["-W", "-n"] if strict else []
    environment = os.environ | {"SOURCE_DATE_EPOCH": execution.EPOCH, "NO_COLOR": "1"}
    with TemporaryDirectory() as folder:
        # A copy of the warm process, for the reference of the code imports all of it.
        said = Path(folder, "said")
        ended = warm.Copy(_jupyter_book, arguments, folder=Path.cwd(), environment=environment, said=said).wait()
        output = re.sub(r"\x1b\[[0-9;]*m", "", said.read_text(encoding="utf-8", errors="replace")).splitlines()
    if ended:
        warnings = [line for line in output if re.search("WARNING|ERROR|Error:", line)] or output[-20:]
        _refuse(warnings, "the book does not render without a warning")
    return place / "_build" / builder


def _jupyter_book(arguments: list[str]) -> None:
    from jupyter_book.cli.main import main

    main(arguments)


def _at_hand(root: Path, page: Page, done: list[str]) -> bool:
    """Whether a page can be among the first ones: prose, but no reference of the code, or a notebook that is done."""
    if page.notebook:
        return page.file in done
    return page.file != MADE and OF_CODE not in (root / "book" / f"{page.file}.md").read_text(encoding="utf-8")


def _show_first(
    root: Path, first: Page, pages: dict[str, list[Page]], executed: Path, done: list[str], console: Console
) -> None:
    """Render the prose and the notebooks that are done, while the rest is computed, and say where they can be read.

    The reference of the code is left out, which takes longer than all of these. Nothing is rendered where the book's
    first page is not among them. What they refer to may not be there yet.
    """
    if first.notebook and first.file not in done:
        return
    there = {title: [page for page in part if _at_hand(root, page, done)] for title, part in pages.items()}
    there = {title: part for title, part in there.items() if part}
    place = root / "book" / "_build" / FIRST_PAGES
    with rendering(place.with_name(".lock"), console):
        shutil.rmtree(place, ignore_errors=True)
        assemble(root, first, there, executed, place / "source")
        site = render(place / "source", place / "site", strict=False)
    count = 2 + sum(len(part) for part in there.values())  # with the first page and the list of contents
    execution.say(console, f"{count} pages can be read while the rest is computed: open {site / 'index.html'}")
