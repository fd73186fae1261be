"""A book of a page or two, from its notebooks to its pages, and what keeps it from being shown."""

import re
import shlex
import shutil
from collections import Counter
from io import StringIO
from pathlib import Path
from time import sleep

import browser
import nbformat
import pandas as pd
import pytest
import yaml
from held import held
from rich.console import Console

from lottery import store
from lottery.suite import book, checks, cluster, computing, notebooks

ROOT = Path(__file__).parent.parent

NOTEBOOK = """\
# %% [markdown]
# (g2)=
# # Doubling

# %% tags=["parameters"]
upto = 2
results = "results"
scheduler = ""

# %% tags=["grid"]
from toy_experiments import Doubling

grid = [Doubling(number=number, log="log") for number in range(upto)]

# %%
from pathlib import Path
from lottery import store

for experiment in grid:
    store.perform(experiment, Path(results))

# %% mystnb={"image": {"alt": "A line that rises"}, "figure": {"name": "g7", "caption": "Doubles."}}
import matplotlib.pyplot as plt

plt.plot(store.rows(grid, Path(results))["double"]);
"""


def build(root, **given):
    told = StringIO()
    page = book.build(root, "quick", results=root / "results", console=Console(file=told), **given)
    return page, told.getvalue()


def words(page):
    return re.sub(r"<[^>]*>", "", page.read_text())


def test_a_book_is_built_and_then_found_and_a_failure_leaves_it_as_it_was(small, notebook, mapped, tmp_path):
    notebook("experiments/double", NOTEBOOK)
    (small / "notebooks/profiles/quick.yaml").write_text("experiments/double: {upto: 3}\n")
    page, told = build(small, workers=3)
    assert page == small / "book/_build/html/index.html"
    assert re.search(r"\[1/1\] experiments/double: executed in \d+ s", told)
    ((grid, *where),) = mapped
    assert ([each.number for each in grid], where) == ([0, 1, 2], [3, "", ["experiments/double"] * 3])
    site = page.parent
    contents = (site / "what_is_in_this_book.html").read_text()
    assert 'href="experiments/double.html#g2"' in contents
    assert 'href="experiments/double.html#g7"' in contents
    assert contents.count("not yet") == 2
    made = words(site / "how_this_was_made.html")
    for part in ("3 runs", "upto = 3", "quick", "commit", "torch", "CPU"):
        assert part in made, part
    chapter = words(site / "experiments/double.html")
    assert "upto = 3" in chapter
    assert "upto = 2" not in chapter
    assert "scheduler" not in chapter
    assert checks.faults(site, small) == []
    assert [path.name for path in (small / "book/_build").iterdir() if path.name == "staged"] == []
    before = {path: path.read_bytes() for path in site.rglob("*.*") if path.suffix != ".inv"}

    shutil.rmtree(small / "results")  # the executed notebook and the table beside it are enough
    _, told = build(small, workers=3)
    assert "experiments/double: up to date" in told
    assert mapped[1][0] == []
    assert {path: path.read_bytes() for path in site.rglob("*.*") if path.suffix != ".inv"} == before

    notebook("experiments/double", '# %% tags=["parameters"]\nupto = 1\n\n# %%\nupto / 0\n')
    with pytest.raises(RuntimeError, match=r"double failed in its cell \d: ZeroDivisionError: .*double\.failed\.ipynb"):
        build(small)
    assert {path: path.read_bytes() for path in site.rglob("*.*") if path.suffix != ".inv"} == before

    if not browser.installed():
        pytest.skip("all of it holds but what a browser says of it: Chromium is not installed")
    pages = [str(path.relative_to(site)) for path in site.rglob("*.html") if "_static" not in path.parts]
    assert len(pages) > 4
    assert browser.consoles(site, pages, tmp_path / "profile") == {}


