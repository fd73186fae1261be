"""`lottery ticket`: a mask goes into a file and from it into a model, and what cannot be is refused in a sentence."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from scipy import stats
from sklearn.metrics import matthews_corrcoef
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    BertConfig,
    BertForPreTraining,
    BertModel,
)

from lottery import masks, store
from lottery.choices import choose, offered
from lottery.data import examples
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.learned_mask import LearnedMask
from lottery.experiments.magnitude_search import MagnitudeSearch
from lottery.experiments.one_shot import OneShot
from lottery.experiments.starts import OWN, Own
from lottery.importance import obs
from lottery.masks import files as mask_files
from lottery.models import families, opening
from lottery.pruning import components, inputs

STRANGER = """
import json, sys
from transformers import AutoModelForSequenceClassification, AutoTokenizer
folder, texts = sys.argv[1], json.loads(sys.argv[2])
model, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
numbers = [model.eval()(**tokenizer(text, return_tensors="pt")).logits.argmax().item() for text in texts]
zeros = {name: int((weight == 0).sum()) for name, weight in model.named_parameters()}
print(json.dumps([[model.config.id2label[number] for number in numbers], zeros, "lottery" in sys.modules]))
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def ticket(lottery, here, bert_folder):
    assert lottery("ticket", "save", bert_folder, "-o", "t.safetensors", "--sparsity", 0.9, "--scope", "local")[0] == 0
    return here / "t.safetensors"


@pytest.fixture
def heads(here, config):
    kept = {"heads": torch.tensor([[1, 0, 1, 1], [0, 0, 1, 0]]).bool(), "mlps": torch.tensor([True, False])}
    mask_files.save(here / "heads.safetensors", kept, model="m", method="sample, both", asked=0.5, seed=4)
    return kept, here / "heads.safetensors"


@pytest.fixture
def feedback(here):
    lines = [" ".join(f"w{(row * 7 + word * 3) % 50}" for word in range(2 + row % 6)) for row in range(30)]
    (here / "feedback.csv").write_text("comment\n" + "\n".join(lines) + "\n")
    return "feedback.csv", lines


def test_a_score_reads_the_texts_of_a_file_and_what_stays_makes_up_for_what_goes(lottery, here, bert_folder, feedback):
    file, lines = feedback
    given = ("--texts", file, "--text-column", "comment")
    making = ("--importance", "obs", "--scope", "row", "--sparsity", 0.5)
    code, told, error = lottery("ticket", "save", bert_folder, "-o", "t.safetensors", *making, *given)
    assert (code, error) == (0, "")
    assert "which a mask does not hold: `lottery ticket apply --texts FILE`" in told
    mask, _ = mask_files.load(here / "t.safetensors")
    model, tokenizer = opening.encoder(bert_folder), opening.tokenizer(bert_folder)
    weights = families.prunable(model, embeddings=False, pooler=False)
    assert mask.keys() == weights.keys()
    table = pd.DataFrame({"first": lines, "label": 0})
    moments = inputs.moments(model, examples.encode(table, tokenizer, 16), weights)
    for name, score in obs.score(weights, moments, torch.Generator()).items():
        for row, kept in zip(score, mask[name], strict=True):
            assert int((~kept).sum()) == len(row) // 2
            assert row[~kept].max() <= row[kept].min() * (1 + 1e-5)
    assert lottery("ticket", "apply", "t.safetensors", bert_folder, "-o", "cut")[0] == 0
    assert lottery("ticket", "apply", "t.safetensors", bert_folder, "-o", "updated", *given)[0] == 0
    cut, updated = (families.prunable(opening.encoder(name), embeddings=False) for name in ("cut", "updated"))
    expected = obs.update(weights, mask, moments)
    for name, kept in mask.items():
        assert torch.equal(cut[name], weights[name] * kept)
        assert torch.allclose(updated[name], expected[name], atol=1e-4)
        assert (updated[name][~kept] == 0).all()
        assert not torch.allclose(updated[name], cut[name], atol=1e-3)


