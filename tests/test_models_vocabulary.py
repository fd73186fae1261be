"""A vocabulary cut to one's texts: they are read and answered as before, and no other becomes unknown."""

import json
import random
import string

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForMaskedLM,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForMaskedLM,
)

from lottery.models import opening, vocabulary

LETTERS = "abcdefgh"
SPECIAL = {
    "bert": ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    "roberta": ["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
}
NAMES = {
    "bert": {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"},
    "roberta": {"pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>"},
}
SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "max_position_embeddings": 60,
}


def sentences(count, seed, letters=LETTERS):
    """Words of some syllables, so that trained tokenizers find pieces of several letters."""
    draw = random.Random(seed)
    syllables = [a + b for a in letters for b in letters[::2]]
    return [
        " ".join("".join(draw.choices(syllables, k=draw.randrange(1, 5))) for _ in range(draw.randrange(2, 9)))
        for _ in range(count)
    ]


def made(kind):
    """A trained tokenizer of 300 pieces, in the class that opens any of them."""
    names = SPECIAL["bert" if kind == "WordPiece" else "roberta"]
    corpus = sentences(400, 1)
    how = {"vocab_size": 300, "special_tokens": names, "show_progress": False}
    if kind == "WordPiece":
        raw = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        raw.normalizer, raw.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.BertPreTokenizer()
        raw.train_from_iterator(corpus, trainers.WordPieceTrainer(initial_alphabet=[*string.ascii_lowercase], **how))
        around = ("[CLS]", "[SEP]")
    elif kind == "BPE":
        raw = Tokenizer(models.BPE())
        raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        raw.train_from_iterator(
            corpus,
            trainers.BpeTrainer(initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), **how | {"vocab_size": 500}),
        )
        around = ("<s>", "</s>")
    else:
        raw = Tokenizer(models.Unigram())
        raw.pre_tokenizer = pre_tokenizers.Metaspace()
        raw.train_from_iterator(corpus, trainers.UnigramTrainer(unk_token="<unk>", **how))
        around = ("<s>", "</s>")
    raw.add_special_tokens(names)
    raw.add_tokens(["hashtag"])
    numbers = [(name, raw.token_to_id(name)) for name in around]
    raw.post_processor = (
        processors.RobertaProcessing(numbers[1], numbers[0], add_prefix_space=False)
        if kind == "BPE"
        else processors.TemplateProcessing(
            single=f"{around[0]} $A {around[1]}", pair=f"{around[0]} $A {around[1]} $B:1 {around[1]}:1",
            special_tokens=numbers,
        )
    )  # fmt: skip
    names = NAMES["bert" if kind == "WordPiece" else "roberta"]
    return PreTrainedTokenizerFast(tokenizer_object=raw, do_lower_case=kind == "WordPiece", **names)


def model_of(kind, tokenizer):
    """A random MLM with rows that no token has, its bias no zeros."""
    torch.manual_seed(2)
    rows = {"vocab_size": len(tokenizer) + 7, "pad_token_id": tokenizer.pad_token_id}
    if kind == "WordPiece":
        model = BertForMaskedLM(BertConfig(sep_token_id=tokenizer.sep_token_id, **rows, **SIZES))
    else:
        ends = {"bos_token_id": tokenizer.cls_token_id, "eos_token_id": tokenizer.sep_token_id}
        model = RobertaForMaskedLM(RobertaConfig(type_vocab_size=1, **ends, **rows, **SIZES))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_()
    return model.eval()


@pytest.fixture(scope="module", params=["WordPiece", "BPE", "Unigram"])
def case(request, tmp_path_factory):
    """A whole model and one cut to thirty texts, both opened from their folders, and the pieces that stayed."""
    folder, tokenizer = tmp_path_factory.mktemp(request.param), made(request.param)
    model = model_of(request.param, tokenizer)
    model.save_pretrained(folder / "whole")
    tokenizer.save_pretrained(folder / "whole")
    texts = [*sentences(30, 5), "hashtag  abab", "", "zq \u00fc"]
    kept = vocabulary.staying(vocabulary.told(tokenizer), vocabulary.used(tokenizer, texts), model.config)
    small = opening.for_words(str(folder / "whole"))
    vocabulary.cut(small, kept)
    small.save_pretrained(folder / "small")
    vocabulary.write(opening.tokenizer(str(folder / "whole")), kept, folder / "small")
    return folder, texts, kept


def pieces(tokenizer, text):
    return tokenizer.convert_ids_to_tokens(tokenizer(text)["input_ids"])


