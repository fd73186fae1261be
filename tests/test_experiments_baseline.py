"""A baseline as an experiment, on a tiny tokenizer: its scores, its seed, and what is refused."""

import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import BertForPreTraining

from lottery import store
from lottery.choices import choose, offered
from lottery.experiments import starts
from lottery.models import opening

KINDS = offered("baselines")


@pytest.mark.parametrize("kind", KINDS)
def test_a_baseline_ends_with_the_scores_of_its_answers_and_repeats_itself_bit_by_bit(baseline, kind, tmp_path):
    asked = replace(baseline, kind=kind)
    run = store.perform(asked, tmp_path / "a")
    torch.rand(5)
    again = store.perform(asked, tmp_path / "b")
    assert run.metrics == again.metrics
    answers = pd.read_parquet(run.path / "answers.parquet")
    assert answers.equals(pd.read_parquet(again.path / "answers.parquet"))
    dev = asked.start.tables("cola")["dev"]
    assert answers["label"].tolist() == dev["label"].astype(str).tolist()
    told = choose("tasks", "cola").metrics(answers["answer"].astype(int).to_numpy(), dev["label"].to_numpy())
    assert {name: run.metrics[name] for name in told} == pytest.approx(told, nan_ok=True)
    assert run.metrics["score"] == run.metrics["matthews"]
    assert run.metrics["constant"] == (len(set(answers["answer"])) == 1)
    assert run.metrics["majority"] == 0
    assert run.metrics["majority_accuracy"] == dev["label"].value_counts(normalize=True).max()
    assert run.metrics["steps"] == 10  # 37 examples by 8: 5 batches, twice
    # Embeddings, LSTM (two directions, four gates, two biases), hidden layer, answers.
    lstm, size = (0, 6) if kind == "cbow" else (2 * 4 * (2 * 6 * 6 + 2 * 6), 12)
    assert run.metrics["model_size"] == 60 * 6 + lstm + size * 6 + 6 + 6 * 2 + 2
    assert not (run.path / "checkpoint.pt").exists()
    other = store.perform(replace(asked, seed=4), tmp_path / "a")
    assert other.metrics["train_loss"] != run.metrics["train_loss"]


def test_a_baseline_has_nothing_of_the_starts_model_but_its_tokenizer(baseline, tmp_path, tokenizer, config):
    torch.manual_seed(99)
    opening.save(BertForPreTraining(config), tokenizer, tmp_path / "other")
    other = replace(baseline, start=replace(baseline.start, model=str(tmp_path / "other")))
    assert store.key(other) != store.key(baseline)
    told, same = (store.perform(asked, tmp_path / "results").metrics for asked in (baseline, other))
    assert told == same


def test_data_can_be_given_beside_the_start(baseline, tmp_path, cola_folder):
    elsewhere = replace(baseline, start=replace(baseline.start, data=str(tmp_path)), data=str(cola_folder))
    assert store.perform(elsewhere, tmp_path).metrics == store.perform(baseline, tmp_path).metrics


def test_numbers_and_pairs_are_learnt_as_well(baseline, bert_folder, tmp_path):
    lines = [f"w{i % 7} w1,w{i % 5},{i / 10}\n" for i in range(30)]
    (tmp_path / "mine.csv").write_text("one,two,how\n" + "".join(lines))
    columns = {"text": "one", "second": "two", "label": "how", "labels": "numbers"}
    start = starts.Own(model=bert_folder, train=str(tmp_path / "mine.csv"), dev="", dev_share=0.2, **columns)
    run = store.perform(replace(baseline, start=start, task="own"), tmp_path / "results")
    assert {"score", "pearson", "spearman", "majority"} <= run.metrics.keys()
    assert "majority_accuracy" not in run.metrics
    dev = start.tables("own")["dev"]["label"]
    answers = pd.read_parquet(run.path / "answers.parquet").astype({"answer": float})["answer"]
    assert run.metrics["pearson"] == pytest.approx(np.corrcoef(answers, dev)[0, 1])
    size = 60 * 6 + 4 * 6 * 6 + 6 + 6 + 1
    assert run.metrics["model_size"] == size


def test_what_is_no_class_and_no_number_is_refused(baseline, tmp_path):
    with pytest.raises(ValueError, match=r"task = 'squad' asks for a part of the text.*give a task of classes"):
        store.perform(replace(baseline, task="squad"), tmp_path)


def test_a_tokenizer_without_separators_is_refused(baseline, tmp_path, monkeypatch, tokenizer):
    bare = copy.deepcopy(tokenizer)
    bare.sep_token = None
    monkeypatch.setattr(opening, "tokenizer", lambda source: bare)
    with pytest.raises(ValueError, match=r"no separator token: name one in its tokenizer_config\.json"):
        store.perform(baseline, tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "cbwo"}, "did you mean 'cbow'"),
        ({"epochs": 0.0}, "epochs = 0.0"),
        ({"width": 0}, "width = 0"),
        ({"learning_rate": -1.0}, "learning_rate = -1.0"),
    ],
)
def test_a_baseline_out_of_range_is_refused_before_anything_runs(baseline, change, told):
    with pytest.raises(ValueError, match=told):
        replace(baseline, **change)
