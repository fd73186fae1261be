"""Iterative pruning: counts, nested masks, exact rewinding, snapshots."""

import copy

import numpy as np
import pytest
import torch
from toy_studies import level
from transformers import BertForPreTraining, BertForSequenceClassification

from lottery import masks, store, training
from lottery.experiments import Kept, Pretrained, Start, iterative_pruning
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.iterative_pruning import OnText, Rewound
from lottery.experiments.tickets import Cut, Ticket
from lottery.masks import files as mask_files
from lottery.models import families, opening
from lottery.store import Run
from lottery.training import evaluation, pretraining
from lottery.training.evaluation import Exam


@pytest.fixture
def trainings(monkeypatch):
    """What every training of a level began with, held after each update, and ended with; in the order they happened."""
    seen = []
    real = training.train

    def train(model, optimizer, batch_at, **how):
        then, states = how["after_step"], []

        def after_step(step):
            then(step)
            states.append(copy.deepcopy(model.state_dict()))

        seen.append({"began": copy.deepcopy(model.state_dict()), "after": states, "batches": batch_at, **how})
        return real(model, optimizer, batch_at, **(how | {"after_step": after_step}))

    monkeypatch.setattr(iterative_pruning.training, "train", train)
    return seen


def under_bert(state, mask):
    return {name: state[f"bert.{name}"] for name in mask}


def classifier(folder):
    return BertForSequenceClassification.from_pretrained(folder).state_dict()


def test_levels_are_kept_not_starts_and_need_the_one_before(given, tmp_path):
    third = level(given, 3)
    assert isinstance(third, Kept)
    assert not isinstance(third, Start)
    assert isinstance(Rewound(pruning=third), Start)
    assert store.needs(third) == [level(given, 2)]
    assert store.needs(level(given, 1)) == []
    assert store.needs(Ticket(of=given, kept=third)) == [third]
    assert len(store.flattened(third)) == len(store.flattened(level(given, 1)))


@pytest.mark.parametrize("of", ["original", "remaining"])
@pytest.mark.parametrize("scope", ["global", "local"])
def test_every_level_removes_the_smallest_of_what_was_left_by_exact_count(given, tmp_path, trainings, of, scope):
    """Judged by sorting Python numbers: the largest of the trained weights that were left remain."""
    third = level(given, 3, of=of, scope=scope)
    store.perform(third, tmp_path)
    total, before, gone_before = None, None, 0
    for number, trained in enumerate(trainings, start=1):
        now = level(given, number, of=of, scope=scope)
        run = Run(now, tmp_path)
        mask = now.mask(run)
        assert "pooler.dense.weight" in mask
        assert len(mask) == 13
        total = sum(kept.numel() for kept in mask.values())
        share = {"original": [0.3, 0.6, 0.9], "remaining": [0.3, 0.51, 0.657]}[of][number - 1]
        ended = under_bert(trained["after"][-1], mask)
        before = before or {name: torch.ones_like(kept) for name, kept in mask.items()}
        for names in [list(mask)] if scope == "global" else [[name] for name in mask]:
            size = sum(mask[name].numel() for name in names)
            gone = round(share * size)
            assert sum(int((~mask[name]).sum()) for name in names) == gone
            was = sorted(abs(w) for name in names for w in ended[name][before[name]].tolist())
            stays = sorted(abs(w) for name in names for w in ended[name][mask[name]].tolist())
            assert stays == was[len(was) - (size - gone) :]
        assert all((before[name] | ~kept).all() for name, kept in mask.items())
        removed = masks.removed(mask)
        assert (run.metrics["removed"], run.metrics["weights"]) == (removed, total)
        assert run.metrics["sparsity"] == now.sparsity == share
        assert run.metrics["trained_sparsity"] == gone_before / total
        assert mask_files.load(run.path / "mask.safetensors")[1]["sparsity_asked"] == repr(share)
        before, gone_before = mask, removed
    assert len(trainings) == 3


