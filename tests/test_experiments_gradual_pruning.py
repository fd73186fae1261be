"""Gradual pruning, on a tiny BERT in the place of the miniature."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import BertForPreTraining

from lottery import masks, store
from lottery.choices import choose
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.gradual_pruning import GradualPruning
from lottery.experiments.miniature import Miniature
from lottery.experiments.task_model import TaskModel
from lottery.masks import files as mask_files
from lottery.models import families
from lottery.store import Run
from lottery.training import evaluation


@pytest.fixture
def small_world(thirty_documents, monkeypatch, bert_folder):
    """The miniature's parts replaced by the tiny BERT and thirty documents."""

    def perform(self, run):
        torch.manual_seed(1234)
        torch.rand(10)
        run.folder("model", lambda folder: shutil.copytree(bert_folder, folder, dirs_exist_ok=True))
        return {}

    monkeypatch.setattr(Miniature, "perform", perform)
    return Miniature(seed=5, steps=0)


def gradual(start, **change):
    told = {
        "importance": "magnitude",
        "scope": "local",
        "embeddings": True,
        "sparsity": 0.5,
        "steps": 8,
        "ramp": 5,
        "every": 2,
        "recipe": "printed",
        "learning_rate": 1e-3,
        "batch_size": 4,
        "seed": 2,
    }
    return GradualPruning(start=start, **(told | change))


@pytest.mark.parametrize(
    "change", [{}, {"recipe": "released"}, {"ramp": 8}, {"importance": "random"}, {"scope": "global"}]
)
def test_a_gradually_pruned_model_has_the_zeros_of_its_mask(small_world, tmp_path, change):
    pruned = gradual(small_world, **change)
    run = store.perform(pruned, tmp_path)
    mask, _ = mask_files.load(run.path / "mask.safetensors")
    model = BertForPreTraining.from_pretrained(run.path / "model")
    weights = families.prunable(model, embeddings=True)
    assert mask.keys() == weights.keys()
    for name, kept in mask.items():
        assert (weights[name][~kept] == 0).all()
        assert int((~kept).sum()) == round(0.5 * kept.numel()) or pruned.scope == "global"
    assert run.metrics["removed"] == masks.removed(mask)
    assert abs(run.metrics["removed"] - 0.5 * run.metrics["weights"]) <= len(mask) / 2
    assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
    assert np.isfinite(run.metrics["loss"])
    assert run.metrics["loss"] == pytest.approx(run.metrics["mlm_loss"] + run.metrics["nsp_loss"])
    # The same whether the model it starts from was there before or not.
    store.perform(small_world, tmp_path / "again")
    again = store.perform(pruned, tmp_path / "again")
    assert again.metrics == run.metrics


@pytest.mark.parametrize("task", ["cola", "squad"])
def test_what_was_pruned_stays_away_while_the_model_is_fine_tuned(
    small_world, tmp_path, monkeypatch, cola_folder, task
):
    squad = pd.DataFrame(
        {
            "first": ["w1 ?", "w2 w3 ?"] * 4 + ["w1 ?"],
            "second": ["w4 w5 w6", "w7 w8."] * 4 + ["w4 " * 30],
            "answer": ["w5", "w7"] * 4 + ["w4"],
            "start": [3, 0] * 4 + [60],
            "answers": [("w5", "w5 w6"), ("w7",)] * 4 + [("w4",)],
        }
    )
    tables = {"cola": choose("tasks", "cola").read(cola_folder), "squad": {"train": squad, "dev": squad}}
    monkeypatch.setattr(Miniature, "tables", lambda self, name: tables[name])
    tuned = FineTuning(
        start=gradual(small_world),
        task=task,
        epochs=1.0,
        batch_size=8,
        learning_rate=1e-3,
        max_length=16,
        seed=3,
        saved=True,
    )
    run = store.perform(tuned, tmp_path)
    mask = mask_files.load(Run(tuned.start, tmp_path).path / "mask.safetensors")[0]
    model = evaluation.with_head(str(run.path / "model"), choose("tasks", task))
    weights = families.prunable(model, embeddings=True)
    assert len(weights) >= 13
    for name, weight in weights.items():
        assert (weight[~mask[name]] == 0).all()
        assert (weight[mask[name]] != 0).float().mean() > 0.95
    # The long paragraph is 5 examples: windows of 11 of its 30 words, each 5 words after the one before.
    assert run.metrics["steps"] == {"cola": -(-37 // 8), "squad": -(-(8 + 5) // 8)}[task]
    assert len(pd.read_parquet(run.path / "answers.parquet")) == len(tables[task]["dev"])
    assert store.needs(tuned) == [tuned.start]
    assert store.needs(tuned.start) == [small_world]


def test_the_pooler_can_be_left_whole_and_steps_of_pre_training_are_told(
    small_world, tmp_path, monkeypatch, cola_folder
):
    monkeypatch.setattr(Miniature, "tables", lambda self, name: choose("tasks", name).read(cola_folder))
    for pruned, gone in ((gradual(small_world, embeddings=False, pooler=False), 0), (gradual(small_world), 128 + 480)):
        tuned = FineTuning(
            start=pruned,
            task="cola",
            epochs=1.0,
            batch_size=8,
            learning_rate=1e-3,
            max_length=16,
            seed=3,
            saved=True,
        )
        run = store.perform(TaskModel(of=tuned, before=small_world), tmp_path)
        found, mask = run.metrics, pruned.mask(run)
        weights = families.prunable(evaluation.with_head(tuned.weights(run), choose("tasks", "cola")), embeddings=True)
        pooler = weights["pooler.dense.weight"]
        assert int((pooler == 0).sum()) == (128 if gone else 0)
        assert masks.removed(mask) - gone == found["removed"] == found["weights"] / 2
        assert (found["pretraining_steps"], found["steps"]) == (8, 5)
