"""A model pruned in one call: what goes, and what it is told where that cannot be."""

import pandas as pd
import pytest
import torch
from transformers import BertForSequenceClassification

from lottery import masks
from lottery.data import examples
from lottery.importance import obs
from lottery.models import families
from lottery.pruning import inputs
from lottery.pruning.at_once import prune


@pytest.fixture
def model(bert_folder):
    torch.manual_seed(0)
    return BertForSequenceClassification.from_pretrained(bert_folder)


@pytest.fixture
def given(tokenizer):
    rows = [" ".join(f"w{(row * 7 + word * 3) % 50}" for word in range(2 + row % 6)) for row in range(11)]
    return examples.encode(pd.DataFrame({"first": rows, "label": 0}), tokenizer, 30)


def test_the_smallest_weights_of_the_layers_go(model):
    weights = families.prunable(model, embeddings=True)
    before = {name: weight.detach().clone() for name, weight in weights.items()}
    mask = prune(model, 0.3)
    assert mask.keys() == families.prunable(model, embeddings=False, pooler=False).keys()
    every, _ = torch.cat([before[name].abs().flatten() for name in mask]).sort()
    assert masks.removed(mask) == round(0.3 * len(every))
    for name, weight in weights.items():
        kept = mask[name] if name in mask else torch.ones_like(weight, dtype=torch.bool)
        assert torch.equal(weight, before[name] * kept)
        assert (before[name].abs()[~kept] <= every[masks.removed(mask) - 1]).all()


def test_examples_and_the_batches_of_a_loader_say_the_same(model, given, bert_folder):
    other = BertForSequenceClassification.from_pretrained(bert_folder)
    whole = families.prunable(other, embeddings=False, pooler=False)
    moments = inputs.moments(other, given, whole)
    expected = obs.update(whole, prune(model, 0.5, importance="obs", scope="row", data=given), moments)
    loader = [given.batch([*range(start, min(start + 4, 11))]) for start in (0, 4, 8)]
    mask = prune(other, 0.5, importance="obs", scope="row", data=iter(loader))
    for name, weight in families.prunable(model, embeddings=False, pooler=False).items():
        assert torch.allclose(weight, expected[name], atol=1e-5)
        assert torch.allclose(weight, whole[name], atol=1e-4)
        assert (whole[name][~mask[name]] == 0).all()


def test_what_cannot_be_is_refused_before_anything_changes(model, given):
    before = {name: weight.detach().clone() for name, weight in families.prunable(model, embeddings=True).items()}
    for change, words in (
        ({"importance": "wanda"}, "goes by texts"),
        ({"data": given}, "goes by the weights alone"),
        ({"importance": "wanda", "data": given, "embeddings": True}, "leave the word embeddings out"),
        ({"importance": "size"}, "no importance named 'size'"),
        ({"importance": "wanda", "data": []}, "there are no batches"),
        ({"importance": "wanda", "data": [{"labels": torch.ones(2)}]}, "no input_ids"),
    ):
        with pytest.raises(ValueError, match=words):
            prune(model, 0.5, **change)
    with pytest.raises(ValueError, match="not in"):
        prune(model, 1.5)
    assert all(torch.equal(weight, before[name]) for name, weight in families.prunable(model, embeddings=True).items())
