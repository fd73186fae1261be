"""What trained weights take, counted by hand and in loops, for every road that leads to a pruned model."""

from dataclasses import replace

import pytest
from transformers import BertForSequenceClassification

from lottery import store
from lottery.experiments.iterative_pruning import IterativePruning, OnTask, Rewound
from lottery.experiments.learned_mask import LearnedMask
from lottery.experiments.pruned_score import PrunedScore
from lottery.experiments.task_model import TaskModel
from lottery.experiments.tickets import Cut, Ticket

MATRICES = 2 * (4 * 16 * 16 + 2 * 16 * 24)
PRINTED = {"importance": "magnitude", "scope": "local", "embeddings": False, "pooler": False, "seed": 1}


@pytest.fixture
def whole(fine_tuning):
    return TaskModel(of=fine_tuning, before=fine_tuning.start)


def differing(folder, bert_folder, gone=None):
    """Numbers of the encoder that moved and are not 0, one tensor at a time; `gone`: those of a mask as well."""
    before, after = (BertForSequenceClassification.from_pretrained(place).bert for place in (bert_folder, folder))
    found, old = 0, dict(before.named_parameters())
    for name, tensor in after.named_parameters():
        for place, (one, other) in enumerate(zip(tensor.flatten().tolist(), old[name].flatten().tolist(), strict=True)):
            removed = gone is not None and name in gone and not gone[name].flatten()[place]
            found += one != other and one != 0 and not removed
    return found


def test_of_a_whole_model_nearly_everything_changes(whole, fine_tuning, bert_folder, tmp_path):
    run = store.perform(whole, tmp_path)
    found, trained = run.metrics, run.need(fine_tuning)
    assert (found["removed"], found["weights"], found["sparsity_met"]) == (0, MATRICES, 0.0)
    assert found["changed"] == differing(trained.path / "model", bert_folder) > 2 * MATRICES / 3
    model = BertForSequenceClassification.from_pretrained(trained.path / "model")
    assert found["trained"] == sum(parameter.numel() for parameter in model.parameters())
    assert (found["steps"], found["pretraining_steps"]) == (trained.metrics["steps"], 0)
    assert (found["score"], found["majority"]) == (trained.metrics["score"], trained.metrics["majority"])


def test_what_is_cut_at_the_end_was_trained_but_is_not_stored(whole, fine_tuning, bert_folder, tmp_path):
    cut = Cut(of=fine_tuning, sparsity=0.5, **PRINTED)
    run = store.perform(replace(whole, kept=cut), tmp_path)
    found, tuned = run.metrics, run.need(fine_tuning)
    assert (found["removed"], found["sparsity_met"]) == (MATRICES // 2, 0.5)
    assert found["changed"] == differing(tuned.path / "model", bert_folder, cut.mask(run))
    assert found["trained"] == run.need(whole).metrics["trained"]
    assert found["score"] == run.need(PrunedScore(of=fine_tuning, kept=cut)).metrics["score"]


def test_what_is_held_at_zero_is_not_trained_and_both_trainings_count(whole, fine_tuning, bert_folder, tmp_path):
    ticket = Ticket(of=fine_tuning, kept=Cut(of=fine_tuning, sparsity=0.5, **PRINTED))
    retrained = replace(fine_tuning, start=ticket, epochs=1.0)
    run = store.perform(replace(whole, of=retrained), tmp_path)
    found, steps = run.metrics, [run.need(each).metrics["steps"] for each in (fine_tuning, retrained)]
    assert steps[0] != steps[1]
    assert found["steps"] == sum(steps)
    assert found["removed"] == MATRICES // 2
    assert found["trained"] == run.need(whole).metrics["trained"] - MATRICES // 2
    assert found["changed"] == differing(run.need(retrained).path / "model", bert_folder)


def test_all_levels_count_among_the_steps(whole, fine_tuning, tmp_path):
    level = IterativePruning(
        start=fine_tuning.start,
        training=OnTask(task="cola", epochs=1.0, batch_size=8, learning_rate=1e-3, max_length=16),
        level=2,
        per_level=0.5,
        of="remaining",
        rewind_step=0,
        scope="global",
        embeddings=False,
        pooler=False,
        seed=3,
    )
    ticket = Ticket(of=Rewound(pruning=level), kept=level)
    run = store.perform(replace(whole, of=replace(fine_tuning, start=ticket)), tmp_path)
    assert run.metrics["sparsity_met"] == 0.75
    assert run.metrics["steps"] == 5 + 5 + 10  # 37 examples in batches of 8: five in an epoch
    assert run.metrics["pretraining_steps"] == 0


def test_its_metrics_are_called_as_those_of_a_learned_mask(whole, fine_tuning, tmp_path):
    how = {"sparsity": 0.5, "epochs": 1.0, "ramp": 0.5, "batch_size": 8, "score_rate": 0.02, "weight_rate": 1e-3}
    how |= {"strength": 0.0, "pressing": "ramp", "max_length": 16, "seed": 3, "task": "cola", "method": "movement"}
    learned = store.perform(LearnedMask(start=fine_tuning.start, **how), tmp_path).metrics
    found = store.perform(whole, tmp_path).metrics
    assert found.keys() - learned.keys() == {"pretraining_steps"}
    assert all(type(learned[name]) is type(value) for name, value in found.items() if name in learned)
