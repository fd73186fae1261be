"""What every chapter begins with: its runs are performed, and its own rows stand beside the recorded ones.

A chapter's cell of its grid begins with

    globals().update(given("experiments/world", globals()))

by which its parameters hold in whatever kernel it is executed (`lottery.suite.given`), and its next cell is

    from lottery.suite.chapter import perform, title

    chapter = perform("experiments/world", grid, results, records, workers=workers, scheduler=scheduler)

and from there `chapter.live` are the rows of this build, `chapter.miniature` and `chapter.minilm` those that stand in
book/records. `chapter.figure`, `chapter.finding` and `chapter.numbers` show what is drawn or made of each source, and
`chapter.shown(told, "minilm")` of one, or say how its runs are recorded where they are not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan, nan
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from lottery import store, tasks
from lottery.choices import choose, listed
from lottery.findings import full_models, published, repeated, seeds
from lottery.store import Experiment
from lottery.suite import cluster, columns, notebooks, plots, tables
from lottery.suite.holes import absent

PRINT, REAL, SMALL, HERE = "BERT-base, in print", "real BERT (MiniLM)", "miniature", "this build"  # in figures
SECOND_LANGUAGE = 3  # version of Miniature from which on it speaks its second language
NOTHING = "*There is nothing of this kind in these runs.*"
# Rows by where a chapter has them, as a sentence about them begins.
NAMED = {"live": "This build", "miniature": "The miniature, recorded", "minilm": "MiniLM, recorded"}


@dataclass(frozen=True)
class Chapter:
    """The rows that a chapter shows, one a run, as by `store.rows`; a table is empty where nothing is recorded.

    name               "<folder>/<name>" of the notebook
    live               of this build
    miniature, minilm  recorded under the profile of that name
    records            the folder of what is recorded; None where these rows are not from there
    """

    name: str
    live: pd.DataFrame
    miniature: pd.DataFrame
    minilm: pd.DataFrame
    records: Path | None = None

    @property
    def recorded_or_live(self) -> pd.DataFrame:
        """What is recorded of the miniature; where nothing is, the rows of this build."""
        return self.miniature if len(self.miniature) else self.live

    @property
    def sources(self) -> dict[str, pd.DataFrame]:
        """The rows to compare with a paper's numbers, {source: rows}: a real BERT's and the miniature's.

        The miniature's are those recorded, or this build's where nothing is; a source without rows is left out.
        """
        small = SMALL if len(self.miniature) else HERE
        return {name: rows for name, rows in {REAL: self.minilm, small: self.recorded_or_live}.items() if len(rows)}

    def missing(self, profile: str = "miniature") -> Markdown:
        """How the runs of a profile are recorded, for where they are not."""
        return absent(
            f"*Not recorded yet: `lottery run {self.name} --profile {profile}`, then `lottery record {profile}`.*"
        )

    def shown(
        self,
        show: Callable[..., object],
        of: str = "miniature",
        *,
        named: bool = False,
        among: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
        nothing: str = NOTHING,
    ) -> object:
        """What `show` makes of some rows: a figure, a table or a sentence, for the end of a cell.

        of       "live", "miniature", "minilm" or "recorded_or_live"
        named    whether `show` is told their source, too, as a reader calls it; not of "recorded_or_live"
        among    chooses the rows, or makes the table, that `show` is given
        nothing  what is said, in Markdown, where there is none among them, or where `show` makes an empty table
        Where nothing is recorded it is said how to.
        """
        tables = {"live": self.live, "miniature": self.miniature, "minilm": self.minilm}
        tables["recorded_or_live"] = self.recorded_or_live
        if of not in tables:
            raise ValueError(f"{self.name} has no rows {of!r}: there are {', '.join(tables)}")
        rows = tables[of]
        if rows.empty and of in ("miniature", "minilm"):
            return self.missing(of)
        rows = among(rows) if among else rows
        made = None if rows.empty else show(rows, source=NAMED[of]) if named else show(rows)
        return absent(nothing) if rows.empty or (isinstance(made, pd.DataFrame) and made.empty) else made

    def figure(
        self,
        draw: Callable[[pd.DataFrame, Mapping[str, Axes]], None],
        panels: Sequence[str] | Callable[[pd.DataFrame], Sequence[str]],
        *,
        printed: Mapping[str, pd.DataFrame] | None = None,
        among: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
        nothing: str = NOTHING,
        live: bool = True,
        **shape: object,
    ) -> Markdown | None:
        """One figure of all sources, a column each: what papers print, the real BERT and the miniature.

        draw     (rows of one source, {panel: Axes}) -> None: draws on the Axes that it is given
        panels   the names of a source's panels, from the top down, or what makes them of its rows
        printed  {source: rows} of papers, by columns.PRINT in most cases; as `among` makes them
        among    chooses the rows of a source, or makes the table, that `draw` is given
        nothing  what is said where no source has rows
        live     whether this build's points are drawn over recorded ones, as nothing but points can be
        shape    scale, size and across, as of `columns.side_by_side`
        The rows of this build, few seeds of the miniature, are hollow points over the recorded ones. Where nothing is
        recorded they stand for the miniature, and where they are of another model, or the recorded ones of an earlier
        language, in a column of their own.
        """
        tables = {REAL: self.minilm, SMALL: self.miniature, HERE: self.live}
        made = {name: among(rows) if among and len(rows) else rows for name, rows in tables.items()}
        tables = {**(printed or {}), **{name: rows for name, rows in made.items() if len(rows)}}
        here = tables.pop(HERE, None) if self._of_miniature and not self.of_first_language else None
        if here is not None and SMALL not in tables:
            tables[SMALL], here = here, None
        if not tables:
            return absent(nothing)
        names = panels if callable(panels) else lambda _: panels
        columns.side_by_side(tables, draw, names, live=here if live else None, over=SMALL, **shape)
        return None

    @cached_property
    def of_first_language(self) -> bool:
        """Whether what is recorded of the miniature is in its first language, which no build speaks any more."""
        return in_first_language(self.miniature)

    @property
    def _of_miniature(self) -> bool:
        """Whether the runs of this build are of the miniature, which alone names no model."""
        named = [name for name in self.live if name == "model" or name.endswith(".model")]
        return all(str(model).startswith("miniature") for name in named for model in self.live[name].dropna().unique())

    def full_models(self) -> Markdown | None:
        """A line on the recorded full models, their scores and training, and one on repeated runs; None for neither."""
        parts, sizes = [], read_published("glue_dev").set_index("task")["examples"]
        tables = {"MiniLM": self.minilm, "the miniature": self.miniature}
        of = {name: full_models.full_models(rows) for name, rows in tables.items() if len(rows)}
        for name, models in of.items():
            sized = sizes if name == "MiniLM" else sizes[:0]  # the miniature's tasks are its own
            ways = models.groupby(["epochs", "learning_rate", "runs"]) if len(models) else ()
            for (epochs, rate, runs), some in ways:
                scores = ", ".join(_full_score(row, sized.get(row["task"], 0)) for row in some.to_dict("records"))
                how = f"{how_many(int(runs), 'run')} of {how_long(epochs)} at a learning rate of {rate:g}"
                parts.append(f"{name}, {how}: {scores}")
        sure = ", for MiniLM with 95% intervals over runs and examples" if len(self.minilm) else ""
        begun, told = f"Scores of the recorded full models on dev (x 100){sure}", "; ".join(parts)
        lines = [f"*{begun}. {told[0].upper()}{told[1:]}.*"] if parts else []
        lines += (_near_floor(of["MiniLM"], sizes) if "MiniLM" in of else []) + self._repeated()
        return Markdown("\n\n".join(lines)) if lines else None

    def _repeated(self) -> list[str]:
        """A line on the runs of this build that are recorded, too, where there are some."""
        runs, alike, apart, most = repeated.repeated(self.live, pd.concat([self.miniature, self.minilm]))
        if not runs:
            return []
        begun = f"*Of the runs of this build, {runs} {'is' if runs == 1 else 'are'} recorded as well"
        if alike == runs:
            return [f"{begun}, and {'scores' if runs == 1 else 'score'} the same to the last bit.*"]
        away = f"{100 * apart:.1f} points"
        if runs == 1:
            told = f"; the two scores differ by {away}"
        else:
            told = f"; {alike or 'none'} of these score{'s' * (alike < 2)} the same to the last bit. "
            told += f"{'The others' if alike else 'They'} differ by {away} (root mean square; at most {100 * most:.1f})"
        why = "Results repeat bit for bit on one machine. Another processor rounds differently,"
        return [f"{begun}{told}. {why} so a small model trained there is another model.*"]

    def finding(
        self,
        made: Callable[[pd.DataFrame], pd.DataFrame],
        caption: str,
        *,
        part: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
        what: str = "",
        printed: pd.DataFrame | None = None,
        among: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
        nothing: str = NOTHING,
        live: bool = True,
    ) -> HTML | Markdown:
        """A table that says what the chapter found, with a column for each source: print, a real BERT, the miniature.

        made     the table of texts of one source, of which each cell becomes a row, but where it is the only one
        caption  states the finding
        part     what of such a table is shown; None: all
        what     the whole table holds, in words, by which it is among all `numbers`, too; "": it is not
        printed  the like of what a paper prints of BERT-base
        among    chooses the rows of a source, or makes the table, that `made` is given
        nothing  what is said where no source has rows
        live     whether this build stands for the miniature where nothing of that is recorded
        """
        of = self._tables(made, printed, among, live=live and self.miniature.empty)
        of = {name: part(table) if part else table for name, table in of.items()}
        of = {name: table for name, table in of.items() if table.size}
        if not of:
            return absent(nothing)
        if len(of) == 1:
            ((source, table),) = of.items()
            found = tables.finding(table, f"{caption} Source: {source}.")
        else:
            found = tables.finding(tables.side_by_side(of), caption)
        if not what:
            return found
        return tables.together(found, self.numbers(made, what, printed=printed, among=among, live=live))

    def numbers(
        self,
        made: Callable[[pd.DataFrame], pd.DataFrame],
        what: str,
        *,
        printed: pd.DataFrame | None = None,
        among: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
        nothing: str = NOTHING,
        live: bool = True,
    ) -> HTML | Markdown:
        """All that is made of every source, a line each beside the others', for the fold of a section's numbers.

        what  the table holds, in words
        live  whether this build's rows have lines, too; the rest as of `finding`
        """
        of = self._tables(made, printed, among, live=live)
        if not of:
            return absent(nothing)
        table = published.beside(of)
        return tables.numbers(table[tables.in_order(table.columns)], what)

    def _tables(
        self,
        made: Callable[[pd.DataFrame], pd.DataFrame],
        printed: pd.DataFrame | None,
        among: Callable[[pd.DataFrame], pd.DataFrame] | None,
        *,
        live: bool,
    ) -> dict[str, pd.DataFrame]:
        """{source: table}, in the order of columns; sources without any are left out."""
        rows = {REAL: self.minilm, SMALL: self.miniature} | ({HERE: self.live} if live else {})
        chosen = {name: among(some) if among and len(some) else some for name, some in rows.items()}
        every = {} if printed is None else {PRINT: printed}
        every |= {name: made(some) for name, some in chosen.items() if len(some)}
        return {name: table for name, table in every.items() if len(table)}


def _near_floor(models: pd.DataFrame, examples: pd.Series) -> list[str]:
    """A line on MiniLM's tasks of which its full model knows too little for a cut to say anything; [] for none."""
    near = full_models.near_floor(models, examples)
    if not near:
        return []
    return [
        f"*MiniLM's full model is not clearly above the majority-class baseline on "
        f"{listed([*map(title, near)], 'and')}. What this page shows of it there says nothing about pruning.*"
    ]


