import json
import os
import pickle
import platform
import shutil
import signal
import time
import warnings
from dataclasses import FrozenInstanceError, replace
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from accelerate.state import AcceleratorState
from toy_experiments import AfterFailing, Answering, Doubling, Failing, Outer, Ranges, Reading, Sum, Wrapping

from lottery import files, store
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.learned_mask import LearnedMask
from lottery.experiments.miniature import Miniature
from lottery.experiments.miniature_text import MiniatureText
from lottery.experiments.starts import Given
from lottery.store import Run

RANGES = {"share": 0.5, "count": 3, "rate": 0.1, "flag": True, "name": "a"}


@pytest.fixture
def log(tmp_path):
    return str(tmp_path / "log.txt")


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"


def lines(log):
    return Path(log).read_text().splitlines() if Path(log).exists() else []


# Parameters


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"share": 1.0}, "share = 1.0"),
        ({"share": -0.1}, "share = -0.1"),
        ({"share": float("nan")}, "share = nan"),
        ({"share": "0.5"}, "share = '0.5'"),
        ({"count": -1}, "count = -1"),
        ({"count": 1.0}, "count = 1.0"),
        ({"count": True}, "count = True"),
        ({"rate": 0.0}, "rate = 0.0"),
        ({"rate": float("inf")}, "rate = inf"),
        ({"flag": 1}, "flag = 1"),
        ({"name": 5}, "name = 5"),
        ({"name": None}, "name = None"),
        ({"shaer": 0.5}, "shaer = 0.5"),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_sentence(change, told):
    with pytest.raises(ValueError, match=r"^Ranges: ") as error:
        Ranges(**(RANGES | change))
    assert told in str(error.value)
    assert ("share, count, rate, flag, name" in str(error.value)) == ("shaer" in change)
    assert "\n" not in str(error.value)


def test_a_missing_parameter_is_named():
    with pytest.raises(ValueError, match=r"^Ranges: share"):
        Ranges(**{name: value for name, value in RANGES.items() if name != "share"})
    with pytest.raises((ValueError, TypeError)):
        Ranges(0.5, 3, 0.1, True, "a")


def test_a_nested_experiment_has_to_be_one(log):
    part = Doubling(number=1, log=log)
    with pytest.raises(ValueError, match="Sum: right"):
        Sum(left=part, right={"number": 1, "log": log})
    with pytest.raises(ValueError, match="Sum: left"):
        Sum(left=Failing(message="", log=log), right=part)


def test_parameters_are_frozen_compared_by_value_and_can_be_sent(log):
    one = Sum(left=Doubling(number=1, log=log), right=Doubling(number=2, log=log))
    with pytest.raises(FrozenInstanceError):
        one.left.number = 5
    again = pickle.loads(pickle.dumps(one))
    assert again == one
    assert hash(again) == hash(one)
    assert store.key(again) == store.key(one)


# Keys


def plainly(description):
    return sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()[:12]


def test_golden_keys():
    """Pinned: a change here orphans every finished run and every recorded one."""
    assert store.key(Ranges(**RANGES)) == "713bd51d77cc"
    fine_tuning = FineTuning(
        start=Given(model="minilm", data="no-such-folder"),
        task="cola",
        epochs=3.0,
        batch_size=32,
        learning_rate=5e-5,
        max_length=128,
        seed=0,
        saved=True,
    )
    assert store.key(fine_tuning) == "82e30be119f8"
    text = MiniatureText(seed=1)
    assert store.key(text) == "29b7688a9289"
    miniature = Miniature(seed=1, steps=3000)
    assert (text.documents, text.nouns, miniature.documents, miniature.nouns, fine_tuning.train_examples) == (0,) * 5
    assert (text.family, miniature.family) == ("bert", "bert")
    assert store.key(miniature) == "0d4bf2566e73"
    assert store.key(replace(fine_tuning, start=miniature)) == "2bf6753d7f97"
    learned = LearnedMask(
        start=miniature,
        task="sst2",
        method="smp_l",
        sparsity=0.5,
        epochs=6.0,
        ramp=0.5,
        batch_size=32,
        score_rate=2e-2,
        weight_rate=1e-3,
        strength=400.0,
        pressing="run",
        max_length=64,
        seed=1,
    )
    assert learned.rise == "cubic"
    assert store.key(learned) == "1abf4bddd3c8"
    assert store.key(replace(learned, rise="linear")) != "1abf4bddd3c8"