def test_texts_go_with_a_score_that_reads_them_and_with_a_mask_of_weights(lottery, bert_folder, feedback, heads):
    file, _ = feedback

    def refused(*words):
        code, _, error = lottery("ticket", *words)
        assert (code, "Traceback" in error) == (2, False)
        return error

    save = ("save", bert_folder, "-o", "t.safetensors", "--sparsity", 0.5)
    assert "goes by texts that the model reads: give some by --texts FILE" in refused(*save, "--importance", "wanda")
    assert "goes by the weights alone: leave out --texts FILE" in refused(*save, "--texts", file)
    assert "leave the word embeddings out" in refused(*save, "--importance", "wanda", "--texts", file, "--embeddings")
    assert "column" in refused(*save, "--importance", "wanda", "--texts", file)  # there is none called text
    apply = ("apply", str(heads[1]), bert_folder, "-o", "out")
    assert "--texts is for one of weights" in refused(*apply, "--texts", file, "--text-column", "comment")


def test_a_mask_of_a_model_is_saved_and_its_size_told(lottery, here, bert_folder):
    code, told, error = lottery("ticket", "save", bert_folder, "-o", "t.safetensors", "--sparsity", 0.9)
    assert (code, error) == (0, "")
    mask, header = mask_files.load(here / "t.safetensors")
    total = sum(kept.numel() for kept in mask.values())
    assert masks.removed(mask) == round(0.9 * total)
    assert header["method"] == "magnitude, global"
    assert header["model"] == bert_folder.rpartition("/")[2]
    assert header["coder"] == "entropy"
    bound = total * stats.bernoulli(0.1).entropy() / math.log(2) / 8
    size = (here / "t.safetensors").stat().st_size
    assert f"t.safetensors: {size:,} bytes" in told
    assert f"one bit each takes {math.ceil(total / 8):,}, the entropy of the share kept is {bound:,.0f}" in told


def test_what_is_asked_for_is_what_is_made(lottery, here, bert_folder):
    options = ["--importance", "random", "--scope", "local", "--embeddings", "--pooler", "--seed", 3, "--coder", "bits"]
    lottery("ticket", "save", bert_folder, "-o", "t.safetensors", "--sparsity", 0.25, *options)
    mask, header = mask_files.load(here / "t.safetensors")
    assert len(mask) == 14
    assert [masks.removed({name: kept}) for name, kept in mask.items()] == [
        round(0.25 * k.numel()) for k in mask.values()
    ]
    assert {name: header[name] for name in ("method", "seed", "sparsity_asked", "coder")} == {
        "method": "random, local",
        "seed": "3",
        "sparsity_asked": "0.25",
        "coder": "bits",
    }
    lottery("ticket", "save", bert_folder, "-o", "u.safetensors", "--sparsity", 0.25, *options[:-4], "--seed", 4)
    assert masks.share_different(mask, mask_files.load(here / "u.safetensors")[0]) > 0.2


def test_a_retrained_cut_is_saved_and_its_model_opened_by_a_program_that_knows_transformers_alone(
    lottery, here, bert_folder, stranger
):
    """Its answers there, by the names of the classes, are those that the run scored; its zeros are the mask's."""
    rows = [
        (f"w{number % 2 * 9 + number % 9} w{number % 7 + 20}", ("praise", "blame")[number % 2]) for number in range(90)
    ]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(here / "own.csv", index=False)
    own = {"dev": "", "dev_share": 0.3, "text": "text", "second": "", "label": "label", "labels": "classes"}
    start = Own(model=str(bert_folder), train=str(here / "own.csv"), **own)
    budget = {"epochs": 10.0, "batch_size": 8, "learning_rate": 1e-3, "max_length": 16}
    dense = FineTuning(start=start, task=OWN, **budget, seed=1, saved=True)
    what = {"importance": "magnitude", "scope": "global", "embeddings": False, "sparsity": 0.6, "seed": 1}
    run = store.perform(OneShot(dense=dense, retrain_epochs=2.0, saved=True, **what), here / "results")
    code, _, error = lottery("ticket", "save", run.path, "-o", "t.safetensors")
    assert (code, error) == (0, "")
    mask, header = mask_files.load(here / "t.safetensors")
    assert (header["method"], float(header["sparsity_asked"])) == ("magnitude, global", 0.6)
    dev = start.tables(OWN)["dev"]
    told = stranger(STRANGER, run.path / "model", json.dumps(dev["first"].tolist()), folder=here)
    answers, zeros, knows_lottery = json.loads(told.splitlines()[-1])
    assert not knows_lottery
    names = start.task_named(OWN).LABELS
    scored = run.read("answers.parquet")["answer"].astype(int)
    assert answers == [names[number] for number in scored]
    assert set(answers) == {"praise", "blame"}
    right = np.mean([answer == names[label] for answer, label in zip(answers, dev["label"], strict=True)])
    assert right == pytest.approx(run.metrics["score"])
    for name, kept in mask.items():
        assert zeros[f"bert.{name}"] == (~kept).sum() > 0


