"""How long models are trained where nobody says it."""

from dataclasses import replace

import pytest
import torch
from transformers import BertForSequenceClassification

from lottery.experiments import how_long, starts
from lottery.experiments.starts import OWN, Own


@pytest.fixture
def given(bert_folder, tmp_path):
    """A file of 60 rows of two classes, for a model without a head."""
    rows = "".join(f"w{number % 50} w{number},{('bad', 'good')[number % 2]}\n" for number in range(60))
    (tmp_path / "mine.csv").write_text("text,label\n" + rows)
    file = str(tmp_path / "mine.csv")
    return Own(
        model=bert_folder, train=file, dev="", dev_share=0.2, text="text", second="", label="label", labels="classes"
    )


def with_classes(given, tmp_path, config, tokenizer, names) -> Own:
    torch.manual_seed(0)
    told = config.to_dict() | {"num_labels": len(names), "id2label": dict(enumerate(names))}
    BertForSequenceClassification(type(config)(**told)).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    return replace(given, model=str(tmp_path / "model"))


def test_a_published_task_takes_three_epochs_and_a_number_is_a_number(given):
    assert how_long.epochs("auto", "cola", given) == how_long.epochs("auto", "cola", None) == 3.0
    assert [how_long.epochs(asked, task, given) for asked in (0.0, 0.5) for task in ("cola", OWN)] == [0, 0, 0.5, 0.5]


def test_a_model_that_is_ready_is_not_trained_and_another_until_it_is_enough(given, tmp_path, config, tokenizer):
    assert how_long.epochs("auto", OWN, given) == "auto"
    ready = with_classes(given, tmp_path, config, tokenizer, ("Good", "BAD"))
    assert (how_long.is_ready(OWN, ready), how_long.epochs("auto", OWN, ready)) == (True, 0.0)
    assert not how_long.is_ready("cola", ready)
    other = with_classes(given, tmp_path, config, tokenizer, ("approve", "reject"))
    assert (how_long.is_ready(OWN, other), how_long.epochs("auto", OWN, other)) == (False, "auto")


@pytest.mark.parametrize(("batch_size", "epochs"), [(1, 2.1), (8, 16.7), (48, 100.0)])
def test_a_retraining_on_a_file_makes_a_hundred_updates(given, fine_tuning, batch_size, epochs):
    tuned = replace(fine_tuning, start=starts.own(given), task=OWN, batch_size=batch_size)
    assert how_long.retraining("auto", tuned) == epochs
    assert how_long.retraining(0.5, tuned) == 0.5
    assert how_long.retraining("auto", fine_tuning) == 0.25