def test_what_needs_no_run_can_be_read_while_runs_are_performed(small, notebook, mapped, monkeypatch):
    notebook("experiments/double", NOTEBOOK)
    plain = "# %% [markdown]\n# # Plain\n\n# See {ref}`g7`.\n\n"
    notebook("analyses/plain", plain + '# %% tags=["parameters"]\nrecords = "book/records"\n')
    (small / "book/of_code.md").write_text("# Code\n\n```{eval-rst}\n.. automodule:: lottery.schedules\n```\n")
    place, seen, perform = small / "book/_build/first_pages", [], cluster.map

    def slowly(*given, **where):
        site = place / "site/_build/html"
        while not (site / "objects.inv").exists():  # which is written last
            sleep(0.1)
        seen.extend((site / name).read_text() for name in ("analyses/plain.html", "index.html"))
        perform(*given, **where)

    monkeypatch.setattr(computing, "LONG", 0)
    monkeypatch.setattr(cluster, "map", slowly)
    page, told = build(small)
    assert "2 runs are to be performed, by 2 workers: less than a minute" in told
    assert re.search(r"4 pages can be read while the rest is computed: open .*/first_pages/.*/index\.html", told)
    plain, index = seen
    assert "<h1>Plain" in plain
    assert "Doubling" not in index  # of the list of chapters
    assert "of_code" not in index  # which takes long
    assert "of_code" in page.read_text()
    assert not place.exists()
    assert "Doubling" in page.read_text()


def test_pages_are_rendered_again_where_something_in_them_changed_and_only_there(small, monkeypatch):
    """By something that costs less than Jupyter Book."""

    def render(source, place):
        site = place / "_build/html"
        site.mkdir(parents=True)
        for page in source.glob("*.md"):
            (site / page.with_suffix(".html").name).write_text(f"<h1>{page.read_text().splitlines()[0]}</h1>")
        return site

    monkeypatch.setattr(book, "render", render)

    def built(**given):
        page, told = build(small, **given)
        return page.read_text(), "The pages are up to date" in told

    page, up_to_date = built()
    assert (up_to_date, built(), built(force=True)) == (False, (page, True), (page, False))
    for name in ("staged", "first_pages"):  # as of one that was killed when all was in its place
        (small / "book/_build" / name).mkdir()
    assert built() == (page, True)
    assert not {"staged", "first_pages"} & {path.name for path in (small / "book/_build").iterdir()}
    (small / "book/_build/html/index.html").write_text("altered")
    assert built() == (page, False)
    (small / "book/_build/html/closing.html").unlink()
    assert built() == (page, False)
    (small / "book/index.md").write_text("# Another title\n")
    other, up_to_date = built()
    assert ("Another title" in other, up_to_date) == (True, False)
    (small / "constraints.txt").write_text("torch==0\n")
    assert built() == (other, False)
    told = StringIO()
    (small / "book/index.md").write_text("# A third title\n")
    with held(small / "book/_build/.lock", told.getvalue, small / "book/_build/staged"):
        book.build(small, "quick", results=small / "results", console=Console(file=told))
    assert "another process renders the pages; this one waits until that is done\n" in told.getvalue()


def test_a_book_with_a_fault_does_not_take_the_place_of_a_good_one(small, monkeypatch):
    def render(_, place):
        (place / "_build/html").mkdir(parents=True)
        (place / "_build/html/index.html").write_text(page)
        return place / "_build/html"

    monkeypatch.setattr(book, "render", render)
    page = "<h1>Good</h1>"
    build(small)
    page = '<img src="index.html">'
    with pytest.raises(RuntimeError, match=r"it is left in .*\nindex.html: the picture index.html has no text"):
        build(small, force=True)
    assert (small / "book/_build/html/index.html").read_text() == "<h1>Good</h1>"


def test_a_page_that_renders_with_a_warning_is_refused(small):
    (small / "book/index.md").write_text("# Title\n\n{doc}`nowhere`\n")
    with pytest.raises(RuntimeError, match=r"does not render without a warning:\n.*unknown document: 'nowhere'"):
        build(small)
    assert not (small / "book/_build/html").exists()


