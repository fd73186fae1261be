"""What the answers of one's own models say: a score with its interval, and what a cut costs on the same rows.

`answers` is what a run leaves in answers.parquet, with the columns split, answer and label as text; one table a seed.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from lottery.statistics import Estimate, bootstrap_interval, bootstrap_over_groups, bootstrap_over_seeds_and_examples

Metric = Callable[[np.ndarray, np.ndarray], float]  # (answers, labels), (n,) each -> the score, higher is better

RESAMPLES = 1999


def given(answers: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Answers and labels of dev, (n,) each: numbers of classes or of a regression; tags of sentences stay texts."""
    dev = answers[answers["split"] == "dev"]
    return as_read(dev["answer"]), as_read(dev["label"])


def as_read(written: pd.Series) -> np.ndarray:
    """What stands in a file of answers, (n,): numbers, or tags of a sentence, none of which is a number."""
    try:
        return written.astype(float).to_numpy()
    except ValueError:
        return written.to_numpy(dtype=object)


def score(answers: pd.DataFrame, metric: Metric, *, counted: bool, seed: int = 0) -> Estimate:
    """A model's score on dev with its 95% interval over the rows: (score, low, high).

    counted  whether the score is the share of right answers, which has Wilson's interval (1927); else a bootstrap's
    seed     of the bootstrap's draws
    The ends are NaN where the score is not defined in a tenth of the draws.
    """
    answered, labels = given(answers)
    if counted:
        right = int((answered == labels).sum())
        return Estimate(right / len(labels), *proportion_confint(right, len(labels), method="wilson"))
    ends = bootstrap_over_groups(np.arange(len(labels)), lambda rows: metric(answered[rows], labels[rows]), seed=seed)
    return Estimate(metric(answered, labels), *ends)


def change(
    whole: Sequence[pd.DataFrame], cut: Sequence[pd.DataFrame], metric: Metric, *, counted: bool, seed: int = 0
) -> Estimate:
    """What a cut changes in the score, with its 95% interval: (mean over seeds, low, high), below 0 where it costs.

    whole, cut  answers of the same rows, the i-th of both from the i-th seed
    counted     whether the score is the share of right answers
    Rows are drawn together for both models, and seeds, where there are several, crossed with them (Owen 2007,
    doi:10.1214/07-AOAS122). The ends are NaN where both are right and wrong alike, or the score is not defined in a
    tenth of the draws. Raises ValueError for answers to different rows.
    """
    pairs = [(given(one), given(other)) for one, other in zip(whole, cut, strict=True)]
    if any(not np.array_equal(one[1], other[1]) for one, other in pairs):
        raise ValueError("the answers are to different rows, so they cannot be compared row by row")
    labels = pairs[0][0][1]
    if counted:
        gained = np.array([(other == labels).astype(float) - (one == labels) for (one, _), (other, _) in pairs])
        if len(gained) == 1:
            return Estimate(float(gained.mean()), *bootstrap_interval(gained[0], seed=seed, resamples=RESAMPLES))
        return Estimate(float(gained.mean()), *bootstrap_over_seeds_and_examples(gained, seed=seed))

    def mean(seeds: np.ndarray, rows: np.ndarray) -> float:
        of = [(pairs[i][0][0][rows], pairs[i][1][0][rows]) for i in seeds]
        return float(np.mean([metric(other, labels[rows]) - metric(one, labels[rows]) for one, other in of]))

    every = np.arange(len(pairs))
    value = mean(every, np.arange(len(labels)))
    if all(np.array_equal(one[0], other[0]) for one, other in pairs):
        return Estimate(value, np.nan, np.nan)
    generator = np.random.default_rng(seed)
    ends = bootstrap_over_groups(
        np.arange(len(labels)), lambda rows: mean(generator.choice(every, len(every)), rows), seed=seed + 1
    )
    return Estimate(value, *ends)


def lowest(change: Estimate) -> float:
    """What a change is shown not to lie below: the lower end; of models that answer alike, without one, the change."""
    return change.mean if np.isnan(change.low) else change.low


def free(changes: dict[float, float], *, within: float) -> float:
    """The largest share such that it and every smaller one of those tried cost at most `within`; 0 where none does.

    changes  {share removed: change of the score, below 0 where it costs}; NaN, no score, counts as too much

    >>> free({0.2: 0.0, 0.4: -0.01, 0.5: -0.05, 0.6: 0.0}, within=0.02)
    0.4
    """
    free = 0.0
    for share, value in sorted(changes.items()):
        if not value >= -within:
            break
        free = share
    return free
