"""Summed learning rates, against the areas of triangles."""

import pytest

from lottery.findings import budgets


def test_rates_are_summed_as_triangles():
    """One schedule is a triangle of height 1, a tooth of the saw one of height 1 / k, the first without its start."""
    for epochs in (1, 3, 12):
        once, released = budgets.summed_rates(epochs)
        assert once == pytest.approx(epochs / 2, rel=1e-3)
        assert released == pytest.approx(sum(1 / (2 * k) for k in range(1, epochs + 1)) - 0.045, abs=2e-3)
