"""Magnitude pruning in steps: its masks against numpy's sort, its scores against weights set to 0 by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import matthews_corrcoef
from transformers import BertForSequenceClassification, BertTokenizer

from lottery import store
from lottery.experiments.magnitude_search import MASK, MagnitudeSearch
from lottery.masks import files as mask_files

MATRICES = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
MATRICES += ("intermediate.dense", "output.dense")
NAMES = sorted(f"encoder.layer.{layer}.{matrix}.weight" for layer in range(2) for matrix in MATRICES)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


def without_smallest(model_folder, share):
    """The model less the smallest of its weights, by one sort of all of them; and what is left, {name: bool array}."""
    model = BertForSequenceClassification.from_pretrained(model_folder).eval()
    weights = {name: model.bert.get_parameter(name) for name in NAMES}
    flat = np.concatenate([weights[name].detach().numpy().ravel() for name in NAMES])
    kept = np.ones(flat.size, dtype=bool)
    kept[np.argsort(np.abs(flat), kind="stable")[: round(share * flat.size)]] = False
    parts = np.split(kept, np.cumsum([weights[name].numel() for name in NAMES])[:-1])
    left = {name: part.reshape(weights[name].shape) for name, part in zip(NAMES, parts, strict=True)}
    with torch.no_grad():
        for name, weight in weights.items():
            weight[~torch.from_numpy(left[name])] = 0
    return model, left


@torch.no_grad()
def mcc(model, model_folder, table):
    tokenizer = BertTokenizer.from_pretrained(model_folder)
    found = [
        model(**tokenizer(text, truncation=True, max_length=16, return_tensors="pt")).logits.argmax().item()
        for text in table["first"]
    ]
    return matthews_corrcoef(table["label"], found)


@pytest.mark.parametrize("per_step", [0.1, 0.05])
def test_every_step_removes_the_smallest_of_all_and_is_scored_so(tuned, results, per_step):
    run = store.perform(MagnitudeSearch(of=tuned, per_step=per_step), results)
    found, model_folder, dev = run.metrics, tuned.weights(run), tuned.tables("cola")["dev"]
    number = 2 * (4 * 16 * 16 + 2 * 16 * 24)
    assert found["weights"] == number
    assert found["dense_score"] == found["scores"][0] > 0.5
    assert found["ended"] == "score"
    assert found["steps"] == len(found["scores"]) - 2 > 0
    for step, (sparsity, score) in enumerate(zip(found["sparsities"], found["scores"], strict=True)):
        assert sparsity == round((1 - (1 - per_step) ** step) * number) / number
        model, left = without_smallest(model_folder, 1 - (1 - per_step) ** step)
        assert score == pytest.approx(mcc(model, model_folder, dev))
        assert (score >= 0.9 * found["dense_score"]) == (step <= found["steps"])
        if step == found["steps"]:
            saved = mask_files.load(run.path / MASK)[0]
            assert saved.keys() == left.keys()
            assert all(np.array_equal(saved[name].numpy(), left[name]) for name in NAMES)
            assert (found["sparsity"], found["score"]) == (sparsity, score)
            assert found["removed"] == sum(int((~part).sum()) for part in left.values())


def test_the_shares_are_counted_weight_by_weight(tuned, results):
    run = store.perform(MagnitudeSearch(of=tuned), results)
    _, left = without_smallest(tuned.weights(run), 1 - 0.9 ** run.metrics["steps"])
    heads, mlps = [], []
    for layer in range(2):
        for head in range(4):
            inside = 0
            for matrix in MATRICES[:4]:
                kept = left[f"encoder.layer.{layer}.{matrix}.weight"]
                for row in range(16):
                    for column in range(16):
                        own = (column if matrix == "attention.output.dense" else row) // 4 == head
                        inside += own and kept[row, column]
            heads.append(inside / (4 * 4 * 16))
        parts = [left[f"encoder.layer.{layer}.{matrix}.weight"] for matrix in MATRICES[4:]]
        mlps.append(sum(part.sum() for part in parts) / (2 * 16 * 24))
    assert run.metrics["head_shares"] == pytest.approx(heads)
    assert run.metrics["mlp_shares"] == pytest.approx(mlps)
    assert len(set(heads)) > 1


def test_it_ends_after_the_most_steps_it_may_take(tuned, results):
    found = store.perform(MagnitudeSearch(of=tuned, per_step=0.01, most=1, share=0.01), results).metrics
    assert (found["ended"], found["steps"], len(found["scores"])) == ("most", 1, 2)


def test_a_model_that_is_always_wrong_loses_nothing(tuned, tmp_path):
    """Every label of its dev set is turned round: no share of a score below 0 is a bound."""
    place = tmp_path / "CoLA"
    place.mkdir()
    known = Path(tuned.start.data)
    rows = [line.split("\t") for line in (known / "dev.tsv").read_text("utf-8").splitlines()]
    (place / "dev.tsv").write_text("".join("\t".join([r[0], str(1 - int(r[1])), *r[2:]]) + "\n" for r in rows), "utf-8")
    (place / "train.tsv").write_text((known / "train.tsv").read_text("utf-8"), "utf-8")
    wrong = replace(tuned, start=replace(tuned.start, data=str(place)))
    found = store.perform(MagnitudeSearch(of=wrong), tmp_path).metrics
    assert found["dense_score"] < 0
    assert "not above 0" in found["degenerate"]
    assert (found["steps"], found["sparsity"], found["sparsities"]) == (0, 0.0, [0.0])
    assert found["head_shares"] == [1.0] * 8


def test_the_same_random_search_twice_is_the_same_to_the_bit(tuned, results, tmp_path):
    search = MagnitudeSearch(of=tuned, importance="random", seed=3)
    first = store.perform(search, results)
    torch.manual_seed(99)
    second = store.perform(search, tmp_path)
    assert first.metrics == second.metrics
    assert (first.path / MASK).read_bytes() == (second.path / MASK).read_bytes()
    other = store.perform(replace(search, seed=4), results)
    masks = [mask_files.load(run.path / MASK)[0] for run in (first, other)]  # the file tells the seed, too
    assert any(not torch.equal(masks[0][name], masks[1][name]) for name in NAMES)
