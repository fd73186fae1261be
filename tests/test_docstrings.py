"""Docstrings as the book's reference shows them: reST without a fault, and not a word lost."""

import ast
import re
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import docutils.core
import docutils.frontend
import docutils.nodes
import pytest
from docutils.parsers import rst
from docutils.readers import standalone
from numpy.typing import ArrayLike

from lottery.suite import docstrings

ROOT = Path(__file__).parent.parent
EXAMPLE = """\
One sentence with `code` in it, and |dL/dxi| of *args, name_ and `a`s.

scores     {name: (out, in)} importance per weight, **higher** first;
           -inf for one that went
one, other  two masks
           of a model
Raises ValueError otherwise; at
the end.

    x = 1
      y

>>> 1 + 1
2
"""

# Made once: docutils makes them anew for every text, which takes longer than to read it.
SETTINGS = docutils.frontend.get_default_settings(rst.Parser, standalone.Reader)
SETTINGS.report_level, SETTINGS.halt_level = 1, 2


def parsed(text: str) -> docutils.nodes.document:
    rest = "\n".join(docstrings.as_rest(text.splitlines()))
    return docutils.core.publish_doctree(rest, settings=SETTINGS)


def words(text: str) -> list[str]:
    return re.sub(r"`([^`]+)`", r"\1", text).split()


def test_tables_code_and_examples_are_told_apart():
    document = parsed(EXAMPLE)
    kinds = [type(node).__name__ for node in document.children]
    assert kinds == ["paragraph", "table", "paragraph", "literal_block", "doctest_block"]
    cells = [entry.astext() for entry in document[1].findall(docutils.nodes.entry)]
    assert cells == [
        "scores",
        "{name: (out, in)} importance per weight, **higher** first; -inf for one that went",
        "one, other",
        "two masks of a model",
    ]
    assert [code.astext() for code in document[0].findall(docutils.nodes.literal)] == ["code", "a"]
    assert document[0].astext() == "One sentence with code in it, and |dL/dxi| of *args, name_ and as."
    assert words(document.astext()) == words(EXAMPLE)


@pytest.mark.parametrize("path", sorted((ROOT / "lottery").rglob("*.py")), ids=lambda path: path.stem)
def test_every_docstring_can_be_shown_and_loses_nothing(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    for text in (ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds)):
        if text:
            assert words(parsed(text).astext()) == words(text)


def test_what_is_imported_and_fields_that_only_count_themselves_are_left_out():
    class Pair(NamedTuple):
        one: float

    listeners = {}
    docstrings.setup(SimpleNamespace(connect=listeners.__setitem__))
    skip = listeners["autodoc-skip-member"]
    assert skip(None, "class", "one", Pair.one, False, None) is True
    assert skip(None, "module", "parsed", docutils.core.publish_doctree, False, None) is True
    assert skip(None, "module", "as_rest", docstrings.as_rest, False, None) is None
    assert skip(None, "module", "FORMAT", "a text", False, None) is None
    lines = ["`a`"]
    listeners["autodoc-process-docstring"](None, "function", "f", None, None, lines)
    assert lines == ["``a``", ""]


def test_a_type_that_would_be_spelled_out_goes_by_its_name():
    def mean(values: ArrayLike, level: float) -> float:
        """A function."""

    listeners = {}
    docstrings.setup(SimpleNamespace(connect=listeners.__setitem__))
    listeners["autodoc-before-process-signature"](None, mean, False)
    shown = {name: hint.__name__ for name, hint in mean.__annotations__.items()}
    assert shown == {"values": "ArrayLike", "level": "float", "return": "float"}


def test_the_reference_shows_the_modules_whose_functions_a_stranger_calls_first():
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "book").glob("reference_*.md"))
    shown = re.findall(r"automodule:: (\S+)", pages)
    assert len(shown) == len(set(shown)) > 20
    for module in shown:
        assert import_module(module).__doc__
    first = "masks masks.files pruning pruning.components pruning.component_search statistics.agreement schedules"
    assert {f"lottery.{module}" for module in first.split()} <= set(shown)
