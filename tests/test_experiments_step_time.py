"""StepTime: which steps are timed, and that they are steps of the method."""

from types import SimpleNamespace

import pytest
import torch
from transformers import BertConfig

from lottery import store
from lottery.choices import choose
from lottery.experiments import step_time
from lottery.experiments.step_time import StepTime, stepping

SHAPE = {"hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 256}


@pytest.mark.usefixtures("uncollected")
def test_the_fastest_step_counts_and_the_first_does_not(tmp_path, monkeypatch):
    """By a clock on which steps, of the method and of fine-tuning in turns, take so many seconds."""
    taken = iter([0.1, 0.2, 5.0, 7.0, 3.0, 9.0])
    began = [step for seconds in taken for step in (0.0, seconds)]
    monkeypatch.setattr(step_time, "time", SimpleNamespace(perf_counter=lambda: began.pop(0)))
    run = store.perform(
        StepTime(method="smp_l", layers=1, width=64, batch_size=2, length=4, rounds=2, seed=0), tmp_path
    )
    assert (run.metrics["step_seconds"], run.metrics["fine_tuning_seconds"]) == (3.0, 7.0)
    assert not began


def test_a_step_of_a_method_masks_and_one_of_fine_tuning_does_not(monkeypatch):
    """Half of each matrix is 0 after a step of SMP-L; all weights change in one of fine-tuning."""
    made = []
    real = step_time.BertForSequenceClassification
    monkeypatch.setattr(
        step_time, "BertForSequenceClassification", lambda config: made.append(real(config)) or made[-1]
    )
    config = BertConfig(**SHAPE, vocab_size=90)
    with stepping(choose("mask_learning", "smp_l"), config, 2, 4) as step:
        step()
        query = made[0].bert.encoder.layer[0].attention.self.query.weight
        assert int((query == 0).sum()) == 64 * 64 // 2
    with stepping(None, config, 2, 4) as step:
        before = {name: value.clone() for name, value in made[1].named_parameters()}
        step()
        same = [name for name, value in made[1].named_parameters() if torch.equal(value, before[name])]
        assert not [name for name in same if name.endswith("query.weight") or name.startswith("classifier")]
