import hashlib
import json
import shutil
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from threading import Thread
from typing import ClassVar
from urllib.parse import urlsplit

import httpx2
import huggingface_hub
import numpy as np
import pandas as pd
import pytest
import torch
from huggingface_hub.utils import are_progress_bars_disabled, close_session, disable_progress_bars, enable_progress_bars
from safetensors.torch import load_file, save_file
from torch import nn
from toy_families import built
from transformers import (
    AlbertConfig,
    AlbertModel,
    AutoModelForMaskedLM,
    BertConfig,
    BertForMaskedLM,
    BertForPreTraining,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertModel,
    BertTokenizer,
    DistilBertConfig,
    DistilBertForMaskedLM,
    DistilBertForSequenceClassification,
    ElectraConfig,
    ElectraForMaskedLM,
    ElectraForPreTraining,
    ElectraForSequenceClassification,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaForSequenceClassification,
    RobertaTokenizer,
)
from transformers.utils import logging

from lottery import pruning, training
from lottery.choices import choose
from lottery.models import families, opening, state
from lottery.schedules import linear_with_warmup
from lottery.training import evaluation
from lottery.training.evaluation import Exam

MATRICES = [
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
]
IN_DISTILBERT = ["attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "ffn.lin1", "ffn.lin2"]
OTHERS = ["roberta", "electra", "distilbert"]
NEWER = ["mpnet", "modernbert", "deberta-v3"]  # whose layers are built otherwise; test_models_families.py has all
SHAPE = {"vocab_size": 61, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 40}


def roberta():
    return RobertaConfig(**SHAPE, hidden_size=16, intermediate_size=24, type_vocab_size=1)


def electra():
    return ElectraConfig(**SHAPE, hidden_size=16, intermediate_size=24, embedding_size=8)


def distilbert():
    return DistilBertConfig(**SHAPE, hidden_size=16, hidden_dim=24)


# As their authors published them: ELECTRA is the half that finds exchanged words.
PRETRAINED = {
    "roberta": lambda: RobertaForMaskedLM(roberta()),
    "electra": lambda: ElectraForPreTraining(electra()),
    "distilbert": lambda: DistilBertForMaskedLM(distilbert()),
}


def larger(model):
    """The same with weights large enough to tell inputs apart."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(8)
    return model


@pytest.fixture(scope="session")
def roberta_tokenizer():
    """RoBERTa's own, which knows no words but single characters."""
    tokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "\u0120", *"w0123456789.?un"]
    return RobertaTokenizer(vocab={token: number for number, token in enumerate(tokens)}, merges=[])


@pytest.fixture
def folder_of(tmp_path, bert_folder, tokenizer, roberta_tokenizer):
    """From a family's name to the folder of a tiny random model of it, in pre-trained form, with a tokenizer."""

    def saved(kind: str) -> str:
        if kind == "bert":
            return bert_folder
        torch.manual_seed(7)
        model = built(kind, AutoModelForMaskedLM) if kind in NEWER else larger(PRETRAINED[kind]())
        own = roberta_tokenizer if kind in ("roberta", "mpnet") else tokenizer
        opening.save(model, own, tmp_path / kind)
        return str(tmp_path / kind)

    return saved


def test_prunable_of_bert_base_has_as_many_weights_as_counted_by_hand():
    with torch.device("meta"):
        model = BertForPreTraining(BertConfig())
    found = {name: weight.numel() for name, weight in families.prunable(model, embeddings=True).items()}
    layers = {name: n for name, n in found.items() if name.startswith("encoder.layer.")}
    assert len(layers) == 72
    assert sum(layers.values()) == 12 * (4 * 768 * 768 + 2 * 768 * 3072) == 84_934_656
    assert found["pooler.dense.weight"] == 589_824
    assert found["embeddings.word_embeddings.weight"] == 30522 * 768 == 23_440_896
    assert len(found) == 74
    without = families.prunable(model, embeddings=False)
    assert list(without) == [name for name in found if not name.startswith("embeddings")]


def test_prunable_names_are_in_the_order_of_the_layers_and_are_the_models_own_tensors(config):
    model = BertForSequenceClassification(config)
    found = families.prunable(model, embeddings=True)
    assert list(found) == [f"encoder.layer.{layer}.{m}.weight" for layer in (0, 1) for m in MATRICES] + [
        "pooler.dense.weight",
        "embeddings.word_embeddings.weight",
    ]
    for name, weight in found.items():
        assert weight is model.get_parameter(f"bert.{name}")
        assert weight.ndim == 2


def test_names_are_the_same_under_every_head(config):
    def names(kind):
        return set(families.prunable(kind(config), embeddings=True))

    assert names(BertForPreTraining) == names(BertForSequenceClassification)
    assert names(BertForPreTraining) - names(BertForQuestionAnswering) == {"pooler.dense.weight"}


def test_roberta_has_the_same_matrices_and_no_pooler_under_its_own_heads():
    for kind in (RobertaForMaskedLM, RobertaForSequenceClassification):
        model = kind(roberta())
        found = families.prunable(model, embeddings=True)
        assert list(found)[:-1] == [f"encoder.layer.{layer}.{m}.weight" for layer in (0, 1) for m in MATRICES]
        assert all(weight is model.get_parameter(f"roberta.{name}") for name, weight in found.items())


@pytest.mark.parametrize(
    "model",
    [ElectraForMaskedLM, ElectraForPreTraining, ElectraForSequenceClassification],
)
def test_electra_has_berts_names_and_what_widens_its_embeddings_is_not_prunable(model):
    model = model(electra())
    found = families.prunable(model, embeddings=True)
    assert list(found) == [f"encoder.layer.{layer}.{m}.weight" for layer in (0, 1) for m in MATRICES] + [
        "embeddings.word_embeddings.weight"
    ]
    assert all(weight is model.get_parameter(f"electra.{name}") for name, weight in found.items())
    assert found["embeddings.word_embeddings.weight"].shape == (61, 8)
    assert model.electra.embeddings_project.weight.shape == (16, 8)


