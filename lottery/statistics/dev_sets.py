"""What the size of a dev set allows to be told of a score, where the answer to each example is not known.

A metric is named as tasks name theirs: "accuracy", "matthews", "pearson_spearman", "f1".
"""

import math

from scipy.stats import binom, norm


def variance(metric: str, score: float, examples: int) -> float:
    """Variance of a score over other dev sets of as many examples of the same kind, model and training given.

    score    in [0, 1], correlations in [-1, 1]
    returns  accuracy: score (1 - score) / examples, the binomial's; F1, the mean of numbers in [0, 1]: the same, as a
             bound; Matthews' and Pearson's correlation: (1 - score^2)^2 over their degrees of freedom, of a rank
             correlation at most 1 + score^2 / 2 times as much (Bonett & Wright 2000, doi:10.1007/BF02294183)
    Raises ValueError for a metric whose error is not known.
    """
    if metric in ("accuracy", "f1"):
        return score * (1 - score) / examples
    if metric == "matthews":
        return (1 - score**2) ** 2 / (examples - 1)
    if metric == "pearson_spearman":
        return (1 - score**2) ** 2 * (1 + score**2 / 2) / (examples - 3)
    raise ValueError(
        f"how {metric!r} varies with the dev set is not known: accuracy, matthews, pearson_spearman, f1 are"
    )


def least_shown(examples: int, differing: float) -> float:
    """How much lower an accuracy may be, at the lower end of its 95% interval, of a model that loses nothing.

    examples   that two models answer
    differing  share of them that one of the two alone answers rightly, either as often, in [0, 1]
    returns    half of the normal interval of the difference of both accuracies, whose variance is that share over the
               examples (McNemar 1947, doi:10.1007/BF02295996)
    """
    return float(norm.ppf(0.975) * math.sqrt(differing / examples))


def above(metric: str, score: float, floor: float, examples: int, *, level: float = 0.05) -> bool:
    """Whether a score is clearly above that of the majority-class baseline, by a one-sided test over the examples.

    floor  score of the majority-class baseline; of a correlation, where it has none, 0 or NaN
    level  of the test: the exact binomial one of an accuracy, else the normal one of the score at the floor

    A score that is NaN is not above anything.
    """
    floor = 0.0 if math.isnan(floor) else floor
    if math.isnan(score) or score <= floor:
        return False
    if metric == "accuracy":
        return bool(binom.sf(round(score * examples) - 1, examples, floor) < level)
    at_floor = score if metric == "f1" else floor  # an F1 of 0 has no variance of its own
    return bool(norm.sf((score - floor) / math.sqrt(variance(metric, at_floor, examples))) < level)
