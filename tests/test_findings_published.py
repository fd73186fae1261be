"""The printed numbers that count, against tables written out by hand."""

import math

import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from lottery.findings import published


def test_one_metric_of_a_task_counts():
    printed = [
        ("mnli", "accuracy", True),
        ("mnli", "dev_mismatched.accuracy", False),
        ("qqp", "accuracy", True),
        ("qqp", "f1", False),
        ("squad", "f1", True),
        ("squad", "exact_match", False),
        ("average", "mean", False),
        ("cola", "matthews", True),
    ]
    rows = pd.DataFrame(printed, columns=["task", "metric", "counts"])
    assert published.one_metric(rows).equals(rows[rows["counts"]])


def test_published_numbers_are_laid_out_by_layer_and_head():
    heads = [("heads", layer, head, 12 * layer + head) for layer in range(12) for head in range(12)]
    mlps = [("mlps", layer, None, -layer) for layer in range(12)]
    facts = pd.DataFrame(heads + mlps, columns=["component", "layer", "head", "kept"]).sample(frac=1, random_state=0)
    found, below = published.laid_out(facts, "kept")
    assert found.tolist() == [[12 * layer + head for head in range(12)] for layer in range(12)]
    assert below.tolist() == [[-layer] for layer in range(12)]


SCORES = pd.DataFrame(
    [
        ("smp_l", True, "mnli", 0.9, 0.83),
        ("smp_l", False, "mnli", 0.9, 0.82),
        ("smp_l", True, "squad", 0.9, 0.87),
        ("smp_l", False, "squad", 0.9, 0.84),
        ("smp_s", True, "mnli", 0.9, 0.8),
        ("movement", False, "mnli", 0.9, 0.79),
        ("movement", False, "squad", 0.9, math.nan),
        ("cap", False, "mnli", 0.9, 0.75),
        ("cap", False, "mnli", 0.9, 0.75),
    ],
    columns=["method", "teacher", "task", "sparsity", "score"],
)


def test_what_is_added_is_the_difference_of_the_two_scores_that_are_printed():
    taught = published.added(SCORES[SCORES["method"] != "cap"], "teacher", True, False, ["method", "task"])
    assert taught.to_dict() == pytest.approx({("smp_l", "mnli"): 1.0, ("smp_l", "squad"): 3.0})
    alone = SCORES[~SCORES["teacher"]]
    assert published.added(alone, "method", "smp_l", "movement", ["task"]).to_dict() == pytest.approx({"mnli": 3.0})
    assert published.added(alone, "method", "smp_l", "l0", ["task"]).empty
    with pytest.raises(ValueError, match="2 scores stand beside others alike in task, method: choose among them"):
        published.added(SCORES, "method", "smp_l", "movement", ["task"])


def test_gains_over_tasks_have_the_interval_of_scipy_and_rounding_is_none():
    more = pd.Series([0.3, -0.2, 0.04, 0.9])
    mean, gained, lost = published.gains(more)
    assert tuple(mean) == pytest.approx((0.26, *ttest_1samp(more, 0).confidence_interval(0.95)))
    assert (gained, lost) == (2, 1)


def test_methods_of_the_tables_have_a_readers_names():
    assert [published.title(name) for name in ("fine_tuning", "cap", "smp_s")] == ["full fine-tuning", "CAP", "SMP-S"]


def test_sources_stand_line_under_line_and_are_never_merged():
    printed = pd.DataFrame({"CoLA": ["1", "2"], "RTE": ["3", "4"]}, pd.Index(["full", "good"], name="part"))
    real = pd.DataFrame({"RTE": ["5"], "STS-B": ["6"]}, ["good"])
    ours = pd.DataFrame({"CoLA": ["7", "8"]}, ["bad", "full"])
    table = published.beside({"printed": printed, "MiniLM": real, "none": real[:0], "miniature": ours})
    lines = [(*index, *row) for index, row in zip(table.index, table.to_numpy().tolist(), strict=True)]
    assert lines == [
        ("full", "printed", "1", "3", ""),
        ("full", "miniature", "8", "", ""),
        ("good", "printed", "2", "4", ""),
        ("good", "MiniLM", "", "5", "6"),
        ("bad", "miniature", "7", "", ""),
    ]
    assert table.columns.tolist() == ["CoLA", "RTE", "STS-B"]
    assert table.index.names == ["part", "source"]


def test_things_of_several_levels_keep_them():
    index = pd.MultiIndex.from_tuples([("weights", "good"), ("heads", "good")], names=["removed", ""])
    table = published.beside({"a": pd.DataFrame({"x": ["1", "2"]}, index), "b": pd.DataFrame({"x": ["3"]}, index[1:])})
    assert table["x"].to_dict() == {
        ("weights", "good", "a"): "1",
        ("heads", "good", "a"): "2",
        ("heads", "good", "b"): "3",
    }
