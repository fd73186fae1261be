"""Kernels forked from a server: what they have in memory, what they heed, and where what libraries say goes."""

import json
import subprocess
import sys
import time

import nbformat
import psutil
from rich.progress import Progress

from lottery.suite import execution, warm

QUIET = Progress(disable=True)

START = '# %% tags=["parameters"]\n\n# %%\n'


def executed(checkout, notebook, cell):
    """What the last cell of a small notebook prints."""
    notebook("experiments/small", START + cell)
    execution.execute(checkout, "experiments/small", {}, checkout / "out.ipynb", QUIET)
    return nbformat.read(checkout / "out.ipynb", as_version=4).cells[-1].outputs[0].text


def test_a_kernel_begins_with_everything_imported_and_as_a_process_of_its_own(checkout, notebook):
    """Before its first cell; the server would not say which of the modules it could not import."""
    cell = "import json, multiprocessing, os, sys, threading\n"
    cell += "print(json.dumps([[*sys.modules], os.getpid() == os.getsid(0), os.getcwd(), sys.argv[0]]))\n"
    modules, leads, folder, program = json.loads(executed(checkout, notebook, cell))
    assert set(warm.IMPORTED) <= set(modules)
    assert leads
    assert folder == str(checkout.resolve())
    assert program.endswith("ipykernel_launcher")


def test_a_kernel_heeds_the_environment_of_whoever_asks_for_it(checkout, notebook, monkeypatch):
    """The server may have been started in another one, by an earlier notebook."""
    executed(checkout, notebook, "print(1)\n")
    (checkout / "mine").mkdir()
    (checkout / "mine/only_here.py").write_text("NAME = 'found'")
    (checkout / "mine/matplotlibrc").write_text("svg.hashsalt: another")
    monkeypatch.setenv("PYTHONPATH", str(checkout / "mine"))
    monkeypatch.setenv("SAID", "aloud")
    monkeypatch.setenv("MATPLOTLIBRC", str(checkout / "mine"))
    cell = "import os, only_here, matplotlib\n"
    cell += "print(only_here.NAME, os.environ['SAID'], matplotlib.rcParams['svg.hashsalt'])\n"
    assert executed(checkout, notebook, cell) == "found aloud lottery\n"
    monkeypatch.delenv("SAID")
    assert executed(checkout, notebook, "import os\nprint(os.environ.get('SAID'))\n") == "None\n"


def test_what_libraries_log_reaches_the_notebook_and_no_terminal(checkout, notebook, capfd):
    """But for a line a minute, which a cell has that waits for the server to import all: so one is executed before."""
    executed(checkout, notebook, "print('begun')\n")
    capfd.readouterr()
    cell = "from transformers.utils import logging\nlogging.get_logger('transformers').warning('only here')\n"
    assert "only here" not in executed(checkout, notebook, cell + "print('done')\n")  # stderr is not published
    told = capfd.readouterr()
    assert "only here" not in told.out + told.err


ALONE = """\
from pathlib import Path
from rich.progress import Progress
from lottery.suite import execution
execution.execute(Path(), "experiments/small", {}, Path("out.ipynb"), Progress(disable=True))
"""


def test_nothing_is_said_of_what_a_kernel_leaves(checkout, notebook):
    """A kernel is killed as soon as its last cell is done."""
    notebook(
        "experiments/small", START + "import multiprocessing\nlock = multiprocessing.get_context('spawn').Lock()\n"
    )
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_kernel_ends_with_the_process_that_asked_for_it(checkout, notebook):
    """The server, which is its parent, lives as long as any kernel does."""
    notebook(
        "experiments/small", START + "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", ALONE])
    while not (checkout / "pid").exists() or not (checkout / "pid").read_text():
        assert process.poll() is None
        time.sleep(0.05)
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    assert int((checkout / "pid").read_text()) in {member.pid for member in family}
    process.kill()
    process.wait()
    assert not psutil.wait_procs(family, timeout=60)[1]