def test_the_mask_of_a_run_is_saved_with_what_was_said_of_it(lottery, here, tuned):
    run = store.perform(MagnitudeSearch(of=tuned), here / "results")
    code, _, error = lottery("ticket", "save", run.path, "-o", "t.safetensors", "--coder", "entropy")
    assert (code, error) == (0, "")
    mask, header = mask_files.load(here / "t.safetensors")
    found, told = mask_files.load(run.path / "mask.safetensors")
    assert all(torch.equal(mask[name], kept) for name, kept in found.items())
    assert (told.pop("coder"), header.pop("coder")) == ("bits", "entropy")
    assert json.loads(told.pop("shapes")) == json.loads(header.pop("shapes"))
    assert {**told, "checksum": ""} == {**header, "checksum": ""}
    code, _, error = lottery("ticket", "save", run.path, "-o", "u.safetensors", "--sparsity", 0.5)
    assert (code, "--sparsity is for a mask that is made here" in error) == (2, True)


def test_a_ticket_is_shown_layer_by_layer(lottery, ticket, here):
    code, told, error = lottery("ticket", "show", ticket, "-o", "t.png")
    assert (code, error) == (0, "")
    mask, header = mask_files.load(ticket)
    for line in (f"model     {header['model']}", "method    magnitude, local, seed 0", "asked 0.9000"):
        assert line in told
    assert f"sparsity  {masks.sparsity(mask):.4f}" in told
    rows = [line.split("│")[1:-1] for line in told.splitlines() if line.startswith("│")]
    for layer, row in enumerate(rows):
        names = [f"encoder.layer.{layer}.{part.module}.weight" for part in families.BERT.parts]
        shares = [f"{1 - np.mean(mask[name].numpy()):.3f}" for name in names]
        assert [cell.strip() for cell in row] == [str(layer), *shares]
    assert len(rows) == 2
    assert (here / "t.png").read_bytes().startswith(b"\x89PNG")


def test_a_ticket_of_components_is_shown_layer_by_layer(lottery, heads):
    code, told, _ = lottery("ticket", "show", heads[1])
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in told.splitlines() if line.startswith("│")]
    assert (code, rows) == (0, [["0", "3", "4", "yes"], ["1", "1", "4", "no"]])


def outputs(model, ids):
    with torch.no_grad():
        return model.eval()(ids).last_hidden_state


