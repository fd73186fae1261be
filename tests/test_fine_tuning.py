"""Fine-tuning for no epoch, and until it is enough."""

from dataclasses import replace

import pytest
import torch

from lottery import store
from lottery.models import opening
from lottery.training import early_stopping
from lottery.training.early_stopping import Plan


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


@pytest.mark.parametrize("epochs", [-1.0, "often"])
def test_other_epochs_are_refused(fine_tuning, epochs):
    with pytest.raises(ValueError, match="epochs"):
        replace(fine_tuning, epochs=epochs)
