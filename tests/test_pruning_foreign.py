"""Masks of other programs: against torch's own pruning, and bits laid out by hand."""

import numpy as np
import pytest
import torch
from torch.nn.utils import prune
from transformers import BertForSequenceClassification

from lottery.models import families
from lottery.pruning import foreign


@pytest.fixture
def model(bert_folder):
    torch.manual_seed(0)
    return BertForSequenceClassification.from_pretrained(bert_folder)


def test_the_buffers_of_torch_are_a_mask_under_our_names(model):
    layers = [module for name, module in model.bert.encoder.named_modules() if isinstance(module, torch.nn.Linear)]
    prune.global_unstructured([(layer, "weight") for layer in layers[1:]], prune.L1Unstructured, amount=0.3)
    mask = foreign.of_buffers(model.state_dict())
    assert mask["encoder.layer.0.attention.self.query.weight"].all()  # the one that was left alone
    whole = {f"{name}.weight" for name, module in model.bert.named_modules() if module in layers}
    assert mask.keys() == whole
    for name in whole - {"encoder.layer.0.attention.self.query.weight"}:
        buffer = model.bert.get_submodule(name.removesuffix(".weight")).weight_mask
        assert torch.equal(mask[name], buffer.bool())
    pruned = sum(layer.weight.numel() for layer in layers[1:])
    assert sum(int((~kept).sum()) for kept in mask.values()) == round(0.3 * pruned)


def test_a_mask_alone_is_one_too_and_what_is_none_is_refused(model):
    kept = {"bert.encoder.layer.0.output.dense.weight": torch.tensor([[0.0, 1.0]])}
    assert foreign.of_buffers(kept)["encoder.layer.0.output.dense.weight"].tolist() == [[False, True]]
    with pytest.raises(ValueError, match="neither buffers"):
        foreign.of_buffers(model.state_dict())
    with pytest.raises(ValueError, match=r"'classifier.weight' is pruned"):
        foreign.of_buffers({"classifier.weight_mask": torch.tensor([0.0, 1.0])})
    with pytest.raises(ValueError, match="no matrices of an encoder"):
        foreign.of_buffers({"classifier.weight_mask": torch.ones(2)})
    with pytest.raises(ValueError, match="other numbers than 0 and 1"):
        foreign.of_buffers({"encoder.layer.0.output.dense.weight_mask": torch.tensor([0.5])})


def test_zeros_are_what_was_removed():
    mask = foreign.of_zeros({"a": torch.tensor([0.0, -0.0, 1e-30])})
    assert mask["a"].tolist() == [False, False, True]
    with pytest.raises(ValueError, match="nothing is removed"):
        foreign.of_zeros({"a": torch.ones(2)})


def test_packed_bits_follow_the_sorted_names_row_by_row_highest_first():
    shapes = {"layer.2": (2, 2), "layer.10": (1, 3)}
    mask = foreign.of_packed(np.array([0b10111010], dtype=np.uint8), shapes)
    assert mask["layer.10"].tolist() == [[True, False, True]]  # before "layer.2", as texts are sorted
    assert mask["layer.2"].tolist() == [[True, True], [False, True]]
    for wrong in (np.zeros(2, np.uint8), np.zeros(1, np.int64), np.zeros((1, 1), np.uint8)):
        with pytest.raises(ValueError, match="takes 1 bytes"):
            foreign.of_packed(wrong, shapes)


def test_components_of_either_kind_are_kept_whole_where_nothing_is_told_of_them():
    heads, mlps = np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([0, 1])
    both = foreign.of_components(heads, mlps)
    assert (both["heads"].tolist(), both["mlps"].tolist()) == ([[True, False], [True, True]], [False, True])
    assert foreign.of_components(heads, None)["mlps"].all()
    assert foreign.of_components(None, mlps, 3)["heads"].shape == (2, 3)
    with pytest.raises(ValueError, match="for the number of its heads"):
        foreign.of_components(None, mlps)
    with pytest.raises(ValueError, match="they are of"):
        foreign.of_components(heads, np.ones(3))
    with pytest.raises(ValueError, match="other numbers than 0 and 1"):
        foreign.of_components(heads * 0.5, mlps)


def test_names_below_the_encoder_are_those_of_what_can_be_pruned(model):
    ours = families.prunable(model, embeddings=True)
    found = {families.below(name) for name, _ in model.named_parameters()} - {None}
    assert found == ours.keys()


def test_a_model_that_torch_holds_is_told_of_and_made_plain(model):
    layer = model.bert.encoder.layer[0].output.dense
    prune.random_unstructured(layer, "weight", amount=0.5)
    kept, effective = layer.weight_mask.bool(), layer.weight.detach().clone()
    with pytest.raises(ValueError, match=r"`lottery.from_torch_prune\(model\)` gives its mask"):
        families.prunable(model, embeddings=False)
    mask = foreign.from_torch_prune(model)
    weights = families.prunable(model, embeddings=False, pooler=False)
    assert mask.keys() == weights.keys()
    assert torch.equal(mask["encoder.layer.0.output.dense.weight"], kept)
    assert torch.equal(weights["encoder.layer.0.output.dense.weight"], effective)
    assert not prune.is_pruned(model)


def test_a_mask_goes_to_torch_and_comes_back(model):
    weights = families.prunable(model, embeddings=False)
    before = {name: weight.detach().clone() for name, weight in weights.items()}
    mask = {name: torch.rand(weight.shape) < 0.5 for name, weight in weights.items()}
    foreign.to_torch_prune(model, {name: kept.float() for name, kept in mask.items()})
    layer = model.bert.encoder.layer[1].output.dense
    assert torch.equal(layer.weight_orig, before["encoder.layer.1.output.dense.weight"])
    found = foreign.from_torch_prune(model)
    assert {name: kept for name, kept in found.items() if name in mask}.keys() == mask.keys()
    for name, weight in families.prunable(model, embeddings=False).items():
        assert torch.equal(found[name], mask[name])
        assert torch.equal(weight, before[name] * mask[name])
    with pytest.raises(ValueError, match="of another model"):
        foreign.to_torch_prune(model, {"a.weight": torch.ones(2)})
