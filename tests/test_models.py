import json
import shutil
from importlib import metadata
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import (
    BertConfig,
    BertForPreTraining,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    GPT2Config,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaForSequenceClassification,
)

from lottery import models

MATRICES = [
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
]


def roberta():
    return RobertaConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24
    )


def test_prunable_of_bert_base_has_as_many_weights_as_counted_by_hand():
    with torch.device("meta"):
        model = BertForPreTraining(BertConfig())
    found = {name: weight.numel() for name, weight in models.prunable(model, embeddings=True).items()}
    layers = {name: n for name, n in found.items() if name.startswith("encoder.layer.")}
    assert len(layers) == 72
    assert sum(layers.values()) == 12 * (4 * 768 * 768 + 2 * 768 * 3072) == 84_934_656
    assert found["pooler.dense.weight"] == 589_824
    assert found["embeddings.word_embeddings.weight"] == 30522 * 768 == 23_440_896
    assert len(found) == 74
    without = models.prunable(model, embeddings=False)
    assert list(without) == [name for name in found if not name.startswith("embeddings")]


def test_prunable_names_are_in_the_order_of_the_layers_and_are_the_models_own_tensors(config):
    model = BertForSequenceClassification(config)
    found = models.prunable(model, embeddings=True)
    assert list(found) == [f"encoder.layer.{layer}.{m}.weight" for layer in (0, 1) for m in MATRICES] + [
        "pooler.dense.weight",
        "embeddings.word_embeddings.weight",
    ]
    for name, weight in found.items():
        assert weight is model.get_parameter(f"bert.{name}")
        assert weight.ndim == 2


def test_names_are_the_same_under_every_head(config):
    def names(kind):
        return set(models.prunable(kind(config), embeddings=True))

    assert names(BertForPreTraining) == names(BertForSequenceClassification)
    assert names(BertForPreTraining) - names(BertForQuestionAnswering) == {"pooler.dense.weight"}


def test_roberta_has_the_same_matrices_and_no_pooler_under_its_own_heads():
    for kind in (RobertaForMaskedLM, RobertaForSequenceClassification):
        model = kind(roberta())
        found = models.prunable(model, embeddings=True)
        assert list(found)[:-1] == [f"encoder.layer.{layer}.{m}.weight" for layer in (0, 1) for m in MATRICES]
        assert all(weight is model.get_parameter(f"roberta.{name}") for name, weight in found.items())


def test_prunable_refuses_what_is_not_shaped_as_bert():
    model = DistilBertForSequenceClassification(
        DistilBertConfig(vocab_size=20, dim=8, n_layers=1, n_heads=2, hidden_dim=8)
    )
    with pytest.raises(ValueError, match="DistilBertForSequenceClassification"):
        models.prunable(model, embeddings=False)


def test_a_saved_model_is_loaded_with_the_head_asked_for(bert_folder):
    weights = BertForPreTraining.from_pretrained(bert_folder).bert.state_dict()
    classes, regression = models.for_classes(bert_folder, 3), models.for_classes(bert_folder, 1)
    assert (classes.config.num_labels, classes.config.problem_type) == (3, "single_label_classification")
    assert (regression.config.num_labels, regression.config.problem_type) == (1, "regression")
    for model in (models.for_pretraining(bert_folder), classes, regression, models.for_spans(bert_folder)):
        own = model.bert.state_dict()
        assert all(torch.equal(own[name], weights[name]) for name in own)
        assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert models.tokenizer(bert_folder)("w1 w2")["input_ids"] == [2, 6, 7, 3]


def test_a_new_head_follows_torchs_seed(bert_folder):
    def head(seed):
        torch.manual_seed(seed)
        return models.for_classes(bert_folder, 2).classifier.weight

    assert torch.equal(head(1), head(1))
    assert not torch.equal(head(1), head(2))


def test_half_precision_files_are_opened_in_full(tmp_path, config):
    BertForPreTraining(config).half().save_pretrained(tmp_path)
    assert {p.dtype for p in models.for_pretraining(str(tmp_path)).parameters()} == {torch.float32}


@pytest.mark.parametrize("kind", ["distilbert", "gpt2"])
@pytest.mark.parametrize("load", [models.tokenizer, models.for_pretraining, models.for_spans])
def test_another_family_is_refused_in_one_sentence(tmp_path, kind, load):
    (DistilBertConfig() if kind == "distilbert" else GPT2Config()).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=kind) as error:
        load(str(tmp_path))
    assert "bert or roberta" in str(error.value)
    assert "\n" not in str(error.value)


