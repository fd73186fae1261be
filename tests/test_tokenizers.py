"""What a model's folder says of its tokenizer, in whichever of its files, is what a text is read by."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from transformers import AutoTokenizer, BertTokenizer, PreTrainedTokenizerFast

from lottery.data import examples
from lottery.models import opening

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "The", "us", "US", "was", "good", "Good"]
TEXT = "The US was Good"


@pytest.fixture
def folder(bert_folder, tmp_path):
    """A random BERT and, of a tokenizer that tells capitals or not, what a function leaves there."""

    def made(*, lower: bool, drop: tuple[str, ...] = ()) -> str:
        for name in ("config.json", "model.safetensors"):
            (tmp_path / name).write_bytes((Path(bert_folder) / name).read_bytes())
        vocabulary = {word: number for number, word in enumerate(WORDS)}
        BertTokenizer(vocab=vocabulary, do_lower_case=lower).save_pretrained(tmp_path)
        (tmp_path / "vocab.txt").write_text("".join(f"{word}\n" for word in WORDS))
        for name in drop:
            (tmp_path / name).unlink()
        return str(tmp_path)

    return made


@pytest.mark.parametrize("lower", [True, False])
def test_without_a_config_the_tokens_are_those_of_tokenizer_json_and_stay_so(folder, tmp_path, lower):
    found = opening.tokenizer(folder(lower=lower, drop=("tokenizer_config.json",)))
    alone = Tokenizer.from_file(str(tmp_path / "tokenizer.json")).encode(TEXT).tokens
    assert found.convert_ids_to_tokens(found(TEXT)["input_ids"]) == alone
    assert ("US" in alone) is not lower
    found.save_pretrained(tmp_path / "again")
    assert Tokenizer.from_file(str(tmp_path / "again/tokenizer.json")).encode(TEXT).tokens == alone
    again = AutoTokenizer.from_pretrained(tmp_path / "again")
    assert again.convert_ids_to_tokens(again(TEXT)["input_ids"]) == alone


def test_a_config_that_does_not_say_it_leaves_it_to_tokenizer_json(folder, tmp_path):
    source = folder(lower=False)
    told = json.loads((tmp_path / "tokenizer_config.json").read_text())
    del told["do_lower_case"]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(told))
    assert opening.tokenizer(source).tokenize(TEXT) == TEXT.split()


def test_a_config_that_says_it_has_the_last_word(folder, tmp_path):
    source = folder(lower=False)
    told = json.loads((tmp_path / "tokenizer_config.json").read_text())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(told | {"do_lower_case": True}))
    assert opening.tokenizer(source).tokenize(TEXT) == TEXT.lower().split()


def test_a_vocabulary_alone_is_refused_as_it_does_not_say_whether_capitals_count(folder):
    source = folder(lower=False, drop=("tokenizer.json", "tokenizer_config.json"))
    with pytest.raises(ValueError, match=r"capitals for small letters: add the tokenizer_config\.json"):
        opening.tokenizer(source)


def general(tmp_path, **how) -> None:
    """Writes the tokenizer as one of the general class, as trained ones were saved."""
    backend = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    if how.pop("bare", False):
        told = json.loads(backend.to_str())
        backend = Tokenizer.from_str(json.dumps(told | {"post_processor": None}))
    names = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]"}
    PreTrainedTokenizerFast(tokenizer_object=backend, **names, **how).save_pretrained(tmp_path)


def test_both_texts_of_a_pair_are_told_apart_whatever_the_tokenizers_class(folder, tmp_path):
    import pandas as pd

    source = folder(lower=True)
    general(tmp_path)
    table = pd.DataFrame({"first": ["the us"], "second": ["was good"], "label": [0]})
    (types,) = examples.encode(table, opening.tokenizer(source), 32).sequences["token_type_ids"]
    raw = Tokenizer.from_file(str(tmp_path / "tokenizer.json")).encode("the us", "was good")
    assert types.tolist() == raw.type_ids == [0, 0, 0, 0, 1, 1, 1]


def test_a_model_of_one_type_is_given_none(folder, tmp_path):
    source = folder(lower=True)
    told = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(told | {"type_vocab_size": 1}))
    assert "token_type_ids" not in opening.tokenizer(source).model_input_names


def test_a_tokenizer_that_puts_nothing_before_a_text_is_refused(folder, tmp_path):
    source = folder(lower=True)
    general(tmp_path, bare=True)
    with pytest.raises(ValueError, match=r"does not begin a text with \[CLS\], at which heads read"):
        opening.tokenizer(source)
