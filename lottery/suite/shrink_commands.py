"""The commands `lottery shrink`, `vocabulary`, `inspect` and `measure`: a smaller and faster model."""

import shlex
import sys
from math import isfinite
from pathlib import Path
from typing import Annotated, Literal

import typer

from lottery.suite.ticket_commands import path_argument, path_option, require_folder

Model = Annotated[str, typer.Argument(metavar="MODEL", help="A folder, minilm or a name of the hub.")]
Task = Annotated[str, typer.Option("--task", help="A published task: see `lottery list tasks`.")]
DataDir = Annotated[str, typer.Option("--data-dir", metavar="DIR", help="GLUE's download, or hub; with --task.")]
TrainFile = Annotated[
    str, typer.Option("--train-file", metavar="FILE", help="Your own rows: .csv, .tsv, .jsonl or .conll.")
]
DevFile = Annotated[str, typer.Option("--dev-file", metavar="FILE", help="Rows to report on; else some are kept.")]
Text = Annotated[str, typer.Option("--text-column", metavar="NAME", help="The column of the text.")]
Second = Annotated[str, typer.Option("--second-column", metavar="NAME", help="That of a second text.")]
Label = Annotated[
    str,
    typer.Option(
        "--label-column", metavar="NAME", help="That of the label; without, the model's own answers or vectors count."
    ),
]
Pool = Annotated[
    Literal["", "mean", "first", "max"],
    typer.Option(
        help="Of a sentence encoder without labels: what its tokens' vectors become; else as its folder says."
    ),
]
Numbers = Annotated[bool, typer.Option("--numbers", help="Labels are numbers, not names of classes.")]
Tags = Annotated[bool, typer.Option("--tags", help="A label for each word, as in .conll files or lists in .jsonl.")]
MaxLength = Annotated[int, typer.Option("--max-length", min=1, help="Tokens of an example, at most.")]
Length = Annotated[int, typer.Option("--length", min=1, help="Tokens of the texts that times are measured with.")]


