"""Retrained, bad heads alone do as well as good ones, and so do bad MLPs alone.

The paper cuts heads and MLPs together, so where a bad subnetwork fails, it is open which of them it lacks; in a model
of six layers one MLP is a ninth of the weights of its layers. So good heads are also retrained with bad MLPs, and bad
heads with good ones. What good heads are worth, averaged over good and bad MLPs, and what good MLPs are worth,
averaged over good and bad heads, each has to be below 5 points, as for both together. A model whose search keeps every
head, or every MLP, has no bad ones and is left out.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _prasanna as prasanna
from lottery.claims._evidence import none
from lottery.claims._runs import compared, of_every_world, scores
from lottery.findings.searches import judged
from lottery.findings.subnetworks import CROSSED

PAPER = "prasanna2020"
CLAIM = (
    "Even the worst possible selection of pre-trained BERT components for a given task still contains a lot of useful "
    "information; here of heads and of MLPs apart."
)
WHERE = "section 4.3"
TABLE = "good_random_bad"
NOT_OF_MINIATURE = ""
MARGIN = 5.0  # points: as under the claim on both together
CLAIMED = (-math.inf, MARGIN)
GOOD, GOOD_HEADS, GOOD_MLPS, BAD = CROSSED
EFFECTS = {  # of what is asked: with it good, and with it bad, beside what is good and what is bad of the other part
    "heads": ("what good heads are worth, with good and with bad MLPs", (GOOD, GOOD_HEADS), (GOOD_MLPS, BAD)),
    "mlps": ("what good MLPs are worth, with good and with bad heads", (GOOD, GOOD_MLPS), (GOOD_HEADS, BAD)),
}
MODEL = ["tuned_on", "world", "trial"]


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing: the paper does not take them apart."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    rows = prasanna.retrained(table)
    rows = rows[(rows["pruning"] == "structured") & rows["subnetwork"].isin(CROSSED)]
    crossed = rows.groupby(MODEL, dropna=False)["subnetwork"].transform("nunique") == len(CROSSED)
    return [_worth(part, table, rows[crossed]) for part in EFFECTS]


def _worth(part: str, table: pd.DataFrame, rows: pd.DataFrame) -> Evidence:
    what, *kinds = EFFECTS[part]
    asked = _lacking(part, table)
    models = rows.fillna({"world": -1.0})[MODEL].itertuples(index=False, name=None)
    some = rows[[model in asked for model in models]]
    if some.empty:
        return none(what, "points", CLAIMED, "not recorded")
    return compared(what, CLAIMED, *of_every_world(*(_cells(some, names) for names in kinds)))


def _cells(rows: pd.DataFrame, names: tuple[str, str]) -> pd.DataFrame:
    """The scores of two subnetworks of each model, told apart by whether the other part of them is good."""
    rows = rows[rows["subnetwork"].isin(names)]
    return scores(rows.assign(beside=rows["subnetwork"].map(names.index)), task="tuned_on", seed="trial", cell="beside")


def _lacking(part: str, table: pd.DataFrame) -> set[tuple]:
    """The models of which the search removes some of the heads, or of the MLPs: task, world and seed."""
    searches = judged(table).fillna({"world": -1.0})
    removed = [not all(kept) for kept in searches[f"kept_{part}"]]
    some = searches[removed]
    return set(zip(some["of.task"], some["world"], some["of.seed"], strict=True))
