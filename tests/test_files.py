"""What is written is whole or not there, whatever happens; the accidents are real ones wherever they can be had."""

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from hashlib import sha256
from pathlib import Path

import pytest
from toy_processes import as_somebody_else

from lottery import files
from lottery.suite import warm

# Run on a disk of 2 MB: each way of leaving 4 MB fails, and goes on when there is room. One line of JSON a step.
ON_A_SMALL_DISK = """
import json, subprocess, sys
from pathlib import Path
from toy_experiments import Filling
from lottery import store

place = Path(sys.argv[1])
kinds = sys.argv[2:]
for kind in kinds:
    experiment = Filling(kind=kind)
    try:
        store.perform(experiment, place)
    except Exception as error:
        run = store.Run(experiment, place)
        told = {"kind": kind, "type": type(error).__name__, "errno": getattr(error, "errno", None), "text": str(error)}
        told |= {"finished": run.finished, "left": sorted(path.name for path in run.path.iterdir())}
        told |= {"path": str(run.path)}
        print(json.dumps(told))
        for path in run.path.glob(".ballast"):
            path.unlink()
subprocess.run(["mount", "-o", "remount,size=64m", str(place)], check=True)
for kind in kinds[:-1]:
    run = store.perform(Filling(kind=kind), place)
    print(json.dumps({"kind": kind, "metrics": run.metrics, "intact": run.intact}))
"""


def told_by(command):
    """What a process prints, read as a line of JSON each."""
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(files.__file__).parent.parent)])
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path})
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_full_disk_is_told_in_a_sentence_and_leaves_nothing_half_written(tmp_path):
    disk = ["unshare", "-Urm", "sh", "-c", 'mount -t tmpfs -o size=2m none "$0" && exec "$@"', str(tmp_path)]
    if not shutil.which("unshare") or subprocess.run([*disk, "true"], capture_output=True).returncode:
        pytest.skip("a small disk cannot be made here: unshare -Urm with a tmpfs is not allowed")
    kinds = ["checkpoint", "safetensors", "parquet", "json", "mask", "folder", "ballast"]
    told = told_by([*disk, sys.executable, "-c", ON_A_SMALL_DISK, str(tmp_path), *kinds])
    failed, mended = told[: len(kinds)], told[len(kinds) :]
    for row in failed[:-1]:
        assert (row["type"], row["errno"], row["finished"]) == ("OSError", errno.ENOSPC, False), row
        assert row["path"] in row["text"]
        assert "no space left on device: make room there" in row["text"]
        assert "\n" not in row["text"]
        assert set(row["left"]) == {".lock", "parameters.json", "error.json"}
    assert (failed[-1]["type"], failed[-1]["text"]) == ("ValueError", "what went wrong first")
    assert "error.json" not in failed[-1]["left"]
    assert mended == [{"kind": kind, "metrics": {"left": kind}, "intact": True} for kind in kinds[:-1]]


def test_a_missing_permission_is_told_in_a_sentence():
    warm.serve()
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        store = Path(folder)
        store.chmod(0o555)
        ours, theirs = warm.CONTEXT.Pipe()
        process = warm.CONTEXT.Process(target=as_somebody_else, args=(folder, theirs))
        process.start()
        row = ours.recv()
        process.join()
        assert list(store.iterdir()) == []
    assert (row["type"], row["errno"]) == ("PermissionError", errno.EACCES)
    assert str(store / "Filling") in row["text"]
    assert "permission denied: get the right to write there" in row["text"]
    assert "\n" not in row["text"]


def test_what_is_wrong_with_the_program_is_not_laid_on_the_disk(tmp_path):
    for error in (ValueError("no"), FileNotFoundError(errno.ENOENT, "none"), KeyError("(os error x)")):
        with pytest.raises(type(error)) as raised, files.writing(tmp_path):
            raise error
        assert raised.value is error


def test_written_is_whole_or_not_there(tmp_path):
    path = tmp_path / "sub" / "file.txt"

    def interrupted(error):
        with files.written(path) as partial:
            partial.write_text("half")
            raise error

    with pytest.raises(KeyboardInterrupt):
        interrupted(KeyboardInterrupt)
    assert list(path.parent.iterdir()) == []
    with files.written(path) as partial:
        partial.write_text("whole")
        assert not path.exists()
        assert files.half_written(path.parent) == [partial]
    assert path.read_text() == "whole"
    with pytest.raises(ValueError, match="no"):
        interrupted(ValueError("no"))
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]
    assert path.read_text() == "whole"


def test_what_is_written_is_on_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    """Power may go at any moment; files are told apart by the numbers by which the disk knows them."""
    path, place, flushed = tmp_path / "file.txt", tmp_path / "folder", {}

    def flush(descriptor):
        flushed[os.fstat(descriptor).st_ino] = (path.exists(), place.exists())

    monkeypatch.setattr(os, "fsync", flush)
    with files.written(path) as partial:
        partial.write_text("whole")
    assert flushed[path.stat().st_ino] == (False, False)
    assert flushed[tmp_path.stat().st_ino] == (True, False)  # and then its name
    with files.written_folder(place) as partial:
        (partial / "sub").mkdir()
        (partial / "sub/file.txt").write_text("whole")
    assert flushed[(place / "sub/file.txt").stat().st_ino] == (True, False)


def test_written_takes_the_place_of_a_folder(tmp_path):
    (tmp_path / "file.txt" / "sub").mkdir(parents=True)
    with files.written(tmp_path / "file.txt") as partial:
        partial.write_text("whole")
    assert (tmp_path / "file.txt").read_text() == "whole"


