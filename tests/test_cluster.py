"""One cluster of two workers serves the whole module: its start takes seconds."""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest
from distributed import Client
from toy_experiments import AfterFailing, Doubling, Failing, Outer, Sum, Surroundings, Wrapping

from lottery import cluster, runs


@pytest.fixture(scope="module")
def address():
    with cluster.local(2) as address:
        yield address


@pytest.fixture
def log(tmp_path):
    return str(tmp_path / "log.txt")


def lines(log):
    return Path(log).read_text().splitlines() if Path(log).exists() else []


def no_cluster(*told):
    raise AssertionError("a cluster was started")


def test_a_grid_is_performed_with_what_it_needs_each_once(tmp_path, log, address, monkeypatch):
    one, two, three = (Doubling(number=n, log=log) for n in (1, 2, 3))
    already = Doubling(number=9, log=log)
    runs.perform(already, tmp_path)
    grid = [
        Sum(left=one, right=two),
        already,
        Sum(left=two, right=three),
        one,
        Outer(start=Wrapping(inner=three, model="m"), seed=0),
        Sum(left=one, right=two),
        Sum(left=already, right=one),
    ]
    asked = []

    @contextmanager
    def shared(workers):
        asked.append(workers)
        yield address

    monkeypatch.setattr(cluster, "local", shared)
    found = cluster.map(grid, str(tmp_path), workers=2)
    assert asked == [2]
    assert [run.experiment for run in found] == grid
    assert all(run.finished for run in found)
    assert [next(iter(run.metrics.values())) for run in found] == [6, 18, 10, 2, 6, 6, 20]
    told = lines(log)
    assert sorted(line for line in told if line.startswith("began")) == ["began 1", "began 2", "began 3", "began 9"]
    sums = [line for line in told if line.startswith("sum")]
    assert sorted(sums) == ["sum 1+2 ready=True", "sum 2+3 ready=True", "sum 9+1 ready=True"]

    monkeypatch.setattr(cluster, "local", no_cluster)
    monkeypatch.setattr(cluster, "Client", no_cluster)
    again = cluster.map(grid, tmp_path)
    assert [run.metrics for run in again] == [run.metrics for run in found]
    assert lines(log) == told
    assert cluster.map([], tmp_path) == []


def test_a_failed_run_is_recorded_and_the_others_are_done(tmp_path, log, address):
    failing = Failing(message="no such word", log=log)
    after = AfterFailing(first=failing)
    others = [Doubling(number=n, log=log) for n in range(4)]
    grid = [others[0], after, *others[1:]]
    with pytest.raises(RuntimeError, match=r"of 6 runs failed.*Failing-.*no such word") as error:
        cluster.map(grid, tmp_path, scheduler=address)
    assert runs.key(failing) in str(error.value)
    status = runs.status([failing, *grid], tmp_path)
    assert status["state"].tolist() == ["failed", "finished", "missing", "finished", "finished", "finished"]
    assert status["error"].tolist()[0] == "ValueError: no such word"
    assert "after failing" not in lines(log)
    assert len(runs.table(tmp_path, Doubling)) == 4
    with pytest.raises(RuntimeError, match="2 of 2 runs failed"):  # what is done stays done
        cluster.map(grid, tmp_path, scheduler=address)


def test_workers_have_one_thread_and_keep_their_memory(tmp_path, address):
    found = cluster.map([Surroundings(number=n) for n in range(6)], tmp_path, scheduler=address)
    for run in found:
        told = {name: value for name, value in run.metrics.items() if name != "pid"}
        assert told == {"MALLOC_TRIM_THRESHOLD_": "absent", "OMP_NUM_THREADS": "1", "threads": 1}
    assert len({run.metrics["pid"] for run in found}) == 2


def test_as_many_workers_as_there_is_work_for(tmp_path, log, address, monkeypatch):
    asked = []

    @contextmanager
    def shared(workers):
        asked.append(workers)
        yield address

    monkeypatch.setattr(cluster, "local", shared)
    cluster.map([Doubling(number=1, log=log)], tmp_path, workers=8)
    assert asked == [1]


def test_a_cluster_without_workers_is_refused():
    with pytest.raises(ValueError, match="workers = 0: at least 1"), cluster.local(0):
        pass


def visible_gpus():
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def test_where_there_are_gpus_every_worker_gets_one_of_its_own_and_that_is_said(monkeypatch, capsys):
    monkeypatch.setattr(cluster.torch.cuda, "device_count", lambda: 2)
    with cluster.local(3) as address, Client(address, set_as_default=False) as client:
        client.wait_for_workers(2)
        assert sorted(client.run(visible_gpus).values()) == ["0", "1"]
    assert "2 of 3 workers are started: one for each GPU" in capsys.readouterr().out