def _full_score(row: Mapping[str, object], examples: int) -> str:
    """A task and its score, with its interval and that of the majority-class baseline where there are.

    examples  of the task's dev set; 0: not known
    """
    floor = "" if isnan(row["majority"]) or not row["majority"] else f" (majority class {100 * row['majority']:.1f})"
    ways = "" if row["ways"] == 1 else f", one of {row['ways']} trainings"
    low, high = full_models.interval(row, examples) if examples else (nan, nan)
    span = "" if isnan(low) else f" [{100 * low:.1f}, {100 * high:.1f}]"
    part = f", trained on {row['part']:,} examples" if row["part"] else ""
    return f"{title(row['task'])} {100 * row['score']:.1f}{span}{floor}{part}{ways}"


def perform(name: str, grid: list[Experiment], results: str, records: str, *, workers: int, scheduler: str) -> Chapter:
    """The chapter of that name, once its grid is performed, as by `cluster.map`; figures take the book's look."""
    plots.house_style()
    cluster.map(grid, results, workers=workers, scheduler=scheduler, records=records)
    miniature, minilm = (recorded(records, profile, Path(name).name) for profile in ("miniature", "minilm"))
    return Chapter(name, store.rows(grid, Path(results)), miniature, minilm, Path(records))


def recorded(records: str, profile: str, chapter: str) -> pd.DataFrame:
    """What is recorded of a chapter, named by its last part, under a profile; empty where nothing is."""
    return store.recorded(Path(records) / profile / f"{chapter}.parquet")


