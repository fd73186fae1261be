"""Fine-tuning on a tiny random BERT: scores, seeds, checkpoints, no epoch at all, and until it is enough."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import BertForSequenceClassification

from lottery import store
from lottery.choices import choose
from lottery.experiments.tickets import Cut, Ticket
from lottery.models import families, opening
from lottery.store import Run
from lottery.training import early_stopping, evaluation
from lottery.training.early_stopping import Plan


def encoder(folder):
    return families.prunable(opening.for_classes(str(folder), ("no", "yes")), embeddings=True)


def without_times(run):
    return {name: value for name, value in run.metrics.items() if name != "seconds"}


def test_fine_tuning_ends_with_the_scores_of_the_model_it_saves(fine_tuning, tmp_path, tokenizer):
    run = store.perform(fine_tuning, tmp_path)
    assert run.finished
    assert run.metrics["steps"] == 10  # 37 examples by 8: 5 batches, twice
    task = choose("tasks", "cola")
    model = BertForSequenceClassification.from_pretrained(run.path / "model").eval()
    dev = fine_tuning.start.tables("cola")["dev"]
    with torch.no_grad():
        given = [model(**tokenizer(text, return_tensors="pt")).logits.argmax().item() for text in dev["first"]]
    answers = pd.read_parquet(run.path / "answers.parquet")
    assert answers["answer"].tolist() == [str(answer) for answer in given]
    told = task.metrics(np.array(given), dev["label"].to_numpy())
    assert {name: run.metrics[name] for name in told} == pytest.approx(told)
    assert run.metrics["score"] == run.metrics["matthews"]
    train = fine_tuning.start.tables("cola")["train"]
    with torch.no_grad():
        losses = [
            model(**tokenizer(row.first, return_tensors="pt"), labels=torch.tensor([row.label])).loss.item()
            for row in train.itertuples()
        ]
    assert run.metrics["train_loss"] == pytest.approx(np.mean(losses), abs=1e-5)
    assert not (run.path / "checkpoint.pt").exists()
    assert opening.tokenizer(str(run.path / "model")).get_vocab() == tokenizer.get_vocab()


def test_fine_tuning_repeats_itself_and_depends_on_its_seed(fine_tuning, tmp_path, bert_folder, cola_folder):
    first = store.perform(fine_tuning, tmp_path / "a")
    torch.rand(5)
    second = store.perform(fine_tuning, tmp_path / "b")
    assert first.metrics == second.metrics
    one, other = encoder(first.path / "model"), encoder(second.path / "model")
    assert all(torch.equal(one[name], other[name]) for name in one)
    third = store.perform(replace(fine_tuning, seed=4, saved=False), tmp_path / "a")
    assert third.metrics["train_loss"] != first.metrics["train_loss"]
    assert not (third.path / "model").exists()


def test_the_new_head_is_drawn_from_the_seed(fine_tuning, tmp_path, monkeypatch):
    heads, with_head = [], evaluation.with_head

    def noted(*given, **how):
        model = with_head(*given, **how)
        heads.append(model.classifier.weight.tolist())
        return model

    monkeypatch.setattr(evaluation, "with_head", noted)
    for seed, place in ((3, "a"), (4, "a"), (3, "b")):
        torch.rand(seed)
        store.perform(replace(fine_tuning, seed=seed, epochs=0.1, saved=False), tmp_path / place)
    assert heads[0] == heads[2] != heads[1]


def test_of_a_training_set_as_many_rows_are_drawn_as_asked_and_the_same_for_every_start(
    fine_tuning, tmp_path, tokenizer
):
    whole = fine_tuning.tables("cola")
    few = replace(fine_tuning, train_examples=10)
    drawn = few.tables("cola")["train"]
    assert len(drawn) == 10
    assert few.tables("cola")["dev"].equals(whole["dev"])
    places = [whole["train"]["first"].tolist().index(text) for text in drawn["first"]]
    assert len(set(places)) == 10
    assert places != sorted(places)
    assert drawn["label"].tolist() == whole["train"]["label"].iloc[places].tolist()
    more = replace(few, train_examples=20).tables("cola")["train"]
    assert more["first"].tolist()[:10] == drawn["first"].tolist()
    another = replace(few, train_examples=20, seed=4).tables("cola")["train"]
    assert another["first"].tolist() != more["first"].tolist()
    again = replace(few, start=few, learning_rate=1e-4, epochs=1.0)
    assert sorted(again.tables("cola")["train"]["first"]) == sorted(drawn["first"])
    with pytest.raises(ValueError, match="train_examples = 38: the task has 37; give at most so many"):
        replace(few, train_examples=38).tables("cola")

    part = replace(fine_tuning, train_examples=10, dev_examples=6, stratified=True)
    tables = part.tables("cola")
    assert {split: len(table) for split, table in tables.items()} == {"train": 10, "dev": 6}
    assert replace(part, seed=4).tables("cola")["train"].equals(tables["train"])
    assert part.unseen().empty
    assert replace(part, train_examples=38).tables("cola")["train"].equals(whole["train"])

    run = store.perform(few, tmp_path)
    assert run.metrics["steps"] == 4  # 10 examples by 8: 2 batches, twice
    model = BertForSequenceClassification.from_pretrained(run.path / "model").eval()
    with torch.no_grad():
        losses = [
            model(**tokenizer(row.first, return_tensors="pt"), labels=torch.tensor([row.label])).loss.item()
            for row in drawn.itertuples()
        ]
    assert run.metrics["train_loss"] == pytest.approx(np.mean(losses), abs=1e-5)


class Stop(Exception):
    pass


def test_an_interrupted_fine_tuning_goes_on_from_its_checkpoint(fine_tuning, tmp_path, monkeypatch):
    undisturbed = store.perform(fine_tuning, tmp_path / "a")
    monkeypatch.setattr(Run, "checkpoint", lambda run: store.Checkpoint(run.path / store.CHECKPOINT, 0))
    save, saved = store.Checkpoint.save_if_due, []

    def save_and_stop(self, state):
        save(self, state)
        saved.append(len(state()["losses"]))
        if saved[-1] == 6 and saved.count(6) == 1:
            raise Stop

    monkeypatch.setattr(store.Checkpoint, "save_if_due", save_and_stop)
    with pytest.raises(Stop):
        store.perform(fine_tuning, tmp_path / "b")
    resumed = store.perform(fine_tuning, tmp_path / "b")
    assert saved == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert resumed.metrics == undisturbed.metrics
    whole = (undisturbed.path / "model" / "model.safetensors").read_bytes()
    assert (resumed.path / "model" / "model.safetensors").read_bytes() == whole


@pytest.mark.parametrize("change", [{"batch_size": 0}, {"epochs": -1.0}, {"learning_rate": -1.0}, {"max_length": 0}])
def test_a_fine_tuning_out_of_range_is_refused_before_anything_runs(fine_tuning, change):
    with pytest.raises(ValueError, match=f"FineTuning: {next(iter(change))}"):
        replace(fine_tuning, **change)


def test_more_tokens_than_the_model_has_positions_for_are_refused(fine_tuning, tmp_path):
    with pytest.raises(ValueError, match=r"max_length = 41: .* positions for 40 tokens"):
        store.perform(replace(fine_tuning, max_length=41), tmp_path)


def test_no_epoch_leaves_the_encoder_as_it_is_and_scores_it(fine_tuning, tmp_path):
    run = store.perform(replace(fine_tuning, epochs=0.0), tmp_path)
    (row,) = store.rows([replace(fine_tuning, epochs=0.0)], tmp_path).to_dict("records")
    assert (row["steps"], row["integrated_rate"]) == (0, 0.0)
    assert 0 <= row["accuracy"] <= 1
    saved, given = opening.encoder(str(run.path / "model")), opening.encoder(fine_tuning.start.model)
    for name, tensor in given.state_dict().items():
        assert torch.equal(saved.state_dict()[name], tensor), name


def test_enough_is_told_from_a_part_of_train_that_is_not_trained_on(fine_tuning, tmp_path, monkeypatch):
    monkeypatch.setattr(early_stopping, "plan", lambda per_epoch: Plan(every=2, floor=4, ceiling=30))
    auto = replace(fine_tuning, epochs="auto")
    store.perform(auto, tmp_path)
    (row,) = store.rows([auto], tmp_path).to_dict("records")
    assert 4 <= row["steps"] <= 30
    assert row["best_step"] % 2 == 0
    assert row["best_step"] <= row["steps"]
    learnt, held_out = auto._to_stop_by(auto.task_named("cola"), auto.tables("cola")["train"])
    assert not set(learnt["first"]) & set(held_out["first"])
    assert len(learnt) + len(held_out) == len(auto.tables("cola")["train"])


def test_enough_goes_with_the_printed_recipe_only(fine_tuning, tmp_path):
    with pytest.raises(ValueError, match="'printed' only"):
        store.perform(replace(fine_tuning, epochs="auto", recipe="released"), tmp_path)
    auto = replace(fine_tuning, epochs="auto")
    cut = Cut(of=auto, importance="magnitude", scope="local", embeddings=True, sparsity=0.5, seed=0)
    with pytest.raises(ValueError, match="'printed' only"):
        store.perform(replace(fine_tuning, start=Ticket(of=auto, kept=cut), recipe="released"), tmp_path)


@pytest.mark.parametrize("epochs", [-1.0, "often"])
def test_other_epochs_are_refused(fine_tuning, epochs):
    with pytest.raises(ValueError, match="epochs"):
        replace(fine_tuning, epochs=epochs)


def test_what_says_when_it_is_enough_is_held_out_of_texts_and_not_of_rows(fine_tuning):
    """A label that comes often, but of one text alone, cannot have its share on both sides."""
    auto = replace(fine_tuning, epochs="auto")
    twelve = pd.DataFrame({"first": ["same"] * 12 + [f"text {n}" for n in range(40)], "label": [1] * 12 + [0] * 40})
    learnt, held_out = auto._to_stop_by(auto.task_named("cola"), twelve)
    assert not set(learnt["first"]) & set(held_out["first"])
    assert len(learnt) + len(held_out) == 52
