"""Processes that one asks for: what they are given, what they say, and that they end with the one that asked."""

import json
import subprocess
import sys
import time

import psutil

from lottery import processes


def test_a_program_gets_what_it_is_given_and_what_it_says_comes_back(tmp_path, monkeypatch):
    monkeypatch.setenv("OF_THIS_PROCESS", "1")
    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    program = """
import json
names = ["OF_THIS_PROCESS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"]
print(json.dumps([sys.argv[1:], os.getcwd(), sys.stdin.read(), *map(os.environ.get, names)]))
sys.stderr.buffer.write(b"\\xff so")
sys.exit(3)
"""
    done = processes.run(program, "a", "b c", environment=processes.threads(2), folder=tmp_path, given=b"words")
    assert json.loads(done.stdout) == [["a", "b c"], str(tmp_path), "words", "1", "2", "2", "2"]
    assert (done.returncode, done.stderr) == (3, "\N{REPLACEMENT CHARACTER} so")


def test_the_other_process_ends_with_the_one_that_asked_for_it():
    """By one in between that is killed while the other sleeps for a minute, as it was told."""
    between = "from lottery import processes; processes.run('time.sleep(60)')"
    with subprocess.Popen([sys.executable, "-c", between]) as asked:
        while not (children := psutil.Process(asked.pid).children()):
            time.sleep(0.05)
        (child,) = children
        time.sleep(1)
        assert child.is_running()
        asked.kill()
    psutil.wait_procs([child], timeout=40)
    assert not child.is_running()