def test_a_notebook_that_was_not_executed_is_not_published(small, notebook, monkeypatch):
    """As Jupyter Book itself would, without a word."""
    notebook("experiments/double", NOTEBOOK)
    executed = small / "book/_build/executed/quick/experiments/double.ipynb"

    def unexecuted(*_, **__):
        executed.parent.mkdir(parents=True)
        executed.write_text('{"cells": [{"cell_type": "code", "source": "1", "execution_count": null, "outputs": []}]}')
        return {}

    monkeypatch.setattr(computing, "compute", unexecuted)
    with pytest.raises(RuntimeError, match=r"double\.ipynb: cell 0 was not executed"):
        build(small)


def test_pages_stand_in_the_part_and_order_that_they_say(small, notebook):
    notebook("experiments/late", '# %% tags=["parameters"]\n').write_text(
        (small / "notebooks/experiments/late.py").read_text().replace("order: 10", "order: 20")
    )
    notebook("analyses/early", '# %% tags=["parameters"]\n')
    (small / "book/between.md").write_text("---\nlottery: {part: first, order: 15}\n---\n# Between\n")
    (small / "book/README.md").write_text("# No page\n")
    pages = book.pages_by_part(small)
    assert {part: [page.file for page in told] for part, told in pages.items()} == {
        "The first part": ["analyses/early", "between", "experiments/late"],
        "The last part": ["closing", "how_this_was_made"],
    }


@pytest.mark.parametrize(
    "place", ["lottery: {part: frist, order: 1}", "lottery: {order: 1}", "lottery: {part: first, order: a}"]
)
def test_a_notebook_without_a_place_is_refused_with_the_parts(small, notebook, place):
    path = notebook("experiments/double", NOTEBOOK)
    path.write_text(path.read_text().replace("#   lottery:\n#     part: first\n#     order: 10\n", f"#   {place}\n"))
    with pytest.raises(ValueError, match=r"experiments/double gives .*: write `lottery: .*parts first, last"):
        book.pages_by_part(small)


def test_labels_are_found_in_prose_and_in_notebooks(small, notebook, tmp_path):
    (tmp_path / "prose.md").write_text("(g1)=\n# A\n\n```{figure} a.png\n:name: g12\n```\ntext (g3)= here\n")
    assert book.labels(tmp_path / "prose") == ["g1", "g12"]
    import jupytext

    notebook("experiments/double", NOTEBOOK)
    jupytext.write(jupytext.read("notebooks/experiments/double.py"), tmp_path / "double.ipynb")
    assert book.labels(tmp_path / "double") == ["g2", "g7"]


def test_a_row_is_linked_to_its_anchor_and_to_its_twins_or_is_not_there_yet(small):
    page = book.what_is_in_this_book(
        small / "book/rows.yaml",
        [("g7", "a"), ("g7-minilm", "b"), ("g1", "c"), ("g17", "d"), ("other", "a"), ("other", "b")],
    )
    assert "| G1 | The first \\| row. | {ref}`G1 <g1>` | `a.py`, `b/`&#8203;`c.py` |" in page
    assert "| G2 | The second row. | not yet | `a.py` |" in page
    assert "| G7 | A figure. | {ref}`G7 <g7>`, {ref}`MiniLM <g7-minilm>` | `a.py` |" in page
    assert (
        page.index("## {cite:t}`gordon2020`") < page.index("G7") < page.index("## Beyond the papers") < page.index("X1")
    )


@pytest.mark.parametrize(
    ("label", "recorded", "linked"),
    [("g2-minilm", True, True), ("g2-minilm", False, False), ("g2-layers", False, True), ("g2", False, True)],
)
def test_a_real_models_twin_is_linked_where_something_is_recorded(small, notebook, label, recorded, linked):
    executed, source = small / "executed", small / "source"
    notebook("experiments/double", NOTEBOOK)
    (small / "notebooks/profiles/minilm.yaml").write_text("")
    cells = [nbformat.v4.new_markdown_cell(f"({label})=\n# Doubling")]
    (executed / "experiments").mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), executed / "experiments/double.ipynb")
    if recorded:
        (small / "book/records/minilm").mkdir(parents=True)
        (small / "book/records/minilm/double.parquet").write_text("")
    book.assemble(small, book.first_page(small), book.pages_by_part(small), executed, source)
    assert (f"<{label}>" in (source / "what_is_in_this_book.md").read_text()) == linked


