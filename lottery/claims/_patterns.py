"""Shares of attention patterns among heads: super-survivors beside the others, and normed maps beside raw ones.

For claims of Prasanna et al. 2020 (arXiv:2005.00561), from their printed shares and from recorded runs.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.choices import choose
from lottery.claims import Evidence
from lottery.claims._evidence import LEVEL, Range, bootstrapped, none, over, silent
from lottery.findings import pattern_labels, patterns

SHARES = "prasanna2020_attention_patterns"
HEADS, TASKS_LEFT_OUT = 144, ("wnli",)
ENOUGH = 10  # labelled maps of a pattern: with fewer it is not known how well a network tells it


def printed(tables: Mapping[str, pd.DataFrame], kind: str, pattern: str) -> pd.DataFrame:
    """Shares in print, as fractions: a row a task, columns `all`, `super` and `rest`, all but the super-survivors.

    The super-survivors' maps are of models that all else was removed from, so that `rest` is what their shares and
    their number leave of `all`.
    """
    rows = tables[SHARES]
    rows = rows[(rows["model"] == "tuned") & (rows["kind"] == kind) & (rows["pattern"] == pattern)]
    shares = rows.pivot_table(index="task", columns="heads", values="share")
    counts = tables["prasanna2020_survivors"]
    counts = counts[(counts["mode"] == "both") & (counts["where"] == "dev") & (counts["component"] == "heads")]
    part = counts.set_index("task")["in_all_seeds"].reindex(shares.index) / HEADS
    return shares.assign(rest=((shares["all"] - part * shares["super"]) / (1 - part)).clip(lower=0))


def over_tasks(what: str, claimed: Range, values: pd.Series, unit: str = "points") -> Evidence:
    """The mean of one value a task, which are the paper's sample of tasks."""
    return over(what, unit, claimed, values, units="tasks")


class Recorded:
    """The maps of one table of recorded runs of attention_patterns, of intact fine-tuned models, and their labels."""

    def __init__(self, table: pd.DataFrame):
        rows = patterns.grouped(table)
        every = rows[rows["group"] == "fine-tuned, all"]
        keys = ["task", "kind", "seed", "layer", "head"]
        few = rows.loc[rows["group"] == "super-survivors", keys].assign(survives=True)
        every = every.merge(few, how="left", on=keys)
        self.heads = every.assign(survives=every["survives"].eq(True))
        of_maps = table[table["experiment"] == "LabelledPatterns"]
        # Every classifier answers to the same labelled maps.
        self.labels = pattern_labels.labelled(of_maps.drop_duplicates(["model", "task"]) if len(of_maps) else of_maps)

    def tasks(self) -> list[str]:
        """Those with maps of super-survivors and of others."""
        both = self.heads.groupby("task")["survives"].agg(["any", "all"])
        return sorted(both.index[both["any"] & ~both["all"]])

    def unknown(self, pattern: str, kinds: Sequence[str]) -> str:
        """Why the network's share of a pattern among maps of these kinds is not to be trusted; "" where it is."""
        if self.labels.empty:
            return ""
        here = self.labels["kind"].isin(kinds) & (self.labels["label"] == pattern)
        count = int(here.sum())
        named = " and ".join(kinds)
        return f"{count} labelled {named} maps are {pattern}: too few to know how well the network tells it" * (
            count < ENOUGH
        )

    def survivors(
        self, what: str, unit: str, claimed: Range, *, kind: str, pattern: str, task: str, relative: bool
    ) -> Evidence:
        """Share of a pattern among a task's super-survivors minus that among its other heads, over heads.

        relative  as a part of the share among the others, in %; else in points
        """
        if why := self.unknown(pattern, [kind]):
            return silent(what, unit, claimed, why)
        rows = self.heads[(self.heads["kind"] == kind) & (self.heads["task"] == task)]
        sums = _sums(rows, [(rows["survives"], pattern), (~rows["survives"], pattern)])

        def difference(drawn: np.ndarray) -> np.ndarray:
            with np.errstate(invalid="ignore", divide="ignore"):
                few, rest = drawn[:, 0] / drawn[:, 1], drawn[:, 2] / drawn[:, 3]
                return 100 * ((few - rest) / rest if relative else few - rest)

        return _over_heads(what, unit, claimed, sums, difference)

    def normed(self, what: str, claimed: Range, weights: Mapping[str, float], *, survivors: bool) -> Evidence:
        """What norming adds to a weighted sum of shares of patterns, in points: mean over the tasks, over heads."""
        if why := next(filter(None, (self.unknown(name, ["raw", "normed"]) for name in weights)), ""):
            return silent(what, "points", claimed, why)
        rows = self.heads[self.heads["survives"]] if survivors else self.heads
        tasks = [task for task, some in rows.groupby("task") if some["kind"].nunique() == 2]
        if not tasks:
            return none(what, "points", claimed, "not recorded")
        places = [
            ((rows["task"] == task) & (rows["kind"] == kind), pattern)
            for task in tasks
            for kind in ("normed", "raw")
            for pattern in weights
        ]
        factors = np.array([weight * sign for _ in tasks for sign in (1, -1) for weight in weights.values()])
        sums = _sums(rows, places)

        def added(drawn: np.ndarray) -> np.ndarray:
            with np.errstate(invalid="ignore", divide="ignore"):
                return 100 * (drawn[:, 0::2] / drawn[:, 1::2]) @ factors / len(tasks)

        return _over_heads(what, "points", claimed, sums, added)


def _sums(rows: pd.DataFrame, places: Sequence[tuple[pd.Series, str]]) -> np.ndarray:
    """For each head (layer, head) and place, the sum of a pattern's shares over its rows and their number."""
    heads = rows["layer"].to_numpy() * 10_000 + rows["head"].to_numpy()
    _, numbers = np.unique(heads, return_inverse=True)
    columns = []
    for here, pattern in places:
        flags = here.to_numpy(dtype=float)
        values = rows[pattern].to_numpy(dtype=float) * flags
        columns += [np.bincount(numbers, values), np.bincount(numbers, flags)]
    return np.stack(columns, axis=1)


def _over_heads(what: str, unit: str, claimed: Range, sums: np.ndarray, statistic) -> Evidence:
    interval = stats.bootstrap_over_group_sums(sums, statistic, level=LEVEL, seed=0)
    estimate = float(statistic(sums.sum(axis=0, keepdims=True))[0])
    return bootstrapped(what, unit, claimed, (estimate, *interval), units="heads", count=len(sums))


def title(task: str) -> str:
    """A task as a reader knows it."""
    return choose("tasks", task).TITLE
