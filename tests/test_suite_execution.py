"""From a notebook as text to an executed one that is fit to be published, on small ones."""

import os
import sys
from io import StringIO
from pathlib import Path

import nbformat
import pytest
from held import held
from rich.console import Console
from rich.progress import Progress
from toy_notebooks import COUNT

from lottery.suite import execution

QUIET = Progress(disable=True)


def test_an_executed_notebook_tells_its_parameters_and_nothing_of_the_machine(checkout, notebook, monkeypatch):
    """Run from another folder, where another python3 kernel is set up, and against a store outside the checkout."""
    notebook("experiments/count", COUNT)
    elsewhere = checkout / "elsewhere" / "kernels" / "python3"
    elsewhere.mkdir(parents=True)
    (elsewhere / "kernel.json").write_text('{"argv": ["false"], "display_name": "x", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(checkout / "elsewhere"))
    monkeypatch.chdir(elsewhere)
    output = checkout / "out" / "count.ipynb"
    given = {"upto": 4, "place": "/somewhere", "results": "/store", "workers": 7, "scheduler": "tcp://here:1"}
    execution.execute(checkout, "experiments/count", given, output, QUIET)
    first = output.read_bytes()
    executed = nbformat.read(output, as_version=4)
    nbformat.validate(executed)
    _, defaults, injected, grid, figure, last = executed.cells
    assert executed.metadata.keys() == {"kernelspec", "language_info", "lottery"}
    assert {key for cell in executed.cells for key in cell.metadata} <= {"tags", "mystnb", "lines_to_next_cell"}
    assert defaults.metadata["tags"] == ["parameters", "remove-cell"]
    assert injected.metadata["tags"] == ["injected-parameters", "hide-input"]
    assert injected.source == "upto = 4"
    assert last.outputs[0].text == f"4 {checkout.name} {sys.executable}\n"
    (picture,) = figure.outputs  # what went to stderr is gone
    assert "image/svg+xml" in picture.data
    assert all(cell.execution_count for cell in (defaults, injected, grid, figure, last))
    assert sorted(path.name for path in output.parent.iterdir()) == ["count.ipynb", "count.stamp.json"]
    assert os.environ["JUPYTER_PATH"] == str(checkout / "elsewhere")

    output.unlink()
    execution.execute(checkout, "experiments/count", given, output, QUIET)
    assert output.read_bytes() == first


def test_a_notebook_whose_given_parameters_are_all_the_machines_shows_no_cell_of_them():
    cell = nbformat.v4.new_code_cell('# Parameters\nresults = "/a"\nscheduler = "tcp://b"', metadata={"tags": []})
    cell.metadata.tags.append("injected-parameters")
    assert execution.publishable(nbformat.v4.new_notebook(cells=[cell])).cells == []


@pytest.fixture
def executed(checkout, notebook, monkeypatch):
    """A notebook taken for executed: the kernel is not what is tested."""
    notebook("experiments/count", COUNT)
    (checkout / "book/records/minilm").mkdir(parents=True)
    (checkout / "book/records/minilm/count.parquet").write_text("1")
    (checkout / "book/records/minilm/other.parquet").write_text("1")
    (checkout / "book/published").mkdir()
    (checkout / "book/published/table.csv").write_text("1")
    monkeypatch.setattr("papermill.execute_notebook", lambda notebook, path, **_: nbformat.write(notebook, path))
    output = checkout / "out.ipynb"
    execution.execute(checkout, "experiments/count", {"upto": 4}, output, QUIET)
    return output


def test_what_is_executed_is_up_to_date_on_whatever_machine(checkout, executed):
    for given in ({}, {"workers": 5, "scheduler": "tcp://a:1"}):
        assert execution.up_to_date(checkout, "experiments/count", {"upto": 4} | given, executed)
    assert execution.seconds(executed) < 60


def test_a_notebook_is_out_of_date_once_anything_it_depends_on_changed(checkout, executed):
    def fresh(**given):
        return execution.up_to_date(checkout, "experiments/count", {"upto": 4} | given, executed)

    assert not fresh(upto=5)
    assert not fresh(results="other")
    changes = {
        "notebooks/experiments/count.py": COUNT + "\n",
        "book/records/minilm/count.parquet": "2",
        "book/published/table.csv": "2",
        "constraints.txt": "numpy==2.4.7\n",
        "out.ipynb": "{}",
        "out.stamp.json": "{",
    }
    for path, text in changes.items():
        before = (checkout / path).read_text()
        (checkout / path).write_text(text)
        assert not fresh(), path
        (checkout / path).write_text(before)
        assert fresh(), path
    (checkout / "book/records/minilm/other.parquet").write_text("2")
    assert fresh()
    executed.unlink()
    assert not fresh()


def test_a_notebook_is_out_of_date_once_a_file_that_it_names_holds_something_else(checkout, notebook, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    cells = '# %% tags=["parameters"]\nfile = "mine.csv"\n\n# %% tags=["grid"]\nfrom toy_experiments import Reading\n'
    notebook("experiments/reading", cells + "grid = [Reading(model=file)]\n")
    (checkout / "mine.csv").write_text("text,label\n")
    execution.execute(checkout, "experiments/reading", {}, checkout / "out.ipynb", QUIET)
    assert execution.up_to_date(checkout, "experiments/reading", {}, checkout / "out.ipynb")
    (checkout / "mine.csv").write_text("text;label\n")
    assert not execution.up_to_date(checkout, "experiments/reading", {}, checkout / "out.ipynb")


def test_a_change_of_the_package_puts_notebooks_out_of_date(checkout, executed, monkeypatch):
    (checkout / "lottery").mkdir()
    (checkout / "lottery/masks.py").write_text("")
    monkeypatch.setattr(execution, "__file__", str(checkout / "lottery/suite/execution.py"))
    assert not execution.up_to_date(checkout, "experiments/count", {"upto": 4}, executed)


def test_a_failed_notebook_does_not_take_the_place_of_a_good_one(checkout, notebook):
    notebook("experiments/count", '# %% tags=["parameters"]\nupto = 1\n\n# %%\n1 / upto\n')
    output = checkout / "out.ipynb"
    output.write_text("what was there")
    with pytest.raises(
        RuntimeError, match=r"experiments/count failed in its cell \d: ZeroDivisionError: division by zero"
    ):
        execution.execute(checkout, "experiments/count", {"upto": 0}, output, QUIET)
    assert output.read_text() == "what was there"
    assert "ZeroDivisionError" in (checkout / "out.failed.ipynb").read_text()
    assert not execution.up_to_date(checkout, "experiments/count", {"upto": 0}, output)


def test_it_is_said_that_another_process_is_waited_for(checkout, notebook):
    notebook("experiments/count", '# %% tags=["parameters"]\nupto = 1\n')
    output, told = checkout / "out.ipynb", StringIO()
    shown = Progress(console=Console(file=told), disable=True)
    with held(output.with_name(".out") / "lock", told.getvalue, output):
        execution.execute(checkout, "experiments/count", {}, output, shown)
    assert output.exists()
    assert told.getvalue() == "experiments/count: another process is at it; this one waits until that is done\n"


def test_what_a_cell_refuses_is_told_apart_from_what_fails_in_it(checkout, notebook):
    notebook("experiments/count", '# %% tags=["parameters"]\nupto = 1\n\n# %%\nraise ValueError("upto = 0: more")\n')
    with pytest.raises(ValueError, match=r"failed in its cell \d: ValueError: upto = 0: more"):
        execution.execute(checkout, "experiments/count", {"upto": 0}, checkout / "out.ipynb", QUIET)


def test_unknown_parameters_are_refused_before_anything_runs(checkout, notebook):
    """papermill itself only warns and runs on with the defaults."""
    notebook("experiments/count", COUNT)
    with pytest.raises(ValueError, match="mean 'upto'"):
        execution.execute(checkout, "experiments/count", {"upot": 1}, checkout / "out" / "count.ipynb", QUIET)
    assert not (checkout / "out").exists()


def test_the_last_line_of_a_running_cell_is_shown(capsys):
    terminal = Console(force_terminal=True, width=100)
    with execution.progress(terminal) as bars, execution._Cell(bars, "experiments/count", 4) as cell:
        cell.starts(None, 2)
        for piece in ("\r 1/9 [00:01<00:", "08]\r\x1b[2K\x1b[90m 2/9\x1b[0m [00:02<00:07]", "\n"):
            cell.write(piece)
        assert bars.tasks[0].fields["line"] == "2/9 [00:02<00:07]"
        assert bars.tasks[0].completed == 2
        bars.refresh()
    assert not bars.tasks
    assert "experiments/count" in capsys.readouterr().out


def test_the_kernel_is_this_interpreter_whatever_is_set_up_elsewhere(checkout, notebook, monkeypatch):
    foreign = checkout / "jupyter/kernels/python3"
    foreign.mkdir(parents=True)
    (foreign / "kernel.json").write_text('{"argv": ["/nowhere/python"], "display_name": "x", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(foreign.parents[1]))
    same = f'# %% tags=["parameters"]\n\n# %%\nimport sys\nassert sys.executable == {sys.executable!r}\n'
    notebook("experiments/count", same)
    execution.execute(checkout, "experiments/count", {}, checkout / "out.ipynb", QUIET)


def test_a_figure_is_the_same_whatever_the_last_bits_of_its_places_are():
    drawn = '<g id="p{0}123456789"><path d="M {1} 41.5 \n" clip-path="url(#p{0}123456789)"/></g>'
    one, other = drawn.format("a", "463.477188"), drawn.format("b", "463.477187")
    assert one != other
    assert execution.numbered(one) == execution.numbered(other)
    assert execution.numbered(drawn.format("a", "463.478188")) != execution.numbered(one)