def test_a_key_is_the_hash_of_class_version_and_fields(log):
    told = {"experiment": "Ranges", "version": 1, **RANGES}
    assert store.key(Ranges(**RANGES)) == plainly(told) == store.key_of(dict(reversed(told.items())))
    changed = [{"share": 0.25}, {"count": 4}, {"rate": 0.2}, {"flag": False}, {"name": "b"}]
    assert len({store.key(Ranges(**(RANGES | change))) for change in [{}, *changed]}) == 6
    pair = Sum(left=Doubling(number=1, log=log), right=Doubling(number=2, log=log))
    inner = [{"experiment": "Doubling", "version": 1, "number": n, "log": log} for n in (1, 2)]
    assert store.key(pair) == plainly({"experiment": "Sum", "version": 1, "left": inner[0], "right": inner[1]})


def test_a_whole_number_where_a_fraction_is_asked_for_is_the_same_run():
    assert store.key(Ranges(**(RANGES | {"rate": 2}))) == store.key(Ranges(**(RANGES | {"rate": 2.0})))


def test_a_field_at_its_added_later_default_is_left_out(log):
    assert store.key(Doubling(number=1, log=log)) == store.key(Doubling(number=1, log=log, seconds=0.0))
    assert store.key(Doubling(number=1, log=log)) != store.key(Doubling(number=1, log=log, seconds=0.5))
    assert "seconds" not in store.described(Doubling(number=1, log=log))
    assert store.described(Reading(model="m", sizes=(1, 2)))["sizes"] == [1, 2]


def test_a_new_version_is_another_run(log, monkeypatch):
    before = store.key(Doubling(number=1, log=log))
    monkeypatch.setattr(Doubling, "version", 2)
    assert store.key(Doubling(number=1, log=log)) != before


def test_files_enter_the_key_by_content_and_not_by_path(tmp_path):
    folder = tmp_path / "one"
    (folder / "sub").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "sub" / "weights").write_bytes(b"abc")
    first = store.key(Reading(model=str(folder)))
    shutil.copytree(folder, tmp_path / "two")
    assert store.key(Reading(model=str(tmp_path / "two"))) == first
    folder.rename(tmp_path / "three")
    assert store.key(Reading(model=str(tmp_path / "three"))) == first
    assert str(tmp_path) not in json.dumps(store.described(Reading(model=str(tmp_path / "two"))))
    two = tmp_path / "two" / "sub" / "weights"
    two.write_bytes(b"abd")
    changed = store.key(Reading(model=str(tmp_path / "two")))
    two.write_bytes(b"abc")
    os.utime(two, ns=(1, 1))
    assert store.key(Reading(model=str(tmp_path / "two"))) == first != changed
    two.rename(two.with_name("other"))
    assert store.key(Reading(model=str(tmp_path / "two"))) not in (first, changed)
    file = tmp_path / "data.csv"
    file.write_bytes(b"abc")
    assert store.key(Reading(model=str(file))) == store.key(Reading(model=str(two.with_name("other"))))


@store.parameters
class OfText:
    version: ClassVar[int] = 1
    text: Annotated[str, store.Content(reads=("**/*.txt",), names=("none",))]


def test_of_a_folder_neither_what_is_hidden_enters_the_key_nor_what_is_not_read(tmp_path):
    def key_of_text() -> str:
        return store.key(OfText(text=str(tmp_path)))

    def key_of_all() -> str:
        return store.key(Reading(model=str(tmp_path)))

    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.txt").write_text("a")
    before = key_of_text(), key_of_all()
    for name in (".DS_Store", ".git/index", ".git/b.txt", "deep/.a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("b")
        assert (key_of_text(), key_of_all()) == before, name
    (tmp_path / "README.md").write_text("b")
    assert key_of_text() == before[0]
    assert key_of_all() != before[1]
    (tmp_path / "b.txt").write_text("b")
    assert key_of_text() != before[0]


def test_a_value_that_names_something_else_is_no_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "none").mkdir()
    assert store.described(OfText(text="none"))["text"] == "none"
    assert store.flattened(OfText(text=str(tmp_path / "deep"))) == {"text": "deep"}