def test_an_applied_ticket_is_a_model_that_transformers_opens(lottery, ticket, here, bert_folder, tokenizer):
    code, told, error = lottery("ticket", "apply", ticket, bert_folder, "-o", "pruned")
    assert (code, error) == (0, "")
    mask, _ = mask_files.load(ticket)
    assert f"{masks.removed(mask):,} are 0" in told
    assert "BertForPreTraining" in told
    ids = torch.randint(5, 55, (3, 9), generator=torch.Generator().manual_seed(1))
    whole = AutoModel.from_pretrained(bert_folder)
    own = dict(whole.named_parameters())
    with torch.no_grad():
        expected = torch.func.functional_call(
            whole.eval(), {name: own[name] * kept for name, kept in mask.items()}, (ids,)
        ).last_hidden_state
    assert outputs(AutoModel.from_pretrained("pruned"), ids) == pytest.approx(expected, abs=1e-6)
    assert AutoTokenizer.from_pretrained("pruned")("w1 w2")["input_ids"] == tokenizer("w1 w2")["input_ids"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_an_applied_ticket_keeps_the_type_of_the_numbers(lottery, ticket, here, bert_folder, dtype):
    """Whatever config.json says of it: the file as long as before, its zeros the mask's, the rest as they were."""
    source = here / "source"
    shutil.copytree(bert_folder, source)
    BertForPreTraining.from_pretrained(bert_folder).to(dtype).save_pretrained(source)
    told = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps({name: value for name, value in told.items() if name != "dtype"}))
    code, told, error = lottery("ticket", "apply", ticket, source, "-o", "pruned")
    assert code == 0
    assert ("others than those" in error) == (dtype != torch.float32)  # they were rounded
    sizes = [(place / "model.safetensors").stat().st_size for place in (source, here / "pruned")]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.01)
    assert f"Zeros save neither bytes nor time: the weights take {sizes[1]:,} bytes, before {sizes[0]:,}." in told
    mask, _ = mask_files.load(ticket)
    before, after = (load_file(place / "model.safetensors") for place in (source, here / "pruned"))
    assert before.keys() == after.keys()
    for name, weight in after.items():
        assert weight.dtype == dtype
        kept = mask.get(name.removeprefix("bert."), torch.ones(weight.shape, dtype=torch.bool))
        assert torch.equal(weight, before[name] * kept)


def test_what_goes_with_a_model_goes_with_the_cut_one(lottery, ticket, here, bert_folder):
    """A sentence encoder's modules and settings, card and licence as they are; no other weights and no checkpoints."""
    source = here / "source"
    shutil.copytree(bert_folder, source)
    modules = [{"path": ""}, {"path": "1_Pooling"}, {"path": "2_Dense"}]
    goes = {
        "modules.json": json.dumps(modules),
        "1_Pooling/config.json": '{"pooling_mode_mean_tokens": true}',
        "2_Dense/config.json": "{}",
        "2_Dense/model.safetensors": "weights",
        "sentence_bert_config.json": '{"max_seq_length": 256}',
        "config_sentence_transformers.json": "{}",
        "README.md": "---\nlicense: apache-2.0\n---\n",
        "LICENSE.txt": "Apache",
    }
    stays = (
        "pytorch_model.bin",
        "training_args.bin",
        "checkpoint-5/model.safetensors",
        ".git/index",
        "onnx/model.onnx",
    )
    for name, content in (goes | dict.fromkeys(stays, "x")).items():
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(content)
    assert lottery("ticket", "apply", ticket, source, "-o", "pruned")[0] == 0
    assert {name: (here / "pruned" / name).read_text() for name in goes} == goes
    for path in source.glob("*token*"):
        assert (here / "pruned" / path.name).read_bytes() == path.read_bytes()
    assert [name for name in stays if (here / "pruned" / name).exists()] == []
    (source / "modules.json").write_text(json.dumps([{"path": "../elsewhere"}]))
    code, _, error = lottery("ticket", "apply", ticket, source, "-o", "again")
    assert (code, "names the module '../elsewhere', which is outside of the folder" in error) == (2, True)
    assert not (here / "again").exists()


def test_an_applied_ticket_of_components_keeps_the_stock_shape(lottery, heads, here, bert_folder):
    kept, path = heads
    code, told, _ = lottery("ticket", "apply", path, bert_folder, "-o", "pruned")
    assert (code, "of whose 10 heads and MLPs 5 are 0" in told) == (0, True)
    ids = torch.randint(5, 55, (3, 9), generator=torch.Generator().manual_seed(1))
    whole = AutoModel.from_pretrained(bert_folder)
    with components.gated(whole, {name: part.float() for name, part in kept.items()}):
        expected = outputs(whole, ids)
    assert outputs(AutoModel.from_pretrained("pruned"), ids) == pytest.approx(expected, abs=1e-6)


