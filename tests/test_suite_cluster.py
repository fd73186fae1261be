"""One cluster of two workers, copies of a warm process as a book's are, serves most of the module."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from threading import Thread

import cloudpickle
import dask
import psutil
import pytest
from distributed import Client
from toy_experiments import AfterFailing, AfterKilling, Doubling, Failing, Killing, Outer, Sum, Surroundings, Wrapping

from lottery import files, store
from lottery.suite import cluster, warm

SURROUNDINGS = {
    "MALLOC_TRIM_THRESHOLD_": "absent",
    "THP_MEM_ALLOC_ENABLE": "1",
    "OMP_NUM_THREADS": "1",
    "threads": 1,
    "woken often": False,
}


@pytest.fixture(scope="module")
def address():
    warm.serve()
    with cluster.local(2) as address:
        yield address


@pytest.fixture
def log(tmp_path):
    return str(tmp_path / "log.txt")


def lines(log):
    return Path(log).read_text().splitlines() if Path(log).exists() else []


def until(happened, seconds=300):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def no_cluster(*told):
    raise AssertionError("a cluster was started")


def test_a_grid_is_performed_with_what_it_needs_each_once(tmp_path, log, address, monkeypatch):
    one, two, three = (Doubling(number=n, log=log) for n in (1, 2, 3))
    already = Doubling(number=9, log=log)
    store.perform(already, tmp_path)
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
    with pytest.raises(ValueError, match=r"1 of 6 runs failed, 1 .* left out; .*Failing-.*no such word") as error:
        cluster.map(grid, tmp_path, scheduler=address)
    assert store.key(failing) in str(error.value)
    status = store.status([failing, *grid], tmp_path)
    assert status["state"].tolist() == ["failed", "finished", "missing", "finished", "finished", "finished"]
    assert status["error"].tolist()[0] == "ValueError: no such word"
    assert "after failing" not in lines(log)
    assert len(store.table(tmp_path, Doubling)) == 4
    with pytest.raises(ValueError, match="1 of 2 runs failed"):  # what is done stays done
        cluster.map(grid, tmp_path, scheduler=address)


def test_what_another_process_is_at_is_put_off_and_no_worker_waits_for_it(tmp_path, log, address, monkeypatch, capfd):
    theirs, after, *others = grid = [
        Doubling(number=0, log=log),
        Sum(left=Doubling(number=0, log=log), right=Doubling(number=1, log=log)),
        *(Doubling(number=n, log=log) for n in (1, 2, 3)),
    ]
    run = store.Run(theirs, tmp_path)
    begun = run.path / ".begun.theirs"
    monkeypatch.setattr(cluster, "AGAIN", 0.1)
    mapped = Thread(target=cluster.map, args=(grid, tmp_path), kwargs={"scheduler": address}, daemon=True)
    with files.locked(run.path / ".lock"):
        begun.touch()
        mapped.start()
        until(lambda: all(store.Run(each, tmp_path).finished for each in others))
        told = []
        until(lambda: told.append(capfd.readouterr().err) or "waiting for it" in "".join(told))
        assert begun.exists()
        assert not run.finished
    mapped.join(60)
    told = "".join([*told, capfd.readouterr().err])
    assert f"nothing can be done until another process has ended Doubling-{store.key(theirs)}: waiting" in told
    assert told.count("another process") == 1
    assert store.Run(after, tmp_path).metrics == {"sum": 2}
    assert lines(log).count("began 0") == 1


def test_put_off_a_run_is_still_known_to_have_killed_workers(tmp_path, log, monkeypatch):
    monkeypatch.setattr(cluster, "get_worker", lambda: None)
    monkeypatch.setattr(cluster, "_refuse", lambda *_: None)
    run = store.Run(Doubling(number=0, log=log), tmp_path)
    begun = run.path / ".begun.ours"

    def attempt():
        cluster._one(cloudpickle.dumps(run), "ours", "", {})

    with files.locked(run.path / ".lock"):
        attempt()
        assert not begun.exists()
        begun.write_text("begun\nbegun\n")
        attempt()
    assert cluster._times_begun(run, "ours") == 2
    attempt()
    assert run.finished
    assert not begun.exists()


def test_two_processes_whose_workers_a_run_kills_in_turn_come_to_an_end(tmp_path, log, address, monkeypatch):
    """Each finds it with the other after every death."""
    run = store.Run(Doubling(number=0, log=log), tmp_path)
    monkeypatch.setattr(cluster, "_times_begun", lambda *_: cluster.TRIES)
    with (
        files.locked(run.path / ".lock"),
        pytest.raises(RuntimeError, match="its worker was killed each of the 3 times that it was begun"),
    ):
        cluster.map([run.experiment], tmp_path, scheduler=address)
    assert not run.finished


def test_workers_have_one_thread_and_keep_their_memory(tmp_path, address):
    found = cluster.map([Surroundings(number=n) for n in range(6)], tmp_path, scheduler=address)
    for run in found:
        told = {name: value for name, value in run.metrics.items() if name != "pid"}
        assert told == SURROUNDINGS
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


def blocked():
    return signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_terminals_ctrl_c_does_not_reach_a_worker_nor_one_in_its_place(address):
    before = blocked()
    with Client(address, set_as_default=False) as client:
        client.restart()
        told = client.run(blocked).values()
    assert len(told) == 2
    assert all(signal.SIGINT in each for each in told)
    assert blocked() == before


def visible_gpus():
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def test_where_there_are_gpus_every_worker_gets_one_of_its_own_and_that_is_said(monkeypatch, capsys):
    warm.serve()
    monkeypatch.setattr(cluster.torch.cuda, "device_count", lambda: 2)
    with cluster.local(3) as address, Client(address, set_as_default=False) as client:
        client.wait_for_workers(2)
        assert sorted(client.run(visible_gpus).values()) == ["0", "1"]
    assert "2 of 3 workers are started: one for each GPU" in capsys.readouterr().err


def test_a_worker_where_there_is_no_warm_process_is_as_those_that_are_copies_of_one(monkeypatch):
    monkeypatch.setattr(cluster.torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(warm, "serving", lambda: False)
    with cluster.local(1) as address, Client(address, set_as_default=False) as client:
        client.wait_for_workers(1)
        assert [*client.run(visible_gpus).values()] == ["0"]
        told = client.submit(Surroundings(number=0).perform, None).result()
        assert SURROUNDINGS.items() <= told.items()
        assert all(signal.SIGINT in each for each in client.run(blocked).values())


# A worker that is killed


def contents(run):
    """What a run left, without what tells of its time and its commit."""
    left = {path.name: path.read_bytes() for path in run.path.iterdir() if path.suffix == ".json"}
    return run.metrics, {name: left[name] for name in left.keys() - {store.PROVENANCE, store.RECORD}}


def test_the_run_of_a_killed_worker_is_done_again_as_if_nothing_had_been(tmp_path, log, address):
    grid = [Killing(log=log, times=1), *(Doubling(number=n, log=log, seconds=0.1) for n in range(4))]
    found = cluster.map(grid, tmp_path / "killed", scheduler=address)
    assert all(run.finished for run in found)
    assert lines(log).count("killing") == 2
    undisturbed = [store.perform(experiment, tmp_path / "calm") for experiment in grid]
    assert [contents(run) for run in found] == [contents(run) for run in undisturbed]
    assert not list(tmp_path.rglob(".begun*"))


def test_a_run_that_kills_every_worker_fails_and_those_that_wait_behind_it_do_not(tmp_path, log):
    """All wait at the one worker, and Dask holds them guilty of its first death."""
    killing = Killing(log=log, times=1000)
    grid = [killing, *(Doubling(number=n, log=log) for n in range(3)), AfterKilling(first=killing)]
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        cluster.local(1) as address,
        pytest.raises(RuntimeError) as error,
    ):
        cluster.map(grid, tmp_path, scheduler=address)
    assert error.match(
        "1 of 5 runs failed, 1 that need them were left out; .*Killing-.*: its worker was killed each of the 3 times"
    )
    assert lines(log).count("killing") == 3
    status = store.status(grid, tmp_path)
    assert status["state"].tolist() == ["failed", "finished", "finished", "finished", "missing"]
    assert status["error"].tolist()[0].startswith("its worker was killed each of the 3 times")
    assert "after killing" not in lines(log)


# A scheduler and workers that are not ours


@contextmanager
def started(*command, **environment):
    """A process of its own group, which is ended with all of it."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd="/",  # Python looks for modules there first
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def scheduler_started(folder):
    file = folder / "scheduler.json"
    told = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    with started("distributed.cli.dask_scheduler", *told) as process:
        until(lambda: file.exists() and file.read_text())  # it is there before it is written
        yield json.loads(file.read_text())["address"], process


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    with scheduler_started(tmp_path_factory.mktemp("scheduler")) as (address, _):
        yield address