def test_a_name_that_is_no_file_enters_as_it_is():
    assert store.described(Reading(model="minilm"))["model"] == "minilm"


# What is needed before


def test_needs_are_the_experiments_among_the_fields_however_deep(log):
    one, two = Doubling(number=1, log=log), Doubling(number=2, log=log)
    assert store.needs(one) == []
    assert store.needs(Sum(left=one, right=two)) == [one, two]
    assert store.needs(Outer(start=Wrapping(inner=one, model="m"), seed=0)) == [one]


# Files of a run


VALUES = {
    "tensors.safetensors": {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor([True, False])},
    "table.parquet": pd.DataFrame({"x": [1, 2], "y": ["a", "ä"]}),
    "told.json": {"a": [1, 2.5, None], "b": "ü"},
}


def equal(a, b):
    if isinstance(a, pd.DataFrame):
        return a.equals(b)
    if isinstance(a, dict) and "b" in a and isinstance(a["b"], torch.Tensor):
        return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
    return a == b


@pytest.mark.parametrize("name", VALUES)
def test_once_computes_once_and_again_if_the_file_is_not_as_written(results, log, name):
    run = Run(Doubling(number=1, log=log), results)
    made = []

    def make():
        made.append(name)
        return VALUES[name]

    for _ in range(3):
        assert equal(run.once(name, make), VALUES[name])
    assert len(made) == 1
    file = run.path / name
    whole = file.read_bytes()

    def truncate():
        file.write_bytes(whole[:-1])

    def alter():
        file.write_bytes(whole[:9] + bytes([whole[9] ^ 1]) + whole[10:])

    def empty():
        file.write_bytes(b"")

    def unseal():
        file.with_name(f"{name}.sha256").unlink()

    def damage_the_seal():
        file.with_name(f"{name}.sha256").write_bytes(b"\xff{")

    for damage in (truncate, alter, empty, file.unlink, unseal, damage_the_seal):
        before = len(made)
        damage()
        assert equal(run.once(name, make), VALUES[name])
        assert len(made) == before + 1
    assert file.read_bytes() == whole
    assert sorted(entry.name for entry in run.path.iterdir()) == [name, f"{name}.sha256"]


def test_what_is_read_is_as_it_was_written_or_performed_again(results, log):
    run = store.perform(Doubling(number=1, log=log), results)
    file = run.path / "number.json"
    for count, damage in enumerate((lambda: file.write_text('{\n "double": 3\n}'), file.unlink), 1):
        assert run.read("number.json") == {"double": 2}
        assert len(lines(log)) == 2 * count
        damage()
        assert run.read("number.json") == {"double": 2}
        assert len(lines(log)) == 2 * (count + 1)
    with pytest.raises(FileNotFoundError):
        run.read("nothing.json")


def test_a_folder_is_filled_once_and_again_if_a_file_in_it_is_not_as_written(results, log):
    run = Run(Doubling(number=1, log=log), results)
    made = []

    def make(folder):
        made.append(1)
        (folder / "sub").mkdir()
        (folder / "config.json").write_text("{}")
        (folder / "sub" / "weights").write_bytes(b"abc")

    for _ in range(2):
        assert run.folder("model", make) == run.path / "model"
    assert len(made) == 1
    for damage in (
        lambda: (run.path / "model" / "config.json").write_text("[]"),
        lambda: (run.path / "model" / "sub" / "weights").unlink(),
        lambda: (run.path / "model" / "more").write_text(""),
        lambda: shutil.rmtree(run.path / "model"),
    ):
        before = len(made)
        damage()
        run.folder("model", make)
        assert len(made) == before + 1
        assert sorted(entry.name for entry in (run.path / "model").iterdir()) == ["config.json", "sub"]


def test_a_folder_that_could_not_be_filled_leaves_nothing(results, log):
    run = Run(Doubling(number=1, log=log), results)

    def make(folder):
        (folder / "half").write_text("")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        run.folder("model", make)
    assert list(run.path.iterdir()) == []


