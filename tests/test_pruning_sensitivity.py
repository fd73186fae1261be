"""The gradient of every gate for every example: against one example at a time, and against differences."""

import pandas as pd
import pytest
import torch
from transformers import BertForQuestionAnswering, BertForSequenceClassification, BertForTokenClassification

from lottery.choices import choose
from lottery.data import examples, tagged
from lottery.pruning import components, sensitivity


@pytest.fixture
def model(bert_folder):
    torch.manual_seed(0)
    return BertForSequenceClassification.from_pretrained(bert_folder)


@pytest.fixture
def given(tokenizer):
    rows = [" ".join(f"w{(row * 7 + word * 3) % 50}" for word in range(2 + row % 6)) for row in range(11)]
    table = pd.DataFrame({"first": rows, "second": rows[::-1], "label": [row % 2 for row in range(11)]})
    return examples.encode(table, tokenizer, 30)


def alone(model, batch, kept):
    """dL/dxi of one batch with one gate a component, the whole graph in use."""
    gates = {name: tensor.float().requires_grad_() for name, tensor in kept.items()}
    model.eval()
    with components.gated(model, gates):
        model(**batch).loss.backward()
    return {name: gate.grad for name, gate in gates.items()}


@pytest.fixture
def kept(model):
    found = components.everything(model.config)
    found["heads"][0, 1], found["heads"][1, 2:], found["mlps"][0] = False, False, False
    return found


def test_it_is_what_each_example_gives_alone(model, given, kept):
    for mask in (components.everything(model.config), kept, kept | {"neurons": some_neurons()}):
        found = sensitivity.per_example(model, given, mask, removed_too=True, batch_size=4)
        for row in range(11):
            one = alone(model, given.batch([row]), mask)
            for name in mask:
                assert torch.allclose(found[name][row], one[name], atol=1e-5)
        assert all(each.abs().max() > 1e-3 for each in found.values())


def some_neurons():
    """Of the second layer every third one is gone, of the first, whose MLP is gone in `kept`, one."""
    neurons = torch.ones(2, 24, dtype=torch.bool)
    neurons[1, ::3], neurons[0, 5] = False, False
    return neurons


@pytest.mark.parametrize("neurons", [False, True])
def test_what_is_cut_out_first_gives_the_same_for_what_is_left(model, given, kept, neurons):
    kept |= {"neurons": some_neurons()} if neurons else {}
    gated = sensitivity.per_example(model, given, kept, removed_too=True)
    cut = sensitivity.per_example(model, given, kept)
    for name, mask in kept.items():
        there = mask & kept["mlps"][:, None] if name == "neurons" else mask
        assert torch.allclose(gated[name][:, there], cut[name][:, there], atol=1e-5)
        assert cut[name][:, ~there].isnan().all()
        assert gated[name].isfinite().all()


@pytest.mark.parametrize("find", [sensitivity.per_example, sensitivity.per_token])
def test_zeros_and_ones_tell_what_is_kept_as_bools_do(find, model, given, kept):
    expected = find(model, given, kept)
    for name, found in find(model, given, {name: mask.float() for name, mask in kept.items()}).items():
        assert torch.equal(found.nan_to_num(-1), expected[name].nan_to_num(-1))


def test_it_is_the_change_of_the_loss_with_the_gate(model, given):
    whole = components.everything(model.config)
    found = sensitivity.per_example(model, given, whole)
    for name, place in (("heads", (0, 3)), ("heads", (1, 0)), ("mlps", (0,)), ("mlps", (1,))):
        losses = []
        for change in (1e-2, -1e-2):
            gates = {key: tensor.float() for key, tensor in whole.items()}
            gates[name][place] += change
            with torch.no_grad(), components.gated(model.eval(), gates):
                losses.append(model(**given.batch([2])).loss.item())
        assert found[name][(2, *place)].item() == pytest.approx((losses[0] - losses[1]) / 2e-2, rel=0.05, abs=1e-4)


