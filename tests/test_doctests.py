"""The examples in docstrings are run as they stand; a file with `>>>` in it is found without being named anywhere."""

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

from lottery import masks, pruning
from lottery.mask_learning import _shares
from lottery.masks import files
from lottery.pruning import component_search, components
from lottery.statistics import agreement

ROOT = Path(__file__).parent.parent
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "lottery").rglob("*.py")
    if re.search(r"^ *>>> [^#]", path.read_text(encoding="utf-8"), re.MULTILINE)
)
# What a stranger calls first.
FIRST = [
    masks.keep_highest_in_each,
    pruning.held,
    pruning.gradually,
    components.gated,
    components.sliced,
    component_search.search,
    _shares.shared,
    files.save,
    agreement.summary,
]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples_come_out_as_they_say(module):
    wrong, tried = doctest.testmod(import_module(module))
    assert tried
    assert not wrong


@pytest.mark.parametrize("function", FIRST, ids=lambda function: function.__name__)
def test_what_a_stranger_calls_first_has_an_example(function):
    assert doctest.DocTestFinder(recurse=False).find(function)[0].examples
