"""Cut models on disk: what a process that knows transformers alone, or lottery, opens again."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
)

from lottery import store
from lottery.models import opening, slices
from lottery.pruning import components

SHAPES = [(1, 3), (5, 17), (32, 38)]
STRANGER = """
import json, sys, torch
from transformers import AutoModelForSequenceClassification
model = AutoModelForSequenceClassification.from_pretrained(sys.argv[1]).eval()
ids = torch.load(sys.argv[2])
torch.save([model(each).logits for each in ids], sys.argv[3])
assert "lottery" not in sys.modules
"""


@pytest.fixture
def ids():
    generator = torch.Generator().manual_seed(1)
    return [torch.randint(5, 55, shape, generator=generator) for shape in SHAPES]


@pytest.fixture(params=["bert", "distilbert"])
def model(request, bert_folder):
    torch.manual_seed(0)
    if request.param == "bert":
        return BertForSequenceClassification.from_pretrained(bert_folder).eval()
    config = DistilBertConfig(vocab_size=60, dim=16, n_layers=2, n_heads=4, hidden_dim=24, max_position_embeddings=40)
    return DistilBertForSequenceClassification(config).eval()


def uneven():
    kept = {
        "heads": torch.tensor([[1, 0, 1, 1], [0, 0, 0, 0]]).bool(),
        "mlps": torch.tensor([True, False]),
        "neurons": torch.arange(48).view(2, 24) % 3 > 0,
    }
    return [kept, kept | {"heads": ~kept["heads"], "mlps": ~kept["mlps"]}, {n: kept[n] for n in ("heads", "mlps")}]


@torch.no_grad()
def outputs(model, ids):
    return [model(each).logits for each in ids]


@pytest.fixture
def opened_elsewhere(stranger, ids, tmp_path):
    """From a folder to what a program that knows transformers alone finds it to answer."""

    def opened(folder):
        torch.save(ids, tmp_path / "ids.pt")
        stranger(STRANGER, folder, tmp_path / "ids.pt", tmp_path / "found.pt", folder=tmp_path)
        return torch.load(tmp_path / "found.pt")

    return opened


def test_equally_many_neurons_are_opened_by_a_program_that_knows_transformers_alone(
    model, ids, tokenizer, tmp_path, opened_elsewhere
):
    kept = components.everything(model.config, neurons=True)
    kept["neurons"][0, ::2], kept["neurons"][1, 12:] = False, False
    small = components.sliced(model, kept)
    opening.save(small, tokenizer, tmp_path / "small")
    assert not (tmp_path / "small" / slices.KEPT).exists()
    assert all(map(torch.equal, outputs(small, ids), opened_elsewhere(tmp_path / "small")))
    assert small.config.to_dict() == model.config.to_dict()  # of the cut model masks tell as of the whole one


def test_whole_layers_go_and_the_rest_is_opened_by_any_program(model, ids, tokenizer, tmp_path, opened_elsewhere):
    torch.manual_seed(1)
    with torch.no_grad():
        whole = outputs(model, ids)
        slices.drop_layers(model, torch.tensor([False, True]))
        few = outputs(model, ids)
    opening.save(model, tokenizer, tmp_path / "small")
    assert all(map(torch.equal, few, opened_elsewhere(tmp_path / "small")))
    assert not any(map(torch.allclose, whole, few))
    with pytest.raises(ValueError, match="has 1 layers, and 0 of 1 are to stay"):
        slices.drop_layers(model, torch.tensor([False]))
    with pytest.raises(ValueError, match="has 1 layers, and 2 of 2 are to stay"):
        slices.drop_layers(model, torch.tensor([True, True]))


@pytest.mark.parametrize("case", range(3))
def test_a_model_of_uneven_layers_is_opened_by_lottery_and_trained_on(case, model, ids, tokenizer, tmp_path):
    kept = uneven()[case]
    small = components.sliced(model, kept)
    opening.save(small, tokenizer, tmp_path / "small")
    again = opening.as_saved(str(tmp_path / "small")).eval()
    assert all(map(torch.equal, outputs(small, ids), outputs(again, ids)))
    assert [p.shape for p in small.parameters()] == [p.shape for p in again.parameters()]
    encoder = opening.bare_encoder(str(tmp_path / "small"))
    with torch.no_grad():
        assert torch.equal(encoder(ids[1]).last_hidden_state, small.base_model(ids[1]).last_hidden_state)
    again.train()(ids[1], labels=torch.tensor([0, 1, 0, 1, 1])).loss.backward()
    with torch.no_grad():
        for parameter in again.parameters():
            parameter -= 0.1 * parameter.grad if parameter.grad is not None else 0
    opening.save(again, tokenizer, tmp_path / "trained")
    third = opening.as_saved(str(tmp_path / "trained")).eval()
    assert all(map(torch.equal, outputs(again.eval(), ids), outputs(third, ids)))
    assert not torch.allclose(outputs(third, ids)[1], outputs(small, ids)[1])
    with pytest.raises(ValueError, match="cut out of this model already"):
        components.sliced(third, kept)
    with pytest.raises(RuntimeError):  # transformers does not take it for a whole one
        AutoModelForSequenceClassification.from_pretrained(tmp_path / "small")


def test_what_does_not_tell_of_the_folder_is_refused(model, tokenizer, tmp_path):
    opening.save(components.sliced(model, uneven()[0]), tokenizer, tmp_path / "small")
    place = tmp_path / "small" / slices.KEPT
    told = json.loads(place.read_text())
    for wrong in (
        [],
        told | {"format": "lottery-model-2"},
        told | {"heads": told["heads"][:1]},
        told | {"neurons": [[99], []]},
        told | {"mlps": [True]},
        {name: value for name, value in told.items() if name != "heads"},
    ):
        place.write_text(json.dumps(wrong))
        with pytest.raises(ValueError, match="does not tell what is left of the model"):
            opening.as_saved(str(tmp_path / "small"))
    place.write_text(json.dumps(told))
    kept = slices.read(tmp_path / "small", model.config)
    assert list(kept) == ["mlps", "heads", "neurons"]  # in every process: what is written again has the same bits
    place.write_text(json.dumps(told | {"heads": [[0], []]}))
    with pytest.raises(ValueError, match="says that 4 of 16 are left there: get the folder anew"):
        opening.as_saved(str(tmp_path / "small"))


def test_a_fine_tuning_of_a_cut_model_is_saved_and_opened(fine_tuning, bert_folder, tokenizer, tmp_path):
    torch.manual_seed(0)
    small = components.sliced(BertForSequenceClassification.from_pretrained(bert_folder), uneven()[0])
    opening.save(small, tokenizer, tmp_path / "small")
    start = replace(fine_tuning.start, model=str(tmp_path / "small"))
    run = store.perform(replace(fine_tuning, start=start), tmp_path / "results")
    model, exam = run.experiment.opened(run)
    assert model.num_parameters() == small.num_parameters()
    assert exam.score(model)[0]["score"] == run.metrics["score"]
    assert Path(run.path / "model" / slices.KEPT).is_file()
    assert AutoTokenizer.from_pretrained(run.path / "model")("w1 w2")["input_ids"]
