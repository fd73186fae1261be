"""FeatureDrift against each sentence alone through a stock BERT whose removed weights are set to 0 by hand."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import BertForPreTraining

from lottery import store
from lottery.data import examples
from lottery.experiments import Pretrained
from lottery.experiments.feature_drift import FeatureDrift
from lottery.experiments.starts import Given
from lottery.experiments.tickets import Cut, Ticket
from lottery.models import opening
from lottery.store import Run, Source, parameters
from lottery.training import pretraining

DOCUMENTS = [[f"w{d} {'w7 ' * (d % 4)}w{(d + s) % 50} w{s}" for s in range(6)] for d in range(12)]


@parameters
class Texted:
    """A model and a few documents of its own."""

    version: ClassVar[int] = 1
    model: Source

    def perform(self, run):
        return {"steps": 0}

    def weights(self, run):
        return self.model

    def mask(self, run):
        return {}

    def task_named(self, name):
        raise AssertionError(name)

    def tables(self, task):
        raise AssertionError(task)

    def text(self, run, tokenizer):
        halves = DOCUMENTS[:2], DOCUMENTS[2:]
        return tuple(
            pretraining.sentence_pairs(half, tokenizer, 16, examples.seeded(n)) for n, half in enumerate(halves)
        )


@pytest.fixture
def texted(bert_folder):
    return Texted(model=bert_folder)


def pruned(of, sparsity):
    cut = Cut(of=of, importance="magnitude", scope="local", embeddings=True, sparsity=sparsity, seed=0)
    return Ticket(of=of, kept=cut)


def cosines(x, y):
    return (x * y).sum(1) / np.sqrt((x * x).sum(1) * (y * y).sum(1))


def test_the_drift_is_that_of_all_states_of_each_sentence_read_alone(texted, bert_folder, tokenizer, tmp_path):
    assert isinstance(texted, Pretrained)
    ticket = pruned(texted, 0.6)
    found = store.perform(FeatureDrift(text=texted, full=texted, pruned=ticket, sequences=11), tmp_path).metrics
    held_out = texted.text(None, tokenizer)[1].sequences
    assert len(held_out["input_ids"]) > 11
    assert len({len(ids) for ids in held_out["input_ids"][:11]}) > 1
    full, cut = (BertForPreTraining.from_pretrained(bert_folder).eval() for _ in range(2))
    with torch.no_grad():
        for name, kept in ticket.mask(Run(ticket, tmp_path)).items():
            cut.bert.get_parameter(name)[~kept] = 0
        states = []
        for model in (full, cut):
            read = [
                model.bert(ids[None], token_type_ids=kinds[None], output_hidden_states=True).hidden_states
                for ids, kinds in zip(held_out["input_ids"][:11], held_out["token_type_ids"][:11], strict=True)
            ]
            states.append([np.concatenate([each[layer][0].numpy() for each in read]).astype(float) for layer in (1, 2)])
    assert found["tokens"] == sum(map(len, held_out["input_ids"][:11]))
    assert found["layers"] == 2
    for layer, (x, y) in enumerate(zip(*states, strict=True)):
        assert found["cosine_by_layer"][layer] == pytest.approx(cosines(x, y).mean(), abs=1e-5)
        x, y = x - x.mean(0), y - y.mean(0)
        assert found["centred_cosine_by_layer"][layer] == pytest.approx(cosines(x, y).mean(), abs=1e-5)
        norms = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
        assert found["cka_by_layer"][layer] == pytest.approx(np.linalg.norm(x.T @ y) ** 2 / norms, abs=1e-5)
    for name in ("cosine", "centred_cosine", "cka"):
        assert found[name] == pytest.approx(sum(found[f"{name}_by_layer"]) / 2)
        assert found[name] < 0.99


def test_a_model_does_not_drift_from_itself_and_a_short_text_is_read_whole(texted, tokenizer, tmp_path):
    found = store.perform(FeatureDrift(text=texted, full=texted, pruned=texted, sequences=10_000), tmp_path).metrics
    assert found["tokens"] == int(texted.text(None, tokenizer)[1].lengths.sum())
    assert [found["cosine"], found["centred_cosine"], found["cka"]] == pytest.approx([1, 1, 1])


def test_models_that_read_other_words_than_the_text_are_refused(texted, bert_folder, tmp_path):
    other = tmp_path / "other"
    model = BertForPreTraining.from_pretrained(bert_folder)
    swapped = opening.tokenizer(bert_folder).get_vocab()
    swapped["w1"], swapped["w2"] = swapped["w2"], swapped["w1"]
    opening.save(model, type(opening.tokenizer(bert_folder))(vocab=swapped), other)
    strange = Given(model=str(other), data="hub")
    with pytest.raises(ValueError, match="do not share the vocabulary"):
        FeatureDrift(text=texted, full=texted, pruned=strange, sequences=3).perform(Run(texted, tmp_path))


def test_what_brings_no_text_and_no_sequences_are_refused_before_anything_runs(texted, bert_folder):
    with pytest.raises(ValueError, match=r"FeatureDrift: text = .*Pretrained"):
        FeatureDrift(text=Given(model=bert_folder, data="hub"), full=texted, pruned=texted, sequences=3)
    with pytest.raises(ValueError, match="FeatureDrift: sequences = 0"):
        FeatureDrift(text=texted, full=texted, pruned=texted, sequences=0)


def test_what_is_recorded_of_it_comes_back(texted, tmp_path):
    grid = [FeatureDrift(text=texted, full=texted, pruned=pruned(texted, s), sequences=3) for s in (0.0, 0.5)]
    for each in grid:
        store.perform(each, tmp_path)
    store.record(grid, tmp_path, tmp_path / "drift.parquet")
    back = store.recorded(tmp_path / "drift.parquet")
    here = store.rows(grid, tmp_path)
    assert back["pruned.kept.sparsity"].tolist() == [0.0, 0.5]
    assert [list(values) for values in back["cka_by_layer"]] == here["cka_by_layer"].tolist()
    assert pd.api.types.is_float_dtype(back["cka"])
