"""Tickets as files: what is kept is what a sort keeps, and a baked model answers as the masked one."""

import math

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, BertConfig, BertForSequenceClassification

from lottery import masks, store
from lottery.experiments.magnitude_search import MagnitudeSearch
from lottery.experiments.pruned_score import PrunedScore
from lottery.masks import files as mask_files
from lottery.models import families, opening, state
from lottery.suite import tickets

ASKED = {"importance": "magnitude", "scope": "global", "sparsity": 0.4, "embeddings": False, "pooler": False, "seed": 0}


@pytest.fixture
def classifier(config, tokenizer, tmp_path):
    """A saved classifier and its folder."""
    torch.manual_seed(3)
    model = BertForSequenceClassification(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    opening.save(model, tokenizer, tmp_path / "classifier")
    return model, str(tmp_path / "classifier")


@pytest.fixture
def batch():
    ids = torch.randint(5, 55, (3, 9), generator=torch.Generator().manual_seed(1))
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def logits(model, batch):
    with torch.no_grad():
        return model.eval()(**batch).logits


@pytest.mark.parametrize("scope", ["global", "local"])
def test_what_is_kept_is_what_a_sort_keeps(classifier, scope):
    model, folder = classifier
    mask, _ = tickets.of_model(folder, **ASKED | {"scope": scope, "pooler": True, "embeddings": True})
    sizes = {
        name: np.abs(weight.detach().numpy()) for name, weight in families.prunable(model, embeddings=True).items()
    }
    assert mask.keys() == sizes.keys()
    assert len(mask) == 14
    together = np.sort(np.concatenate([size.ravel() for size in sizes.values()]))
    for name, size in sizes.items():
        among = together if scope == "global" else np.sort(size.ravel())
        assert mask[name].tolist() == (size > among[round(0.4 * among.size) - 1]).tolist()


def test_pooler_and_embeddings_stay_whole_where_they_are_not_asked_for(classifier):
    assert len(tickets.of_model(classifier[1], **ASKED)[0]) == 12


def test_what_cannot_be_made_is_refused(classifier):
    for change, told in (
        ({"importance": "magnitud"}, "no importance named 'magnitud'.*magnitude"),
        ({"sparsity": 1.0}, r"sparsity 1.0 is not in \[0, 1\)"),
    ):
        with pytest.raises(ValueError, match=told):
            tickets.of_model(classifier[1], **ASKED | change)
    with pytest.raises(ValueError, match="results/Miniature"):
        tickets.of_model("miniature", **ASKED)


@pytest.mark.parametrize("embeddings", [False, True])
def test_a_baked_model_answers_as_the_masked_one(classifier, batch, tokenizer, tmp_path, embeddings):
    """The masked one by products of the weights, which the model is called with."""
    model, folder = classifier
    mask, _ = tickets.of_model(folder, **ASKED | {"embeddings": embeddings, "pooler": embeddings})
    masked = {
        f"bert.{name}": weight * mask[name]
        for name, weight in families.prunable(model, embeddings=True).items()
        if name in mask
    }
    with torch.no_grad():
        expected = torch.func.functional_call(model, masked, kwargs=batch).logits
    assert (logits(model, batch) - expected).abs().max() > 0.01
    baked = opening.as_saved(folder)
    tickets.bake(baked, mask)
    opening.save(baked, tokenizer, tmp_path / "baked")
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path / "baked")
    assert logits(again, batch) == pytest.approx(expected, abs=1e-6)
    own = families.prunable(again, embeddings=True)
    for name, kept in mask.items():
        assert (own[name][~kept] == 0).all()


def test_the_mask_of_another_model_is_refused(classifier, config):
    """Of another width, of fewer and of more layers, of components of other numbers."""
    model, folder = classifier
    mask, _ = tickets.of_model(folder, **ASKED)
    before = state.snapshot(model)
    for other in (
        {name: kept for name, kept in mask.items() if "layer.1" not in name},
        mask | {"encoder.layer.2.output.dense.weight": torch.ones(16, 24).bool()},
        mask | {"encoder.layer.1.output.dense.weight": torch.ones(16, 25).bool()},
        {"heads": torch.ones(2, 3).bool(), "mlps": torch.ones(2).bool()},
        {},
    ):
        with pytest.raises(ValueError, match="of another model"):
            tickets.bake(model, other)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    larger = BertForSequenceClassification(BertConfig(**config.to_dict() | {"num_hidden_layers": 3}))
    with pytest.raises(ValueError, match=r"of another model: it does not tell of 'encoder.layer.2"):
        tickets.bake(larger, mask)


