"""The process that others are copies of, and what one of these finds when it begins."""

import multiprocessing
import os
import signal
import time

import pytest
from toy_processes import beginning, telling, waiting

from lottery.suite import warm


@pytest.fixture(scope="module")
def told():
    """What two copies tell of themselves."""
    warm.serve()
    found = []
    for _ in range(2):
        ours, theirs = warm.CONTEXT.Pipe()
        process = warm.CONTEXT.Process(target=beginning, args=(theirs,))
        process.start()
        found.append(ours.recv() | {"pid": process.pid})
        process.join()
    return found


def test_copies_begin_with_all_imported_by_one_process_in_which_nothing_else_runs(told):
    """A fork copies the thread alone that forks."""
    for each in told:
        assert set(warm.IMPORTED) <= each["modules"]
        assert each["threads_of_parent"] <= {"jemalloc_bg_thd"}  # pyarrow's, which minds forks
        assert not each["initialised"]  # of CUDA there can be no copy
    assert len({each["pid"] for each in told}) == 2
    assert len({each["parent"] for each in told} | {os.getpid()}) == 2


def test_copies_look_for_garbage_among_what_they_make_and_not_among_what_is_imported(told):
    for each in told:
        assert each["collects"]
        assert each["left_alone"] > 100_000


def test_copies_compute_on_one_thread_and_ctrl_c_does_not_reach_them(told):
    for each in told:
        assert each["threads"] == 1
        assert signal.SIGINT in each["blocked"]
        assert {name: each["environment"].get(name) for name in warm.ENVIRONMENT} == warm.ENVIRONMENT


def test_whoever_starts_it_keeps_the_environment_and_heeds_ctrl_c(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("THP_MEM_ALLOC_ENABLE", raising=False)
    before = dict(os.environ)
    warm.serve()
    assert warm.serving()
    assert dict(os.environ) == before
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_copy_finds_the_folder_and_the_environment_that_it_is_given_and_says_what_it_says_in_a_file(tmp_path):
    said = tmp_path / "said"
    said.write_text("before\n")
    copy = warm.Copy(telling, "word", folder=tmp_path, environment={"PYTHONPATH": "/elsewhere"}, said=said)
    assert copy.wait() == copy.poll() == 3
    assert said.read_text() == f"before\nword {tmp_path} ['PYTHONPATH'] /elsewhere set()\n"


def test_the_exit_code_of_a_copy_is_kept_for_who_began_it(tmp_path):
    """However many others are begun meanwhile, each of which asks for the exit codes of all children."""
    copies = [
        warm.Copy(telling, "word", folder=tmp_path, environment={}, said=tmp_path / f"{number}") for number in range(3)
    ]
    until = time.monotonic() + 60
    while len([*tmp_path.iterdir()]) < 3 or any(not (tmp_path / f"{number}").read_text() for number in range(3)):
        assert time.monotonic() < until
        multiprocessing.active_children()
    assert not {copy.pid for copy in copies} & {child.pid for child in multiprocessing.active_children()}
    assert [copy.wait(timeout=60) for copy in copies] == [3, 3, 3]


def test_a_copy_is_killed_where_the_wait_for_it_is_broken_off(tmp_path, monkeypatch):
    copy = warm.Copy(waiting, folder=tmp_path, environment={}, said=tmp_path / "said")
    assert copy.wait(timeout=0.01) is None

    def interrupted(timeout=None):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(copy._process, "join", interrupted)
        with pytest.raises(KeyboardInterrupt):
            copy.wait()
    assert copy.wait(timeout=60) == -signal.SIGKILL
