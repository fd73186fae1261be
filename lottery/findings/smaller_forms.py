"""What smaller models score, how fast they are and what they take on disk: the forms of one model side by side.

Rows are runs of SavedForm, FormChange and FormTimes; a form is named by its way and the form it is saved in.
"""

import math

import pandas as pd

from lottery import statistics as stats
from lottery.findings import own_answers
from lottery.findings.sentences import WITHIN
from lottery.statistics import Estimate

FORM = ["way", "form"]
WHOLE = ("nothing", "torch")
USED = ", words used"  # behind the form of a model that has the words of its training set alone
WAYS = {
    "nothing": "full model",
    "heads": "heads gone",
    "neurons": "neurons gone",
    "both": "heads and neurons gone",
    "first_layers": "upper layers gone",
    "spread_layers": "evenly spread layers gone",
    "torch_pruning": "cut by Torch-Pruning",
    "zeros": "weights zeroed",
}
SHAPE = ["batch_size", "length", "threads"]


def named(way: str, form: str) -> str:
    """A form as a reader knows it."""
    return WAYS[way] + "".join(f", {each}" for each in form.split(", ") if each != "torch")


def scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Each form of each task: indexed by task and FORM, the full model first.

    returns  `score` and `change` from the full model, each an `Estimate`; `seeds`, over how many fine-tunings, and
             `numbers` and `bytes`, which are those of the first. The interval of a score is over the rows of dev; over
             seeds where there are several; `majority`, score of the majority-class baseline
    """
    forms = _named(rows[rows["experiment"] == "SavedForm"], "of")
    changes = _named(rows[rows["experiment"] == "FormChange"], "of.of")
    changes = changes[changes["against.of.way"] == "nothing"]
    told = {tuple(row[each] for each in ("task", *FORM)): row for row in changes.to_dict("records")}
    table = {}
    for name, some in forms.groupby(["task", *FORM], sort=False):
        first = some.iloc[0]
        one = Estimate(first["score"], first["score_low"], first["score_high"])
        row = told.get(name, {"change": 0.0, "low": math.nan, "high": math.nan})
        table[name] = {
            "score": one if len(some) == 1 else stats.mean_interval(some["score"]),
            "change": Estimate(row["change"], row["low"], row["high"]),
            "majority": first["majority"],
            "seeds": len(some),
            "numbers": int(first["numbers"]),
            "bytes": int(first["bytes"]),
        }
    return pd.DataFrame.from_dict(table, orient="index").rename_axis(["task", *FORM])


def times(rows: pd.DataFrame) -> pd.DataFrame:
    """Each timed form at each shape of a batch: indexed by task, SHAPE and FORM.

    returns  `faster`, how many times as fast as the full model, an `Estimate`; `seconds`, for a batch; and `load`
    """
    table = {}
    timed = rows[rows["experiment"] == "FormTimes"]
    for row in _tasks(timed, "of.of").to_dict("records"):
        shape = (row["task"], *(int(row[name]) for name in SHAPE))
        table[*shape, *WHOLE] = {"faster": Estimate(1.0, math.nan, math.nan), "seconds": row["whole_seconds"]}
        columns = (row[name] for name in ("ways", "forms", "faster", "lows", "highs", "batch_seconds"))
        for way, form, faster, low, high, seconds in zip(*columns, strict=True):
            table[*shape, way, form] = {"faster": Estimate(faster, low, high), "seconds": seconds}
        for name in [name for name in table if name[: len(shape)] == shape]:
            table[name]["load"] = row["load"]
    return pd.DataFrame.from_dict(table, orient="index").rename_axis(["task", *SHAPE, *FORM])


def shapes_of_all(rows: pd.DataFrame) -> list[tuple[int, int, int]]:
    """The shapes of a batch, as of SHAPE, at which the forms of every timed task were timed."""
    timed = times(rows)
    of_tasks = [{*some.droplevel("task").index.droplevel(FORM)} for _, some in timed.groupby(level="task")]
    return sorted(set.intersection(*of_tasks))


def beside(rows: pd.DataFrame, task: str, shape: tuple[int, int, int]) -> pd.DataFrame:
    """`scores` of one task with `faster` and `seconds` at one shape of a batch: (texts, tokens of each, threads).

    Indexed by FORM. With fewer words a model does the same with as many numbers, and so has the time of all words.
    """
    of_task = scores(rows).xs(task, level="task")
    timed = times(rows).xs((task, *shape), level=["task", *SHAPE])
    same = pd.MultiIndex.from_tuples([(way, form.removesuffix(USED)) for way, form in of_task.index], names=FORM)
    there = same.isin(timed.index)
    return of_task[there].join(timed.reindex(same[there]).set_axis(of_task.index[there]))


def without_loss(change: Estimate) -> bool:
    """Whether it is shown to lose less than WITHIN, by a one-sided test at 2.5%; who answers alike loses nothing."""
    return own_answers.lowest(change) > -WITHIN


def says_nothing(whole: pd.Series) -> bool:
    """Whether a full model, a row of `scores`, is not shown to be above the majority-class baseline."""
    return not whole["score"].low > (0.0 if math.isnan(whole["majority"]) else whole["majority"])


def against(rows: pd.DataFrame) -> pd.DataFrame:
    """Pairs of smaller models: the score of the one minus that of the other, `change`, an `Estimate`.

    Indexed by task, the one's way and form, and the other's, `other_way` and `other_form`.
    """
    changes = rows[rows["experiment"] == "FormChange"]
    changes = _named(changes[changes["against.of.way"] != "nothing"], "of.of")
    table = {
        (row["task"], row["way"], row["form"], row["against.of.way"], row["against.form"]): {
            "change": Estimate(row["change"], row["low"], row["high"])
        }
        for row in changes.to_dict("records")
    }
    index = pd.MultiIndex.from_tuples([*table], names=["task", *FORM, "other_way", "other_form"]) if table else None
    return pd.DataFrame([*table.values()], index=index, columns=["change"])


def _named(rows: pd.DataFrame, of: str) -> pd.DataFrame:
    """With the columns task, way and form; `of` is where the parameters of the model stand."""
    above = of.removesuffix("of")
    fewer = rows[f"{of}.fewer_words"].astype(bool)
    form = rows[f"{above}form"]
    return _tasks(rows, of).assign(way=rows[f"{of}.way"], form=form.mask(fewer, form + USED))


def _tasks(rows: pd.DataFrame, of: str) -> pd.DataFrame:
    """With the column task: of a classifier it is its fine-tuning's."""
    named = [rows[name] for name in (f"{of}.of.task", f"{of}.task") if name in rows]
    return rows.assign(task=named[0].fillna(named[1]) if len(named) > 1 else named[0])
