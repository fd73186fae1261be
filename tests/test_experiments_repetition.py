"""Repetition: the second fine-tuning is another process's, the same bits are told as such, others measured."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file

from lottery import store
from lottery.experiments import repetition
from lottery.experiments.repetition import Repetition


def test_the_same_threads_and_instructions_repeat_every_bit(fine_tuning, tmp_path):
    again = Repetition(of=fine_tuning, instructions="all", threads=torch.get_num_threads(), pretrained_too=False)
    run = store.perform(again, tmp_path)
    told = run.metrics
    assert (told["same_weights"], told["farthest"], told["changed_answers"], told["changed_mask"]) == (1, 0, 0, 0)
    assert told["score"] == told["again"]
    assert told["threads_before"] == torch.get_num_threads()
    assert sorted(path.name for path in run.path.iterdir() if path.is_dir()) == []


def test_what_differs_is_measured_and_the_other_process_was_told_how_to_compute(fine_tuning, tmp_path, monkeypatch):
    """By numpy, from the files that both have left."""
    monkeypatch.setattr(repetition, "shutil", SimpleNamespace(rmtree=lambda _: None))
    monkeypatch.setenv("MKL_NUM_THREADS", "1")  # as a worker finds it, which torch heeds more than the other
    other = Repetition(of=fine_tuning, instructions="avx2", threads=2, pretrained_too=False)
    run = store.perform(other, tmp_path)
    (second,) = (run.path / ".again/FineTuning").iterdir()
    made = json.loads((second / "provenance.json").read_text())
    assert made["threads"] == 2
    if "x86_64" in made["device"]:
        assert "AVX2" in made["device"]
    folders = [tmp_path / "FineTuning" / second.name, second]
    before, after = (load_file(folder / "model/model.safetensors") for folder in folders)
    encoder = [name for name in before if re.search(r"bert.*(word_embeddings|\.layer\..*|pooler.dense)\.weight$", name)]
    encoder = [name for name in encoder if before[name].ndim > 1]
    same = np.concatenate([(before[name] == after[name]).ravel() for name in encoder])
    assert run.metrics["same_weights"] == pytest.approx(same.mean())
    assert run.metrics["farthest"] == max(np.abs(before[name] - after[name]).max() for name in encoder)
    answers = [pd.read_parquet(folder / "answers.parquet")["answer"].tolist() for folder in folders]
    assert run.metrics["changed_answers"] == np.mean([a != b for a, b in zip(*answers, strict=True)])
    larger = []
    for weights in (before, after):
        halves = []
        for name in encoder:
            if ".layer." in name:
                size = np.abs(weights[name]).ravel()
                halves.append(size >= np.sort(size)[size.size // 2])
        larger.append(np.concatenate(halves))
    assert run.metrics["changed_mask"] == np.mean(larger[0] != larger[1])


def test_differences_are_shares_of_weights_and_rows():
    assert repetition._share(torch.tensor([True, False, False, False])) == 0.25
    tables = (pd.DataFrame({"answer": list(words)}) for words in ("abcd", "abxy"))
    assert repetition._changed(*tables) == 0.5


def test_what_is_not_saved_or_fails_is_told(fine_tuning, tmp_path, monkeypatch):
    how = {"instructions": "all", "threads": 1, "pretrained_too": False}
    with pytest.raises(ValueError, match="saved=True"):
        store.perform(Repetition(of=replace(fine_tuning, saved=False), **how), tmp_path)
    monkeypatch.setattr(repetition, "CALLED", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(RuntimeError, match="the second fine-tuning failed: it ended with -9"):
        store.perform(Repetition(of=fine_tuning, **how), tmp_path)
    monkeypatch.setattr(repetition, "CALLED", "raise SystemExit('no memory')")
    with pytest.raises(RuntimeError, match="the second fine-tuning failed: no memory"):
        store.perform(Repetition(of=fine_tuning, **how), tmp_path)
