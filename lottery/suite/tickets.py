"""Tickets as files: made of a model or taken from a run, shown layer by layer, and baked into a model."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from transformers import PreTrainedConfig, PreTrainedModel

from lottery import files, masks, pruning, store
from lottery import importance as scoring
from lottery.data import examples, own_file
from lottery.experiments import starts
from lottery.importance import Moments
from lottery.masks import Mask
from lottery.masks import files as mask_files
from lottery.models import families, opening
from lottery.pruning import Scope, Weights, at_once, components, inputs
from lottery.suite import plots

MASK = "mask.safetensors"  # what a run that finds a mask calls it
READ = 256  # texts
LONGEST = 128  # tokens of a text that are read
NOWHERE = "-"  # the layer of what is in none


@dataclass(frozen=True)
class Texts:
    """Texts of a user's file that a model reads: at most READ of them, drawn once for all.

    column, second  of the text, and of another one that is read with it, or ""
    """

    file: Path
    column: str
    second: str = ""

    def moments(self, source: str, model: PreTrainedModel, names: Iterable[str]) -> Moments:
        """What the matrices named multiply, as of `inputs.moments`, by the tokenizer of `source`.

        Raises FileNotFoundError or ValueError as `own_file.texts`.
        """
        columns = {"first": self.column} | ({"second": self.second} if self.second else {})
        table = own_file.texts(self.file, columns)
        longest = min(LONGEST, families.positions(model.config))
        given = examples.encode(
            starts.some(table, min(READ, len(table))).assign(label=0), opening.tokenizer(source), longest
        )
        return inputs.moments(model, given, names)


def of_model(
    source: str,
    *,
    importance: str,
    scope: Scope,
    sparsity: float,
    embeddings: bool,
    pooler: bool,
    seed: int,
    texts: Texts | None = None,
) -> tuple[Mask, mask_files.Scored]:
    """What is kept of a model when a share of its weights is removed at once, and what tells its weights from others.

    source      as for `opening.encoder_weights`
    importance  a name in lottery/importance; `seed` is that of a random one
    sparsity    share of the weights to remove, in [0, 1)
    texts       that a score reads which sees data
    """
    # Before a model is fetched.
    scoring.check(importance, texts=bool(texts), embeddings=embeddings, given_by="--texts FILE")
    weights = opening.encoder_weights(source, embeddings=embeddings, pooler=pooler)
    moments = texts.moments(source, opening.encoder(source), weights) if texts else None
    mask = at_once.chosen(weights, sparsity, importance=importance, scope=scope, seed=seed, moments=moments)
    return mask, mask_files.Scored(weights=masks.digest(weights, mask), trained=False)


def is_run(folder: Path) -> bool:
    """Whether there lies a run, finished or not, rather than a model."""
    return (folder / store.PARAMETERS).is_file()


def of_run(folder: Path) -> tuple[Mask, dict[str, str]]:
    """The mask that a finished run has found, and the header of its file. Raises ValueError where there is none."""
    record = files.read_json(folder / store.RECORD)
    if not record:
        raise ValueError(f"the run in {folder} is not finished: run it first")
    if MASK not in record.get("files", {}):
        raise ValueError(f"the run in {folder} has left no {MASK}: give a run that finds a mask, such as a search")
    if files.digest(folder / MASK) != record["files"][MASK]:
        raise ValueError(f"{folder / MASK} is not as the run has written it: perform the run again")
    return mask_files.load(folder / MASK)


def of_components(ticket: Path, config: PreTrainedConfig) -> Path:
    """The file of a mask of heads, MLPs and neurons of such a model: the one given, or that of a finished run.

    Raises ValueError where it is none, or one of another model.
    """
    file = ticket / MASK if is_run(ticket) else ticket
    mask, _ = of_run(ticket) if is_run(ticket) else mask_files.load(ticket)
    parts, _ = masks.parted(mask)
    if not parts:
        raise ValueError(
            f"{ticket} is a mask of single weights, whose zeros save neither bytes nor time: give one of heads, MLPs "
            "or neurons, as a search of components finds it"
        )
    components.check(parts, config)
    return file


def by_layer(mask: Mask) -> pd.DataFrame:
    """What a mask does to every layer, one row each, counted from 0.

    returns  of weights, the share that every matrix loses, in [0, 1]: a column a kind of matrix; a last row "-" tells
             of a pooler and word embeddings, where the mask covers them, and NaN stands where there is no such matrix
             of components, `heads`, how many stay, `of` how many, and `mlp`, whether it stays; of a mask of neurons
             `neurons`, how many stay, and `of_neurons`
    """
    parts, weights = masks.parted(mask)
    if parts:
        parts = components.nested(parts)
        heads, mlps = parts[masks.HEADS], parts[masks.MLPS]
        columns = {"heads": heads.sum(1), "of": heads.shape[1], "mlp": mlps}
        if masks.NEURONS in parts:
            neurons = parts[masks.NEURONS]
            columns |= {"neurons": neurons.sum(1), "of_neurons": neurons.shape[1]}
        return pd.DataFrame(columns).rename_axis("layer")
    rows: dict[int | str, dict[str, float]] = {}
    for name, kept in weights.items():
        kind, layer = families.kind_and_layer(name)
        rows.setdefault(NOWHERE if layer is None else layer, {})[kind] = masks.sparsity({name: kept})
    layers = sorted(rows, key=lambda layer: math.inf if layer == NOWHERE else layer)
    table = pd.DataFrame.from_dict({layer: rows[layer] for layer in layers}, orient="index").rename_axis("layer")
    return table[families.in_order(table)]


def heatmap(mask: Mask) -> plots.Axes:
    """The table of `by_layer` as a heatmap, the layers from top to bottom; pooler and word embeddings are left out."""
    table = by_layer(mask)
    parts, _ = masks.parted(mask)
    if parts:
        mlps = table["neurons"] / table["of_neurons"] if "neurons" in table else table["mlp"]
        (ax,) = plots.panels(1, size=(7.0, 0.3 * len(table) + 1.6))
        plots.components(
            parts[masks.HEADS].numpy().astype(float), mlps.to_numpy(dtype=float)[:, None], "{:.0%} kept", ax=ax
        )
        plots.legend_below([ax], columns=5)
        return ax
    layers = table.drop(index=NOWHERE, errors="ignore").dropna(axis="columns", how="all")
    (ax,) = plots.panels(1, size=(7.0, 0.45 * len(layers) + 1.2))
    plots.cells(layers.to_numpy(), np.full(layers.shape, np.nan), ax=ax)
    ax.set(ylabel="layer", title="share of the weights removed")
    ax.set_xticks(range(layers.shape[1]), layers.columns, rotation=20)
    return ax


def bake(
    model: PreTrainedModel,
    mask: Mask,
    scored: mask_files.Scored | None = None,
    name: str = "the model",
    texts: Texts | None = None,
) -> list[str]:
    """Set what the mask removes of a model to 0, in place; sentences on what it lacks of the one that was scored.

    scored  the model that the mask was scored on, where that is known; `name` is that of the one given, as for `locate`
    texts   that the model reads first, so that the weights that stay make up for those that go, as by `obs.update`
    Removed heads, MLPs and neurons go with their biases, which a mask of weights leaves alone. Raises ValueError for
    the mask of another model, and where it was trained together with weights that the model does not have.
    """
    parts, weights = masks.parted(mask)
    embeddings, pooler = (name in weights for name in (families.words(model.config), f"{families.POOLER}.weight"))
    own = families.prunable(model, embeddings=embeddings, pooler=pooler)
    if parts:
        components.check(parts, model.config)
    else:
        pruning.check(own, weights)
        if missing := sorted(own.keys() - weights.keys()):
            raise ValueError(f"the mask is of another model: it does not tell of {missing[0]!r}, which this model has")
    if parts and texts:
        raise ValueError("the mask is one of heads and MLPs: --texts is for one of weights, so leave it out")
    lacking = _lacking(scored, own, weights, families.head_parameters(model), name) if scored else []
    if parts:
        components.remove(model, parts)  # a search finds the one or the other
        return lacking
    if texts:
        at_once.remove(own, weights, importance="obs", moments=texts.moments(name, model, weights))
    else:
        pruning.remove(own, weights)
    return lacking


def _lacking(scored: mask_files.Scored, own: Weights, weights: Mask, head: Weights, name: str) -> list[str]:
    if masks.digest(own, weights) != scored.weights:
        if scored.trained:
            raise ValueError(
                f"this mask was trained together with the weights it keeps, and {name} has others: give the model that "
                "its run has kept, RUN/model (a run keeps it with saved = True)"
            )
        return [
            f"The weights of {name} are others than those that this mask was found on: what is left of them need not "
            "score as it did there."
        ]
    if scored.head_weights and masks.digest(head, {}) != scored.head_weights:
        return [
            f"The mask was scored under a head for {scored.task} that was trained with it, and {name} has another one, "
            "or none: give the model that its run has kept, RUN/model (with saved = True), or train a head."
        ]
    return []
