"""What classifiers of attention patterns get right on labelled maps: F1 with its interval over heads, and differences.

Tables are of recorded runs of `LabelledPatterns`, a row a run.
"""

from functools import partial

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.attention.patterns import PATTERNS
from lottery.statistics import Estimate


def labelled(runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each labelled map and trained classifier: which it is, `label`, `answer` and `confidence`.

    Maps that were labelled in two ways are left out. `place` names the model, layer and head of a map.
    """
    rows = labelled_twice(runs)
    return rows[rows["label"] == rows["other"]].drop(columns="other").reset_index(drop=True) if len(rows) else rows


def labelled_twice(runs: pd.DataFrame) -> pd.DataFrame:
    """The same with the maps that were labelled in two ways: `label` is the first of them and `other` the second."""
    rows = runs[runs["experiment"] == "LabelledPatterns"]
    if rows.empty:
        return pd.DataFrame()
    names = {"model": "model", "task": "task"} | {f"of.{name}": name for name in ("classifier", "drawn", "seed")}
    lists = {
        "kinds": "kind",
        "in_layers": "layer",
        "in_heads": "head",
        "first_labels": "label",
        "second_labels": "other",
        "answers": "answer",
        "confidences": "confidence",
    }
    table = rows[[*names, *lists]].reset_index(drop=True).explode([*lists]).rename(columns=names | lists)
    table = table.assign(number=table.groupby(level=0).cumcount()).reset_index(drop=True).infer_objects()
    place = table["model"] + " " + table["layer"].astype(str) + "." + table["head"].astype(str)
    return table.assign(place=place)


def best_trained(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows of `labelled` of what learnt first from the most drawn maps, and of the guide, which learns nothing."""
    return _best(labelled(runs))


def _best(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return rows
    guide = rows["classifier"] == "guide"
    learnt = rows[(rows["drawn"] == rows["drawn"].max()) & ~guide]
    return pd.concat([learnt[learnt["seed"] == learnt["seed"].min()], rows[guide]], ignore_index=True)


def by_kind(runs: pd.DataFrame) -> pd.DataFrame:
    """Weighted F1 of what is best trained, a row a classifier and kind of map.

    returns  classifier, kind; f1, on the maps that were labelled alike; of_first and of_second, on all maps by each of
             the two labels; labels, of the second label taken for an answer to the first: what disputed maps leave to
             reach. Without rows where no map is labelled
    """
    rows, lines = _best(labelled_twice(runs)), []
    for (classifier, kind), some in rows.groupby(["classifier", "kind"], sort=False) if len(rows) else ():
        second = some.assign(label=some["other"])
        values = {"f1": some[some["label"] == some["other"]], "of_first": some, "of_second": second}
        values["labels"] = some.assign(answer=some["other"])
        line = {name: weighted_f1(maps) for name, maps in values.items()}
        lines.append({"classifier": classifier, "kind": kind} | line)
    return pd.DataFrame(lines, columns=["classifier", "kind", "f1", "of_first", "of_second", "labels"])


def learning_curve(maps: pd.DataFrame) -> pd.DataFrame:
    """Weighted F1 of everything that learnt from drawn maps, a row each: classifier, drawn, seed, f1."""
    trained = maps[maps["drawn"] > 0].groupby(["classifier", "drawn", "seed"], sort=False)
    names = ["classifier", "drawn", "seed", "f1"]
    return pd.DataFrame([(*name, weighted_f1(rows)) for name, rows in trained], columns=names)


def weighted_f1(maps: pd.DataFrame) -> float:
    """F1 of each pattern among rows of `labelled`, averaged by how often the pattern is the label: in [0, 1]."""
    return _weighted(_counts(_pairs(maps)))


def f1_of_patterns(maps: pd.DataFrame, *, resamples: int = 999) -> pd.DataFrame:
    """F1 of each pattern among rows of `labelled` of one classifier, and weighted; intervals over heads.

    returns  a row a pattern, and "weighted": maps, f1, low, high; NaN for a pattern that is the label of no map
    """
    pairs, lines = _pairs(maps), {}
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
        lines[name] = {"maps": count, "f1": statistic(every), **interval._asdict()}
    return pd.DataFrame.from_dict(lines, orient="index")


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