def test_what_was_removed_stays_away_even_where_a_trained_weight_is_0_as_well(given, tmp_path, monkeypatch):
    """A training that leaves zeros in front of those that were removed: among equal magnitudes they would go first."""
    first = level(given, 1)
    before = first.mask(store.perform(first, tmp_path))
    second = level(given, 2)

    @torch.no_grad()
    def train(model, optimizer, batch_at, **how):
        for matrix in families.prunable(model, embeddings=False, pooler=False).values():
            matrix.zero_()
        return []

    monkeypatch.setattr(iterative_pruning.training, "train", train)
    after = second.mask(store.perform(second, tmp_path))
    assert masks.removed(after) == 2 * masks.removed(before)
    assert all((before[name] | ~kept).all() for name, kept in after.items())


@pytest.mark.parametrize("rewind_step", [0, 2])
def test_after_rewinding_every_kept_weight_is_that_of_the_snapshot_and_the_rest_0(
    given, tmp_path, trainings, bert_folder, rewind_step
):
    third = level(given, 3, rewind_step=rewind_step)
    run = store.perform(third, tmp_path)
    first, *others = trainings
    if rewind_step:
        snapshot = first["after"][rewind_step - 1]
    else:
        snapshot = first["began"]
        encoder = BertForPreTraining.from_pretrained(bert_folder).state_dict()
        assert all(torch.equal(snapshot[n], encoder[n]) for n in snapshot if n.startswith("bert."))
    for number, trained in enumerate(others, start=1):
        mask = level(given, number, rewind_step=rewind_step).mask(run)
        assert trained["began"].keys() == snapshot.keys()
        for name, value in trained["began"].items():
            kept = mask.get(name.removeprefix("bert."), torch.ones_like(value, dtype=torch.bool))
            assert torch.equal(value[kept], snapshot[name][kept])
            assert (value[~kept] == 0).all()
        moved = trained["after"][-1]
        assert any(not torch.equal(moved[name], snapshot[name]) for name in snapshot)
    # The ticket that is given to others begins there, too.
    ticket = Ticket(of=Rewound(pruning=third), kept=third)
    opened = opening.encoder_weights(ticket.weights(run), embeddings=False)
    mask = ticket.mask(run)
    assert all(torch.equal(opened[name], snapshot[f"bert.{name}"]) for name in mask)
    assert masks.removed(mask) == run.metrics["removed"]


def test_the_snapshot_is_taken_at_its_step_and_does_not_follow_the_training(given, tmp_path, trainings):
    first = level(given, 1, rewind_step=2)
    run = store.perform(first, tmp_path)
    saved = classifier(first.rewound(run))
    states = trainings[0]["after"]
    assert len(states) == run.metrics["steps"] == 5
    for step, state in enumerate(states, start=1):
        assert all(torch.equal(saved[name], state[name]) for name in saved) == (step == 2)


def test_a_rewound_level_goes_on_where_the_snapshot_was_taken(given, tmp_path, trainings):
    """Of 5 updates the last 3, with their batches and their learning rates; no warm-up, as a tenth of 5 rounds to 0."""
    second = store.perform(level(given, 2, rewind_step=2), tmp_path)
    first = store.perform(level(given, 1, rewind_step=2), tmp_path)
    assert (first.metrics["steps"], second.metrics["steps"]) == (5, 3)
    assert first.metrics["integrated_rate"] == pytest.approx(1e-2 * (1 + 0.8 + 0.6 + 0.4 + 0.2))
    assert second.metrics["integrated_rate"] == pytest.approx(1e-2 * (0.6 + 0.4 + 0.2))
    whole, rest = trainings
    for step in range(3):
        assert torch.equal(rest["batches"](step)["input_ids"], whole["batches"](step + 2)["input_ids"])


def test_without_rewinding_a_level_goes_on_from_the_trained_weights(given, tmp_path, trainings):
    second = level(given, 2, rewind_step=None)
    run = store.perform(second, tmp_path)
    mask = second.preceding[0].mask(run)
    ended, began = trainings[0]["after"][-1], trainings[1]["began"]
    for name, value in began.items():
        kept = mask.get(name.removeprefix("bert."), torch.ones_like(value, dtype=torch.bool))
        assert torch.equal(value, ended[name] * kept)
    with pytest.raises(ValueError, match="never rewinds"):
        second.rewound(run)


