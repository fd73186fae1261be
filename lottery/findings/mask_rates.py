"""Which learning rates suit each method that learns a mask."""

import pandas as pd

from lottery.choices import choose
from lottery.findings import learned_masks

NO_RATE = "none"  # of scores, where a method learns none


def scored(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean score over seeds in points, a row each: method, scores_at, weights_at, asked, task, score.

    method      what a reader calls it
    scores_at   the learning rate of scores, in words; NO_RATE for a method without any
    weights_at  that of weights, or of the head alone
    """
    rows = learned_masks.scored(runs)
    masked = rows["method"] != learned_masks.FULL
    learns = [name != learned_masks.FULL and choose("mask_learning", name).LEARNED for name in rows["method"]]
    rows = rows.assign(
        method=rows["title"],
        scores_at=rows["score_rate"].map("{:g}".format).where(learns, NO_RATE),
        weights_at=rows["weight_rate"].where(masked, rows["learning_rate"]),
        score=100 * rows["score"],
    )
    return (
        rows.groupby(["method", "scores_at", "weights_at", "asked", "task"], sort=False)["score"].mean().reset_index()
    )


def best(rows: pd.DataFrame) -> pd.DataFrame:
    """The rates that do best on average over tasks and sparsities, a row a method.

    rows     of `scored`
    returns  scores_at, weights_at, their mean score, that of the worst rates, and `by_scores`, the largest difference
             that the rate of scores makes at one rate of weights; in points; at_end, which of "scores" and "weights"
             have their best rate at an end of those tried, where three or more were: a better one may lie beyond
    """
    lines = {}
    for method, some in rows.groupby("method", sort=False):
        means = some.groupby(["scores_at", "weights_at"])["score"].mean()
        scores_at, weights_at = means.idxmax()
        each = means.groupby("weights_at")
        lines[method] = {
            "scores_at": scores_at,
            "weights_at": weights_at,
            "best": means.max(),
            "worst": means.min(),
            "by_scores": (each.max() - each.min()).max(),
            "at_end": [
                what
                for what, rate in (("scores", scores_at), ("weights", weights_at))
                if _at_end(rate, means.index.unique(f"{what}_at"))
            ],
        }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("method")


def _at_end(rate: str | float, tried: pd.Index) -> bool:
    """Whether a rate is the lowest or the highest of those tried, if there is one between."""
    rates = sorted(float(each) for each in tried if each != NO_RATE)
    return len(rates) > 2 and float(rate) in (rates[0], rates[-1])
