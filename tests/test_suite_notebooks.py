"""The notebooks of the house, and how small ones are found, read and given their parameters."""

import ast
import re
from pathlib import Path

import jupytext
import nbformat
import pytest
from papermill.translators import PythonTranslator
from toy_notebooks import COUNT

from lottery import choices
from lottery.suite import notebooks

ROOT = Path(__file__).parent.parent
OURS = notebooks.find(ROOT)

# The notebooks of this project


def test_there_are_notebooks():
    assert OURS


def used_too_early(source: str) -> set[str]:
    """Names that a notebook uses above the line that imports them; in a function, too, which may be called above."""
    tree, lines = ast.parse(source), {}
    for node in tree.body:
        for each in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
            lines.setdefault((each.asname or each.name).partition(".")[0], node.lineno)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return {node.id for node in names if node.lineno < lines.get(node.id, 0)}


@pytest.mark.parametrize("name", OURS)
def test_a_notebook_imports_a_name_before_it_uses_it(name):
    assert used_too_early((ROOT / "notebooks" / f"{name}.py").read_text(encoding="utf-8")) == set()


def test_a_name_that_is_used_too_early_is_seen():
    assert used_too_early("def f():\n    return look(1)\nf()\nfrom a import look\n") == {"look"}
    assert used_too_early("from a import look\nimport b.c\nlook(b.c)\nfrom a import look\n") == set()


@pytest.mark.parametrize("name", OURS)
def test_a_notebook_is_the_same_after_a_journey_to_ipynb_and_back(name):
    text = (ROOT / "notebooks" / f"{name}.py").read_text(encoding="utf-8")
    there = jupytext.writes(jupytext.reads(text, fmt="py:percent"), fmt="ipynb")
    back = jupytext.reads(jupytext.writes(jupytext.reads(there, fmt="ipynb"), fmt="py:percent"), fmt="py:percent")
    here = jupytext.reads(text, fmt="py:percent")
    told = [[(cell.cell_type, cell.source, cell.metadata.get("tags")) for cell in book.cells] for book in (here, back)]
    assert told[0] == told[1]
    assert back.metadata.get("lottery") == here.metadata.get("lottery")


@pytest.mark.parametrize("name", OURS)
def test_a_notebook_says_its_parameters_its_kernel_and_its_title(name):
    machine = {"results", "workers", "scheduler"} if name.startswith("experiments/") else set()
    text = (ROOT / "notebooks" / f"{name}.py").read_text(encoding="utf-8")
    recorded = {"records"} if re.search(r"\b(recorded|perform)\(", text) else set()
    assert recorded | machine <= notebooks.defaults(ROOT, name).keys()
    assert jupytext.read(ROOT / "notebooks" / f"{name}.py").metadata["kernelspec"]["name"] == "python3"
    assert notebooks.title(ROOT, name)


@pytest.mark.parametrize("name", OURS)
def test_a_notebook_is_read_as_jupytext_reads_it(name):
    book = jupytext.read(ROOT / "notebooks" / f"{name}.py")
    tagged = {tag: cell.source for cell in reversed(book.cells) for tag in cell.metadata.get("tags", [])}
    text = notebooks._read(ROOT, name)
    assert {tag: notebooks._tagged(text, tag) for tag in tagged} == tagged
    assert notebooks._tagged(text, "nowhere") is None
    assert notebooks.header(ROOT, name) == book.metadata.get("lottery", {})
    first = next(cell.source for cell in book.cells if cell.cell_type == "markdown" and "# " in cell.source)
    assert f"# {notebooks.title(ROOT, name)}" in first.splitlines()


@pytest.mark.parametrize("name", OURS)
def test_papermill_reads_every_line_of_the_parameters_and_warns_of_none(name, caplog):
    cell = nbformat.v4.new_code_cell(notebooks._tagged(notebooks._read(ROOT, name), "parameters"))
    read = {parameter.name for parameter in PythonTranslator.inspect(cell)}
    assert not caplog.records
    assert read == notebooks.defaults(ROOT, name).keys()


def test_papermill_warns_of_a_line_that_it_cannot_read(caplog):
    PythonTranslator.inspect(nbformat.v4.new_code_cell("sparsity = 0.5  # sparsity = share removed"))
    assert "Unable to parse line" in caplog.text


