"""What matrices multiply: against one text at a time, without padding, its inputs taken from the hidden states."""

import numpy as np
import pandas as pd
import torch
from transformers import BertForSequenceClassification

from lottery.data import examples
from lottery.models import families
from lottery.pruning import inputs


def test_moments_are_those_of_every_token_alone(bert_folder, tokenizer):
    torch.manual_seed(0)
    model = BertForSequenceClassification.from_pretrained(bert_folder).train()
    rows = [" ".join(f"w{(row * 7 + word * 3) % 50}" for word in range(2 + row % 6)) for row in range(11)]
    given = examples.encode(pd.DataFrame({"first": rows, "label": 0}), tokenizer, 30)
    weights = families.prunable(model, embeddings=True)
    found = inputs.moments(model, given, weights, batch_size=4)
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert found.keys() == weights.keys() - {"embeddings.word_embeddings.weight"}
    states = {layer: [] for layer in (0, 1)}
    pooled = []
    model.eval()
    for row in range(11):
        with torch.no_grad():
            hidden = model.bert(**tokenizer(rows[row], return_tensors="pt"), output_hidden_states=True).hidden_states
        for layer, seen in states.items():
            seen += [*hidden[layer][0].numpy()]
        pooled.append(hidden[-1][0, 0].numpy())
    for layer, seen in states.items():
        expected = sum(np.outer(token, token) for token in seen) / len(seen)
        for part in ("query", "key", "value"):
            name = f"encoder.layer.{layer}.attention.self.{part}.weight"
            assert np.allclose(found[name], expected, atol=1e-5)
    assert np.allclose(found["pooler.dense.weight"], sum(np.outer(one, one) for one in pooled) / 11, atol=1e-5)
    assert found["encoder.layer.1.output.dense.weight"].shape == (24, 24)


def test_nothing_is_left_on_the_model(bert_folder, tokenizer):
    model = BertForSequenceClassification.from_pretrained(bert_folder)
    given = examples.encode(pd.DataFrame({"first": ["w1"], "label": 0}), tokenizer, 30)
    inputs.moments(model, given, families.prunable(model, embeddings=False))
    assert not any(module._forward_pre_hooks for module in model.modules())
