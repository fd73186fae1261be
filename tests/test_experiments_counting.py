"""What counting models lose at the words that are hidden from every BERT, counted here in plain loops."""

from math import log

import pytest

from lottery import miniature, store
from lottery.experiments import miniature_text
from lottery.experiments.counting import Counting
from lottery.experiments.miniature_text import HELD_OUT_SEED, MiniatureText
from lottery.miniature.language import Language
from lottery.training import pretraining


def test_a_unigram_loses_what_its_counts_say_and_neighbours_help(tmp_path, monkeypatch):
    monkeypatch.setattr(miniature_text, "HELD_OUT_DOCUMENTS", 10)
    monkeypatch.setattr(miniature, "DOCUMENTS", 60)
    run = store.perform(Counting(seed=5), tmp_path)
    tokenizer = miniature.tokenizer(Language(5))
    train, held_out = miniature_text.text(run, MiniatureText(seed=5), tokenizer)
    seen = [number for ids in train.sequences["input_ids"] for number in ids.tolist()]
    hidden = []
    for batch in pretraining.held_out_batches(held_out, tokenizer, seed=HELD_OUT_SEED):
        hidden += [label for label in batch["labels"].flatten().tolist() if label >= 0]
    assert len(hidden) > 50
    vocabulary = len(tokenizer.get_vocab())
    each = [-log((seen.count(word) + 1) / (len(seen) + vocabulary)) for word in hidden]
    assert run.metrics["unigram_loss"] == pytest.approx(sum(each) / len(each))
    assert run.metrics["ngram_loss"] < run.metrics["unigram_loss"]