@pytest.mark.parametrize("model", [DistilBertForMaskedLM, DistilBertForSequenceClassification])
def test_distilbert_has_names_of_its_own(model):
    model = model(distilbert())
    found = families.prunable(model, embeddings=True)
    assert list(found) == [f"transformer.layer.{layer}.{m}.weight" for layer in (0, 1) for m in IN_DISTILBERT] + [
        "embeddings.word_embeddings.weight"
    ]
    assert all(weight is model.get_parameter(f"distilbert.{name}") for name, weight in found.items())


@pytest.mark.parametrize("kind", ["bert", *OTHERS])
def test_every_prunable_weight_has_a_kind_that_its_family_names(kind, folder_of):
    """In the order of the layers, which a test of each family above spells out."""
    in_a_layer = ["query", "key", "value", "attention output", "intermediate", "output"]
    found = families.prunable(opening.for_classes(folder_of(kind), ("no", "yes")), embeddings=True)
    kinds = [families.kind_and_layer(name)[0] for name in found]
    assert [each for each in kinds if each != "pooler"] == [*in_a_layer, *in_a_layer, "word embeddings"]
    assert kinds.count("pooler") == (kind == "bert")


def test_what_is_not_prunable_has_no_kind():
    for name in ("classifier.weight", "encoder.layer.0.output.dense.bias", "encoder.layer.0.output.LayerNorm.weight"):
        with pytest.raises(ValueError, match="no prunable matrix"):
            families.kind_and_layer(name)


@pytest.mark.parametrize("kind", ["bert", *OTHERS])
def test_every_linear_map_of_the_layers_is_prunable_and_nothing_else(kind, folder_of):
    for model in (opening.for_classes(folder_of(kind), ("no", "yes")), opening.for_spans(folder_of(kind))):
        maps = {
            f"{name}.weight": module.weight
            for name, module in model.base_model.named_modules()
            if isinstance(module, nn.Linear) and name not in ("pooler.dense", "embeddings_project")
        }
        found = families.prunable(model, embeddings=False, pooler=False)
        assert found.keys() == maps.keys()
        assert sum(weight.numel() for weight in found.values()) == 2 * (4 * 16 * 16 + 2 * 16 * 24)


@pytest.mark.parametrize(
    "model",
    [
        lambda: BertForMaskedLM(BertConfig(**SHAPE, hidden_size=16, intermediate_size=24)),
        lambda: BertForPreTraining(BertConfig(**SHAPE, hidden_size=16, intermediate_size=24)),
        lambda: RobertaForMaskedLM(roberta()),
        lambda: DistilBertForMaskedLM(distilbert()),
        lambda: ElectraForMaskedLM(electra()),
    ],
)
def test_the_word_embeddings_are_the_tensor_that_scores_the_vocabulary(model):
    model = model()
    words = families.prunable(model, embeddings=True)["embeddings.word_embeddings.weight"]
    assert words is model.get_output_embeddings().weight
    assert words is model.get_input_embeddings().weight


def test_prunable_refuses_another_family():
    config = AlbertConfig(vocab_size=20, hidden_size=8, num_attention_heads=2, intermediate_size=8, embedding_size=8)
    with pytest.raises(ValueError, match="AlbertModel is a model of the type 'albert', whose layers are one"):
        families.prunable(AlbertModel(config), embeddings=False)


@pytest.mark.parametrize("kind", ["bert", *OTHERS])
def test_every_attention_weight_belongs_to_one_head_by_a_loop_over_rows_and_columns(kind, folder_of):
    """4 heads of 4 in a width of 16; each weight is a number of its own."""
    source = folder_of(kind)
    weights = opening.encoder_weights(source, embeddings=False)
    numbered = {name: 1000 * i + torch.arange(w.numel()).view_as(w) for i, (name, w) in enumerate(weights.items())}
    expected = {(layer, head): [] for layer in (0, 1) for head in range(4)}
    for layer in (0, 1):
        for matrix in (IN_DISTILBERT if kind == "distilbert" else MATRICES)[:4]:
            (name,) = [name for name in numbered if f"layer.{layer}.{matrix}." in name]
            for out in range(16):
                for into in range(16):
                    head = (into if "out" in matrix else out) // 4
                    expected[layer, head].append(numbered[name][out, into].item())
    found = families.by_head(numbered, opening.configuration(source))
    assert list(found) == list(expected)
    assert all(sorted(found[place].tolist()) == sorted(expected[place]) for place in expected)


def test_a_head_without_its_output_columns_says_nothing(bert_folder):
    """The slices are heads, not just blocks: what a head adds is gone when its columns of the output are 0."""
    model = opening.for_classes(bert_folder, ("no", "yes")).eval()
    config = model.config
    weights = families.prunable(model, embeddings=False)
    ids = torch.arange(5, 15)[None]
    whole = model(ids).logits
    name = "encoder.layer.1.attention.self.value.weight"
    heard = []
    for silenced in (0, 1):
        changed = {n: w.detach().clone() for n, w in weights.items()}
        changed["encoder.layer.1.attention.output.dense.weight"][:, 4 * silenced : 4 * silenced + 4] = 0
        rows = torch.zeros(16, 16)
        rows[:4] = torch.linspace(-5, 5, 64).view(4, 16)
        # The value rows of head 0 matter only while head 0 is heard.
        found = families.by_head({n: (rows if n == name else torch.zeros_like(w)) for n, w in weights.items()}, config)
        assert [place for place, values in found.items() if values.any()] == [(1, 0)]
        outputs = []
        for values in (changed[name], changed[name] + rows):
            told = {f"bert.{n}": w for n, w in changed.items()} | {f"bert.{name}": values}
            outputs.append(torch.func.functional_call(model, told, (ids,)).logits)
        heard.append(not torch.allclose(*outputs))
        assert not torch.allclose(outputs[0], whole)
    assert heard == [False, True]


