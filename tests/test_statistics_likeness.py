"""Likeness of hidden states against numpy over all of them at once, and states against one sentence at a time."""

import math

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import BertModel

from lottery.statistics import likeness as features

LAYERS, WIDTH = 3, 5


def drawn(seed, tokens=41):
    """States of two models with a large common mean, as BERT's have: (layers, tokens, width) each."""
    generator = np.random.default_rng(seed)
    one = generator.normal(size=(LAYERS, tokens, WIDTH)) + 4 * generator.normal(size=(LAYERS, 1, WIDTH))
    other = one @ generator.normal(size=(WIDTH, WIDTH)) + generator.normal(size=(LAYERS, tokens, WIDTH)) + 2
    return one, other


def batched(one, other, sizes):
    ends = np.cumsum(sizes)[:-1]
    parts = [np.split(states, ends, axis=1) for states in (one, other)]
    return lambda: ((torch.tensor(a), torch.tensor(b)) for a, b in zip(*parts, strict=True))


def cosines(x, y):
    return [x[i] @ y[i] / math.sqrt((x[i] @ x[i]) * (y[i] @ y[i])) for i in range(len(x))]


def gram_cka(x, y):
    """From the (tokens, tokens) tables of similarities, as Kornblith et al. define it, not from (width, width)."""
    centring = np.eye(len(x)) - 1 / len(x)
    k, m = (centring @ (z @ z.T) @ centring for z in (x, y))
    return np.trace(k @ m) / math.sqrt(np.trace(k @ k) * np.trace(m @ m))


@pytest.mark.parametrize("sizes", [[41], [1, 17, 3, 20], [0, 40, 1]])
def test_in_batches_it_is_what_it_is_over_all_states_at_once(sizes):
    one, other = drawn(0)
    found = features.compare(batched(one, other, sizes))
    assert found.tokens == 41
    for layer, (x, y) in enumerate(zip(one, other, strict=True)):
        x_centred, y_centred = x - x.mean(0), y - y.mean(0)
        assert found.cosine[layer] == pytest.approx(np.mean(cosines(x, y)), abs=1e-12)
        assert found.centred_cosine[layer] == pytest.approx(np.mean(cosines(x_centred, y_centred)), abs=1e-12)
        assert found.cka[layer] == pytest.approx(gram_cka(x, y), abs=1e-12)
    # Were a mean left in, the measures would tell something else here.
    assert min(abs(a - b) for a, b in zip(found.cosine, found.centred_cosine, strict=True)) > 0.1


def test_centring_is_exact_where_the_mean_is_ten_thousand_times_the_spread():
    one, other = drawn(1)
    far = [(states - states.mean(1, keepdims=True)) + 1e4 for states in (one, other)]
    near = features.compare(batched(one, other, [20, 21]))
    found = features.compare(batched(*far, [20, 21]))
    assert found.centred_cosine == pytest.approx(near.centred_cosine, abs=1e-10)
    assert found.cka == pytest.approx(near.cka, abs=1e-10)


def test_cka_and_the_cosines_keep_what_they_are_meant_to_keep():
    one, other = drawn(2)
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(WIDTH, WIDTH)))[0]
    plain = features.compare(batched(one, other, [41]))
    turned = features.compare(batched(one, 7 * other @ turn + 1, [41]))
    scaled = features.compare(batched(one, 7 * other, [41]))
    assert turned.cka == pytest.approx(plain.cka)
    assert turned.centred_cosine != pytest.approx(plain.centred_cosine, abs=0.01)
    assert scaled.cosine == pytest.approx(plain.cosine)
    itself = features.compare(batched(one, one, [41]))
    assert [itself.cosine, itself.centred_cosine, itself.cka] == [pytest.approx([1.0] * LAYERS)] * 3


def test_what_is_not_defined_is_nan():
    one, other = drawn(4)
    flat = other.astype(np.float32)
    flat[1] = np.float32(0.1)
    flat[1, ::2] = np.nextafter(np.float32(0.1), np.float32(1))  # as float32 rounds one number in two ways
    found = features.compare(batched(one, flat, [20, 21]))
    assert [math.isnan(value) for value in found.cosine] == [False] * 3
    assert [math.isnan(value) for value in found.centred_cosine] == [False, True, False]
    assert [math.isnan(value) for value in found.cka] == [False, True, False]
    other[2, 30] = 0
    assert [math.isnan(value) for value in features.compare(batched(one, other, [41])).cosine] == [False, False, True]
    alone = features.compare(batched(one[:, :1], other[:, :1], [1]))
    assert np.isnan(alone.cka + alone.centred_cosine).all()
    assert np.isfinite(alone.cosine).all()


def test_models_of_two_shapes_and_no_text_are_refused():
    one, other = drawn(5)
    with pytest.raises(ValueError, match=r"\(3, 41, 5\) .*\(2, 41, 5\): compare models of one shape"):
        features.compare(batched(one, other[:2], [41]))
    with pytest.raises(ValueError, match="there is no token"):
        features.compare(list)


def test_states_are_those_of_every_layer_without_padding(bert_folder):
    """Against the model's own layers, called one after another on each sentence alone."""
    model = BertModel.from_pretrained(bert_folder).eval()
    sentences = [torch.tensor(ids) for ids in ([2, 8, 3], [2, 9, 10, 11, 12, 3], [2, 3])]
    batch = {
        "input_ids": pad_sequence(sentences, batch_first=True),
        "attention_mask": pad_sequence([torch.ones_like(ids) for ids in sentences], batch_first=True),
    }
    with torch.no_grad():
        found = features.states(model, batch)
        expected = []
        for ids in sentences:
            hidden, outputs = model.embeddings(ids[None]), []
            for layer in model.encoder.layer:
                hidden = layer(hidden)
                hidden = hidden[0] if isinstance(hidden, tuple) else hidden
                outputs.append(hidden[0])
            expected.append(torch.stack(outputs))
    assert found.shape == (2, 11, 16)
    assert torch.allclose(found, torch.cat(expected, dim=1), atol=1e-5)
