"""Sentences with a tag for each word: against hand-written files, a count of entities in loops, and the tokenizers' own
assignment of tokens to words."""

import json
import random

import numpy as np
import pandas as pd
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertTokenizer, PreTrainedTokenizerFast

from lottery.data import tagged
from lottery.data.examples import IGNORED

CONLL = """-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
rejects VBZ B-VP O
German JJ B-NP B-MISC
call NN I-NP O

Peter NNP B-NP B-PER
Blackburn NNP I-NP I-PER
"""
READ = [("EU rejects German call", "B-ORG O B-MISC O"), ("Peter Blackburn", "B-PER I-PER")]


def rows(table):
    return [*table[["first", "label"]].itertuples(index=False, name=None)]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.conll", CONLL),
        ("tabs.conll", CONLL.replace(" ", "\t").replace("\n", "\r\n").rstrip()),
        ("IOB1.CONLL", CONLL.replace("B-", "I-")),
        ("iobes.conll", CONLL.replace("B-ORG", "S-ORG").replace("I-PER", "E-PER")),
        ("bilou.conll", CONLL.replace("B-ORG", "U-ORG").replace("I-PER", "L-PER")),
        (
            "lists.jsonl",
            "\n".join(json.dumps({"id": 1, "words": w.split(), "ner": t.split()}) for w, t in READ) + "\n\n",
        ),
        ("texts.jsonl", "\n".join(json.dumps({"words": w, "ner": t}) for w, t in READ)),
    ],
)
def test_every_form_and_scheme_is_read_as_the_same_sentences(tmp_path, name, written):
    (tmp_path / name).write_bytes(written.encode())
    assert rows(tagged.read(tmp_path / name, "words", "ner")) == READ


def test_tags_in_a_row_are_one_entity_or_two():
    assert tagged.in_iob2(["I-A", "B-A", "I-A", "I-B", "O", "I-B"], "") == ["B-A", "B-A", "I-A", "B-B", "O", "B-B"]
    assert tagged.in_iob2(["B-A", "E-A", "S-A", "U-A"], "") == ["B-A", "I-A", "B-A", "B-A"]


@pytest.mark.parametrize(
    ("name", "written", "told"),
    [
        ("a.txt", CONLL, "a.txt does not end in .conll or .jsonl"),
        ("a.conll", "EU\n", "line 1: 'EU' is a word without a tag"),
        ("a.conll", "\n\n", "has no sentence"),
        ("a.conll", "EU NOUN\n", "line 1: the tag 'NOUN' is not O, B-TYPE or I-TYPE"),
        ("a.conll", "EU B-\n", "the tag 'B-' is not O"),
        ("a.conll", "EU -PER\n", "the tag '-PER' is not O"),
        ("a.conll", "EU O\n\nsays O\n", "all words have the tag O"),
        ("a.jsonl", "{", "line 1: not JSON"),
        ("a.jsonl", '{"words": ["a"]}', "'ner' is not there, but words"),
        ("a.jsonl", "[1]", "'words' is not there, but list"),
        ("a.jsonl", '{"words": ["a"], "ner": [3]}', "'ner' is no list of texts"),
        ("a.jsonl", '{"words": ["a", "b"], "ner": ["O"]}', "2 words and 1 tags"),
        ("a.jsonl", '{"words": ["a b"], "ner": ["O"]}', "the word 'a b' is empty or has a blank in it"),
        ("a.jsonl", '{"words": [""], "ner": ["O"]}', "the word '' is empty"),
    ],
)
def test_what_is_no_such_file_is_refused_with_its_place(tmp_path, name, written, told):
    (tmp_path / name).write_text(written)
    with pytest.raises(ValueError, match="a\\.") as error:
        tagged.read(tmp_path / name, "words", "ner")
    assert told in str(error.value)


def entities(tags):
    """{(first word, last word, type)}, by a walk over the words."""
    found, begun = set(), None
    for place, tag in enumerate([*tags, "O"]):
        ends = begun is not None and (tag[0] in "OB" or tag[2:] != begun[1])
        if ends:
            found.add((begun[0], place - 1, begun[1]))
            begun = None
        if tag != "O" and begun is None:
            begun = place, tag[2:]
    return found


