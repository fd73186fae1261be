"""Vectors of sentences, against one sentence at a time."""

import numpy as np
import pandas as pd
import pytest
import torch

from lottery.data import examples
from lottery.models import opening
from lottery.pruning import components
from lottery.training.sentence_vectors import cosines, sensitivity, vectors

SENTENCES = ["w1 w2 w3", "w4", "w5 w6 w7 w8 w9 w10", "w1 w2 w3", "un w4 ?"]


@pytest.fixture
def given(tokenizer):
    return examples.encode(pd.DataFrame({"first": SENTENCES, "label": 0}), tokenizer, 16)


@pytest.mark.parametrize("pooling", ["mean", "first", "max"])
def test_vectors_are_those_of_one_sentence_at_a_time(bert_folder, tokenizer, given, pooling):
    """Without padding, by hand: the mean, first or maximum of its tokens, over its length."""
    model = opening.bare_encoder(bert_folder).eval()
    found = vectors(model, given, pooling, batch_size=2)
    for sentence, vector in zip(SENTENCES, found, strict=True):
        with torch.no_grad():
            hidden = model(**tokenizer(sentence, return_tensors="pt")).last_hidden_state[0].numpy()
        expected = {"mean": hidden.mean(axis=0), "first": hidden[0], "max": hidden.max(axis=0)}[pooling]
        np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-5)


def test_the_cosine_of_a_vector_with_itself_is_1_and_dropout_is_off(bert_folder, given):
    model = opening.bare_encoder(bert_folder).train()
    one, other = vectors(model, given, "mean"), vectors(model, given, "mean")
    assert model.training
    np.testing.assert_allclose(cosines(one, other), 1, atol=1e-6)
    assert cosines(one, np.roll(one, 1, axis=0))[0] == pytest.approx(float(one[0] @ one[-1]))


def test_sensitivity_is_the_squared_length_of_the_derivative_by_each_gate(bert_folder, given):
    """Against a difference quotient: every gate turned down a little, sentence by sentence."""
    model = opening.bare_encoder(bert_folder).double().train()
    kept = components.everything(model.config, neurons=True)
    draw = torch.Generator().manual_seed(0)
    found = sensitivity(model, given, "mean", kept, draw, directions=800, batch_size=2)
    assert model.training
    model.eval()
    whole, step = vectors64(model, given), 1e-4
    for kind in ("heads", "mlps"):
        for place in np.ndindex(kept[kind].shape):
            gates = {name: tensor.double() for name, tensor in kept.items()}
            gates[kind][place] = 1 - step
            with components.gated(model, gates):
                moved = (vectors64(model, given) - whole) / step
            expected = float((moved**2).sum(axis=1).mean())
            assert found[kind][place].item() == pytest.approx(expected, rel=0.15), (kind, place)
    assert found["neurons"].shape == kept["neurons"].shape
    assert all(parameter.grad is None for parameter in model.parameters())


def vectors64(model, given):
    found = []
    for place in range(len(given)):
        batch = {name: tensor for name, tensor in given.batch([place]).items() if name not in given.numbers}
        with torch.no_grad():
            mean = model(**batch).last_hidden_state[0].mean(dim=0)
        found.append((mean / mean.norm()).numpy())
    return np.array(found)