def damaged(folder: Path, how: str) -> None:
    if how == "no config":
        (folder / "config.json").unlink()
    elif how == "broken config":
        (folder / "config.json").write_text("{")
    elif how == "no model_type":
        (folder / "config.json").write_text(json.dumps({"hidden_size": 16}))
    elif how == "no weights":
        (folder / "model.safetensors").unlink()
    elif how == "truncated weights":
        whole = (folder / "model.safetensors").read_bytes()
        (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    elif how == "pickled weights":
        (folder / "model.safetensors").unlink()
        torch.save({"bert.pooler.dense.bias": torch.zeros(16)}, folder / "pytorch_model.bin")


@pytest.mark.parametrize(
    "how", ["no config", "broken config", "no model_type", "no weights", "truncated weights", "pickled weights"]
)
def test_a_damaged_folder_is_refused_in_one_sentence(bert_folder, tmp_path, how, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / "model"
    shutil.copytree(bert_folder, folder)
    damaged(folder, how)
    with pytest.raises(ValueError, match="model") as error:
        models.for_pretraining(str(folder))
    assert "config.json" in str(error.value)
    assert "\n" not in str(error.value)


def test_rewinding_is_exact_and_a_snapshot_is_out_of_reach(config):
    torch.manual_seed(0)
    model = BertForPreTraining(config)
    told = {name: tensor.tolist() for name, tensor in model.state_dict().items()}
    state = models.snapshot(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))
    models.rewind(model, state)
    assert {name: tensor.tolist() for name, tensor in model.state_dict().items()} == told
    assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
    with torch.no_grad():
        model.bert.pooler.dense.bias.add_(1)
    assert state["bert.pooler.dense.bias"].tolist() == told["bert.pooler.dense.bias"]


def test_rewinding_to_another_model_is_refused(config):
    model = BertForPreTraining(config)
    state = models.snapshot(model)
    del state["bert.pooler.dense.bias"]
    with pytest.raises(RuntimeError, match=r"bert\.pooler\.dense\.bias"):
        models.rewind(model, state)
    state["bert.pooler.dense.bias"] = torch.zeros(17)
    with pytest.raises(RuntimeError, match="size mismatch"):
        models.rewind(model, state)


def test_heads_of_pretraining_models(config):
    bert = BertForPreTraining(config)
    assert models.mlm_head(bert) is bert.cls.predictions
    assert models.nsp_head(bert) is bert.cls.seq_relationship
    other = RobertaForMaskedLM(roberta())
    assert models.mlm_head(other) is other.lm_head
    assert models.nsp_head(other) is None


def test_saving_is_what_transformers_opens(bert_folder, tmp_path):
    model, tokenizer = models.for_classes(bert_folder, 2), models.tokenizer(bert_folder)
    models.save(model, tokenizer, tmp_path)
    again = BertForSequenceClassification.from_pretrained(tmp_path)
    one, other = model.state_dict(), again.state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert (tmp_path / "model.safetensors").is_file()


def packaged() -> Path:
    try:
        files = metadata.files(models.MINILM_PACKAGE)
    except metadata.PackageNotFoundError:
        pytest.skip(f"the package {models.MINILM_PACKAGE} is not installed")
    return next(Path(file.locate()) for file in files if file.name == "model.safetensors")


def test_the_packaged_minilm_is_the_published_one():
    assert models.locate("minilm") == str(packaged().parent)


def test_a_minilm_with_other_weights_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "package"
    folder.mkdir()
    save_file({"a": torch.zeros(2)}, folder / "model.safetensors")

    class File:
        name = "model.safetensors"

        def locate(self):
            return folder / "model.safetensors"

    monkeypatch.setattr(models.metadata, "files", lambda name: [File()])
    with pytest.raises(ValueError, match="not the published"):
        models.locate("minilm")
    monkeypatch.setattr(models.metadata, "files", lambda name: [])
    with pytest.raises(ValueError, match="reinstall"):
        models.locate("minilm")


def test_without_the_package_minilm_is_the_hubs(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(models.metadata, "files", missing)
    assert models.locate("minilm") == "sentence-transformers/all-MiniLM-L6-v2"
    assert models.locate("bert-base-uncased") == "bert-base-uncased"
