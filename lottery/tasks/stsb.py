"""STS-B: how alike in meaning are two sentences, from 0 to 5? (Cer et al. 2017, arXiv:1708.00055)."""

from pathlib import Path

import pandas as pd

from lottery.data import glue_files
from lottery.data.metrics import correlations

TITLE = "STS-B"
KIND = "regression"
LABELS = ()
WORDS = (("Yes",), ("yes",))
PAIR = True
METRIC = "pearson_spearman"
FOLDER = "STS-B"


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Train and dev as published: columns first, second, label in [0, 5]."""
    columns = {"first": "sentence1", "second": "sentence2", "label": "score"}
    return {
        split: glue_files.read_split(folder / f"{split}.tsv", columns, (), between=(0, 5)) for split in ("train", "dev")
    }


metrics = correlations
