"""Each check against a site of a page or two with one fault, and against one without any."""

import matplotlib.pyplot as plt
import nbformat
import pytest

from lottery.suite import checks
from lottery.suite.interactive import interactive

PAGE = "<!DOCTYPE html><html><head><title>T</title></head><body>{}</body></html>"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Writes a site into a checkout, {file: the body of a page, or the text of another file}, and tells its faults."""
    monkeypatch.setenv("HOME", "/home/anna")

    def write(files):
        for name, text in files.items():
            path = tmp_path / "site" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(PAGE.format(text) if path.suffix == ".html" else text)
        return checks.faults(tmp_path / "site", tmp_path)

    return write


def test_a_page_that_stands_on_its_own_passes(site):
    body = """
        <a href="sub/a.html#g1">a</a> <a href="#top" id="top">b</a> <a href="#">c</a> <a href="sub">d</a>
        <a href="https://arxiv.org/abs/2002.08307">paper</a> <a href="mailto:a@b.org">m</a> 1/home/2 root
        <a href="https://example.org/home/page">e</a> <link rel="canonical" href="https://book.org/"/>
        <img src="a.png?v=1" alt="A line that rises"> <img src="data:image/png;base64,x" alt="dot">
        <span class="caption-text">Masks of the same size.</span>
        <script src="mathjax.js"></script> <span class="math notranslate">x</span>
    """
    files = {
        "index.html": body,
        "sub/a.html": '<h1 id="g1">G1</h1><a href="../index.html">up</a><a href="b%20c.html">x</a>',
        "sub/index.html": "",
        "sub/b c.html": "",
        "a.png": "",
        "mathjax.js": "",
        "look.css": "body {background: url(a.png)}",
        "_static/template.html": '<link href="{{ name }}">',
    }
    assert site(files) == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('<a href="gone.html">x</a>', "<a> names gone.html, which is not there"),
        ('<a href="#gone">x</a>', "<a> names #gone, which is not there"),
        ('<a href="other.html#gone">x</a>', "<a> names other.html#gone, which is not there"),
        ('<a href="../../outside.html">x</a>', "<a> names ../../outside.html, which is not there"),
        ('<img src="gone.png" alt="x">', "<img> names gone.png, which is not there"),
        ('<script src="gone.js"></script>', "<script> names gone.js, which is not there"),
        ('<link rel="stylesheet" href="gone.css">', "<link> names gone.css, which is not there"),
        ('<script src="https://cdn.org/a.js"></script>', "<script> fetches https://cdn.org/a.js"),
        ('<script src="//cdn.org/a.js"></script>', "<script> fetches //cdn.org/a.js"),
        ('<link rel="stylesheet" href="https://cdn.org/a.css">', "<link> fetches https://cdn.org/a.css"),
        ('<img src="https://cdn.org/a.png" alt="x">', "<img> fetches https://cdn.org/a.png"),
        ('<iframe src="https://cdn.org/"></iframe>', "<iframe> fetches https://cdn.org/"),
        ('<script>import("https://cdn.org/a.js")</script>', "a script or style fetches"),
        ("<style>@import url(https://cdn.org/a.css)</style>", "a script or style fetches"),
        ("<style>@font-face {src: url('//cdn.org/a.woff')}</style>", "a script or style fetches"),
        ('<img src="other.html">', "has no text that stands for it (alt=None)"),
        ('<img src="other.html" alt=" ">', "has no text that stands for it"),
        ('<img src="other.html" alt="_images/a.svg">', "has no text that stands for it (alt='_images/a.svg')"),
        ('<img src="other.html" alt="figure.PNG">', "has no text that stands for it"),
        ('<span class="math notranslate">x</span>', "holds formulas but no MathJax"),
        (
            '<span class="caption-text">The same, recorded.</span>',
            "a caption that cannot be read alone: The same, recor",
        ),
        ("read from /home/someone/data", "tells the path /home/someone/data"),
        ("<pre>File &quot;/root/lottery/a.py&quot;</pre>", "tells the path /root/lottery/a.py"),
        ("file:///Users/a/b", "tells the path file:///Users/a/b"),
        ("by anna.", "tells the user name anna"),
    ],
)
def test_a_fault_is_told_with_its_page(site, body, told):
    found = site({"index.html": body, "other.html": ""})
    assert len(found) == 1
    assert found[0].startswith("index.html: ")
    assert told in found[0]


def test_a_path_of_the_checkout_is_found_in_the_sources_and_the_index(site, tmp_path):
    files = {
        "index.html": "",
        "_sources/a.ipynb": f'"in {tmp_path}/a\\n"',
        "searchindex.js": f'["{tmp_path}"]',
        "look.css": "@import 'https://cdn.org/a.css'",
    }
    found = site(files)
    assert found == [
        "look.css: fetches @import 'https://c",
        f"_sources/a.ipynb: tells the path {tmp_path}/a",
        f"searchindex.js: tells the path {tmp_path}",
    ]


def test_the_account_of_a_machine_is_no_name(site, monkeypatch):
    monkeypatch.setenv("HOME", "/home/runner")
    assert site({"index.html": "the runner of notebooks"}) == []


def test_every_cell_has_to_be_executed_and_without_error(tmp_path):
    new = nbformat.v4
    error = new.new_output("error", ename="ValueError", evalue="no", traceback=[])
    cells = [
        new.new_markdown_cell("# Title"),
        new.new_code_cell("1", execution_count=1),
        new.new_code_cell("2"),
        new.new_code_cell(" "),
        new.new_code_cell("raise ValueError", execution_count=2, outputs=[error]),
    ]
    nbformat.write(new.new_notebook(cells=cells), tmp_path / "a.ipynb")
    assert checks.unexecuted(tmp_path / "a.ipynb") == [
        "a.ipynb: cell 2 was not executed",
        "a.ipynb: cell 4 ended in ValueError: no",
    ]


def test_what_matplotlib_writes_in_a_figure_is_read(site, tmp_path):
    figure, ax = plt.subplots()
    ax.plot([0, 1], label="SMP-L")
    ax.set_title("train_loss of <b>")
    ax.legend()
    figure.savefig(tmp_path / "a.svg")
    plt.close(figure)
    svg = (tmp_path / "a.svg").read_text()
    assert {"SMP-L", "train_loss of <b>"} < set(checks.lettering(svg))
    (fault,) = site({"_images/a.svg": svg})
    assert fault == "_images/a.svg: shows the name of a column or a value: train_loss of <b>"


def test_two_names_of_one_figure_with_one_look_are_told(site, tmp_path):
    lines = [("a", {}), ("b", {"marker": "s"}), ("c", {"linestyle": "--"}), ("d", {"color": "#D55E00"}), ("e", {})]
    figure, axes = plt.subplots(1, 2)
    for (name, more), ax in zip(lines, [*axes, *axes, axes[0]], strict=True):
        ax.errorbar([0, 1], [1, 2], [0.1, 0.2], label=name, **{"color": "#0072B2", "marker": "o"} | more)
    for ax in axes:
        ax.legend(frameon=False)
    figure.savefig(tmp_path / "a.svg")
    plt.close(figure)
    assert site({"_images/a.svg": (tmp_path / "a.svg").read_text()}) == ["_images/a.svg: gives a and e one look"]


def test_a_book_of_too_many_figures_is_told(site):
    page = '<figure class="a"><img src="a.svg" alt="a line"></figure>'
    assert site({"index.html": page * checks.MOST, "a.svg": ""}) == []
    (fault,) = site({"index.html": page * checks.MOST, "other.html": page, "a.svg": ""})
    assert fault == f"the book has {checks.MOST + 1} figures, more than {checks.MOST}"


@pytest.mark.parametrize(("points", "told"), [(8, []), (7, ["_images/a.svg: has letters of 7 points, fewer than 8"])])
def test_letters_that_a_phone_shows_too_small_are_told(site, tmp_path, points, told):
    figure, ax = plt.subplots()
    ax.set(xscale="log", xlim=(1e-3, 1))  # whose exponents are smaller than the letters that they stand by
    ax.set_title("small", fontsize=points)
    figure.savefig(tmp_path / "a.svg")
    plt.close(figure)
    assert site({"_images/a.svg": (tmp_path / "a.svg").read_text()}) == told


@pytest.mark.parametrize("style", ["<style>text {{font-size: {}px}}</style>", '<text font-size="{}">a</text>'])
def test_letters_of_a_figure_that_is_written_by_hand_are_told(site, style):
    svg = '<svg xmlns="http://www.w3.org/2000/svg">' + style + "</svg>"
    assert site({"_images/a.svg": svg.format(11)}) == []
    assert site({"_images/a.svg": svg.format(10)}) == ["_images/a.svg: has letters of 7.5 points, fewer than 8"]


def test_a_chapter_without_the_box_of_the_others_is_told(site):
    box = '<div class="in-short admonition">a</div>'
    chapters = {"experiments/a.html": box, "analyses/b.html": '<section id="in-short">b</section>', "index.html": "c"}
    assert site(chapters | {"analyses/from_python.html": "no chapter"}) == []
    assert site({"analyses/c.html": "bare"}) == ["analyses/c.html: does not begin with the box that chapters have"]


def test_a_chapter_with_more_tables_than_can_be_looked_at_is_told(site):
    box, table = '<div class="in-short admonition">a</div>', '<table class="table"><tr></tr></table>'
    folded = f"<details class='numbers'><summary>All numbers</summary>{table * 5}</details>"
    assert site({"analyses/a.html": box + table * 3 + folded * 2, "methods.html": table * 9}) == []
    assert site({"analyses/a.html": box + table * 3 + folded + table}) == [
        "analyses/a.html: has 4 open tables, more than 3"
    ]
    assert site({"analyses/a.html": box + table * 3 + folded.replace("<details", "<details open")}) == [
        "analyses/a.html: has 8 open tables, more than 3"
    ]


def test_a_figure_to_move_without_its_script_is_told(site):
    body = '<p id="bars">a</p>' + interactive("noise", {}, figure="bars").data
    assert site({"a.html": body}) == ["a.html: asks for the script noise, which is not in book/_extra/interactive"]
    assert site({"interactive/noise.js": "interactive()"}) == []


def test_headings_get_smaller_at_each_width_of_page(site):
    wide = ":root {--book-h1: 2rem; --book-h2: 1.5rem; --book-h3: 1.2rem}"
    assert site({"look.css": f"{wide} @media (max-width: 9px) {{ {wide} }}"}) == []
    narrow = wide.replace(": 2rem", ": 1.4rem")
    assert site({"look.css": f"{wide} @media (max-width: 9px) {{ {narrow} }}"}) == [
        "look.css: a heading of level 2 is 1.5 rem and one of level 1 1.4"
    ]
