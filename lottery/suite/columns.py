"""A figure of several sources: a column each, side by side on a wide page and one below the other on a phone.

What a paper prints, a real BERT and the miniature are evidence of three kinds. They share a figure and a scale, never a
panel. The figure is drawn once, in columns of one width over a strip of legends, and says in its id where they end; a
narrow page shows the same drawing, cut there and piled up, as `stacked` makes it. So it is one picture with one number,
one caption and one text that stands for it, in a notebook, in the book and on paper, and nothing has to be drawn twice.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

TITLE = 0.32  # inches, of a source's name above its column
LINE = 0.19  # inches, of a legend
LETTER = 0.07  # inches, about, of a legend's letters
SPACE = "space"  # the label of Axes that only keep the place of a panel which a source lacks
THIS_BUILD = "this build"
HOLLOW = {"marker": "o", "fillstyle": "none", "linestyle": "none", "color": "#8C8C8C"}
PLACES = re.compile(r'<g id="columns-([\d.]+)-([\d.]+)-([\d.-]+)">')
ROOT = re.compile(r'<svg [^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>')


@dataclass(frozen=True)
class Columns:
    """A figure in columns of one width, which have a line of `grid` each, above a line of strips for its legend.

    axes  {source: {panel: Axes}}
    """

    figure: Figure
    grid: GridSpec
    axes: dict[str, dict[str, Axes]]


def columns(panels: Mapping[str, Sequence[str]], *, size: tuple[float, float] = (3.2, 2.5), across: int = 3) -> Columns:
    """A figure with a column or more for each source, below the source's name, to be drawn on and then `finished`.

    panels   {source: names of its panels}, from the top down, those first that more of the sources have; where a source
             has room for more columns, row by row
    size     width and height of a panel, in inches
    across   columns in all, at most, but one for each source in any case
    """
    panels, shares = _in_line(panels), _shares({source: len(names) for source, names in panels.items()}, across)
    parts = {
        source: [names[column :: shares[source]] for column in range(shares[source])]
        for source, names in panels.items()
    }
    rows = max(len(names) for some in parts.values() for names in some)
    count = sum(map(len, parts.values()))
    width, height = size[0], rows * size[1] + TITLE
    figure = plt.figure(figsize=(count * width, height))
    figure.get_layout_engine().set(wspace=0, hspace=0)
    tall = [TITLE + size[1] * len(names) for some in parts.values() for names in some]
    figure.set_gid(f"columns-{72 * width:g}-{72 * height:g}-" + "-".join(f"{72 * each:g}" for each in tall))
    # What is shown in a notebook is cut to what is drawn: this frame, which nobody sees, keeps the places of columns.
    figure.add_artist(Rectangle((0, 0), 1, 1, fill=False, linewidth=0))
    grid = figure.add_gridspec(2, count, height_ratios=[height, 1e-6])
    made: dict[str, dict[str, Axes]] = {source: {} for source in panels}
    places = [(source, number, names) for source, some in parts.items() for number, names in enumerate(some)]
    for column, (source, number, names) in enumerate(places):
        top = figure.add_subfigure(grid[0, column])
        top.suptitle(" " if number else source, fontsize=10.5, fontweight="bold")
        axes = top.subplots(rows, 1, squeeze=False)[:, 0]
        made[source] |= dict(zip(names, axes, strict=False))  # of a short column the last Axes are to spare
        for ax in axes[len(names) :]:
            ax.set_label(SPACE)
    return Columns(figure, grid, made)


def _in_line(panels: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The names in one order for all sources, so that panels of one name stand beside each other."""
    every = [name for names in panels.values() for name in dict.fromkeys(names)]
    order = sorted(dict.fromkeys(every), key=lambda name: -every.count(name))
    return {source: [name for name in order if name in names] for source, names in panels.items()}


