"""The process that others are copies of, and what one of these finds when it begins."""

import os
import signal

import pytest
from toy_processes import beginning, telling

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
