"""`lottery shrink`, `inspect` and `measure`: from a model and a file to a folder, and what cannot be, in a sentence."""

import json
import os
import re
import shutil
import time

import numpy as np
import pandas as pd
import pytest
import torch
from toy_smaller import UNITS, first_vectors, shrunk
from transformers import BertConfig, BertForSequenceClassification, BertModel

from lottery.experiments.component_times import ComponentTimes
from lottery.experiments.starts import Vectors
from lottery.masks import files as mask_files
from lottery.models import exporting, opening, slices
from lottery.suite import shrinking, warm

STRANGER = """
import json, sys, torch
from transformers import AutoTokenizer
from transformers.exporters.base import ExportedModel
folder, texts = sys.argv[1], json.loads(sys.argv[2])
model, tokenizer = ExportedModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
answers = [model(**tokenizer(text, return_tensors="pt")).logits.argmax().item() for text in texts]
print(json.dumps([[model.config.id2label[each] for each in answers], "lottery" in sys.modules]))
"""


OWN = ["--train-file", "own.csv", "--text-column", "text", "--label-column", "mood", "--max-length", 16]
HOW = [*OWN, "--length", 8, "--epochs", 4, "--learning-rate", 3e-3, "--batch-size", 16, "--results", "runs"]


@pytest.fixture
def here(mood_folder, monkeypatch):
    """The folder of a model and a file; in it a head takes 8 units of time and a neuron 1, whatever else goes on.

    What they take of so small a model is lost in the noise: its times may even be below 0.
    """
    monkeypatch.chdir(mood_folder)
    monkeypatch.setattr(ComponentTimes, "perform", lambda self, run: UNITS)
    monkeypatch.setattr(shrinking, "LADDER", (0.3, 0.5))
    return mood_folder


def test_a_smaller_model_is_chosen_written_and_measured(here, lottery, monkeypatch, stranger):
    others = set((here / "runs/Smallest").glob("*"))  # the store is shared with other tests
    code, told, error = lottery("shrink", "model", "-o", "small", *HOW, "--within", 10, "--pt2")
    assert code == 0, error
    assert "a new one is drawn and has to be trained" in " ".join(error.split())
    assert "the score changes by" in told
    counts = re.search(r"(\d+) rows to train on, (\d+) to choose by, (\d+) to score on", error)
    assert sum(map(int, counts.groups())) == 300
    assert int(counts[3]) == 45
    assert "10.0 points may be lost" in error
    assert "2 of 2: without 50% of the time that heads and neurons take" in error
    report = json.loads((here / "small/report.json").read_text())
    (run,) = set((here / "runs/Smallest").iterdir()) - others
    found = json.loads((run / "metrics.json").read_text())["metrics"]
    assert report["change"][0] == pytest.approx(found["test_change"])
    models = report["models"]
    assert set(models) == {"whole", ".", "pt2"}
    assert models["."]["score"] == models["pt2"]["score"] == pytest.approx(found["test_score"])
    assert models["whole"]["score"] == pytest.approx(found["test_whole_score"])
    assert models["."]["bytes"] == (here / "small/model.safetensors").stat().st_size < models["whole"]["bytes"]
    rows = pd.read_csv(here / "own.csv").head(40)
    told = stranger(STRANGER, here / "small/pt2", json.dumps(rows["text"].tolist()))
    answers, knows_lottery = json.loads(told.splitlines()[-1])
    assert not knows_lottery
    assert np.mean([one == other for one, other in zip(answers, rows["mood"], strict=True)]) > 0.8
    card = (here / "small/README.md").read_text()
    for part in (f"{report['left']['heads']} of 8 heads", "Made of `model`", "`pt2/`", "95% interval"):
        assert part in card
    assert str(here) not in card.partition("```bash")[0]

    # An export is asked by the names of its classes: with them exchanged it is wrong where it was right.
    shutil.copytree(here / "small/pt2", here / "exchanged")
    config = json.loads((here / "small/pt2/config.json").read_text())
    names = config["id2label"]
    config |= {"id2label": {"0": names["1"], "1": names["0"]}, "label2id": {names["1"]: 0, names["0"]: 1}}
    (here / "exchanged/config.json").write_text(json.dumps(config))
    code, told, error = lottery("measure", "exchanged", "small", *OWN)
    assert code == 0, error
    right = 100 * models["."]["score"]
    assert re.findall(r"[\u2502|] +(\d+\.\d) +[\u2502|] +\d+\.\d +[\u2502|]", told) == [
        f"{100 - right:.1f}",
        f"{right:.1f}",
    ]
    code, _, error = lottery("measure", "exchanged", "small/pt2", *OWN)
    assert (code, "are exports both: give the model of one" in error) == (2, True)

    def stamps():
        return {path: path.stat().st_mtime_ns for path in (here / "runs").rglob("metrics.json")}

    before = stamps()
    code, _, error = lottery("shrink", "model", "-o", "small", *HOW, "--within", 10)
    assert (code, "small is there: give another name" in error) == (2, True)
    code, _, error = lottery("shrink", "model", "-o", "small", *HOW, "--within", 10, "--force")
    assert code == 0, error
    assert stamps() == before  # nothing was trained twice
    code, told, _ = lottery("inspect", "small")
    assert code == 0
    assert f"{report['left']['heads']} of 8 heads and {report['left']['neurons']} of 128 neurons" in told
    assert "labels: blame, praise" in told
    code, told, error = lottery("measure", "small", "small", *OWN)
    assert code == 0, error
    assert "B scores 0.0 (no interval) points beside A on 45 rows" in told

    def fail(*_):
        raise NotImplementedError("no such operator\nand more")

    monkeypatch.setattr(exporting, "_exported", fail)
    code, _, error = lottery("shrink", "model", "-o", "broken", *HOW, "--within", 10, "--pt2")
    assert code == 2
    assert "cannot be exported as pt2 (no such operator): leave this form out" in error.splitlines()[-1]
    assert not [path for path in here.iterdir() if "broken" in path.name]
    code, _, error = lottery("shrink", "small", "-o", "smaller", *HOW)
    assert (code, "cut out of 'small' already" in error) == (2, True)


