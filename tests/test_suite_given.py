"""From where paths are meant, whoever executes a notebook: the command, papermill alone, or an editor's kernel."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
from papermill import cli
from papermill.exceptions import PapermillExecutionError
from toy_experiments import Reading

from lottery import store
from lottery.suite import notebooks
from lottery.suite.given import PATHS, from_folder, given

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lottery"

READING = """\
# %% tags=["parameters"]
model = "miniature"
data_dir = ""
train_file = ""
dev_file = ""
text_column = "text"
labels = "classes"
sparsities = [0.2]
results = "results"
records = "book/records"
workers = 1
scheduler = ""

# %% tags=["grid"]
from lottery.suite.given import given

globals().update(given("experiments/reading", globals()))
from toy_experiments import Reading

files = [file for file in (train_file, dev_file) if file]
grid = [Reading(model=file, sizes=tuple(round(100 * sparsity) for sparsity in sparsities)) for file in files]

# %%
from pathlib import Path

from lottery.suite.chapter import all_published, perform, read_published

chapter = perform("experiments/reading", grid, results, records, workers=workers, scheduler=scheduler)
print(f"{len(chapter.live)} live, {len(chapter.minilm)} recorded, {read_published('printed')['number'].sum()} printed")
print(*all_published())
print(*(Path(file).read_text() for file in files))
"""


@pytest.fixture
def house(small, notebook, tmp_path_factory):
    """A checkout from which the package is installed, with a notebook, something recorded and something published."""
    # What is compiled goes with it, else each kernel compiles all of it; but for what other processes have in work.
    shutil.copytree(PACKAGE, small / "lottery", ignore=shutil.ignore_patterns("*.pyc.*"))
    notebook("experiments/reading", READING)
    (small / "book/published").mkdir()
    (small / "book/published/printed.csv").write_text("number\n3\n4\n")
    recorded = [Reading(model="recorded"), Reading(model="too")]
    for experiment in recorded:
        store.perform(experiment, tmp_path_factory.getbasetemp() / "recorded")
    (small / "book/records/minilm").mkdir(parents=True)
    store.record(recorded, tmp_path_factory.getbasetemp() / "recorded", small / "book/records/minilm/reading.parquet")
    return small


@pytest.fixture
def elsewhere(tmp_path_factory, monkeypatch) -> Path:
    """A folder that knows nothing of the checkout, where one stands; a file, and folders called as values are."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "mine.csv").write_text("from elsewhere")
    for name in ("own", "text", "classes", "minilm", "miniature", "hub", "magnitude", "local"):
        (folder / name).mkdir()
    monkeypatch.chdir(folder)
    return folder


# What is a path


def test_a_value_is_a_path_only_where_the_parameter_is_one(elsewhere, tmp_path):
    values = {
        "task": "own",
        "text_column": "text",
        "labels": "classes",
        "importance": "magnitude",
        "scope": "local",
        "model": "minilm",
        "models": ["minilm", "miniature"],
        "data_dir": "hub",
        "dev_file": "",
        "sparsities": [0.5],
        "epochs": 3.0,
    }
    assert from_folder(elsewhere, tmp_path, values) == values


