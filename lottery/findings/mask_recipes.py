"""What each change to the recipe of a learned mask adds to it, and how methods compare under one teacher."""

import pandas as pd

from lottery.findings import learned_masks
from lottery.statistics import Estimate

BASE = "base"
WORDS = "the words as released"
HEADS = {"embedding": "the bare embedding", "random": "a new head, trained"}
UNPRESSED = "no regulariser"
GUIDED = ("a teacher, as printed", "a teacher, as released")


def varied(runs: pd.DataFrame, method: str) -> pd.DataFrame:
    """Rows of `learned_masks.scored`: the masks of one method, in the column `recipe` what was varied, BASE for none.

    The strength of the base is the one that most of them have, its head that of pre-training, or the one that most
    masks of a task have where none has that. Where more than one thing was varied the first of them counts: teacher,
    words, sum, strength together with the head, schedule of the regulariser, head.
    """
    rows = learned_masks.scored(runs)
    rows = rows[rows["method"] == method]
    if rows.empty:
        return rows.assign(recipe=pd.Series(dtype=str))
    usual = rows["strength"].mode()[0]
    heads = {task: _base_head(some["head"]) for task, some in rows.groupby("task")}
    return rows.assign(recipe=[_recipe(row, usual, heads[row["task"]]) for row in rows.to_dict("records")])


def _base_head(heads: pd.Series) -> str:
    return "mlm" if (heads == "mlm").any() else heads.mode()[0]


def _recipe(row: dict, usual: float, head: str) -> str:
    if row["guided"]:
        return f"a teacher, as {row['guided']}"
    if row["released_words"]:
        return WORDS
    if row["summed"]:
        return "the regulariser as a sum"
    if row["strength"] != usual:
        pressing = f"strength {row['strength']:g}" if row["strength"] else UNPRESSED
        return f"{HEADS[row['head']]}, {pressing}" if row["head"] != head else pressing
    if row["pressing"] != "run":
        return "the regulariser rising with the sparsity"
    return BASE if row["head"] == head else HEADS[row["head"]]


def pressed(rows: pd.DataFrame) -> list[str]:
    """The recipes in rows of `varied` that differ from the base by the regulariser."""
    others = (BASE, WORDS, *HEADS.values(), *GUIDED)
    return [name for name in rows["recipe"].unique() if not name.startswith(others)]


def against_base(rows: pd.DataFrame) -> pd.DataFrame:
    """Each recipe minus the base in points, mean over the tasks, with its 95% interval over seeds.

    rows     of `varied`
    returns  recipe, asked, mean, low, high: a row each recipe, in the order of the rows, and sparsity
    """
    lines = [
        {"recipe": recipe, "asked": asked, **each._asdict()}
        for recipe in rows.loc[rows["recipe"] != BASE, "recipe"].unique()
        for asked, each in learned_masks.advantages(rows, {"recipe": recipe}, {"recipe": BASE}).items()
    ]
    return pd.DataFrame(lines, columns=["recipe", "asked", *Estimate._fields])


def taught(runs: pd.DataFrame, method: str) -> pd.DataFrame:
    """Rows of `learned_masks.scored`: all methods under a teacher as released, and the base of one without.

    The base without a teacher, on the tasks of the others, is called so in `title`.
    """
    rows, base = learned_masks.scored(runs), varied(runs, method)
    rows = rows[rows["guided"] == "released"]
    base = base[(base["recipe"] == BASE) & base["task"].isin(rows["task"])]
    return pd.concat([rows, base.assign(title=base["title"] + ", no teacher")], ignore_index=True)