def shrink(
    model: Model,
    output: Annotated[Path, path_option("-o", "--output", metavar="FOLDER", help="The folder to write.")],
    task: Task = "",
    data_dir: DataDir = "",
    train_file: TrainFile = "",
    dev_file: DevFile = "",
    text_column: Text = "",
    second_column: Second = "",
    label_column: Label = "",
    numbers: Numbers = False,
    tags: Tags = False,
    pooling: Pool = "",
    within: Annotated[
        float | None,
        typer.Option(min=0, help="Points of the score that may be lost; if not said 1, or what the rows can show."),
    ] = None,
    speed: Annotated[
        float | None, typer.Option(min=1, help="Instead: so many times as fast, at the least loss.")
    ] = None,
    size: Annotated[
        float | None, typer.Option(min=0, help="Instead: weights of so many MB, at the least loss.")
    ] = None,
    ticket: Annotated[
        Path | None,
        path_option("--ticket", metavar="TICKET", help="Instead: what a mask of heads, MLPs and neurons leaves."),
    ] = None,
    uniform: Annotated[
        bool,
        typer.Option(
            "--uniform", help="Equally many neurons of every layer go, then whole layers: opened by transformers."
        ),
    ] = False,
    vocabulary: Annotated[
        bool, typer.Option("--vocabulary", help="Leave only the word pieces that your texts use.")
    ] = False,
    onnx: Annotated[bool, typer.Option("--onnx", help="Write it for ONNX Runtime, too.")] = False,
    int8: Annotated[bool, typer.Option("--int8", help="The same with weights of 8 bits.")] = False,
    pt2: Annotated[bool, typer.Option("--pt2", help="Write it as torch.export does, too.")] = False,
    epochs: Annotated[
        float | None,
        typer.Option(
            min=0, help="Of training each smaller model by the full one; if not said 3, or what 300 updates take."
        ),
    ] = None,
    learning_rate: Annotated[float, typer.Option(help="Of that training.")] = 5e-5,
    batch_size: Annotated[int, typer.Option(min=1, help="Of that training.")] = 32,
    max_length: MaxLength = 128,
    length: Length = 32,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Texts read at once when times are measured.")] = 32,
    seed: Annotated[int, typer.Option(min=0, help="Of the training.")] = 0,
    seeds: Annotated[
        int, typer.Option(min=1, help="Trainings of each size, from that seed on; all of them count.")
    ] = 1,
    results: Annotated[
        Path | None, path_option("--results", metavar="DIR", help="The store of runs; by default results/ here.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,
) -> None:
    """Write a smaller and faster model, that is chosen on rows held out, and tell what it costs on others.

    Heads and neurons go, those first that matter least for the time they take here; several sizes are tried, each
    trained with the full model as its teacher. Killed, the same command goes on.
    """
    from rich.console import Console
    from rich.table import Table

    from lottery import store
    from lottery.models import exporting, opening
    from lottery.suite import plots, shrinking, tickets
    from lottery.training import evaluation

    require_folder(output, force)
    forms = [form for form, asked in (("pt2", pt2), ("onnx", onnx), ("int8", int8)) if asked]
    exporting.require(forms)
    bounds = {"within": within, "speed": speed, "bytes": size}
    given = [name for name, bound in bounds.items() if bound is not None]
    for option, bound in (("--within", within), ("--speed", speed), ("--size", size)):
        if bound is not None and not isfinite(bound):
            raise ValueError(f"{option} {bound}: give a number")
    if size == 0:
        raise ValueError("--size 0: no model takes no bytes; give so many MB")
    if len(given) > 1:
        raise ValueError("give one of --within, --speed and --size")
    if ticket and (given or uniform):
        raise ValueError("--ticket says what is left: give it without --within, --speed, --size and --uniform")
    (asked,) = given or ["within"]
    labels = shrinking.labels(numbers=numbers, tags=tags)
    data = shrinking.Data(
        task, data_dir, train_file, dev_file, text_column, second_column, label_column, labels, pooling
    )
    how = {"max_length": max_length, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
    whole = shrinking.whole(model, data, **how)
    mask = str(tickets.of_components(ticket, opening.configuration(model))) if ticket else ""
    learnt, choosing, judging = shrinking.rows(whole)
    if given:
        bound = {"within": (within or 0) / 100, "speed": speed, "bytes": (size or 0) * 1e6}[asked]
    else:
        bound = shrinking.bearable(whole, choosing)
    choice = shrinking.choice(
        whole,
        even=uniform,
        pieces=vocabulary,
        length=length,
        batch=batch,
        epochs=shrinking.long_enough(whole) if epochs is None else epochs,
        asked=asked,
        bound=float(bound),
        seeds=seeds,
        ticket=mask,
    )
    place = (results or Path("results")).absolute()
    console = Console(stderr=True)
    console.print(shrinking.judged_in_words(whole), highlight=False)
    console.print(f"{learnt:,} rows to train on, {choosing:,} to choose by, {judging:,} to score on", highlight=False)
    if asked == "within" and not ticket:
        console.print(f"{100 * bound:.1f} points may be lost, by the lower end of the interval", highlight=False)
    dense = store.perform(whole, place).metrics
    if why := evaluation.degenerate(dense["score"], dense["majority"]):
        raise ValueError(f"{model!r} cannot be shrunk on this: {why}")
    choice = shrinking.within_reach(choice, place)
    table = Table(*shrinking.TRIED, title=f"tried, on the {choosing:,} rows to choose by")
    for row in shrinking.tried(choice, place, lambda line: console.print(line, highlight=False)):
        table.add_row(*row)
    Console().print(table)
    run = store.perform(choice, place)
    with console.status("writing it, opening what was written, and measuring that"):
        report = shrinking.write(run, output, forms, "lottery " + shlex.join(sys.argv[1:]))
    table = Table(
        *shrinking.HEADINGS, title=f"{plots.metric(report['metric'])} (x 100) on {report['test_rows']} other rows"
    )
    for row in shrinking.lines(report):
        table.add_row(*row)
    Console().print(table)
    typer.echo(f"the score changes by {shrinking.changed(report)}")
    if warning := shrinking.worthless(run.metrics):
        typer.echo(warning, err=True)
    typer.echo(f"{output}: README.md says how to open it; the runs are in {place}")


def inspect(
    model: Model,
    length: Length = 32,
) -> None:
    """What a model is, what of it can go, its bytes and its times here; nothing is trained."""
    from lottery.models import families, folders, opening, pooling, slices, timing
    from lottery.pruning import components

    opening.check(model)
    config, folder = opening.configuration(model), opening.locate(model)
    families.check_length(config, length, name="length")
    kept = slices.read(folder, config)
    opened = opening.bare_encoder(model).eval()
    whole = components.everything(config, neurons=True)
    left = components.nested(whole | (kept or {}))
    (architecture, *_) = config.architectures or ["no class named"]
    named = ", ".join(config.id2label.values())
    words = opened.get_input_embeddings().weight
    typer.echo(f"model     {families.FAMILIES[config.model_type].title}, {architecture}; labels: {named}")
    typer.echo(
        f"layers    {config.num_hidden_layers}, with {int(left['heads'].sum())} of {left['heads'].numel()} heads and "
        f"{int(left['neurons'].sum()):,} of {left['neurons'].numel():,} neurons"
    )
    typer.echo(
        f"numbers   {sum(p.numel() for p in opened.parameters()):,} in the encoder, of which {words.numel():,} are the "
        f"table of {len(words):,} word pieces; {folders.weights_bytes(folder) / 1e6:.1f} MB of weights"
    )
    if vectors := pooling.told(model):
        typer.echo(f"vectors   {vectors}")
    for texts in (1, 32):
        seconds = timing.seconds({"model": opened}, timing.batch(opened, texts, length))["model"]
        typer.echo(f"time      {1000 * seconds:.1f} ms for {texts} text{'s' * (texts > 1)} of {length} tokens")


def vocabulary(
    model: Model,
    files: Annotated[
        list[Path], path_argument(metavar="FILE...", help="Your texts: .txt, one a line, or .csv, .tsv, .jsonl.")
    ],
    output: Annotated[Path, path_option("-o", "--output", metavar="FOLDER", help="The folder to write.")],
    text_column: Text = "",
    second_column: Second = "",
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,
) -> None:
    """Write the model with the word pieces alone that your texts use: smaller, as fast, and on them the same.

    Single characters and special tokens stay, so that other words are written with smaller pieces. Any program opens
    it as before; nothing is trained.
    """
    from rich.console import Console

    from lottery.suite import trimming

    require_folder(output, force)
    texts = trimming.read(files, text_column, second_column)
    with Console(stderr=True).status(f"leaving the word pieces of {len(texts):,} texts"):
        found = trimming.trim(model, texts, output)
    (all_pieces, pieces), (all_numbers, numbers), (whole, small) = found.pieces, found.numbers, found.bytes
    typer.echo(f"{output}: {pieces:,} of {all_pieces:,} word pieces, {numbers:,} of {all_numbers:,} numbers")
    typer.echo(f"{small / 1e6:.1f} MB of weights instead of {whole / 1e6:.1f} MB; fewer words save bytes, but no time")
    typer.echo(
        f"opened again, it reads all {found.texts:,} different texts as before; on {found.asked} of them its "
        "encoder's output equals the full model's to the last bit"
    )
    typer.echo(
        f"other texts: a vocabulary made from nine tenths of yours lacks {found.broken.in_words(form='.1%')} of the "
        f"pieces of the rest and splits them further; {found.unknown[1]:.2%} of the rest's pieces are unknown, before "
        f"{found.unknown[0]:.2%}"
    )


def measure(
    one: Annotated[str, typer.Argument(metavar="A", help="A model, or the folder of an export of one.")],
    other: Annotated[str, typer.Argument(metavar="B", help="Another one of the same task.")],
    task: Task = "",
    data_dir: DataDir = "",
    train_file: TrainFile = "",
    dev_file: DevFile = "",
    text_column: Text = "",
    second_column: Second = "",
    label_column: Label = "",
    numbers: Numbers = False,
    tags: Tags = False,
    pooling: Pool = "",
    max_length: MaxLength = 128,
    length: Length = 32,
) -> None:
    """Hold two models side by side: score with its difference on the same rows, bytes, and times in turns."""
    from rich.console import Console
    from rich.table import Table

    from lottery.suite import shrinking

    labels = shrinking.labels(numbers=numbers, tags=tags)
    data = shrinking.Data(
        task, data_dir, train_file, dev_file, text_column, second_column, label_column, labels, pooling
    )
    rows, change, count = shrinking.measured(one, other, data, max_length=max_length, length=length)
    table = Table("model", *shrinking.HEADINGS[1:])
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    typer.echo(f"B scores {change.in_words(100)} points beside A on {count} rows")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command, example in (
        (shrink, "lottery shrink tuned -o small --train-file feedback.csv --text-column comment --label-column mood"),
        (vocabulary, "lottery vocabulary minilm feedback.csv --text-column comment -o small"),
        (inspect, "lottery inspect minilm"),
        (measure, "lottery measure tuned small --task sst2 --data-dir glue_data"),
    ):
        app.command(epilog=f"Example: [bold]{example}[/bold]")(command)