def test_nothing_is_written_over_unless_forced(lottery, ticket, here, bert_folder):
    before = ticket.read_bytes()
    again = ("ticket", "save", bert_folder, "-o", "t.safetensors", "--sparsity", 0.3)
    code, _, error = lottery(*again)
    assert (code, "t.safetensors is there: give another name, or --force" in error) == (2, True)
    assert ticket.read_bytes() == before
    assert lottery(*again, "--force")[0] == 0
    assert ticket.read_bytes() != before
    apply = ("ticket", "apply", ticket, bert_folder, "-o", "pruned")
    (here / "pruned").mkdir()
    assert lottery(*apply)[0] == 0
    code, _, error = lottery(*apply)
    assert (code, "pruned is there: give another name, or --force" in error) == (2, True)
    (here / "pruned/notes").write_text("")
    assert lottery(*apply, "--force")[0] == 0
    assert not (here / "pruned/notes").exists()
    (here / "mine").mkdir()
    (here / "mine/notes").write_text("")
    for output in ("mine", "t.safetensors"):
        assert lottery("ticket", "apply", ticket, bert_folder, "-o", output, "--force")[0] == 2
    assert (here / "mine/notes").exists()
    (here / "folder.safetensors").mkdir()
    assert lottery("ticket", "save", bert_folder, "-o", "folder.safetensors", "--sparsity", 0.3, "--force")[0] == 2
    assert (here / "folder.safetensors").is_dir()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["save", "BERT", "-o", "new.safetensors"], "--sparsity is missing"),
        (["save", "BERT", "-o", "new.safetensors", "--sparsity", "1.0"], "sparsity 1.0 is not in [0, 1)"),
        (["save", "BERT", "-o", "new.safetensors", "--sparsity", "nan"], "sparsity nan is not in [0, 1)"),
        (["save", "BERT", "-o", "new.safetensors", "--sparsity", "half"], "Invalid value for '--sparsity'"),
        (["save", "BERT", "-o", "new.safetensors", "--sparsity", "0.5", "--importance", "magnitud"], "did you mean"),
        (
            ["save", "BERT", "-o", "new.safetensors", "--sparsity", "0.5", "--importance", "sample"],
            "is in component_imp",
        ),
        (["save", "BERT", "-o", "new.safetensors", "--sparsity", "0.5", "--scope", "all"], "'all' is not one of"),
        (["save", "BERT", "-o", "new.npz", "--sparsity", "0.5"], "a mask file ends in .safetensors"),
        (["save", "BERT", "--sparsity", "0.5"], "Missing option '-o' / '--output'"),
        (["save", "./gone", "-o", "new.safetensors", "--sparsity", "0.5"], "there is no folder './gone'"),
        (["save", "miniature", "-o", "new.safetensors", "--sparsity", "0.5"], "results/Miniature/<key>/model"),
        (["show", "gone.safetensors"], "gone.safetensors"),
        (["show", "."], "is a folder: give a mask file"),
        (["show", "BERT/model.safetensors"], "is not a mask file of lottery"),
        (["show", "t.safetensors", "-o", "t.txt"], "a figure is a file ending in .svg, .png or .pdf"),
        (["apply", "BERT/config.json", "BERT", "-o", "new"], "is not a safetensors file"),
        (["apply", "t.safetensors", "./gone", "-o", "new"], "there is no folder './gone'"),
        (["apply", "t.safetensors", "WIDER", "-o", "new"], "the mask is of another model"),
        (["apply", "heads.safetensors", "WIDER", "-o", "new"], "the mask is of another model"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    lottery, ticket, heads, here, bert_folder, tmp_path, tokenizer, arguments, told
):
    told_of = json.loads((Path(bert_folder) / "config.json").read_text())
    wider = BertModel(BertConfig(**told_of | {"intermediate_size": 32, "num_attention_heads": 2}))
    opening.save(wider, tokenizer, tmp_path / "wider")
    places = {"BERT": bert_folder, "WIDER": str(tmp_path / "wider")}
    for short, place in places.items():
        arguments = [word.replace(short, place) for word in arguments]
    code, out, error = lottery("ticket", *arguments)
    assert (code, out) == (2, "")
    assert error.startswith("lottery: ")
    assert told in error
    assert error.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["heads.safetensors", "t.safetensors"]


