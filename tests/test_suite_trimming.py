"""`lottery vocabulary`: a folder with the word pieces of some texts alone, that answers them as before."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
    BertTokenizer,
)

from lottery.models import opening, vocabulary
from lottery.suite import trimming

STRANGER = """
import json, sys, torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
folder, texts = sys.argv[1], json.loads(sys.argv[2])
model, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
with torch.no_grad():
    answers = [model.eval()(**tokenizer(text, return_tensors="pt")).logits.tolist() for text in texts]
print(json.dumps([answers, model.config.vocab_size, "lottery" in sys.modules]))
"""


CHARACTERS = [form for letter in "w0123456789" for form in (letter, f"##{letter}")]
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{n}" for n in range(50)), *CHARACTERS]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A classifier, and texts of half of its words."""
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(PIECES), max_position_embeddings=40, **sizes)
    tokenizer = BertTokenizer(vocab={piece: number for number, piece in enumerate(PIECES)})
    opening.save(BertForSequenceClassification(config), tokenizer, tmp_path / "model")
    (tmp_path / "model/LICENSE").write_text("free")
    draw = np.random.default_rng(4)
    lines = [" ".join(draw.choice([f"w{n}" for n in range(0, 50, 2)], size=5)) for _ in range(60)]
    (tmp_path / "texts.txt").write_text("\n".join(lines) + "\n\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_is_written_answers_the_texts_as_the_whole_one_in_a_program_that_knows_nothing_of_it(
    here, lottery, stranger
):
    code, told, error = lottery("vocabulary", "model", "texts.txt", "-o", "small")
    assert code == 0, error
    lines = (here / "texts.txt").read_text().split("\n")[:20]
    found = {}
    for name in ("model", "small"):
        found[name] = json.loads(stranger(STRANGER, here / name, json.dumps(lines)).splitlines()[-1])
    assert found["small"][0] == found["model"][0]
    assert not found["small"][2]
    assert found["small"][1] == len(AutoTokenizer.from_pretrained(here / "small")) < found["model"][1]
    assert f"{found['small'][1]} of 77 word pieces" in told
    assert "reads all 60 different texts as before" in told
    assert (here / "small/LICENSE").read_text() == "free"
    tables = {name: load_file(here / name / "model.safetensors") for name in ("model", "small")}
    gone = sum(tensor.numel() for tensor in tables["model"].values()) - sum(t.numel() for t in tables["small"].values())
    assert gone == 32 * (77 - found["small"][1])
    code, _, error = lottery("vocabulary", "model", "texts.txt", "-o", "small")
    assert (code, "small is there" in error) == (2, True)


def test_what_texts_lose_that_the_vocabulary_was_not_made_from_is_counted_over_those_texts(here):
    tokenizer, model = opening.tokenizer("model"), opening.as_saved("model")
    texts = [f"w{n} w{n} w{n % 5}" for n in range(5, 45)] + ["w3 w49 zz"]
    broken, unknown = trimming.on_others(tokenizer, texts, model.config)
    order = np.random.default_rng(0).permutation(len(texts))
    others, learnt = ([texts[at] for at in part] for part in (order[:4], order[4:]))
    known = {word for text in learnt for word in text.split()}
    lost = [[word not in known | {"zz"} for word in text.split()] for text in others]
    assert broken.mean == pytest.approx(sum(map(sum, lost)) / sum(map(len, lost)))
    assert 0 < broken.mean < 1
    assert broken.low <= broken.mean <= broken.high
    words = sum(len(text.split()) for text in others)
    assert unknown[0] == pytest.approx(sum("zz" in text for text in others) / words)
    assert unknown[1] <= unknown[0]  # of more pieces as many are unknown


def test_a_half_precision_model_keeps_the_type_of_its_numbers(here):
    AutoModelForSequenceClassification.from_pretrained("model", dtype=torch.bfloat16).save_pretrained("half")
    opening.tokenizer("model").save_pretrained("half")
    found = trimming.trim("half", trimming.read([here / "texts.txt"], "", ""), here / "small")
    assert {tensor.dtype for tensor in load_file("small/model.safetensors").values()} == {torch.bfloat16}
    assert found.bytes[1] < found.bytes[0]


def test_the_texts_of_several_files_are_read_each_once(here):
    (here / "more.csv").write_text("a,b\n" + "".join(f"w{n},w1\n" for n in range(20)))
    found = trimming.read([here / "more.csv", here / "texts.txt"], "a", "b")
    assert found[:20] == [f"w{n}" for n in range(20)]
    assert len(found) == len(set(found)) == 80


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["few.txt"], "there are 2 different texts: give 20 or more"),
        (["no.txt"], "no file"),
        (["rows.csv"], "--text-column is missing: name the column of the text in rows.csv"),
        (["rows.csv", "--text-column", "b"], "'b'"),
        (["texts.pdf", "--text-column", "b"], "texts.pdf"),
    ],
)
def test_what_is_no_text_is_refused(arguments, sentence, here, lottery):
    (here / "few.txt").write_text("w1\nw2\n")
    (here / "rows.csv").write_text("a\n" + "w1\n" * 30)
    code, _, error = lottery("vocabulary", "model", *arguments, "-o", "small")
    assert code == 2
    assert sentence in error
    assert len(error.splitlines()) == 1
    assert not (here / "small").exists()


def test_nothing_is_left_where_what_was_written_encodes_otherwise(here, monkeypatch):
    cut = vocabulary.cut

    def wrong(model, kept):
        cut(model, kept)
        with torch.no_grad():
            model.get_input_embeddings().weight.mul_(1.0001)

    monkeypatch.setattr(vocabulary, "cut", wrong)
    with pytest.raises(RuntimeError, match="does not encode the texts as the full one"):
        trimming.trim("model", trimming.read([here / "texts.txt"], "", ""), here / "small")
    assert not [path for path in here.iterdir() if "small" in path.name]
