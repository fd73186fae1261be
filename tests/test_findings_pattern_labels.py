"""What classifiers get right on labelled maps: against scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import classification_report, f1_score

from lottery.attention.patterns import PATTERNS
from lottery.findings import pattern_labels


def answered(classifier, task, seed=0, drawn=100, disputed=0):
    """A run of LabelledPatterns with 40 maps of 10 heads; `disputed` of them labelled in two ways."""
    generator = np.random.default_rng([len(task), len(classifier), seed])
    sheet = np.random.default_rng(len(task))
    first = sheet.choice(PATTERNS[:4], 40).tolist()
    second = [PATTERNS[4]] * disputed + first[disputed:]
    right = generator.random(40) < 0.6
    answers = np.where(right, first, generator.choice(PATTERNS, 40)).tolist()
    return {
        "experiment": "LabelledPatterns",
        "model": "toy",
        "task": task,
        "of.classifier": classifier,
        "of.drawn": drawn,
        "of.seed": seed,
        "kinds": ["raw", "normed"] * 20,
        "in_layers": (np.arange(40) % 5).tolist(),
        "in_heads": (np.arange(40) % 10 // 5).tolist(),
        "first_labels": first,
        "second_labels": second,
        "answers": answers,
        "confidences": generator.random(40).tolist(),
    }


def test_disputed_maps_are_left_out_and_heads_are_named():
    runs = pd.DataFrame([answered("network", "cola", disputed=3), {"experiment": "PatternTraining"}])
    maps = pattern_labels.labelled(runs)
    assert maps["number"].tolist() == list(range(3, 40))
    assert maps["place"].iloc[0] == "toy 3.0"
    assert maps["place"].nunique() == 10
    assert pattern_labels.labelled(runs[1:]).empty


def test_f1_is_that_of_scikit_learn():
    runs = pd.DataFrame([answered("network", "cola"), answered("network", "sst2")])
    maps = pattern_labels.labelled(runs)
    table = pattern_labels.f1_of_patterns(maps, resamples=99)
    report = classification_report(maps["label"], maps["answer"], output_dict=True, zero_division=0)
    for pattern in PATTERNS[:4]:
        assert table.loc[pattern, "f1"] == pytest.approx(report[pattern]["f1-score"])
        assert table.loc[pattern, "low"] < table.loc[pattern, "f1"] < table.loc[pattern, "high"]
    assert np.isnan(table.loc["heterogeneous", "f1"])  # the label of none
    assert np.isnan(table.loc["heterogeneous", "low"])
    assert table.loc["weighted", "f1"] == pytest.approx(report["weighted avg"]["f1-score"])
    assert table["maps"].tolist() == [*(maps["label"].value_counts().get(name, 0) for name in PATTERNS), 80]


def test_the_advantage_is_the_difference_on_the_same_maps():
    rows = pattern_labels.labelled(pd.DataFrame([answered("network", "cola"), answered("features", "cola")]))
    one, other = (rows[rows["classifier"] == name] for name in ("network", "features"))
    ahead = pattern_labels.advantage(one.sample(frac=1, random_state=0), other)
    expected = [
        classification_report(some["label"], some["answer"], output_dict=True, zero_division=0)["weighted avg"][
            "f1-score"
        ]
        for some in (one, other)
    ]
    assert ahead.mean == pytest.approx(expected[0] - expected[1])
    assert ahead.low < ahead.mean < ahead.high
    assert pattern_labels.advantage(one, one) == (0, 0, 0)
    with pytest.raises(ValueError, match="39 and 40 answers are not to the same maps"):
        pattern_labels.advantage(one[1:], other)


def test_patterns_are_judged_by_what_learnt_first_from_the_most_maps():
    runs = pd.DataFrame(
        [
            answered(classifier, "cola", seed=seed, drawn=drawn)
            for classifier in ("network", "features")
            for drawn in (100, 400)
            for seed in (3, 4)
        ]
        + [answered("guide", "cola", drawn=0)]
    )
    best = pattern_labels.best_trained(runs)
    assert {*best[["classifier", "drawn", "seed"]].itertuples(index=False, name=None)} == {
        ("network", 400, 3), ("features", 400, 3), ("guide", 0, 0),
    }  # fmt: skip
    assert len(best) == 3 * 40
    maps = pattern_labels.labelled(runs)
    curve = pattern_labels.learning_curve(maps)
    assert len(curve) == 8  # the guide learns nothing
    for row in curve.to_dict("records"):
        some = maps[(maps["classifier"] == row["classifier"]) & (maps["drawn"] == row["drawn"])]
        some = some[some["seed"] == row["seed"]]
        assert row["f1"] == pytest.approx(
            f1_score(some["label"], some["answer"], average="weighted", labels=PATTERNS, zero_division=0)
        )
    assert pattern_labels.best_trained(runs[:0]).empty


def test_f1_by_kind_counts_disputed_maps_by_either_label_and_tells_what_they_leave_to_reach():
    run = answered("network", "cola", disputed=9)
    table = pattern_labels.by_kind(pd.DataFrame([run, answered("network", "cola", drawn=10)]))
    assert table[["classifier", "kind"]].to_numpy().tolist() == [["network", "raw"], ["network", "normed"]]
    for place, line in enumerate(table.to_dict("records")):
        first, second, answers = (
            np.array(run[name][place::2]) for name in ("first_labels", "second_labels", "answers")
        )
        alike = first == second

        def f1(labels, found):
            return pytest.approx(f1_score(labels, found, average="weighted", zero_division=0))

        assert line["f1"] == f1(first[alike], answers[alike])
        assert (line["of_first"], line["of_second"]) == (f1(first, answers), f1(second, answers))
        assert line["labels"] == f1(first, second)
    assert pattern_labels.by_kind(pd.DataFrame([{"experiment": "PatternTraining"}])).empty