@pytest.mark.parametrize("name", OURS)
def test_a_notebook_tells_how_its_own_record_is_made(name):
    told = re.findall(r'perform\("([^"]+)"', (ROOT / "notebooks" / f"{name}.py").read_text())
    assert set(told) <= {name}


def test_every_profile_names_only_what_there_is():
    found = notebooks.profiles(ROOT)
    assert {"smoke", "quick"} <= set(found)
    for profile in found:
        notebooks.profile(ROOT, profile)


def test_every_run_of_the_profile_paper_can_be_named(tmp_path, monkeypatch):
    """With made-up folders for its data and no model: what it asks for is what experiments take."""
    (tmp_path / "text").mkdir()
    for task in choices.offered("tasks"):
        (tmp_path / choices.choose("tasks", task).FOLDER).mkdir(exist_ok=True)
    monkeypatch.setattr("lottery.experiments.starts._check", lambda model: None)
    monkeypatch.setattr("lottery.experiments.starts._splits", lambda task, data: ["train", "dev"])
    monkeypatch.setattr("lottery.experiments.starts._read", lambda text: None)
    places = {"glue_data": str(tmp_path), "text": str(tmp_path / "text")}
    for name, given in notebooks.profile(ROOT, "paper").items():
        here = {each: places[value] if each in ("data_dir", "text") else value for each, value in given.items()}
        assert notebooks.grid(ROOT, name, here), name


# Finding


def test_a_checkout_is_found_from_below_and_missed_outside(checkout, monkeypatch):
    monkeypatch.chdir(checkout / "notebooks" / "profiles")
    assert notebooks.checkout() == checkout
    monkeypatch.chdir("/")
    assert notebooks.checkout() == ROOT
    monkeypatch.setattr(notebooks, "__file__", "/nowhere/lottery/suite/notebooks.py")
    with pytest.raises(FileNotFoundError, match="get the project's source"):
        notebooks.checkout()


def test_a_notebook_is_meant_by_its_name_its_last_part_or_its_path(checkout, notebook):
    notebook("experiments/count", COUNT)
    for given in ("experiments/count", "count", "notebooks/experiments/count.py", str(checkout / "experiments/count")):
        assert notebooks.named(checkout, given) == "experiments/count"
    with pytest.raises(ValueError, match=r"no notebook 'coumt': there are experiments/count$"):
        notebooks.named(checkout, "coumt")


def test_two_notebooks_of_one_name_are_refused(checkout, notebook):
    notebook("experiments/count", COUNT)
    notebook("analyses/count", COUNT)
    with pytest.raises(ValueError, match="analyses/count and experiments/count"):
        notebooks.find(checkout)


# Parameters


def test_defaults_are_the_plain_values_of_the_cell(checkout, notebook):
    notebook("experiments/count", COUNT)
    assert list(notebooks.defaults(checkout, "experiments/count").items())[:3] == [
        ("upto", 3),
        ("share", 0.5),
        ("words", ["one"]),
    ]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("# %%\nupto = 3\n", "no cell tagged `parameters`"),
        ('# %% tags=["parameters"]\nupto = 1 + len("a")\n', r"`upto = 1 \+ len\('a'\)`"),
        ('# %% tags=["parameters"]\nimport os\n', "`import os`"),
        ('# %% tags=["parameters"]\na, b = 1, 2\n', r"only `name = plain value`"),
        ('# %% tags=["parameters"]\nsizes = (1, 2)\n', "sizes is a tuple; write a list"),
    ],
)
def test_a_notebook_whose_parameters_cannot_be_known_is_refused(checkout, notebook, cells, told):
    notebook("experiments/count", cells)
    with pytest.raises(ValueError, match=told):
        notebooks.defaults(checkout, "experiments/count")


@pytest.mark.parametrize(
    ("given", "resolved"),
    [
        ({"share": 1}, 1.0),
        ({"share": "5e-5"}, 5e-5),  # as yaml reads it
        ({"shares": [1, "1e-1"]}, [1.0, 0.1]),
        ({"words": []}, []),
        ({"upto": 10}, 10),
        ({"loud": True}, True),
    ],
)
def test_a_value_takes_the_type_of_its_default(checkout, notebook, given, resolved):
    notebook("experiments/count", COUNT)
    (name,) = given
    found = notebooks.resolve(checkout, "experiments/count", given)[name]
    assert found == resolved
    assert type(found) is type(resolved)