@pytest.mark.parametrize("kind", ["bert", *OTHERS])
def test_every_prunable_matrix_has_its_kind_and_layer(kind, folder_of):
    """Told by what surrounds it in the model, as the families name their modules."""
    names = families.prunable(opening.for_classes(folder_of(kind), ("no", "yes")), embeddings=True)
    found = [families.kind_and_layer(name) for name in names]
    order = ["query", "key", "value", "attention output", "intermediate", "output"]
    assert found[:12] == [(each, layer) for layer in (0, 1) for each in order]
    assert found[12:] == [("pooler", None)] * (kind == "bert") + [("word embeddings", None)]
    for name in ("encoder.layer.x.output.dense.weight", "encoder.layer.1.output.weight", "cls.predictions.bias"):
        with pytest.raises(ValueError, match="is no prunable matrix of"):
            families.kind_and_layer(name)


def test_heads_are_refused_where_a_matrix_is_missing(bert_folder):
    weights = opening.encoder_weights(bert_folder, embeddings=False)
    del weights["encoder.layer.1.attention.self.value.weight"]
    with pytest.raises(ValueError, match=r"'encoder.layer.1.attention.self.value.weight' is not among the 12"):
        families.by_head(weights, opening.configuration(bert_folder))


def test_a_saved_model_is_loaded_with_the_head_asked_for(bert_folder):
    weights = BertForPreTraining.from_pretrained(bert_folder).bert.state_dict()
    classes, regression = opening.for_classes(bert_folder, ("a", "b", "c")), opening.for_classes(bert_folder, ())
    assert (classes.config.num_labels, classes.config.problem_type) == (3, "single_label_classification")
    assert (regression.config.num_labels, regression.config.problem_type) == (1, "regression")
    for model in (opening.for_pretraining(bert_folder), classes, regression, opening.for_spans(bert_folder)):
        own = model.bert.state_dict()
        assert all(torch.equal(own[name], weights[name]) for name in own)
        assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert opening.tokenizer(bert_folder)("w1 w2")["input_ids"] == [2, 6, 7, 3]


@pytest.mark.parametrize("kind", [BertForPreTraining, BertForSequenceClassification, BertForMaskedLM, BertModel])
def test_a_model_is_opened_as_it_was_saved(kind, config, tokenizer, tmp_path):
    torch.manual_seed(0)
    saved = kind(config)
    opening.save(saved, tokenizer, tmp_path)
    torch.manual_seed(1)
    found = opening.as_saved(str(tmp_path))
    assert type(found) is kind
    assert found.state_dict().keys() == saved.state_dict().keys()
    assert all(torch.equal(tensor, saved.state_dict()[name]) for name, tensor in found.state_dict().items())
    assert torch.equal(torch.rand(1), torch.rand(1, generator=torch.Generator().manual_seed(1)))


def test_a_pooler_that_was_not_saved_is_not_made_up(config, tokenizer, tmp_path):
    saved = BertModel(config, add_pooling_layer=False)
    opening.save(saved, tokenizer, tmp_path)
    found = opening.as_saved(str(tmp_path))
    assert found.state_dict().keys() == saved.state_dict().keys()


def test_a_head_that_was_not_saved_is_not_made_up(config, tokenizer, tmp_path):
    opening.save(BertModel(config), tokenizer, tmp_path)
    told = json.loads((tmp_path / "config.json").read_text())
    for names, refused in (
        (["BertForMaskedLM"], r"lacks \d weights of BertForMaskedLM.*'cls.predictions.bias'"),
        (["BertForNothing"], "names 'BertForNothing' as its class"),
        (["logging"], "names 'logging' as its class"),
        (None, "names '' as its class"),
    ):
        (tmp_path / "config.json").write_text(json.dumps(told | {"architectures": names}))
        with pytest.raises(ValueError, match=refused):
            opening.as_saved(str(tmp_path))


def test_a_new_head_follows_torchs_seed(bert_folder):
    def head(seed):
        torch.manual_seed(seed)
        return opening.for_classes(bert_folder, ("no", "yes")).classifier.weight

    assert torch.equal(head(1), head(1))
    assert not torch.equal(head(1), head(2))


def test_half_precision_files_are_opened_in_full(tmp_path, config):
    BertForPreTraining(config).half().save_pretrained(tmp_path)
    assert {p.dtype for p in opening.for_pretraining(str(tmp_path)).parameters()} == {torch.float32}