def test_where_nobody_says_what_may_be_lost_it_is_what_so_few_rows_can_show(here, lottery, monkeypatch):
    asked = []

    def choice(of, **how):
        asked.append(how)
        raise ValueError("enough")

    monkeypatch.setattr(shrinking, "choice", choice)
    for more in ([], ["--within", 0.5], ["--speed", 2], ["--size", 3]):
        assert lottery("shrink", "model", "-o", "fresh", *HOW, *more)[0] == 2
    assert [each["asked"] for each in asked] == ["within", "within", "speed", "bytes"]
    learnt, choosing, judging = 217, 38, 45
    assert learnt + choosing + judging == 300
    assert asked[0]["bound"] == pytest.approx(1.96 * (0.03 / choosing) ** 0.5, abs=1e-3)
    assert [each["bound"] for each in asked[1:]] == [0.005, 2.0, 3e6]


def test_uniform_is_opened_by_transformers(here, lottery, monkeypatch):
    monkeypatch.setattr(shrinking, "LADDER", (0.5, 0.999))  # the last one leaves no neuron
    code, _, error = lottery("shrink", "model", "-o", "even", *HOW, "--within", 100, "--uniform")
    assert code == 0, error
    assert "1 of 1: without 50%" in error
    assert not (here / "even" / slices.KEPT).exists()
    assert BertForSequenceClassification.from_pretrained(here / "even").num_parameters() < 60 * 32 + 20_000
    assert "`AutoModelForSequenceClassification.from_pretrained`" in (here / "even/README.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "say on what the model is to do well: --task with --data-dir, or --train-file"),
        (["--train-file", "own.csv"], "--text-column is missing"),
        (["--train-file", "own.csv", "--task", "cola"], "give --task or --train-file, and not both"),
        ([*OWN, "--within", 1, "--speed", 2], "give one of --within, --speed and --size"),
        ([*OWN[:4], "--label-column", "moot"], "moot"),
        (["--task", "colla"], "cola"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(arguments, sentence, here, lottery):
    code, _, error = lottery("shrink", "model", "-o", "refused", *arguments)
    assert code == 2
    assert sentence in error
    assert len(error.splitlines()) == 1
    assert not (here / "refused").exists()


@pytest.mark.parametrize(
    ("score", "majority", "warned"), [(0.55, 0.55, 1), (0.5, 0.55, 1), (0.6, 0.55, 0), (0.6, np.nan, 0)]
)
def test_a_smaller_model_that_knows_nothing_is_not_praised(score, majority, warned):
    assert bool(shrinking.worthless({"test_score": score, "test_majority": majority})) == warned


def test_of_a_model_of_one_layer_with_one_head_neurons_go(here, lottery, tokenizer, monkeypatch):
    monkeypatch.setattr(shrinking, "LADDER", (0.5,))
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 64}
    tiny = BertForSequenceClassification(BertConfig(vocab_size=60, max_position_embeddings=40, **sizes))
    opening.save(tiny, tokenizer, here / "tiny")
    for name, more in (("tiny_cut", []), ("tiny_even", ["--uniform"])):
        code, _, error = lottery("shrink", "tiny", "-o", name, *HOW, "--within", 100, *more)
        assert code == 0, error
        report = json.loads((here / name / "report.json").read_text())
        assert report["left"]["neurons"] < 64
        assert report["models"]["."]["bytes"] < report["models"]["whole"]["bytes"]


def test_what_a_ticket_leaves_is_cut_out_and_healed(here, lottery):
    heads = torch.tensor([[1, 0, 1, 0], [1, 1, 0, 1]]).bool()
    for name, mask in (
        ("ours", {"heads": heads, "mlps": torch.tensor([True, False])}),
        ("other", {"heads": heads[:1], "mlps": torch.tensor([True])}),
        ("weights", {"encoder.layer.0.output.dense.weight": torch.ones(32, 64).bool()}),
    ):
        mask_files.save(here / f"{name}.safetensors", mask, model="model", method="by hand", asked=0.5, seed=0)
    for ticket, more, sentence in (
        ("other", [], "the mask is of another model"),
        ("weights", [], "is a mask of single weights, whose zeros save neither bytes nor time"),
        ("ours", ["--within", 1], "--ticket says what is left: give it without --within"),
        ("none", [], "none.safetensors"),
    ):
        code, _, error = lottery("shrink", "model", "-o", "part", *HOW, "--ticket", f"{ticket}.safetensors", *more)
        assert (code, sentence in error.splitlines()[-1]) == (2, True), error
        assert not (here / "part").exists()
    code, _, error = lottery("shrink", "model", "-o", "part", *HOW, "--ticket", "ours.safetensors")
    assert code == 0, error
    assert "1 of 1: what the ticket leaves" in error
    kept = slices.read(here / "part", opening.configuration("part"))
    assert torch.equal(kept["heads"], heads)
    assert kept["neurons"].sum(1).tolist() == [64, 0]


def test_a_sentence_encoder_is_held_to_its_own_vectors(vectors_folder, lottery, here, monkeypatch):
    monkeypatch.chdir(vectors_folder)
    texts = ["--train-file", "pairs.csv", "--text-column", "one", "--max-length", 16]
    how = [*HOW[HOW.index("--length") :], "--within", 100]
    code, told, error = lottery("shrink", "encoder", "-o", "small", *texts, *how, "--pt2", "--seeds", 2)
    assert code == 0, error
    said = " ".join(error.split())
    assert "each text's vector, by the cosine, are held to those of the full model" in said
    assert "taking the first" in said
    report = json.loads((vectors_folder / "small/report.json").read_text())
    read = {"text": "one", "second": "", "pooling": "first", "max_length": 16, "test_share": shrinking.TEST_SHARE}
    start = Vectors(model="encoder", file="pairs.csv", **read)
    held_out = [*start.tables("own")["dev"]["first"]]
    vectors = [first_vectors(vectors_folder / name, held_out) for name in ("encoder", "small")]
    expected = np.mean([one @ other for one, other in zip(*vectors, strict=True)])
    models = report["models"]
    assert models["whole"]["score"] == pytest.approx(1.0)
    assert models["."]["score"] == pytest.approx(expected, abs=1e-5)
    assert models["pt2"]["score"] == pytest.approx(expected, abs=1e-5)
    low, high = report["change"][1:]
    assert low <= report["change"][0] <= high < 0
    assert report["healings"] == 2
    assert "the mean of 2 trainings" in told
    for name in ("modules.json", "1_Pooling/config.json"):
        assert (vectors_folder / "small" / name).read_bytes() == (vectors_folder / "encoder" / name).read_bytes()
    code, told, error = lottery("measure", "encoder", "small", *texts)
    assert code == 0, error
    assert f"{100 * expected:.1f}" in told
    pairs = [*texts, "--second-column", "other"]
    monkeypatch.setattr(shrinking, "LADDER", (0.5,))
    code, _, error = lottery("shrink", "encoder", "-o", "even", *pairs, *how, "--uniform")
    assert code == 0, error
    assert "the cosines of pairs, by rank, are held" in " ".join(error.split())
    assert "`SentenceTransformer` of sentence-transformers" in (vectors_folder / "even/README.md").read_text()
    for more, sentence in (
        (["--numbers"], "--numbers is for rows with a label"),
        (["--dev-file", "pairs.csv"], "--dev-file is for rows with a label"),
        (["--data-dir", "."], "--data-dir is for --task"),
        (["--label-column", "other", "--pooling", "mean"], "--pooling is for the vectors of a sentence encoder"),
    ):
        code, _, error = lottery("shrink", "encoder", "-o", "refused", *texts, *more)
        assert (code, sentence in error, len(error.splitlines())) == (2, True, 1), error
    for one, other in (("encoder", here / "model"), (here / "model", "encoder")):
        code, _, error = lottery("measure", one, other, *texts)
        assert (code, len(error.splitlines())) == (2, 1), error
    assert BertModel.from_pretrained(vectors_folder / "even").num_parameters() < 21_000


def test_killed_anywhere_the_same_command_goes_on_and_nothing_is_left_half_written(here):
    """Killed in the training of a smaller model, and while the folder is written."""

    def begun(output, store):
        words = ["shrink", "model", "-o", output, *HOW, "--within", 100, "--seed", 5, "--results", store]
        typed = [str(word) for word in words]
        return warm.Copy(shrunk, typed, folder=here, environment=os.environ, said=here / "said")

    def done(process):
        assert process.wait(timeout=300) == 0, (here / "said").read_text()

    done(begun("undisturbed", "peace"))
    moments = (
        lambda: [*here.glob("war/Smaller/*/.lock")],
        lambda: [path for path in here.glob(".disturbed-*") if (path / "config.json").exists()],
    )
    for moment in moments:
        process = begun("disturbed", "war")
        while not moment() and process.poll() is None:
            time.sleep(0.001)
        process.kill()
        assert process.wait() == -9
        assert not (here / "disturbed").exists()
    assert moments[1]()
    done(begun("disturbed", "war"))
    assert not moments[1]()
    for name in ("model.safetensors", "config.json", "lottery.json", "tokenizer.json"):
        assert (here / "disturbed" / name).read_bytes() == (here / "undisturbed" / name).read_bytes()
    assert sorted(path.name for path in (here / "disturbed").iterdir()) == sorted(
        path.name for path in (here / "undisturbed").iterdir()
    )


def test_models_that_cannot_be_held_side_by_side_are_refused(here, lottery, bert_folder):
    code, _, error = lottery("measure", "model", bert_folder, *OWN)
    assert (code, "has no score to measure" in error) == (2, True)
    code, _, error = lottery("shrink", "miniature", "-o", "refused", *OWN)
    assert (code, len(error.splitlines())) == (2, 1)


@pytest.mark.parametrize("command", [["shrink", "model", "-o", "refused", *OWN], ["inspect", "model"]])
def test_texts_longer_than_the_model_reads_are_refused_before_anything_is_done(command, here, lottery):
    code, told, error = lottery(*command, "--length", 5000)
    assert (code, told) == (2, "")
    assert "--length 5000: the model has positions for" in error
    assert len(error.splitlines()) == 1
    assert not (here / "refused").exists()
    assert not (here / "results").exists()


def test_a_smaller_model_of_tags_is_chosen_written_and_measured(names_folder, lottery, monkeypatch):
    monkeypatch.chdir(names_folder)
    monkeypatch.setattr(ComponentTimes, "perform", lambda self, run: UNITS)
    monkeypatch.setattr(shrinking, "LADDER", (0.2,))
    how = ["--tags", "--max-length", 16, "--length", 8]
    more = ["--epochs", 4, "--learning-rate", 3e-3, "--batch-size", 16, "--results", "runs", "--within", 60]
    code, told, error = lottery("shrink", "model", "-o", "small", "--train-file", "names.conll", *how, *more, "--pt2")
    assert code == 0, error
    report = json.loads((names_folder / "small/report.json").read_text())
    assert report["metric"] == "entity_f1"
    assert report["models"]["whole"]["score"] > 0.9  # each word tells its type
    assert report["models"]["pt2"]["score"] == pytest.approx(report["models"]["."]["score"], abs=0.02)
    columns = ["--text-column", "words", "--label-column", "tags"]
    code, told, error = lottery("measure", "small", "small", "--train-file", "names.jsonl", *columns, *how)
    assert code == 0, error
    assert "B scores 0.0 (no interval) points beside A on 30 rows" in told
    for wrong, why in (
        ([*columns, "--numbers"], "give one of --numbers and --tags"),
        ([], "--text-column is missing: name the column of the text"),
        (columns[:2], "--label-column is missing: name the column of the tags"),
        ([*columns, "--pooling", "mean"], "--pooling is for the vectors"),
    ):
        code, _, error = lottery("measure", "small", "small", "--train-file", "names.jsonl", *how, *wrong)
        assert code == 2
        assert why in error