def test_numbers_with_an_exponent_are_numbers_by_whatever_name_they_are_held(checkout, notebook):
    """Where the default, which is empty, does not tell their type."""
    notebook("experiments/count", '# %% tags=["parameters"]\nchosen = {}\n')
    typed = {"chosen": "{a: {rate: 3e-4, strength: 400, most: 1.5e3}, b: e-4, c: 2}"}
    values = notebooks.parsed(checkout, "experiments/count", typed)
    found = notebooks.resolve(checkout, "experiments/count", values)["chosen"]
    assert found == {"a": {"rate": 3e-4, "strength": 400, "most": 1500.0}, "b": "e-4", "c": 2}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"upot": 1}, r"no parameter 'upot' \(did you mean 'upto'\?\): there are upto, share, "),
        ({"upto": 1.5}, "upto = 1.5 is not a whole number"),
        ({"upto": True}, "upto = True is not a whole number"),
        ({"share": True}, "share = True is not a number such as 0.5"),
        ({"upto": -1}, "upto = -1: -1 is below 0"),
        ({"share": -0.5}, "share = -0.5: -0.5 is below 0"),
        ({"share": "1e999"}, "share = '1e999': inf is not finite"),
        ({"shares": [0.5, -1]}, r"shares = \[0.5, -1\]: -1.0 is below 0"),
        ({"share": 10**400}, "is not a number such as 0.5"),
        ({"share": float("nan")}, "share = nan: nan is not finite"),
        ({"share": "half"}, "share = 'half' is not a number"),
        ({"loud": 1}, "loud = 1 is not True or False"),
        ({"place": 3}, "place = 3 is not a text"),
        ({"words": "one"}, r"words = 'one' is not a list such as \['one'\]"),
        ({"words": [1]}, "is not a text"),
    ],
)
def test_unknown_parameters_and_other_types_are_refused(checkout, notebook, given, told):
    notebook("experiments/count", COUNT)
    with pytest.raises(ValueError, match=told):
        notebooks.resolve(checkout, "experiments/count", given)


@pytest.mark.parametrize(
    ("parameter", "typed", "wrong"),
    [
        ("more", "[3, -1]", -1),
        ("chosen", "{a: {rate: -1}}", -1),
        ("chosen", "{a: [3, -1]}", -1),
        ("examples", "{cola: -7}", -7),
        ("long", "-2", -2.0),
        ("anything", "[-1]", -1),
    ],
)
def test_a_number_below_0_is_refused_wherever_it_stands(checkout, notebook, parameter, typed, wrong):
    defaults = 'more = []\nchosen = {}\nexamples = 0\nlong = "auto"\nanything = None\n'
    notebook("experiments/count", f'# %% tags=["parameters"]\n{defaults}')
    given = notebooks.parsed(checkout, "experiments/count", {parameter: typed})
    with pytest.raises(ValueError, match=rf"experiments/count: {parameter} = .*: {wrong} is below 0"):
        notebooks.resolve(checkout, "experiments/count", given)


@pytest.mark.parametrize(
    ("typed", "resolved"), [("auto", "auto"), ("3", 3.0), ("0", 0.0), ("5e-5", 5e-5), ("1.5", 1.5)]
)
def test_what_is_found_by_itself_may_be_given_as_a_number(checkout, notebook, typed, resolved):
    notebook("experiments/count", '# %% tags=["parameters"]\nlong = "auto"\n')
    found = notebooks.resolve(
        checkout, "experiments/count", notebooks.parsed(checkout, "experiments/count", {"long": typed})
    )
    assert found == {"long": resolved}
    assert type(found["long"]) is type(resolved)


@pytest.mark.parametrize("typed", ["often", "[3]", "true"])
def test_what_is_found_by_itself_is_a_number_or_nothing(checkout, notebook, typed):
    notebook("experiments/count", '# %% tags=["parameters"]\nlong = "auto"\n')
    with pytest.raises(ValueError, match="is not a number or 'auto'"):
        notebooks.resolve(
            checkout, "experiments/count", notebooks.parsed(checkout, "experiments/count", {"long": typed})
        )