def in_first_language(rows: pd.DataFrame) -> bool:
    """Whether some of the runs are of the miniature as it was before its language was changed."""
    return any(version < SECOND_LANGUAGE for version in seeds.versions(rows))


def read_published(name: str) -> pd.DataFrame:
    """What a paper prints: book/published/<name>.csv of the checkout."""
    return pd.read_csv(notebooks.checkout() / "book" / "published" / f"{name}.csv")


def all_published() -> dict[str, pd.DataFrame]:
    """All of them: {name: table}."""
    files = sorted((notebooks.checkout() / "book" / "published").glob("*.csv"))
    return {file.stem: read_published(file.stem) for file in files}


def title(name: str, kind: str = "tasks") -> str:
    """The name by which a reader knows a task, or a file of another such folder, as "mask_learning"."""
    return tasks.title(name) if kind == "tasks" else choose(kind, name).TITLE


def tasks_of(rows: pd.DataFrame, column: str = "task") -> list[str]:
    """The tasks of some rows, as a reader knows them: the panels of a figure that has one a task."""
    return [*rows[column].map(title).unique()]


def tasks_among(shown: Sequence[str], column: str = "task") -> Callable[[pd.DataFrame], list[str]]:
    """What makes panels of some rows: those of their tasks, as of `tasks_of`, that are shown, in the order of these."""

    def panels(rows: pd.DataFrame) -> list[str]:
        there = tasks_of(rows, column)
        return [task for task in shown if task in there]

    return panels