def test_the_mask_of_a_run_is_taken_as_it_was_written(tuned, tmp_path):
    run = store.perform(MagnitudeSearch(of=tuned), tmp_path)
    assert tickets.is_run(run.path)
    assert not tickets.is_run(tmp_path)
    mask, header = tickets.of_run(run.path)
    assert masks.removed(mask) == run.metrics["removed"]
    assert header["method"] == "magnitude, global"
    with pytest.raises(ValueError, match="has left no mask"):
        tickets.of_run(store.perform(PrunedScore(of=tuned, kept=MagnitudeSearch(of=tuned)), tmp_path).path)
    kept = {name: ~part for name, part in mask.items()}
    mask_files.save(run.path / "mask.safetensors", kept, model="m", method="x", asked=0.5, seed=0)
    with pytest.raises(ValueError, match="is not as the run has written it"):
        tickets.of_run(run.path)
    (run.path / "metrics.json").unlink()
    with pytest.raises(ValueError, match="is not finished"):
        tickets.of_run(run.path)


def test_layers_are_told_one_by_one():
    """In their own order and not in that of their names, of which the eleventh comes before the third."""
    draw = torch.Generator().manual_seed(0)
    matrices = {"output": "output.dense", "query": "attention.self.query"}
    names = {(layer, kind): f"encoder.layer.{layer}.{matrices[kind]}.weight" for layer in (10, 2) for kind in matrices}
    mask = {name: torch.rand(4, 5, generator=draw) < 0.5 for name in ["pooler.dense.weight", *names.values()]}
    table = tickets.by_layer(mask)
    assert list(table.index) == [2, 10, "-"]
    assert list(table.columns) == ["query", "output", "pooler"]
    for place, name in names.items():
        assert table.loc[place] == sum(not bit for row in mask[name].tolist() for bit in row) / 20
    assert table.loc["-", "pooler"] == 1 - mask["pooler.dense.weight"].double().mean().item()
    assert math.isnan(table.loc["-", "output"])


def test_components_are_told_layer_by_layer():
    kept = {"heads": torch.tensor([[1, 0, 1], [0, 0, 0]]).bool(), "mlps": torch.tensor([False, True])}
    table = tickets.by_layer(kept)
    assert table.to_dict("list") == {"heads": [2, 0], "of": [3, 3], "mlp": [False, True]}


def test_neurons_are_told_layer_by_layer_and_count_as_gone_with_their_mlp():
    mask = {"heads": torch.ones(2, 3).bool(), "mlps": torch.tensor([True, False]), "neurons": torch.ones(2, 8).bool()}
    mask["neurons"][0, :3] = False
    table = tickets.by_layer(mask)
    assert table["neurons"].tolist() == [5, 0]
    assert table["of_neurons"].tolist() == [8, 8]
    assert tickets.heatmap(mask).images[0].get_array()[:, -1].tolist() == [5 / 8, 0]


def test_what_is_drawn_is_what_the_table_says(classifier):
    mask, _ = tickets.of_model(classifier[1], **ASKED | {"pooler": True})
    shown = tickets.heatmap(mask).images[0].get_array()
    assert shown.tolist() == tickets.by_layer(mask).loc[[0, 1]].dropna(axis="columns").to_numpy().tolist()
    kept = {"heads": torch.tensor([[1, 0, 1], [0, 0, 0]]).bool(), "mlps": torch.tensor([False, True])}
    heads = tickets.heatmap(kept)
    assert heads.images[0].get_array()[:, :3].tolist() == [[1, 0, 1], [0, 0, 0]]
    assert heads.images[0].get_array()[:, 4].tolist() == [0, 1]