KINDS = ["gpt2", "t5", "albert"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("load", [opening.tokenizer, opening.for_pretraining, opening.for_spans])
def test_another_family_is_refused_in_one_sentence(bert_folder, tmp_path, kind, load):
    folder = changed(bert_folder, tmp_path, config={"model_type": kind})
    with pytest.raises(
        ValueError, match=f"is a model of the type '{kind}', .*: give a BERT, .* or DeBERTa-v2/v3"
    ) as error:
        load(folder)
    assert "\n" not in str(error.value)


def changed(folder: str, place: Path, *, config=None, weights=None) -> str:
    """A copy of a model's folder with other entries in its config.json, or with the weights a function makes of them"""
    copy = place / "changed"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    if config:
        told = json.loads((copy / "config.json").read_text()) | config
        (copy / "config.json").write_text(json.dumps(told))
    if weights:
        save_file(weights(load_file(copy / "model.safetensors")), copy / "model.safetensors", {"format": "pt"})
    return str(copy)


def pickled(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")


def truncated(folder: Path) -> None:
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder: (folder / "config.json").unlink(), "no config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "no config.json"),
        (lambda folder: (folder / "config.json").write_text("[]"), "no config.json"),
        (lambda folder: (folder / "config.json").write_bytes(b"\xff"), "no config.json"),
        (lambda folder: (folder / "config.json").write_text('{"hidden_size": 16}'), "model_type"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no model.safetensors"),
        (pickled, r"pytorch_model\.bin are not opened, because they can run code; .* save_pretrained"),
        (truncated, "could not be opened"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b""), "could not be opened"),
    ],
)
def test_a_damaged_folder_is_refused_in_one_sentence(bert_folder, tmp_path, damage, told):
    folder = changed(bert_folder, tmp_path)
    damage(Path(folder))
    with pytest.raises(ValueError, match=told) as error:
        opening.for_pretraining(folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ({"hidden_size": "wide"}, "could not be opened"),
        ({"hidden_size": 15}, "could not be opened"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "quantised"),
        ({"num_hidden_layers": 3}, r"lacks 16 weights of the encoder, such as 'bert\.encoder\.layer\.2\."),
        ({"num_hidden_layers": 1}, r"holds 16 weights of layers that .* 'bert\.encoder\.layer\.1\."),
        ({"vocab_size": 70}, r"'bert\.embeddings\.word_embeddings\.weight' is \(60, 16\) .* and \(70, 16\)"),
        ({"intermediate_size": 32}, r"intermediate\.dense\.\w+' is \(24.* and \(32"),
    ],
)
def test_weights_that_do_not_fit_the_config_are_refused(bert_folder, tmp_path, entries, told):
    folder = changed(bert_folder, tmp_path, config=entries)
    for load in (opening.for_pretraining, opening.for_spans):
        with pytest.raises(ValueError, match=told) as error:
            load(folder)
        assert "\n" not in str(error.value)


def without(part):
    return lambda weights: {name: weight for name, weight in weights.items() if part not in name}


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        (without("encoder.layer.1."), r"lacks 16 weights of the encoder, such as 'bert\.encoder\.layer\.1\."),
        (without("layer.0.output.dense.bias"), r"lacks 1 weights .* 'bert\.encoder\.layer\.0\.output\.dense\.bias'"),
        (without("word_embeddings"), r"lacks 1 weights .* 'bert\.embeddings\.word_embeddings\.weight'"),
        (lambda weights: {f"model.{name}": weight for name, weight in weights.items()}, "lacks 37 weights"),
        (lambda weights: {"a": torch.zeros(2)}, "lacks 37 weights"),
    ],
)
def test_a_file_that_lacks_weights_of_the_encoder_is_refused(bert_folder, tmp_path, weights, told):
    folder = changed(bert_folder, tmp_path, weights=weights)
    with pytest.raises(ValueError, match=told):
        opening.for_classes(folder, ("no", "yes"))


@pytest.mark.parametrize("kind", OTHERS)
def test_a_layer_less_is_noticed_in_every_family(kind, folder_of, tmp_path):
    folder = changed(folder_of(kind), tmp_path, weights=without("layer.1."))
    with pytest.raises(ValueError, match=rf"lacks 16 weights .* '{kind}\.\w+\.layer\.1\."):
        opening.for_classes(folder, ("no", "yes"))
    layers = {"num_hidden_layers": 1, "n_layers": 1}
    folder = changed(folder_of(kind), tmp_path, config=layers)
    with pytest.raises(ValueError, match=rf"holds 16 weights .* '{kind}\.\w+\.layer\.1\."):
        opening.for_spans(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["bert.encoder.layer.1.output.dense.weight", "bert.embeddings.LayerNorm.bias"])
def test_a_weight_that_is_not_finite_is_named(bert_folder, tmp_path, name, value):
    def spoilt(weights):
        weights[name].view(-1)[-1] = value
        return weights

    folder = changed(bert_folder, tmp_path, weights=spoilt)
    with pytest.raises(ValueError, match=f"'{name}' .* NaN or infinite"):
        opening.for_classes(folder, ("no", "yes"))


def encoder_of(folder: str) -> dict[str, torch.Tensor]:
    """The file's own weights of BERT's encoder."""
    weights = load_file(Path(folder) / "model.safetensors")
    return {name: weight for name, weight in weights.items() if name.startswith("bert.")}


def test_names_of_older_files_are_understood(bert_folder, tmp_path):
    """bert-base-uncased calls its LayerNorms so; a BertModel is saved without prefix, and perhaps without pooler."""
    wanted = encoder_of(bert_folder)

    def older(name):
        return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")

    for weights in (
        lambda weights: {older(name): weight for name, weight in weights.items()},
        lambda weights: {n.removeprefix("bert."): w for n, w in weights.items() if n.startswith("bert.")},
        lambda weights: weights | {"bert.embeddings.position_ids": torch.arange(40)[None]},
    ):
        model = opening.for_classes(changed(bert_folder, tmp_path, weights=weights), ("no", "yes"))
        assert all(torch.equal(model.get_parameter(name), weight) for name, weight in wanted.items())
    model = opening.for_classes(changed(bert_folder, tmp_path, weights=without("pooler")), ("no", "yes"))
    assert all(torch.equal(model.get_parameter(n), w) for n, w in wanted.items() if "pooler" not in n)


@pytest.mark.parametrize("head", [BertForSequenceClassification, BertForTokenClassification])
def test_a_model_saved_under_a_head_of_other_labels_gets_a_new_one(config, tokenizer, tmp_path, head):
    many = BertConfig(**config.to_dict() | {"num_labels": 5, "problem_type": "multi_label_classification"})
    opening.save(head(many), tokenizer, tmp_path)
    told = load_file(tmp_path / "model.safetensors")
    for model, outputs in (
        (opening.for_classes(str(tmp_path), ("a", "b", "c")), 3),
        (opening.for_classes(str(tmp_path), ()), 1),
        (opening.for_spans(str(tmp_path)), 2),
    ):
        assert list(model.children())[-1].weight.shape == (outputs, 16)
        own = {n: w for n, w in model.named_parameters() if n.startswith("bert.") and "pooler" not in n}
        assert len(own) == 37
        assert all(torch.equal(weight, told[name]) for name, weight in own.items())
    loss = opening.for_classes(str(tmp_path), ("a", "b", "c"))(
        input_ids=torch.tensor([[2, 6, 3]]), labels=torch.tensor([2])
    ).loss
    assert loss.isfinite()


