"""What every file of a folder of choices has to offer; a new file is held to it without being named here."""

import inspect
import math
from typing import get_args, get_type_hints

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import BertForPreTraining, BertForSequenceClassification, BertTokenizer

from lottery import masks, training
from lottery.attention import patterns as attention_patterns
from lottery.attention.maps import MAPS
from lottery.choices import choose, offered
from lottery.component_importance import OfGradients
from lottery.data import examples
from lottery.experiments.attention_patterns import AttentionPatterns
from lottery.models import opening
from lottery.pruning import components, sensitivity
from lottery.training.evaluation import Exam

TASKS = offered("tasks")
IMPORTANCE = offered("importance")
BASELINES = offered("baselines")
COMPONENT_IMPORTANCE = offered("component_importance")
TASK_HEADS = offered("task_heads")
PATTERN_CLASSIFIERS = offered("pattern_classifiers")


def test_as_many_are_found_as_there_are():
    assert len(TASKS) == 11
    assert len(IMPORTANCE) == 4
    assert len(BASELINES) == 2
    assert len(COMPONENT_IMPORTANCE) == 10
    assert sum(isinstance(choose("component_importance", name), OfGradients) for name in COMPONENT_IMPORTANCE) == 3
    assert len(TASK_HEADS) == 3
    assert len(PATTERN_CLASSIFIERS) == 4


@pytest.mark.parametrize("name", TASKS)
def test_a_task_says_what_it_is(name):
    task = choose("tasks", name)
    assert task.__doc__
    assert task.TITLE
    assert task.FOLDER
    assert task.KIND in ("classification", "regression", "span")
    assert isinstance(task.PAIR, bool)
    assert (len(task.LABELS) >= 2) == (task.KIND == "classification")
    assert len(set(task.LABELS)) == len(task.LABELS)
    outputs = {"classification": len(task.LABELS), "regression": 1, "span": 2}[task.KIND]
    assert task.WORDS
    for row in (*task.WORDS, *getattr(task, "RELEASED_WORDS", ())):
        assert len(row) == len({word.lower() for word in row}) == outputs
        assert all(word.isalpha() for word in row)
    assert list(inspect.signature(task.read).parameters) == ["folder"]
    assert list(inspect.signature(task.metrics).parameters) == ["predictions", "labels"]


def some_answers(task):
    if task.KIND == "span":
        right = np.empty(3, dtype=object)
        right[:] = [("one", "two"), ("three",), ("four five",)]
        return right, np.array([accepted[0] for accepted in right], dtype=object), np.array(["q"] * 3, dtype=object)
    if task.KIND == "regression":
        return np.array([0.0, 2.5, 5.0]), np.array([0.1, 2.6, 5.1]), np.array([3.0, 2.0, 1.0])
    right = np.arange(12) % len(task.LABELS)
    return right, right.copy(), (right + 1) % len(task.LABELS)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_scores_the_right_answers_1_and_wrong_ones_less(name):
    task = choose("tasks", name)
    right, same, wrong = some_answers(task)
    best, worst = task.metrics(same, right), task.metrics(wrong, right)
    assert task.METRIC in best
    assert best.keys() == worst.keys()
    assert all(type(value) is float for value in [*best.values(), *worst.values()])
    assert all(value == pytest.approx(1) for value in best.values())
    assert all(-1 <= value <= 0 for value in worst.values())


@pytest.mark.parametrize("name", TASKS)
def test_a_task_without_its_files_says_so(name, tmp_path):
    with pytest.raises(FileNotFoundError, match="data_dir"):
        choose("tasks", name).read(tmp_path)


