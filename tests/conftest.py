"""A checkout in small, for what works on notebooks and the book; a random BERT and a CoLA of a few rows, for the rest.

Nothing heavy is imported before a fixture asks for it.
"""

import gc
import json
import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from logging import Handler
from pathlib import Path

import pytest

# On some processors MKL rounds the product of one row by where in memory the weights lie; those of a saved model lie
# elsewhere. Asked to be strict it does not. All processes of the tests ask, before they import torch.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")

import lottery.suite  # before any test imports what it makes quick to import

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / os.environ.get("LOTTERY_REFERENCE", "../shared")
WORDS = [f"w{number}" for number in range(50)]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, "##s", ".", "?", "un", "##w"]

# The modules of tests/ that are no tests have to be importable by name, here and in the processes that Dask starts.
sys.path.insert(0, str(Path(__file__).parent))

ROWS = """\
- {row: G1, paper: gordon2020, what: "The first | row.", code: [lottery/a.py, lottery/b/c.py]}
- {row: G2, paper: gordon2020, what: "The second row.", code: [lottery/a.py]}
- {row: G7, paper: gordon2020, what: "A figure.", code: [lottery/a.py]}
- {row: X1, paper: null, what: "The last row.", code: [lottery/a.py]}
"""

HEADER = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   lottery:
#     part: first
#     order: 10
# ---

"""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is imported meanwhile stays: nothing of it is garbage, and to look it through again and again takes long."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def unflushed() -> Iterator[None]:
    """Nothing waits for the disk, which takes longer than what most runs here compute; `test_files` asks that it would.

    Of a process that is killed all that it wrote stays in any case.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout, and the current folder."""
    for folder in ("notebooks/experiments", "notebooks/analyses", "notebooks/profiles", "book"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "constraints.txt").write_text("numpy==2.4.6\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def notebook(checkout: Path) -> Callable[[str, str], Path]:
    """Writes the notebook of a name, from its cells in py:percent."""

    def write(name: str, cells: str) -> Path:
        path = checkout / "notebooks" / f"{name}.py"
        path.write_text(HEADER + cells)
        return path

    return write


@pytest.fixture
def small(checkout, monkeypatch):
    """A checkout with the settings of the real book, two pages of prose, and no notebook yet."""
    from lottery.suite import execution

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    nowhere = str(checkout / "lottery/suite/execution.py")  # a package that no one edits
    monkeypatch.setattr(execution, "__file__", nowhere)
    home = checkout / "book"
    shutil.copy(ROOT / "book/_config.yml", home)
    (home / "_extra/mathjax").mkdir(parents=True)
    (home / "_extra/mathjax/tex-chtml-full.js").write_text("")
    (home / "references.bib").write_text(
        "@article{gordon2020, author={Gordon, M. A.}, title={T}, year=2020, journal={J}}"
    )
    (home / "index.md").write_text("# Title\n\nSee {doc}`what_is_in_this_book`; $x^2$.\n")
    (home / "closing.md").write_text("# Closing\n\n```{bibliography}\n```\n")
    (home / "rows.yaml").write_text(ROWS)
    (home / "parts.yaml").write_text("first: The first part\nlast: The last part\n")
    (checkout / "notebooks/profiles/quick.yaml").write_text("")
    return checkout


@pytest.fixture
def lottery(capsys):
    """Calls the command: (exit code, stdout, stderr)."""
    from lottery.suite import cli

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            cli.main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return left.value.code, told.out, told.err

    return call


@pytest.fixture(scope="session")
def stranger():
    """Runs a program that knows transformers alone, in a process of its own: what it prints."""
    from strangers import strangers

    with strangers() as run:
        yield run


@pytest.fixture
def reference() -> Callable[[str], Path]:
    """From a path below the reference data to the path; it skips the test where that is missing."""

    def find(path: str) -> Path:
        if not (REFERENCE / path).exists():
            pytest.skip(f"no {path} in the reference data (LOTTERY_REFERENCE)")
        return REFERENCE / path

    return find


@pytest.fixture(scope="session")
def tokenizer():
    """BERT's own, with 60 words."""
    from transformers import BertTokenizer

    return BertTokenizer(vocab={word: number for number, word in enumerate(VOCABULARY)})


