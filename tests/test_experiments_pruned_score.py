"""Subnetworks of heads and MLPs, scored as they are cut out and trained again from the pre-trained model."""

from dataclasses import replace

import pandas as pd
import pytest
import torch
from transformers import BertForSequenceClassification

from lottery import masks, store, training
from lottery.choices import choose
from lottery.experiments import Kept
from lottery.experiments.component_search import ComponentSearch
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.magnitude_search import MagnitudeSearch
from lottery.experiments.pruned_score import PrunedScore
from lottery.experiments.subnetworks import Bad, Drawn, Survivors
from lottery.experiments.tickets import Ticket
from lottery.masks import Mask
from lottery.models import opening, state
from lottery.pruning import components
from lottery.store import Run, parameters
from lottery.training.evaluation import Exam

HEADS = [[True, False, False, True], [False, False, False, False]]
MLPS = [True, False]


@parameters
class Chosen:
    """A mask that a test chooses."""

    version = 1
    heads: tuple[tuple[bool, ...], ...]
    mlps: tuple[bool, ...]

    def mask(self, run: Run) -> Mask:
        """It."""
        return {"heads": torch.tensor(self.heads), "mlps": torch.tensor(self.mlps)}


SOME = Chosen(heads=tuple(map(tuple, HEADS)), mlps=tuple(MLPS))
ALL = Chosen(heads=((True,) * 4,) * 2, mlps=(True,) * 2)


def again(fine_tuning, kept):
    return replace(fine_tuning, start=Ticket(of=fine_tuning.start, kept=kept), saved=False)


def test_a_model_with_all_its_components_is_trained_like_the_whole_one(fine_tuning, tmp_path):
    whole = store.perform(replace(fine_tuning, saved=False), tmp_path)
    kept = store.perform(again(fine_tuning, ALL), tmp_path)
    assert kept.metrics == whole.metrics
    assert store.perform(again(fine_tuning, SOME), tmp_path).metrics["train_loss"] != whole.metrics["train_loss"]


def test_what_is_trained_again_begins_with_the_pre_trained_part_and_the_same_head(fine_tuning, tmp_path, monkeypatch):
    began = {}

    def fine_tune(model, *_, **__):
        began["state"] = state.snapshot(model)
        return []  # the losses

    monkeypatch.setattr(training, "fine_tune", fine_tune)
    store.perform(replace(fine_tuning, saved=False), tmp_path)
    whole = began["state"]
    store.perform(again(fine_tuning, SOME), tmp_path)
    part = began["state"]
    assert torch.equal(part["classifier.weight"], whole["classifier.weight"])
    layer = "bert.encoder.layer.0.attention"
    rows = [0, 1, 2, 3, 12, 13, 14, 15]
    assert torch.equal(part[f"{layer}.self.value.weight"], whole[f"{layer}.self.value.weight"][rows])
    assert torch.equal(part[f"{layer}.self.key.bias"], whole[f"{layer}.self.key.bias"][rows])
    assert torch.equal(part[f"{layer}.output.dense.weight"], whole[f"{layer}.output.dense.weight"][:, rows])
    assert part["bert.encoder.layer.1.intermediate.dense.weight"].shape == (0, 16)
    assert torch.equal(part["bert.embeddings.word_embeddings.weight"], whole["bert.embeddings.word_embeddings.weight"])


def test_a_model_of_unequal_layers_is_not_saved(fine_tuning, tmp_path):
    with pytest.raises(ValueError, match="saved=False"):
        store.perform(replace(again(fine_tuning, SOME), saved=True), tmp_path)


def test_the_score_as_cut_out_is_that_of_gates_at_0(fine_tuning, tmp_path):
    found = store.perform(PrunedScore(of=fine_tuning, kept=SOME), tmp_path)
    folder = fine_tuning.weights(found)
    task, tokenizer = choose("tasks", "cola"), opening.tokenizer(folder)
    model = BertForSequenceClassification.from_pretrained(folder).eval()
    tables = fine_tuning.tables("cola")
    gates = {"heads": torch.tensor(HEADS).float(), "mlps": torch.tensor(MLPS).float()}
    with components.gated(model, gates):
        expected, answers = Exam(task, tables, tokenizer, 16).score(model)
    assert found.read("answers.parquet").equals(answers)
    metrics = found.metrics
    assert {name: metrics[name] for name in expected} == pytest.approx(expected, nan_ok=True)
    assert (metrics["heads"], metrics["mlps"]) == (2, 1)
    assert metrics["share_kept"] == pytest.approx((2 * 256 + 768) / (8 * 256 + 2 * 768))


