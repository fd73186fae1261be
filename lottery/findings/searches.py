"""What the searches for subnetworks of many tasks and seeds found, told together.

Tables are of recorded runs of `ComponentSearch` and `MagnitudeSearch`, a row a search.
"""

import numpy as np
import pandas as pd

from lottery.choices import choose
from lottery.statistics import agreement

NO_BOUND = "the share of the whole model's score that has to be reached is no more than one answer to all reaches"


def silent(runs: pd.DataFrame) -> pd.Series:
    """Why each search says nothing, "" where it does.

    Beside the reasons that a search gives itself there is one that its record shows: where `share` of the dense score
    is at most that of one answer to all, everything may go.
    """
    if runs.empty:
        return pd.Series(dtype=str)
    reached = runs["share"].astype(float) * runs["dense_score"].astype(float) <= runs["majority"].astype(float)
    return runs["degenerate"].mask((runs["degenerate"] == "") & reached, NO_BOUND)


def sound(runs: pd.DataFrame) -> pd.DataFrame:
    """Without the searches that say nothing."""
    return runs[silent(runs) == ""]


def standard(runs: pd.DataFrame) -> pd.DataFrame:
    """The searches for heads and MLPs together, on dev and as printed, of models trained on all examples.

    runs  of `ComponentSearch`
    """
    return runs[
        (runs["mode"] == "both")
        & (runs["recipe"] == "printed")
        & (runs["where"] == "dev")
        & (runs["of.train_examples"] == 0)
    ]


def judged(runs: pd.DataFrame) -> pd.DataFrame:
    """Of any runs, the standard searches that say something."""
    return sound(standard(runs[runs["experiment"] == "ComponentSearch"]))


def masks(runs: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """What searches of one model's shape keep: heads (searches, layers, heads) and MLPs (searches, layers), bool."""
    mlps = np.array(runs["kept_mlps"].tolist(), dtype=bool)
    return np.array(runs["kept_heads"].tolist(), dtype=bool).reshape(*mlps.shape, -1), mlps


def silent_told(runs: pd.DataFrame) -> str:
    """Which searches say nothing, and why, as Markdown."""
    rows = runs.assign(why=silent(runs))
    rows = rows[rows["why"] != ""]
    if rows.empty:
        return f"None of the {len(runs)} searches is degenerate."
    lines = []
    for (task, why), some in rows.groupby(["of.task", "why"], sort=False):
        seeds = ", ".join(f"seed {seed}" for seed in sorted(some["of.seed"].unique()))
        lines.append(f"- {choose('tasks', task).TITLE}, {seeds}: {why}.")
    return f"Of {len(runs)} searches {len(rows)} say nothing and are left out of every mean below:\n\n" + "\n".join(
        lines
    )


def survivors(runs: pd.DataFrame) -> pd.DataFrame:
    """Heads and MLPs that all seeds keep, and that none keeps, beside what independent choices of these sizes would.

    runs     of `ComponentSearch`, those of one task with different seeds
    returns  a row a task, named as a reader knows it: "seeds", and of heads and of MLPs "kept by all", "by chance",
             "kept by none", "none, by chance"; by chance n times the product of the seeds' shares, kept or removed
    """
    told = {}
    for task, rows in sound(runs).groupby("of.task", sort=False):
        row: dict[str, float] = {"seeds": len(rows)}
        for what, kept in zip(("heads", "MLPs"), masks(rows), strict=True):
            row |= {
                f"{what} kept by all": agreement.in_all(kept),
                f"{what} by chance": agreement.by_lot(kept),
                f"{what} kept by none": agreement.in_all(~kept),
                f"{what} none, by chance": agreement.by_lot(~kept),
            }
        told[choose("tasks", task).TITLE] = row
    return pd.DataFrame.from_dict(told, orient="index").rename_axis("task")
