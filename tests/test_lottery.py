"""The short names of the package: there when asked for, and nothing is imported before."""

import subprocess
import sys
from importlib import import_module

import pytest

import lottery


def test_importing_the_package_costs_nothing():
    code = (
        "import sys, lottery; dir(lottery); print([m for m in ('torch', 'transformers', 'numpy') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_every_short_name_is_what_it_says():
    assert len(lottery.DOOR) == 6
    for name, (module, there) in lottery.DOOR.items():
        assert getattr(lottery, name) is getattr(import_module(module), there)
        assert getattr(lottery, name).__doc__
        assert name in dir(lottery)
    with pytest.raises(AttributeError, match="has no 'shrink': it has load, prune"):
        lottery.shrink  # noqa: B018
