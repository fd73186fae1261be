"""Which files of a model's folder are read, and so name its runs: the rest may come and go."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, BertForSequenceClassification, RobertaConfig, RobertaModel, RobertaTokenizer

from lottery import store
from lottery.experiments.starts import Given, Own
from lottery.models import folders, opening, state
from lottery.models.pooling import pooling

# What stands beside models of the hub, of the Trainer, of git and of a Mac; none of it is what it says it is.
BESIDE = (
    "README.md",
    ".DS_Store",
    ".gitattributes",
    ".git/index",
    ".git/lfs/objects/model.safetensors",
    "pytorch_model.bin",
    "tf_model.h5",
    "training_args.bin",
    "trainer_state.json",
    "modules.json",
    "1_Pooling/config.json",
    "onnx/model.onnx",
    "checkpoint-500/model.safetensors",
    "checkpoint-500/config.json",
    "runs/events.out.tfevents",
)


@pytest.fixture(params=["bert", "roberta", "sharded", "slow"])
def folder(request, tmp_path, config, tokenizer) -> Path:
    """A saved model: with the tokenizer in one file, in vocab.json and merges.txt, in shards, in vocab.txt."""
    place = tmp_path / "model"
    torch.manual_seed(1)
    if request.param == "roberta":
        vocabulary = {word: number for number, word in enumerate(["<s>", "<pad>", "</s>", "<unk>", "<mask>", "w", "1"])}
        small = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 24}
        RobertaModel(RobertaConfig(vocab_size=7, pad_token_id=1, max_position_embeddings=40, **small)).save_pretrained(
            place
        )
        own = RobertaTokenizer(vocab=vocabulary, merges=[])
    else:
        BertForSequenceClassification(config).save_pretrained(
            place, max_shard_size="10KB" if request.param == "sharded" else "1GB"
        )
        own = tokenizer
    own.save_pretrained(place)
    if request.param == "slow":
        (place / "tokenizer.json").unlink()
        (place / "vocab.txt").write_text("".join(f"{word}\n" for word in own.get_vocab()))
    if request.param == "sharded":
        assert len([*place.glob("*.safetensors")]) > 2
    return place


def keys(folder: Path) -> tuple[str, str]:
    columns = {"text": "text", "second": "", "label": "label", "labels": "classes"}
    own = Own(model=str(folder), train="", dev="", dev_share=0.2, **columns)
    return store.key(Given(model=str(folder), data="")), store.key(own)


def opened(folder: Path) -> tuple[list[int], dict[str, torch.Tensor]]:
    ids = opening.tokenizer(str(folder))("w1 w2 w1").input_ids
    return ids, state.snapshot(opening.encoder(str(folder)))


def test_what_lies_beside_a_model_is_neither_read_nor_in_the_key(folder):
    before, (ids, weights) = keys(folder), opened(folder)
    for name in BESIDE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("something else")
        assert keys(folder) == before, name
    ids_now, weights_now = opened(folder)
    assert ids_now == ids
    assert all(torch.equal(weights_now[name], weight) for name, weight in weights.items())


def test_every_file_that_a_saved_model_is_made_of_is_in_the_key(folder):
    before = keys(folder)
    saved = [path for path in folder.iterdir() if path.name != "generation_config.json"]
    assert len(saved) >= 4
    for path in saved:
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        assert not {*keys(folder)} & {*before}, path.name
        path.write_bytes(content)
    assert keys(folder) == before


def test_without_what_is_not_in_the_key_a_model_opens_the_same(folder, tmp_path):
    ids, weights = opened(folder)
    for name in BESIDE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("something else")
    counted = {path for pattern in folders.READ for path in folder.glob(pattern)}
    (tmp_path / "bare").mkdir()
    for path in counted:
        shutil.copy(path, tmp_path / "bare")
    bare_ids, bare = opened(tmp_path / "bare")
    assert bare_ids == ids
    assert all(torch.equal(bare[name], weight) for name, weight in weights.items())
    bare_words, words = (AutoTokenizer.from_pretrained(place).get_vocab() for place in (tmp_path / "bare", folder))
    assert bare_words == words


def test_a_name_on_offer_is_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = store.key(Given(model="minilm", data="hub"))
    for name in ("minilm", "hub"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    assert store.key(Given(model="minilm", data="hub")) == before
    assert store.key(Given(model="./minilm", data="hub")) != before


ENCODER = ("", "0_Transformer", "0_BERT")  # where the encoder of a sentence encoder lies, newest first


@pytest.fixture(params=ENCODER)
def sentence_encoder(request, tmp_path, bert_folder) -> Path:
    """One in the three layouts that sentence-transformers has had, which normalises what it pools."""
    folder, name = tmp_path / "sentences", request.param
    shutil.copytree(bert_folder, folder / name)
    (folder / name / "sentence_bert_config.json").write_text('{"max_seq_length": 20}')
    (folder / "README.md").write_text("the card")
    names = {name: "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    told = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for number, (path, kind) in enumerate(names.items())
    ]
    (folder / "modules.json").write_text(json.dumps(told))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text('{"pooling_mode_cls_token": true}')
    return folder


def test_a_sentence_encoder_is_opened_and_named_in_whatever_layout(sentence_encoder, bert_folder):
    ids, weights = opened(sentence_encoder)
    known, own = opened(Path(bert_folder))
    assert ids == known
    assert all(torch.equal(own[name], weight) for name, weight in weights.items() if "pooler" not in name)
    assert pooling(str(sentence_encoder)) == "first"
    before, place = keys(sentence_encoder), opening.locate(str(sentence_encoder))
    beside = ("README.md", "modules.json", "sentence_bert_config.json", "generation_config.json")
    for path in filter(Path.is_file, place.iterdir()):
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        assert (keys(sentence_encoder) == before) == (path.name in beside), path.name
        path.write_bytes(content)


def test_what_goes_with_a_sentence_encoder_goes_along_and_the_encoder_comes_to_the_top(sentence_encoder, tmp_path):
    changed = tmp_path / "changed"
    changed.mkdir()
    place = opening.locate(str(sentence_encoder))
    for name in ("config.json", "model.safetensors"):
        shutil.copy(place / name, changed)
    folders.accompany(sentence_encoder, changed, without=["special_tokens_map.json"])
    assert [module["path"] for module in json.loads((changed / "modules.json").read_text())] == [
        "",
        "1_Pooling",
        "2_Normalize",
    ]
    assert opening.locate(str(changed)) == changed
    assert opened(changed)[0] == opened(sentence_encoder)[0]
    assert pooling(str(changed)) == "first"
    assert (changed / "README.md").read_text() == "the card"
    assert (changed / "sentence_bert_config.json").read_text() == '{"max_seq_length": 20}'
    assert not [*changed.glob("0_*")]


def test_modules_elsewhere_and_no_modules_are_refused(sentence_encoder):
    for told, wrong in (('[{"path": "../x"}]', "which is outside"), ("[1]", "is no list of"), ("{", "is no list of")):
        (sentence_encoder / "modules.json").write_text(told)
        with pytest.raises(ValueError, match=wrong):
            folders.modules(sentence_encoder)