@pytest.fixture
def reports():
    """What transformers reports while the test runs, at every level."""
    from transformers.utils import logging

    messages, handler, verbosity = [], Handler(), logging.get_verbosity()
    handler.emit = lambda record: messages.append(record.getMessage())
    logging.set_verbosity_debug()
    logging.add_handler(handler)
    yield messages
    logging.remove_handler(handler)
    logging.set_verbosity(verbosity)


def small_bert():
    from transformers import BertConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    return BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=24,
        max_position_embeddings=40,
    )


@pytest.fixture(scope="session")
def new_config():
    """Makes a configuration as `config` is, for what is built once for a file of tests."""
    return small_bert


@pytest.fixture
def config():
    """A BERT of 2 layers of 16 with 4 heads, dropout on; a test's own, since models write into theirs as they train."""
    return small_bert()


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory, tokenizer) -> str:
    """A saved BertForPreTraining with random weights, large enough to tell inputs apart."""
    import torch
    from transformers import BertForPreTraining

    folder = tmp_path_factory.mktemp("bert")
    torch.manual_seed(7)
    model = BertForPreTraining(small_bert())
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(8)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def known_folder(tmp_path_factory, cola_folder) -> Path:
    """CoLA's layout, where dev is a part of train, so that a model which has learnt train by heart knows it."""
    folder = tmp_path_factory.mktemp("known") / "CoLA"
    folder.mkdir()
    lines = (cola_folder / "train.tsv").read_text("utf-8").splitlines(keepends=True)
    (folder / "train.tsv").write_text("".join(lines), "utf-8")
    (folder / "dev.tsv").write_text("".join(lines[:21]), "utf-8")
    return folder


@pytest.fixture
def fine_tuning(bert_folder, cola_folder):
    """A fine-tuning of two epochs."""
    from lottery.experiments.fine_tuning import FineTuning
    from lottery.experiments.starts import Given

    return FineTuning(
        start=Given(model=bert_folder, data=str(cola_folder)),
        task="cola",
        epochs=2.0,
        batch_size=8,
        learning_rate=1e-3,
        max_length=16,
        seed=3,
        saved=True,
    )


@pytest.fixture
def tuned(fine_tuning, known_folder):
    """A fine-tuning that learns its training set, and so its dev set, by heart."""
    start = replace(fine_tuning.start, data=str(known_folder))
    return replace(fine_tuning, start=start, epochs=30.0, learning_rate=3e-3, seed=1)


@pytest.fixture(scope="session")
def cola_folder(tmp_path_factory) -> Path:
    """CoLA's layout: a row is acceptable where its first word comes again at the end; lengths differ."""
    folder = tmp_path_factory.mktemp("glue_data") / "CoLA"
    folder.mkdir()
    draw = random.Random(3)
    for split, rows in (("train", 37), ("dev", 21)):
        lines = []
        for row in range(rows):
            words = draw.choices(WORDS, k=draw.randrange(2, 12))
            words[-1] = words[0] if row % 3 else draw.choice(sorted({*WORDS} - {words[0]}))
            lines.append(f"src\t{int(row % 3 > 0)}\t{'' if row % 3 else '*'}\t{' '.join(words)}\n")
        (folder / f"{split}.tsv").write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def hans_folder(tmp_path):
    """Four pairs in HANS's layout."""
    header = "gold_label\tsentence1\tsentence2\tpairID\theuristic\n"
    rows = [("entailment", "a"), ("non-entailment", "b"), ("non-entailment", "a"), ("non-entailment", "b")]
    folder = tmp_path / "glue_data" / "HANS"
    folder.mkdir(parents=True)
    lines = [f"{label}\tw{i} w9 w{i}\tw9 w{i}\tex{i}\t{group}\n" for i, (label, group) in enumerate(rows)]
    (folder / "heuristics_evaluation_set.txt").write_text(header + "".join(lines))
    return folder


@pytest.fixture
def given(bert_folder, cola_folder):
    """The tiny BERT and its task."""
    from lottery.experiments.starts import Given

    return Given(model=bert_folder, data=str(cola_folder))


@pytest.fixture(scope="session")
def uneven(tmp_path_factory, bert_folder, tokenizer, cola_folder):
    """The tiny BERT with attention that is not even, and its task."""
    import torch
    from transformers import BertModel

    from lottery.experiments.starts import Given

    folder = tmp_path_factory.mktemp("uneven")
    model = BertModel.from_pretrained(bert_folder)
    with torch.no_grad():
        for layer in model.encoder.layer:
            for matrix in (layer.attention.self.query, layer.attention.self.key):
                matrix.weight.mul_(4)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Given(model=str(folder), data=str(cola_folder))