def worker(address, *flags, **environment):
    """As the book's page on clusters tells to start one, but for what the flags change."""
    told = ("--nthreads", "1", "--memory-limit", "0", "--no-dashboard", "--death-timeout", "60")
    return started("distributed.cli.dask_worker", address, *told, *flags, **environment)


FREE = ("--preload-nanny", "lottery.suite.cluster")
# One process less, which would import all that the preload needs: where it does not matter who made a worker.
ALONE = ("--no-nanny",)


def test_on_a_scheduler_runs_wait_for_workers_and_outlive_one(tmp_path, log, scheduler, monkeypatch, capfd):
    monkeypatch.setattr(cluster, "PATIENCE", 0.1)
    grid = [Doubling(number=n, log=log, seconds=1.0) for n in range(6)] + [Surroundings(number=n) for n in range(6)]
    found = []
    mapped = Thread(target=lambda: found.extend(cluster.map(grid, tmp_path, scheduler=scheduler)))
    mapped.start()
    said = []  # what is read may end in the middle of a line

    def heard(words):
        said.append(capfd.readouterr().err)
        return words in "".join(said)

    until(lambda: heard("has no workers: waiting for one"))
    with worker(scheduler, *ALONE) as first:
        until(lambda: any(line.startswith("began") for line in lines(log)))
        os.killpg(first.pid, signal.SIGKILL)
        with worker(scheduler, *FREE):
            mapped.join()
    assert [run.experiment for run in found] == grid
    assert all(run.finished for run in found)
    for run in found[6:]:
        told = {name: value for name, value in run.metrics.items() if name != "pid"}
        assert told == SURROUNDINGS
    began = [line for line in lines(log) if line.startswith("began")]
    assert len(began) == 7  # the killed worker's twice
    assert len(set(began)) == 6


