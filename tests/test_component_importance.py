"""Scores of heads, MLPs and neurons against loops: over parameters, over tokens, over attention itself."""

import math

import pandas as pd
import pytest
import torch
from transformers import BertForSequenceClassification

from lottery.component_importance import attention_entropy, magnitude, taylor, token, token_sum, token_sum_running
from lottery.data import examples
from lottery.pruning import components

LAYERS, HEADS, SIZE = 2, 4, 4  # of the model in conftest


@pytest.fixture
def model(bert_folder):
    torch.manual_seed(0)
    return BertForSequenceClassification.from_pretrained(bert_folder).eval()


@pytest.fixture
def given(tokenizer):
    """Eleven examples of 4 to 14 tokens."""
    rows = [" ".join(f"w{(row * 7 + word * 3) % 50}" for word in range(2 + row)) for row in range(11)]
    return examples.encode(pd.DataFrame({"first": rows, "label": [row % 2 for row in range(11)]}), tokenizer, 30)


@pytest.fixture
def some(model):
    kept = components.everything(model.config)
    kept["heads"][0, 1], kept["heads"][1, 3], kept["mlps"][0] = False, False, False
    return kept


def block(model, layer):
    return model.bert.encoder.layer[layer]


def of_head(block, head):
    """The parts of its layer's attention that belong to a head: of each matrix, where it is."""
    own, all_of_it, attention = slice(head * SIZE, (head + 1) * SIZE), slice(None), block.attention
    inner = (attention.self.query, attention.self.key, attention.self.value)
    return [
        *((linear.weight, (own, all_of_it)) for linear in inner),
        (attention.output.dense.weight, (all_of_it, own)),
    ]


def of_neuron(block, neuron):
    return [(block.intermediate.dense.weight, neuron), (block.output.dense.weight, (slice(None), neuron))]


def of_mlp(block):
    everywhere = (slice(None), slice(None))
    return [(block.intermediate.dense.weight, everywhere), (block.output.dense.weight, everywhere)]


def without(model, kept):
    """The model itself, with the outputs of what is not kept multiplied by weights of 0."""
    with torch.no_grad():
        for layer in range(LAYERS):
            for head in range(HEADS):
                if not kept["heads"][layer, head]:
                    block(model, layer).attention.output.dense.weight[:, head * SIZE : (head + 1) * SIZE] = 0
            if not kept["mlps"][layer]:
                block(model, layer).output.dense.weight[:] = 0
                block(model, layer).output.dense.bias[:] = 0
    return model


def test_taylor_is_the_weights_times_their_gradients_component_by_component(model, given, some):
    for kept in (components.everything(model.config, neurons=True), some):
        found = taylor.score(model, given, kept, torch.Generator())
        without(model, kept)
        model.zero_grad()
        sum(model(**given.batch([row])).loss for row in range(11)).div(11).backward()
        for layer in range(LAYERS):
            parts = {("heads", (layer, head)): of_head(block(model, layer), head) for head in range(HEADS)}
            parts["mlps", (layer,)] = of_mlp(block(model, layer))
            if "neurons" in kept:
                parts |= {("neurons", (layer, neuron)): of_neuron(block(model, layer), neuron) for neuron in range(24)}
            for (kind, place), matrices in parts.items():
                change = sum((weight[where] * weight.grad[where]).sum().item() for weight, where in matrices)
                assert found[kind][place].item() == pytest.approx(abs(change), rel=1e-3, abs=1e-5)
    assert found["heads"][0, 1] == found["mlps"][0] == 0


def test_magnitude_is_the_mean_size_of_a_components_weights(model, given, some):
    neurons = torch.ones(LAYERS, 24, dtype=torch.bool)
    found = magnitude.score(model, given, some | {"neurons": neurons}, torch.Generator())
    for layer in range(LAYERS):
        for head in range(HEADS):
            sizes = [
                abs(value)
                for weight, where in of_head(block(model, layer), head)
                for value in weight[where].flatten().tolist()
            ]
            assert len(sizes) == 4 * SIZE * 16
            assert found["heads"][layer, head].item() == pytest.approx(sum(sizes) / len(sizes))
        sizes = [abs(value) for weight, _ in of_mlp(block(model, layer)) for value in weight.flatten().tolist()]
        assert found["mlps"][layer].item() == pytest.approx(sum(sizes) / len(sizes))
        for neuron in range(24):
            own = of_neuron(block(model, layer), neuron)
            sizes = [abs(value) for weight, where in own for value in weight[where].tolist()]
            assert found["neurons"][layer, neuron].item() == pytest.approx(sum(sizes) / 32)