def test_what_tasks_need_may_be_one_number_or_one_a_task(checkout, notebook):
    notebook("experiments/count", '# %% tags=["parameters"]\nepochs = 2.0\nexamples = 0\nbatch_size = 32\n')
    asked = {"epochs": {"cola": "5e-1", "rte": 2}, "examples": {"cola": 7}}
    found = notebooks.resolve(checkout, "experiments/count", asked)
    assert found == {"epochs": {"cola": 0.5, "rte": 2.0}, "examples": {"cola": 7}, "batch_size": 32}
    assert type(found["epochs"]["rte"]) is float
    for wrong in ({"batch_size": {"cola": 7}}, {"examples": {"cola": 0.5}}):
        with pytest.raises(ValueError, match="is not a whole number"):
            notebooks.resolve(checkout, "experiments/count", wrong)


def test_a_profile_says_what_it_changes_and_an_empty_one_changes_nothing(checkout, notebook):
    notebook("experiments/count", COUNT)
    (checkout / "notebooks/profiles/full.yaml").write_text("# All\nexperiments/count:\n  upto: 5\n")
    (checkout / "notebooks/profiles/empty.yaml").write_text("")
    assert notebooks.profile(checkout, "full") == {"experiments/count": {"upto": 5}}
    assert notebooks.profile(checkout, "empty") == {}
    assert notebooks.under_profile(checkout, "empty", "experiments/count") == {}


def of_part(path, part):
    """Give a notebook to another part of the book than the first."""
    path.write_text(path.read_text().replace("part: first", f"part: {part}"))


SHARING = """\
everywhere: {upto: 1, share: 0.1, loud: true, place: here}
first: {share: 0.2, words: [two]}
experiments/count: {words: [three]}
experiments/other:
analyses/last: {loud: false}
"""


def test_what_a_profile_shares_counts_where_nothing_nearer_is_said(checkout, notebook):
    """Against the sentence, by hand: for each notebook what it says itself, else its part, else everywhere."""
    for name in ("experiments/count", "experiments/other", "experiments/unnamed"):
        notebook(name, COUNT)
    for name in ("analyses/last", "analyses/unnamed_last"):
        of_part(notebook(name, '# %% tags=["parameters"]\nupto = 3\nshare = 0.5\nloud = False\n'), "last")
    (checkout / "notebooks/profiles/sharing.yaml").write_text(SHARING)
    assert notebooks.profile(checkout, "sharing") == {
        "experiments/count": {"upto": 1, "share": 0.2, "loud": True, "place": "here", "words": ["three"]},
        "experiments/other": {"upto": 1, "share": 0.2, "loud": True, "place": "here", "words": ["two"]},
        "analyses/last": {"upto": 1, "share": 0.1, "loud": False},
    }
    by_itself = {
        "experiments/count": {"upto": 1, "share": 0.2, "loud": True, "place": "here", "words": ["three"]},
        "experiments/unnamed": {"upto": 1, "share": 0.2, "loud": True, "place": "here", "words": ["two"]},
        "analyses/unnamed_last": {"upto": 1, "share": 0.1, "loud": True},
    }
    for name, given in by_itself.items():
        assert notebooks.under_profile(checkout, "sharing", name) == given


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "experiments/coumt: {upto: 1}",
            "profile wrong: no notebook or part 'experiments/coumt' .*mean 'experiments/count'",
        ),
        ("experiments/count: {upot: 1}", "mean 'upto'"),
        ("experiments/count: {upto: many}", "not a whole number"),
        ("experiments/count: 3", "holds 3; write `parameter: value` lines"),
        ("everywhere: [upto]", "everywhere holds .*; write `parameter: value` lines"),
        ("everywhere: {upot: 1}", r"everywhere has no parameter 'upot' \(did you mean 'upto'\?\): there are grid_of, "),
        (
            "everywhere: {upto: many}",
            "profile wrong, everywhere: notebook experiments/count: upto = 'many' is not a whole",
        ),
        ("everywhere: {share: 1}", "everywhere: notebook analyses/other: share = 1 is not a text"),
        ("everywhere: {share: all}", "everywhere: notebook experiments/count: share = 'all' is not a number"),
        ("first: {grid_of: x}", "first has no parameter 'grid_of'"),
        ("first: {upto: 1.5}", "profile wrong, first: notebook experiments/count: upto = 1.5 is not a whole number"),
        ("frist: {upto: 1}", r"no notebook or part 'frist' \(did you mean 'first'\?\)"),
        ("first: {upto: 1}\nfirst: {share: 1}", "'first' is there twice"),
        ("- a", "holds list"),
        ("a: [", "is not yaml"),
    ],
)
def test_a_wrong_profile_is_refused(checkout, notebook, text, told):
    notebook("experiments/count", COUNT)
    of_part(notebook("analyses/other", '# %% tags=["parameters"]\ngrid_of = "a"\nshare = "all"\n'), "last")
    (checkout / "notebooks/profiles/wrong.yaml").write_text(text)
    with pytest.raises(ValueError, match=told):
        notebooks.profile(checkout, "wrong")


