"""How much better one way to learn a mask does than another, in the paper's tables and in recorded runs.

For claims of Jiang et al. 2023 (arXiv:2210.06210). Differences are in points of each task's score, averaged over the
tasks: accuracy, F1 on SQuAD, and what GLUE takes.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.choices import choose
from lottery.claims import Evidence, over_seeds, with_error
from lottery.findings.learned_masks import by_seed
from lottery.findings.published import one_metric

RESULTS = "jiang2023_results"
SEEDS = 5  # behind each mean of the paper's tables


def printed(
    tables: Mapping[str, pd.DataFrame],
    what: str,
    claimed: tuple[float, float],
    one: Mapping[str, object],
    other: Mapping[str, object],
    **common: object,
) -> Evidence:
    """`one` minus `other`, cells of one table of the paper named by columns and what stands there.

    The paper gives deviations of its own method alone, and does not say which seed did what: a rival counts as having
    the same deviation, and both as independent. Tasks on which one of the two did not converge are left out.
    """
    rows = one_metric(tables[RESULTS])
    left, right = (_cells(rows, {**common, **each}) for each in (one, other))
    differences = 100 * (left["score"] - right["score"]).dropna()
    tasks = differences.index
    own = _deviations(rows, {**common, **one})[tasks]
    theirs = _deviations(rows, {**common, **other}).reindex(tasks).fillna(own)
    error = 100 * math.sqrt(((own**2 + theirs**2) / SEEDS).sum()) / len(tasks)
    basis = f"{SEEDS} seeds, not paired, 95 %"
    return with_error(what, "points", claimed, float(differences.mean()), error, basis=basis, freedom=SEEDS - 1)


def measured(what: str, claimed: tuple[float, float], one: pd.DataFrame, other: pd.DataFrame) -> Evidence:
    """`one` minus `other`, recorded runs of each, paired by task and seed; a score that is not defined counts as 0.

    A task on which no run of the two did better than one answer to all says nothing of either: it is left out, and
    named in the basis. Tasks and seeds else count as for `learned_masks.by_seed`.
    """
    runs = pd.concat([one, other])
    better = runs["score"].astype(float).fillna(0) > runs["majority"].astype(float).fillna(0)
    learned = better.groupby(runs["task"]).any()
    failed = sorted(learned.index[~learned])
    left, right = (
        100 * rows[~rows["task"].isin(failed)].set_index(["seed", "task"])["score"].astype(float).fillna(0)
        for rows in (one, other)
    )
    found = over_seeds(what, "points", claimed, by_seed(left, right))
    if not failed:
        return found
    why = f"none of these runs beats one answer to all on {', '.join(failed)}"
    return found._replace(basis=why if left.empty or right.empty else f"{found.basis}; {why}")


def of(table: pd.DataFrame, method: str, sparsity: float, *, pressed: bool | None = None) -> pd.DataFrame:
    """The masks that mask_learning recorded of a method at a sparsity, with or without the regulariser.

    pressed  None: as the paper has the method
    """
    pressed = choose("mask_learning", method).STRENGTH > 0 if pressed is None else pressed
    own = (table["experiment"] == "LearnedMask") & (table["method"] == method) & (table["sparsity"] == sparsity)
    return table[own & ((table["strength"] > 0) == pressed)]


def recipe(table: pd.DataFrame, sparsity: float, *, head: str = "mlm", pressed: bool = True) -> pd.DataFrame:
    """The masks that mask_recipes recorded of SMP-L at a sparsity with a head, and with or without the regulariser.

    All else is as released, but for the words of MNLI: a mean of means that rises over the run, and no teacher.
    """
    usual = (table["experiment"] == "LearnedMask") & (table["method"] == "smp_l") & (table["sparsity"] == sparsity)
    for column in ("summed", "released_words"):
        usual &= ~table[column].astype("boolean").fillna(value=False)
    usual &= table["teacher"].isna() & (table["pressing"] == "run") & (table["head"] == head)
    return table[usual & (table["strength"] == (choose("mask_learning", "smp_l").STRENGTH if pressed else 0))]


def _cells(rows: pd.DataFrame, named: Mapping[str, object]) -> pd.DataFrame:
    """The rows with these values, by task."""
    return rows[(rows[list(named)] == pd.Series(named)).all(axis=1)].set_index("task")


def _deviations(rows: pd.DataFrame, named: Mapping[str, object]) -> pd.Series:
    """Deviations over seeds by task, wherever the paper prints them of what is named; no task where it does not."""
    anywhere = {column: value for column, value in named.items() if column != "table"}
    return _cells(rows[rows["sd"].notna()], anywhere)["sd"]
