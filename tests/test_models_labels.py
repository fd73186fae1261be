"""Names of classes: which of two sets are the same, in whatever spelling and order."""

import pytest

from lottery.models import labels

MNLI = ["entailment", "neutral", "contradiction"]


@pytest.mark.parametrize(
    ("theirs", "ours", "places"),
    [
        ({0: "entailment", 1: "neutral", 2: "contradiction"}, MNLI, [0, 1, 2]),
        ({0: "CONTRADICTION", 1: "ENTAILMENT", 2: "NEUTRAL"}, MNLI, [1, 2, 0]),
        ({0: "contradiction", 1: "neutral", 2: "entailment"}, MNLI, [2, 1, 0]),
        ({0: "not_entailment", 1: "Entailment"}, ["entailment", "not_entailment"], [1, 0]),
        ({0: "entailment", 1: "Non-Entailment"}, ["entailment", "not_entailment"], [0, 1]),
        ({0: "POSITIVE", 1: "NEGATIVE"}, ["negative", "positive"], [1, 0]),
        ({0: "1 star", 1: "2 stars"}, ["2_stars", "1_star"], [1, 0]),
        ({0: "LABEL_0", 1: "LABEL_1"}, ["1", "0"], [1, 0]),
        ({0: "cafe\u0301", 1: "Bar"}, ["bar", "caf\u00e9"], [1, 0]),
        ({0: "Straße", 1: "Weg"}, ["STRASSE", "weg"], [0, 1]),
        ({0: "LABEL_0", 1: "LABEL_1"}, ["negative", "positive"], None),
        ({0: "negative", 1: "positive"}, ["approve", "reject"], None),
        ({0: "negative", 1: "neutral", 2: "positive"}, ["negative", "positive"], None),
        ({0: "good", 1: "bad"}, ["good", "bad", "mixed"], None),
        ({0: "us", 1: "US"}, ["us", "US"], None),
        ({0: "a", 1: "b", 2: "B"}, ["a", "b"], None),
    ],
)
def test_classes_are_matched_by_name(theirs, ours, places):
    assert labels.places(theirs, ours) == places