def test_a_careless_worker_is_slow_with_notice_or_refused(tmp_path, log, scheduler, capfd):
    """Each is the only one, so that the first run meets it."""
    grid = [Doubling(number=1, log=log)]
    other = tmp_path / "other"
    shutil.copytree(Path(cluster.__file__).parent.parent, other / "lottery")
    with (other / "lottery" / "masks.py").open("a") as masks:
        masks.write("# a word more\n")
    theirs = os.pathsep.join([str(other), *sys.path])
    refused = {
        "has 2 threads": lambda: worker(scheduler, "--nthreads", "2", *FREE),
        "has another version of lottery than": lambda: worker(scheduler, *ALONE, PYTHONPATH=theirs),
    }
    for told, start in refused.items():
        with start(), pytest.raises(ValueError, match=f"^the worker at tcp://127.* {told}"):
            cluster.map(grid, tmp_path / "results", scheduler=scheduler)
        until(lambda: not workers_of(scheduler))
    assert store.status(grid, tmp_path / "results")["state"].tolist() == ["missing"]
    assert lines(log) == []
    assert "MALLOC_TRIM" not in capfd.readouterr().err
    with worker(scheduler):
        cluster.map(grid, tmp_path / "results", scheduler=scheduler)
    assert "MALLOC_TRIM_THRESHOLD_ makes these workers slow" in capfd.readouterr().err
    until(lambda: not workers_of(scheduler))


def workers_of(scheduler):
    with Client(scheduler, set_as_default=False) as client:
        return client.nthreads()


def test_what_else_makes_a_worker_unfit(tmp_path):
    class Worker:
        address = "tcp://a:1"
        state = type("State", (), {"nthreads": 1})

    landmark = tmp_path / "landmark"
    landmark.touch()
    cluster._refuse(Worker, str(landmark), cluster.SAME)
    with pytest.raises(cluster.Unfit, match="worker at tcp://a:1 does not see the folder of results"):
        cluster._refuse(Worker, str(tmp_path / "elsewhere"), cluster.SAME)
    with pytest.raises(cluster.Unfit, match="has another version of torch, more than this process"):
        cluster._refuse(Worker, str(landmark), cluster.SAME | {"torch": "1.0", "more": "1.0"})


