"""Losses without components: against one example at a time through a model with the gates at 0."""

import pandas as pd
import pytest
import torch
from transformers import BertForQuestionAnswering, BertForSequenceClassification, DistilBertConfig
from transformers import DistilBertForSequenceClassification as DistilBert

from lottery.data import examples
from lottery.pruning import components, removal


@pytest.fixture
def given(tokenizer):
    rows = [" ".join(f"w{(row * 7 + word * 3) % 50}" for word in range(2 + row % 6)) for row in range(11)]
    table = pd.DataFrame({"first": rows, "label": [row % 2 for row in range(11)]})
    return examples.encode(table, tokenizer, 30)


def cuts(config):
    """The whole, a head of each layer, the last MLP, heads of both layers with an MLP, and neurons of the last."""
    found = [components.everything(config, neurons=number == 5) for number in range(6)]
    found[5]["neurons"][1, 3:40] = False
    found[1]["heads"][0, 1] = found[2]["heads"][1, 3] = found[3]["mlps"][1] = False
    found[4]["heads"][:, 2] = found[4]["mlps"][0] = False
    return found


def alone(model, batch, kept):
    """The model's own loss of a single example, every layer computed."""
    gates = {name: part.float() for name, part in kept.items()}
    with components.gated(model.eval(), gates), torch.no_grad():
        return model(**batch).loss.item()


def of_distilbert(folder):
    sizes = {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64}
    return DistilBert(DistilBertConfig(vocab_size=200, initializer_range=0.2, **sizes))


@pytest.mark.parametrize("make", [BertForSequenceClassification.from_pretrained, of_distilbert])
def test_it_is_the_loss_of_each_example_alone_with_the_gates_at_0(make, bert_folder, given):
    torch.manual_seed(0)
    model = make(bert_folder)
    masks = cuts(model.config)
    found = removal.losses(model, given, masks, batch_size=4)
    assert found.shape == (6, 11)
    expected = [[alone(model, given.batch([row]), kept) for row in range(11)] for kept in masks]
    assert torch.allclose(found, torch.tensor(expected), atol=2e-6)
    assert (found[1:] - found[0]).abs().amax(1).min() > 1e-4


def test_a_number_is_judged_by_its_squared_error_and_a_span_by_its_two_places(bert_folder, given):
    torch.manual_seed(0)
    one = BertForSequenceClassification.from_pretrained(bert_folder, num_labels=1)
    numbers = examples.Examples(given.sequences, {"labels": torch.arange(11) / 5}, given.pad)
    reader = BertForQuestionAnswering.from_pretrained(bert_folder)
    places = torch.arange(11) % 4
    spans = examples.Examples(given.sequences, {"start_positions": places, "end_positions": places + 1}, given.pad)
    for model, some in ((one, numbers), (reader, spans)):
        (kept,) = cuts(model.config)[4:5]
        found = removal.losses(model, some, [kept])[0]
        assert found[7].item() == pytest.approx(alone(model, some.batch([7]), kept), abs=1e-6)


def test_the_model_is_as_it_was(bert_folder, given):
    torch.manual_seed(0)
    model = BertForSequenceClassification.from_pretrained(bert_folder).train()
    before = model.eval()(**given.batch([1])).loss
    removal.losses(model.train(), given, cuts(model.config))
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert torch.equal(before, model.eval()(**given.batch([1])).loss)


def test_a_mask_of_another_model_is_refused(bert_folder, given):
    model = BertForSequenceClassification.from_pretrained(bert_folder)
    with pytest.raises(ValueError, match="another model"):
        removal.losses(model, given, [{"heads": torch.ones(3, 4, dtype=torch.bool)}])
