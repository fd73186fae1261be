"""The command `lottery`: build the book, run a notebook, see what there is and what is still to run.

Commands import what they need when they are called: `lottery --help` has no use for torch.
"""

import ast
import re
import sys
from contextlib import chdir
from difflib import get_close_matches
from itertools import islice
from math import isnan
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

from lottery import files
from lottery.choices import SHELVES, offered
from lottery.suite import report_command, shrink_commands, ticket_commands
from lottery.suite.ticket_commands import path_argument, path_option, require_file

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="How much of a pre-trained language model can go: a book that computes itself.",
    epilog="Example: [bold]lottery book[/bold]. After any command, --debug shows where an error came from.",
)

app.add_typer(ticket_commands.app, name="ticket")
shrink_commands.register(app)
report_command.register(app)

PACKAGE = Path(__file__).parent.parent
LISTED = (*SHELVES, "models", "profiles", "notebooks")
DRAWS = {"heads": 999, "mlps": 999, "neurons": 99, "weights": 0}  # at random; of millions of weights it hardly varies
INTERRUPTED = 130  # the exit code, which typer gives without a word
SHOWN = 10  # failures of a notebook; the rest is counted

Results = Annotated[
    Path | None,
    path_option("--results", metavar="DIR", help="The store of runs; by default results/ in the checkout."),
]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Runs side by side on this machine.")]
Scheduler = Annotated[
    str | None, typer.Option("--scheduler", metavar="ADDRESS", help="A running Dask scheduler to send the runs to.")
]
Force = Annotated[bool, typer.Option("--force", help="Execute what is up to date, too.")]
Notebook = Annotated[
    str | None, typer.Option("--notebook", metavar="NOTEBOOK", help="Only this one of the profile's notebooks.")
]


