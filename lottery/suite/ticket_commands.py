"""The commands `lottery ticket ...`: a ticket saved, shown, and baked into a model that any program opens."""

import os
from functools import partial
from math import isnan
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from lottery import files
from lottery.choices import listed

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Tickets: masks saved in few bytes, shown, and applied to a model.",
    epilog="Example: [bold]lottery ticket save minilm -o ticket.safetensors --sparsity 0.5[/bold]",
)

# Of a path; ~ is the home folder, also where a shell would leave it, as in --output=~/new.
path_option = partial(typer.Option, parser=files.path)
path_argument = partial(typer.Argument, parser=files.path)

# Options for a mask that is made here.
MAKING = ("sparsity", "importance", "scope", "embeddings", "pooler", "seed", "texts")

Ticket = Annotated[Path, path_argument(metavar="TICKET", help="A mask file, of `lottery ticket save` or of a run.")]
TextFile = Annotated[
    Path | None, path_option(help="A .csv, .tsv or .jsonl file of texts that the model reads, without labels.")
]
TextColumn = Annotated[str, typer.Option(help="Its column of the texts.")]
SecondColumn = Annotated[str, typer.Option(help="Its column of a second text, which is read with the first.")]
Force = Annotated[bool, typer.Option("--force", help="Write over what is there.")]


@app.command(epilog="Example: [bold]lottery ticket save minilm -o ticket.safetensors --sparsity 0.5[/bold]")
def save(
    context: typer.Context,
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A folder, minilm or a name of the hub; or the folder of a run that has found a mask."
        ),
    ],
    output: Annotated[Path, path_option("-o", "--output", help="The file to write, ending in .safetensors.")],
    sparsity: Annotated[float | None, typer.Option(help="Share of the weights to remove, in [0, 1).")] = None,
    importance: Annotated[str, typer.Option(help="What scores them: see `lottery list importance`.")] = "magnitude",
    scope: Annotated[
        Literal["global", "local", "row"],
        typer.Option(help="The lowest of the whole model go, or the same share of each matrix, or of each row."),
    ] = "global",
    embeddings: Annotated[bool, typer.Option("--embeddings", help="Cut the table of word embeddings, too.")] = False,
    pooler: Annotated[bool, typer.Option("--pooler", help="Cut the pooler, too.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of a random importance.")] = 0,
    texts: TextFile = None,
    text_column: TextColumn = "text",
    second_column: SecondColumn = "",
    coder: Annotated[
        Literal["smallest", "entropy", "bits"], typer.Option(help="How the mask is written; bits: one bit a weight.")
    ] = "smallest",
    force: Force = False,
) -> None:
    """Write a mask in few bytes: one made of a model, or the one that a finished run has found."""
    from rich.console import Console

    from lottery.masks import files as mask_files
    from lottery.suite import tickets

    if output.suffix != ".safetensors":
        raise ValueError(f"a mask file ends in .safetensors: {output} does not")
    require_file(output, force)
    given = [name for name in MAKING if context.get_parameter_source(name).name != "DEFAULT"]
    with Console(stderr=True).status("making the mask") as status:
        if tickets.is_run(files.path(model)):
            if given:
                raise ValueError(f"--{given[0]} is for a mask that is made here, and {model} holds a run: leave it out")
            mask, header = tickets.of_run(files.path(model))
            source = {"model": header["model"], "method": header["method"]}
            source |= {"asked": float(header["sparsity_asked"]), "seed": int(header["seed"])}
            scored = mask_files.scored(header)
        else:
            if sparsity is None:
                raise ValueError("--sparsity is missing: give the share of the weights to remove, such as 0.5")
            mask, scored = tickets.of_model(
                model,
                importance=importance,
                scope=scope,
                sparsity=sparsity,
                embeddings=embeddings,
                pooler=pooler,
                seed=seed,
                texts=tickets.Texts(texts, text_column, second_column) if texts else None,
            )
            name = files.path(model).name if files.path(model).is_dir() else model
            source = {"model": name, "method": f"{importance}, {scope}", "asked": sparsity, "seed": seed}
        status.update("coding it")
        mask_files.save(output, mask, **source, coder=coder, scored=scored)
    typer.echo(f"{output}: {_size_in_words(output, mask)}")
    if importance == "obs" and not tickets.is_run(files.path(model)):
        typer.echo(
            "By OBS the weights that stay make up for those that go, which a mask does not hold: `lottery ticket apply "
            "--texts FILE` has them do so."
        )


@app.command("import", epilog="Example: [bold]lottery ticket import mnli_0.50_kd_mag.npy -o ticket.safetensors[/bold]")
def import_(
    source: Annotated[
        Path,
        path_argument(
            metavar="MASK",
            help="SMP's .npy; a folder with Prasanna's head_mask.npy and mlp_mask.npy; a file of "
            "torch.nn.utils.prune's masks (.safetensors, .pt); or a folder of a model with zeros.",
        ),
    ],
    output: Annotated[Path, path_option("-o", "--output", help="The file to write, ending in .safetensors.")],
    model: Annotated[
        str, typer.Option(help="The model that it is of, where the file does not say its shape: a folder or a name.")
    ] = "",
    embeddings: Annotated[bool, typer.Option("--embeddings", help="Zeros of the word embeddings count, too.")] = False,
    pooler: Annotated[bool, typer.Option("--pooler", help="Zeros of the pooler count, too.")] = False,
    force: Force = False,
) -> None:
    """Write the mask of another program as a mask file."""
    from lottery import masks
    from lottery.masks import files as mask_files
    from lottery.suite import foreign

    if output.suffix != ".safetensors":
        raise ValueError(f"a mask file ends in .safetensors: {output} does not")
    require_file(output, force)
    mask, method = foreign.read(source, model=model, embeddings=embeddings, pooler=pooler)
    removed = masks.sparsity(mask)
    mask_files.save(output, mask, model=model or source.stem, method=method, asked=removed, seed=0, coder="smallest")
    typer.echo(f"{output}: {removed:.4f} removed; {_size_in_words(output, mask)}")