TRACE = """from pathlib import Path
Path(__file__).with_name("trace").write_text("this code was run")
from transformers import BertConfig as Config, BertForPreTraining as Model, BertTokenizer as Tokenizer
"""
CODE = {
    "AutoConfig": "code.Config",
    "AutoModelForPreTraining": "code.Model",
    "AutoModelForSequenceClassification": "code.Model",
    "AutoTokenizer": ["code.Tokenizer", None],
}


@pytest.mark.parametrize("kind", ["bert", "bert-of-its-own"])
@pytest.mark.parametrize(
    "load", [opening.tokenizer, opening.for_pretraining, lambda source: opening.for_classes(source, ("no", "yes"))]
)
def test_code_that_comes_with_a_model_is_not_run(bert_folder, tmp_path, kind, load, monkeypatch):
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "cache"))
    folder = changed(bert_folder, tmp_path, config={"model_type": kind, "auto_map": CODE})
    (Path(folder) / "code.py").write_text(TRACE)
    with pytest.raises(ValueError, match=r"code of its own|is a model of the type 'bert-of-its-own'") as error:
        load(folder)
    assert "\n" not in str(error.value)
    assert list(tmp_path.rglob("trace")) == []


@pytest.mark.parametrize("name", ["BertTokenizer", "OneOfItsOwn"])
def test_code_that_comes_with_a_tokenizer_is_not_run(bert_folder, tmp_path, name, monkeypatch):
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "cache"))
    folder = Path(changed(bert_folder, tmp_path))
    (folder / "code.py").write_text(TRACE)
    told = json.loads((folder / "tokenizer_config.json").read_text())
    told |= {"tokenizer_class": name, "auto_map": {"AutoTokenizer": ["code.Tokenizer", None]}}
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    assert opening.tokenizer(str(folder))("w1 w2")["input_ids"] == [2, 6, 7, 3]
    assert list(tmp_path.rglob("trace")) == []


@pytest.mark.parametrize("name", ["attn_implementation", "_attn_implementation"])
def test_a_kernel_of_the_hub_is_not_fetched(bert_folder, tmp_path, name):
    folder = changed(bert_folder, tmp_path, config={name: "kernels-community/flash-attn"})
    with pytest.raises(ValueError, match="code of its own"):
        opening.for_classes(folder, ("no", "yes"))


def test_a_snapshot_is_out_of_reach_of_later_steps(config):
    model = BertForPreTraining(config)
    told = {name: tensor.tolist() for name, tensor in model.state_dict().items()}
    before = state.snapshot(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    assert {name: tensor.tolist() for name, tensor in before.items()} == told


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert"])
def test_the_mlm_head_on_the_encoder_is_the_model(kind, folder_of):
    model = opening.for_pretraining(folder_of(kind)).eval()
    ids = torch.tensor([[2, 6, 7, 3], [2, 9, 8, 3]])
    with torch.no_grad():
        told, scores = model(ids), families.mlm_head(model)(model.base_model(ids).last_hidden_state)
    assert torch.equal(scores, told.prediction_logits if kind == "bert" else told.logits)
    assert scores.std() > 0.1
    if kind == "bert":
        assert families.nsp_head(model) is model.cls.seq_relationship
    else:
        assert families.nsp_head(model) is None


def test_electra_never_filled_in_words(folder_of):
    for ask in (opening.for_pretraining, lambda source: families.mlm_head(opening.for_classes(source, ("no", "yes")))):
        with pytest.raises(ValueError, match=r"exchanged words, .* give BERT, RoBERTa, .* or DeBERTa-v2"):
            ask(folder_of("electra"))


@pytest.mark.parametrize("of_hub", [True, False])
def test_opening_and_saving_are_silent_and_leave_transformers_as_it_was(bert_folder, tmp_path, capfd, reports, of_hub):
    """With everything switched on that reports, and with the bars of the hub's client switched off by themselves."""

    def settings():
        return logging.get_verbosity(), logging.is_progress_bar_enabled(), are_progress_bars_disabled()

    shown = logging.is_progress_bar_enabled()
    logging.enable_progress_bar()
    if not of_hub:
        disable_progress_bars()
    try:
        model = opening.for_classes(bert_folder, ("a", "b", "c"))
        opening.save(model, opening.tokenizer(bert_folder), tmp_path / "saved")
        with pytest.raises(ValueError, match="could not be opened"):
            opening.for_classes(changed(bert_folder, tmp_path, config={"hidden_act": "unheard of"}), ("a", "b", "c"))
        assert settings() == (logging.DEBUG, True, not of_hub)
        assert (reports, capfd.readouterr()) == ([], ("", ""))
        BertForSequenceClassification.from_pretrained(bert_folder)
        assert reports
        assert capfd.readouterr().err
    finally:
        enable_progress_bars()
        if not shown:
            logging.disable_progress_bar()


def test_saving_is_what_transformers_opens(bert_folder, tmp_path):
    model, tokenizer = opening.for_classes(bert_folder, ("no", "yes")), opening.tokenizer(bert_folder)
    opening.save(model, tokenizer, tmp_path)
    again = BertForSequenceClassification.from_pretrained(tmp_path)
    one, other = model.state_dict(), again.state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert (tmp_path / "model.safetensors").is_file()


def test_a_bert_keeps_its_token_types_and_the_others_get_none(folder_of, tokenizer):
    assert "token_type_ids" in tokenizer("w1", "w2")  # saved with ELECTRA and DistilBERT too
    for kind, names in (
        ("bert", ["input_ids", "token_type_ids", "attention_mask"]),
        ("electra", ["input_ids", "token_type_ids", "attention_mask"]),
        ("distilbert", ["input_ids", "attention_mask"]),
        ("roberta", ["input_ids", "attention_mask"]),
    ):
        found = opening.tokenizer(folder_of(kind))
        assert list(found("w1", "w2")) == names
        assert Exam(choose("tasks", "rte"), {}, found, 12).encoded(PAIRS).sequences.keys() == {*names[:-1]}


PAIRS = pd.DataFrame({"first": ["w1 w2", "w3"], "second": ["w4", "w5 un w6"], "label": [0, 1]})


def test_a_roberta_with_berts_tokenizer_is_given_no_token_types(tmp_path, tokenizer):
    """Its table of token types has one row: the second passage's would be out of range."""
    opening.save(RobertaForMaskedLM(roberta()), tokenizer, tmp_path)
    found, model = opening.tokenizer(str(tmp_path)), opening.for_classes(str(tmp_path), ("no", "yes"))
    assert len(training.predict(model, Exam(choose("tasks", "rte"), {}, found, 12).encoded(PAIRS))) == 2


def test_a_tokenizer_saved_in_bert_s_and_roberta_s_old_form_opens(bert_folder, folder_of, tmp_path, tokenizer):
    folder = Path(changed(bert_folder, tmp_path))
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("\n".join(sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)) + "\n")
    assert opening.tokenizer(str(folder))("w1 w2")["input_ids"] == [2, 6, 7, 3]
    folder = Path(changed(folder_of("roberta"), tmp_path))
    found = opening.tokenizer(str(folder))
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text(json.dumps(found.get_vocab()))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    assert opening.tokenizer(str(folder))("w1 un")["input_ids"] == found("w1 un")["input_ids"]


