"""Ways to a smaller encoder: what goes by hand, and that it is gone."""

import importlib.util

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from lottery.models import families
from lottery.pruning import components, ways


@pytest.fixture
def model():
    torch.manual_seed(3)
    sizes = {"hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 24}
    return BertModel(BertConfig(vocab_size=50, **sizes), add_pooling_layer=False).eval()


@pytest.fixture
def scores():
    draw = torch.Generator().manual_seed(1)
    return {"heads": torch.rand(4, 4, generator=draw), "neurons": torch.rand(4, 24, generator=draw)}


TOKENS = torch.tensor([[1, 5, 9, 33], [7, 7, 2, 4]])


@pytest.mark.parametrize(
    ("way", "kinds"), [("heads", ["heads"]), ("neurons", ["neurons"]), ("both", ["heads", "neurons"])]
)
def test_the_least_important_of_the_whole_model_go_as_if_their_gates_were_shut(model, scores, way, kinds):
    small, held = ways.smaller(model, way, 0.25, scores)
    kept = components.everything(model.config, neurons=True)
    for kind in kinds:
        bar = np.quantile(scores[kind].numpy(), 0.25)
        kept[kind] = torch.from_numpy(scores[kind].numpy() > bar)
        assert int((~kept[kind]).sum()) == kept[kind].numel() // 4
    with components.gated(model, {name: tensor.float() for name, tensor in kept.items()}):
        expected = model(TOKENS).last_hidden_state
    assert torch.allclose(small(TOKENS).last_hidden_state, expected, atol=1e-5)
    assert small.num_parameters() < model.num_parameters()
    assert held == {}


@pytest.mark.parametrize(("way", "stay"), [("first_layers", [0, 1]), ("spread_layers", [0, 3])])
def test_layers_that_stay_do_what_they_did(model, way, stay):
    small, _ = ways.smaller(model, way, 0.5, {})
    hidden = model.embeddings(TOKENS)
    for place in stay:
        hidden = model.encoder.layer[place](hidden)
    assert torch.allclose(small(TOKENS).last_hidden_state, hidden, atol=1e-5)
    assert small.config.num_hidden_layers == 2
    assert model.config.num_hidden_layers == 4


def test_layers_are_counted_and_none_left_is_refused():
    assert ways.layers("spread_layers", 12, 0.5).nonzero().flatten().tolist() == [0, 2, 4, 7, 9, 11]
    assert ways.layers("first_layers", 5, 0.2).tolist() == [True] * 4 + [False]
    with pytest.raises(ValueError, match=r"of 2 layers a share of 0.9 leaves none"):
        ways.layers("first_layers", 2, 0.9)


def test_zeros_are_the_smallest_weights_and_stay_stored(model):
    small, held = ways.smaller(model, "zeros", 0.5, {})
    before = families.prunable(model, embeddings=False)
    every = np.sort(np.concatenate([weight.detach().abs().numpy().ravel() for weight in before.values()]))
    bar = every[len(every) // 2]
    for name, weight in families.prunable(small, embeddings=False).items():
        assert torch.equal(weight, before[name] * (before[name].abs() >= bar))
        assert torch.equal(held[name], before[name].abs() >= bar)
    assert small.num_parameters() == model.num_parameters()


def test_nothing_gone_is_the_model_itself_in_a_copy(model):
    same, held = ways.smaller(model, "nothing", 0.0, {})
    assert same is not model
    assert held == {}
    assert torch.equal(same(TOKENS).last_hidden_state, model(TOKENS).last_hidden_state)


def test_torch_pruning_cuts_the_small_half_of_every_layer(model):
    """Made small: heads 1 and 3, and every odd neuron."""
    if importlib.util.find_spec(ways.PACKAGE) is None:
        pytest.skip("the extra bench is not installed")
    with torch.no_grad():
        for layer in model.encoder.layer:
            for linear in (layer.attention.self.query, layer.attention.self.key, layer.attention.self.value):
                linear.weight.view(4, 4, 16)[1::2] *= 0.01
            layer.attention.output.dense.weight.view(16, 4, 4)[:, 1::2] *= 0.01
            layer.intermediate.dense.weight[1::2] *= 0.01
            layer.output.dense.weight[:, 1::2] *= 0.01
    for mode in (torch.enable_grad, torch.inference_mode):
        with mode():
            kept = ways.by_torch_pruning(model, 0.5)
        assert kept["heads"].tolist() == [[True, False] * 2] * 4
        assert kept["neurons"].tolist() == [[True, False] * 12] * 4


def test_without_torch_pruning_or_of_another_family_it_is_said(model, monkeypatch):
    model.config.model_type = "distilbert"
    with pytest.raises(ValueError, match=r"set up here for BERT|pip install 'lottery\[bench\]'"):
        ways.by_torch_pruning(model, 0.5)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'lottery\[bench\]'"):
        ways.by_torch_pruning(model, 0.5)
