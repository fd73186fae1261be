"""What experiments start from: published tasks, the hub, and a file of one's own."""

import shutil
from dataclasses import replace

import pandas as pd
import pytest

from lottery import store
from lottery.choices import choose
from lottery.experiments import how_long, starts
from lottery.experiments.miniature import Miniature
from lottery.experiments.one_shot import OneShot
from lottery.experiments.starts import Given
from lottery.experiments.studies import TaskStudy
from lottery.models import opening


def test_a_start_is_named_by_model_task_and_folder(cola_folder, hans_folder):
    glue = str(cola_folder.parent)
    assert starts.start("minilm", "cola", glue, seed=0, miniature_steps=5) == Given(
        model="minilm", data=str(cola_folder)
    )
    assert starts.start("miniature", "cola", "", seed=3, miniature_steps=5) == Miniature(seed=3, steps=5)
    roberta = Miniature(seed=3, steps=5, family="roberta")
    assert starts.start("miniature-roberta", "cola", "", seed=3, miniature_steps=5) == roberta
    assert starts.start("minilm", "cola", glue, seed=0, miniature_steps=5).mask(None) == {}
    for told, match in (
        (("miniature", "cola", glue), "leave data_dir empty"),
        (("miniature-roberta", "cola", glue), "leave data_dir empty"),
        (("minilm", "cola", ""), "has no folder 'CoLA'"),
        (("minilm", "rte", glue), "has no folder 'RTE'"),
        (("minilm", "clola", glue), "did you mean 'cola'"),
        (("minilm", "hans", str(hans_folder.parent)), "has no training set"),
    ):
        with pytest.raises(ValueError, match=match):
            starts.start(*told, seed=0, miniature_steps=5)
    assert starts.start("minilm", "cola", "hub", seed=0, miniature_steps=5) == Given(model="minilm", data="hub")
    with pytest.raises(ValueError, match=r"'squad' is not one of GLUE's on the hub"):
        starts.start("minilm", "squad", "hub", seed=0, miniature_steps=5)


def test_a_part_of_a_task_is_drawn_once_for_everyone(cola_folder):
    whole = Given(model="minilm", data=str(cola_folder))
    few = Given(model="minilm", data=str(cola_folder), train_examples=20, dev_examples=8)
    tables, all_of_it = few.tables("cola"), whole.tables("cola")
    assert {split: len(table) for split, table in tables.items()} == {"train": 20, "dev": 8}
    assert {split: len(table) for split, table in all_of_it.items()} == {"train": 37, "dev": 21}
    for split, table in tables.items():
        rows, drawn = (list(each.itertuples(index=False, name=None)) for each in (all_of_it[split], table))
        places = [rows.index(row) for row in drawn]
        assert places == sorted(set(places))  # none twice, in their order
        assert places != list(range(len(places)))
        assert few.tables("cola")[split].equals(table)
    assert replace(few, dev_examples=0).tables("cola")["dev"].equals(all_of_it["dev"])
    with pytest.raises(ValueError, match="38 examples are asked for where there are 37"):
        replace(few, train_examples=38).tables("cola")


def test_a_part_that_a_chapter_asks_for_has_each_label_in_its_share(cola_folder):
    told = ("minilm", "cola", str(cola_folder.parent))
    few = starts.start(*told, seed=0, miniature_steps=5, examples=20, dev_examples=8)
    assert few == Given(model="minilm", data=str(cola_folder), train_examples=20, dev_examples=8, stratified=True)
    whole = starts.start(*told, seed=0, miniature_steps=5).tables("cola")
    for split, count in (("train", 20), ("dev", 8)):
        table = few.tables("cola")[split]
        assert len(table) == count
        expected = whole[split]["label"].value_counts(normalize=True) * count
        assert (table["label"].value_counts() - expected).abs().max() < 1
    more = replace(few, train_examples=1000).tables("cola")
    assert more["train"].equals(whole["train"])
    for asked in ({"examples": 3}, {"dev_examples": 3}):
        with pytest.raises(ValueError, match=f"{next(iter(asked))} = 3: the tasks of the miniature are small"):
            starts.start("miniature", "cola", "", seed=0, miniature_steps=5, **asked)


def test_files_in_another_layout_are_refused_before_anything_runs(cola_folder, tmp_path):
    shutil.copytree(cola_folder, tmp_path / "CoLA")
    with (tmp_path / "CoLA/train.tsv").open("a") as file:
        file.write("src\t2\t\tw1 w2\n")
    with pytest.raises(ValueError, match="label '2' is none of 0, 1"):
        starts.start("minilm", "cola", str(tmp_path), seed=0, miniature_steps=5)


def test_a_task_of_the_hub_is_read_from_there(monkeypatch):
    asked = []
    monkeypatch.setattr(starts.glue_hub, "read", lambda name, task: asked.append((name, task)) or {"train": 1})
    assert Given(model="minilm", data="hub").tables("rte") == {"train": 1}
    assert asked == [("rte", choose("tasks", "rte"))]


