"""What CAP adds to movement, on made-up runs whose scores are sums of known parts, against scipy's intervals."""

import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from lottery.findings import contrasted_masks

LEARNERS = {
    "movement": {"teacher": None, "contrasted": None},
    "movement + teacher": {"teacher": "FineTuning", "contrasted": None},
    "CAP, released": {"teacher": "FineTuning", "contrasted": "released"},
}
SCORES = {"movement": 0.5, "movement + teacher": 0.52, "CAP, released": 0.6}
LUCK = {("movement + teacher", seed): 0.01 * seed for seed in (1, 2, 3)}


@pytest.fixture
def runs() -> pd.DataFrame:
    common = {"experiment": "LearnedMask", "method": "movement", "strength": 0.0, "guided": "released"}
    common |= {"rise": "cubic", "head": "random", "majority": 0.3}
    rows = [
        common | how | {"sparsity": s, "task": task, "seed": seed, "score": SCORES[name] + LUCK.get((name, seed), 0)}
        for name, how in LEARNERS.items()
        for s in (0.5, 0.9)
        for task in ("cola", "sst2")
        for seed in (1, 2, 3)
    ]
    return pd.DataFrame([*rows, {"experiment": "FineTuning", "task": "cola", "seed": 1, "score": 0.8, "majority": 0.3}])


def test_learners_are_told_by_teacher_and_contrast(runs):
    rows = contrasted_masks.learners(runs)
    assert rows.groupby("learner", sort=False).size().to_dict() == dict.fromkeys(LEARNERS, 12)


def test_what_each_learner_adds_has_the_interval_of_scipy(runs):
    lines = contrasted_masks.added(contrasted_masks.learners(runs))
    pairs = [("CAP, released", "movement"), ("CAP, released", "movement + teacher"), ("movement + teacher", "movement")]
    assert [tuple(line) for line in lines[["one", "other", "asked"]].to_numpy()] == [
        (*pair, asked) for pair in pairs for asked in (0.5, 0.9)
    ]
    for line in lines.to_dict("records"):
        one, other = line["one"], line["other"]
        more = [
            100 * (SCORES[one] + LUCK.get((one, seed), 0) - SCORES[other] - LUCK.get((other, seed), 0))
            for seed in (1, 2, 3)
        ]
        assert line["mean"] == pytest.approx(sum(more) / 3)
        if (one, other) != pairs[0]:  # of which the seeds do not differ
            low, high = ttest_1samp(more, 0).confidence_interval(0.95)
            assert (line["low"], line["high"]) == pytest.approx((low, high))


def test_without_masks_there_is_nothing_to_compare(runs):
    lines = contrasted_masks.added(contrasted_masks.learners(runs[runs["experiment"] == "FineTuning"]))
    assert lines.empty
    assert "asked" in lines