def test_a_scheduler_that_is_not_there_or_of_another_version_is_refused(address, monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER_WITHIN", 0.5)
    for wrong in ("tcp://127.0.0.1:1", "slurm", "http://127.0.0.1:1"):
        with pytest.raises(ValueError, match=f"^no Dask scheduler answers at '{wrong}'.*such as tcp://HOST:8786"):
            cluster.check(wrong)
    with pytest.raises(ValueError, match="no Dask scheduler"):
        cluster.map([Surroundings(number=0)], "nowhere", scheduler="tcp://127.0.0.1:1")
    monkeypatch.setattr(cluster, "ANSWER_WITHIN", 10)
    cluster.check(address)
    monkeypatch.setattr(cluster.distributed, "__version__", "1.0")
    with pytest.raises(ValueError, match=r"has distributed 20.*, this process 1\.0"):
        cluster.check(address)


def test_a_scheduler_that_goes_is_told_in_a_sentence(tmp_path, log):
    with scheduler_started(tmp_path) as (address, process), worker(address, *ALONE):
        Thread(target=lambda: until(lambda: lines(log)) or os.killpg(process.pid, signal.SIGKILL)).start()
        grid = [Doubling(number=n, log=log, seconds=2.0) for n in range(4)]
        with pytest.raises(RuntimeError, match=r"^the scheduler at tcp://127.* is lost"):
            cluster.map(grid, tmp_path / "results", scheduler=address)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_map_leaves_no_worker_behind(tmp_path, log, sent):
    """Ctrl-C reaches all processes of a terminal, kill -9 only the one."""
    script = tmp_path / "script.py"
    script.write_text(
        "from toy_experiments import Doubling\nfrom lottery.suite import cluster\n"
        "if __name__ == '__main__':\n"
        "    import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"    grid = [Doubling(number=n, log={log!r}, seconds=1000.0) for n in range(2)]\n"
        f"    try: cluster.map(grid, {str(tmp_path / 'results')!r})\n"
        "    except KeyboardInterrupt: sys.exit(130)\n"
    )
    process = subprocess.Popen(
        [sys.executable, script],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    until(lambda: len(lines(log)) == 2)
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) >= 2
    os.killpg(process.pid, sent) if sent == signal.SIGINT else process.kill()
    error = process.communicate()[1].decode()
    assert process.returncode == (130 if sent == signal.SIGINT else -9)
    assert "Traceback" not in error
    until(lambda: not any(worker.is_running() for worker in workers))


def test_the_pages_workers_are_jobs_of_slurm(monkeypatch):
    """The page's script up to where jobs would be handed in, which asks for SLURM."""
    jobqueue = pytest.importorskip("dask_jobqueue")
    page = (Path(cluster.__file__).parent.parent.parent / "book" / "cluster.md").read_text()
    (snippet,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    asked, made = [], []
    here = {"host": "127.0.0.1", "dashboard_address": ":0"}

    class Here(jobqueue.SLURMCluster):
        def __init__(self, **told):
            super().__init__(scheduler_options=here, **told)
            made.append(self)

        def adapt(self, **told):
            asked.append(told)

    monkeypatch.setattr(jobqueue, "SLURMCluster", Here)
    monkeypatch.setattr(signal, "pause", lambda: None)
    try:
        exec(compile(snippet, "workers.py", "exec"), {"__name__": "__main__"})
        (slurm,) = made
        assert asked == [{"minimum_jobs": 20, "maximum_jobs": 20}]
        script, address = slurm.job_script(), slurm.scheduler_address
    finally:
        for each in made:
            each.close()
    lines = script.splitlines()
    for line in ("-p PARTITION", "-n 1", "--cpus-per-task=1", "--mem=8G", "-t 12:00:00"):
        assert f"#SBATCH {line}" in lines
    command = lines[-1].split()
    assert command[:4] == [sys.executable, "-m", "distributed.cli.dask_worker", address]
    told = dict(pairwise(command))
    assert (told["--nthreads"], told["--memory-limit"], told["--preload-nanny"]) == ("1", "0", "lottery.suite.cluster")
    assert "--nanny" in command