class _NameValue(TyperCommand):
    """A command whose `-p NAME VALUE` is two words, as papermill's is, where typer knows options of one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        words, joined = iter(args), []
        for word in words:
            joined.append(word)
            if word in ("-p", "--parameter"):
                pair = list(islice(words, 2))
                if len(pair) < 2:
                    raise typer.BadParameter(f"{word} takes two words, NAME VALUE: given is {' '.join(pair) or 'none'}")
                joined.append("=".join(pair))
        return super().parse_args(ctx, joined)


@app.command(epilog="Example: [bold]lottery book --profile smoke --workers 4[/bold]")
def book(
    profile: Annotated[str, typer.Option(help="A file in notebooks/profiles.")] = "quick",
    results: Results = None,
    workers: Workers = 2,
    scheduler: Scheduler = None,
    force: Force = False,
) -> None:
    """Execute the notebooks that are not up to date, build the book, and check it."""
    from rich.console import Console

    from lottery.suite import book, notebooks

    root = notebooks.checkout()
    _require_answer(scheduler)
    page = book.build(
        root,
        profile,
        results=_results(root, results),
        workers=workers,
        scheduler=scheduler or "",
        force=force,
        console=Console(stderr=True),
    )
    typer.echo(f"The book is there: open {page}")


@app.command(epilog="Example: [bold]lottery pdf[/bold]")
def pdf() -> None:
    """Print the built book into one file, by Chromium and without LaTeX."""
    from rich.console import Console

    from lottery.suite import notebooks, paper

    typer.echo(f"The book is printed: {paper.printed(notebooks.checkout(), Console(stderr=True))}")


@app.command(
    cls=_NameValue,
    epilog="Example: [bold]lottery run experiments/how_much_can_go -p task rte -p scope local[/bold]",
)
def run(
    notebook: Annotated[str, typer.Argument(help="Its name, as `lottery list notebooks` tells, or its path.")],
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", metavar="NAME VALUE", help="A parameter; may be repeated.")
    ] = None,
    file: Annotated[
        Path | None,
        path_option("-f", "--file", help="A yaml file of parameters."),
    ] = None,
    output: Annotated[
        Path | None,
        path_option("-o", "--output", help="The executed notebook; by default below book/_build/executed."),
    ] = None,
    profile: Annotated[str | None, typer.Option(help="A file in notebooks/profiles, to start from.")] = None,
    results: Results = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    force: Force = False,
) -> None:
    """Execute one notebook with its parameters changed: a profile's, then those of a file, then those given here.

    Paths are meant from where the command is typed, those in the file of -f, too; ~ is the home folder.
    """
    from rich.console import Console
    from rich.markdown import Markdown

    from lottery.suite import execution, notebooks
    from lottery.suite.given import from_folder

    root = notebooks.checkout()
    name = notebooks.named(root, notebook)
    given = notebooks.under_profile(root, profile, name) if profile else {}
    typed = notebooks.read_parameters(file) if file else {}
    typed |= notebooks.parsed(root, name, dict(pair.split("=", 1) for pair in parameter or []))
    given |= from_folder(Path.cwd(), root, typed)
    given |= notebooks.machine(root, name, results=results, workers=workers, scheduler=scheduler)
    place = output or root / "book" / "_build" / "executed" / (profile or "run") / f"{name}.ipynb"
    if place.suffix != ".ipynb":
        raise ValueError(f"an executed notebook is a file ending in .ipynb: {place} is not")
    if not force and execution.up_to_date(root, name, given, place):
        typer.echo(f"{name} is up to date: {place} (--force executes it again)")
    else:
        _require_answer(given.get("scheduler"))
        with execution.progress(Console(stderr=True)) as progress:
            seconds = execution.execute(root, name, given, place.absolute(), progress)
        typer.echo(f"{name} took {seconds:.0f} s: {place}")
    if answer := execution.answers(place):
        shown = notebooks.resolve(root, name, given).get("results", "")
        answer = answer.replace(f"`{notebooks.on_page(shown)}/", f"`{_as_typed(root / shown)}/")
        width = max(Console().width, 4 + max(map(len, answer.split())))  # a path that is broken cannot be copied
        Console(width=width).print(Markdown(answer))


@app.command(epilog="Example: [bold]lottery corpus corpus.txt glue_data/SQuAD/train-v1.1.json[/bold]")
def corpus(
    output: Annotated[Path, path_argument(metavar="FILE.txt", help="The file to write.")],
    squad: Annotated[list[Path], path_argument(metavar="SQUAD...", help="Files of SQuAD, v1.1 or v2.0.")],
) -> None:
    """Write the paragraphs of SQuAD, from Wikipedia, as text to pre-train on: each a document, a sentence a line."""
    from lottery.data import text_corpus
    from lottery.tasks import squad as task

    require_file(output, force=True)
    paragraphs = dict.fromkeys(paragraph for path in squad for paragraph in task.contexts(path))
    documents = [text_corpus.sentences(paragraph) for paragraph in paragraphs]
    with files.written(output) as partial:
        partial.write_text(text_corpus.written(documents), encoding="utf-8")
    typer.echo(f"{len(documents)} documents, {sum(map(len, documents))} sentences: {output}")


@app.command(epilog="Example: [bold]lottery agreement results/ComponentSearch/*/mask.safetensors[/bold]")
def agreement(
    masks: Annotated[
        list[Path],
        path_argument(
            metavar="FOLDER...", help="Folders of mask files (*.safetensors), such files, or other programs' masks."
        ),
    ],
    output: Annotated[Path, path_option("-o", "--output", help="The figure of what two masks share.")] = Path(
        "agreement.svg"
    ),
) -> None:
    """Whether masks of one model agree on what they keep, beside masks of the same sizes that choose at random."""
    from rich.console import Console
    from rich.table import Table

    from lottery.masks import files as mask_files
    from lottery.statistics import agreement as judged
    from lottery.suite import foreign, plots
    from lottery.suite.escaped import in_terminal

    plots.require_format(output)
    require_file(output, force=True)
    names, kept = mask_files.side_by_side(
        masks, lambda path: foreign.read(path).mask if foreign.is_foreign(path) else None
    )
    console = Console()
    plots.house_style()
    axes = plots.panels(len(kept), columns=len(kept), size=(7.0, 0.45 * len(names) + 2))
    for (kind, of_kind), ax in zip(kept.items(), axes, strict=True):
        pairs = judged.pairs(of_kind, names)
        console.print(f"[bold]{kind}[/bold]: {judged.in_words(judged.summary(of_kind, draws=DRAWS[kind]))}\n")
        table = Table("one", "other", "shared", "by chance", "Jaccard", "kappa", "p, overlap", "p, sizes")
        for pair in pairs.itertuples():
            numbers = (pair.jaccard, pair.kappa, pair.overlap_holm, pair.mcnemar_holm)
            shown = ["undefined" if isnan(number) else f"{number:.2g}" for number in numbers]
            table.add_row(
                in_terminal(pair.one), in_terminal(pair.other), f"{pair.shared:,}", f"{pair.expected:,.1f}", *shown
            )
        console.print(table)
        sizes = dict(zip(names, of_kind.reshape(len(names), -1).sum(1).tolist(), strict=True))
        plots.overlap(pairs, sizes, ax=ax).set_title(kind)
    plots.save(axes[0], output)
    typer.echo("the p-values of the pairs are corrected after Holm")
    typer.echo(f"what two masks share, and in brackets what two of these sizes would by chance: {output}")


@app.command("list", epilog="Example: [bold]lottery list component_importance[/bold]")
def list_(
    shelf: Annotated[str, typer.Argument(metavar="SHELF", help=f"{', '.join(LISTED[:-1])} or {LISTED[-1]}.")],
) -> None:
    """What there is of a kind, a line each: the files of a folder of lottery/; or models, profiles, notebooks.

    importance scores single weights, component_importance heads, MLPs and neurons.
    mask_learning holds ways to learn a mask, task_heads what stands over an encoder for a task.
    """
    if shelf not in LISTED:
        near = get_close_matches(shelf, LISTED, n=1)
        raise ValueError(
            f"no shelf {shelf!r}{f' (did you mean {near[0]!r}?)' if near else ''}: there are {', '.join(LISTED)}"
        )
    lines = _what_there_is(shelf)
    for name, what in lines.items():
        typer.echo(f"{name:<{max(map(len, lines))}}  {what}".rstrip())


def _what_there_is(shelf: str) -> dict[str, str]:
    """{name: what it is, in a line}."""
    if shelf in SHELVES:
        from lottery import tasks

        files_of_it = {name: _first_line(PACKAGE / shelf / f"{name}.py") for name in offered(shelf)}
        return files_of_it | (tasks.NO_FILES if shelf == "tasks" else {})
    if shelf == "models":
        from lottery.models import opening

        return opening.describe()
    from lottery.suite import notebooks

    root = notebooks.checkout()
    if shelf == "notebooks":
        return {name: notebooks.title(root, name) for name in notebooks.find(root)}
    paths = {name: root / "notebooks" / "profiles" / f"{name}.yaml" for name in notebooks.profiles(root)}
    firsts = {name: file.read_text(encoding="utf-8").partition("\n")[0] for name, file in paths.items()}
    return {name: first.removeprefix("# ") if first.startswith("# ") else "" for name, first in firsts.items()}


def _first_line(module: Path) -> str:
    return (ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or "").partition("\n")[0]


@app.command(epilog="Example: [bold]lottery runs quick --notebook how_much_can_go[/bold]")
def runs(
    profile: Annotated[
        str | None, typer.Argument(help="A file in notebooks/profiles; without one, what the store holds.")
    ] = None,
    notebook: Annotated[
        str | None, typer.Option("--notebook", metavar="NOTEBOOK", help="Only the runs that this notebook makes.")
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="Without a profile: so many, those that ended last.")] = 20,
    results: Results = None,
) -> None:
    """How many runs of a profile are finished, failed and missing; without one, the last runs and what they left.

    Of a profile, notebook by notebook, and why those failed.
    """
    from lottery import store
    from lottery.suite import notebooks

    root = notebooks.checkout()
    if profile is None:
        _last_runs(root, notebook and notebooks.named(root, notebook), most, _results(root, results))
        return
    overrides = notebooks.profile(root, profile)
    names = [notebooks.named(root, notebook)] if notebook else notebooks.find(root)
    typer.echo(f"{'notebook':<40} finished  failed  missing")
    for name in names:
        with chdir(root):
            given = notebooks.under_profile(root, profile, name) if notebook else overrides.get(name, {})
            states = store.status(notebooks.grid(root, name, given), _results(root, results))
        counts = [(states["state"] == state).sum() for state in ("finished", "failed", "missing")]
        typer.echo(f"{name:<40} {counts[0]:>8}  {counts[1]:>6}  {counts[2]:>7}")
        failed = states[states["state"] == "failed"]
        for row in failed.head(SHOWN).itertuples():
            typer.echo(f"  {row.experiment} {row.key}: {row.error.splitlines()[0]}")
        if len(failed) > SHOWN:
            typer.echo(f"  ... and {len(failed) - SHOWN} more that failed")


def _last_runs(root: Path, notebook: str | None, most: int, results: Path) -> None:
    """Tell what lies in the store, whatever made it; of a notebook, the runs of the experiments that it makes."""
    import time

    from lottery import store
    from lottery.suite import notebooks

    made: set[str] = set()
    if notebook:
        grid = notebooks.grid(root, notebook, {})
        made = {type(each).__name__ for experiment in grid for each in (experiment, *store.needs(experiment))}
        if not made:
            raise ValueError(f"the notebook {notebook} makes no runs of its own")
    ended = store.latest(results, most, made)
    if not ended:
        typer.echo(f"no run has ended in {results}")
        return
    typer.echo(
        f"in {results}, the last first; with each what it left, its score x 100 and what tells it from the others"
    )
    width = max(len(run.folder) for run in ended)
    for run in ended:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.at))
        differing = ", ".join(f"{name} {value}" for name, value in run.parameters.items())
        score = "" if run.score is None else f"{100 * run.score:.1f}"
        what = f"failed: {run.error.splitlines()[0]}" if run.error else f"{', '.join(run.left) or '-'}  {differing}"
        typer.echo(f"{when}  {run.folder:<{width}}  {score:>5}  {what}".rstrip())
    if any("mask" in name for run in ended for name in run.left):
        typer.echo(f"a mask of these goes into a file with `lottery ticket save {results}/RUN -o FILE.safetensors`")


@app.command(epilog="Example: [bold]lottery record minilm[/bold]")
def record(
    profile: Annotated[str, typer.Argument(help="A file in notebooks/profiles.")],
    notebook: Notebook = None,
    results: Results = None,
) -> None:
    """Write the finished runs of the notebooks that a profile names to book/records, for those who do not run them.

    A run that was recorded before and is not in the store, of this profile, keeps its row.
    """
    from lottery import store
    from lottery.suite import notebooks

    root = notebooks.checkout()
    overrides = notebooks.profile(root, profile)
    if not overrides:
        raise ValueError(f"the profile {profile} names no notebook, so none of its runs are to be recorded")
    only = notebook and notebooks.named(root, notebook)
    if only and only not in overrides:
        raise ValueError(f"the profile {profile} does not name {only}, but {', '.join(overrides)}")
    before = store.recorded_rows(root / "book" / "records" / profile)
    missing = []
    for name, given in overrides.items():
        if only not in (None, name):
            continue
        path = root / "book" / "records" / profile / f"{Path(name).name}.parquet"
        with chdir(root):
            grid = notebooks.grid(root, name, given)
            states = store.status(grid, _results(root, results))
            unfinished = states[states["state"] != "finished"]
            todo = unfinished[~unfinished["key"].isin(before)]
            if len(grid) and todo.empty:
                table = store.record(grid, _results(root, results), path, before)
                taken = f", {len(unfinished)} of them as recorded before" if len(unfinished) else ""
                typer.echo(f"{name}: {len(table)} runs recorded in {path.relative_to(root)}{taken}")
        missing += [f"{name}: {row.experiment} {row.key} is {row.state}" for row in todo.itertuples()]
    if missing:
        raise ValueError("not recorded, because not finished; run them first:\n" + "\n".join(missing))


@app.command(epilog="Example: [bold]lottery clean[/bold]")
def clean(
    everything: Annotated[
        bool, typer.Option("--all", help="Finished runs and the built book, too; asks first.")
    ] = False,
    results: Results = None,
) -> None:
    """Remove unfinished and failed runs, with the checkpoints they would go on from, and half-written files."""
    from lottery import store
    from lottery.suite import execution, notebooks

    root = notebooks.checkout()
    place = _results(root, results)
    built = root / "book" / "_build"
    if everything:
        typer.confirm(f"Remove all of {place} and {built}?", abort=True)
        freed = [files.remove(folder) for folder in (place, built) if folder.exists()]
    else:
        freed = [store.remove(leftover) for leftover in store.leftovers(place)]
        pages = [*execution.left_aside(built / "executed"), *built.rglob("*.failed.ipynb")]
        freed += [files.remove(path) for path in pages]
        with files.locked(built / ".lock", wait=False) as ours:  # another process may be rendering there
            freed += [files.remove(path) for path in built.glob("staged") if ours]
    typer.echo(f"{len(freed)} removed, {sum(freed) / 1e6:.1f} MB")


def _as_typed(path: Path) -> Path:
    """A path as it is typed from the current folder, where it lies in it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _require_answer(scheduler: str | None) -> None:
    if scheduler:
        from lottery.suite import cluster

        cluster.check(scheduler)


