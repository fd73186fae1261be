"""Attention maps: against attention computed token by token, and against what the attention really puts out."""

import math

import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    ElectraConfig,
    ElectraForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from lottery.attention import maps as attention_maps
from lottery.data.examples import Examples
from lottery.pruning import components

HEADS, SIZE = 4, 4
LENGTHS = [5, 9, 3, 7, 6]
OF_BERT = (
    "encoder.layer",
    *("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"),
)
PLACES = {
    "bert": OF_BERT,
    "roberta": OF_BERT,
    "electra": OF_BERT,
    "distilbert": (
        "transformer.layer",
        *("attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"),
    ),
}
KINDS = [*PLACES]


def built(kind):
    """A classifier of 2 layers of 16 with 4 heads, weights large enough that attention is uneven, biases not 0."""
    shape = {
        "vocab_size": 60,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": HEADS,
        "intermediate_size": 24,
        "max_position_embeddings": 40,
    }
    torch.manual_seed(3)
    if kind == "distilbert":
        config = DistilBertConfig(
            vocab_size=60, dim=16, n_layers=2, n_heads=HEADS, hidden_dim=24, max_position_embeddings=40
        )
        model = DistilBertForSequenceClassification(config)
    elif kind == "electra":
        model = ElectraForSequenceClassification(ElectraConfig(embedding_size=8, **shape))
    elif kind == "roberta":
        model = RobertaForSequenceClassification(RobertaConfig(**shape))
    else:
        model = BertForSequenceClassification(BertConfig(**shape))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=0.3)
            elif "LayerNorm" not in name and "layer_norm" not in name:
                parameter.normal_()
    return model.train()  # dropout would show


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def model(kind):
    return built(kind)


def drawn(kind):
    """Five examples of 3 to 9 tokens; in two segments, the second of 1 to 7, where the family knows segments."""
    generator = torch.Generator().manual_seed(1)
    sequences = {"input_ids": [torch.randint(5, 55, (n,), generator=generator) for n in LENGTHS]}
    if kind in ("bert", "electra"):
        sequences["token_type_ids"] = [(torch.arange(n) >= 2).long() for n in LENGTHS]
    pad = {"input_ids": 1 if kind == "roberta" else 0, "token_type_ids": 0}
    return Examples(sequences, {"labels": torch.tensor([0, 1, 1, 0, 1])}, pad)


@pytest.fixture
def given(kind):
    return drawn(kind)


@torch.no_grad()
def traced(model, kind, given, position):
    """Of one example alone: each layer's four matrices, the input of the attention, and what its output matrix gives.

    The attention is that in which the model was made, which does not tell its probabilities.
    """
    layers, *names = PLACES[kind]
    blocks = model.base_model.get_submodule(layers)
    found = [[[block.get_submodule(name) for name in names]] for block in blocks]
    handles = [
        handle
        for told in found
        for handle in (
            told[0][2].register_forward_hook(lambda _, inputs, __, told=told: told.append(inputs[0][0])),
            told[0][3].register_forward_hook(lambda _, __, output, told=told: told.append(output[0])),
        )
    ]
    inputs = {name: rows[position][None] for name, rows in given.sequences.items()}
    training = model.training
    model.eval()
    model(**inputs)
    model.train(training)
    for handle in handles:
        handle.remove()
    return found


@torch.no_grad()
def looped(matrices, states, head, *, viewed):
    """A head's probabilities (n, n) and its vectors alpha_ij f(x_j), (n, n, width), token by token."""
    query, key, value, output = matrices
    own, n = range(head * SIZE, (head + 1) * SIZE), len(states)
    queries, keys, values = query(states), key(states), value(states)
    transformed = []
    for j in range(n):
        if viewed:
            view = output.weight.view(HEADS, SIZE, 16)
            transformed.append(sum(values[j, own[d]] * view[head, d] for d in range(SIZE)))
        else:
            transformed.append(sum(values[j, feature] * output.weight[:, feature] for feature in own))
    weights, vectors = torch.zeros(n, n), torch.zeros(n, n, 16)
    for i in range(n):
        exponents = [
            math.exp(sum(queries[i, feature].item() * keys[j, feature].item() for feature in own) / math.sqrt(SIZE))
            for j in range(n)
        ]
        for j in range(n):
            weights[i, j] = exponents[j] / sum(exponents)
            vectors[i, j] = weights[i, j] * transformed[j]
    return weights, vectors


def test_maps_are_what_the_attention_is_token_by_token_and_their_vectors_sum_to_its_output(model, kind, given):
    """In batches with padding, against each example alone."""
    raw = dict(attention_maps.raw(model, given, batch_size=3))
    normed = dict(attention_maps.normed(model, given, batch_size=3))
    for position, n in enumerate(LENGTHS):
        assert raw[position].shape == normed[position].shape == (2, HEADS, n, n)
        for layer, (matrices, states, output) in enumerate(traced(model, kind, given, position)):
            heads = [looped(matrices, states, head, viewed=False) for head in range(HEADS)]
            total = torch.zeros(n, 16)
            for head, (weights, vectors) in enumerate(heads):
                assert torch.allclose(raw[position][layer, head], weights, atol=1e-5)
                assert torch.allclose(normed[position][layer, head], vectors.norm(dim=-1), atol=1e-5)
                total += vectors.sum(1)
            assert torch.allclose(total, output - matrices[3].bias, atol=1e-5)
    assert max(maps.max() for maps in raw.values()) > 0.8  # not even
    assert min(maps.min() for maps in raw.values()) < 0.02


