"""Texts whose class one of their words tells, and what a saved model answers to them, text by text."""

import numpy as np
import pandas as pd
import torch
from transformers import BertTokenizer

from lottery.experiments.component_times import ComponentTimes
from lottery.models import opening

UNITS = {"whole": 1.0, "head": 8e-3, "neuron": 1e-3, "threads": 1}  # of time, whatever else goes on


def rows() -> pd.DataFrame:
    """300 of them, the columns text and mood."""
    draw, made = np.random.default_rng(0), []
    for _ in range(300):
        good = draw.random() < 0.5
        words = [f"w{draw.integers(10, 50)}" for _ in range(6)] + [f"w{draw.integers(0, 5) + 5 * good}"]
        made.append((" ".join(draw.permutation(words)), ("blame", "praise")[good]))
    return pd.DataFrame(made, columns=["text", "mood"])


@torch.no_grad()
def first_vectors(folder, texts):
    """What a saved encoder makes of the first token of each text, text by text: (n, width), of length 1."""
    model, tokenizer = opening.bare_encoder(str(folder)).eval(), BertTokenizer.from_pretrained(folder)
    found = [
        model(**tokenizer(text, truncation=True, max_length=16, return_tensors="pt")).last_hidden_state[0, 0]
        for text in texts
    ]
    return np.stack([(each / each.norm()).numpy() for each in found])


@torch.no_grad()
def by_hand(folder, table):
    """The answers of a saved model, text by text."""
    model, tokenizer = opening.as_saved(str(folder)).eval(), BertTokenizer.from_pretrained(folder)
    return [
        model(**tokenizer(text, truncation=True, max_length=16, return_tensors="pt")).logits.argmax().item()
        for text in table["first"]
    ]


def shrunk(words: list[str]) -> None:
    """Be the command `lottery` with these words, which tries two sizes and finds times that are always the same."""
    from lottery.suite import cli, shrinking

    ComponentTimes.perform = lambda self, run: UNITS
    shrinking.LADDER = (0.3, 0.5)
    cli.main(words)
