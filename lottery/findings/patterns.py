"""Patterns of attention over many tasks and seeds: what classifiers got right, and what surviving heads show.

Tables are of recorded runs, a row a run: `LabelledPatterns`, `AttentionPatterns` and `ComponentSearch`.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.attention.patterns import PATTERNS
from lottery.findings.searches import judged, masks
from lottery.statistics import Estimate

OF_SHARES = ("task", "kind", "released", "tuned", "seed", "pruned", "layer", "head", *PATTERNS, "confidence")
GROUPS = ("pre-trained, all", "fine-tuned, all", "survivors", "super-survivors")


def labelled(runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each labelled map and trained classifier: which it is, `label`, `answer` and `confidence`.

    Maps that were labelled in two ways are left out. `place` names the model, layer and head of a map.
    """
    found = []
    for row in runs[runs["experiment"] == "LabelledPatterns"].to_dict("records"):
        maps = pd.DataFrame(
            {
                "kind": row["kinds"],
                "layer": row["in_layers"],
                "head": row["in_heads"],
                "label": row["first_labels"],
                "other": row["second_labels"],
                "answer": row["answers"],
                "confidence": row["confidences"],
            }
        )
        told = {name: row[name] for name in ("model", "task")}
        told |= {name: row[f"of.{name}"] for name in ("classifier", "drawn", "seed")}
        found.append(maps.assign(number=range(len(maps)), **told))
    if not found:
        return pd.DataFrame()
    table = pd.concat(found, ignore_index=True)
    place = table["model"] + " " + table["layer"].astype(str) + "." + table["head"].astype(str)
    return table.assign(place=place)[table["label"] == table["other"]].drop(columns="other").reset_index(drop=True)


def weighted_f1(maps: pd.DataFrame) -> float:
    """F1 of each pattern among rows of `labelled`, averaged by how often the pattern is the label: in [0, 1]."""
    return _weighted(_counts(_pairs(maps)))


def f1_of_patterns(maps: pd.DataFrame, *, resamples: int = 999) -> pd.DataFrame:
    """F1 of each pattern among rows of `labelled` of one classifier, and weighted; intervals over heads.

    returns  a row a pattern, and "weighted": maps, f1, low, high; NaN for a pattern that is the label of no map
    """
    pairs, told = _pairs(maps), {}
    every = _counts(pairs)

    def of(number: int, counts: np.ndarray) -> float:
        return float(_f1(counts)[number]) if counts[number].any() else np.nan

    for number, name in enumerate([*PATTERNS, "weighted"]):
        statistic = partial(of, number) if number < len(PATTERNS) else _weighted
        interval = stats.bootstrap_over_groups(
            maps["place"], lambda places, statistic=statistic: statistic(_counts(pairs[places])),
            resamples=resamples, seed=0,
        )  # fmt: skip
        count = int(every[number].sum()) if number < len(PATTERNS) else len(maps)
        told[name] = {"maps": count, "f1": statistic(every), **interval._asdict()}
    return pd.DataFrame.from_dict(told, orient="index")


def advantage(one: pd.DataFrame, other: pd.DataFrame, *, resamples: int = 1999) -> Estimate:
    """Weighted F1 of one classifier minus that of another on the same maps, with its interval over heads.

    one, other  rows of `labelled`, each of one classifier; raises ValueError where they are not of the same maps
    """
    names = ["model", "task", "number"]
    one, other = one.sort_values(names), other.sort_values(names)
    if one[names].to_numpy().tolist() != other[names].to_numpy().tolist():
        raise ValueError(f"{len(one)} and {len(other)} answers are not to the same maps; give those of one set of runs")
    first, second = _pairs(one), _pairs(other)

    def difference(places: np.ndarray) -> float:
        return _weighted(_counts(first[places])) - _weighted(_counts(second[places]))

    interval = stats.bootstrap_over_groups(one["place"], difference, resamples=resamples, seed=0)
    return Estimate(difference(np.arange(len(one))), *interval)


def _pairs(maps: pd.DataFrame) -> np.ndarray:
    """Label and answer of each map as one number, so that a bootstrap counts fast: scikit-learn's F1 takes a minute."""
    labels, answers = (maps[column].map(PATTERNS.index).to_numpy(dtype=int) for column in ("label", "answer"))
    return labels * len(PATTERNS) + answers


def _counts(pairs: np.ndarray) -> np.ndarray:
    """Maps by label, in rows, and answer."""
    return np.bincount(pairs, minlength=len(PATTERNS) ** 2).reshape(len(PATTERNS), -1)


def _f1(counts: np.ndarray) -> np.ndarray:
    """F1 of each pattern, 0 for one that is neither label nor answer."""
    return 2 * counts.diagonal() / np.maximum(counts.sum(0) + counts.sum(1), 1)


def _weighted(counts: np.ndarray) -> float:
    return float(_f1(counts) @ counts.sum(1) / counts.sum())


