"""The command line: what it offers, what it refuses in one sentence, and how it hands on what was typed."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import torch

from lottery import store
from lottery.choices import SHELVES
from lottery.masks import files as mask_files
from lottery.suite import book, cli, execution, notebooks

COUNT = """\
# %% [markdown]
# # Counting

# %% tags=["parameters"]
upto = 3
place = ""
train_file = ""
results = "results"
workers = 2
scheduler = ""

# %% tags=["grid"]
from toy_experiments import Doubling

if upto > 99:
    raise ValueError(f"upto = {upto}: at most 99")
grid = [Doubling(number=number, log="log") for number in range(upto)]
"""


@pytest.fixture
def answering(monkeypatch):
    """Has a scheduler answer at every address."""
    monkeypatch.setattr("lottery.suite.cluster.check", lambda scheduler: None)


@pytest.fixture
def counting(checkout, notebook):
    notebook("experiments/count", COUNT)
    (checkout / "notebooks/profiles/quick.yaml").write_text("# Minutes on two cores\n")
    (checkout / "notebooks/profiles/more.yaml").write_text("experiments/count: {upto: 4}\n")
    return checkout


@pytest.fixture
def executed(monkeypatch):
    """What would have been executed: [(notebook, parameters, output)]."""
    told = []

    def execute(root, name, given, output, console):
        told.append((name, given, output))
        output.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(), output)
        return 1.0

    monkeypatch.setattr(execution, "execute", execute)
    return told


def perform(root, *numbers):
    from toy_experiments import Doubling

    for number in numbers:
        store.perform(Doubling(number=number, log="log"), root / "results")


def test_it_starts_without_what_is_slow_to_import():
    slow = "('torch', 'papermill', 'jupytext', 'pandas')"
    code = f"import sys, lottery.suite.cli; print([m for m in {slow} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_to_read_a_notebook_no_grammar_is_compiled():
    """nbformat draws in jsonschema, and that would lark."""
    assert {"nbformat", "jsonschema"} <= sys.modules.keys()
    assert "lark" not in sys.modules


@pytest.mark.parametrize(
    "command",
    [
        "",
        "book",
        "pdf",
        "run",
        "list",
        "runs",
        "record",
        "clean",
        "corpus",
        "agreement",
        "report",
        "shrink",
        "inspect",
        "measure",
        "ticket",
        "ticket save",
        "ticket show",
        "ticket apply",
        "ticket import",
    ],
)
def test_every_help_has_an_example(lottery, command):
    code, told, _ = lottery(*command.split(), "--help")
    assert code == 0
    assert f"Example: lottery {command}".strip() in " ".join(told.split())


def test_commands_are_those_that_are_tested():
    assert len(cli.app.registered_commands) == 14
    (group,) = cli.app.registered_groups
    assert len(group.typer_instance.registered_commands) == 4


# What there is


def test_lists(lottery, counting):
    assert lottery("list", "notebooks") == (0, "experiments/count  Counting\n", "")
    assert lottery("list", "profiles") == (0, "more\nquick  Minutes on two cores\n", "")
    for kind, name, what in (
        ("tasks", "cola", "CoLA"),
        ("tasks", "own", "-p task own -p train_file FILE"),
        ("importance", "magnitude", "weight"),
        ("component_importance", "sample", "example by example"),
        ("baselines", "cbow", "mean of its words"),
        ("mask_learning", "smp_l", "weights stay as pre-trained"),
        ("task_heads", "embedding", "the embedding of each label's word"),
        ("pattern_classifiers", "prototype", "nearest mean picture"),
        ("models", "minilm", "BERT"),
        ("claims", "low_sparsity_is_free", "30 to 40%"),
    ):
        code, told, _ = lottery("list", kind)
        (line,) = [line for line in told.splitlines() if line.startswith(f"{name} ")]
        assert (code, what in line) == (0, True), line


def test_the_readme_names_all_that_can_be_listed():
    words = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert [shelf for shelf in cli.LISTED if f"`{shelf}`" not in words] == []


def test_what_works_without_a_checkout_and_what_does_not(lottery, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(notebooks, "__file__", str(tmp_path / "lottery/suite/notebooks.py"))
    assert lottery("list", "tasks")[0] == 0
    for command in (["book"], ["run", "count"], ["list", "notebooks"], ["runs"], ["record", "quick"], ["clean"]):
        code, _, told = lottery(*command)
        assert code == 2
        assert "get the project's source" in told
        assert told.count("\n") == 1


def test_masks_are_judged_and_drawn(lottery, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        kept = {"heads": torch.rand(3, 4, generator=generator) < 0.5, "mlps": torch.rand(3, generator=generator) < 0.7}
        mask_files.save(tmp_path / f"masks/{seed}.safetensors", kept, model="m", method="x", asked=0.1, seed=seed)
    code, told, error = lottery("agreement", "masks", "-o", "figure.svg")
    assert (code, error) == (0, "")
    heads = mask_files.side_by_side([tmp_path / "masks"])[1]["heads"]
    assert f"3 masks of 12, keeping {heads.sum((1, 2)).min()} to {heads.sum((1, 2)).max()}." in told
    assert "mlps: 3 masks of 3" in told
    assert "figure.svg" in told
    assert "<svg" in (tmp_path / "figure.svg").read_text()


# What is refused


@pytest.mark.parametrize("arguments", [["agreement", "masks", "-o", "there.svg"], ["corpus", "there.txt", "a.json"]])
def test_a_folder_is_not_written_over_by_a_file(lottery, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    mine = next(tmp_path / each / "mine" for each in arguments if each.startswith("there"))
    mine.mkdir(parents=True)
    code, _, error = lottery(*arguments)
    assert (code, f"{mine.parent.name} is there: give another name\n") == (2, error.removeprefix("lottery: "))
    assert mine.is_dir()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["list", "taks"],
            f"no shelf 'taks' (did you mean 'tasks'?): there are {', '.join(SHELVES)}, models, profiles, ",
        ),
        (
            ["list", "methods"],
            "mask_learning, task_heads, baselines, pattern_classifiers, claims, models, profiles, note",
        ),
        (["lits"], "No such command 'lits'"),
        (["run"], "Missing argument"),
        (["run", "coumt"], "no notebook 'coumt'"),
        (["run", "count", "-p", "upot", "1"], "did you mean 'upto'?"),
        (["run", "count", "-p", "upto"], "-p takes two words, NAME VALUE: given is upto"),
        (["run", "count", "-p", "upto", "many"], "upto = 'many' is not a whole number"),
        (["run", "count", "-f", "gone.yaml"], "gone.yaml"),
        (["run", "count", "--profile", "quik"], "did you mean 'quick'?"),
        (["run", "count", "-o", "out.txt"], "ending in .ipynb"),
        (["run", "count", "-p", "upto", "-1"], "upto = -1: -1 is below 0"),
        (["run", "count", "-p", "upto", "100"], "upto = 100: at most 99"),
        (["run", "count", "--workers", "0"], "'--workers': Input should be greater than or equal to 1"),
        (["run", "count", "--scheduler", "nonsense"], "no Dask scheduler answers at 'nonsense'"),
        (["book", "--scheduler", "nonsense"], "no Dask scheduler answers at 'nonsense'"),
        (["book", "--profile", "quik"], "did you mean 'quick'?"),
        (["runs", "quik"], "did you mean 'quick'?"),
        (["record", "quik"], "did you mean 'quick'?"),
        (["agreement", "gone.safetensors"], "gone.safetensors does not exist"),
        (["agreement", "."], "no mask file (*.safetensors)"),
        (["agreement", ".", "-o", "figure.txt"], "ending in .svg, .png or .pdf"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(lottery, counting, executed, arguments, told):
    code, out, error = lottery(*arguments)
    assert (code, out) == (2, "")
    assert error.startswith("lottery: ")
    assert told in error
    assert executed == []


def test_a_failure_is_told_in_a_sentence_and_shown_whole_on_request(lottery, counting, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("notebook experiments/count failed")

    monkeypatch.setattr(book, "build", fail)
    assert lottery("book") == (1, "", "lottery: notebook experiments/count failed\n")
    with pytest.raises(RuntimeError):
        cli.main(["book", "--debug"])


def test_a_notebook_without_a_parameters_cell_is_refused(lottery, counting, notebook, executed):
    notebook("experiments/bare", "# %%\nupto = 3\n")
    code, _, told = lottery("run", "bare")
    assert (code, executed) == (2, [])
    assert "has no cell tagged `parameters`: give it one" in told


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (ValueError("no"), 2, "no"),
        (FileNotFoundError("no file a"), 2, "no file a"),
        (FileNotFoundError(2, "No such file", "a"), 2, "a: No such file"),
        (PermissionError(13, "a cannot be written"), 2, "a cannot be written"),
        (RuntimeError("no"), 1, "no"),
        (RuntimeError(), 1, "RuntimeError"),
        (OSError(28, "a cannot be written: make room"), 1, "a cannot be written: make room"),
    ],
)
def test_what_cannot_be_and_what_failed_have_codes_of_their_own(lottery, counting, monkeypatch, error, code, told):
    monkeypatch.setattr(book, "build", lambda *_, **__: (_ for _ in ()).throw(error))
    assert lottery("book") == (code, "", f"lottery: {told}\n")


# Notebooks and the book


def test_run_takes_parameters_as_papermill_does_the_later_over_the_earlier(lottery, counting, executed, answering):
    (counting / "given.yaml").write_text("place: file\nupto: 5\n")
    output = counting / "book/_build/executed/more/experiments/count.ipynb"
    assert lottery("run", "count", "--profile", "more") == (0, f"experiments/count took 1 s: {output}\n", "")
    lottery("run", "count", "--profile", "more", "-f", "given.yaml", "-p", "upto", "6", "-o", "a.ipynb", "--workers", 8)
    lottery("run", "notebooks/experiments/count.py", "--parameter", "place", "a = b", "--scheduler", "tcp://a:1")
    lottery("run", "count", "--results", "store")
    assert executed == [
        ("experiments/count", {"upto": 4}, output),
        ("experiments/count", {"upto": 6, "place": "file", "workers": 8}, counting / "a.ipynb"),
        (
            "experiments/count",
            {"place": "a = b", "scheduler": "tcp://a:1"},
            counting / "book/_build/executed/run/experiments/count.ipynb",
        ),
        ("experiments/count", {"results": "store"}, counting / "book/_build/executed/run/experiments/count.ipynb"),
    ]


def test_a_path_is_meant_from_where_it_is_typed(lottery, counting, executed, monkeypatch):
    """In -p and in the file of -f alike; a value of what is no path stays one, whatever is called so."""
    (counting / "below" / "mine.csv").mkdir(parents=True)
    (counting / "below" / "given.yaml").write_text("train_file: mine.csv\nplace: mine.csv\n")
    monkeypatch.chdir(counting / "below")
    monkeypatch.setenv("HOME", "/home/anna")
    lottery("run", "count", "-p", "train_file", "mine.csv", "-p", "place", "mine.csv")
    lottery("run", "count", "-f", "given.yaml")
    lottery("run", "count", "-p", "train_file", "../../gone.csv")
    lottery("run", "count", "-p", "train_file", "~/gone.csv", "--results=~/store")
    monkeypatch.chdir(counting)
    lottery("run", "count", "-f", "below/given.yaml")
    place = {"place": "mine.csv"}
    assert [given for _, given, _ in executed] == [
        {"train_file": "below/mine.csv"} | place,
        {"train_file": "below/mine.csv"} | place,
        {"train_file": str(counting / "below/../../gone.csv")},
        {"train_file": "/home/anna/gone.csv", "results": "/home/anna/store"},
        {"train_file": "mine.csv"} | place,
    ]


def test_the_home_folder_is_known_in_every_path(lottery, counting, monkeypatch):
    (counting / "home").mkdir()
    monkeypatch.setenv("HOME", str(counting / "home"))
    shutil.copytree(counting / "notebooks/profiles", counting / "home/masks")
    for command in (
        ["corpus", "~/corpus.txt", "~/gone.json"],
        ["agreement", "~/masks", "-o", "~/a.svg"],
        ["ticket", "show", "~/gone.safetensors"],
        ["ticket", "import", "~/gone.npy", "-o", "t.safetensors"],
        ["ticket", "apply", "~/gone.safetensors", "minilm", "--output=~/masks"],
        ["run", "count", "-f", "~/gone.yaml"],
        ["clean", "--results=~/masks"],
    ):
        code, told, error = lottery(*command)
        assert "~" not in told + error
        assert (code, error.count(str(counting / "home"))) == (2, 1) or command[0] == "clean", command


def test_run_says_what_is_up_to_date_and_executes_it_if_forced(lottery, counting, executed, monkeypatch):
    nbformat.write(nbformat.v4.new_notebook(), counting / "a.ipynb")
    monkeypatch.setattr(execution, "up_to_date", lambda *_: True)
    code, told, _ = lottery("run", "count", "-o", "a.ipynb")
    assert (code, told) == (0, "experiments/count is up to date: a.ipynb (--force executes it again)\n")
    assert executed == []
    lottery("run", "count", "-o", "a.ipynb", "--force")
    assert len(executed) == 1


def test_run_tells_what_the_cells_tagged_answer_say(lottery, counting, monkeypatch):
    def cell(tags, *texts):
        outputs = [nbformat.v4.new_output("display_data", {"text/markdown": text}) for text in texts]
        return nbformat.v4.new_code_cell("", metadata={"tags": tags}, outputs=outputs)

    cells = [cell([], "# Not this"), cell(["answer"], "**40%** can go", "- or less"), cell(["answer"])]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), counting / "a.ipynb")
    monkeypatch.setattr(execution, "up_to_date", lambda *_: True)
    _, told, _ = lottery("run", "count", "-o", "a.ipynb")
    assert told.split() == [*"experiments/count is up to date: a.ipynb (--force executes it again)".split(),
                            *"40% can go • or less".split()]  # fmt: skip


def test_run_tells_paths_of_the_store_as_one_types_them(lottery, counting, monkeypatch):
    """The page names no place of this machine; what is printed can be copied, from whatever folder."""
    monkeypatch.setattr(execution, "up_to_date", lambda *_: True)
    (counting / "sub").mkdir()
    mask = f"Search/{'0' * 100}/mask.safetensors"
    for folder, results, shown, told in (
        (counting, "results", "results", f"results/{mask}"),
        (counting / "sub", f"{counting}/results", "results", f"{counting}/results/{mask}"),
        (counting, "store", "store", f"store/{mask}"),
        (counting, f"{counting.parent}/elsewhere", "STORE", f"{counting.parent}/elsewhere/{mask}"),
        (counting / "sub", "../../elsewhere", "STORE", f"../../elsewhere/{mask}"),
    ):
        monkeypatch.chdir(folder)
        given = notebooks.machine(counting, "experiments/count", results=Path(results))["results"]
        assert notebooks.on_page(given) == shown
        text = {"text/markdown": f"the mask `{shown}/{mask}`."}
        output = nbformat.v4.new_output("display_data", text)
        cell = nbformat.v4.new_code_cell("", metadata={"tags": ["answer"]}, outputs=[output])
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), counting / "a.ipynb")
        code, out, _ = lottery("run", "count", "-o", counting / "a.ipynb", "--results", results)
        assert (code, out.split()[-1]) == (0, f"{told}.")


def test_book_builds_and_says_where(lottery, counting, monkeypatch, answering):
    told = {}
    monkeypatch.setattr(
        book, "build", lambda root, profile, **given: told.update(given | {"profile": profile}) or root / "index.html"
    )
    code, out, _ = lottery("book", "--profile", "more", "--workers", "4", "--scheduler", "tcp://a:1", "--results", "s")
    assert (code, out) == (0, f"The book is there: open {counting / 'index.html'}\n")
    console = told.pop("console")
    assert console.stderr
    assert told == {
        "profile": "more",
        "results": counting / "s",
        "workers": 4,
        "scheduler": "tcp://a:1",
        "force": False,
    }


# The store


def test_runs_counts_what_is_finished_failed_and_missing(lottery, counting):
    perform(counting, 0, 1)
    third = notebooks.grid(counting, "experiments/count", {})[2]
    failed = store.Run(third, counting / "results")
    failed.path.mkdir(parents=True)
    (failed.path / store.ERROR).write_text(json.dumps({"error": "ValueError: no"}))
    code, told, _ = lottery("runs", "more", "--notebook", "count")
    assert code == 0
    assert told.splitlines()[1].split() == ["experiments/count", "2", "1", "1"]
    assert told.splitlines()[2].split() == ["Doubling", f"{store.key(third)}:", "ValueError:", "no"]


def test_runs_shows_some_failures_in_a_line_each_and_counts_the_rest(lottery, counting):
    (counting / "notebooks/profiles/more.yaml").write_text("experiments/count: {upto: 23}\n")
    for experiment in notebooks.grid(counting, "experiments/count", {"upto": 23}):
        folder = store.Run(experiment, counting / "results").path
        folder.mkdir(parents=True)
        (folder / store.ERROR).write_text(json.dumps({"error": "ValueError: no\nand more\nof it"}))
    lines = lottery("runs", "more")[1].splitlines()
    assert lines[1].split() == ["experiments/count", "0", "23", "0"]
    assert [line.split(":", 1)[1] for line in lines[2:12]] == [" ValueError: no"] * 10
    assert lines[12:] == ["  ... and 13 more that failed"]


def test_runs_without_a_profile_tells_what_lies_in_the_store(lottery, counting, monkeypatch):
    from toy_experiments import Searched

    code, told, _ = lottery("runs")
    assert (code, told) == (0, f"no run has ended in {counting / 'results'}\n")
    perform(counting, 0, 1, 2)
    grid = notebooks.grid(counting, "experiments/count", {})
    masked = Searched(seed=3)
    store.perform(masked, counting / "elsewhere")
    for number, experiment in enumerate(grid[:3]):
        os.utime(store.Run(experiment, counting / "results").path / store.RECORD, (number, 10_000 * number))
    failed = store.Run(replace(grid[0], number=7), counting / "results").path
    failed.mkdir(parents=True)
    (failed / store.ERROR).write_text(json.dumps({"error": "ValueError: no\nand more"}))
    for arguments in (["runs"], ["runs", "--notebook", "count"]):
        code, told, _ = lottery(*arguments)
        assert code == 0
        lines = told.splitlines()
        assert str(counting / "results") in lines[0]
        assert lines[1].split()[2:] == [f"Doubling/{failed.name}", "failed:", "ValueError:", "no"]
        assert [line.split()[2] for line in lines[2:]] == [f"Doubling/{store.key(each)}" for each in grid[2::-1]]
        assert [line.split()[-2:] for line in lines[2:]] == [["number", str(each)] for each in (2, 1, 0)]
    assert len(lottery("runs", "--most", "2")[1].splitlines()) == 3
    told = lottery("runs", "--results", "elsewhere")[1].splitlines()
    assert told[1].split()[2:] == [f"Searched/{store.key(masked)}", "75.0", "mask.safetensors"]
    assert f"`lottery ticket save {counting / 'elsewhere'}/RUN -o" in told[2]


@pytest.mark.parametrize("command", [["runs"], ["runs", "quick"], ["clean"]])
def test_a_file_in_place_of_the_store_is_refused_in_one_sentence(lottery, counting, command):
    place = counting / "file.txt"
    place.write_text("runs")
    code, _, error = lottery(*command, "--results", place)
    assert code == 2
    assert error == f"lottery: {place} is a file: give the folder in which the runs lie, or are to lie\n"


def test_record_writes_the_finished_runs_of_what_a_profile_names(lottery, counting):
    record = counting / "book/records/more/count.parquet"
    perform(counting, 0, 1, 2)
    code, _, told = lottery("record", "more")
    assert code == 2
    assert "Doubling" in told
    assert "is missing" in told
    assert not record.exists()
    perform(counting, 3)
    assert lottery("record", "more") == (
        0,
        "experiments/count: 4 runs recorded in book/records/more/count.parquet\n",
        "",
    )
    assert pd.read_parquet(record)["double"].tolist() == [0, 2, 4, 6]
    code, _, told = lottery("record", "quick")
    assert (code, "the profile quick names no notebook" in told) == (2, True)


def test_a_notebook_run_by_itself_takes_what_a_profile_shares_and_is_recorded_only_where_it_is_named(
    lottery, counting, notebook, executed
):
    (counting / "notebooks/profiles/more.yaml").write_text("everywhere: {upto: 2}\nexperiments/count:\n")
    notebook("experiments/again", COUNT)
    lottery("run", "again", "--profile", "more")
    assert executed[0][:2] == ("experiments/again", {"upto": 2})
    assert lottery("runs", "more", "--notebook", "again")[1].splitlines()[1].split()[-1] == "2"
    perform(counting, 0, 1)
    assert "2 runs recorded" in lottery("record", "more")[1]
    code, _, told = lottery("record", "more", "--notebook", "again")
    assert (code, "the profile more does not name experiments/again, but experiments/count" in told) == (2, True)
    (counting / "notebooks/profiles/more.yaml").write_text("everywhere: {upto: 2}\n")
    assert "the profile more names no notebook" in lottery("record", "more")[2]


def test_record_goes_on_where_another_store_ended(lottery, counting):
    perform(counting, 0, 1, 2, 3)
    lottery("record", "more")
    shutil.rmtree(counting / "results")
    (counting / "notebooks/profiles/more.yaml").write_text("experiments/count: {upto: 6}\n")
    code, _, told = lottery("record", "more")
    assert code == 2
    assert told.count("is missing") == 2
    perform(counting, 4, 5)
    told = "experiments/count: 6 runs recorded in book/records/more/count.parquet, 4 of them as recorded before\n"
    assert lottery("record", "more") == (0, told, "")
    assert pd.read_parquet(counting / "book/records/more/count.parquet")["double"].tolist() == [0, 2, 4, 6, 8, 10]


def test_clean_removes_what_is_unfinished_and_nobody_works_on(lottery, counting):
    perform(counting, 0)
    folder = counting / "results/Doubling"
    (finished,) = folder.iterdir()
    kept = {path.name for path in finished.iterdir()}
    (finished / ".double-123.json").write_text("")
    for name in ("unfinished", "working"):
        (folder / name).mkdir()
        (folder / name / "parameters.json").write_text("{}")
    failed = counting / "book/_build/executed/quick/experiments/count.failed.ipynb"
    failed.parent.mkdir(parents=True)
    failed.write_text("a" * 30_000)
    (failed.parent / ".count").mkdir()
    for place, name in ((".count", "lock"), (".count", "half.ipynb")):
        (failed.parent / place / name).write_text("")
    with (folder / "working/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert lottery("clean") == (0, "4 removed, 0.0 MB\n", "")
    assert {path.name for path in folder.iterdir()} == {finished.name, "working"}
    assert {path.name for path in finished.iterdir()} == kept
    assert list(failed.parent.iterdir()) == []


def test_clean_all_asks_first(lottery, counting, monkeypatch):
    perform(counting, 0)
    monkeypatch.setattr("typer.confirm", lambda *_, abort: (_ for _ in ()).throw(cli.typer.Abort()))
    assert lottery("clean", "--all")[0] == 1
    assert (counting / "results").exists()
    monkeypatch.setattr("typer.confirm", lambda *_, abort: True)
    assert lottery("clean", "--all")[0] == 0
    assert not (counting / "results").exists()
