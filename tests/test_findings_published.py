"""The printed numbers that count, against tables written out by hand."""

import pandas as pd

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
