"""GLUE from the hub, which is a folder here, laid out as the data set's repository is."""

import sys

import pandas as pd
import pytest

from lottery.choices import choose
from lottery.data import glue_hub

datasets = pytest.importorskip("datasets")

ROWS = {"train": 4, "validation": 2, "test": 1}
TEXTS = {"cola": ["sentence"], "mnli": ["premise", "hypothesis"], "qqp": ["question1", "question2"], "stsb": ["a", "b"]}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Writes a task as the data set's repository on the hub holds it, and has it downloaded from there."""
    asked = []
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(
        glue_hub.hub, "downloaded", lambda *told, **how: asked.append((told[:2], how)) or tmp_path / "glue"
    )

    def write(name, labels, splits=ROWS):
        for split, rows in splits.items():
            columns = {text: [f"{split} {text} {row}" for row in range(rows)] for text in TEXTS[name]}
            kinds = {text: datasets.Value("string") for text in TEXTS[name]}
            kinds["label"] = datasets.ClassLabel(names=labels) if labels else datasets.Value("float32")
            columns["label"] = (
                [row % len(labels) for row in range(rows)] if labels else [row / 2 for row in range(rows)]
            )
            told = datasets.Dataset.from_dict(
                columns | {"idx": list(range(rows))}, datasets.Features(kinds | {"idx": datasets.Value("int32")})
            )
            (tmp_path / "glue" / name).mkdir(parents=True, exist_ok=True)
            told.to_parquet(tmp_path / "glue" / name / f"{split}-00000-of-00001.parquet")
        return asked

    datasets.disable_progress_bars()
    return write


def test_a_task_comes_as_from_its_files(hub):
    asked = hub("cola", choose("tasks", "cola").LABELS)
    tables = glue_hub.read("cola", choose("tasks", "cola"))
    assert tables.keys() == {"train", "dev"}
    assert tables["train"].to_dict("list") == {
        "first": [f"train sentence {row}" for row in range(4)],
        "label": [0, 1, 0, 1],
    }
    assert asked == [(("nyu-mll/glue", ["cola/*.parquet"]), {"kind": "dataset"})]


def test_pairs_two_dev_sets_and_numbers(hub):
    splits = {"train": 3, "validation_matched": 2, "validation_mismatched": 1, "test_matched": 1}
    hub("mnli", choose("tasks", "mnli").LABELS, splits)
    tables = glue_hub.read("mnli", choose("tasks", "mnli"))
    assert {split: len(table) for split, table in tables.items()} == {"train": 3, "dev": 2, "dev_mismatched": 1}
    assert tables["dev"]["first"].tolist() == ["validation_matched premise 0", "validation_matched premise 1"]
    assert tables["dev_mismatched"]["second"].tolist() == ["validation_mismatched hypothesis 0"]
    hub("stsb", ())
    table = glue_hub.read("stsb", choose("tasks", "stsb"))["train"]
    assert isinstance(table, pd.DataFrame)
    assert table["label"].tolist() == [0, 0.5, 1, 1.5]


def test_a_download_that_was_interrupted_is_not_whole(hub, tmp_path, monkeypatch):
    complete = []
    hub("mnli", choose("tasks", "mnli").LABELS, {"train": 3, "validation_matched": 2, "validation_mismatched": 1})
    folder = tmp_path / "glue"
    monkeypatch.setattr(glue_hub.hub, "downloaded", lambda name, wanted, whole, **_: complete.append(whole) or folder)
    glue_hub.read("mnli", choose("tasks", "mnli"))
    (whole,) = complete
    assert whole(folder)
    train = folder / "mnli" / "train-00000-of-00001.parquet"
    half = train.rename(train.with_name("train-00000-of-00002.parquet"))
    assert not whole(folder)
    (folder / "mnli" / "train-00001-of-00002.parquet").write_bytes(half.read_bytes())
    assert whole(folder)
    (folder / "mnli" / "validation_matched-00000-of-00001.parquet").unlink()
    assert not whole(folder)


def test_other_labels_than_expected_are_refused(hub):
    hub("cola", ("acceptable", "unacceptable"))
    with pytest.raises(ValueError, match="not those of CoLA"):
        glue_hub.read("cola", choose("tasks", "cola"))


def test_what_the_hub_does_not_hold_is_told_with_what_to_do(hub):
    hub("cola", choose("tasks", "cola").LABELS)
    with pytest.raises(ValueError, match="holds no squad: give data_dir"):
        glue_hub.read("squad", choose("tasks", "squad"))


def test_without_a_network_it_is_told_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ValueError, match=r"`hf download nyu-mll/glue --repo-type dataset` .* give data_dir") as error:
        glue_hub.read("cola", choose("tasks", "cola"))
    assert "\n" not in str(error.value)


def test_without_the_package_it_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ValueError, match="pip install"):
        glue_hub.read("cola", choose("tasks", "cola"))
