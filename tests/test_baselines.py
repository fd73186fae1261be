"""CBOW and BiLSTM against loops over single sentences."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from transformers import RobertaTokenizer

from lottery import store, training
from lottery.choices import choose, offered
from lottery.data import examples
from lottery.training import evaluation

KINDS = offered("baselines")
SEPARATOR = 3  # of the fixture's tokenizer; [PAD] is 0, [CLS] 2, and word wN is N + 5


def built(kind, *, pair=False, outputs=3, separator=SEPARATOR, vocabulary=60):
    torch.manual_seed(2)
    told = {"vocabulary": vocabulary, "outputs": outputs, "width": 6, "pair": pair, "separator": separator}
    return choose("baselines", kind).build(**told).eval()


def table(rows, pair):
    """Sentences of 1 to 7 words, no two rows alike."""
    draw = np.random.default_rng(rows)
    text = [[" ".join(f"w{n}" for n in draw.integers(0, 50, draw.integers(1, 8))) for _ in range(rows)] for _ in "uv"]
    columns = {"first": text[0], "second": text[1]} if pair else {"first": text[0]}
    return pd.DataFrame(columns | {"label": draw.integers(0, 3, rows)})


def numbers_of(sentence):
    return [int(word[1:]) + 5 for word in sentence.split()]


def array(tensor):
    return tensor.detach().double().numpy()


def mean_by_hand(model, ids):
    vectors = array(model.embeddings.weight)
    return sum(vectors[i] for i in ids) / len(ids)


def largest_by_hand(model, ids):
    """The LSTM's equations, token by token, in each direction (gates in torch's order i, f, g, o)."""

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    found = []
    for suffix, order in (("l0", ids), ("l0_reverse", ids[::-1])):
        w_in, w_state, b_in, b_state = (
            array(getattr(model.encoder.lstm, f"{name}_{suffix}"))
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        state, cell, states = np.zeros(6), np.zeros(6), []
        for token in order:
            gates = w_in @ array(model.embeddings.weight)[token] + b_in + w_state @ state + b_state
            i, f, g, o = np.split(gates, 4)
            cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
            state = sigmoid(o) * np.tanh(cell)
            states.append(state)
        found.append(np.max(states, axis=0))
    return np.concatenate(found)


BY_HAND = {"cbow": mean_by_hand, "bilstm": largest_by_hand}


def answer_by_hand(model, kind, sentences):
    """The MLP, dropout off, on the vectors of one or two lists of token numbers."""
    vectors = [BY_HAND[kind](model, ids) for ids in sentences]
    if len(vectors) == 2:
        u, v = vectors
        vectors = [u, v, np.abs(u - v), u * v]
    hidden, out = (layer for layer in model.head if isinstance(layer, nn.Linear))
    inside = np.tanh(array(hidden.weight) @ np.concatenate(vectors) + array(hidden.bias))
    return array(out.weight) @ inside + array(out.bias)


@pytest.mark.parametrize("pair", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_logits_and_loss_are_those_of_a_loop_over_sentences(kind, pair, tokenizer):
    rows = table(11, pair)
    model, given = built(kind, pair=pair), examples.encode(rows, tokenizer, 20)
    texts = zip(*(rows[name] for name in (("first", "second") if pair else ("first",))), strict=True)
    expected = np.array([answer_by_hand(model, kind, [numbers_of(text) for text in each]) for each in texts])
    assert training.predict(model, given, batch_size=4) == pytest.approx(expected, abs=1e-5)
    right = np.exp(expected[np.arange(11), rows["label"]])
    loss = -np.log(right / np.exp(expected).sum(1)).mean()
    assert training.mean_loss(model, given, batch_size=4) == pytest.approx(loss, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_regression_the_loss_is_the_squared_error(kind, tokenizer):
    rows = table(7, True).assign(label=lambda rows: rows["label"] / 4)
    model, given = built(kind, pair=True, outputs=1), examples.encode(rows, tokenizer, 20, regression=True)
    texts = zip(rows["first"], rows["second"], strict=True)
    answers = np.array([answer_by_hand(model, kind, [numbers_of(text) for text in each])[0] for each in texts])
    assert training.mean_loss(model, given) == pytest.approx(np.mean((answers - rows["label"]) ** 2), abs=1e-5)


@pytest.mark.parametrize("pair", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_neither_padding_nor_the_rest_of_the_batch_changes_an_answer(kind, pair, tokenizer):
    model, given = built(kind, pair=pair), examples.encode(table(9, pair), tokenizer, 20)
    together = training.predict(model, given, batch_size=9)
    assert len(set(given.lengths.tolist())) > 3
    assert together == pytest.approx(training.predict(model, given, batch_size=1), abs=1e-6)
    batch = given.batch([4])
    longer = {name: nn.functional.pad(batch[name], (0, 5), value=0) for name in ("input_ids", "attention_mask")}
    longer["input_ids"][:, -5:] = 17  # what is masked may be any token
    with training.evaluating(model):
        assert model(**longer).logits[0].numpy() == pytest.approx(together[4], abs=1e-6)


@pytest.mark.parametrize(("kind", "free"), [("cbow", True), ("bilstm", False)])
def test_the_order_of_words_is_nothing_to_cbow_and_something_to_the_bilstm(kind, free, tokenizer):
    rows = pd.DataFrame({"first": ["w1 w2 w3 w4", "w3 w1 w4 w2"], "label": [0, 0]})
    one, other = training.predict(built(kind), examples.encode(rows, tokenizer, 20))
    assert np.allclose(one, other, atol=1e-5) == free


@pytest.mark.parametrize("kind", KINDS)
def test_a_pair_turned_round_is_another_example_unless_the_head_weighs_both_alike(kind, tokenizer):
    rows = table(8, True)
    turned = rows.rename(columns={"first": "second", "second": "first"})
    model = built(kind, pair=True)

    def answers(rows):
        return training.predict(model, examples.encode(rows, tokenizer, 20))

    assert np.abs(answers(rows) - answers(turned)).max(1).min() > 1e-4
    weight = model.head[1].weight.data
    size = weight.shape[1] // 4
    weight[:, size : 2 * size] = weight[:, :size]
    assert answers(rows) == pytest.approx(answers(turned), abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_pairs_of_a_tokenizer_without_token_types_are_told_apart_by_its_two_separators(kind):
    letters = "abcdefgh"
    tokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *letters]
    theirs = RobertaTokenizer(vocab={token: number for number, token in enumerate(tokens)}, merges=[])
    rows = pd.DataFrame({"first": ["abc", "h"], "second": ["de", "gfedcba"], "label": [0, 1]})
    given = examples.encode(rows, theirs, 20)
    assert "token_type_ids" not in given.sequences
    assert [(ids == 2).sum().item() for ids in given.sequences["input_ids"]] == [3, 3]
    model = built(kind, pair=True, separator=2, vocabulary=len(tokens))
    expected = [
        answer_by_hand(
            model, kind, [[letters.index(letter) + 5 for letter in text] for text in (row.first, row.second)]
        )
        for row in rows.itertuples()
    ]
    assert training.predict(model, given) == pytest.approx(np.array(expected), abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sentence_without_words_is_0_and_so_are_its_gradients(kind):
    model = built(kind)
    ids = torch.tensor([[2, 3, 0, 0], [2, 9, 8, 3]])
    logits = model(ids, (ids != 0).long()).logits
    assert torch.allclose(logits[0], model.head(torch.zeros(1, model.head[1].in_features))[0])
    assert not torch.allclose(logits[0], logits[1])
    logits[0].sum().backward()
    assert not torch.isnan(model.embeddings.weight.grad).any()
    assert (model.embeddings.weight.grad == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_only_words_of_the_batch_have_gradients(kind, tokenizer):
    rows = table(5, True)
    model, given = built(kind, pair=True), examples.encode(rows, tokenizer, 20)
    model(**given.batch(list(range(5)))).loss.backward()
    moved = set(model.embeddings.weight.grad.abs().sum(1).nonzero().flatten().tolist())
    said = {number for name in ("first", "second") for text in rows[name] for number in numbers_of(text)}
    assert moved <= said
    if kind == "cbow":  # a word may be the largest in no state
        assert moved == said
    assert len(moved) > 5
    assert all(parameter.grad.abs().max() > 0 for parameter in model.parameters())


def test_one_learns_what_words_tell_and_the_other_what_their_order_tells_too(tokenizer):
    """Whether w1 is there; and whether it stands before w2, of which a mean knows what other words betray by chance."""
    draw = np.random.default_rng(0)
    rows = []
    for number in range(120):
        words = [f"w{n}" for n in draw.integers(3, 9, 4)]
        places = sorted(draw.choice(4, 2, replace=False))
        for place, word in zip(places if number % 2 else places[::-1], ("w1", "w2"), strict=True):
            words[place] = word
        rows.append((" ".join(words), number % 2))
    order = pd.DataFrame(rows, columns=["first", "label"])
    there = order.assign(first=[text if label else text.replace("w1", "w9") for text, label in rows])
    right = {}
    for name, told in (("order", order), ("there", there)):
        given = examples.encode(told, tokenizer, 20)
        for kind in KINDS:
            torch.manual_seed(0)
            model = choose("baselines", kind).build(vocabulary=60, outputs=2, width=16, pair=False, separator=SEPARATOR)
            optimizer = training.adamw(model, learning_rate=1e-2)
            training.fine_tune(model, optimizer, given, steps=120, batch_size=30, seed=0)
            right[name, kind] = (training.predict(model, given).argmax(1) == told["label"]).mean()
    bags = order.groupby(order["first"].map(lambda text: tuple(sorted(text.split()))))["label"]
    assert right["order", "cbow"] <= bags.agg(lambda labels: labels.value_counts().max()).sum() / 120 < 0.8
    assert min(right["there", "cbow"], right["there", "bilstm"], right["order", "bilstm"]) > 0.95


# The experiment


def test_train_loss_is_that_of_the_trained_model_over_all_of_train(baseline, tmp_path, monkeypatch, tokenizer):
    kept, fine_tune = [], training.fine_tune
    monkeypatch.setattr(
        training, "fine_tune", lambda model, *told, **how: kept.append(model) or fine_tune(model, *told, **how)
    )
    run = store.perform(baseline, tmp_path)
    train = baseline.start.tables("cola")["train"]
    logits = [answer_by_hand(kept[0], "cbow", [tokenizer(text)["input_ids"][1:-1][:14]]) for text in train["first"]]
    losses = [math.log(np.exp(row).sum()) - row[label] for row, label in zip(logits, train["label"], strict=True)]
    assert run.metrics["train_loss"] == pytest.approx(np.mean(losses), abs=1e-5)


def test_answers_are_as_many_as_a_task_has():
    assert evaluation.outputs(choose("tasks", "mnli")) == 3
    assert evaluation.outputs(choose("tasks", "cola")) == 2
    assert evaluation.outputs(choose("tasks", "stsb")) == 1