def shares(runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each head of each run of AttentionPatterns, with the share of its maps that is of each pattern.

    columns  task, kind, tuned (whether the model was fine-tuned), seed (of the fine-tuning; -1 without), released,
             pruned (whether all but some heads were removed), layer, head, one of each pattern, confidence
    """
    found = []
    for row in runs[runs["experiment"] == "AttentionPatterns"].to_dict("records"):
        values = np.array(row["shares"]).reshape(-1, len(PATTERNS))
        heads = len(values) // int(row["of_layers"])
        tuned = row["of"] == "FineTuning"
        told = {name: row[name] for name in ("task", "kind", "released")}
        told |= {"tuned": tuned, "seed": int(row["of.seed"]) if tuned else -1, "pruned": bool(_given(row, "kept"))}
        places = {"layer": np.arange(len(values)) // heads, "head": np.arange(len(values)) % heads}
        maps = pd.DataFrame(values, columns=list(PATTERNS))
        found.append(maps.assign(**told, **places, confidence=row["confidences"]))
    return pd.concat(found, ignore_index=True)[list(OF_SHARES)] if found else pd.DataFrame(columns=OF_SHARES)


def _given(row: dict, name: str) -> bool:
    return isinstance(row.get(name), str)


def survival(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Which heads the searches of each task keep: {task: a row a seed, a column a (layer, head), bool}.

    Searches that say nothing are left out, and tasks without any other.
    """
    found = {}
    for task, rows in judged(runs).groupby("of.task", sort=False):
        heads, _ = masks(rows)
        columns = pd.MultiIndex.from_product([range(heads.shape[1]), range(heads.shape[2])], names=["layer", "head"])
        table = pd.DataFrame(heads.reshape(len(heads), -1), index=rows["of.seed"].astype(int), columns=columns)
        found[task] = table.sort_index()
    return found


def grouped(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows of `shares` of intact models, as we make their maps, by the groups of heads that they belong to.

    returns  rows of `shares` with `group`, one of GROUPS; a head is in several. Super-survivors are the heads that all
             seeds of a task keep, of two or more. Models whose search says nothing are left out
    """
    rows = shares(runs)
    rows, found = rows[~rows["released"].astype(bool) & ~rows["pruned"].astype(bool)], []
    for task, kept in survival(runs).items():
        of_task = rows[rows["task"] == task]
        tuned = of_task[of_task["tuned"] & of_task["seed"].isin(kept.index)]
        stays = [kept.loc[row.seed, (row.layer, row.head)] for row in tuned.itertuples()]
        always = kept.all() if len(kept) > 1 else kept.any() & False
        super_ = [always[row.layer, row.head] for row in tuned.itertuples()]
        parts = (of_task[~of_task["tuned"]], tuned, tuned[np.array(stays, bool)], tuned[np.array(super_, bool)])
        found += [part.assign(group=group) for group, part in zip(GROUPS, parts, strict=True)]
    return pd.concat(found, ignore_index=True) if found else rows.iloc[:0].assign(group=[])


def fractions(rows: pd.DataFrame, by: Sequence[str] = ("task", "kind", "group")) -> pd.DataFrame:
    """Mean shares of patterns over the heads and seeds in rows of `grouped`: an index of `by`, a column a pattern."""
    return rows.groupby(list(by), sort=False)[list(PATTERNS)].mean()


def difference(one: pd.DataFrame, other: pd.DataFrame, pattern: str, *, resamples: int = 999) -> Estimate:
    """Mean share of a pattern over some heads minus that over others, mean over the tasks that have both.

    one, other  rows of `grouped` or `shares`
    The interval is that of other heads of the same kind: places (layer, head) are drawn anew, and with each all its
    tasks and seeds. NaN where no task has both.
    """
    tasks = [task for task in one["task"].unique() if (other["task"] == task).any()]
    if not tasks:
        return Estimate(np.nan, np.nan, np.nan)
    one, other = one[one["task"].isin(tasks)], other[other["task"].isin(tasks)]
    both = pd.concat([one.assign(side=1), other.assign(side=0)], ignore_index=True)
    sides, values = both["side"].to_numpy(), both[pattern].to_numpy(dtype=float)
    numbers = both["task"].map(tasks.index).to_numpy()

    def of(places: np.ndarray) -> float:
        where = numbers[places] * 2 + sides[places]
        sums = np.bincount(where, values[places], minlength=2 * len(tasks)).reshape(-1, 2)
        counts = np.bincount(where, minlength=2 * len(tasks)).reshape(-1, 2)
        if (counts == 0).any():
            return np.nan
        means = sums / counts
        return float((means[:, 1] - means[:, 0]).mean())

    heads = both["layer"].to_numpy() * 10_000 + both["head"].to_numpy()
    interval = stats.bootstrap_over_groups(heads, of, resamples=resamples, seed=0)
    return Estimate(of(np.arange(len(both))), *interval)


def survival_test(rows: pd.DataFrame, kept: pd.DataFrame, pattern: str, *, draws: int = 999) -> dict[str, float]:
    """Whether heads that show a pattern survive more often or less often than others of their layer.

    rows     of `shares`, of one task and kind: intact fine-tuned models of the seeds in `kept`
    kept     a row a seed, a column a (layer, head), bool, as by `survival`
    returns  `difference`: mean share of the pattern in a model's kept heads minus that in its removed ones, mean over
             the seeds that have both; `low`, `high`: the middle 95 % of it where the heads of each layer are dealt out
             anew, for all seeds alike; `p`, two-sided, that the observed one is as far from their mean; `seeds`
    NaN where no seed keeps some heads and removes others. The draw counts as one (Phipson & Smyth 2010).
    """
    values = rows.pivot_table(index="seed", columns=["layer", "head"], values=pattern)
    values = values.reindex(index=kept.index, columns=kept.columns).to_numpy(dtype=float)
    flags = kept.to_numpy(dtype=bool)
    told = flags.any(1) & ~flags.all(1) & ~np.isnan(values).any(1)
    values, flags = values[told], flags[told]
    if not told.any():
        return {"difference": np.nan, "low": np.nan, "high": np.nan, "p": np.nan, "seeds": 0}

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
    return {"difference": observed, "low": float(low), "high": float(high), "p": p, "seeds": int(told.sum())}
