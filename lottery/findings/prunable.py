"""How much can be pruned before a model leaves its control, and what that depends on: text, examples, the language.

Gordon et al. 2020, footnote 15. A *curve* is a row of a table with a column each sparsity, 0.0 the control; its index
names it, with the seed last.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from lottery import miniature
from lottery import statistics as stats
from lottery.choices import choose
from lottery.statistics import Estimate, stopping

ALLOWED = 0.02  # of accuracy: the drop that counts as none
OF_GAIN = 0.1  # of what a control gained over guessing: another drop that counts as none
RISES = (0.05, 0.1)  # nats of the MLM loss: two rises that count as none, because where it ends depends on which


def pruned(runs: pd.DataFrame) -> pd.DataFrame:
    """The pruned models, with the columns scope, sparsity, and documents and nouns of what they were pre-trained on."""
    return _with_start(runs[runs["experiment"] == "GradualPruning"], "")


def tuned(runs: pd.DataFrame) -> pd.DataFrame:
    """The models fine-tuned from them, with the same columns and train_examples, 0 for all."""
    rows = _with_start(runs[runs["experiment"] == "FineTuning"], "start.")
    return rows.assign(train_examples=rows["train_examples"].astype(int))


def _with_start(rows: pd.DataFrame, start: str) -> pd.DataFrame:
    sizes = {"documents": miniature.DOCUMENTS, "nouns": miniature.NOUNS}
    sizes = {name: rows[f"{start}start.{name}"].astype(int).replace(0, usual) for name, usual in sizes.items()}
    return rows.assign(**{name: rows[f"{start}{name}"] for name in ("scope", "sparsity")}, **sizes)


def usual(rows: pd.DataFrame, *, but: str = "") -> pd.DataFrame:
    """Those with the usual text and language, local thresholds and, fine-tuned, all examples.

    but  "documents", "nouns" or "scope", which may be any; with any number of documents, so may that of examples
    """
    wanted = {"documents": miniature.DOCUMENTS, "nouns": miniature.NOUNS, "scope": "local"}
    chosen = np.logical_and.reduce([rows[name] == value for name, value in wanted.items() if name != but])
    few = rows["train_examples"] > 0  # NaN, and so false, of a pruned model
    return rows[chosen & ~few] if but != "documents" else rows[chosen]


def by_text(runs: pd.DataFrame) -> pd.DataFrame:
    """The fine-tunings of each amount of text, on the tasks and at the sparsities of those on few examples."""
    rows = usual(tuned(runs), but="documents")
    return _where(rows, rows[rows["train_examples"] > 0], ("documents", "sparsity", "task"))


def by_language(runs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The pruned and the fine-tuned models of each language, on the tasks and at the sparsities of unusual ones."""
    models, rows = usual(pruned(runs), but="nouns"), usual(tuned(runs), but="nouns")
    other = rows[rows["nouns"] != miniature.NOUNS]
    return _where(models, other, ("sparsity",)), _where(rows, other, ("sparsity", "task"))


def by_scope(rows: pd.DataFrame) -> pd.DataFrame:
    """Of `pruned` or `tuned` models those at sparsities, and on tasks, at which both scopes were tried."""
    rows = usual(rows, but="scope")
    return _where(rows, rows[rows["scope"] == "global"], [name for name in ("sparsity", "task") if name in rows])


def _where(rows: pd.DataFrame, others: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    return rows[np.logical_and.reduce([rows[name].isin(others[name]) for name in columns])]


def curves(rows: pd.DataFrame, by: Sequence[str], value: str = "accuracy") -> pd.DataFrame:
    """Curves of a value, the mean over the tasks, named by the columns `by` and the seed."""
    return rows.pivot_table(value, [*by, "seed"], "sparsity")


def drops(curves: pd.DataFrame) -> pd.DataFrame:
    """How far each curve lies below its control."""
    return curves.rsub(curves[0.0], axis=0)


def rises(curves: pd.DataFrame) -> pd.DataFrame:
    """How far each curve lies above its control, as a share of it."""
    return curves.div(curves[0.0], axis=0) - 1


def by_loss(losses: pd.DataFrame, rise: float) -> pd.Series:
    """The sparsity at which each loss first lies `rise` nats above that of its control.

    In nats, because the same share of a higher loss is more of them.
    """
    return first_above(losses.sub(losses[0.0], axis=0), rise)


def points(curves: pd.DataFrame, value: str) -> pd.DataFrame:
    """Curves as one row a point, with the columns of their names, sparsity, and the value."""
    return curves.melt(value_name=value, ignore_index=False).reset_index()


def first_above(curves: pd.DataFrame, level: float | pd.Series) -> pd.Series:
    """The sparsity at which each curve first rises above a level, of its own or one for all, as by `stopping`."""
    levels = pd.Series(level, index=curves.index)
    return pd.Series(
        [stopping.first_above(curves.columns, curve, levels[name]) for name, curve in curves.iterrows()], curves.index
    )


def share(accuracies: pd.DataFrame) -> pd.Series:
    """The prunable share: the sparsity at which each accuracy has first dropped by ALLOWED."""
    return first_above(drops(accuracies), ALLOWED)


def share_of_gain(accuracies: pd.DataFrame, guessed: float) -> pd.Series:
    """The same where the drop is OF_GAIN of what the control gained over guessing; NaN where it gained nothing."""
    gain = accuracies[0.0] - guessed
    return first_above(drops(accuracies), (OF_GAIN * gain).where(gain > 0))


def guessing(rows: pd.DataFrame) -> float:
    """The mean accuracy of guessing: the classes of the miniature's tasks are balanced."""
    return float(np.mean([1 / len(choose("tasks", task).LABELS) for task in rows["task"].unique()]))


class TextEffect(NamedTuple):
    """What training on all examples instead of few changes: with the least text, with the most, and the difference."""

    least: Estimate
    most: Estimate
    contrast: Estimate

    @property
    def sign(self) -> int:
        """1 where it lowers a share with little text, and more than with much, as the paper expects.

        -1 where it lowers it less with little text than with much, 0 where neither is shown.
        """
        return 1 if self.contrast.sign < 0 and self.least.sign < 0 else -1 if self.contrast.sign > 0 else 0


def more_examples(values: pd.DataFrame) -> pd.DataFrame:
    """A value on all examples minus that on the few: a row a seed, a column each number of documents.

    values  indexed by documents and seed, a column each number of examples, 0 for all
    """
    more = values[0] - values[max(values.columns)]
    return more.rename("more").reset_index().pivot_table("more", "seed", "documents", dropna=False)


def over_seeds(more: pd.DataFrame) -> pd.Series:
    """The estimate of each column of `more_examples`."""
    return pd.Series({number: stats.mean_interval(more[number]) for number in more})


def text_effect(more: pd.DataFrame) -> TextEffect:
    """The effect of examples with the least and with the most text, paired over the seeds, from `more_examples`."""
    least, most = more[min(more)], more[max(more)]
    return TextEffect(stats.mean_interval(least), stats.mean_interval(most), stats.paired_difference(least, most))


def richest_minus_poorest(values: pd.Series) -> Estimate:
    """A value of the language with the most nouns minus that of the one with the fewest, paired over the seeds."""
    table = values.rename("value").reset_index().pivot_table("value", "seed", "nouns", dropna=False)
    return stats.paired_difference(table[max(table)], table[min(table)])