@pytest.mark.parametrize("left", [[], ["tokenizer_config.json"]])
def test_a_model_without_a_tokenizer_is_refused(bert_folder, tmp_path, left):
    """transformers would make up one that knows no word."""
    folder = Path(changed(bert_folder, tmp_path))
    for file in folder.glob("tokenizer*"):
        if file.name not in left:
            file.unlink()
    with pytest.raises(ValueError, match=r"no tokenizer \(tokenizer\.json, vocab\.txt or vocab\.json\): copy there"):
        opening.tokenizer(str(folder))
    (folder / "spm.model").write_bytes(b"pieces")  # as DeBERTa-v3 is published
    with pytest.raises(ValueError, match=r"no tokenizer .*: open spm\.model with AutoTokenizer of transformers"):
        opening.tokenizer(str(folder))


def test_a_tokenizer_of_another_model_is_refused(bert_folder, tmp_path, tokenizer):
    words = {word: number for number, word in enumerate([*tokenizer.get_vocab(), "one", "more"])}
    folder = changed(bert_folder, tmp_path)
    BertTokenizer(vocab=words).save_pretrained(folder)
    with pytest.raises(ValueError, match="tokens up to number 61, its model only 60"):
        opening.tokenizer(folder)


def test_a_file_or_nearly_a_name_is_answered_with_what_may_be_meant(bert_folder, monkeypatch):
    with pytest.raises(ValueError, match=rf"is a file: give the folder in which the model lies, '{bert_folder}'"):
        opening.locate(f"{bert_folder}/model.safetensors")

    def refuse(*_, **__):
        raise ValueError("the hub does not answer")

    monkeypatch.setattr(opening.hub, "downloaded", refuse)
    monkeypatch.setattr(opening.hub, "downloaded_before", lambda *_, **__: None)
    for given, meant in (("MiniLM", "minilm"), ("minlm", "minilm"), ("Miniature", "miniature")):
        with pytest.raises(ValueError, match=rf"no folder '{given}' \(did you mean '{meant}'\?\); the hub does not"):
            opening.locate(given)
    with pytest.raises(ValueError, match="no folder 'bert-base-uncased'; the hub does not"):
        opening.locate("bert-base-uncased")


def test_a_tokenizer_without_padding_is_refused(bert_folder, tmp_path):
    folder = Path(changed(bert_folder, tmp_path))
    told = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(told | {"pad_token": None}))
    with pytest.raises(ValueError, match="no padding token"):
        opening.tokenizer(str(folder))


@pytest.mark.parametrize(("kind", "longest"), [("bert", 40), ("roberta", 38), ("electra", 40), ("distilbert", 40)])
def test_the_longest_sequence_is_the_longest_that_the_model_can_read(kind, longest, folder_of):
    model = opening.for_classes(folder_of(kind), ("no", "yes"))
    families.check_length(model.config, longest)
    model(input_ids=torch.full((1, longest), 6))
    with pytest.raises(ValueError, match=f"max_length = {longest + 1}: .* for {longest} tokens"):
        families.check_length(model.config, longest + 1)
    with pytest.raises((IndexError, RuntimeError)):
        model(input_ids=torch.full((1, longest + 1), 6))


@pytest.mark.parametrize("kind", ["bert", *OTHERS, *NEWER])
def test_every_family_is_pruned_fine_tuned_and_evaluated_on_classes(kind, folder_of, cola_folder):
    task, folder = choose("tasks", "cola"), folder_of(kind)
    tables, tokenizer = task.read(cola_folder), opening.tokenizer(folder)
    model = with_large_head(folder, task)
    exam = Exam(task, tables, tokenizer, 24)
    assert_pruned_training_keeps_zeros(model, exam.encoded(tables["train"]))
    told = exam.encoded(tables["dev"])
    scores = training.predict(model, told)
    with torch.no_grad():
        alone = [model.eval()(input_ids=ids[None]).logits[0].numpy() for ids in told.sequences["input_ids"]]
    np.testing.assert_allclose(scores, alone, rtol=1e-5, atol=1e-5)
    assert scores.std(axis=0).min() > 1e-3
    assert exam.score(model)[0]["accuracy"] == pytest.approx(np.mean(scores.argmax(-1) == tables["dev"]["label"]))