def test_a_challenge_judges_only_models_that_have_learnt_its_classes(hans_folder):
    for also, learnt, match in (
        ("hans", ["mnli", "cola"], "models of 'cola', but of mnli, rte"),
        ("rte", ["mnli"], "no other"),
    ):
        with pytest.raises(ValueError, match=match):
            starts.challenge(also, learnt, str(hans_folder.parent))


@pytest.mark.parametrize("data_dir", ["", "hub", "nowhere"])
def test_a_challenge_without_its_files_is_refused(data_dir, tmp_path, monkeypatch, hans_folder):
    """Whatever lies where the command is typed: "" and "hub" are no folders."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(hans_folder, tmp_path / "HANS")
    shutil.copytree(hans_folder, tmp_path / "hub" / "HANS")
    with pytest.raises(ValueError, match=f"data_dir = '{data_dir}' has no folder 'HANS': to score models on also"):
        starts.challenge("hans", ["mnli"], data_dir)
    assert starts.challenge("hans", ["mnli"], ".").data == "HANS"


@pytest.fixture
def own_start(bert_folder, tmp_path):
    (tmp_path / "mine.csv").write_text("id,comment,mood\n" + "".join(f"{i},w{i} w1,{i % 3}\n" for i in range(30)))
    return starts.Own(
        model=bert_folder,
        train=str(tmp_path / "mine.csv"),
        dev="",
        dev_share=0.2,
        text="comment",
        second="",
        label="mood",
        labels="classes",
    )


def test_a_file_of_ones_own_is_a_task_like_any_other(fine_tuning, own_start, tmp_path):
    dense = replace(fine_tuning, start=starts.own(own_start), task="own", epochs=0.5)
    cut = OneShot(
        dense=dense, importance="magnitude", scope="local", embeddings=True, sparsity=0.3, retrain_epochs=0.5, seed=1
    )
    run = store.perform(cut, tmp_path / "results")
    saved = opening.configuration(str(store.perform(dense, tmp_path / "results").path / "model"))
    assert list(saved.id2label.values()) == list(own_start.task_named("own").LABELS)
    answers = pd.read_parquet(run.path / "answers.parquet")
    assert len(answers) == 6
    assert set(answers["label"]) == {"0", "1", "2"}
    right = (answers["answer"] == answers["label"]).mean()
    assert run.metrics["score"] == run.metrics["accuracy"] == pytest.approx(right)
    assert run.metrics["majority"] == pytest.approx(1 / 3)
    assert str(tmp_path) not in (run.path / "parameters.json").read_text()


def test_a_number_is_learnt_as_well(fine_tuning, own_start, tmp_path):
    start = starts.own(replace(own_start, labels="numbers", label="id"))
    run = store.perform(replace(fine_tuning, start=start, task="own", epochs=0.5), tmp_path / "results")
    assert {"score", "pearson", "spearman"} <= run.metrics.keys()


def test_a_file_of_ones_own_enters_the_key_by_what_is_in_it(fine_tuning, own_start, tmp_path):
    dense = replace(fine_tuning, start=own_start, task="own")
    key = store.key(dense)
    (tmp_path / "moved.csv").write_bytes((tmp_path / "mine.csv").read_bytes())
    moved = replace(dense, start=replace(own_start, train=str(tmp_path / "moved.csv")))
    assert store.key(moved) == key
    with (tmp_path / "moved.csv").open("a") as file:
        file.write("30,w1,0\n")
    assert store.key(moved) != key


def test_a_file_of_ones_own_is_read_once_as_long_as_it_stays_as_it_is(own_start, tmp_path, monkeypatch):
    read, times = starts.own_file.read, []
    monkeypatch.setattr(starts.own_file, "read", lambda *given, **how: times.append(1) or read(*given, **how))
    study = TaskStudy(
        epochs="auto",
        batch_size=8,
        max_length=16,
        miniature_steps=0,
        model=own_start.model,
        train_file=own_start.train,
        text_column="comment",
        label_column="mood",
    )
    tuned = [study.tuned("own", seed, learning_rate=1e-3, world=seed) for seed in (1, 2)]
    assert {how_long.retraining("auto", each) for each in tuned} == {33.3}  # 24 rows by 8: 100 updates in 33.3 epochs
    assert len(times) == 1
    taken = own_start.tables("own")["train"]
    taken.loc[0, "first"] = "changed"
    assert "changed" not in set(own_start.tables("own")["train"]["first"])
    assert own_start.task_named("own").LABELS == ("0", "1", "2")
    with (tmp_path / "mine.csv").open("a") as file:
        file.write("".join(f"{i},w{i} w2,3\n" for i in range(30, 40)))
    assert own_start.task_named("own").LABELS == ("0", "1", "2", "3")
    assert len(times) == 2
    (tmp_path / "mine.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"mine\.csv"):
        own_start.tables("own")


def test_a_start_from_ones_own_file_is_refused_before_anything_runs(own_start):
    for change, match in (
        ({"model": "miniature"}, "knows the words of its own language alone"),
        ({"train": ""}, "train_file = ''"),
        ({"label": "moood"}, "column 'moood' is not there"),
        ({"label": "id"}, "30 different labels in 30 rows"),
    ):
        with pytest.raises(ValueError, match=match):
            starts.own(replace(own_start, **change))
