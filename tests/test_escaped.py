"""Whatever a user calls a file or a class is shown as it is called, by figures, Markdown, tables and terminals."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from lottery.suite import plots
from lottery.suite.escaped import in_figure, in_markdown, in_terminal

NAMES = [
    "fares_$5_to_$10.csv",
    "prices_$10_$20.csv",
    "one $ alone",
    "__init__",
    "a*b*c **d**",
    "a|b",
    "[red]b[/red]",
    "[a](b)",
    "`code`",
    "<b>bold</b> &amp; R&D",
    "~~gone~~ #1!",
    "{x}`y` {{z}}",
    "back\\slash \\$",
    "ümläut",
    "% of it.csv",
    "- a.csv",
    "+++ b",
    "1. c.csv",
    "2) d.csv",
    ":::e",
    "===",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_draws_the_name(name):
    """As matplotlib takes a text apart before it draws it: what is shown, and whether that is a formula."""
    ax = plt.figure().gca()
    text = ax.set_title(in_figure(name))
    shown, is_formula = text._preprocess_math(text.get_text())
    assert (shown, bool(is_formula)) == (name, False)
    ax.figure.savefig(io.BytesIO(), format="png")
    plt.close("all")


@pytest.mark.parametrize("name", NAMES)
def test_markdown_shows_the_name(name):
    """In a sentence, in bold, in a list and in a table, by two readers: one knows formulas and MyST's blocks."""
    reader = (
        MarkdownIt("gfm-like", {"linkify": False}).use(dollarmath_plugin).use(myst_block_plugin).use(colon_fence_plugin)
    )
    for before, after in (("", ""), ("**", ".**"), ("- ", " is"), ("Model ", ", 3 runs")):
        tokens = reader.parse(f"{before}{in_markdown(name)}{after}")
        told = "".join(child.content for token in tokens for child in token.children or [])
        assert name in told
    table = reader.render(f"| a | b |\n|---|---|\n| {in_markdown(name)} | c |\n")
    assert table.count("<td>") == 2
    console = Console(file=io.StringIO(), width=200)
    console.print(Markdown(f"- **{in_markdown(name)}.** The"))
    assert f"{name}. The" in console.file.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_a_terminal_shows_the_name(name):
    table = Table("name")
    table.add_row(in_terminal(name))
    console = Console(file=io.StringIO(), width=200)
    console.print(table)
    assert name in console.file.getvalue()


def test_masks_are_drawn_under_the_names_of_their_files():
    pairs = pd.DataFrame([{"one": NAMES[0], "other": NAMES[1], "shared": 3.0, "expected": 2.0}])
    ax = plots.overlap(pairs, {NAMES[0]: 4, NAMES[1]: 5}, ax=plt.figure().gca())
    ax.figure.savefig(io.BytesIO(), format="png")
    assert [text._preprocess_math(text.get_text()) for text in ax.get_yticklabels()] == [(n, False) for n in NAMES[:2]]


def test_dollar_signs_in_a_table_are_no_formula():
    with pd.option_context("display.html.use_mathjax", True):
        plots.house_style()
        html = pd.DataFrame({"task": [NAMES[0]], "score": np.ones(1)})._repr_html_()
    assert "mathjax_ignore" in html