def test_every_anchor_of_the_book_stands_once():
    """A book with a figure that is named as its chapter does not render, which is seen when all is computed."""
    anchor = re.compile(r'^(?:# )?\(([\w-]+)\)=$|^(?:# )?:name: ([\w-]+)|"figure": \{"name": "([\w-]+)"', re.MULTILINE)
    files = [*(ROOT / "notebooks").rglob("*.py"), *(ROOT / "book").glob("*.md")]
    found = Counter(name for path in files for told in anchor.findall(path.read_text()) for name in told if name)
    assert len(found) > 100
    assert [name for name, count in found.items() if count > 1] == []


def test_a_row_with_two_anchors_is_refused(small):
    with pytest.raises(ValueError, match="the anchor g7 stands in a and in b: a row has one place"):
        book.what_is_in_this_book(small / "book/rows.yaml", [("g7", "b"), ("g7", "a")])


def test_the_rows_and_parts_of_the_real_book_are_in_order():
    rows = yaml.safe_load((ROOT / "book/rows.yaml").read_text())
    names = {told["row"] for told in rows}
    papers = {f"{paper}{number}" for paper, last in (("G", 19), ("P", 13), ("J", 14)) for number in range(1, last + 1)}
    assert len(names) == len(rows)
    assert {name for name in names if name[0] != "X"} == papers
    assert names - papers >= {f"X{number}" for number in range(1, 15)}
    assert all(
        told.keys() - {"published", "drawn"} == {"row", "paper", "what", "code"} and told["code"] for told in rows
    )
    assert [file for told in rows for file in told["code"] if not (ROOT / file).is_file()] == []
    texts = [path.read_text() for path in (*(ROOT / "notebooks").glob("*/*.py"), *(ROOT / "book").glob("*.md"))]
    anchor = re.compile(r'^(?:# )?\(([\w-]+)\)=\s*$|"name": "([\w-]+)"', re.MULTILINE)
    placed = {(one or other).partition("-")[0] for text in texts for one, other in anchor.findall(text)}
    assert [told["row"] for told in rows if told["row"].lower() not in placed] == []
    pages = [page for part in book.pages_by_part(ROOT).values() for page in part]
    first = book.first_page(ROOT)
    assert {page.file for page in (first, *pages) if page.notebook} == set(notebooks.find(ROOT))


@pytest.mark.parametrize(
    ("prose", "notebook_too", "expected"),
    [(True, False, book.Page(0, "index")), (False, True, book.Page(0, "experiments/index", notebook=True))],
)
def test_a_book_opens_with_a_page_of_prose_or_with_a_notebook(small, notebook, prose, notebook_too, expected):
    if not prose:
        (small / "book/index.md").unlink()
    if notebook_too:
        notebook("experiments/index", NOTEBOOK)
    assert book.first_page(small) == expected
    assert all(page.file != expected.file for part in book.pages_by_part(small).values() for page in part)


def test_a_book_with_two_first_pages_or_none_is_refused(small, notebook):
    notebook("experiments/index", NOTEBOOK)
    with pytest.raises(ValueError, match="here are 2"):
        book.first_page(small)
    (small / "book/index.md").unlink()
    (small / "notebooks/experiments/index.py").unlink()
    with pytest.raises(ValueError, match="here are 0"):
        book.first_page(small)


def test_a_notebook_can_be_the_first_page(small, notebook, mapped):
    (small / "book/index.md").unlink()
    notebook("experiments/index", NOTEBOOK)
    page, _ = build(small)
    assert "Doubling" in words(page)
    assert 'href="index.html#g2"' in (page.parent / "what_is_in_this_book.html").read_text()
    assert 'href="index.html"' in (page.parent / "how_this_was_made.html").read_text()
    assert not (page.parent / "experiments").exists()


ASKED = book.exercises_of(ROOT)