@pytest.mark.parametrize("kind", ["bert", *OTHERS, *NEWER])
def test_every_family_is_pruned_fine_tuned_and_evaluated_on_spans(kind, folder_of):
    task, folder = choose("tasks", "squad"), folder_of(kind)
    table = pd.DataFrame({"first": ["w1 ?", "w2 ?"], "second": ["w4 w5 w6", "w7 w8."], "answer": ["w5", "w7"]})
    table["start"], table["answers"] = [3, 0], [("w5",), ("w7",)]
    tokenizer = opening.tokenizer(folder)
    model = with_large_head(folder, task)
    exam = Exam(task, {"dev": table}, tokenizer, 38)
    assert_pruned_training_keeps_zeros(model, exam.encoded(table))
    answers = exam.answering(table)(model)
    assert all(answer and answer in text for answer, text in zip(answers, table["second"], strict=True))


def with_large_head(folder, task):
    torch.manual_seed(1)
    model = evaluation.with_head(folder, task)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.startswith(model.base_model_prefix):
                parameter.mul_(20)
    return model


def assert_pruned_training_keeps_zeros(model, examples):
    """Half of every matrix goes; five steps later it is still 0, and nearly all that was kept has moved."""
    weights = families.prunable(model, embeddings=True)
    mask = {name: torch.rand(weight.shape) < 0.5 for name, weight in weights.items()}
    optimizer = training.adamw(model, learning_rate=1e-3)
    before = {name: weight.detach().clone() for name, weight in weights.items()}
    with pruning.held(weights, mask, optimizer):
        losses = training.fine_tune(
            model, optimizer, examples, steps=5, batch_size=2, seed=0, schedule=linear_with_warmup(5, 0)
        )
    assert np.isfinite(losses).all()
    for name, weight in weights.items():
        assert (weight[~mask[name]] == 0).all()
        if "embeddings" not in name:
            assert (weight != before[name])[mask[name]].double().mean() > 0.9


def packaged() -> Path:
    try:
        files = metadata.files(opening.MINILM_PACKAGE)
    except metadata.PackageNotFoundError:
        pytest.skip(f"the package {opening.MINILM_PACKAGE} is not installed")
    return next(Path(file.locate()) for file in files if file.name == "model.safetensors")


def test_the_packaged_minilm_is_the_published_one():
    assert opening.locate("minilm") == packaged().parent


class File:
    """A file as importlib.metadata tells of it."""

    def __init__(self, path):
        self.path, self.name = path, path.name

    def locate(self):
        return self.path


def test_a_minilm_with_other_weights_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "package"
    folder.mkdir()
    save_file({"a": torch.zeros(2)}, folder / "model.safetensors")

    monkeypatch.setattr(opening.metadata, "files", lambda name: [File(folder / "model.safetensors")])
    with pytest.raises(ValueError, match="not the published"):
        opening.locate("minilm")
    monkeypatch.setattr(opening.metadata, "files", lambda name: [])
    with pytest.raises(ValueError, match="reinstall"):
        opening.locate("minilm")


def test_the_checksum_is_computed_once_a_file(tmp_path, monkeypatch):
    weights, read = tmp_path / "model.safetensors", []
    weights.write_bytes(b"one")
    monkeypatch.setattr(opening, "MINILM_SHA256", hashlib.sha256(b"one").hexdigest())
    monkeypatch.setattr(opening.metadata, "files", lambda name: [File(weights)])
    monkeypatch.setattr(opening, "file_digest", lambda *told: read.append(told) or hashlib.file_digest(*told))
    assert opening.locate("minilm") == opening.locate("minilm") == tmp_path
    assert len(read) == 1
    weights.write_bytes(b"other")
    with pytest.raises(ValueError, match="not the published"):
        opening.locate("minilm")


def missing(name):
    raise metadata.PackageNotFoundError(name)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The hub's cache, empty, on a machine whose network is cut; it writes down how long the hub is waited for."""
    waited = []

    def asked(self, name, repo_type, timeout):
        waited.append(timeout)
        raise httpx2.ConnectTimeout("timed out")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.HfApi.repo_info", asked)
    download = huggingface_hub.snapshot_download

    def only_here(*told, **how):
        assert how["local_files_only"], "a download without a network retries for half a minute"
        return download(*told, **how)

    monkeypatch.setattr("lottery.hub.snapshot_download", only_here)
    opening._downloaded.cache_clear()
    yield tmp_path / "hub", waited
    opening._downloaded.cache_clear()


def cached(cache: Path, name: str, folder: str) -> Path:
    """A model as the hub's cache keeps it."""
    place = cache / f"models--{name.replace('/', '--')}"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text("0" * 40)
    return Path(shutil.copytree(folder, place / "snapshots" / ("0" * 40)))


@pytest.mark.parametrize("name", ["bert-base-uncased", "someone/a_model"])
@pytest.mark.parametrize("load", [opening.tokenizer, opening.for_pretraining, opening.for_spans])
def test_without_a_network_a_hub_name_fails_with_what_to_do(hub, name, load):
    with pytest.raises(
        ValueError, match=f"'{name}' .* `hf download {name}` .* 'miniature', 'minilm', or a folder"
    ) as e:
        load(name)
    assert "\n" not in str(e.value)
    (waited,) = hub[1]
    assert 0 < waited.connect <= 3
    assert 0 < waited.read <= 10


def test_offline_mode_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ValueError, match=r"offline mode is enabled.* `hf download bert-base-uncased`") as error:
        opening.for_classes("bert-base-uncased", ("no", "yes"))
    assert "\n" not in str(error.value)


