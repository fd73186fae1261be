"""Tickets of iterative magnitude pruning beside the full model, from the printed tables and from recorded runs.

For claims of Chen et al. 2020 (arXiv:2007.12223). A ticket is the mask of iterative pruning on pre-trained weights; the
score of a model that was trained from it is compared in points, mean over the tasks.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence, Plan
from lottery.claims._evidence import Range, with_error
from lottery.claims._runs import scores

RUNS, RUNS_OF_TRANSFER = 5, 3  # behind each mean of Table 2, and of Figure 2
TASKS = ("mnli", "qqp", "stsb", "wnli", "qnli", "mrpc", "rte", "sst2", "cola", "squad")


def printed(tables: Mapping[str, pd.DataFrame], what: str, claimed: Range, one: str, other: str) -> Evidence:
    """One ticket of Table 2 minus another, or the full model, mean over the downstream tasks.

    A ticket without a printed deviation counts as having that of iterative pruning on the task.
    """
    rows = tables["chen2020_table2"]
    rows = rows[rows["task"].isin(TASKS)]
    means, deviations = (100 * rows.pivot_table(column, "task", "ticket") for column in ("score", "sd"))
    deviations = deviations.reindex(columns=means.columns).apply(lambda column: column.fillna(deviations["iterative"]))
    parts = pd.concat([deviations[one], deviations[other]]) ** 2 / RUNS
    error = math.sqrt(parts.sum()) / len(means)
    return with_error(
        what,
        "points",
        claimed,
        float((means[one] - means[other]).mean()),
        error,
        basis=f"{RUNS} runs, not paired, {len(means)} tasks",
        freedom=float(parts.sum() ** 2 / (parts**2 / (RUNS - 1)).sum()),
        plan=Plan("runs", RUNS, error * math.sqrt(RUNS)),
    )


def transferred(tables: Mapping[str, pd.DataFrame], what: str, claimed: Range, source: str) -> Evidence:
    """The full model minus the ticket of a source at 70%, Figure 2, mean over the other downstream tasks."""
    rows = tables["chen2020_transfer70"]
    rows = rows[(rows["source"] == source) & rows["target"].isin(TASKS) & (rows["target"] != source)]
    deviations = tables["chen2020_table2"].pivot_table("sd", "task", "ticket")
    of = {ticket: 100 * deviations[ticket].reindex(rows["target"]) for ticket in ("full", "iterative")}
    parts = pd.concat([of["full"], of["iterative"]]) ** 2 / RUNS_OF_TRANSFER
    error = math.sqrt(parts.sum()) / len(rows)
    return with_error(
        what,
        "points",
        claimed,
        float(-100 * rows["difference"].mean()),
        error,
        basis=f"{RUNS_OF_TRANSFER} runs, not paired, {len(rows)} tasks",
        freedom=float(parts.sum() ** 2 / (parts**2 / (RUNS_OF_TRANSFER - 1)).sum()),
        plan=Plan("runs", RUNS_OF_TRANSFER, error * math.sqrt(RUNS_OF_TRANSFER)),
    )


def full(table: pd.DataFrame) -> pd.DataFrame:
    """The models from which nothing was removed, as `scores`; where a seed has several, the first."""
    rows = table[(table["experiment"] == "FineTuning") & ~table["start"].isin(["Ticket", "GradualPruning"])]
    return _first(rows)


def tickets(table: pd.DataFrame, *, training: str, on: str = "pre-trained") -> pd.DataFrame:
    """Models trained from a mask of iterative pruning, each level a tenth of all weights; cell: its sparsity.

    training  "OnTask", the ticket of the task itself, or "OnText", that of pre-training
    on        the weights under the mask: "pre-trained", "Redrawn" or "Shuffled"
    """
    rows = table[(table["experiment"] == "FineTuning") & (table["start"] == "Ticket")]
    rows = rows[(rows["start.kept"] == "IterativePruning") & (rows["start.kept.of"] == "original")]
    rows = rows[(rows["start.kept.rewind_step"] == 0) & (rows["start.kept.training"] == training)]
    others = ["Redrawn", "Shuffled", "Rewound"]
    rows = rows[~rows["start.of"].isin(others) if on == "pre-trained" else rows["start.of"] == on]
    if training == "OnTask":
        rows = rows[rows["start.kept.training.task"] == rows["task"]]
    return _first(
        rows.assign(at=(rows["start.kept.level"] * rows["start.kept.per_level"]).astype(float).round(6)), "at"
    )


def beside(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Rows of `full` once for each cell that the others have, so that these can be compared."""
    return pd.concat([other.assign(cell=cell) for cell in sorted(one["cell"].unique())]) if len(one) else other[:0]


def _first(rows: pd.DataFrame, cell: str | None = None) -> pd.DataFrame:
    first = scores(rows, cell=cell)
    first = first.assign(unit=first["world"].fillna(first["seed"])).sort_values("seed")
    return first[~first.duplicated(["unit", "task", "cell"])].drop(columns="unit")