def test_rows_are_the_tokens_that_attend(model, given):
    for n, (_, maps) in zip([9, 7, 6, 5, 3], attention_maps.raw(model, given), strict=True):
        assert torch.allclose(maps.sum(-1), torch.ones(2, HEADS, n), atol=1e-6)
        assert not torch.allclose(maps.sum(-2), torch.ones(2, HEADS, n), atol=1e-2)


def test_as_released_no_token_types_are_passed_and_the_output_matrix_is_viewed_by_rows(model, kind, given):
    without = Examples({"input_ids": given.sequences["input_ids"]}, given.numbers, given.pad)
    raw = dict(attention_maps.raw(model, given, released=True))
    normed = dict(attention_maps.normed(model, given, released=True))
    stated = dict(attention_maps.raw(model, given)), dict(attention_maps.normed(model, without))
    for position in range(len(LENGTHS)):
        for layer, (matrices, states, output) in enumerate(traced(model, kind, without, position)):
            total = torch.zeros_like(states)
            for head in range(HEADS):
                weights, vectors = looped(matrices, states, head, viewed=True)
                assert torch.allclose(raw[position][layer, head], weights, atol=1e-5)
                assert torch.allclose(normed[position][layer, head], vectors.norm(dim=-1), atol=1e-5)
                total += vectors.sum(1)
            assert not torch.allclose(total, output - matrices[3].bias, atol=0.1)
        differs = not torch.allclose(raw[position], stated[0][position], atol=1e-2)
        assert differs == (kind in ("bert", "electra"))
        assert not torch.allclose(normed[position], stated[1][position], atol=0.1)


@pytest.mark.parametrize("way", attention_maps.MAPS.values())
def test_examples_come_longest_first_each_once_and_hold_no_more_than_their_maps(model, given, way):
    found = list(way(model, given, batch_size=2))
    assert [position for position, _ in found] == [1, 3, 4, 0, 2]
    for _, maps in found:
        assert maps.dtype == torch.float32
        assert maps.untyped_storage().nbytes() == maps.nbytes
        assert not maps.requires_grad
        assert not maps.is_inference()  # a network that tells maps apart could not be trained on it
    assert list(way(model, Examples({"input_ids": []}, {}, {}))) == []


@pytest.mark.parametrize("way", attention_maps.MAPS.values())
def test_between_two_examples_and_after_an_error_the_model_is_as_it_was(model, kind, given, way):
    layers, *_, value, _ = PLACES[kind]
    hooked = model.base_model.get_submodule(f"{layers}.0.{value}")

    def as_before():
        return (
            model.config._attn_implementation == "sdpa"
            and model.training
            and torch.is_grad_enabled()
            and all(parameter.requires_grad for parameter in model.parameters())
            and not hooked._forward_hooks
        )

    assert as_before()
    maps = way(model, given, batch_size=2)
    for _ in range(3):
        next(maps)
        assert as_before()
    given.sequences["input_ids"][2][0] = 99  # the vocabulary has 60 words
    with pytest.raises(IndexError):
        list(maps)
    assert as_before()


def test_a_model_that_was_opened_eager_stays_so(given, kind, model):
    model.set_attn_implementation("eager")
    before = dict(attention_maps.raw(model, given))
    assert model.config._attn_implementation == "eager"
    model.set_attn_implementation("sdpa")
    for position, maps in attention_maps.raw(model, given):
        assert torch.equal(maps, before[position])


@pytest.mark.parametrize("way", attention_maps.MAPS.values())
def test_the_encoder_is_given_what_it_reads_and_no_labels(model, kind, given, way):
    asked = []
    model.base_model.register_forward_pre_hook(lambda _, __, named: asked.append({*named}), with_kwargs=True)
    list(way(model, given, batch_size=5))
    list(way(model, given, batch_size=5, released=True))
    read = {"input_ids", "attention_mask", "output_attentions"}
    assert asked == [read | ({"token_type_ids"} if kind in ("bert", "electra") else set()), read]


def test_a_head_on_top_changes_nothing(model, given):
    for way in attention_maps.MAPS.values():
        for (one, below), (other, above) in zip(way(model.base_model, given), way(model, given), strict=True):
            assert one == other
            assert torch.equal(below, above)


def test_inside_gates_the_maps_are_those_of_the_model_without_the_heads_that_are_off(model, given):
    kept = components.everything(model.config)
    kept["heads"][0, 1:3], kept["heads"][1, 0], kept["mlps"][0] = False, False, False
    small = components.sliced(model, kept).eval()
    small.set_attn_implementation("eager")
    before = dict(attention_maps.raw(model, given))
    with components.gated(model, {name: mask.float().requires_grad_() for name, mask in kept.items()}):
        found = dict(attention_maps.raw(model, given))
    assert not any(maps.requires_grad for maps in found.values())
    for position in range(len(LENGTHS)):
        inputs = {name: rows[position][None] for name, rows in given.sequences.items()}
        with torch.no_grad():
            alone = small(**inputs, output_attentions=True).attentions
        for layer in range(2):
            stay = kept["heads"][layer]
            assert torch.allclose(found[position][layer, stay], alone[layer][0], atol=1e-5)
        assert not torch.allclose(found[position][1], before[position][1], atol=1e-2)


@pytest.mark.parametrize("cut", [(0, 1), (1, slice(None))])
def test_a_model_that_heads_were_cut_out_of_is_refused(model, given, cut):
    kept = components.everything(model.config)
    kept["heads"][cut] = False
    small = components.sliced(model, kept)
    for way in attention_maps.MAPS.values():
        with pytest.raises(ValueError, match="heads were cut out"):
            way(small, given)