def each_task(
    draw: Callable[[pd.DataFrame, Axes], None], column: str = "task"
) -> Callable[[pd.DataFrame, Mapping[str, Axes]], None]:
    """From a way to draw the rows of one task one to draw all, as `Chapter.figure` asks for it: a panel a task."""

    def drawn(rows: pd.DataFrame, axes: Mapping[str, Axes]) -> None:
        for task, some in rows.groupby(column, sort=False):
            if (ax := axes.get(title(task))) is not None:
                draw(some, ax)

    return drawn


def model_title(model: str) -> str:
    """The name by which a reader knows a model: the folder's or the hub's, but for those that this book is about."""
    return {"miniature": "the miniature", "minilm": "MiniLM", "miniature-roberta": "the miniature RoBERTa"}.get(
        model, model
    )


def how_many(number: int, unit: str) -> str:
    """A number of things: "1 seed", "3 seeds", "1,200 runs"."""
    return f"{number:,} {unit}" + ("" if number == 1 else "s")


def how_long(epochs: float) -> str:
    """A number of epochs: "a quarter of an epoch", "0.3 of an epoch", "1 epoch", "3 epochs"."""
    parts = {0.25: "a quarter of an epoch", 0.5: "half an epoch", 0.75: "three quarters of an epoch"}
    if 0 < epochs < 1:
        return parts.get(epochs, f"{epochs:g} of an epoch")
    return f"{epochs:g} epoch" + ("" if epochs == 1 else "s")


def remain(sparsity: float) -> str:
    """A sparsity in words, by what is left: "10% remain" for 0.9."""
    return f"{1 - sparsity:.0%} remain"


def by_remaining(
    lines: Mapping[object, Mapping[float, str]], named: Sequence[str | None] = (), *, gap: str = ""
) -> pd.DataFrame:
    """Texts by sparsity as a table: a row a name, a column a share of weights that remains, from the most down.

    lines  {name: {sparsity: text}}; of none the table is empty
    named  what the names are, where they are tuples; gap, what stands where a line has none
    """
    table = pd.DataFrame.from_dict({name: dict(line) for name, line in lines.items()}, orient="index")
    table = table.sort_index(axis=1).fillna(gap).rename(columns=remain)
    return table.rename_axis([*named]) if lines and named else table


def between(values: ArrayLike, form: str) -> str:
    """The lowest and the highest of some numbers, "0.2 to 0.4"; one number where both are written alike."""
    low, high = (f"{value:{form}}" for value in (np.min(values), np.max(values)))
    return low if low == high else f"{low} to {high}"


def with_range(values: ArrayLike, form: str) -> str:
    """The mean of some numbers and, in brackets, their range, "0.3 (0.2 to 0.4)", where there is one."""
    mean, span = f"{np.mean(values):{form}}", between(values, form)
    return mean if "to" not in span else f"{mean} ({span})"


def points(score: float, deviation: float = nan) -> str:
    """A score in [0, 1] in points, as "82.0", and with its deviation over seeds, where there is one, as "82.0 (0.27)".

    A NaN among printed scores is a training that did not converge.
    """
    if isnan(score):
        return "did not converge"
    return f"{100 * score:.1f}" + ("" if isnan(deviation) else f" ({100 * deviation:.2f})")


def mean_and_sd(mean: float, deviation: float) -> str:
    """A mean over seeds and its standard deviation, fractions, in points: "51.1 ± 0.7"; a NaN is left out."""
    return "" if isnan(mean) else f"{100 * mean:.1f}" + ("" if isnan(deviation) else f" ± {100 * deviation:.1f}")