def test_a_damaged_checkpoint_is_as_none(tmp_path):
    path = tmp_path / "checkpoint.pt"
    checkpoint = store.Checkpoint(path, 0)
    assert checkpoint.load() is None
    checkpoint.save_if_due(lambda: {"a": torch.arange(300), "losses": [1.0]})
    assert torch.equal(checkpoint.load()["a"], torch.arange(300))
    whole = path.read_bytes()
    for cut in (0, 1, 10, 500, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert checkpoint.load() is None
    for junk in (b"garbage" * 50, b"\x80\x02c__builtin__\nprint\n.", b"PK\x03\x04" + b"\0" * 60):
        path.write_bytes(junk)
        assert checkpoint.load() is None


def test_no_flipped_bit_of_a_checkpoint_is_believed(tmp_path):
    """torch.load alone believes nearly all of them."""
    path = tmp_path / "checkpoint.pt"
    checkpoint = store.Checkpoint(path, 0)
    checkpoint.save_if_due(lambda: {"a": torch.arange(50.0), "b": [torch.arange(30)]})
    whole, refused = path.read_bytes(), 0
    for position in range(0, len(whole), 3):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1 << position % 8]) + whole[position + 1 :])
        state = checkpoint.load()
        refused += state is None
        assert state is None or (torch.equal(state["a"], torch.arange(50.0)) and state["b"][0].tolist() == [*range(30)])
    assert refused > 200


def test_a_checkpoint_of_another_run_is_as_none(results, log):
    one, two = (Run(Doubling(number=number, log=log), results) for number in (1, 2))
    one.checkpoint(every=0).save_if_due(lambda: {"a": 1})
    two.path.mkdir()
    shutil.copy(one.path / store.CHECKPOINT, two.path)
    assert one.checkpoint().load() == {"a": 1}
    assert two.checkpoint().load() is None


@pytest.mark.parametrize("text", ["[]", "{}", '{"seconds": null}', '{"seconds": "5"}', "[1]", "x"])
def test_a_time_that_cannot_be_read_is_none_at_all(tmp_path, text):
    (tmp_path / "c.json").write_text(text)
    assert store.spent(tmp_path / "c.pt") == 0.0


