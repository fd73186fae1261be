"""The command `lottery report`: what of one's own model can go, by each method, on one page."""

from pathlib import Path
from typing import Annotated

import typer

from lottery import files
from lottery.suite.shrink_commands import DevFile, Label, Length, MaxLength, Model, Numbers, Second, Tags, Text
from lottery.suite.ticket_commands import path_option, require_file

# Options that are repeated in the commands of the page; `lottery shrink` has the same.
SHARED = (
    *("text_column", "second_column", "label_column", "numbers", "tags", "dev_file", "learning_rate", "batch_size"),
    *("max_length", "length", "batch", "seed", "results"),
)


def report(
    context: typer.Context,
    model: Model,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Your own rows: .csv, .tsv, .jsonl or .conll.")],
    output: Annotated[Path, path_option("-o", "--output", metavar="PAGE.html", help="The page to write.")],
    text_column: Text = "",
    second_column: Second = "",
    label_column: Label = "",
    numbers: Numbers = False,
    tags: Tags = False,
    dev_file: DevFile = "",
    json: Annotated[
        Path | None, path_option("--json", metavar="FILE.json", help="Write the numbers of the page, too.")
    ] = None,
    thorough: Annotated[
        bool,
        typer.Option("--thorough", help="Go on: more shares, OBS, retraining, and smaller models that are trained."),
    ] = False,
    learning_rate: Annotated[float, typer.Option(help="Of the training, where the model has to be trained.")] = 5e-5,
    batch_size: Annotated[int, typer.Option(min=1, help="Of that training.")] = 16,
    max_length: MaxLength = 128,
    length: Length = 32,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Texts read at once when times are measured.")] = 32,
    seed: Annotated[int, typer.Option(min=0, help="Of the training, and of what is chosen at random.")] = 0,
    results: Annotated[
        Path | None, path_option("--results", metavar="DIR", help="The store of runs; by default results/ here.")
    ] = None,
) -> None:
    """Write one page on how much of a model can go for your data: by which method, how sure that is, what it saves.

    A first answer takes minutes. All are runs: killed, the same command goes on, and --thorough goes on from it.
    """
    from rich.console import Console

    from lottery.suite import report_page, reporting, shrinking

    for path, ending in ((output, ".html"), (json, ".json")):
        if path is not None and path.suffix != ending:
            raise ValueError(f"{path} does not end in {ending}: give the file to write such a name")
        if path is not None:
            require_file(path, force=True)
    labels = shrinking.labels(numbers=numbers, tags=tags)
    data = shrinking.Data("", "", file, dev_file, text_column, second_column, label_column, labels)
    how = {"max_length": max_length, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
    whole = shrinking.whole(model, data, **how)
    if whole.task_named(whole.task).KIND == "vectors":
        raise ValueError(
            f"{model!r} has no head that gives a text one of several classes: name --label-column, or have `lottery "
            "shrink` make it smaller by its vectors"
        )
    asked = reporting.plan(whole, thorough=thorough, length=length, batch=batch)
    place = results or Path("results")
    console = Console(stderr=True)
    reporting.perform(asked, place.absolute(), lambda words: console.print(words, highlight=False))
    with console.status("drawing the page"):
        found = reporting.told(asked, place.absolute())
        typed = report_page.Typed(
            model=model,
            file=file,
            text_column=text_column,
            second_column=second_column,
            options=_given(context),
            results=str(place),
            page=str(output),
        )
        with files.written(output) as partial:
            partial.write_text(report_page.page(found, typed), encoding="utf-8")
        if json:
            files.write_json(json, report_page.plain(found))
    for line in report_page.in_short(found):
        typer.echo(line)
    typer.echo(f"{output}: the page; the runs lie in {place}")


def _given(context: typer.Context) -> list[str]:
    """The options of SHARED as words to type: those that were given, and what `lottery shrink` has otherwise."""
    words = []
    for name in SHARED:
        if context.get_parameter_source(name).name != "DEFAULT" or name == "batch_size":
            value = context.params[name]
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return words


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    example = "lottery report minilm feedback.csv -o report.html --text-column comment --label-column mood"
    app.command(epilog=f"Example: [bold]{example}[/bold]")(report)