@app.command(epilog="Example: [bold]lottery ticket show ticket.safetensors -o ticket.png[/bold]")
def show(
    ticket: Ticket,
    output: Annotated[Path | None, path_option("-o", "--output", help="A figure of the table to draw.")] = None,
) -> None:
    """What is in a mask file: of which model, by which method, how large, and what it does to every layer."""
    from rich.console import Console
    from rich.table import Table

    from lottery.masks import files as mask_files
    from lottery.suite import plots, tickets

    if output:
        plots.require_format(output)
    mask, header = mask_files.load(ticket)
    typer.echo(f"model     {header['model']}")
    typer.echo(f"method    {header['method']}, seed {header['seed']}")
    typer.echo(f"sparsity  {float(header['sparsity']):.4f}, asked {float(header['sparsity_asked']):.4f}")
    typer.echo(f"size      {_size_in_words(ticket, mask)}")
    if (scored := mask_files.scored(header)) and scored.task:
        head = f", under the head {scored.head!r}" if scored.head else ""
        typer.echo(f"scored    on {scored.task}{head}{f' for {listed([*scored.labels])}' if scored.labels else ''}")
    if scored and scored.trained:
        typer.echo("weights   trained with the mask: it goes with the model that its run has kept")
    layers = tickets.by_layer(mask)
    table = Table("layer", *layers.columns, title="what stays" if "heads" in layers else "share removed")
    for row in layers.itertuples():
        table.add_row(*(_cell(value) for value in row))
    Console().print(table)
    if output:
        plots.save(tickets.heatmap(mask), output)
        typer.echo(f"drawn: {output}")


@app.command(epilog="Example: [bold]lottery ticket apply ticket.safetensors minilm -o pruned[/bold]")
def apply(
    ticket: Ticket,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A folder, minilm or a name of the hub.")],
    output: Annotated[Path, path_option("-o", "--output", metavar="FOLDER", help="The folder to write.")],
    texts: TextFile = None,
    text_column: TextColumn = "text",
    second_column: SecondColumn = "",
    force: Force = False,
) -> None:
    """Write the model with what the mask removes set to 0, as a folder that transformers opens.

    With --texts the weights that stay make up for those that go, on these texts, as by OBS. Zeros save neither bytes
    nor time.
    """
    from rich.console import Console

    from lottery import masks
    from lottery.masks import files as mask_files
    from lottery.models import folders, opening, slices
    from lottery.suite import tickets

    require_folder(output, force)
    with Console(stderr=True).status("reading the mask") as status:
        mask, header = mask_files.load(ticket)
        status.update("opening the model")
        opening.tokenizer(model)  # refuses one that does not fit
        opened, source = opening.as_saved(model), opening.locate(model)
        read = tickets.Texts(texts, text_column, second_column) if texts else None
        lacking = tickets.bake(opened, mask, mask_files.scored(header), model, read)
        opened.to(folders.number_type(source))
        status.update("writing it")
        with files.written_folder(output.absolute()) as partial:
            with opening.quiet():
                slices.write(opened, partial)
            folders.accompany(opening.home(model), partial)
    for sentence in lacking:
        typer.echo(sentence, err=True)
    kind = "weights" if "heads" not in mask else "heads, MLPs and neurons" if "neurons" in mask else "heads and MLPs"
    total = masks.size(mask)
    typer.echo(f"{output}: {type(opened).__name__}, of whose {total:,} {kind} {masks.removed(mask):,} are 0")
    before, after = (sum(path.stat().st_size for path in place.glob("*.safetensors")) for place in (source, output))
    typer.echo(
        f"Zeros save neither bytes nor time: the weights take {after:,} bytes, before {before:,}. Smaller and faster "
        "is a model without whole heads and neurons, or one with numbers of 8 bits: `lottery shrink` makes both."
    )


def require_file(output: Path, force: bool) -> None:
    """Raise ValueError where a file is to be written and a folder lies there, or a file that may not go."""
    if output.is_dir() or (output.exists() and not force):
        raise ValueError(
            f"{output} is there: give another name{'' if output.is_dir() else ', or --force to write over it'}"
        )


def require_folder(output: Path, force: bool) -> None:
    """Raise ValueError where a folder is to be written and cannot be, or something lies there that may not go."""
    there = next(place for place in output.absolute().parents if place.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        raise ValueError(f"{output} cannot be written: {there} is no folder, or none that you may write into")
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    if not (force and (output / "config.json").is_file()):
        raise ValueError(f"{output} is there: give another name, or --force where it is a model that may go")


def _size_in_words(path: Path, mask: dict[str, Any]) -> str:
    """What a mask file takes, beside what it would by other codes, in words."""
    from lottery import masks
    from lottery.masks import coding as mask_coding
    from lottery.masks import files as mask_files

    coder, payload = mask_files.payload(path)
    total = masks.size(mask)
    return (
        f"{path.stat().st_size:,} bytes, {payload:,} of them for the mask (coder {coder}); one bit each takes "
        f"{-(-total // 8):,}, the entropy of the share kept is {mask_coding.entropy(mask) / 8:,.0f}"
    )


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if isnan(value) else f"{value:.3f}"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
