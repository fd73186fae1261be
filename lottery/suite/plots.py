"""Figures: each takes a table and Axes or makes its own, draws, and returns the Axes; none shows."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import Locator
from numpy.typing import ArrayLike

from lottery import files
from lottery.suite.escaped import in_figure
from lottery.suite.palette import COLOURS, look
from lottery.tasks import Task

FORMATS = (".svg", ".png", ".pdf")
APART = 1.9  # times a tick of a logarithmic axis is the one before, at least, for names that can be read
LETTER = 0.04  # of an axis that a letter of such a name takes, in the narrowest panels


def house_style() -> None:
    """Set matplotlib and pandas to the book's look for the rest of the process; no sign in a table begins a formula."""
    pd.set_option("display.html.use_mathjax", False)
    pd.set_option("display.max_rows", None)  # pandas would leave out the middle of what is longer than 60 rows
    mpl.rcParams.update(
        {
            "axes.prop_cycle": mpl.cycler(color=COLOURS),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "figure.dpi": 144,
            "axes.facecolor": "none",  # the ground is the page's, light or dark
            "figure.facecolor": "none",
            "figure.figsize": (7.0, 3.8),
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "legend.frameon": False,
            "lines.markersize": 4.5,
        }
    )


def require_format(path: Path) -> None:
    """Raise ValueError where no figure can be saved under that name."""
    if path.suffix not in FORMATS:
        raise ValueError(f"a figure is a file ending in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}: {path} is not")


def save(ax: Axes, path: Path) -> None:
    """Save the figure that `ax` is a part of, in the format that the name ends in."""
    require_format(path)
    with files.written(path) as partial:
        ax.figure.savefig(partial, format=path.suffix[1:], facecolor="white")


