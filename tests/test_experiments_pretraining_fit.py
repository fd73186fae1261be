"""A model trained on sentence pairs and left in a run: judged by the losses that transformers itself computes."""

from typing import ClassVar

import pandas as pd
import pytest
import torch
from toy_studies import DOCUMENTS
from transformers import BertForPreTraining

from lottery import store
from lottery.data.examples import seeded
from lottery.experiments import pretraining_fit
from lottery.experiments.miniature_text import HELD_OUT_SEED
from lottery.models import opening
from lottery.store import Count, Run, parameters
from lottery.training import pretraining

GIVEN = {}


@parameters
class Fitted:
    """The model, tokenizer and pairs that a test has made, after so many steps."""

    version: ClassVar[int] = 1
    steps: Count

    def perform(self, run: Run) -> dict[str, object]:
        """As `pretraining_fit.fit`."""
        how = {"learning_rate": 1e-3, "batch_size": 8, "seed": 3, "title": "fitting"}
        return pretraining_fit.fit(run, *GIVEN["all"], steps=self.steps, **how)


@pytest.fixture
def given(bert_folder, tokenizer):
    """A model without dropout, its tokenizer, and pairs to train on and held out."""
    model = BertForPreTraining.from_pretrained(bert_folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    pairs = [
        pretraining.sentence_pairs(some, tokenizer, 16, seeded(number))
        for number, some in enumerate((DOCUMENTS[:20], DOCUMENTS[20:]))
    ]
    GIVEN["all"] = model, tokenizer, tuple(pairs)
    return GIVEN["all"]


def test_what_is_left_is_the_model_as_it_was_trained_and_the_loss_of_every_step(given, bert_folder, tmp_path):
    model, tokenizer, (train, _) = given
    run = store.perform(Fitted(steps=5), tmp_path)
    losses = pd.read_parquet(run.path / "losses.parquet")["loss"].tolist()
    assert len(losses) == 5
    before = BertForPreTraining.from_pretrained(bert_folder).eval()
    batch = pretraining.masked_batches(train, tokenizer, batch_size=8, seed=3)(0)
    with torch.no_grad():
        assert losses[0] == pytest.approx(before(**batch).loss.item(), abs=1e-5)
    saved = BertForPreTraining.from_pretrained(run.path / "model")
    weights, others = (dict(each.named_parameters()) for each in (saved, before))
    assert all(torch.equal(weights[name], weight) for name, weight in model.named_parameters())
    assert not torch.equal(weights["bert.pooler.dense.weight"], others["bert.pooler.dense.weight"])
    assert run.metrics["model_size"] == sum(weight.detach().numpy().size for weight in weights.values())
    assert opening.tokenizer(str(run.path / "model")).get_vocab() == tokenizer.get_vocab()


def test_held_out_losses_are_means_over_words_and_pairs(given, tmp_path):
    _, tokenizer, (_, held_out) = given
    run = store.perform(Fitted(steps=2), tmp_path)
    model = BertForPreTraining.from_pretrained(run.path / "model").eval()
    words, pairs = [], []
    for batch in pretraining.held_out_batches(held_out, tokenizer, seed=HELD_OUT_SEED):
        with torch.no_grad():
            output = model(**{name: batch[name] for name in ("input_ids", "token_type_ids", "attention_mask")})
        for scores, labels in zip(output.prediction_logits.log_softmax(-1), batch["labels"].tolist(), strict=True):
            words += [-scores[place, label].item() for place, label in enumerate(labels) if label >= 0]
        for scores, label in zip(
            output.seq_relationship_logits.log_softmax(-1), batch["next_sentence_label"].tolist(), strict=True
        ):
            pairs.append(-scores[label].item())
    assert len(pairs) == len(held_out)
    assert run.metrics["mlm_loss"] == pytest.approx(sum(words) / len(words), abs=1e-5)
    assert run.metrics["nsp_loss"] == pytest.approx(sum(pairs) / len(pairs), abs=1e-5)
    assert run.metrics["loss"] == pytest.approx(run.metrics["mlm_loss"] + run.metrics["nsp_loss"])
