"""Short word pieces have small embeddings, and are pruned first.

Over the vocabulary, the length of a piece in letters and the norm of its embedding have to be correlated (Spearman) by
more than 0.1; less counts as no correlation. The same has to hold among whole words and among continuation pieces,
each by themselves, because the single letters, which hardly occur in text, are the shortest pieces of all. The paper
infers the claim from a picture of the table of embeddings, in the order of the vocabulary, and measures nothing.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import of_models

PAPER = "gordon2020"
CLAIM = "Shorter word pieces have embeddings of smaller magnitude, and will be pruned earlier than others."
WHERE = "Figures 7 and 9"
TABLE = "gordon_weights"
NOT_OF_MINIATURE = "its words are made up, and only a real vocabulary can speak for or against the claim"
MARGIN = 0.1  # of the rank correlation: the docstring has the reason
AMONG = {"norm_length": "all pieces", "norm_length_words": "whole words", "norm_length_pieces": "continuation pieces"}


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing is printed but a figure."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_weights."""
    rows = table[table["experiment"] == "WeightProfile"]
    return [
        of_models(f"rank correlation of length and embedding, {among}", "", (MARGIN, math.inf), rows[column],
                  rows.get("of.seed"))
        for column, among in AMONG.items()
    ]  # fmt: skip
