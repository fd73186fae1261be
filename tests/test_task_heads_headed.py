"""An encoder under a frozen head, against the stock losses by hand, examples one by one, and what stock models do."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from toy_families import built
from transformers import AutoModel, BertForQuestionAnswering, BertForSequenceClassification

from lottery import training
from lottery.choices import choose
from lottery.models import families, opening
from lottery.pruning import components, sensitivity
from lottery.task_heads._headed import Headed
from lottery.task_heads._headed import stock as stock_of
from lottery.training.evaluation import Exam

TEXTS = [" ".join(f"w{(7 * n + k) % 50}" for k in range(1 + n * n % 7)) for n in range(10)]


def headed(folder: str, outputs: int, *, spans: bool = False) -> Headed:
    torch.manual_seed(1)
    return Headed(opening.bare_encoder(folder), nn.Linear(16, outputs), spans=spans)


def table_of(task) -> pd.DataFrame:
    if task.KIND == "span":
        given = pd.DataFrame({"first": ["w1 ?"] * 10, "second": [f"{text} w9 un" for text in TEXTS], "answer": "w9 un"})
        return given.assign(start=[len(text) + 1 for text in TEXTS], answers=[("w9 un", "un")] * 10)
    label = [0.5 * n for n in range(10)] if task.KIND == "regression" else [n % len(task.LABELS) for n in range(10)]
    given = pd.DataFrame({"first": TEXTS, "label": label})
    return given.assign(second=TEXTS[::-1]) if task.PAIR else given


def log_softmax(row: np.ndarray) -> np.ndarray:
    return row - np.log(np.exp(row - row.max()).sum()) - row.max()


@pytest.mark.parametrize(("name", "outputs"), [("cola", 2), ("mnli", 3), ("stsb", 1)])
def test_the_first_token_answers_and_the_loss_is_the_mean_by_hand(name, outputs, bert_folder, tokenizer):
    task = choose("tasks", name)
    model = headed(bert_folder, outputs).eval()
    batch = Exam(task, {}, tokenizer, 40).encoded(table_of(task)).batch(list(range(10)))
    with torch.no_grad():
        told = model(**batch)
        hidden = model.base_model(**{key: batch[key] for key in batch if key != "labels"}).last_hidden_state.numpy()
    weight, bias = (parameter.numpy() for parameter in model.head.parameters())
    logits = np.array([weight @ row[0] + bias for row in hidden])
    np.testing.assert_allclose(told.logits, logits, atol=1e-5)
    labels = batch["labels"].numpy()
    if outputs == 1:
        losses = [(row[0] - label) ** 2 for row, label in zip(logits, labels, strict=True)]
    else:
        losses = [-log_softmax(row)[label] for row, label in zip(logits, labels, strict=True)]
    assert told.loss.item() == pytest.approx(np.mean(losses), rel=1e-5)
    assert model(**{key: batch[key] for key in batch if key != "labels"}).loss is None


def test_every_token_is_scored_as_start_and_as_end_and_the_loss_is_the_mean_of_both(bert_folder, tokenizer):
    task = choose("tasks", "squad")
    model = headed(bert_folder, 2, spans=True).eval()
    batch = Exam(task, {}, tokenizer, 40).encoded(table_of(task)).batch(list(range(10)))
    places = ("start_positions", "end_positions")
    assert (batch[places[1]] == batch[places[0]] + 1).all()
    with torch.no_grad():
        told = model(**batch)
        bare = {key: batch[key] for key in batch if key not in places}
        hidden = model.base_model(**bare).last_hidden_state.numpy()
        assert model(**bare).loss is None
    weight, bias = (parameter.numpy() for parameter in model.head.parameters())
    starts, ends = (np.array([[weight[k] @ token + bias[k] for token in row] for row in hidden]) for k in (0, 1))
    np.testing.assert_allclose(told.start_logits, starts, atol=1e-5)
    np.testing.assert_allclose(told.end_logits, ends, atol=1e-5)
    losses = [
        np.mean([-log_softmax(scores[row])[batch[place][row]] for row in range(10)])
        for scores, place in ((starts, places[0]), (ends, places[1]))
    ]
    assert told.loss.item() == pytest.approx(np.mean(losses), rel=1e-5)


def stock(folder: str, model: Headed, name: str):
    """The stock model for spans with the same weights, or one for classes whose pooler hands on the first token."""
    if name == "squad":
        same = BertForQuestionAnswering.from_pretrained(folder)
        same.qa_outputs = model.head
        return same
    outputs = len(model.head.weight)
    problem = "regression" if outputs == 1 else "single_label_classification"
    same = BertForSequenceClassification.from_pretrained(folder, num_labels=outputs, problem_type=problem)
    same.bert.pooler.dense, same.bert.pooler.activation, same.classifier = nn.Identity(), nn.Identity(), model.head
    return same


@pytest.mark.parametrize(("name", "outputs"), [("mnli", 3), ("stsb", 1), ("squad", 2)])
def test_loss_and_gradients_are_those_of_the_stock_model(name, outputs, bert_folder, tokenizer):
    task = choose("tasks", name)
    model = headed(bert_folder, outputs, spans=name == "squad").eval()
    same = stock(bert_folder, model, name).eval()
    batch = Exam(task, {}, tokenizer, 40).encoded(table_of(task)).batch(list(range(10)))
    losses = []
    for each in (model, same):
        losses.append(each(**batch).loss)
        losses[-1].backward()
    assert losses[0].item() == pytest.approx(losses[1].item(), rel=1e-6)
    mine, theirs = (families.prunable(each, embeddings=True) for each in (model, same))
    assert mine.keys() == theirs.keys()
    assert len(mine) == 2 * 6 + 1
    for name, weight in mine.items():
        torch.testing.assert_close(weight.grad, theirs[name].grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("name", "outputs"), [("mnli", 3), ("squad", 2)])
def test_padding_changes_no_answer(name, outputs, bert_folder, tokenizer):
    task = choose("tasks", name)
    model = headed(bert_folder, outputs, spans=name == "squad").eval()
    given = Exam(task, {}, tokenizer, 40).encoded(table_of(task))
    assert len(given.lengths.unique()) > 3
    bare = [{key: rows[n][None] for key, rows in given.sequences.items()} for n in range(10)]
    with torch.no_grad():
        alone = [model(**inputs) for inputs in bare]
    if name == "squad":
        starts, ends = training.predict_spans(model, given, batch_size=7)
        for n in range(10):
            np.testing.assert_allclose(starts[n], alone[n].start_logits[0], atol=1e-5)
            np.testing.assert_allclose(ends[n], alone[n].end_logits[0], atol=1e-5)
    else:
        found = training.predict(model, given, batch_size=7)
        np.testing.assert_allclose(found, [told.logits[0].numpy() for told in alone], atol=1e-5)
        assert found.std(axis=0).min() > 1e-2


def test_heads_and_mlps_are_gated_cut_and_weighed_as_in_a_stock_model(bert_folder, tokenizer):
    task = choose("tasks", "mnli")
    model = headed(bert_folder, 3).eval()
    same = stock(bert_folder, model, "mnli").eval()
    given = Exam(task, {}, tokenizer, 40).encoded(table_of(task))
    kept = components.everything(model.config)
    kept["heads"][0, 1], kept["heads"][1, 2], kept["mlps"][1] = False, False, False
    gates = {name: tensor.float() for name, tensor in kept.items()}
    batch = given.batch([0, 1, 2])
    with torch.no_grad():
        whole = same(**batch).logits
        with components.gated(same, gates):
            wanted = same(**batch).logits
        with components.gated(model, gates):
            torch.testing.assert_close(model(**batch).logits, wanted)
        torch.testing.assert_close(components.sliced(model, kept)(**batch).logits, wanted, rtol=1e-4, atol=1e-5)
    assert (wanted - whole).abs().max() > 1e-2
    found, expected = (sensitivity.per_example(each, given, kept) for each in (model, same))
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-6, equal_nan=True)


def test_only_the_encoder_asks_for_gradients(bert_folder):
    model = headed(bert_folder, 2)
    asked = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert asked == {f"base_model.{name}" for name, _ in opening.bare_encoder(bert_folder).named_parameters()}
    assert not any("pooler" in name for name in asked)
    assert {"head.weight", "head.bias"} < model.state_dict().keys()


def test_it_tells_of_itself_what_its_encoder_tells(bert_folder):
    model = headed(bert_folder, 2)
    assert model.config is model.base_model.config
    assert model.device == torch.device("cpu")
    families.check_length(model.config, 40)
    with pytest.raises(ValueError, match="the model has positions for 40 tokens"):
        families.check_length(model.config, 41)
    states = model.eval()(input_ids=torch.tensor([[2, 6, 3]]), output_hidden_states=True).hidden_states
    assert len(states) == 3


@pytest.mark.parametrize("kind", ["mpnet", "deberta-v3", "modernbert"])
@pytest.mark.parametrize("spans", [False, True])
def test_a_stock_model_has_the_same_scores_or_its_family_is_refused(kind, spans):
    encoder = built(kind, AutoModel)
    encoder.pooler = None  # as that of `opening.bare_encoder`
    model = Headed(encoder, nn.Linear(16, 2), spans=spans)
    ids = torch.arange(5, 20).view(3, 5)
    if kind == "modernbert":
        with pytest.raises(ValueError, match=r"has layers before its last one \(head\), .* give saved = False"):
            stock_of(model, ["no", "yes"])
        return
    whole = stock_of(model, ["no", "yes"])
    with torch.no_grad():
        mine, theirs = (each.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)) for each in (model, whole))
    if spans:
        assert torch.equal(mine.start_logits, theirs.start_logits)
    else:
        torch.testing.assert_close(mine.logits, theirs.logits[:, 0])