def test_f1_is_that_of_the_entities_that_both_have():
    draw, kinds = random.Random(3), ["O", "O", "B-A", "I-A", "B-B", "I-B"]
    right = [draw.choices(kinds, k=draw.randrange(1, 10)) for _ in range(300)]
    given = [[draw.choice([tag, tag, draw.choice(kinds)]) for tag in tags] for tags in right]
    both = sum(len(entities(one) & entities(other)) for one, other in zip(given, right, strict=True))
    found, there = sum(len(entities(tags)) for tags in given), sum(len(entities(tags)) for tags in right)
    assert 0 < both < min(found, there)
    scores = tagged.scores([*map(" ".join, given)], [*map(" ".join, right)])
    assert scores == pytest.approx(
        {"entity_f1": 2 * both / (found + there), "entity_precision": both / found, "entity_recall": both / there}
    )


def test_a_score_of_nothing_is_none():
    none = tagged.scores(["O O"], ["B-A O"])
    assert (none["entity_f1"], none["entity_recall"]) == (0.0, 0.0)
    assert np.isnan(none["entity_precision"])
    assert np.isnan(tagged.scores(["O"], ["O"])["entity_f1"])


def wordpieces():
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ab", "##c", "##d", "a", "b", "##b", ".", "-"]
    return BertTokenizer(vocab={piece: number for number, piece in enumerate(pieces)})


def bytes_of_words():
    """A tokenizer that takes the blank before a word along, as RoBERTa's."""
    signs = [*pre_tokenizers.ByteLevel.alphabet()]
    vocabulary = {piece: number for number, piece in enumerate(["<s>", "</s>", "<pad>", "<unk>", *signs, "ab", "Ġa"])}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[("a", "b"), ("Ġ", "a")], unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    raw.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0), trim_offsets=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        cls_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_input_names=["input_ids", "attention_mask"],
    )


@pytest.mark.parametrize("made", [wordpieces, bytes_of_words])
@pytest.mark.parametrize("longest", [40, 9])
def test_a_words_tag_stands_at_its_first_token(made, longest):
    tokenizer, draw = made(), random.Random(1)
    words = [draw.choices(["abcd", "a", "ab", "ab-ab.", "."], k=draw.randrange(1, 8)) for _ in range(30)]
    tags = [draw.choices(["O", "B-X", "I-X"], k=len(each)) for each in words]
    table = pd.DataFrame({"first": [*map(" ".join, words)], "label": [*map(" ".join, tags)]})
    names = tagged.labels(["X"])
    examples, places = tagged.encode(table, tokenizer, longest, names)
    told = tagged.told([np.eye(3)[row.clamp(min=0)] for row in examples.sequences["labels"]], places, names)
    cut = 0
    for row, (each, marks) in enumerate(zip(words, tags, strict=True)):
        own = tokenizer(each, is_split_into_words=True, truncation=True, max_length=longest)
        assert examples.sequences["input_ids"][row].tolist() == own["input_ids"]
        word_of = own.word_ids(0)
        first = [word_of.index(word) if word in word_of else -1 for word in range(len(each))]
        assert places[row].tolist() == first
        wanted = [IGNORED] * len(word_of)
        for place, tag in zip(first, marks, strict=True):
            if place >= 0:
                wanted[place] = names.index(tag)
        assert examples.sequences["labels"][row].tolist() == wanted
        assert told[row].split() == [tag if place >= 0 else "O" for place, tag in zip(first, marks, strict=True)]
        cut += first.count(-1)
    assert (cut > 0) == (longest == 9)
    batch = examples.batch([0, 1, 2])
    assert (batch["labels"][batch["attention_mask"] == 0] == IGNORED).all()
    assert "labels" not in examples.inputs([0, 1])
    assert batch["labels"].dtype == torch.int64


def test_a_word_that_the_tokenizer_drops_is_outside():
    table = pd.DataFrame({"first": ["a \u200b b"], "label": ["O B-X O"]})
    _, (first,) = tagged.encode(table, wordpieces(), 9, tagged.labels(["X"]))
    assert first.tolist() == [1, -1, 2]
    (told,) = tagged.told([np.eye(3)[[0, 1, 2, 0]]], [first], tagged.labels(["X"]))
    assert told == "B-X O I-X"
