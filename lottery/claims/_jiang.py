"""How much better one way to learn a mask does than another, in the paper's tables and in recorded runs.

For claims of Jiang et al. 2023 (arXiv:2210.06210). Differences are in points of each task's score, averaged over the
tasks: accuracy, F1 on SQuAD, and what GLUE takes.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lottery.choices import choose
from lottery.claims import Evidence, Plan
from lottery.claims._evidence import Range, with_error
from lottery.claims._runs import compared, scores
from lottery.findings.published import one_metric

RESULTS = "jiang2023_results"
SEEDS = 5  # behind each mean of the paper's tables
MODELS = {"bert-base-uncased": "BERT", "roberta-base": "RoBERTa"}
QUOTED = "the rival's number is quoted from another paper, with its own seeds, steps and code"

CHOSEN = "for each task the better of two masks was taken by the scores that are reported"


def printed(
    tables: Mapping[str, pd.DataFrame],
    what: str,
    claimed: Range,
    one: Mapping[str, object],
    other: Mapping[str, object],
    **common: object,
) -> Evidence:
    """`one` minus `other`, cells of one table of the paper named by columns and what stands there.

    The paper gives deviations of its own method alone, not at every sparsity, and does not say which seed did what.
    Where there is none, the largest at another sparsity stands for it; a rival counts as having the same; and both
    count as independent. Tasks on which one of the two did not converge are left out.
    """
    rows = one_metric(tables[RESULTS])
    left, right = (_cells(rows, {**common, **each}) for each in (one, other))
    differences = 100 * (left["score"] - right["score"]).dropna()
    tasks = differences.index
    own = _deviations(rows, {**common, **one}, tasks)
    theirs = _deviations(rows, {**common, **other}, tasks).fillna(own)
    parts = 100**2 * pd.concat([own, theirs]) ** 2 / SEEDS
    error = math.sqrt(parts.sum()) / len(tasks)
    return with_error(
        what,
        "points",
        claimed,
        float(differences.mean()),
        error,
        basis=f"{SEEDS} seeds, not paired, {len(tasks)} task{'s' * (len(tasks) > 1)}",
        freedom=float(parts.sum() ** 2 / (parts**2 / (SEEDS - 1)).sum()),
        plan=Plan("seeds", SEEDS, error * math.sqrt(SEEDS)),
    )


def glue(tables: Mapping[str, pd.DataFrame], model: str, claimed: Range) -> Evidence:
    """SMP minus fine-tuning on GLUE, Table 2, where the better of two masks stands for each task."""
    one, other = {"method": "smp"}, {"method": "fine_tuning"}
    what = f"SMP minus full fine-tuning of {MODELS[model]}, 80% remain, mean over the tasks"
    rows = tables[RESULTS]
    cut = {RESULTS: rows[(rows["table"] == 2) & (rows["model"] == model) & (rows["task"] != "average")]}
    return printed(cut, what, claimed, one, other)._replace(favoured=CHOSEN)


def measured(what: str, claimed: Range, one: pd.DataFrame, other: pd.DataFrame) -> Evidence:
    """`one` minus `other`, recorded runs of each, paired by task and seed."""
    return compared(what, claimed, scores(one), scores(other))


def full(table: pd.DataFrame) -> pd.DataFrame:
    """The models that were fine-tuned whole."""
    return table[table["experiment"] == "FineTuning"]


def of(table: pd.DataFrame, method: str, sparsity: float, *, pressed: bool | None = None) -> pd.DataFrame:
    """The masks that mask_learning recorded of a method at a sparsity, with or without the regulariser.

    pressed  None: as the paper has the method, though one that it gives a regulariser may suit a strength of 0 best
    """
    own = (table["experiment"] == "LearnedMask") & (table["method"] == method) & (table["sparsity"] == sparsity)
    if choose("mask_learning", method).STRENGTH and pressed is None:
        return table[own]
    return table[own & ((table["strength"] > 0) == bool(pressed))]


def mask_alone(rows: pd.DataFrame) -> pd.DataFrame:
    """Masks with the score that they have over the pre-trained weights; their answers there were not kept."""
    return rows.assign(score=rows["mask_alone"], dev_answers=None)


def recipe(
    table: pd.DataFrame, sparsity: float, *, head: str = "mlm", strength: float | None = None, method: str = "smp_l"
) -> pd.DataFrame:
    """The masks that mask_recipes recorded of a method at a sparsity with a head and a strength of the regulariser.

    strength  None: that of the base, which most of them have
    All else is as released, but for the words of MNLI: a mean of means that rises over the run, and no teacher.
    """
    usual = (table["experiment"] == "LearnedMask") & (table["method"] == method) & (table["sparsity"] == sparsity)
    for column in ("summed", "released_words"):
        usual &= ~table[column].astype("boolean").fillna(value=False)
    usual &= table["teacher"].isna() & (table["pressing"] == "run") & (table["head"] == head)
    most = table.loc[(table["experiment"] == "LearnedMask") & (table["method"] == method), "strength"].mode()
    strength = next(iter(most), 0.0) if strength is None else strength
    return table[usual & (table["strength"] == strength)]


def answering(table: pd.DataFrame, method: str) -> pd.DataFrame:
    """The masks of a method that spans_and_roberta recorded on SQuAD with a new head, RoBERTa's left out."""
    rows = table[(table["experiment"] == "LearnedMask") & (table["method"] == method) & (table["task"] == "squad")]
    rows = rows[rows["head"] == "random"]
    return rows[rows["start.family"] != "roberta"] if "start.family" in rows else rows


def sparsities(table: pd.DataFrame, *methods: str) -> list[float]:
    """Those at which all of these methods were recorded, in order."""
    masks = table[table["experiment"] == "LearnedMask"]
    each = [set(masks.loc[masks["method"] == method, "sparsity"]) for method in methods]
    return sorted(set.intersection(*each))


def _cells(rows: pd.DataFrame, named: Mapping[str, object]) -> pd.DataFrame:
    """The rows with these values, by task."""
    return rows[np.logical_and.reduce([rows[column] == value for column, value in named.items()])].set_index("task")


def _deviations(rows: pd.DataFrame, named: Mapping[str, object], tasks: pd.Index) -> pd.Series:
    """Deviations over seeds by task: of what is named, else the largest at another sparsity, else NaN."""
    with_sd = rows[rows["sd"].notna()]
    here = {column: value for column, value in named.items() if column != "table"}
    anywhere = {column: value for column, value in here.items() if column != "sparsity"}
    exact, most = (_cells(with_sd, which).groupby("task")["sd"].max() for which in (here, anywhere))
    return exact.reindex(tasks).fillna(most.reindex(tasks))
