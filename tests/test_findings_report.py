"""What is shown to go for free, and which method is best, held against loops and formulas."""

import numpy as np
import pandas as pd
import pytest

from lottery.data import metrics
from lottery.findings import report
from lottery.findings.report import Cut

ROWS = 400
LABELS = np.random.default_rng(4).integers(2, size=ROWS)


def answers(wrong) -> pd.DataFrame:
    """Of a model that is wrong on these rows alone."""
    given = LABELS.copy()
    given[list(wrong)] = 1 - given[list(wrong)]
    return pd.DataFrame({"split": "dev", "answer": given, "label": LABELS}).astype(str)


WRONG = {  # rows on which a method is wrong at each share; the full model on the first 20
    ("good", 0.3): range(20),
    ("good", 0.5): range(18, 40),
    ("good", 0.7): range(120),
    ("fair", 0.3): range(16, 40),
    ("fair", 0.5): range(80),
    ("fair", 0.7): range(40),
    ("lot", 0.3): range(100),
    ("lot", 0.5): range(150),
    ("lot", 0.7): range(40, 240),
}


@pytest.fixture(scope="module")
def cuts():
    return [
        Cut(method, share, answers(wrong), answers(range(20)), "" if method == "lot" else "lot")
        for (method, share), wrong in WRONG.items()
    ]


@pytest.fixture(scope="module")
def table(cuts):
    return report.judged(cuts, metrics.accuracy, counted=True)


def test_scores_and_changes_are_counts_of_rows(table):
    for cell, wrong in WRONG.items():
        row = table.loc[cell]
        assert row["score"].mean == pytest.approx(1 - len(wrong) / ROWS)
        assert row["change"].mean == pytest.approx((20 - len(wrong)) / ROWS)
        gained = np.isin(np.arange(ROWS), range(20)).astype(float) - np.isin(np.arange(ROWS), [*wrong])
        reach = 1.96 * gained.std(ddof=1) / ROWS**0.5
        if gained.any():
            assert row["change"].low == pytest.approx(gained.mean() - reach, abs=0.005)
            assert row["change"].high == pytest.approx(gained.mean() + reach, abs=0.005)
        else:
            assert np.isnan(row["change"].low)
        by_lot = row["above_lot"].mean
        expected = (len(WRONG["lot", cell[1]]) - len(wrong)) / ROWS
        assert np.isnan(by_lot) if cell[0] == "lot" else by_lot == pytest.approx(expected)


def test_what_is_shown_ends_at_the_first_share_that_may_cost_more(table):
    """A larger share that loses little, as fair's of 0.7 by chance, is not shown once a smaller one has failed."""
    for bound in (0.005, 0.04, 0.06, 0.09, 0.4, 0.6):
        expected = {}
        for method in ("good", "fair", "lot"):
            most = 0.0
            for share in (0.3, 0.5, 0.7):
                change = table.loc[(method, share), "change"]
                if (0 if np.isnan(change.low) else change.low) < -bound:
                    break
                most = share
            expected[method] = most
        assert report.shown(table, bound=bound) == expected
    assert report.shown(table, bound=0.06) == {"good": 0.5, "fair": 0.3, "lot": 0.0}


def test_the_best_reaches_most_and_among_equals_loses_least(table):
    assert report.best(table, bound=0.06) == ("good", 0.5)
    assert report.best(table.loc[["fair", "lot"]], bound=0.06) == ("fair", 0.3)
    assert report.best(table, bound=0.9) == ("fair", 0.7)  # all of them reach it
    assert report.best(table.loc[["fair", "lot"]], bound=0.001) == ("fair", 0.3)  # none of them reaches any


def test_a_method_without_a_score_is_never_the_best(cuts):
    """Answers of one kind have no correlation."""
    constant = pd.DataFrame({"split": "dev", "answer": 1, "label": LABELS}).astype(str)
    at_first = [cut._replace(lot="") for cut in cuts if cut.share == 0.3 and cut.method != "lot"]
    broken = [cut._replace(answers=constant) if cut.method == "good" else cut for cut in at_first]
    table = report.judged(broken, metrics.pearson, counted=False)
    assert np.isnan(table.loc[("good", 0.3), "change"].mean)
    assert report.shown(table, bound=0.9)["good"] == 0
    assert report.best(table, bound=1e-6) == ("fair", 0.3)


def test_behind_is_paired_with_the_one_named_at_that_share(cuts):
    found = report.behind(cuts, "good", 0.5, metrics.accuracy, counted=True)
    assert found.keys() == {"fair", "lot"}
    assert found["fair"].mean == pytest.approx((22 - 80) / ROWS)
    gained = np.isin(np.arange(ROWS), range(18, 40)).astype(float) - np.isin(np.arange(ROWS), range(80))
    assert found["fair"].high == pytest.approx(gained.mean() + 1.96 * gained.std() / ROWS**0.5, abs=0.006)