@pytest.mark.parametrize("name", IMPORTANCE)
def test_a_score_ranks_every_weight_and_leaves_the_weights_alone(name):
    module = choose("importance", name)
    assert module.__doc__
    torch.manual_seed(0)
    weights = {"b": torch.nn.Parameter(torch.randn(4, 6)), "a": torch.nn.Parameter(torch.randn(3, 5))}
    before = {key: weight.detach().clone() for key, weight in weights.items()}
    inputs = {key: torch.randn(9, weight.shape[1]) for key, weight in weights.items()}
    moments = {key: rows.T @ rows / 9 for key, rows in inputs.items()} if module.SEES_DATA else {}
    found = module.score(weights, moments, torch.Generator().manual_seed(1))
    again = module.score(weights, moments, torch.Generator().manual_seed(1))
    assert found.keys() == weights.keys()
    for key, weight in weights.items():
        assert found[key].shape == weight.shape
        assert found[key].is_floating_point()
        assert not found[key].requires_grad
        assert torch.equal(found[key], again[key])
        assert torch.equal(weight, before[key])
        assert weight.grad is None
    assert masks.removed(masks.keep_highest(found, 0.5)) == 20  # round(19.5) goes to the even number
    if module.SEES_DATA:
        with pytest.raises(ValueError, match="nothing is known of the inputs of"):
            module.score(weights, {}, torch.Generator())


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("pair", [False, True])
@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_answers_batches_as_a_stock_model_does(name, pair, outputs):
    module = choose("baselines", name)
    assert module.__doc__
    told = {"vocabulary": 20, "outputs": outputs, "width": 4, "pair": pair, "separator": 3}
    torch.manual_seed(0)
    model = module.build(**told)
    torch.manual_seed(0)
    again = module.build(**told)
    for key, tensor in model.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[key])
    batch = {"input_ids": torch.tensor([[2, 7, 8, 3, 9, 10, 3], [2, 9, 3, 7, 3, 0, 0]])}
    batch["attention_mask"] = (batch["input_ids"] > 0).long()
    labels = torch.tensor([0.5, 2.0]) if outputs == 1 else torch.tensor([1, 2])
    answer = model.eval()(**batch, labels=labels)
    assert answer.logits.shape == (2, outputs)
    assert answer.loss.shape == ()
    assert answer.loss > 0
    bare = model(**batch, token_type_ids=torch.zeros_like(batch["input_ids"]))
    assert bare.loss is None
    assert torch.equal(bare.logits, answer.logits)
    answer.loss.backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in model.parameters())
    assert model.device == torch.device("cpu")


@pytest.mark.parametrize("name", [name for name in TASKS if choose("tasks", name).KIND == "classification"])
def test_a_classification_tells_chance_as_a_number_or_not_at_all(name):
    """One answer to all: the metric is a number, or NaN where it is not defined; never an error or a warning."""
    task = choose("tasks", name)
    labels = np.arange(12) % len(task.LABELS)
    for constant in range(len(task.LABELS)):
        value = task.metrics(np.full(12, constant), labels)[task.METRIC]
        assert math.isnan(value) or 0 <= value < 1
    assert pd.notna(task.metrics(np.zeros(3, int), np.zeros(3, int))["accuracy"])


@pytest.mark.parametrize("name", COMPONENT_IMPORTANCE)
def test_a_score_of_components_tells_of_each_that_is_kept_and_leaves_the_model_alone(name, bert_folder, tokenizer):
    module = choose("component_importance", name)
    assert module.__doc__
    assert module.TITLE
    torch.manual_seed(0)
    model = BertForSequenceClassification.from_pretrained(bert_folder)
    model.bert.pooler.dense.weight.requires_grad_(False)
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    asked = {key: parameter.requires_grad for key, parameter in model.named_parameters()}
    attention = model.config._attn_implementation
    table = pd.DataFrame(
        {"first": [" ".join(["w1", "w2", "w3"][: 1 + n % 3]) for n in range(7)], "label": [0, 1] * 3 + [0]}
    )
    given = examples.encode(table, tokenizer, 8)
    with torch.no_grad():
        answers = model.eval()(**given.batch([0, 1, 2])).logits
    model.train()
    kept = components.everything(model.config)
    kept["heads"][0, 1], kept["mlps"][1] = False, False
    neurons = torch.arange(48).view(2, 24) % 3 > 0
    neurons[1] = False  # its MLP is gone
    for some in (components.everything(model.config), kept, kept | {"neurons": neurons}):
        found = module.score(model, given, some, torch.Generator().manual_seed(1))
        again = module.score(model, given, some, torch.Generator().manual_seed(1))
        assert found.keys() in ({"heads"}, some.keys())
        if isinstance(module, OfGradients):
            of = module.of(sensitivity.per_example(model, given, some))
            assert {kind: scores[some[kind]].tolist() for kind, scores in of.items()} == {
                kind: scores[some[kind]].tolist() for kind, scores in found.items()
            }
        for kind, scores in found.items():
            assert scores.shape == components.shapes(model.config, neurons=True)[kind]
            assert scores.device.type == "cpu"
            assert scores.is_floating_point()
            assert not scores.requires_grad
            assert scores[some[kind]].isfinite().all()
            assert kind == "mlps" or scores[some[kind]].unique().numel() > 1  # of one MLP there is one score
            assert torch.equal(scores.nan_to_num(), again[kind].nan_to_num())
    assert model.training
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())
    assert {key: parameter.requires_grad for key, parameter in model.named_parameters()} == asked
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.config._attn_implementation == attention
    with torch.no_grad():
        assert torch.equal(model.eval()(**given.batch([0, 1, 2])).logits, answers)