@pytest.fixture
def baseline(given):
    """A bag of words taught the task alone."""
    from lottery.experiments.baseline import Baseline

    return Baseline(
        start=given,
        kind="cbow",
        task="cola",
        epochs=2.0,
        batch_size=8,
        learning_rate=1e-2,
        width=6,
        max_length=16,
        seed=3,
    )


@pytest.fixture
def thirty_documents(monkeypatch, tokenizer):
    """Every miniature has these for its text: twenty to train on, ten held out."""
    from toy_studies import DOCUMENTS

    from lottery.data.examples import seeded
    from lottery.experiments.miniature import Miniature
    from lottery.training import pretraining

    def text(self, run, tokenizer):
        halves = DOCUMENTS[:20], DOCUMENTS[20:]
        return tuple(pretraining.sentence_pairs(half, tokenizer, 16, seeded(n)) for n, half in enumerate(halves))

    monkeypatch.setattr(Miniature, "text", text)


@pytest.fixture
def small_world(thirty_documents, monkeypatch, bert_folder):
    """A miniature with the tiny BERT and thirty documents."""
    from lottery.experiments.miniature import Miniature

    monkeypatch.setattr(Miniature, "weights", lambda self, run: bert_folder)
    monkeypatch.setattr(Miniature, "perform", lambda self, run: {})
    return Miniature(seed=5, steps=0)


@pytest.fixture
def corpus(tmp_path):
    """Sixty documents of three to six sentences; each has words of its own pair of numbers."""
    from lottery.data import text_corpus

    draw = random.Random(5)
    whole = [
        [" ".join([f"w{d % 50}", f"w{d // 2}", *draw.choices(WORDS, k=draw.randrange(1, 5))]) for _ in range(3 + d % 4)]
        for d in range(60)
    ]
    (tmp_path / "corpus.txt").write_text(text_corpus.written(whole))
    return tmp_path / "corpus.txt"


@pytest.fixture
def continued(bert_folder, corpus):
    """The tiny BERT, its pre-training gone on with on that corpus."""
    from lottery.experiments.continued_pretraining import ContinuedPretraining

    return ContinuedPretraining(
        model=bert_folder,
        corpus=str(corpus),
        steps=7,
        learning_rate=1e-3,
        batch_size=8,
        max_length=24,
        seed=2,
    )


@pytest.fixture
def uncollected(monkeypatch):
    """Nothing is looked through for garbage before a clock starts, which takes long: no time is judged."""
    monkeypatch.setattr("gc.collect", lambda *_: 0)


@pytest.fixture(scope="session")
def read_once() -> Iterator[None]:
    """Where models are timed, each reads a batch once in its turn, and not until it has read for 10 ms."""
    from lottery.models import timing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timing, "TURN", 0.0)
        yield


@pytest.fixture(scope="session")
def mood_folder(tmp_path_factory, tokenizer, read_once) -> Path:
    """A BERT of 2 layers of 32 that does not know its task yet, model/, and texts whose class a word tells, own.csv.

    From then on a model that is timed reads once in its turn.
    """
    import torch
    from toy_smaller import rows
    from transformers import BertConfig, BertForSequenceClassification

    from lottery.models import opening

    folder = tmp_path_factory.mktemp("mood")
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    torch.manual_seed(0)
    model = BertForSequenceClassification(BertConfig(vocab_size=60, max_position_embeddings=40, **sizes))
    opening.save(model, tokenizer, folder / "model")
    rows().to_csv(folder / "own.csv", index=False)
    return folder


