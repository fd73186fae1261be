"""Masks under a Trainer: what is held stays 0, and what is learned is what our own loop learns."""

import pandas as pd
import pytest
import torch
from transformers import BertForSequenceClassification, Trainer, TrainingArguments

from lottery import masks
from lottery.choices import choose
from lottery.data import examples
from lottery.models import families
from lottery.training import mask_training
from lottery.training.callbacks import MaskHeld, MaskLearned


@pytest.fixture
def model(bert_folder):
    torch.manual_seed(0)
    model = BertForSequenceClassification.from_pretrained(bert_folder)
    model.config.hidden_dropout_prob = 0.0
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model


@pytest.fixture
def rows(tokenizer):
    table = pd.DataFrame({"first": [f"w{n} w{n + 1}" for n in range(24)], "label": [n % 2 for n in range(24)]})
    given = examples.encode(table, tokenizer, 8)
    return [{name: tensor[0] for name, tensor in given.batch([row]).items()} for row in range(24)]


def trained(model, rows, tmp_path, callback, **more):
    told = {"per_device_train_batch_size": 8, "num_train_epochs": 2, "learning_rate": 1e-2, "report_to": "none"}
    told |= {"use_cpu": True, "disable_tqdm": True, "save_strategy": "no", "logging_strategy": "no"}
    arguments = TrainingArguments(output_dir=str(tmp_path), **told)
    trainer = Trainer(model, arguments, train_dataset=rows, callbacks=[callback], **more)
    trainer.train()
    return trainer


def test_what_a_mask_removes_stays_zero_and_the_rest_is_trained(model, rows, tmp_path):
    weights = families.prunable(model, embeddings=False)
    before = {name: weight.detach().clone() for name, weight in weights.items()}
    mask = masks.keep_highest({name: weight.detach().abs() for name, weight in weights.items()}, 0.6)
    trained(model, rows, tmp_path, MaskHeld(mask))
    for name, kept in mask.items():
        assert (weights[name][~kept] == 0).all()
    assert any((weights[name][kept] != before[name][kept]).any() for name, kept in mask.items())
    assert not any(weight._post_accumulate_grad_hooks for weight in weights.values())


def test_the_mask_of_another_model_is_refused_before_anything_is_trained(model, rows, tmp_path):
    with pytest.raises(ValueError, match="of another model"):
        trained(model, rows, tmp_path, MaskHeld({"a.weight": torch.ones(2)}))


def test_a_mask_is_learned_over_frozen_weights(model, rows, tmp_path):
    before = {name: weight.detach().clone() for name, weight in families.prunable(model, embeddings=False).items()}
    learned = MaskLearned(model, "smp_l", 0.5, score_rate=1e-2, weight_rate=1e-3)
    start = {name: score.detach().clone() for name, score in learned.learner.scores.items()}
    trained(model, rows, tmp_path, learned, optimizers=(learned.optimizer, None))
    weights = families.prunable(model, embeddings=False, pooler=False)
    assert learned.learner.done == 6
    assert any(not torch.equal(score, start[name]) for name, score in learned.learner.scores.items())
    for name, kept in learned.mask.items():
        assert int((~kept).sum()) == round(0.5 * kept.numel())
        assert torch.equal(weights[name], before[name] * kept)


def test_it_is_what_the_same_steps_learn_without_a_trainer(model, rows, tmp_path, bert_folder):
    def of(callback, network):
        trained(network, rows, tmp_path, callback, optimizers=(callback.optimizer, constant(callback.optimizer)))

    def constant(optimizer):
        return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)

    told = {"score_rate": 1e-2, "weight_rate": 1e-3}
    seen = []
    noting = model.register_forward_pre_hook(
        lambda network, _, batch: seen.append({name: batch[name].clone() for name in rows[0]}), with_kwargs=True
    )
    under_trainer = MaskLearned(model, "smp_s", 0.5, strength=0.0, **told)
    of(under_trainer, model)
    noting.remove()
    torch.manual_seed(0)
    own = BertForSequenceClassification.from_pretrained(bert_folder).eval()  # without dropout
    weights = families.prunable(own, embeddings=False, pooler=False)
    learner = mask_training.learner(choose("mask_learning", "smp_s"), weights)
    optimizer = mask_training.optimizer(own, weights, learner, head=True, **told)
    how = {"sparsity": 0.5, "strength": lambda step: 0.0}
    with mask_training.learning(
        own, weights, learner, optimizer, progress=lambda step: 1 - (1 - min(1, step / 6)) ** 3, **how
    ):
        for batch in seen:
            own(**batch).loss.backward()
            torch.nn.utils.clip_grad_norm_(own.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
    for name, score in learner.scores.items():
        assert torch.allclose(score, under_trainer.learner.scores[name], atol=1e-5)


def test_without_its_optimizer_a_method_is_refused(model, rows, tmp_path):
    learned = MaskLearned(model, "smp_l", 0.5, score_rate=1e-2, weight_rate=1e-3)
    with pytest.raises(ValueError, match="the scores are not trained"):
        trained(model, rows, tmp_path, learned)
