"""What the papers' printed tables say: the numbers that count, laid out, and what one of them adds to another."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.findings import learned_masks
from lottery.statistics import Estimate

ASIDE = ("dev_mismatched.accuracy", "exact_match", "mean")  # beside the one metric of a task that counts here
OTHERS = {"fine_tuning": learned_masks.title(learned_masks.FULL), "cap": "CAP", "smp": "SMP", "supert": "SuperT"}
ROUNDED = 0.05  # points: two numbers printed in tenths that are closer than this are the same


def one_metric(rows: pd.DataFrame) -> pd.DataFrame:
    """Those cells of Jiang et al.'s tables that hold the one metric of a task that counts here: of QQP its accuracy."""
    return rows[~rows["metric"].isin(ASIDE) & ((rows["task"] != "qqp") | (rows["metric"] == "accuracy"))]


def title(method: str) -> str:
    """What a reader calls a method of Jiang et al.'s tables."""
    return OTHERS[method] if method in OTHERS else learned_masks.title(method)


def added(rows: pd.DataFrame, column: str, one: object, other: object, over: Sequence[str]) -> pd.Series:
    """What scores with one value in a column are more than those with another, in points, by the columns `over`.

    rows  of a paper's table: `score`, a fraction, and these columns
    Left out is what the paper does not print of both, and NaN, a training that did not converge. Raises ValueError
    where several scores are alike in all of these columns.
    """
    rows = rows[rows[column].isin([one, other])]
    if several := int(rows[[*over, column]].duplicated().sum()):
        raise ValueError(
            f"{several} scores stand beside others alike in {', '.join([*over, column])}: choose among them"
        )
    left, right = (rows[rows[column] == value].set_index(list(over))["score"] for value in (one, other))
    return 100 * (left - right).dropna()


def gains(more: pd.Series) -> tuple[Estimate, int, int]:
    """What is added to one number a task: the mean with its 95% interval over tasks, and how many tasks gain and lose.

    more  in points, printed in tenths: what is but rounding is neither a gain nor a loss
    """
    return stats.mean_interval(more), int((more > ROUNDED).sum()), int((more < -ROUNDED).sum())


def laid_out(facts: pd.DataFrame, value: str) -> tuple[np.ndarray, np.ndarray]:
    """A published number of every head (12, 12) and MLP (12, 1) of BERT-base; columns component, layer, head, value."""
    kinds = facts.sort_values(["layer", "head"]).groupby("component")[value]
    heads, mlps = (kinds.get_group(kind).to_numpy() for kind in ("heads", "mlps"))
    return heads.reshape(12, 12), mlps.reshape(12, 1)


def beside(sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Tables of several sources in one, in which what they say of the same thing stands line under line, never merged.

    sources  {name: table of texts, a row a thing and a column a task}; one without rows, that says nothing, is left out
    returns  rows in the order of their first appearance, each once for every source that has it; the name of the source
             is the index's last level; columns likewise, "" where a source has none
    """
    tables = {name: table for name, table in sources.items() if len(table)}
    things = list(dict.fromkeys(thing for table in tables.values() for thing in table.index))
    columns = list(dict.fromkeys(column for table in tables.values() for column in table.columns))
    lines = {}
    for thing in things:
        key = thing if isinstance(thing, tuple) else (thing,)
        for name, table in tables.items():
            if thing in table.index:
                lines[(*key, name)] = table.loc[thing].reindex(columns).fillna("")
    first = next(iter(tables.values()))
    names = [*(name or "" for name in first.index.names), "source"]
    return pd.DataFrame(lines.values(), pd.MultiIndex.from_tuples(lines, names=names), columns)
