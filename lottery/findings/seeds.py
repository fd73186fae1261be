"""What was drawn for each run, and seeds made comparable, so that what an interval over them tells apart is chance."""

import json
import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import pandas as pd

from lottery import statistics as stats
from lottery.statistics import Estimate

TOY = "Miniature"  # the experiment that makes a world and pre-trains its model


def of_every_seed(rows: pd.DataFrame, *, task: str = "task", seed: str = "seed") -> pd.DataFrame:
    """The rows of the tasks that every seed among them has, so that means over tasks are of the same tasks.

    task, seed  their columns
    """
    tried = rows.groupby(task)[seed].transform("nunique")
    return rows[tried == rows[seed].nunique()]


def over_units(rows: pd.DataFrame, value: str, *, task: str = "of.task") -> Estimate:
    """Over the units, of the mean over the tasks that each of them has: for other worlds, or other seeds.

    rows   with `unit`, as of `told_apart`, the task, and the value, in a row a model; those without it are left out
    """
    rows = rows.dropna(subset=value)
    if rows.empty:
        return Estimate(math.nan, math.nan, math.nan)
    return stats.mean_interval(of_every_seed(rows, task=task, seed="unit").groupby("unit")[value].mean())


def worlds(runs: pd.DataFrame) -> pd.Series:
    """The seed of the miniature that each run is of, by what it was described by; NaN where it is of another model.

    runs  with `parameters`, JSON
    """
    told = map(_miniature, runs["parameters"])
    return pd.Series([float(each["seed"]) if each else math.nan for each in told], runs.index, float)


def versions(runs: pd.DataFrame) -> set[int]:
    """The versions of the miniature that the runs are of; empty where they are of other models.

    runs  with `parameters`, JSON; without them nothing tells
    """
    told = map(_miniature, runs["parameters"].dropna() if "parameters" in runs else ())
    return {each["version"] for each in told if each}


def told_apart(runs: pd.DataFrame, *, seed: str = "of.seed") -> pd.DataFrame:
    """Runs with what was drawn for the models that they are of.

    runs     with `world`, or else with `parameters`, or else with the columns that tell their miniature; where all of
             these lack they count as of one world
    seed     the column with the seed of the fine-tuning
    returns  with `model`, which tells the fine-tuned models of a task apart, and `unit`, what intervals are over: the
             world where the runs are of several, else the seed
    """
    world = _numbered(runs)
    model = world.astype(int).astype(str) + ", " + runs[seed].astype(int).astype(str)
    drawn = pd.DataFrame({"model": model, "unit": world if len(set(world)) > 1 else runs[seed]}, runs.index)
    return pd.concat([runs.drop(columns=["model", "unit"], errors="ignore"), drawn], axis=1)


def several_worlds(runs: pd.DataFrame) -> bool:
    """Whether the runs are of more worlds than one, as `told_apart` counts them."""
    return len(set(_numbered(runs))) > 1


def one_world(runs: pd.DataFrame, *, seed: str = "of.seed") -> pd.DataFrame:
    """The runs of the world with the most seeds, the first of these: for what is asked of seeds of one model."""
    if runs.empty:
        return runs
    world = _numbered(runs)
    return runs[world == runs[seed].groupby(world).nunique().idxmax()]


def _numbered(runs: pd.DataFrame) -> pd.Series:
    """The world of each run, -1 where it is of none or nothing tells."""
    if "world" in runs:
        return runs["world"].astype(float).fillna(-1)
    if "parameters" in runs:
        return worlds(runs).fillna(-1)
    found = pd.Series(-1.0, runs.index)
    for seed in [column for column in runs if column.endswith(".seed")]:
        start = seed.removesuffix(".seed")
        if start in runs:
            found = found.mask((runs[start] == TOY) & (found < 0), runs[seed].astype(float))
    return found


@cache  # of the same rows a chapter asks some seventy times
def _miniature(text: str) -> Mapping[str, Any] | None:
    """The miniature in what a run was described by, in JSON; None where it is of another model."""
    return _first_miniature(json.loads(text)) if TOY in text else None


def _first_miniature(description: Any) -> Mapping[str, Any] | None:
    if isinstance(description, Mapping):
        if description.get("experiment") == TOY:
            return description
        description = list(description.values())
    found = map(_first_miniature, description) if isinstance(description, list) else []
    return next((each for each in found if each), None)