def panels(
    count: int,
    *,
    columns: int = 2,
    size: tuple[float, float] = (3.8, 3.6),
    below: float = 0.0,
    **share: bool | str | Sequence[float],
) -> list[Axes]:
    """So many Axes of one figure, row by row and at most `columns` beside each other.

    size   width and height of each, in inches
    below  inches more at the foot, as for `legend_below`
    share  sharex, sharey, width_ratios and height_ratios, as of plt.subplots
    """
    columns = min(columns, count)
    lines = -(-count // columns)
    width, height = size
    _, axes = plt.subplots(lines, columns, figsize=(width * columns, height * lines + below), squeeze=False, **share)
    for ax in axes.flat[count:]:
        ax.set_axis_off()
    return list(axes.flat[:count])


def legend_below(axes: Sequence[Axes], *, columns: int = 4, **legend: object) -> None:
    """One legend for all panels, at the foot of their figure: the lines of the first."""
    handles, names = axes[0].get_legend_handles_labels()
    axes[0].figure.legend(handles, names, loc="outside lower center", ncols=columns, fontsize=8, **legend)


def spread(
    x: ArrayLike, values: ArrayLike, name: object, *, ax: Axes | None = None, label: object = None, **line: object
) -> Axes:
    """The mean of the values at each x, with a bar from the lowest to the highest, as over seeds.

    x, values  (n,) numbers, one a run; at an x where all values are NaN nothing is drawn
    name       by which it has its colour and its marker
    label      in the legend, where it is another; "" for none
    line       linestyle, fillstyle and the like, as of plt.errorbar
    With three seeds a standard deviation says less than the bar.
    """
    ax = ax or plt.gca()
    means = pd.Series(np.asarray(values, dtype=float)).groupby(np.asarray(x)).agg(["mean", "min", "max"]).dropna()
    reach = np.abs(means[["min", "max"]].sub(means["mean"], axis=0)).to_numpy().T
    label = name if label is None else label
    ax.errorbar(means.index, means["mean"], reach, label=label, capsize=2, elinewidth=0.8, **look(name) | line)
    return ax


def against_sparsity(
    table: pd.DataFrame, value: str, *, by: str, sparsity: str = "sparsity", scale: float = 1.0, ax: Axes | None = None
) -> Axes:
    """Mean of `value` against the share of weights removed, in %, one line for each `by`, as by `spread`.

    table     one row a run, columns `value`, `by` and `sparsity`, a fraction
    scale     what the value is multiplied by, 100 for a fraction shown in %
    """
    ax = ax or plt.gca()
    for name, rows in table.groupby(by, sort=False):
        spread(100 * rows[sparsity], scale * rows[value], name, ax=ax)
    ax.set_xlabel("weights removed (%)")
    return ax


def chance(ax: Axes, level: float, name: str = "chance") -> Axes:
    """A dashed line at the value an answer without knowledge reaches, named at its left end, where curves are high."""
    ax.axhline(level, color="grey", linestyle="--", linewidth=1)
    ax.annotate(
        name, (0, level), xycoords=("axes fraction", "data"), xytext=(3, 3), textcoords="offset points",
        ha="left", color="grey", fontsize=8,
    )  # fmt: skip
    return ax


def metric(name: str) -> str:
    """What a task's METRIC is called, on an axis and in a sentence."""
    called = {
        "matthews": "Matthews correlation",
        "pearson_spearman": "mean correlation",
        "f1": "F1",
        "entity_f1": "F1 of entities",
        "cosine": "cosine with the full model's vector",
        "spearman": "rank correlation with the full model's cosines",
    }
    return called.get(name, name.replace("_", " "))


def of_task(ax: Axes, task: Task, *, full: float, majority: float, name: str = "full fine-tuning") -> Axes:
    """Make it the panel of a task's scores, in points: its title and metric, and lines at two scores to compare with.

    full      score of the full model, a fraction, which `name` names in the legend
    majority  of the majority-class baseline
    """
    ax.axhline(100 * full, color="black", linestyle="--", label=name)
    chance(ax, 100 * majority, "majority-class baseline")
    ax.set(ylabel=f"{metric(task.METRIC)} (x 100)")
    ax.set_title(in_figure(task.TITLE), fontsize=10)
    return ax


def remaining(ax: Axes, sparsities: Iterable[float]) -> Axes:
    """Make x the share of weights that remains, in per cent and logarithmic.

    More is removed to the right, as where x is the share removed. Ticks stand at those of the sparsities and powers of
    ten that are in view; of two whose names would cover each other at the smaller.
    """
    ax.set(xscale="log", xlabel="remaining weights (%)")
    ax.xaxis.set_inverted(True)
    wanted = {float(f"{100 * (1 - sparsity):.3g}") for sparsity in sparsities if sparsity < 1}
    return ticks_at(ax, wanted | {0.01, 0.1, 1.0})


def ticks_at(ax: Axes, values: Iterable[float]) -> Axes:
    """Name of a logarithmic x those values alone that are in view; of two whose names would meet the smaller."""
    ax.xaxis.set_major_locator(_Values(sorted({*values})))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.minorticks_off()
    return ax


class _Values(Locator):
    """Those of some values, in ascending order, whose names have room on the axis as it is drawn in the end."""

    def __init__(self, values: Sequence[float]):
        self.values = values

    def __call__(self) -> np.ndarray:
        return self.tick_values(*self.axis.get_view_interval())

    def tick_values(self, vmin: float, vmax: float) -> np.ndarray:
        low, high = sorted((vmin, vmax))
        ticks: list[float] = []
        for value in self.values:
            letters = sum(len(f"{each:g}") for each in (*ticks[-1:], value)) / 2
            wide = (high / low) ** (LETTER * letters)
            if low <= value <= high and (not ticks or value >= max(APART, wide) * ticks[-1]):
                ticks.append(value)
        return np.array(ticks)


def cells(means: np.ndarray, spread: np.ndarray, *, most: float = 1.0, ax: Axes | None = None) -> Axes:
    """A heatmap of numbers from 0 to `most`, as of heads by layer: the stronger, the more.

    means, spread  (rows, columns), the first row on top; with at most ten columns both stand in each cell, without a
                   spread that is NaN, as that of a single seed
    """
    ax = ax or plt.gca()
    ax.imshow(means, cmap="OrRd", vmin=0, vmax=most, aspect="auto")
    for (row, column), mean in np.ndenumerate(means if means.shape[1] <= 10 else means[:0]):
        around = "" if np.isnan(spread[row, column]) else f"\n±{spread[row, column]:.2f}"
        colour = "white" if mean > 0.6 * most else "black"
        ax.text(column, row, f"{mean:.2f}{around}", ha="center", va="center", fontsize=8, color=colour)
    ax.set_xticks(range(means.shape[1]))
    ax.set_yticks(range(means.shape[0]))
    ax.grid(visible=False)
    return ax


def components(heads: np.ndarray, mlps: np.ndarray, named: str, *, ax: Axes | None = None) -> Axes:
    """A map of heads by layer, the MLPs beside them: the share of something that each has, the more, the darker.

    heads, mlps  (layers, heads) and (layers, 1), from 0 to 1; layers and heads are counted from 1
    named        of a share in the legend, as "{:.0%} of seeds"
    """
    ax = ax or plt.gca()
    image = ax.imshow(
        np.hstack([heads, np.full((len(heads), 1), np.nan), mlps]), cmap="OrRd", vmin=0, vmax=1, aspect="auto"
    )
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        ax.plot([], [], "s", color=image.cmap(share), label=named.format(share), markersize=7)
    layers, across = heads.shape
    numbers = range(0, across, -(-across // 6))
    ax.set_xticks([*numbers, across + 1], [*(f"{head + 1}" for head in numbers), "MLP"])
    ax.set_yticks(range(0, layers, -(-layers // 6)), [f"{layer + 1}" for layer in range(0, layers, -(-layers // 6))])
    ax.set(xlabel="head", ylabel="layer")
    ax.grid(visible=False)
    return ax


def overlap(pairs: pd.DataFrame, sizes: Mapping[str, float], *, ax: Axes | None = None) -> Axes:
    """Items that two masks share beside those that chance would, lower triangle: red for more, blue for fewer.

    pairs  columns one, other, shared, expected; `one` stands before `other` in `sizes`
    sizes  {mask: items it keeps}, in the order of the rows, which stand on the diagonal
    """
    ax = ax or plt.gca()
    names = list(sizes)
    places = {name: place for place, name in enumerate(names)}
    more = np.full((len(names), len(names)), np.nan)
    for pair in pairs.to_dict("records"):
        more[places[pair["other"]], places[pair["one"]]] = pair["shared"] - pair["expected"]
    reach = max(1.0, np.nanmax(np.abs(more), initial=0))
    ax.imshow(more, cmap="RdBu_r", vmin=-reach, vmax=reach, aspect="auto")
    for name, place in places.items():
        ax.text(place, place, _count(sizes[name]), ha="center", va="center", fontsize=8)
    for pair in pairs.to_dict("records"):
        row, column = places[pair["other"]], places[pair["one"]]
        text = f"{_count(pair['shared'])}\n({pair['expected']:,.1f})"
        colour = "white" if abs(more[row, column]) > 0.6 * reach else "black"
        ax.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
    shown = [in_figure(name) for name in names]
    ax.set_xticks(range(len(names)), shown, rotation=45, ha="right")
    ax.set_yticks(range(len(names)), shown)
    ax.grid(visible=False)
    return ax


def _count(number: float) -> str:
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.1f}"


def differences(
    table: pd.DataFrame,
    *,
    name: str,
    mean: str,
    low: str,
    high: str,
    order: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """A dot and its interval for each row, names down the side, zero marked: a forest plot.

    order  of all the names that have a place down the side; without it those of the table, in its order
    """
    ax = ax or plt.gca()
    names = list(order) or list(table[name])
    places = [len(names) - 1 - names.index(each) for each in table[name]]
    spread = np.abs(table[[low, high]].sub(table[mean], axis=0)).to_numpy(dtype=float).T
    ax.errorbar(table[mean], places, xerr=spread, fmt="o", capsize=2, color=COLOURS[0])
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_yticks(range(len(names)), names[::-1])
    return ax
