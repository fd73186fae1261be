"""How much better one kind of subnetwork does than another, in the paper's files and in recorded runs.

For claims of Prasanna et al. 2020 (arXiv:2005.00561). Differences are of retrained models, "full" being the model that
nothing was removed from, in points of each task's score, and averaged over the tasks. Tasks and seeds whose search says
nothing, as WNLI's in the paper, are left out.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence, Plan
from lottery.claims._evidence import Range, none, with_error
from lottery.claims._runs import compared, of_every_world, scores

Name = str | tuple[str, str]
SEEDS = 5  # behind each mean of the paper's files
LEFT_OUT = ("wnli",)  # the full model is worse there than the majority-class baseline
RESULTS = "prasanna2020_results"
REMOVED = {
    "structured": "heads and MLPs removed",
    "magnitude": "weights removed",
    "super": "all but the super-survivors removed",
}
HEAD, MLP = 4 * 64 * 768, 2 * 768 * 3072  # weights of one, in BERT-base
OF_ALL = 109_482_240  # parameters of BERT-base, of which the paper takes its shares


def printed(
    tables: Mapping[str, pd.DataFrame], pruning: str, one: Name, other: Name, claimed: Range, *, what: str = ""
) -> Evidence:
    """`one` minus `other` from the paper's means and deviations, which it gives without saying which seed did what.

    one, other  subnetworks of that pruning, or pairs of another pruning and its subnetwork
    The two count as independent: their variances add up, and the difference may look less sure than it is.
    """
    cells = retrained_in_print(tables)
    left, right = (cells.loc[_named(pruning, name)] for name in (one, other))
    tasks = left.index.intersection(right.index)
    left, right = left.loc[tasks], right.loc[tasks]
    parts = pd.concat([left["sd"], right["sd"]]) ** 2 / SEEDS
    error = math.sqrt(parts.sum()) / len(tasks)
    return with_error(
        what or what_of(pruning, one, other),
        "points",
        claimed,
        float((left["mean"] - right["mean"]).mean()),
        error,
        basis=f"{SEEDS} seeds, not paired, {len(tasks)} tasks",
        freedom=float(parts.sum() ** 2 / (parts**2 / (SEEDS - 1)).sum()),
        plan=Plan("seeds", SEEDS, error * math.sqrt(SEEDS)),
    )


def retrained_in_print(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Mean and deviation, in points, of retrained subnetworks and the full model, by pruning, subnetwork and task."""
    table = tables[RESULTS]
    rows = table[(table["retrained"] | (table["subnetwork"] == "full")) & ~table["task"].isin(LEFT_OUT)]
    rows = rows.assign(pruning=rows["pruning"].fillna(""), mean=100 * rows["mean"], sd=100 * rows["sd"])
    return rows.set_index(["pruning", "subnetwork", "task"])[["mean", "sd"]].sort_index()


def _named(pruning: str, name: Name) -> tuple[str, str]:
    if isinstance(name, tuple):
        return name
    return ("", name) if name == "full" else (pruning, name)


def measured(
    table: pd.DataFrame, pruning: str, one: Name, other: Name, claimed: Range, *, what: str = "", tasks: tuple = ()
) -> Evidence:
    """`one` minus `other` from recorded runs of good_random_bad, paired by task, world and seed, over worlds or seeds.

    one, other  as for `printed`; tasks: those asked, all where none is named
    Of several random subnetworks of a model the mean counts.
    """
    rows = retrained(table)
    rows = rows[rows["tuned_on"].isin(tasks)] if tasks else rows
    kinds = []
    for name in (one, other):
        which = _named(pruning, name)
        some = rows[(rows["pruning"] == which[0]) & (rows["subnetwork"] == which[1])]
        kinds.append(_numbered(some))
    draws = sorted(set().union(*(rows["draw"] for rows in kinds)))
    kinds = [scores(_with_each(rows, draws), task="tuned_on", seed="trial", cell="draw") for rows in kinds]
    what = what or what_of(pruning, one, other)
    if kinds[0].empty or kinds[1].empty:
        return none(what, "points", claimed, "not recorded")
    return compared(what, claimed, *of_every_world(*kinds))


def _numbered(rows: pd.DataFrame) -> pd.DataFrame:
    """With `draw`, from 0 on, of the subnetworks of one kind of each model: random ones may be several."""
    if "start.kept.seed" in rows:
        rows = rows.sort_values("start.kept.seed", kind="stable")
    return rows.assign(draw=rows.groupby(["tuned_on", "world", "trial"], dropna=False).cumcount())


def _with_each(rows: pd.DataFrame, draws: list[int]) -> pd.DataFrame:
    """A kind that was drawn once, beside each draw of the other."""
    return pd.concat([rows.assign(draw=draw) for draw in draws]) if set(rows["draw"]) == {0} else rows


def retrained(table: pd.DataFrame) -> pd.DataFrame:
    """The retrained models and the full ones, trained for the usual length; nothing of degenerate searches."""
    rows = trained(table)
    return rows[~rows["longer"].astype(bool)]


def trained(table: pd.DataFrame) -> pd.DataFrame:
    """The retrained models and the full ones, trained for however long; nothing of degenerate searches."""
    return _sound(table, "FineTuning")


def as_cut(table: pd.DataFrame, pruning: str) -> pd.DataFrame:
    """The subnetworks of a pruning as they were cut; nothing of degenerate searches."""
    rows = _sound(table, "PrunedScore")
    return rows[rows["pruning"] == pruning]


def _sound(table: pd.DataFrame, experiment: str) -> pd.DataFrame:
    if "subnetwork" not in table:  # no subnetwork was scored
        return table[:0].assign(pruning="", subnetwork="", tuned_on="", trial=0, longer=False)
    return table[(table["experiment"] == experiment) & (table["degenerate"] == "")]


def what_of(pruning: str, one: str, other: str) -> str:
    """The comparison in words."""
    return f"{one} minus {other}, {REMOVED[pruning]}, retrained, mean over the tasks"