def test_as_released_the_attention_of_a_layer_without_heads_adds_nothing(fine_tuning, tmp_path, monkeypatch):
    """As printed it adds the bias of its output matrix, as behind gates at 0: judged by those, bias and all."""
    heads, mlps = ((True,) * 4, (False,) * 4), (True, True)
    printed = PrunedScore(of=fine_tuning, kept=Chosen(heads=heads, mlps=mlps))
    released = replace(printed, recipe="released")
    assert store.key(replace(printed, recipe="printed")) == store.key(printed) != store.key(released)
    model, exam = fine_tuning.opened(Run(printed, tmp_path))
    bias = model.bert.encoder.layer[1].attention.output.dense.bias
    torch.nn.init.normal_(bias, generator=torch.Generator().manual_seed(1))
    batch, logits, score = exam.encoded(exam.tables["dev"]).batch([0, 1, 2]), {}, Exam.score

    def noted(exam, small):
        logits[each.recipe] = small.eval()(**batch).logits.detach()
        return score(exam, small)

    monkeypatch.setattr(FineTuning, "opened", lambda self, run: (model, exam))
    monkeypatch.setattr(Exam, "score", noted)
    for each in (printed, released):
        store.perform(each, tmp_path)
    gates = {"heads": torch.tensor(heads).float(), "mlps": torch.ones(2)}
    with components.gated(model.eval(), gates), torch.no_grad():
        torch.testing.assert_close(logits["printed"], model(**batch).logits)
        bias.zero_()
        torch.testing.assert_close(logits["released"], model(**batch).logits)
    assert (logits["printed"] - logits["released"]).abs().max() > 1e-2


def test_the_score_of_a_mask_of_weights_is_that_of_the_model_without_them(fine_tuning, tmp_path):
    search = MagnitudeSearch(of=fine_tuning)
    found = store.perform(PrunedScore(of=fine_tuning, kept=Bad(like=search, seed=0)), tmp_path)
    mask = Bad(like=search, seed=0).mask(found)
    model = BertForSequenceClassification.from_pretrained(fine_tuning.weights(found)).eval()
    with torch.no_grad():
        for name, kept in mask.items():
            model.bert.get_parameter(name).mul_(kept)
    tokenizer = opening.tokenizer(fine_tuning.weights(found))
    expected, _ = Exam(choose("tasks", "cola"), fine_tuning.tables("cola"), tokenizer, 16).score(model)
    metrics = found.metrics
    assert {name: metrics[name] for name in expected} == pytest.approx(expected, nan_ok=True)
    assert metrics["heads"] is None
    assert metrics["share_kept"] == pytest.approx(1 - masks.sparsity(mask))


def test_what_was_not_trained_on_is_the_rest(fine_tuning):
    few = replace(fine_tuning, train_examples=25)
    whole = fine_tuning.tables("cola")["train"]
    both = pd.concat([few.tables("cola")["train"], few.unseen()])
    assert len(few.unseen()) == len(whole) - 25
    assert sorted(both["first"]) == sorted(whole["first"])
    assert fine_tuning.unseen().empty


def test_a_study_of_several_seeds_needs_the_searches_of_all(fine_tuning):
    search = ComponentSearch(of=fine_tuning, importance="sample", mode="both", heads_share=0.3)
    good = Survivors(of=search, seeds=(3, 4), which="good")
    assert isinstance(good, Kept)
    expected = {search, replace(search, of=replace(fine_tuning, seed=4))}
    assert expected <= {*store.needs(PrunedScore(of=fine_tuning, kept=good))}
    assert expected <= {*store.needs(again(fine_tuning, good))}
    assert search in store.needs(again(fine_tuning, Drawn(like=search, seed=1)))