def test_a_path_is_meant_from_where_it_is_typed_whether_it_is_there_or_not(elsewhere, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (elsewhere / "sub/mine").mkdir(parents=True)
    for parameter in ("train_file", "dev_file", "text", "maps", "labels_file", "results", "records", "data_dir"):
        for typed, meant in (
            ("mine.csv", elsewhere / "mine.csv"),
            ("gone.csv", elsewhere / "gone.csv"),
            ("text", elsewhere / "text"),
            ("/a/b.csv", Path("/a/b.csv")),
            ("~/b.csv", tmp_path / "home" / "b.csv"),
        ):
            assert from_folder(elsewhere, tmp_path / "root", {parameter: typed}) == {parameter: str(meant)}
    for typed, meant in (
        ("own", elsewhere / "own"),
        ("./minilm", elsewhere / "minilm"),
        ("sub/mine", elsewhere / "sub/mine"),
        ("sub/mine/gone", elsewhere / "sub/mine/gone"),
        ("../gone", elsewhere / "../gone"),
        ("~/b", tmp_path / "home" / "b"),
        ("bert-base-uncased", "bert-base-uncased"),
        ("sentence-transformers/all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"),
    ):
        assert from_folder(elsewhere, tmp_path / "root", {"model": typed}) == {"model": str(meant)}
        assert from_folder(elsewhere, tmp_path / "root", {"models": [typed]}) == {"models": [str(meant)]}


def test_what_is_in_the_checkout_is_told_from_there(tmp_path):
    below = tmp_path / "notebooks"
    below.mkdir()
    assert from_folder(below, tmp_path, {"train_file": "a.csv"}) == {"train_file": "notebooks/a.csv"}
    assert from_folder(tmp_path, tmp_path, {"train_file": "a.csv"}) == {"train_file": "a.csv"}
    assert from_folder(below, tmp_path, {"train_file": "../../a.csv"}) == {"train_file": str(below / "../../a.csv")}


@pytest.mark.parametrize("name", notebooks.find(ROOT))
def test_what_a_notebook_calls_a_folder_or_a_file_of_data_is_a_path(name):
    """By the words beside each parameter."""
    (cell,) = (
        cell.source
        for cell in jupytext.read(ROOT / "notebooks" / f"{name}.py").cells
        if "parameters" in cell.metadata.get("tags", [])
    )
    for line in cell.splitlines():
        parameter, _, rest = line.partition(" = ")
        value, _, words = rest.partition("  # ")
        told = "folder" in words or "file or" in words or ".csv" in words or "/" in value
        told |= parameter.endswith(("_file", "_dir")) or parameter in ("results", "answering")
        assert (parameter in PATHS) == told, line


@pytest.mark.parametrize("name", notebooks.find(ROOT))
def test_a_notebook_takes_its_parameters_as_they_are_given_before_it_uses_them(name):
    """In the first cell of code after them; and what the checkout brings it reads by the functions of `chapter`."""
    cells = [cell for cell in jupytext.read(ROOT / "notebooks" / f"{name}.py").cells if cell.cell_type == "code"]
    (place,) = (n for n, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", []))
    statements = [
        statement
        for statement in ast.parse(cells[place + 1].source).body
        if not isinstance(statement, (ast.Import, ast.ImportFrom))
    ]
    assert ast.unparse(statements[0]) == f"globals().update(given('{name}', globals()))"
    rest = "\n".join(cell.source for cell in cells[place + 1 :])
    assert not re.findall(r"""["']book/|["']notebooks["'/]""", rest)


# Kernels that start anywhere


@pytest.fixture
def papermill(house, elsewhere, monkeypatch):
    """Calls papermill alone in the current folder, on that checkout's notebook: as its command does, or by it."""
    there = elsewhere / "in.ipynb"
    jupytext.write(jupytext.read(house / "notebooks/experiments/reading.py"), there)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(house), str(Path(__file__).parent)]))
    fixed = [str(there), "out.ipynb", "-k", "python3", "--no-progress-bar"]

    def call(*words: str, command: bool = False) -> None:
        if command:
            subprocess.run([sys.executable, "-m", "papermill", *fixed, *words], capture_output=True, check=True)
        else:
            cli.papermill.main([*fixed, *words], standalone_mode=False)

    return call


def printed() -> str:
    """What the executed notebook has printed."""
    cells = nbformat.read("out.ipynb", as_version=4).cells
    texts = [output.get("text", "") for cell in cells for output in cell.get("outputs", [])]
    return "".join(text for text in texts if "live" in text)


def test_papermill_alone_finds_store_and_records_of_the_checkout_and_files_from_where_it_is_called(
    house, elsewhere, papermill
):
    papermill("-p", "train_file", "mine.csv", "-y", "sparsities: [0.5, 0.25]", command=True)
    assert printed() == "1 live, 2 recorded, 7 printed\nprinted\nfrom elsewhere\n"
    assert len([*(house / "results/Reading").iterdir()]) == 1
    assert not (elsewhere / "results").exists()


def test_a_kernel_in_the_folder_of_the_notebook_finds_the_checkout(house, elsewhere, papermill):
    """And in it the store: both runs are there, so that no worker has to be started for them."""
    (house / "data.csv").write_text("from the checkout")
    (house / "notebooks/experiments/near.csv").write_text("from the notebook's folder")
    for file in ("data.csv", "notebooks/experiments/near.csv"):
        store.perform(Reading(model=str(house / file), sizes=(20,)), house / "results")
    files = ("-p", "train_file", "data.csv", "-p", "dev_file", "near.csv")
    papermill(*files, "--cwd", str(house / "notebooks/experiments"))
    assert printed() == "2 live, 2 recorded, 7 printed\nprinted\nfrom the checkout from the notebook's folder\n"
    assert len([*(house / "results/Reading").iterdir()]) == 2
    assert [*house.rglob("Reading")] == [house / "results/Reading"]
    assert not (elsewhere / "results").exists()


def test_a_list_that_papermill_takes_for_a_text_is_refused_with_the_words_that_work(house, papermill):
    words = r"sparsities = '\[0.2\]' is misread: papermill takes it by -y 'sparsities: \[0.2\]'"
    with pytest.raises(PapermillExecutionError, match=words):
        papermill("-p", "train_file", "mine.csv", "-p", "sparsities", "[0.2]")
    assert not (house / "results").exists()


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ({"sparsities": "[0.2]"}, "papermill takes it by -y 'sparsities: \\[0.2\\]'"),
        ({"text_column": 7}, "papermill takes it by -r text_column 7"),
        ({"workers": "many"}, "workers = 'many' is not a whole number"),
        ({"sparsities": ["half"]}, "is not a number"),
    ],
)
def test_a_value_of_another_type_is_refused(house, elsewhere, monkeypatch, scope, told):
    for folder in (house, house / "notebooks/experiments"):
        monkeypatch.chdir(folder)
        with pytest.raises(ValueError, match=told):
            given("experiments/reading", scope)


def test_in_the_checkout_parameters_are_what_they_are(house):
    scope = {"train_file": "a.csv", "results": "results", "model": "minilm", "sparsities": [0.5]}
    parameters = given("experiments/reading", scope | {"other": 3})
    assert parameters == notebooks.resolve(house, "experiments/reading", scope)
    assert parameters.items() >= scope.items()