@torch.no_grad()
def as_a_stranger_scores(folder, learned, kind):
    """Matthews' coefficient on dev and mean loss on train of a saved model, text by text, by transformers alone."""
    model, tokenizer = kind.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    tables, logits = learned.tables("cola"), {}
    for split in ("dev", "train"):
        given = [
            tokenizer(text, truncation=True, max_length=16, return_tensors="pt") for text in tables[split]["first"]
        ]
        found = [model(**each).logits for each in given]
        logits[split] = torch.cat([each[:, 0] if kind is AutoModelForTokenClassification else each for each in found])
    loss = torch.nn.functional.cross_entropy(logits["train"], torch.tensor(tables["train"]["label"].tolist()))
    return matthews_corrcoef(tables["dev"]["label"], logits["dev"].argmax(-1)), loss.item()


@pytest.fixture
def learned(fine_tuning, known_folder):
    start = replace(fine_tuning.start, data=str(known_folder))
    how = {"sparsity": 0.3, "epochs": 8.0, "ramp": 0.5, "batch_size": 8, "score_rate": 0.05, "weight_rate": 3e-3}
    how |= {"strength": 0.1, "pressing": "ramp", "max_length": 16, "seed": 3}
    return LearnedMask(start=start, task="cola", method="smp_l", saved=True, **how)


@pytest.mark.parametrize("method", offered("mask_learning"))
def test_a_ticket_of_any_method_gives_the_model_that_was_scored(method, lottery, here, learned, bert_folder):
    run = store.perform(replace(learned, method=method), here / "results")
    assert lottery("ticket", "save", run.path, "-o", "t.safetensors")[0] == 0
    code, _, error = lottery("ticket", "apply", "t.safetensors", run.path / "model", "-o", "scored")
    assert (code, error) == (0, "")
    found = as_a_stranger_scores(here / "scored", learned, AutoModelForSequenceClassification)
    assert found == pytest.approx((run.metrics["score"], run.metrics["train_loss"]), abs=1e-5)
    code, _, error = lottery("ticket", "apply", "t.safetensors", bert_folder, "-o", "other")
    if choose("mask_learning", method).FROZEN:
        assert (code, "under a head for cola that was trained with it" in error) == (0, True)
    else:
        assert (code, "trained together with the weights it keeps" in error) == (2, True)
        assert not (here / "other").exists()
    _, told, _ = lottery("ticket", "show", "t.safetensors")
    assert "scored    on cola, under the head 'random'" in told


def test_a_head_of_label_words_is_saved_as_a_stock_classifier_of_the_first_token(
    lottery, here, learned, bert_folder, monkeypatch
):
    monkeypatch.setattr(choose("tasks", "cola"), "WORDS", (("w1", "w2"),))
    run = store.perform(replace(learned, head="embedding", method="smp_s", score_rate=0.5), here / "results")
    found = as_a_stranger_scores(run.path / "model", learned, AutoModelForTokenClassification)
    assert found == pytest.approx((run.metrics["score"], run.metrics["train_loss"]), abs=1e-5)
    assert lottery("ticket", "save", run.path, "-o", "t.safetensors")[0] == 0
    code, _, error = lottery("ticket", "apply", "t.safetensors", bert_folder, "-o", "words")
    assert (code, error) == (0, "")  # weights and head are the pre-trained ones
    with pytest.raises(ValueError, match="no stock model has the head 'mlm'"):
        store.perform(replace(learned, head="mlm", epochs=0.1), here / "results")


def test_other_weights_than_those_a_mask_was_found_on_are_told_aloud(lottery, here, ticket, bert_folder):
    assert lottery("ticket", "apply", ticket, bert_folder, "-o", "same")[2] == ""
    model = BertForPreTraining.from_pretrained(bert_folder)
    with torch.no_grad():
        kept = mask_files.load(ticket)[0]["encoder.layer.1.output.dense.weight"]
        weight = model.bert.encoder.layer[1].output.dense.weight
        weight[~kept] += 1.0  # what goes does not count
        opening.save(model, opening.tokenizer(bert_folder), here / "alike")
        weight[tuple(kept.nonzero()[0])] += 1e-3
        opening.save(model, opening.tokenizer(bert_folder), here / "changed")
    assert lottery("ticket", "apply", ticket, here / "alike", "-o", "alike-cut")[2] == ""
    code, _, error = lottery("ticket", "apply", ticket, here / "changed", "-o", "changed-cut")
    assert (code, "are others than those that this mask was found on" in error) == (0, True)
