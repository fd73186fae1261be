"""Recorded runs as claims read them, and two kinds of them compared on the tasks that they learned."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lottery.choices import choose, offered
from lottery.claims import Evidence, Plan
from lottery.claims._evidence import Range, none, over, silent, with_error
from lottery.findings import seeds
from lottery.findings.dev_answers import difference_error
from lottery.findings.subnetworks import with_subnetworks
from lottery.statistics import dev_sets

MODELS = {"FineTuning", "PrunedScore"}  # experiments that score a model
SUBNETWORKS = {"PrunedScore", "ComponentSearch", "MagnitudeSearch"}  # that find one in it, or score it


def prepared(table: pd.DataFrame, sizes: pd.Series) -> pd.DataFrame:
    """Recorded runs with what a claim has to know beside them.

    sizes    examples of the dev set of each of GLUE's tasks
    returns  the table with `world`, the seed of the miniature that a run is of, NaN for any other model; with
             `examples`, of the dev set that its score is of, NaN where there is none or its size is not known; and,
             where subnetworks were scored, with what each is: the columns of `with_subnetworks`, NaN for other runs
    """
    if table.empty:
        return table
    worlds = seeds.worlds(table)
    columns = {"world": worlds, "examples": _examples(table, worlds, sizes)}
    experiments = set(table.get("experiment", []))
    if experiments & MODELS and experiments & SUBNETWORKS:
        columns |= _subnetworks(table)
    # Rows are taken from this table a thousand times: objects are taken all together, Arrow's texts column by column.
    texts = table.select_dtypes("str").columns
    return table.astype(dict.fromkeys(texts, object)).copy().assign(**columns)


def _subnetworks(table: pd.DataFrame) -> dict[str, pd.Series]:
    """What `with_subnetworks` tells; searches have a column `degenerate` of their own."""
    columns = ("pruning", "subnetwork", "retrained", "tuned_on", "trial", "longer", "degenerate")
    with_parts = with_subnetworks(table)[[*columns]].astype(object).reindex(table.index)
    return {name: with_parts[name].fillna(table[name]) if name in table else with_parts[name] for name in columns}


def _examples(table: pd.DataFrame, worlds: pd.Series, sizes: pd.Series) -> pd.Series:
    def of(*columns: str) -> pd.Series:
        values = pd.Series(None, table.index, dtype=object)
        for column in filter(table.__contains__, columns):
            values = values.where(values.notna(), table[column])
        return values

    toys = {name: choose("miniature.tasks", name).SIZES["dev"] for name in offered("miniature.tasks")}
    tasks = of("task", "of.task")
    known = tasks.map(toys).where(worlds.notna(), tasks.map(sizes)).astype(float)
    drawn = of("start.dev_examples", "of.start.dev_examples").astype(float)
    recorded = of("dev_answers").map(len, na_action="ignore").astype(float)
    return recorded.fillna(drawn.where(drawn > 0)).fillna(known)


def scores(rows: pd.DataFrame, *, task: str = "task", seed: str = "seed", cell: str | None = None) -> pd.DataFrame:
    """One run a row: its world, task and seed, and its score beside what the majority-class baseline gets.

    rows     of `prepared`; task, seed: the columns that tell them
    cell     the column that tells runs of a task and seed apart, such as "sparsity"; None: there is one
    returns  world, task, seed, cell, metric (the task's own), score (0 where it is not defined), majority, examples,
             seconds, and answers and labels, None where they were not recorded
    """
    metrics = {name: choose("tasks", name).METRIC for name in rows[task].unique()}
    given = {name: rows.get(f"dev_{name}") for name in ("answers", "labels")}
    scored = pd.DataFrame(
        {
            "world": rows["world"],
            "task": rows[task],
            "seed": rows[seed],
            "cell": rows[cell] if cell else "",
            "metric": rows[task].map(metrics),
            "score": rows["score"].astype(float).fillna(0.0),
            "majority": rows["majority"].astype(float).fillna(0.0),
            "examples": rows["examples"],
            "seconds": rows.get("seconds", math.nan),
            **given,
        }
    )
    return scored.reset_index(drop=True)


def by_unit(values: pd.Series, rows: pd.DataFrame) -> tuple[pd.Series, str]:
    """Values of runs, one a unit, means over the tasks, and the column that tells units: "world" of several, or "seed".

    rows  with task, world and seed of each value
    """
    unit = "world" if len(set(rows["world"].dropna())) > 1 else "seed"
    return values.groupby([rows["task"], rows[unit]]).mean().groupby(unit).mean(), unit


def over_drawn(
    what: str, unit: str, claimed: Range, values: pd.Series, rows: pd.DataFrame, *, seconds: float = math.nan
) -> Evidence:
    """The mean of one value a fine-tuned model, over what was drawn, as by `by_unit`.

    rows  with of.task, world and of.seed of each value
    """
    drawn = pd.DataFrame({"task": rows["of.task"], "world": rows["world"], "seed": rows["of.seed"]})
    means, units = by_unit(values, drawn)
    return over(what, unit, claimed, means, units=f"{units}s", seconds=seconds)


def of_every_world(*kinds: pd.DataFrame) -> list[pd.DataFrame]:
    """Of kinds of runs, rows of `scores`, the tasks that all have in each of their worlds, where there are several."""
    places = [set(zip(rows["task"], rows["world"], strict=True)) for rows in kinds]
    worlds = {world for each in places for _, world in each if not math.isnan(world)}
    if len(worlds) < 2:
        return list(kinds)
    tasks = [
        task for task in kinds[0]["task"].unique() if {(task, world) for world in worlds} <= set.intersection(*places)
    ]
    return [rows[rows["task"].isin(tasks)] for rows in kinds]


def learned(*kinds: pd.DataFrame) -> pd.Series:
    """For each task and cell, whether the best of several kinds of runs is clearly above the majority-class baseline.

    kinds    of `scores`. The mean over seeds is taken as one score on the dev set that they share, those of several
             worlds as of as many dev sets. What has a dev set of no known size counts as learned
    returns  by (task, cell)
    """
    above: dict[tuple, bool] = {}
    for place in sorted({place for rows in kinds for place in zip(rows["task"], rows["cell"], strict=True)}):
        of_place = [rows[(rows["task"] == place[0]) & (rows["cell"] == place[1])] for rows in kinds]
        best = max((rows for rows in of_place if len(rows)), key=lambda rows: rows["score"].mean())
        examples = best["examples"].iloc[0] * max(best["world"].nunique(), 1)
        above[place] = math.isnan(examples) or dev_sets.above(
            best["metric"].iloc[0], best["score"].mean(), best["majority"].mean(), int(examples)
        )
    return pd.Series(above, dtype=bool)


def compared(
    what: str, claimed: Range, one: pd.DataFrame, other: pd.DataFrame, *, of: Mapping[str, float] | None = None
) -> Evidence:
    """`one` minus `other`, rows of `scores`, in points: the mean over the tasks of that over their cells.

    of  {task: its weight} in a sum over these tasks, each of which is needed; None: the mean over all that there are

    A cell in which neither is clearly above the majority-class baseline is left out; where no other is left, this
    says nothing.
    Over worlds where there are several; else over seeds and, beside them, the examples of the dev set, which all seeds
    share: see `each_task`.
    """
    both = set(_places(one)) & set(_places(other))
    both = {place for place in both if of is None or place[0] in of}
    one, other = (rows[[place in both for place in _places(rows)]] for rows in (one, other))
    tasks = {task for task, _ in both}
    if not both or (of and tasks < set(of)):
        return none(what, "points", claimed, "not recorded")
    above = learned(one, other)
    kept = set(above.index[above])
    idle = sorted({choose("tasks", task).TITLE for task, _ in both - kept})
    why = f"no better than the majority-class baseline on {', '.join(idle)}" if idle else ""
    tasks &= {task for task, _ in kept}
    if not kept or (of and tasks < set(of)):
        return silent(what, "points", claimed, why)
    weights = pd.Series(of or dict.fromkeys(sorted(tasks), 1 / len(tasks)), dtype=float)
    one, other = (rows[[place in kept for place in _places(rows)]] for rows in (one, other))
    worlds = set(one["world"].dropna()) & set(other["world"].dropna())
    over_units = _over_worlds if len(worlds) > 1 else _over_seeds
    evidence = over_units(what, claimed, one, other, weights)
    some = "" if tasks.isdisjoint({task for task, _ in both - kept}) else "some runs are "
    return evidence._replace(basis=f"{evidence.basis}; left out: {some}{why}") if idle else evidence


def _places(rows: pd.DataFrame) -> list[tuple]:
    return list(zip(rows["task"], rows["cell"], strict=True))


def _over_worlds(what: str, claimed: Range, one: pd.DataFrame, other: pd.DataFrame, weights: pd.Series) -> Evidence:
    """A value a world: the sum over its tasks of the difference of means over seeds; NaN where a task is missing."""
    left, right = (rows.pivot_table("score", "world", ["task", "cell"]) for rows in (one, other))
    by_task = (left - right).T.groupby(level="task").mean(numeric_only=True)
    by_task = by_task.mask((left - right).isna().T.groupby(level="task").any())
    return over(
        what,
        "points",
        claimed,
        100 * by_task.mul(weights, axis=0).sum(skipna=False),
        units="worlds",
        seconds=_seconds(one, other, "world"),
    )


def _over_seeds(what: str, claimed: Range, one: pd.DataFrame, other: pd.DataFrame, weights: pd.Series) -> Evidence:
    tasks = each_task(one, other)
    if tasks["seeds"].min() < 1:
        return none(what, "points", claimed, "no seed in common on some task")
    many, spread = len(tasks), tasks["spread"]
    pooled = math.sqrt((spread**2 * (tasks["seeds"] - 1)).sum() / max((tasks["seeds"] - 1).sum(), 1))
    spread, freedoms = spread.fillna(pooled), (tasks["seeds"] - 1).clip(lower=1)
    own, fixed = (weights * spread) ** 2 / tasks["seeds"], math.sqrt(((weights * tasks["fixed"]) ** 2).sum())
    estimate, few, most = (
        float((weights * tasks["difference"]).sum()),
        int(tasks["seeds"].min()),
        int(tasks["seeds"].max()),
    )
    plan = Plan(
        "seeds",
        few,
        math.sqrt(((weights * spread) ** 2).sum()) if pooled else math.nan,
        fixed,
        int(tasks["examples"].min()) if fixed else 0,
        _seconds(one, other, "seed"),
    )
    if not pooled:
        why = "one seed: no interval" if most == 1 else "seeds that do not differ: no interval"
        return none(what, "points", claimed, why)._replace(estimate=estimate, plan=plan)
    error = math.sqrt(own.sum() + fixed**2)
    freedom = error**4 / float((own**2 / freedoms).sum())
    basis = f"{few if few == most else f'{few} to {most}'} seeds" + (" and the examples of dev" if fixed else "")
    basis += f", {many} tasks" if many > 1 else f", {choose('tasks', tasks.index[0]).TITLE} alone"
    basis += ", in one world" if one["world"].notna().all() else ""
    return with_error(what, "points", claimed, estimate, error, basis=basis, freedom=freedom, plan=plan)


def each_task(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """`one` minus `other` on each task, the mean over its cells, paired by seed, in points.

    one, other  of `scores`, of the same tasks and cells and of one world at most
    returns  difference: mean over the seeds; spread: its standard deviation over them; seeds, those with all cells;
             fixed: the standard error of the mean that the dev set's examples leave, whatever the number of seeds, by a
             jackknife over them where the answers were recorded, else of two scores taken as independent, which is too
             wide for scores on the same examples; examples
    Raises ValueError where a task, cell and seed have two runs.
    """
    by_task = {}
    for task, left in one.groupby("task"):
        right = other[other["task"] == task]
        if any(rows[["cell", "seed"]].duplicated().any() for rows in (left, right)):
            raise ValueError(f"{task}: a seed has more than one run: name the runs that are meant more closely")
        keys = ["cell", "seed"]
        pairs = left.merge(right, on=keys, suffixes=("", "_other")).set_index(keys)
        apart = 100 * (pairs["score"] - pairs["score_other"])
        apart = apart.reset_index(name="more").pivot_table("more", "seed", "cell").dropna().mean(axis=1)
        cells = [_dev_error(each) for _, each in pairs.groupby(level="cell")]
        by_task[task] = {
            "difference": apart.mean(),
            "spread": apart.std(ddof=1) if len(apart) > 1 else math.nan,
            "seeds": len(apart),
            "fixed": 100 * float(np.mean(cells)) if cells else math.nan,  # as of one score: the examples are the same
            "examples": left["examples"].iloc[0],
        }
    return pd.DataFrame.from_dict(by_task, orient="index")


def _dev_error(pairs: pd.DataFrame) -> float:
    """Standard error over examples of the mean difference of a task's pairs of scores; 0 for a dev set unknown."""
    metric, examples = pairs["metric"].iloc[0], pairs["examples"].iloc[0]
    columns = [pairs[f"answers{end}"] for end in ("", "_other")]
    if all(isinstance(each, np.ndarray) for column in columns for each in column):
        task, labels = choose("tasks", pairs["task"].iloc[0]), pairs["labels"].iloc[0]
        return difference_error(task, *(column.tolist() for column in columns), labels)
    if math.isnan(examples):
        return 0.0
    return math.sqrt(
        sum(dev_sets.variance(metric, pairs[name].mean(), int(examples)) for name in ("score", "score_other"))
    )


def dev_set_error(rows: pd.DataFrame) -> tuple[float, int]:
    """Standard error, in points, that dev sets leave of a mean over tasks of mean scores, and the smallest's size.

    rows  of `scores`, of one model and one cell a task; 0 where no size is known
    """
    tasks = [some for _, some in rows.groupby("task") if not math.isnan(some["examples"].iloc[0])]
    sizes = [int(some["examples"].iloc[0]) for some in tasks]
    variances = [
        dev_sets.variance(some["metric"].iloc[0], some["score"].mean(), size)
        for some, size in zip(tasks, sizes, strict=True)
    ]
    return 100 * math.sqrt(sum(variances)) / max(rows["task"].nunique(), 1), min(sizes, default=0)


def _seconds(one: pd.DataFrame, other: pd.DataFrame, unit: str) -> float:
    """What one more unit takes: the mean seconds of both kinds of runs on each task and in each cell."""
    places = ["task", "cell"]
    return float(
        sum(rows.groupby([unit, *places])["seconds"].sum().groupby(places).mean().sum() for rows in (one, other))
    )