def test_texts_are_read_piece_by_piece_as_before(case):
    folder, texts, kept = case
    whole, small = (AutoTokenizer.from_pretrained(folder / name) for name in ("whole", "small"))
    assert 20 < len(kept) < 0.9 * len(whole)
    assert len(small) == len(kept)
    assert [pieces(small, text) for text in texts] == [pieces(whole, text) for text in texts]
    assert [small.convert_ids_to_tokens(n) for n in range(len(kept))] == [whole.convert_ids_to_tokens(n) for n in kept]
    for text in texts:
        assert [kept[number] for number in small(text, text)["input_ids"]] == whole(text, text)["input_ids"]
    raw = Tokenizer.from_file(str(folder / "small/tokenizer.json"))
    assert [raw.encode(text).ids for text in texts] == [small(text)["input_ids"] for text in texts]


@torch.no_grad()
def test_texts_are_read_to_the_last_bit_and_the_decoder_scores_the_pieces_kept(case):
    """The encoder to the last bit; a product with fewer columns, as the decoder's is, may be rounded otherwise."""
    folder, texts, kept = case
    answers = {}
    for name in ("whole", "small"):
        tokenizer = opening.tokenizer(str(folder / name))
        model = opening.for_words(str(folder / name)).eval()
        answers[name] = [model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True) for text in texts]
        assert model.config.vocab_size == answers[name][0].logits.shape[-1]
        assert model.config.pad_token_id == tokenizer.pad_token_id
    for whole, small in zip(answers["whole"], answers["small"], strict=True):
        assert all(map(torch.equal, whole.hidden_states, small.hidden_states))
        torch.testing.assert_close(whole.logits[..., kept], small.logits, rtol=1e-6, atol=1e-6)


def test_numbers_of_tokens_in_the_configuration_are_those_of_the_new_tokenizer(case):
    folder, _, _ = case
    tokenizer = AutoTokenizer.from_pretrained(folder / "small")
    told = json.loads((folder / "small/config.json").read_text())
    whole = json.loads((folder / "whole/config.json").read_text())
    named = {"pad_token_id": "pad_token_id", "sep_token_id": "sep_token_id"} | {
        "bos_token_id": "cls_token_id", "eos_token_id": "sep_token_id"
    }  # fmt: skip
    stated = {name for name in named if whole.get(name) is not None}
    assert len(stated) >= 2
    assert all(told[name] == getattr(tokenizer, named[name]) for name in stated)
    assert told["vocab_size"] == len(tokenizer)


def test_no_text_becomes_unknown_that_was_not(case):
    folder, _, _ = case
    whole, small = (AutoTokenizer.from_pretrained(folder / name) for name in ("whole", "small"))
    others = [*sentences(60, 9), *sentences(40, 10, string.ascii_lowercase), "Hashtag", "\u4e2d", "a\u00e9b"]
    for text in others:
        before, after = (tokenizer(text)["input_ids"] for tokenizer in (whole, small))
        assert after.count(small.unk_token_id) <= before.count(whole.unk_token_id), text
        assert len(after) >= len(before)


def test_what_bpe_joins_its_pieces_from_stays_and_what_unigram_weighs_the_unknown_by():
    bpe = {
        "added_tokens": [],
        "model": {
            "type": "BPE",
            "vocab": {piece: n for n, piece in enumerate(["a", "b", "c", "ab", "bc", "abc", "cc", "abcc"])},
            "merges": [["b", "c"], ["a", "bc"], ["a", "b"], ["ab", "c"], ["c", "c"], ["ab", "cc"]],
        },
    }
    config = BertConfig(vocab_size=8, pad_token_id=None)
    kept = vocabulary.staying(bpe, [5], config)
    assert [[*bpe["model"]["vocab"]][number] for number in kept] == ["a", "b", "c", "bc", "abc"]
    cut = vocabulary.trimmed(bpe, kept)["model"]
    assert [list(pair) for pair in cut["merges"]] == [["b", "c"], ["a", "bc"]]
    scores = [["<unk>", 0.0], ["a", -2.0], ["b", -2.5], ["ab", -1.0], ["bab", -9.0], ["ba", -3.0], ["x\u00e9", -4.0]]
    unigram = {"added_tokens": [], "model": {"type": "Unigram", "unk_id": 0, "vocab": scores}}
    kept = vocabulary.staying(unigram, [3], config)
    assert [scores[number][0] for number in kept] == ["<unk>", "a", "b", "ab", "bab", "x\u00e9"]


