"""Parts of a table of examples: divided once and for all, and never with one text on both sides."""

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import train_test_split

from lottery.data.examples import seeded


def texts(table: pd.DataFrame) -> pd.Series:
    """The number of each row's text (of the pair of texts, where there are two); rows of one text have one number."""
    words = [table[name].str.split().str.join(" ") for name in ("first", "second") if name in table]
    return table.groupby(words, sort=False).ngroup()


def also_in(train: pd.DataFrame, dev: pd.DataFrame) -> int:
    """How many rows of dev have a text, or a pair of them, that train has too, and that a model may know by heart."""
    text = texts(pd.concat([train, dev], ignore_index=True)).to_numpy()
    return int(np.isin(text[len(train) :], text[: len(train)]).sum())


def at_odds(table: pd.DataFrame) -> int:
    """How many rows have a text that other rows give another label, so that no model can be right on all of them."""
    return int((table.groupby(texts(table))["label"].transform("nunique") > 1).sum())


def texts_of_labels(table: pd.DataFrame) -> pd.Series:
    """How many different texts each label of a table has."""
    return table["label"][~texts(table).duplicated()].value_counts()


def each_label_has(table: pd.DataFrame, share: float) -> bool:
    """Whether `share` of the different texts, stratified, is at least one text of each label."""
    counts = texts_of_labels(table)
    return bool(counts.min() * share >= 1 and len(counts) <= share * counts.sum())


def held_out(table: pd.DataFrame, share: float, *, seed: int, stratified: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two parts of a table, the second with `share` of its different texts, in (0, 1), drawn by `seed`.

    stratified  whether each label is to have its share in both
    Rows of one text go together, since a model knows by heart the answer to a text that it was trained on. Raises
    ValueError where there are too few texts, or texts of a label, for that.
    """
    text = texts(table)
    labels = table["label"][~text.duplicated()] if stratified else None
    parts = train_test_split(range(text.nunique()), test_size=share, random_state=seed, stratify=labels)
    rows = table.groupby(text.to_numpy()).indices
    one, other = (
        table.iloc[np.concatenate([rows[number] for number in part])].reset_index(drop=True) for part in parts
    )
    return one, other


def stratified(table: pd.DataFrame, count: int, *, seed: int) -> pd.DataFrame:
    """A part of a table in which each label, and each range of labels that are numbers, has its share: in their order.

    count  rows, at most so many; 0 means all
    Rows are shuffled by `seed` and sorted by label, and drawn in equal steps from there, so that of every label come as
    many as its share is, rounded up or down.
    """
    if not 0 < count < len(table):
        return table
    shuffled = torch.randperm(len(table), generator=seeded(seed)).numpy()
    by_label = shuffled[table["label"].to_numpy()[shuffled].argsort(kind="stable")]
    steps = (2 * np.arange(count) + 1) * len(table) // (2 * count)
    return table.iloc[np.sort(by_label[steps])].reset_index(drop=True)