def test_an_unknown_profile_is_refused_with_the_nearest(checkout):
    (checkout / "notebooks/profiles/quick.yaml").write_text("")
    with pytest.raises(ValueError, match=r"no profile 'quik' \(did you mean 'quick'\?\): there are quick"):
        notebooks.profile(checkout, "quik")


def test_typed_values_are_read_as_yaml_but_texts_stay(checkout, notebook):
    notebook("experiments/count", COUNT)
    typed = {"upto": "7", "shares": "[0.1, 1]", "place": "007"}
    assert notebooks.parsed(checkout, "experiments/count", typed) == {"upto": 7, "shares": [0.1, 1], "place": "007"}
    with pytest.raises(ValueError, match="cannot be read"):
        notebooks.parsed(checkout, "experiments/count", {"shares": "[0.1"})


def test_a_grid_is_resolved_without_running_the_notebook(checkout, notebook, monkeypatch):
    notebook("experiments/count", COUNT + "\n# %%\nraise RuntimeError\n")
    assert notebooks.grid(checkout, "experiments/count", {"upto": 2, "place": "n"}) == ["n0", "n1"]
    notebook("analyses/none", '# %% tags=["parameters"]\nupto = 1\n')
    assert notebooks.grid(checkout, "analyses/none", {}) == []
    here = "from pathlib import Path\n\ngrid = [Path.cwd()]\n"
    notebook("analyses/here", f'# %% tags=["parameters"]\n\n# %% tags=["grid"]\n{here}')
    monkeypatch.chdir("/")
    assert notebooks.grid(checkout, "analyses/here", {}) == [checkout]
    notebook("analyses/wrong", '# %% tags=["parameters"]\n\n# %% tags=["grid"]\ngird = []\n')
    with pytest.raises(ValueError, match="does not make a list named grid"):
        notebooks.grid(checkout, "analyses/wrong", {})


def test_a_list_that_is_given_empty_where_one_is_needed_is_refused_by_its_name(checkout, notebook):
    given = '# %% tags=["parameters"]\nseeds = [1]\nof = [2]\n\n# %% tags=["grid"]\n'
    notebook("analyses/first", given + "others = [*of]\ngrid = [seeds[0]]\n")
    assert notebooks.grid(checkout, "analyses/first", {"seeds": [7], "of": []}) == [7]
    with pytest.raises(ValueError, match=r"notebook analyses/first: seeds = \[\]: give at least one$"):
        notebooks.grid(checkout, "analyses/first", {"seeds": [], "of": [1]})
    notebook("analyses/faulty", given + "grid = [seeds[1]]\n")
    with pytest.raises(IndexError):
        notebooks.grid(checkout, "analyses/faulty", {"seeds": [1]})


def test_a_notebook_is_told_of_the_machine_what_it_asks_for(checkout, notebook):
    notebook("experiments/count", COUNT)
    notebook("analyses/none", '# %% tags=["parameters"]\nresults = "results"\n')
    told = {"results": checkout / "store", "workers": 4, "scheduler": None}
    assert notebooks.machine(checkout, "experiments/count", **told) == {"results": "store", "workers": 4}
    assert notebooks.machine(checkout, "analyses/none", **told) == {"results": "store"}
    elsewhere = checkout.parent / "store"
    assert notebooks.machine(checkout, "analyses/none", results=elsewhere) == {"results": str(elsewhere)}


@pytest.mark.parametrize("name", ["smp_l", "magnitude", "l0"])
def test_only_a_method_without_a_regulariser_can_get_one(name):
    """SMP-L has one, magnitude no scores, and L0 is none of the methods."""
    with pytest.raises(ValueError, match=f"pressed_too: {name} is none of `methods`"):
        notebooks.grid(ROOT, "experiments/mask_learning", {"pressed_too": [name]})