@pytest.mark.parametrize("name", sorted(ASKED))
def test_the_command_of_an_exercise_is_read_and_runs_something_else_than_the_chapter(name):
    """As it stands on the page, read by a shell and the command line, under the profile that is the default."""
    profile = notebooks.profile(ROOT, "quick").get(name, {})
    usual = {store.key(each) for each in notebooks.grid(ROOT, name, profile)}
    (section,) = book.exercises(name, ASKED)
    commands = re.findall(r"```\n(.*?)```", section, re.DOTALL)
    assert len(commands) == len(ASKED[name]) == 2
    for command, asked in zip(commands, ASKED[name], strict=True):
        _, run, notebook, *words = shlex.split(command.replace("\\\n", ""))
        typed = dict(zip((words[at] for at in range(1, len(words), 3)), words[2::3], strict=True))
        assert (run, notebook, set(words[::3])) == ("run", name, {"-p"})
        given = notebooks.parsed(ROOT, name, typed)
        assert given == asked["parameters"]
        asks = {store.key(each) for each in notebooks.grid(ROOT, name, profile | given)}
        assert asks - usual, "nothing new is asked"


def test_every_chapter_that_runs_something_has_exercises_and_a_box():
    texts = {name: (ROOT / "notebooks" / f"{name}.py").read_text() for name in notebooks.find(ROOT)}
    chapters = {name for name, text in texts.items() if 'tags=["grid"' in text}
    assert len(chapters) > 20
    assert chapters == set(ASKED)
    assert chapters == {name for name, text in texts.items() if f'"{book.IN_SHORT}"]' in text}


def test_the_box_of_a_chapter_comes_under_its_title(small, notebook, mapped):
    text = NOTEBOOK.replace("# # Doubling\n", "# # Doubling\n#\n# An opening.\n")
    boxed = '\n# %% tags=["remove-input", "in-short"]\nfrom IPython.display import Markdown\n\nMarkdown("The box.")\n'
    notebook("experiments/double", text + boxed)
    (small / "book/exercises.yaml").write_text("experiments/double: [{ask: More, parameters: {upto: 5}}]\n")
    page, _ = build(small)
    chapter = words(page.parent / "experiments/double.html")
    at = [chapter.rindex(part) for part in ("Doubling#", "The box.", "An opening.", "Doubles.", "Exercises#", "upto 5")]
    assert at == sorted(at)


TABLES = """

# %% tags=["hide-input"]
import pandas as pd

from lottery.suite import tables

table = pd.DataFrame({"points": ["+1.25 (0.5 to 2.0)", "-3 (-4.5 to 0.0)"]}, pd.Index(["a *b*", "c"], name="task"))
tables.finding(table, "It *doubles*.")

# %% tags=["hide-input"]
tables.numbers(table, "All of it.")
"""


def test_a_finding_has_a_number_and_other_numbers_are_folded_each_with_its_file(small, notebook, mapped):
    notebook("experiments/double", NOTEBOOK + TABLES)
    page, _ = build(small)
    chapter = (page.parent / "experiments/double.html").read_text()
    shown, _, folded = re.sub("[ \n]+", " ", chapter).partition("<details")
    caption = re.search(r"<caption>(.*?)</caption>", shown)[1]
    assert re.search(r"Table 1\.1.*It <em>doubles</em>\..*CSV.*code.*runs", caption)
    for part in (shown, folded):
        cells = re.findall(r"<t[hd](?: [^>]*)?>(.*?)</t[hd]>", re.sub(r"</?p>", "", part[part.index("<table") :]))
        cells = [cell.replace("\u2007", "_").replace("\u2008\u2060", ".").replace("\xa0", " ") for cell in cells]
        small_ = "<br><small>{}</small>".format
        assert cells == [
            "task",
            "points",
            "a *b*",
            f"+1.25{small_('0.5 to 2.0')}",
            "c",
            f"-3.__{small_('-4.5 to 0.0')}",
        ]
    files = re.findall(r'href="\.\./(_downloads/[^"]*csv)"', chapter)
    assert len(set(files)) == 2
    for file in files:
        read = pd.read_csv(page.parent / file)
        assert read.to_numpy().tolist() == [["a *b*", 1.25, 0.5, 2.0], ["c", -3.0, -4.5, 0.0]]
