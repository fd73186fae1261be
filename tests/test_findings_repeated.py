"""Runs in two tables, by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from lottery.findings.repeated import repeated


def table(**scores) -> pd.DataFrame:
    return pd.DataFrame({"key": list(scores), "score": list(scores.values())})


def test_runs_of_one_key_are_compared_and_others_are_not():
    live = table(a=0.5, b=0.6, c=0.7, d=0.2, only=0.1)
    recorded = table(d=0.25, c=0.7, b=0.63, a=0.5, another=0.9)
    runs, alike, apart, most = repeated(live, recorded)
    assert (runs, alike) == (4, 2)
    assert apart == pytest.approx(math.sqrt((0.03**2 + 0.05**2) / 2))
    assert most == pytest.approx(0.05)


def test_a_score_that_is_defined_in_one_alone_is_not_alike():
    runs, alike, apart, _ = repeated(table(a=np.nan, b=0.5), table(a=0.5, b=0.5))
    assert (runs, alike) == (2, 1)
    assert np.isnan(apart)


def test_nothing_in_common_is_nothing_to_tell():
    assert repeated(table(a=0.5), table(b=0.5))[:2] == (0, 0)
    assert repeated(pd.DataFrame(), table(b=0.5))[:2] == (0, 0)
    assert repeated(table(a=np.nan), table(a=np.nan))[:2] == (0, 0)