def _results(root: Path, given: Path | None) -> Path:
    results = (given or root / "results").absolute()
    if results.is_file():
        raise ValueError(f"{results} is a file: give the folder in which the runs lie, or are to lie")
    return results


def _sentence(error: Exception) -> str:
    if isinstance(error, TyperException):
        return error.format_message()
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _with_options(sentence: str, given: list[str]) -> str:
    """A sentence on a parameter, `name = value`, with the option's own name where the command given has one of it."""
    command = typer.main.get_command(app)
    for word in given:
        command = getattr(command, "commands", {}).get(word, command)
    options = {each.name: max(each.opts, key=len) for each in command.params if each.opts[0].startswith("-")}
    return re.sub(
        r"(?:\b[A-Z]\w+: )?\b(\w+) = ",
        lambda found: f"{options[found[1]]} " if found[1] in options else found[0],
        sentence,
    )


def main(arguments: list[str] | None = None) -> NoReturn:
    """The command line. Exit codes: 0 done, 1 something failed while it ran, 2 what was asked for cannot be."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = app([word for word in given if word != "--debug"], prog_name="lottery", standalone_mode=False)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except (TyperException, ValueError, OSError, RuntimeError) as error:
        if "--debug" in given:
            raise
        typer.echo(f"lottery: {_with_options(_sentence(error), given)}", err=True)
        code = 2 if isinstance(error, (TyperException, *files.REFUSALS)) else 1
    if code == INTERRUPTED:
        typer.echo("lottery: interrupted; the same command goes on from here", err=True)
    sys.exit(code or 0)


if __name__ == "__main__":
    main()