@pytest.fixture(scope="module")
def folder_with_label_words(tmp_path_factory, new_config):
    """A random BERT whose words are numbered 5 to 47, and whose label words follow."""
    words = [f"w{number}" for number in range(43)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, "yes", "maybe", "no", "terrible", "great", "?"]
    pieces += ["incorrect", "correct"]
    folder = tmp_path_factory.mktemp("label words")
    torch.manual_seed(5)
    model = BertForPreTraining(new_config())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(8 if parameter.ndim > 1 else 1)
    opening.save(model, BertTokenizer(vocab={piece: number for number, piece in enumerate(pieces)}), folder)
    return str(folder)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("head", TASK_HEADS)
def test_a_head_of_a_task_is_trained_or_left_alone_as_it_says(head, name, folder_with_label_words):
    """Five steps by the loops move the whole encoder, and the head only where it is TRAINED; then it answers."""
    module, task = choose("task_heads", head), choose("tasks", name)
    assert module.__doc__
    tokenizer = opening.tokenizer(folder_with_label_words)
    torch.manual_seed(0)
    model = module.build(folder_with_label_words, task, tokenizer)
    table = pd.DataFrame({"first": [" ".join(["w1", "w2", "w3 w4"][: 1 + n % 3]) for n in range(12)]})
    if task.PAIR:
        table["second"] = [f"w{n} w{n + 1} w7" for n in range(12)]
    if task.KIND == "span":
        table = table.assign(answer="w7", start=table["second"].str.find("w7"), answers=[("w7",)] * 12)
    else:
        table["label"] = [n % 3 % max(len(task.LABELS), 2) for n in range(12)]
    exam = Exam(task, {"train": table, "dev": table}, tokenizer, 16)
    given = exam.encoded(table)
    within = {id(parameter) for parameter in model.base_model.parameters()}
    before = {key: parameter.detach().clone() for key, parameter in model.named_parameters()}
    optimizer = training.adamw(model, learning_rate=1e-2)
    losses = training.fine_tune(model, optimizer, given, steps=5, batch_size=4, seed=0)
    assert all(loss > 0 for loss in losses)
    for key, parameter in model.named_parameters():
        moved = not torch.equal(parameter, before[key])
        assert moved == parameter.requires_grad == (id(parameter) in within or module.TRAINED)
    found, answers = exam.score(model)
    assert task.METRIC in found
    assert len(answers) == 12
    assert training.mean_loss(model, given) > 0


def test_the_kinds_of_maps_are_those_that_an_experiment_may_ask_for_and_are_taken_alike():
    assert get_args(get_type_hints(AttentionPatterns)["kind"]) == (*MAPS,)
    for way in MAPS.values():
        assert [*inspect.signature(way).parameters] == ["model", "examples", "released", "batch_size"]
        assert way.__doc__


@pytest.mark.parametrize("name", PATTERN_CLASSIFIERS)
def test_a_classifier_of_patterns_learns_tensors_and_tells_maps_of_any_size(name, monkeypatch):
    monkeypatch.setattr("lottery.pattern_classifiers.network.STEPS", 15)  # how well it tells them is asked elsewhere
    module = choose("pattern_classifiers", name)
    assert module.__doc__.splitlines()[0].endswith(".")
    maps, labels = attention_patterns.labelled(20, seed=0)
    before = [each.copy() for each in maps]
    learnt = module.fit(maps, labels, 1)
    assert all(isinstance(tensor, torch.Tensor) and tensor.is_contiguous() for tensor in learnt.values())
    asked, _ = attention_patterns.labelled(6, seed=1, tokens=(8, 60))
    found = module.predict(learnt, asked)
    assert found.shape == (6, 5)
    assert (found >= 0).all()
    assert found.sum(1) == pytest.approx(np.ones(6), abs=1e-5)
    assert np.allclose(module.predict(learnt, asked[::-1])[::-1], found, atol=1e-5)
    assert all(np.array_equal(one, other) for one, other in zip(maps, before, strict=True))
