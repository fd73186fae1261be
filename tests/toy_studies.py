"""Texts, levels and maps by which experiments of a tiny random BERT are tested, whichever file they stand in."""

import pandas as pd
from transformers import BertModel

from lottery.attention import maps as attention_maps
from lottery.data import examples
from lottery.experiments.iterative_pruning import IterativePruning, OnTask

DOCUMENTS = [[f"w{d} w{(d + s) % 50} w{s}" for s in range(6)] for d in range(30)]


def level(start, number, **change):
    told = {
        "training": OnTask(task="cola", epochs=1.0, batch_size=8, learning_rate=1e-2, max_length=16),
        "per_level": 0.3,
        "of": "original",
        "rewind_step": 0,
        "scope": "global",
        "embeddings": False,
        "pooler": True,
        "seed": 3,
    }
    return IterativePruning(start=start, level=number, **(told | change))


def maps_of(start, tokenizer, kind="raw", **ways):
    """{row of dev: (2, 4, n, n)} of all sentences of 8 tokens or more, each alone."""
    model, found = BertModel.from_pretrained(start.model).eval(), {}
    for row, text in enumerate(start.tables("cola")["dev"]["first"]):
        given = examples.encode(pd.DataFrame({"first": [text], "label": [0]}), tokenizer, 16)
        if given.lengths[0] >= 8:
            ((_, found[row]),) = attention_maps.MAPS[kind](model, given, **ways)
    return found