def test_attention_entropy_is_counted_head_by_head_over_real_tokens(model, given):
    found = attention_entropy.score(model, given, components.everything(model.config), torch.Generator())
    model.set_attn_implementation("eager")
    expected = [[0.0] * HEADS for _ in range(LAYERS)]
    for row in range(11):
        with torch.no_grad():
            attentions = model(**given.batch([row]), output_attentions=True).attentions  # alone: no padding
        length = attentions[0].shape[-1]
        for layer in range(LAYERS):
            for head in range(HEADS):
                spread = 0.0
                for weights in attentions[layer][0, head].double().tolist():
                    spread -= sum(weight * math.log(weight) for weight in weights if weight > 0)
                expected[layer][head] += (math.log(length) - spread / length) / 11
    assert found.keys() == {"heads"}
    assert found["heads"].flatten().tolist() == pytest.approx([*expected[0], *expected[1]], abs=1e-5)
    assert found["heads"].min() >= 0


def sums_over_tokens(model, given):
    """Example by example, the sum over tokens of |output x gradient| of each head and MLP, and the number of tokens."""
    heads, mlps, tokens = torch.zeros(11, LAYERS, HEADS), torch.zeros(11, LAYERS), []
    contexts, outputs = {}, {}
    for layer in range(LAYERS):
        attention, mlp = block(model, layer).attention.output.dense, block(model, layer).output.dense
        attention.register_forward_pre_hook(lambda _, inputs, layer=layer: contexts.update({layer: inputs[0]}))
        mlp.register_forward_hook(lambda _, inputs, output, layer=layer: outputs.update({layer: output}))
    for row in range(11):
        loss = model(**given.batch([row])).loss
        tokens.append(contexts[0].shape[1])
        for layer in range(LAYERS):
            of_context, of_output = torch.autograd.grad(loss, [contexts[layer], outputs[layer]], retain_graph=True)
            for place in range(contexts[layer].shape[1]):
                product = contexts[layer][0, place] * of_context[0, place]
                for head in range(HEADS):
                    heads[row, layer, head] += product[head * SIZE : (head + 1) * SIZE].sum().abs().item()
                mlps[row, layer] += (outputs[layer][0, place] * of_output[0, place]).sum().abs().item()
    return {"heads": heads, "mlps": mlps}, sum(tokens)


def test_token_is_the_product_of_outputs_and_their_gradients_as_michel_et_al_sum_it(model, given, some):
    found = token.score(model, given, some, torch.Generator())
    sums, tokens = sums_over_tokens(without(model, some), given)
    divisor = torch.tensor([float(tokens), 11.0])  # the last layer's by the number of examples
    for name, expected in (("heads", sums["heads"].sum(0) / divisor[:, None]), ("mlps", sums["mlps"].sum(0) / divisor)):
        assert torch.allclose(found[name][some[name]], expected[some[name]], rtol=1e-4, atol=1e-6)
        assert found[name][~some[name]].isnan().all()


def test_token_sum_counts_every_example_with_all_its_tokens(model, given, some):
    found = token_sum.score(model, given, some, torch.Generator())
    sums, _ = sums_over_tokens(without(model, some), given)
    for name, each in sums.items():
        assert torch.allclose(found[name][some[name]], each.mean(0)[some[name]], rtol=1e-4, atol=1e-6)
        assert found[name][~some[name]].isnan().all()


def test_running_token_sum_adds_up_a_gradient_that_is_never_set_back_to_0(model, given, monkeypatch):
    """As the released loop: after each batch, of 4, 4 and 3 examples, the gate's gradient so far is added."""
    monkeypatch.setattr(
        token_sum_running, "of_sizes", lambda sizes, of=token_sum_running.of_sizes: of(sizes, together=4)
    )
    whole = components.everything(model.config)
    found = token_sum_running.score(model, given, whole, torch.Generator())
    sums, _ = sums_over_tokens(model, given)
    for name, each in sums.items():
        gradient, total = torch.zeros(each.shape[1:]), torch.zeros(each.shape[1:])
        for batch in ([0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]):
            for row in batch:
                gradient += each[row] / len(batch)
            total += gradient
        assert torch.allclose(found[name], total / 3, rtol=1e-4, atol=1e-6)