def test_a_checkpoint_is_saved_when_it_is_due(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    checkpoint = store.Checkpoint(tmp_path / "c.pt", 60)
    saved = []
    for at in (110, 159, 160, 200, 219, 221):
        now[0] = at
        checkpoint.save_if_due(lambda at=at: saved.append(at) or {})
    assert saved == [160, 221]


def test_the_time_spent_before_an_interruption_counts(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for begins, saves, expected in ((100, 160, 60), (1000, 1070, 130), (5000, 5060, 190)):
        now[0] = begins
        checkpoint = store.Checkpoint(tmp_path / "c.pt", 60)
        now[0] = saves
        checkpoint.save_if_due(dict)
        assert store.spent(tmp_path / "c.pt") == expected


def test_a_run_that_was_interrupted_tells_the_time_of_all_its_parts(tmp_path):
    run = store.Run(Doubling(number=4, log=str(tmp_path / "log")), tmp_path / "results")
    run.path.mkdir(parents=True)
    (run.path / store.CHECKPOINT).write_bytes(b"")
    (run.path / store.CHECKPOINT).with_suffix(".json").write_text('{"seconds": 500.0}')
    store.perform(run.experiment, run.results)
    assert 500 <= json.loads((run.path / "provenance.json").read_text())["seconds"] < 560
    assert not list(run.path.glob("checkpoint*"))


def test_the_time_that_a_machine_sleeps_is_none_that_a_run_takes(tmp_path, log, monkeypatch):
    """As the run goes on, the clock is an hour ahead."""
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + 3600 * Path(log).exists())
    found = store.perform(Doubling(number=1, log=log), tmp_path)
    provenance = json.loads((found.path / "provenance.json").read_text())
    assert provenance["seconds"] < 60
    assert provenance["finished"] > clock() + 3500


# Runs


def test_a_run_is_performed_once_and_found_ever_after(results, log):
    experiment = Doubling(number=4, log=log)
    run = store.perform(experiment, results)
    assert run.finished
    assert run.metrics == {"double": 8}
    assert run.path == results / "Doubling" / store.key(experiment)
    again = store.perform(experiment, results)
    assert again.metrics == {"double": 8}
    assert lines(log) == ["began 4", "ended 4"]


def test_a_run_is_unfinished_if_a_file_is_missing_or_of_another_size(results, log):
    run = store.perform(Doubling(number=4, log=log), results)
    told = json.loads((run.path / "metrics.json").read_text())["files"]
    assert {"number.json", "parameters.json", "provenance.json"} <= told.keys()
    for name in told:
        whole = (run.path / name).read_bytes()
        assert told[name] == {"sha256": sha256(whole).hexdigest(), "size": len(whole)}
        (run.path / name).unlink()
        assert not run.finished
        (run.path / name).write_bytes(whole + b" ")
        assert not run.finished
        (run.path / name).write_bytes(whole)
        assert run.finished
    (run.path / "number.json").write_text("")
    with pytest.raises(ValueError, match="not finished"):
        _ = run.metrics
    again = store.perform(Doubling(number=4, log=log), results)
    assert again.finished
    assert again.metrics == {"double": 8}
    assert len(lines(log)) == 4
    (run.path / "metrics.json").write_text('{"metrics": {"double": 8')
    assert not run.finished


def test_no_altered_byte_of_a_closing_record_is_believed(results, log):
    run = store.perform(Doubling(number=4, log=log), results)
    file = run.path / "metrics.json"
    whole = file.read_bytes()
    for position in range(len(whole)):
        for altered in (bytes([whole[position] ^ 1]), b"7", b""):
            file.write_bytes(whole[:position] + altered + whole[position + 1 :])
            try:
                same = json.loads(file.read_bytes()) == json.loads(whole)
            except ValueError:
                same = False
            assert run.finished == run.intact == same, (position, altered)


NOTHING_TOLD = [
    b"",
    b"[]",
    b"{}",
    b"null",
    b"3",
    b'"a"',
    b'{"metrics": {}}',
    b'{"files": {}, "row": {}}',
    b"\xff",
    b"{",
]


@pytest.mark.parametrize("name", ["metrics.json", "parameters.json", "provenance.json", "number.json.sha256"])
@pytest.mark.parametrize("text", NOTHING_TOLD)
def test_a_file_with_something_else_in_it_is_made_again(results, log, name, text):
    experiment = Doubling(number=4, log=log)
    run = store.perform(experiment, results)
    (run.path / name).write_bytes(text)
    assert not run.finished
    assert store.status([experiment], results)["state"].tolist() == ["missing"]
    assert store.perform(experiment, results).metrics == {"double": 8}
    assert run.intact
    assert lines(log) == ["began 4", "ended 4"] * 2


@pytest.mark.parametrize("text", NOTHING_TOLD)
def test_an_error_that_tells_nothing_is_no_error(results, log, text):
    experiment = Doubling(number=4, log=log)
    run = Run(experiment, results)
    run.path.mkdir(parents=True)
    (run.path / "error.json").write_bytes(text)
    assert store.status([experiment], results)["state"].tolist() == ["missing"]


def test_a_file_altered_in_its_size_is_made_again_where_it_is_needed(results, log):
    """Also the one that only tells where the run comes from."""
    inner = Doubling(number=1, log=log)
    run = store.perform(inner, results)
    for count, name in enumerate(("number.json", "parameters.json", "provenance.json", "number.json.sha256"), 1):
        whole = (run.path / name).read_bytes()
        (run.path / name).write_bytes(whole.replace(b"1", b"3", 1).replace(b"2", b"3", 1))
        assert (run.path / name).read_bytes() != whole
        assert run.finished
        assert not run.intact
        outer = Outer(start=Wrapping(inner=inner, model="m"), seed=count)
        assert store.perform(outer, results).metrics == {"double": 2}
        assert run.intact
        assert lines(log).count("ended 1") == count + 1


def test_what_was_copied_from_another_run_is_not_believed(results, log):
    one, two = Doubling(number=1, log=log), Doubling(number=2, log=log)
    first, second = store.perform(one, results), Run(two, results)

    def the_folder():
        shutil.copytree(first.path, second.path)

    def the_record():
        store.perform(two, results)
        shutil.copy(first.path / "metrics.json", second.path)

    def a_file_and_its_seal():
        second.path.mkdir()
        for name in ("number.json", "number.json.sha256"):
            shutil.copy(first.path / name, second.path)

    for copy in (the_folder, the_record, a_file_and_its_seal):
        copy()
        assert not second.finished
        assert store.table(results, Doubling)["number"].tolist() == [1]
        assert len(store.rows([one, two], results)) == 1
        assert store.perform(two, results).metrics == {"double": 4}
        assert second.intact
        shutil.rmtree(second.path)
    elsewhere = results / "Sum" / store.key(one)
    shutil.copytree(first.path, elsewhere)
    assert store.table(results, Sum).empty


@pytest.mark.parametrize(
    "name",
    "metrics.json parameters.json provenance.json number.json number.json.sha256 error.json .lock checkpoint.pt "
    "checkpoint.json".split(),
)
def test_a_folder_in_the_place_of_a_file_gives_way(results, log, name):
    experiment = Doubling(number=4, log=log)
    run = Run(experiment, results)
    (run.path / name / "sub").mkdir(parents=True)
    assert store.status([experiment], results)["state"].tolist() == ["missing"]
    assert run.checkpoint().load() is None
    assert store.table(results, Doubling).empty
    assert store.perform(experiment, results).metrics == {"double": 8}
    assert run.intact
    assert all(path.is_file() for path in run.path.iterdir())


def test_a_file_in_the_place_of_a_folder_gives_way(results, log):
    experiment = Doubling(number=4, log=log)
    run = Run(experiment, results)
    run.path.parent.mkdir(parents=True)
    run.path.write_text("")
    assert store.leftovers(results) == []
    assert store.perform(experiment, results).metrics == {"double": 8}
    (run.path / "model").write_text("")
    assert run.folder("model", lambda folder: (folder / "a").write_text("a")).is_dir()


def test_what_a_killed_process_left_half_written_goes_with_the_next_attempt(results, log):
    experiment = Doubling(number=4, log=log)
    run = Run(experiment, results)
    (run.path / ".model-123").mkdir(parents=True)
    for name in (".model-123/weights", ".number-123.json", ".checkpoint-99.pt"):
        (run.path / name).write_text("half")
    store.perform(experiment, results)
    assert sorted(path.name for path in run.path.iterdir()) == [
        ".lock",
        "metrics.json",
        "number.json",
        "number.json.sha256",
        "parameters.json",
        "provenance.json",
    ]


def test_leftovers_are_unfinished_runs_and_what_lies_about_in_finished_ones(results, log):
    finished, broken, working = (Run(Doubling(number=number, log=log), results) for number in range(3))
    for run in (finished, broken):
        store.perform(run.experiment, results)
    (broken.path / "number.json").unlink()
    for name in (".number-1.json", "checkpoint.pt"):
        (finished.path / name).write_text("12345")
    with files.locked(working.path / ".lock"):
        found = store.leftovers(results)
        assert set(found) == {finished.path / ".number-1.json", finished.path / "checkpoint.pt", broken.path}
        sizes = [5, 5, sum(path.stat().st_size for path in broken.path.iterdir())]
        assert sorted(store.remove(path) for path in found) == sizes
        assert store.remove(working.path) == 0
    assert finished.intact
    assert not broken.path.exists()
    assert store.leftovers(results) == [working.path]
    assert store.leftovers(results / "nowhere") == []


def test_a_failed_run_is_recorded_and_can_be_mended(results, log, monkeypatch):
    experiment = Failing(message="the disk is full", log=log)
    with pytest.raises(ValueError, match="disk"):
        store.perform(experiment, results)
    run = Run(experiment, results)
    assert not run.finished
    status = store.status([experiment, AfterFailing(first=experiment), Doubling(number=1, log=log)], results)
    assert status["state"].tolist() == ["failed", "missing", "missing"]
    assert status["error"].tolist() == ["ValueError: the disk is full", "", ""]
    assert status["experiment"].tolist() == ["Failing", "AfterFailing", "Doubling"]
    assert status["key"].tolist()[0] == store.key(experiment)
    monkeypatch.setattr(Failing, "perform", lambda self, run: {"fine": 1})
    assert store.perform(experiment, results).metrics == {"fine": 1}
    assert not (run.path / "error.json").exists()
    assert store.status([experiment], results)["state"].tolist() == ["finished"]
    assert store.status([], results).empty


def test_a_needed_run_is_performed_before_and_only_once(results, log):
    pair = Sum(left=Doubling(number=1, log=log), right=Doubling(number=2, log=log))
    assert store.perform(pair, results).metrics == {"sum": 6}
    assert store.perform(Outer(start=Wrapping(inner=pair.left, model="m"), seed=0), results).metrics == {"double": 2}
    assert [line for line in lines(log) if line.startswith("began")] == ["began 1", "began 2"]


def test_a_run_draws_alike_whether_what_it_needs_was_there_or_not(results, log, monkeypatch):
    monkeypatch.setattr(Doubling, "perform", lambda self, run: torch.manual_seed(0) and {"drawn": torch.rand(3).sum()})
    drawn = []
    for _ in range(2):
        torch.manual_seed(5)
        Run(Failing(message="", log=log), results).need(Doubling(number=1, log=log))
        drawn.append(torch.rand(1).item())
    torch.manual_seed(5)
    assert drawn == [torch.rand(1).item()] * 2


def test_metrics_of_numpy_and_torch_are_plain_numbers(results, log, monkeypatch):
    told = {"a": np.float32(0.5), "b": torch.tensor(3), "c": [np.int64(1), np.bool_(True)], "d": float("nan"), "e": "x"}
    monkeypatch.setattr(Doubling, "perform", lambda self, run: told)
    found = store.perform(Doubling(number=1, log=log), results).metrics
    assert {name: value for name, value in found.items() if name != "d"} == {"a": 0.5, "b": 3, "c": [1, True], "e": "x"}
    assert np.isnan(found["d"])


def forked(perform) -> int:
    """The process id of a copy of this process that performs and is gone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of copies of processes with threads
        process = os.fork()
    if process == 0:
        try:
            perform()
        finally:
            os._exit(0)
    return process


def test_two_processes_perform_a_run_once_and_a_killed_one_is_performed_again(results, log):
    """A process is killed inside the run; then two others and this one start it at the same moment."""
    run = Run(Doubling(number=7, log=log, seconds=0.5), results)
    killed = forked(lambda: store.perform(run.experiment, results))
    deadline = time.monotonic() + 60
    while not lines(log) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(killed, signal.SIGKILL)
    os.waitpid(killed, 0)
    assert run.path.exists()
    assert not run.finished
    others = [forked(lambda: store.perform(run.experiment, results)) for _ in range(2)]
    assert store.perform(run.experiment, results).metrics == {"double": 14}
    for process in others:
        os.waitpid(process, 0)
    assert lines(log) == ["began 7", "began 7", "ended 7"]  # the killed one, and one of the three


# Tables


def test_a_table_has_a_row_a_finished_run(results, log):
    told = [Doubling(number=n, log=log) for n in (1, 2, 3)]
    for experiment in told[:2]:
        store.perform(experiment, results)
    with pytest.raises(ValueError, match="no"):
        store.perform(Failing(message="no", log=log), results)
    pair = Sum(left=told[0], right=told[2])
    store.perform(pair, results)
    table = store.table(results, Doubling).sort_values("number")
    assert table["number"].tolist() == [1, 2, 3]
    assert table["double"].tolist() == [2, 4, 6]
    assert table["key"].tolist() == [store.key(experiment) for experiment in told]
    assert (table["seconds"] >= 0).all()
    row = store.table(results, Sum).iloc[0]
    assert (row["sum"], row["left"], row["left.number"], row["right.number"]) == (8, "Doubling", 1, 3)
    assert store.table(results, Failing).empty
    assert store.table(results / "nowhere", Doubling).empty
    grid = [told[2], Doubling(number=9, log=log), told[0]]
    assert store.rows(grid, results)["number"].tolist() == [3, 1]


def test_files_stand_in_a_table_by_their_name_alone(tmp_path):
    (tmp_path / "my_model").mkdir()
    row = store.flattened(
        Outer(start=Wrapping(inner=Doubling(number=1, log="l"), model=str(tmp_path / "my_model")), seed=2)
    )
    assert row == {
        "start": "Wrapping",
        "start.inner": "Doubling",
        "start.inner.number": 1,
        "start.inner.log": "l",
        "start.inner.seconds": 0.0,
        "start.model": "my_model",
        "seed": 2,
    }


def test_recorded_runs_carry_what_their_key_is_computed_from(results, tmp_path, log):
    grid = [Sum(left=Doubling(number=n, log=log), right=Doubling(number=5, log=log)) for n in (1, 2)]
    path = tmp_path / "records" / "grid.parquet"
    assert store.recorded(path).empty
    store.perform(grid[0], results)
    with pytest.raises(ValueError, match="1 of 2 runs for grid are not finished"):
        store.record(grid, results, path)
    assert not path.exists()
    store.perform(grid[1], results)
    returned = store.record(grid, results, path)
    table = store.recorded(path)
    pd.testing.assert_frame_equal(table, returned)
    assert table["sum"].tolist() == [12, 14]
    for row, experiment in zip(table.to_dict("records"), grid, strict=True):
        assert store.key_of(json.loads(row["parameters"])) == row["key"] == store.key(experiment)
        assert row["experiment"] == "Sum"
        assert row["made.torch"] == metadata.version("torch")
        assert row["made.commit"]
    assert [entry.name for entry in path.parent.iterdir()] == ["grid.parquet"]


def test_a_run_recorded_before_keeps_its_row_where_the_store_lacks_it(results, tmp_path, log):
    grid = [Sum(left=Doubling(number=n, log=log), right=Doubling(number=5, log=log)) for n in (1, 2, 3)]
    here, there = tmp_path / "records" / "here.parquet", tmp_path / "records" / "there.parquet"
    for experiment in grid[:2]:
        store.perform(experiment, results)
    store.record(grid[:2], results, there)
    shutil.rmtree(results)
    began = store.perform(grid[2], results).read(store.PROVENANCE)["finished"]
    before = store.recorded_rows(there.parent)
    store.record(grid, results, here, before)
    table, first = store.recorded(here), store.recorded(there)
    assert table["sum"].tolist() == [12, 14, 16]
    pd.testing.assert_frame_equal(table[:2], first, check_dtype=False)
    assert table["made.finished"][2] == began
    with pytest.raises(ValueError, match="1 of 3 runs for here are not finished"):
        store.record(grid, results, here, {key: row for key, row in before.items() if row["sum"] != 12})


def test_of_a_model_that_was_scored_the_answers_on_dev_are_recorded_as_numbers(results, tmp_path):
    """In the order of the examples, of dev alone; not where they are texts, and of no run that left none."""
    grid = [Answering(task="sst2", seed=seed, right=0.8, examples=31) for seed in (1, 2)]
    texts = Answering(task="squad", seed=1, right=0.8, examples=31, texts=True)
    for experiment in (*grid, texts):
        store.perform(experiment, results)
    store.record(grid, results, tmp_path / "numbers.parquet")
    store.record([texts], results, tmp_path / "texts.parquet")
    found = store.recorded(tmp_path / "numbers.parquet")
    for row, experiment in zip(found.to_dict("records"), grid, strict=True):
        left = store.Run(experiment, results).read("answers.parquet")
        on_dev = left[left["split"] == "dev"]
        assert row["dev_labels"].tolist() == [float(text) for text in on_dev["label"]]
        assert row["dev_answers"].tolist() == [float(text) for text in on_dev["answer"]]
        assert (row["dev_answers"] == row["dev_labels"]).mean() == row["score"]
    assert not {"dev_answers", "dev_labels"} & set(store.recorded(tmp_path / "texts.parquet"))


def test_no_path_of_this_machine_is_told(results, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    run = store.perform(Reading(model=str(folder)), results)
    for name in ("parameters.json", "metrics.json", "provenance.json"):
        text = (run.path / name).read_text()
        assert str(tmp_path) not in text
        assert str(Path.home()) + "/" not in text
        assert str(Path(__file__).parent.parent) not in text
        assert os.sep + "tmp" not in text


@pytest.mark.parametrize(("told", "precision"), [("no", "float32"), ("bf16", "mixed with bf16")])
def test_provenance_names_the_precision_that_training_has(told, precision, monkeypatch):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", told)
    monkeypatch.setattr(AcceleratorState, "_shared_state", {})  # as in a process in which nothing has asked for it
    assert store.provenance.__wrapped__()["precision"] == precision


@pytest.mark.skipif(torch.cuda.is_available(), reason="the device is not the CPU")
def test_provenance_names_the_instructions_of_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    assert store.provenance.__wrapped__()["device"] == f"CPU ({platform.machine()}, AVX2)"


def test_provenance_without_git(monkeypatch):
    monkeypatch.setenv("PATH", "")
    found = store.provenance.__wrapped__()
    assert found["commit"] == "not in a checkout"
    assert found["torch"] == metadata.version("torch")