@pytest.fixture(scope="session")
def vectors_folder(tmp_path_factory, mood_folder, tokenizer) -> Path:
    """A sentence encoder, encoder/, that takes the first token's vector, and pairs of those texts, pairs.csv."""
    import json

    import pandas as pd
    import torch
    from transformers import BertConfig, BertModel

    from lottery.models import opening

    folder = tmp_path_factory.mktemp("vectors")
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    torch.manual_seed(0)
    model = BertModel(BertConfig(vocab_size=60, max_position_embeddings=40, **sizes), add_pooling_layer=False)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(10)
    opening.save(model, tokenizer, folder / "encoder")
    (folder / "encoder/1_Pooling").mkdir()
    told = [("", "Transformer"), ("1_Pooling", "Pooling")]
    told = [{"idx": n, "name": f"{n}", "path": path, "type": f"a.{kind}"} for n, (path, kind) in enumerate(told)]
    (folder / "encoder/modules.json").write_text(json.dumps(told))
    (folder / "encoder/1_Pooling/config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    texts = pd.read_csv(mood_folder / "own.csv")["text"]
    pd.DataFrame({"one": texts[:150].tolist(), "other": texts[150:].tolist()}).to_csv(folder / "pairs.csv", index=False)
    return folder


@pytest.fixture(scope="session")
def names_folder(tmp_path_factory, mood_folder) -> Path:
    """The same model, model/, and sentences of which ten words are entities of two types, names.conll and .jsonl."""
    folder, draw, sentences = tmp_path_factory.mktemp("names"), random.Random(0), []
    for _ in range(200):
        words = [f"w{draw.randrange(30)}" for _ in range(draw.randrange(2, 8))]
        kinds = [
            next((kind for kind, own in (("A", range(5)), ("B", range(5, 10))) if int(word[1:]) in own), "")
            for word in words
        ]
        joined = [bool(kind) and kind == before for kind, before in zip(kinds, ["", *kinds], strict=False)]
        tags = [f"{'I' if on else 'B'}-{kind}" if kind else "O" for kind, on in zip(kinds, joined, strict=True)]
        sentences.append((words, tags))
    lines = ["\n".join(map(" ".join, zip(*each, strict=True))) for each in sentences]
    (folder / "names.conll").write_text("\n\n".join(lines))
    objects = [json.dumps({"words": words, "tags": tags}) for words, tags in sentences]
    (folder / "names.jsonl").write_text("\n".join(objects))
    shutil.copytree(mood_folder / "model", folder / "model")
    return folder


@pytest.fixture(scope="session")
def mood_runs(tmp_path_factory) -> Path:
    """A store of runs on it."""
    return tmp_path_factory.mktemp("mood_runs")


@pytest.fixture(scope="session")
def mood(mood_folder):
    """A fine-tuning on it."""
    from lottery.experiments.fine_tuning import FineTuning
    from lottery.experiments.starts import OWN, Own

    columns = {"text": "text", "second": "", "label": "mood", "labels": "classes"}
    start = Own(model=str(mood_folder / "model"), train=str(mood_folder / "own.csv"), dev="", dev_share=0.2, **columns)
    return FineTuning(
        start=start, task=OWN, epochs=12.0, batch_size=16, learning_rate=3e-3, max_length=16, seed=1, saved=True
    )


@pytest.fixture
def rung(mood, monkeypatch):
    """A smaller model of that one, where a head takes 8 units of time and a neuron 1, whatever else goes on."""
    from toy_smaller import UNITS

    from lottery.experiments.component_times import ComponentTimes
    from lottery.experiments.smaller import Smaller

    monkeypatch.setattr(ComponentTimes, "perform", lambda self, run: UNITS)
    times = ComponentTimes(of=mood, batch_size=4, length=8, rounds=2)
    healed = {"epochs": 4.0, "batch_size": 16, "learning_rate": 3e-3, "seed": 0}
    return Smaller(of=mood, times=times, saved_time=0.5, even=False, **healed)


@pytest.fixture
def cut_mood(mood):
    """Half of the heads and neurons of that one, healed."""
    from lottery.experiments.cut_classifier import CutClassifier

    healed = {"epochs": 3.0, "batch_size": 16, "learning_rate": 3e-3, "seed": 1}
    return CutClassifier(of=mood, way="both", share=0.5, **healed)


@pytest.fixture
def words_go(monkeypatch):
    """Every piece that no text uses goes: the toy words have digits without pieces of their own, for which all stay."""
    from lottery.models import vocabulary

    def of_texts(tokenizer, texts, config):
        return sorted({*tokenizer.all_special_ids, *vocabulary.used(tokenizer, texts)})

    monkeypatch.setattr(vocabulary, "of_texts", of_texts)


@pytest.fixture
def mapped(monkeypatch):
    """What `cluster.map` was given: experiments, workers, scheduler, chapters; all is performed in this process."""
    from lottery import store
    from lottery.suite import cluster

    told = []

    def perform(grid, results, *, workers, scheduler, records, chapters):
        told.append((grid, workers, scheduler, chapters))
        for experiment in grid:
            store.perform(experiment, results)

    monkeypatch.setattr(cluster, "map", perform)
    return told