def test_a_model_in_the_hubs_cache_opens_without_a_network(hub, bert_folder):
    cache, waited = hub
    place = cached(cache, "someone/a_model", bert_folder)
    assert opening.locate("someone/a_model") == place
    model = opening.for_pretraining("someone/a_model")
    assert all(torch.equal(model.get_parameter(name), weight) for name, weight in encoder_of(bert_folder).items())
    assert opening.tokenizer("someone/a_model")("w1 w2")["input_ids"] == [2, 6, 7, 3]
    assert waited == []


class Hub(BaseHTTPRequestHandler):
    """The part of the hub that a download asks, for one model."""

    folder: Path
    asked: ClassVar[list[str]] = []

    def answer(self, content: bytes = b"", **headers):
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def do_GET(self):
        path = urlsplit(self.path).path
        self.asked.append(f"{self.command} {path}")
        files = {file.name: file.read_bytes() for file in self.folder.iterdir()}
        if path == "/api/models/someone/a_model" or path.startswith("/api/models/someone/a_model/revision"):
            self.answer(json.dumps({"id": "someone/a_model", "sha": "1" * 40}).encode())
        elif path.startswith("/api/models/someone/a_model/tree/"):
            tree = [{"type": "file", "path": n, "size": len(c), "oid": sha1(c).hexdigest()} for n, c in files.items()]
            self.answer(json.dumps(tree).encode(), Content_Type="application/json")
        elif path.startswith("/someone/a_model/resolve/") and (content := files.get(path.split("/")[-1])):
            self.answer(content, ETag=sha1(content).hexdigest(), X_Repo_Commit="1" * 40)
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *told):
        """Nothing is written to the terminal."""


@pytest.fixture
def server(tmp_path, bert_folder, monkeypatch):
    """A hub on this machine that holds someone/a_model, also in pickled form and with code."""
    Hub.folder = Path(shutil.copytree(bert_folder, tmp_path / "on the hub"))
    Hub.asked.clear()
    (Hub.folder / "pytorch_model.bin").write_bytes(b"pickled")
    (Hub.folder / "code.py").write_text("print('run')")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    opening._downloaded.cache_clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as serving:
        address = f"http://127.0.0.1:{serving.server_port}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
        monkeypatch.setattr(
            "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE",
            address + "/{repo_id}/resolve/{revision}/{filename}",
        )
        Thread(target=serving.serve_forever, daemon=True).start()
        yield Hub
        serving.shutdown()
    opening._downloaded.cache_clear()
    close_session()


def test_a_hub_name_is_downloaded_once_and_only_what_is_opened(server, bert_folder):
    model = opening.for_pretraining("someone/a_model")
    assert all(torch.equal(model.get_parameter(name), weight) for name, weight in encoder_of(bert_folder).items())
    assert opening.tokenizer("someone/a_model")("w1 w2")["input_ids"] == [2, 6, 7, 3]
    fetched = {file.name for file in opening.locate("someone/a_model").iterdir()}
    assert fetched == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    asked = len(server.asked)
    opening._downloaded.cache_clear()  # as in the next process
    opening.for_classes("someone/a_model", ("no", "yes"))
    assert len(server.asked) == asked > 0


def test_a_name_that_the_hub_does_not_know_is_told(server):
    with pytest.raises(
        ValueError, match=r"there is no folder 'someone/another'; the .* hub has no model .*'minilm'"
    ) as error:
        opening.tokenizer("someone/another")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("lacking", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_half_downloaded_model_is_asked_for_again(hub, bert_folder, lacking):
    cache, waited = hub
    (cached(cache, "someone/a_model", bert_folder) / lacking).unlink()
    with pytest.raises(ValueError, match="hub does not answer"):
        opening.locate("someone/a_model")
    assert len(waited) == 1


def test_a_model_without_tokenizer_config_is_asked_for_again_and_then_taken_as_it_is(hub, bert_folder):
    cache, waited = hub
    folder = cached(cache, "someone/a_model", bert_folder)
    (folder / "tokenizer_config.json").unlink()
    assert opening.locate("someone/a_model") == opening.locate("someone/a_model") == folder
    assert len(waited) == 1
    words = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in words))
    with pytest.raises(ValueError, match="nothing in 'someone/a_model' says whether its tokenizer takes capitals"):
        opening.tokenizer("someone/a_model")


@pytest.mark.parametrize(
    "path", ["./my_modle", "../my_modle", "/nowhere/my_modle", "~/my_modle", "a/b/my_modle", "my modle", "modle/", ""]
)
def test_a_mistyped_path_is_a_folder_that_is_missing(hub, path):
    with pytest.raises(ValueError, match=f"there is no folder '{path}'"):
        opening.locate(path)
    assert hub[1] == []


def test_a_tilde_is_the_home_folder(bert_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    shutil.copytree(bert_folder, tmp_path / "mine")
    assert opening.locate("~/mine") == tmp_path / "mine"
    assert opening.for_classes("~/mine", ("no", "yes")).config.num_labels == 2


def test_without_the_package_minilm_is_the_hubs(hub, bert_folder, monkeypatch):
    monkeypatch.setattr(opening.metadata, "files", missing)
    with pytest.raises(ValueError, match="hf download sentence-transformers/all-MiniLM-L6-v2"):
        opening.locate("minilm")
    place = cached(hub[0], "sentence-transformers/all-MiniLM-L6-v2", bert_folder)
    with pytest.raises(ValueError, match="not the published"):
        opening.locate("minilm")
    whole = (place / "model.safetensors").read_bytes()
    monkeypatch.setattr(opening, "MINILM_SHA256", hashlib.sha256(whole).hexdigest())
    assert opening.locate("minilm") == place


def test_the_families_are_told():
    told = opening.describe()
    assert list(told) == ["miniature", "miniature-roberta", "minilm", "FOLDER", "NAME"]
    assert all(family.title in told["FOLDER"] for family in families.FAMILIES.values())
