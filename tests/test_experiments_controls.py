"""What a found ticket is compared with: models redrawn and shuffled, and masks of as many weights."""

import copy
from dataclasses import replace

import pandas as pd
import pytest
import torch
from toy_studies import level
from transformers import BertForPreTraining

from lottery import masks, store
from lottery.experiments import Start, controls
from lottery.experiments.controls import Redrawn, Shuffled
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.gradual_pruning import GradualPruning
from lottery.experiments.iterative_pruning import OnText, Rewound
from lottery.experiments.tickets import Ticket
from lottery.findings.tickets import with_tickets
from lottery.models import opening
from lottery.store import Run


def tuned(start, **change):
    told = {"task": "cola", "epochs": 1.0, "batch_size": 8, "learning_rate": 1e-3, "max_length": 16, "seed": 3}
    return FineTuning(start=start, saved=True, **(told | change))


def test_a_redrawn_model_has_the_shape_and_nothing_of_the_weights(given, tmp_path, bert_folder):
    redrawn = Redrawn(like=given, seed=1)
    run = store.perform(redrawn, tmp_path)
    assert isinstance(redrawn, Start)
    drawn = BertForPreTraining.from_pretrained(redrawn.weights(run)).state_dict()
    trained = BertForPreTraining.from_pretrained(bert_folder).state_dict()
    assert {name: value.shape for name, value in drawn.items()} == {name: v.shape for name, v in trained.items()}
    matrices = [name for name in drawn if drawn[name].ndim == 2]
    assert len(matrices) > 13
    assert all((drawn[name] != trained[name]).float().mean() > 0.9 for name in matrices)
    # Drawn with a spread of 0.02, where the trained one has eight times as much.
    assert 0.015 < torch.cat([drawn[name].flatten() for name in matrices]).std() < 0.025
    again = store.perform(replace(redrawn, seed=2), tmp_path)
    other = BertForPreTraining.from_pretrained(again.path / "model").state_dict()
    assert not torch.equal(other[matrices[0]], drawn[matrices[0]])
    assert opening.tokenizer(redrawn.weights(run)).get_vocab() == opening.tokenizer(bert_folder).get_vocab()


@pytest.mark.parametrize("seed", range(6))
def test_shuffled_layers_have_exchanged_their_matrices_and_nothing_else(given, tmp_path, bert_folder, seed):
    shuffled = Shuffled(like=given, seed=seed)
    run = store.perform(shuffled, tmp_path)
    assert isinstance(shuffled, Start)
    assert run.metrics["order"] == [1, 0]
    ours = dict(BertForPreTraining.from_pretrained(shuffled.weights(run)).named_parameters())
    theirs = dict(BertForPreTraining.from_pretrained(bert_folder).named_parameters())
    exchanged = 0
    for name, value in ours.items():
        if "encoder.layer" in name and value.ndim == 2:
            other = name.replace("layer.0", "layer.X").replace("layer.1", "layer.0").replace("layer.X", "layer.1")
            assert torch.equal(value, theirs[other])
            exchanged += 1
        else:
            assert torch.equal(value, theirs[name])
    assert exchanged == 12


def test_a_single_layer_cannot_be_shuffled(given, tmp_path, config, tokenizer):
    single = copy.deepcopy(config)
    single.num_hidden_layers = 1
    opening.save(BertForPreTraining(single), tokenizer, tmp_path / "single")
    with pytest.raises(ValueError, match="one layer"):
        store.perform(Shuffled(like=replace(given, model=str(tmp_path / "single")), seed=0), tmp_path)


def test_controls_have_as_many_weights_as_the_ticket_found_and_differ_in_one_thing(small_world, tmp_path):
    second = level(small_world, 2, per_level=0.3)
    run = Run(second, tmp_path)
    tickets = {kind: controls.ticket(kind, second) for kind in controls.KINDS}
    found = {kind: ticket.mask(run) for kind, ticket in tickets.items()}
    assert {masks.removed(mask) for mask in found.values()} == {masks.removed(found["iterative"])}
    for kind in ("redrawn", "shuffled"):
        assert masks.share_different(found[kind], found["iterative"]) == 0
        assert tickets[kind].weights(run) != tickets["iterative"].weights(run)
    for kind in ("one_shot", "random", "random_model"):
        assert tickets[kind].weights(run) == small_world.weights(run)
    # Of a mask drawn without a look at the weights a share of 2 s (1 - s) differs, give or take some 0.006 here.
    for kind in ("random", "random_model"):
        assert masks.share_different(found[kind], found["one_shot"]) == pytest.approx(0.48, abs=0.05)
    assert masks.share_different(found["random"], found["random_model"]) > 0.4
    assert controls.ticket("iterative", replace(second, rewind_step=2)).of == Rewound(
        pruning=replace(second, rewind_step=2)
    )
    assert controls.ticket("iterative", replace(second, rewind_step=None)).of == small_world


def test_fine_tunings_are_told_from_one_another_by_their_columns(small_world):
    found = level(small_world, 7, per_level=0.1)
    text = replace(found, training=OnText(steps=6, batch_size=4, learning_rate=1e-2), rewind_step=None)
    remaining = replace(found, of="remaining", rewind_step=2)
    starts = [small_world, *(controls.ticket(kind, found) for kind in controls.KINDS)]
    starts += [controls.ticket("iterative", other) for other in (text, remaining)]
    pruned = GradualPruning(
        start=small_world,
        importance="magnitude",
        scope="local",
        embeddings=True,
        sparsity=0.7,
        steps=8,
        ramp=5,
        every=2,
        recipe="printed",
        learning_rate=1e-3,
        batch_size=4,
        seed=2,
    )
    starts += [Ticket(of=small_world, kept=pruned), pruned]
    rows = with_tickets(pd.DataFrame([store.flattened(tuned(start)) for start in starts]))
    assert rows["ticket"].tolist() == ["full", *controls.KINDS, "iterative", "iterative", "gradual", "recovered"]
    assert rows["sparsity"].tolist() == [0.0, *[0.7] * 7, pytest.approx(1 - 0.9**7), 0.7, 0.7]
    named = rows.set_index("ticket")["source"]
    assert set(named[["redrawn", "shuffled"]]) == {"cola"}
    assert named["iterative"].tolist() == ["cola", "mlm", "cola"]
    assert set(named.drop(["iterative", "redrawn", "shuffled"])) == {""}
    iterative = rows[rows["ticket"] == "iterative"]
    assert iterative["of"].tolist() == ["original", "original", "remaining"]
    assert iterative["rewind_step"].astype(float).fillna(-1).tolist() == [0, -1, 2]