@pytest.mark.parametrize("loader", ["mlm", "classes", "distilbert"])
def test_tables_of_every_kind_of_head_are_cut(loader, tmp_path):
    sizes = {"vocab_size": 30, **SIZES}
    if loader == "distilbert":
        config = DistilBertConfig(vocab_size=30, dim=16, hidden_dim=24, n_layers=2, n_heads=4)
        model = DistilBertForMaskedLM(config)
    else:
        model = (BertForMaskedLM if loader == "mlm" else BertForSequenceClassification)(BertConfig(**sizes))
    before, count = model.get_input_embeddings().weight.clone(), model.num_parameters()
    biases = 0 if loader == "classes" else 10
    kept = [number for number in range(30) if number % 3 != 1]
    vocabulary.cut(model, kept)
    assert torch.equal(model.get_input_embeddings().weight, before[kept])
    assert model.num_parameters() == count - 10 * 16 - biases
    model.save_pretrained(tmp_path)
    _, report = type(model).from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report[name] for name in ("missing_keys", "unexpected_keys", "mismatched_keys"))


def test_what_cannot_be_cut_is_refused(tokenizer):
    words = {"added_tokens": [], "model": {"type": "WordLevel", "vocab": {"a": 0}}}
    with pytest.raises(ValueError, match="the tokenizer is of the kind WordLevel"):
        vocabulary.staying(words, [0], BertConfig(vocab_size=5))
    with pytest.raises(ValueError, match=r"has no tokenizer\.json"):
        vocabulary.told(object())
    with pytest.raises(ValueError, match="has a piece 9, the model rows for 5"):
        vocabulary.cut(BertForMaskedLM(BertConfig(**SIZES, vocab_size=5)), [0, 9])


def test_numbers_of_special_tokens_are_made_anew_wherever_they_stand():
    vocab = {piece: number for number, piece in enumerate(["a", "##a", "aa", "b", "##b", "[SEP]", "[CLS]", "[UNK]"])}
    whole = {
        "added_tokens": [{"id": 5, "content": "[SEP]"}, {"id": 6, "content": "[CLS]"}, {"id": 7, "content": "[UNK]"}],
        "padding": {"pad_id": 7, "pad_token": "[UNK]"},
        "post_processor": {
            "type": "Sequence",
            "processors": [
                {"type": "ByteLevel"},
                {"type": "RobertaProcessing", "sep": ["[SEP]", 5], "cls": ["[CLS]", 6]},
                {"type": "TemplateProcessing", "special_tokens": {"[SEP]": {"id": "[SEP]", "ids": [5, 6]}}},
            ],
        },
        "model": {"type": "WordPiece", "vocab": vocab, "continuing_subword_prefix": "##", "unk_token": "[UNK]"},
    }
    cut = vocabulary.trimmed(whole, [0, 1, 3, 4, 5, 6, 7])  # without "aa", which is 2
    assert cut["model"]["vocab"] == {piece: n - (n > 2) for piece, n in vocab.items() if n != 2}
    assert [each["id"] for each in cut["added_tokens"]] == [4, 5, 6]
    assert cut["padding"]["pad_id"] == 6
    _, roberta, template = cut["post_processor"]["processors"]
    assert (roberta["sep"], roberta["cls"]) == (["[SEP]", 4], ["[CLS]", 5])
    assert template["special_tokens"]["[SEP]"]["ids"] == [4, 5]
    assert whole["post_processor"]["processors"][1]["sep"] == ["[SEP]", 5]


def test_numbers_in_the_configuration_follow_and_positions_stay_what_they_were():
    model = BertForMaskedLM(BertConfig(vocab_size=12, pad_token_id=4, eos_token_id=[9, 11], bos_token_id=4, **SIZES))
    vocabulary.cut(model, [2, 4, 9, 11])
    found = model.config
    assert (found.pad_token_id, found.bos_token_id, found.eos_token_id, found.vocab_size) == (1, 1, [2, 3], 4)
    assert model.get_input_embeddings().padding_idx == 1
    # A RoBERTa counts positions from the number of its padding token, which therefore stays.
    letters = {piece: number for number, piece in enumerate(["ab", "ba", "<pad>", "a", "b", "aa"])}
    merges = [["a", "b"], ["b", "a"], ["a", "a"]]
    given = {"added_tokens": [], "model": {"type": "BPE", "vocab": letters, "merges": merges}}
    for kind, kept in ((RobertaConfig, [0, 1, 2, 3, 4]), (BertConfig, [2, 3, 4])):
        config = kind(vocab_size=6, pad_token_id=2, bos_token_id=None, eos_token_id=None)
        given["added_tokens"] = [{"id": 2, "content": "<pad>"}]
        assert vocabulary.staying(given, [3], config) == kept