def test_the_score_is_that_of_the_ticket_that_was_trained(
    given, tmp_path, trainings, bert_folder, tokenizer, monkeypatch
):
    """Of the weights the training ended with, not of what the cut after it leaves."""
    scored, real = [], Exam.score

    def score(exam, model):
        scored.append(copy.deepcopy(model.state_dict()))
        return real(exam, model)

    monkeypatch.setattr(Exam, "score", score)
    run = store.perform(level(given, 2), tmp_path)
    ended = trainings[1]["after"][-1]
    assert len(scored) == 2
    assert all(torch.equal(scored[1][name], ended[name]) for name in ended)
    model = evaluation.with_head(bert_folder, given.task_named("cola"))
    model.load_state_dict(ended)
    found, _ = real(Exam(given.task_named("cola"), given.tables("cola"), tokenizer, 16), model)
    assert {name: run.metrics[name] for name in found} == pytest.approx(found, nan_ok=True)


def test_pre_training_is_a_source_of_masks_as_well(small_world, tmp_path, trainings, bert_folder, tokenizer):
    on_text = OnText(steps=6, batch_size=4, learning_rate=1e-2)
    second = level(small_world, 2, training=on_text, rewind_step=0)
    run = store.perform(second, tmp_path)
    mask, before = second.mask(run), second.preceding[0].mask(run)
    start = BertForPreTraining.from_pretrained(bert_folder).state_dict()
    for name, value in trainings[1]["began"].items():
        kept = before.get(name.removeprefix("bert."), torch.ones_like(value, dtype=torch.bool))
        assert torch.equal(value, start[name] * kept)
    assert masks.removed(mask) == round(0.6 * run.metrics["weights"])
    assert run.metrics["steps"] == 6
    assert run.metrics["score"] == run.metrics["mlm_accuracy"]
    model = opening.for_pretraining(bert_folder)
    model.load_state_dict(trainings[1]["after"][-1])
    held_out = small_world.text(run, tokenizer)[1]
    assert run.metrics["loss"] == pytest.approx(pretraining.evaluate(model, held_out, tokenizer, seed=0)["loss"])


def test_what_cannot_be_pruned_iteratively_is_refused_in_a_sentence(given, tmp_path):
    with pytest.raises(ValueError, match=r"level = 10 of 0.1 .* give a lower level"):
        level(given, 10, per_level=0.1)
    assert level(given, 10, per_level=0.1, of="remaining").sparsity == pytest.approx(1 - 0.9**10)
    assert level(given, 3, per_level=0.1).sparsity == 0.3
    assert not isinstance(given, Pretrained)
    with pytest.raises(ValueError, match="a Given brings no text"):
        level(given, 1, training=OnText(steps=1, batch_size=1, learning_rate=1e-3))
    with pytest.raises(ValueError, match=r"IterativePruning: level = 0"):
        level(given, 0)
    with pytest.raises(ValueError, match=r"rewind_step = 5: a level has 5 updates"):
        store.perform(level(given, 1, rewind_step=5), tmp_path)
    cut = Cut(of=given, importance="magnitude", scope="local", embeddings=True, sparsity=0.4, seed=1)
    with pytest.raises(ValueError, match="Ticket is pruned already"):
        store.perform(level(Ticket(of=given, kept=cut), 1), tmp_path)


def tuned(start, **change):
    told = {"task": "cola", "epochs": 1.0, "batch_size": 8, "learning_rate": 1e-3, "max_length": 16, "seed": 3}
    return FineTuning(start=start, saved=True, **(told | change))


def test_the_rewound_ticket_is_fine_tuned_like_any_other(given, tmp_path):
    second = level(given, 2, rewind_step=2)
    ticket = tuned(Ticket(of=Rewound(pruning=second), kept=second))
    run = store.perform(ticket, tmp_path)
    weights = classifier(run.path / "model")
    assert all((weights[f"bert.{name}"][~kept] == 0).all() for name, kept in second.mask(run).items())
    assert np.isfinite(run.metrics["train_loss"])
    assert store.needs(ticket) == [second, second]