def test_half_written_are_the_partial_files_and_folders_alone(tmp_path):
    for name in (".lock", ".a-12.json", ".model-7", ".b-x.json", "c-12.json"):
        (tmp_path / name).write_text("")
    assert sorted(path.name for path in files.half_written(tmp_path)) == [".a-12.json", ".model-7"]


def test_a_lock_is_one_process_s_and_one_removed_in_the_waiting_is_none(tmp_path):
    """Threads stand for processes here: an flock is of the opened file."""
    lock, inside = tmp_path / "run" / ".lock", []
    opened, release = threading.Event(), threading.Event()

    def hold_and_remove():
        with files.locked(lock):
            opened.set()
            release.wait()
            shutil.rmtree(lock.parent)

    def work(name):
        with files.locked(lock):
            inside.append(f"{name} in")
            (lock.parent / name).write_text("")
            inside.append(f"{name} out")

    first = threading.Thread(target=hold_and_remove)
    first.start()
    opened.wait()
    with files.locked(lock, wait=False) as ours:
        assert not ours
    others = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in others:
        thread.start()
    assert inside == []
    release.set()
    for thread in (first, *others):
        thread.join()
    assert [told.split()[1] for told in inside] == ["in", "out", "in", "out"]
    assert sorted(path.name for path in lock.parent.iterdir()) == [".lock", "a", "b"]
    with files.locked(lock, wait=False) as ours:
        assert ours


def test_a_settled_file_is_read_once_and_a_changed_one_again(tmp_path, monkeypatch):
    path, read = tmp_path / "file", []
    digest = files.file_digest
    monkeypatch.setattr(files, "file_digest", lambda file, name: read.append(1) or digest(file, name))

    def age(seconds):
        when = path.stat().st_mtime_ns - seconds * 10**9
        os.utime(path, ns=(when, when))

    path.write_bytes(b"abc")
    age(60)
    for _ in range(3):
        assert files.checksum(path) == sha256(b"abc").hexdigest()
    assert len(read) == 1
    path.write_bytes(b"abd")
    when = path.stat().st_mtime_ns
    assert files.checksum(path) == sha256(b"abd").hexdigest()
    path.write_bytes(b"abe")  # within the same tick of the clock
    os.utime(path, ns=(when, when))
    assert files.checksum(path) == sha256(b"abe").hexdigest()


def test_a_folder_takes_its_place_whole_or_not_at_all(tmp_path):
    place = tmp_path / "above" / "folder"
    for text in ("first", "second"):
        with files.written_folder(place) as partial:
            (partial / text).write_text(text)
            assert [path.name for path in place.parent.iterdir() if path != partial] == (
                ["folder"] if text == "second" else []
            )
        assert [path.name for path in place.iterdir()] == [text]

    def fail():
        with files.written_folder(place) as partial:
            (partial / "third").write_text("")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [path.name for path in place.iterdir()] == ["second"]
    assert [path.name for path in place.parent.iterdir()] == ["folder"]


@pytest.mark.parametrize(("writes", "suffix"), [(files.written, ".runs.parquet"), (files.written_folder, "")])
def test_what_a_killed_process_left_goes_and_what_another_has_in_work_stays(tmp_path, writes, suffix):
    """Beside it lies what looks alike: of the process that started this one, of another machine, of another name."""
    waiting = "import sys, time; from pathlib import Path; from lottery import files\n"
    waiting += f"with files.{writes.__name__}(Path(sys.argv[1])) as partial:\n"
    waiting += "    partial.mkdir(exist_ok=True) if not partial.suffix else partial.touch()\n"
    waiting += "    print(partial, flush=True); time.sleep(60)"
    command = [sys.executable, "-c", waiting, str(tmp_path / f"small{suffix}")]
    left = []
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            left.append(Path(process.stdout.readline().strip()))
            assert [path for path in left if path.exists()] == left[-1:]
            process.kill()
    dead, machine = process.pid, files._machine()
    stay = {
        name.replace("PID", str(number))
        for name, number in (
            (left[-1].name.replace(str(dead), "PID"), os.getppid()),
            (left[-1].name.replace(machine, "elsewhere"), dead),
            (left[-1].name.replace("small", "smaller"), dead),
            (left[-1].name.replace(str(dead), "notes"), dead),
        )
    }
    for name in stay:
        (tmp_path / name).mkdir()
    with writes(tmp_path / f"small{suffix}") as partial:
        partial.mkdir(exist_ok=True) if not suffix else partial.touch()
    assert {path.name for path in tmp_path.iterdir()} == {f"small{suffix}", *stay}


def test_digests_of_files_folders_and_nothing(tmp_path):
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "sub" / "deep" / "a").write_bytes(b"a")
    of_a = {"sha256": sha256(b"a").hexdigest(), "size": 1}
    assert files.digest(tmp_path / "sub" / "deep" / "a") == of_a
    assert files.digest(tmp_path / "sub") == {"files": {"deep/a": of_a}}
    assert files.digest(tmp_path / "gone") == {}


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "3", '"a"', '{"a": 1', "\xff", "[" * 100_000, '{"a": ' * 100_000, "\0"]
)
def test_what_is_no_json_object_reads_as_an_empty_one(tmp_path, text):
    (tmp_path / "file.json").write_text(text, encoding="latin-1")
    assert files.read_json(tmp_path / "file.json") == {}
    assert files.read_json(tmp_path) == {}
    assert files.read_json(tmp_path / "gone.json") == {}
    assert files.read_json(tmp_path / "file.json" / "below.json") == {}
