"""Patterns of attention over many tasks and seeds: what the heads that survive show, beside all others.

Tables are of recorded runs of `AttentionPatterns` and `ComponentSearch`, a row a run.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.attention.patterns import PATTERNS
from lottery.findings.mask_agreement import deals
from lottery.findings.searches import judged, masks
from lottery.statistics import Estimate

OF_SHARES = ("task", "kind", "released", "tuned", "seed", "pruned", "layer", "head", *PATTERNS, "confidence")
KINDS = ("raw", "normed")
CORRECTED = {"corrected": "p", "least_corrected": "least"}
GROUPS = ("pre-trained, all", "fine-tuned, all", "survivors", "super-survivors")


def shares(runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each head of each run of AttentionPatterns, with the share of its maps that is of each pattern.

    columns  task, kind, tuned (whether the model was fine-tuned), seed (of the fine-tuning; -1 without), released,
             pruned (whether all but some heads were removed), layer, head, one of each pattern, confidence
    """
    rows = runs[runs["experiment"] == "AttentionPatterns"]
    if rows.empty:
        return pd.DataFrame(columns=OF_SHARES)
    values = [np.array(flat).reshape(-1, len(PATTERNS)) for flat in rows["shares"]]
    many = np.array([len(each) for each in values])
    tuned = (rows["of"] == "FineTuning").to_numpy()
    names = {name: rows[name].to_numpy() for name in ("task", "kind")} | {
        "released": rows["released"].to_numpy(dtype=bool)
    }
    names |= {"tuned": tuned, "seed": np.where(tuned, rows["of.seed"], -1).astype(int)}
    names |= {"pruned": _given(rows, "kept")}
    of_run = np.repeat(np.arange(len(rows)), many)
    places = np.concatenate([np.arange(each) for each in many])
    heads = (many // rows["of_layers"].to_numpy(dtype=int))[of_run]
    maps = pd.DataFrame(np.concatenate(values), columns=list(PATTERNS))
    columns = {name: each[of_run] for name, each in names.items()}
    columns |= {
        "layer": places // heads,
        "head": places % heads,
        "confidence": np.concatenate(rows["confidences"].tolist()),
    }
    return maps.assign(**columns)[list(OF_SHARES)]


def _given(rows: pd.DataFrame, name: str) -> np.ndarray:
    there = rows[name].map(lambda value: isinstance(value, str)) if name in rows else pd.Series(False, rows.index)
    return there.to_numpy(dtype=bool)


def survival(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Which heads the searches of each task keep: {task: a row a seed, a column a (layer, head), bool}.

    Searches that say nothing are left out, and tasks without any other.
    """
    tables = {}
    for task, rows in judged(runs).groupby("of.task", sort=False):
        heads, _ = masks(rows)
        columns = pd.MultiIndex.from_product([range(heads.shape[1]), range(heads.shape[2])], names=["layer", "head"])
        table = pd.DataFrame(heads.reshape(len(heads), -1), index=rows["of.seed"].astype(int), columns=columns)
        tables[task] = table.sort_index()
    return tables


def grouped(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows of `shares` of intact models, as we make their maps, by the groups of heads that they belong to.

    returns  rows of `shares` with `group`, one of GROUPS; a head is in several. Super-survivors are the heads that all
             seeds of a task keep, of two or more. Models whose search says nothing are left out
    """
    rows = shares(runs)
    rows, groups = rows[~rows["released"].astype(bool) & ~rows["pruned"].astype(bool)], []
    for task, kept in survival(runs).items():
        of_task = rows[rows["task"] == task]
        tuned = of_task[of_task["tuned"] & of_task["seed"].isin(kept.index)]
        places = kept.columns.get_indexer(pd.MultiIndex.from_frame(tuned[["layer", "head"]]))
        stays = kept.to_numpy(dtype=bool)
        super_ = stays.all(axis=0) if len(kept) > 1 else np.zeros(stays.shape[1], dtype=bool)
        of_seeds = kept.index.get_indexer(tuned["seed"])
        parts = (of_task[~of_task["tuned"]], tuned, tuned[stays[of_seeds, places]], tuned[super_[places]])
        groups += [part.assign(group=group) for group, part in zip(GROUPS, parts, strict=True)]
    return pd.concat(groups, ignore_index=True) if groups else rows.iloc[:0].assign(group=[])


def fractions(rows: pd.DataFrame, by: Sequence[str] = ("task", "kind", "group")) -> pd.DataFrame:
    """Mean shares of patterns over the heads and seeds in rows of `grouped`: an index of `by`, a column a pattern."""
    return rows.groupby(list(by), sort=False)[list(PATTERNS)].mean()


def difference(one: pd.DataFrame, other: pd.DataFrame, pattern: str, *, resamples: int = 999) -> Estimate:
    """Mean share of a pattern over some heads minus that over others, mean over the tasks that have both.

    one, other  rows of `grouped` or `shares`
    The interval is that of other heads of the same kind: places (layer, head) are resampled, and with each all its
    tasks and seeds. NaN where no task has both.
    """
    tasks = [task for task in one["task"].unique() if (other["task"] == task).any()]
    if not tasks:
        return Estimate(np.nan, np.nan, np.nan)
    one, other = one[one["task"].isin(tasks)], other[other["task"].isin(tasks)]
    both = pd.concat([one.assign(side=1), other.assign(side=0)], ignore_index=True)
    sides, values = both["side"].to_numpy(), both[pattern].to_numpy(dtype=float)
    numbers = both["task"].map(tasks.index).to_numpy()

    places, head = np.unique(both["layer"].to_numpy() * 10_000 + both["head"].to_numpy(), return_inverse=True)
    sums = np.zeros((2, len(places), len(tasks), 2))  # of values and of rows
    np.add.at(sums[0], (head, numbers, sides), values)
    np.add.at(sums[1], (head, numbers, sides), 1)

    def of(drawn: np.ndarray) -> np.ndarray:
        total, count = drawn.reshape(len(drawn), 2, len(tasks), 2).swapaxes(0, 1)
        with np.errstate(invalid="ignore"):  # a draw that lacks a task on one side is NaN
            means = total / count
        return (means[..., 1] - means[..., 0]).mean(axis=1)

    sums = sums.swapaxes(0, 1).reshape(len(places), -1)
    interval = stats.bootstrap_over_group_sums(sums, of, resamples=resamples, seed=0)
    return Estimate(float(of(sums.sum(axis=0, keepdims=True))[0]), *interval)


def survival_test(rows: pd.DataFrame, kept: pd.DataFrame, pattern: str, *, draws: int = 999) -> dict[str, float]:
    """Whether heads that show a pattern survive more often or less often than others of their layer.

    rows     of `shares`, of one task and kind: intact fine-tuned models of the seeds in `kept`
    kept     a row a seed, a column a (layer, head), bool, as by `survival`
    returns  `difference`: mean share of the pattern in a model's kept heads minus that in its removed ones, mean over
             the seeds that have both; `low`, `high`: the middle 95% of it where the heads of each layer are permuted,
             for all seeds alike; `p`, two-sided, that the observed one is as far from their mean; `least`, the
             smallest p that so many draws, or so few permutations, can give; `seeds`
    NaN where no seed keeps some heads and removes others. The draw counts as one (Phipson & Smyth 2010).
    """
    values = rows.pivot_table(index="seed", columns=["layer", "head"], values=pattern)
    values = values.reindex(index=kept.index, columns=kept.columns).to_numpy(dtype=float)
    flags = kept.to_numpy(dtype=bool)
    choosing = flags.any(1) & ~flags.all(1) & ~np.isnan(values).any(1)
    values, flags = values[choosing], flags[choosing]
    if not choosing.any():
        return {"difference": np.nan, "low": np.nan, "high": np.nan, "p": np.nan, "least": np.nan, "seeds": 0}

    def of(order: np.ndarray) -> float:
        dealt = values[:, order]
        return float(((dealt * flags).sum(1) / flags.sum(1) - (dealt * ~flags).sum(1) / (~flags).sum(1)).mean())

    layers = kept.columns.get_level_values("layer").to_numpy()
    generator, observed, drawn = np.random.default_rng(0), of(np.arange(len(layers))), np.empty(draws)
    for number in range(draws):
        order = np.empty(len(layers), dtype=int)
        for layer in np.unique(layers):
            here = np.flatnonzero(layers == layer)
            order[here] = generator.permutation(here)
        drawn[number] = of(order)
    low, high = np.quantile(drawn, [0.025, 0.975])
    far = np.abs(drawn - drawn.mean()) >= np.abs(observed - drawn.mean()) - 1e-12
    p = (1 + int(far.sum())) / (1 + draws)
    least = max(1 / (1 + draws), 1 / deals([*map(tuple, flags.T)], layers.tolist()))
    span = {"difference": observed, "low": float(low), "high": float(high)}
    return span | {"p": p, "least": least, "seeds": int(choosing.sum())}


def survival_tests(runs: pd.DataFrame, pattern: str, *, draws: int = 999) -> pd.DataFrame:
    """`survival_test` of the intact fine-tuned models of each task, a row a kind of map and task.

    returns  kind, task, as `survival_test`, and corrected and least_corrected: p, and the smallest p that there can be,
             for the number of tasks of a kind, after Holm
    """
    rows, kept, lines = shares(runs), survival(runs), []
    rows = rows[rows["tuned"].astype(bool) & ~rows["released"].astype(bool) & ~rows["pruned"].astype(bool)]
    for kind in KINDS:
        for task, flags in kept.items():
            some = rows[(rows["kind"] == kind) & (rows["task"] == task)]
            if len(some):
                lines.append({"kind": kind, "task": task} | survival_test(some, flags, pattern, draws=draws))
    if not lines:
        return pd.DataFrame()
    table = pd.DataFrame(lines)
    kinds = table.groupby("kind")
    corrected = {name: kinds[what].transform(lambda p: stats.holm(p.tolist())) for name, what in CORRECTED.items()}
    return table.assign(**corrected)


def super_minus_all(runs: pd.DataFrame) -> pd.DataFrame:
    """Share of each pattern among super-survivors minus that among all heads of the same models, by `difference`.

    returns  a row a kind of map and pattern: kind, pattern, tasks, how many, mean, low, high; empty without
             super-survivors
    """
    rows, lines = grouped(runs), []
    if not (rows["group"] == "super-survivors").any():
        return pd.DataFrame()
    for kind in KINDS:
        some = rows[rows["kind"] == kind]
        few, every = (some[some["group"] == group] for group in ("super-survivors", "fine-tuned, all"))
        for pattern in PATTERNS:
            line = {"kind": kind, "pattern": pattern, "tasks": few["task"].nunique()}
            lines.append(line | difference(few, every, pattern)._asdict())
    return pd.DataFrame(lines)


def printed_super_minus_all(published: pd.DataFrame) -> pd.DataFrame:
    """The same from the published shares of fine-tuned models, with t intervals over the tasks.

    published  a row a kind, model, heads, pattern and task: share
    """
    lines = []
    tuned = published[published["model"] == "tuned"]
    for kind in KINDS:
        for pattern in PATTERNS:
            some = tuned[(tuned["kind"] == kind) & (tuned["pattern"] == pattern)]
            wide = some.pivot_table(index="task", columns="heads", values="share")
            estimate = stats.paired_difference(wide["super"], wide["all"])
            lines.append({"kind": kind, "pattern": pattern, "tasks": len(wide)} | estimate._asdict())
    return pd.DataFrame(lines)


def normed_minus_raw(rows: pd.DataFrame) -> pd.DataFrame:
    """Share of each pattern among normed maps minus that among raw ones, rows of `grouped`: a column a group.

    returns  Estimates by `difference`, a row a pattern
    """
    columns = {}
    for group in [group for group in GROUPS if (rows["group"] == group).any()]:
        normed, raw = (rows[(rows["group"] == group) & (rows["kind"] == kind)] for kind in ("normed", "raw"))
        columns[group] = {pattern: difference(normed, raw, pattern) for pattern in PATTERNS}
    return pd.DataFrame(columns, index=list(PATTERNS))


def printed_normed_minus_raw(published: pd.DataFrame) -> pd.DataFrame:
    """The same from the published shares, as of `printed_super_minus_all`: a column "<model>, <heads>"."""
    columns = {}
    for (model, heads), rows in published.groupby(["model", "heads"], sort=False):
        wide = rows.pivot_table(index=["pattern", "task"], columns="kind", values="share")
        columns[f"{model}, {heads}"] = {
            pattern: stats.paired_difference(wide.loc[pattern, "normed"], wide.loc[pattern, "raw"])
            for pattern in PATTERNS
        }
    return pd.DataFrame(columns, index=list(PATTERNS))


def released_ways(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows of `shares` of fine-tuned models in the released code's ways, those of the same heads in ours beside.

    returns  rows of `shares` and super_, whether all seeds of the task keep the head; of pruned models those alone.
             Empty where nothing was made in the released ways
    """
    rows, kept = shares(runs), survival(runs)
    if rows.empty or not rows["released"].any():
        return rows[:0]
    rows = rows[rows["tuned"] & rows["task"].isin(kept)]
    always = {(task, *place) for task, flags in kept.items() if len(flags) > 1 for place in flags.columns[flags.all()]}
    places = zip(rows["task"], rows["layer"], rows["head"], strict=True)
    rows = rows.assign(super_=[place in always for place in places])
    return rows[~rows["pruned"] | rows["super_"]]


def released_minus_ours(rows: pd.DataFrame) -> pd.DataFrame:
    """What the released ways change in the share of each pattern, from rows of `released_ways`: a column a pattern.

    returns  Estimates by `difference`, a row a kind of map and comparison: of all heads in intact models, and of
             super-survivors in intact and in pruned ones, theirs, against ours in intact ones
    """
    lines = {}
    for kind in KINDS:
        some = rows[rows["kind"] == kind]
        ours, theirs = some[~some["released"]], some[some["released"]]
        pairs = {
            "all heads, intact model": (theirs[~theirs["pruned"]], ours),
            "super-survivors, intact model": (theirs[~theirs["pruned"] & theirs["super_"]], ours[ours["super_"]]),
            "super-survivors, pruned model": (theirs[theirs["pruned"]], ours[ours["super_"]]),
        }
        for what, (one, other) in pairs.items():
            lines[kind, what] = {pattern: difference(one, other, pattern) for pattern in PATTERNS}
    return pd.DataFrame.from_dict(lines, orient="index")