def test_gates_of_tokens_sum_to_that_of_the_example_before_sizes_are_taken(model, given):
    """Padding counts for nothing, and with one gate a token |sum| <= sum of sizes."""
    whole = components.everything(model.config, neurons=True)
    sizes = sensitivity.per_token(model, given, whole, batch_size=4)
    one_by_one = sensitivity.per_token(model, given, whole, batch_size=1)
    sums = sensitivity.per_example(model, given, whole)
    for name in sizes:
        assert torch.allclose(sizes[name], one_by_one[name], atol=1e-5)
        assert (sizes[name] >= sums[name].abs() - 1e-5).all()
    # Of the last layer only the first token reaches the classifier.
    assert torch.allclose(sizes["mlps"][:, 1], sums["mlps"][:, 1].abs(), atol=1e-5)
    assert not torch.allclose(sizes["mlps"][:, 0], sums["mlps"][:, 0].abs(), atol=1e-4)


def test_the_model_is_as_it_was_and_no_weight_has_a_gradient(model, given):
    model.train()
    model.bert.embeddings.word_embeddings.weight.requires_grad_(False)
    sensitivity.per_example(model, given, components.everything(model.config))
    assert model.training
    assert not model.bert.embeddings.word_embeddings.weight.requires_grad
    assert model.classifier.weight.requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_model_that_reads_spans_has_them_too(bert_folder, given):
    torch.manual_seed(0)
    reader = BertForQuestionAnswering.from_pretrained(bert_folder)
    places = torch.arange(11) % 4
    spans = examples.Examples(given.sequences, {"start_positions": places, "end_positions": places + 1}, given.pad)
    whole = components.everything(reader.config)
    found = sensitivity.per_example(reader, spans, whole)
    for row in (0, 7):
        one = alone(reader, spans.batch([row]), whole)
        assert torch.allclose(found["heads"][row], one["heads"], atol=1e-5)


def test_the_three_estimators_are_their_sums_over_the_order_of_the_data():
    torch.manual_seed(2)
    gradients = {"heads": torch.randn(130, 2, 3), "mlps": torch.randn(130, 2)}
    parts = [range(64), range(64, 128), range(128, 130)]
    for name, gradient in gradients.items():
        values = gradient.double().numpy()
        means = [values[part.start : part.stop].mean(0) for part in parts]
        sample = sum(abs(row) for row in values) / 130
        batch = sum(abs(mean) for mean in means) / 3
        running = (abs(means[0]) + abs(means[0] + means[1]) + abs(means[0] + means[1] + means[2])) / 3
        for kind, expected in (("sample", sample), ("batch", batch), ("running", running)):
            found = choose("component_importance", kind).of(gradients)[name]
            assert found.numpy() == pytest.approx(expected, rel=1e-5)
    one_sign = {name: gradient.abs() for name, gradient in gradients.items()}
    sample, batch = (choose("component_importance", kind).of(one_sign)["mlps"] for kind in ("sample", "batch"))
    assert not torch.allclose(sample, batch)  # the last batch is smaller, and counts as much


def test_the_loss_of_tags_is_that_of_a_sentence_alone(bert_folder, tokenizer):
    """The mean over its words, however long its neighbours in a batch are."""
    torch.manual_seed(0)
    model = BertForTokenClassification.from_pretrained(bert_folder, num_labels=3)
    rows = [" ".join(f"w{(row * 7 + word * 3) % 50}" for word in range(1 + row)) for row in range(6)]
    tags = [" ".join(("O", "B-A", "I-A")[(row + word) % 3] for word in range(1 + row)) for row in range(6)]
    table = pd.DataFrame({"first": rows, "label": tags})
    given, _ = tagged.encode(table, tokenizer, 6, tagged.labels(["A"]))
    kept = components.everything(model.config)
    found = sensitivity.per_example(model, given, kept, batch_size=4)
    for row in range(6):
        one = alone(model, given.batch([row]), kept)
        for name in kept:
            assert torch.allclose(found[name][row], one[name], atol=1e-5)
    assert all(each.abs().max() > 1e-3 for each in found.values())