def _shares(counts: Mapping[str, int], across: int) -> dict[str, int]:
    """How many columns each source has: one, and more where all of the figure is lower by it."""
    shares = dict.fromkeys(counts, 1)
    while sum(shares.values()) < across:
        rows = {source: -(-counts[source] // shares[source]) for source in counts}
        longest = max(rows, key=rows.get)
        if rows[longest] == 1 or list(rows.values()).count(rows[longest]) > 1:
            break
        shares[longest] += 1
    return shares


def finished(made: Columns, *, scale: str = "xy") -> None:
    """Give panels of one name one scale, and the figure its legend, once all is drawn.

    scale  the axes that panels of one name share: "xy", "x", "y" or ""
    """
    panels = made.axes.values()
    axes = [ax for some in panels for ax in some.values()]
    names = dict.fromkeys(name for some in panels for name in some)
    for name in names:
        alike = [some[name] for some in panels if name in some]
        for which in scale:
            limits = [getattr(ax, f"get_{which}bound")() for ax in alike]
            for ax in alike:
                getattr(ax, f"set_{which}bound")(min(low for low, _ in limits), max(high for _, high in limits))
    for ax in (ax for ax in made.figure.axes if ax.get_label() == SPACE):
        _cleared(ax, like=axes[0])
    entries: dict[str, object] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if any(line.get_gid() == THIS_BUILD for ax in axes for line in ax.lines):
        entries[THIS_BUILD] = Line2D([], [], **HOLLOW)
    if entries:
        _legend(made, entries)


def hollow(ax: Axes) -> None:
    """Leave of what stands on the Axes the points alone, hollow and nameless: few runs, among those to be drawn yet."""
    points = [container[0] for container in ax.containers if isinstance(container, ErrorbarContainer)]
    points += [line for line in ax.lines if line.get_marker() not in (None, "None", "", " ", "_", "|")]
    for artist in [*ax.lines, *ax.collections, *ax.texts, *ax.patches, *ax.images]:
        if artist not in points:
            artist.remove()
    ax.containers.clear()
    for line in points:
        line.set(fillstyle="none", linestyle="none", markersize=7, label="_", gid=THIS_BUILD, zorder=3)
    ax.set_autoscale_on(True)  # whatever limits were set: more is to be drawn


def side_by_side(
    tables: Mapping[str, object],
    draw: Callable[[object, Mapping[str, Axes]], None],
    panels: Callable[[object], Sequence[str]],
    *,
    live: object = None,
    over: str = "",
    scale: str = "xy",
    **shape: object,
) -> Columns:
    """The figure of several sources, each drawn by one function on panels of its own.

    tables  {source: what `draw` is given of it}, from left to right
    draw    (table, {panel: Axes}) -> None
    panels  (table) -> the names of its panels
    live    a table of this build, if any, whose points stand hollow in those panels of the source `over` that it has
    shape   size and across, as of `columns`
    """
    made = columns({source: panels(table) for source, table in tables.items()}, **shape)
    if live is not None:
        own = {name: made.axes[over][name] for name in panels(live) if name in made.axes[over]}
        draw(live, own)
        for ax in own.values():
            hollow(ax)
    for source, table in tables.items():
        draw(table, made.axes[source])
    finished(made, scale=scale)
    return made


def _cleared(ax: Axes, *, like: Axes) -> None:
    """Take up the room that other Axes with their labels do, so that panels beside each other stay so; show nothing."""
    for text, words in ((ax.title, like.title), (ax.xaxis.label, like.xaxis.label), (ax.yaxis.label, like.yaxis.label)):
        text.set(text=words.get_text() and "-", fontsize=words.get_fontsize(), alpha=0)
    ax.set(xlim=like.get_xlim(), ylim=like.get_ylim(), frame_on=False)
    ax.tick_params(colors="none")
    ax.grid(visible=False)


def _legend(made: Columns, entries: Mapping[str, object]) -> None:
    """The legend at the foot, its entries spread over the columns, so that it can be cut where they are."""
    count = made.grid.ncols
    wide, height = made.figure.get_size_inches()
    within = max(1, int(wide / count / (0.5 + LETTER * max(map(len, entries)))))
    lines = -(-len(entries) // (within * count))
    strip = LINE * lines + 0.06
    made.figure.set_size_inches(wide, height + strip)
    made.grid.set_height_ratios([height, strip])
    labels, each = list(entries), lines * within
    for number in range(count):
        own = labels[number * each : (number + 1) * each]
        if own:
            part = made.figure.add_subfigure(made.grid[1, number])
            part.legend([entries[name] for name in own], own, loc="center", ncols=within, fontsize=8)


def stacked(svg: str) -> str | None:
    """The columns of such a figure one below the other, and its legend at the foot; None for any other picture."""
    if not (found := _columns(svg)):
        return None
    cuts, foot = found
    return _piled(svg, [*cuts, *foot])


def column(svg: str, number: int) -> str | None:
    """A column of such a figure, from 1, without its legend; None for any other picture and where it has fewer."""
    found = _columns(svg)
    cuts = found[0][number - 1 : number] if found else []
    return _piled(svg, cuts) if cuts else None


Cut = tuple[float, float, float, float]  # left, top, width and height of a part of a figure


def _columns(svg: str) -> tuple[list[Cut], list[Cut]] | None:
    """The columns of a figure that was made of such, and the parts of its legend."""
    places, root = PLACES.search(svg), ROOT.search(svg)
    tall = [float(height) for height in places[3].split("-")] if places and root else []
    if len(tall) < 2:
        return None
    width, height = float(places[1]), float(places[2])
    margin = (float(root[1]) - len(tall) * width) / 2
    foot = float(root[2]) - height - 2 * margin
    lefts = [margin + width * number for number in range(len(tall))]
    cuts = [(left, margin, width, each) for left, each in zip(lefts, tall, strict=True)]
    return cuts, [(left, margin + height, width, foot) for left in lefts] if foot > 1 else []


def _piled(svg: str, cuts: Sequence[Cut]) -> str:
    """These parts of a figure, one below the other."""
    root = ROOT.search(svg)
    parts, y, width = [], 0.0, cuts[0][2]
    for left, top, wide, each in cuts:
        view = f'y="{y:g}" width="{wide:g}" height="{each:g}" viewBox="{left:g} {top:g} {wide:g} {each:g}"'
        parts.append(f'<svg {view}><use xlink:href="#whole"/></svg>')
        y += each
    size = f'width="{width:g}pt" height="{y:g}pt" viewBox="0 0 {width:g} {y:g}"'
    begin = re.sub(r'(?:width|height|viewBox)="[^"]*" ?', "", root[0]).replace("<svg ", f"<svg {size} ")
    whole = svg[root.end() : svg.rindex("</svg>")]
    return f'{svg[: root.start()]}{begin}<defs><g id="whole">{whole}</g></defs>{"".join(parts)}</svg>\n'
