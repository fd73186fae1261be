"""Where good and bad subnetworks lie among random ones of their size, as cut, and what of these makes the difference.

Tables are of runs of `RandomCuts`, a row a model. A score that is not defined counts as 0. A mean over models is that
over the tasks that every world has, or every seed where there is one world, and its interval is over these.
"""

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from lottery.findings.searches import silent
from lottery.findings.seeds import over_units, told_apart
from lottery.statistics import Estimate

KINDS = ("good", "bad")


def cuts(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of `RandomCuts` whose search says something, with the columns of `seeds.told_apart`."""
    rows = runs[runs["experiment"] == "RandomCuts"]
    if rows.empty:
        return rows.assign(**{"of.task": "", "model": "", "unit": 0, "scores": None, "good_score": 0, "bad_score": 0})
    rows = told_apart(rows.assign(**{"of.task": rows["like.of.task"]}), seed="like.of.seed")
    rows = rows.assign(degenerate="", share=rows["like.share"])
    return rows[silent(rows) == ""]


def places(rows: pd.DataFrame) -> pd.DataFrame:
    """How many of the random subnetworks each model's good and bad ones are better than, a tie for a half.

    rows     as of `cuts`
    returns  of.task, model, unit; draws, how many; good and bad, in [0, draws]
    """
    scores = [np.nan_to_num(np.asarray(each, dtype=float)) for each in rows["scores"]]
    columns = {"draws": [len(each) for each in scores]}
    for kind in KINDS:
        own = np.nan_to_num(rows[f"{kind}_score"].astype(float))
        columns[kind] = [
            float((each < score).sum() + (each == score).sum() / 2) for each, score in zip(scores, own, strict=True)
        ]
    return rows[["of.task", "model", "unit"]].assign(**columns)


def by_task(found: pd.DataFrame) -> pd.DataFrame:
    """What share of random subnetworks the good and the bad ones are better than, a row a task.

    found    as of `places`
    returns  by task: models, draws, how many in all; good and bad, each an Estimate with the exact 95% interval over
             the draws (Clopper & Pearson 1934): other random subnetworks of these models
    """
    lines = {}
    for task, some in found.groupby("of.task", sort=False):
        draws = int(some["draws"].sum())
        line = {"models": len(some), "draws": draws}
        for kind in KINDS:
            # Half a tie is rounded for the interval alone, which takes whole numbers.
            ends = binomtest(round(some[kind].sum()), draws).proportion_ci(0.95, method="exact")
            line[kind] = Estimate(float(some[kind].sum() / draws), float(ends.low), float(ends.high))
        lines[task] = line
    return pd.DataFrame.from_dict(lines, orient="index", columns=["models", "draws", *KINDS])


def in_all(found: pd.DataFrame) -> pd.Series:
    """The same shares for other models: of "good" and of "bad" an Estimate over worlds or seeds."""
    shares = found.assign(**{kind: found[kind] / found["draws"] for kind in KINDS})
    return pd.Series({kind: over_units(shares, kind) for kind in KINDS}, dtype=object)


def worth(rows: pd.DataFrame) -> pd.Series:
    """What it is worth, in points as cut, to have all of the good one's heads instead of none, and its MLPs likewise.

    rows     as of `cuts`
    returns  of "heads" and of "mlps" an Estimate. In each model a plane is fitted by least squares to the scores of its
             random subnetworks, over the shares of the good one's heads and MLPs that they hold. A model in which one
             of the two does not vary says nothing of that one
    """
    lines = [_plane(row) for row in rows.to_dict("records")]
    table = pd.DataFrame(lines, rows.index, columns=["heads", "mlps"])
    return pd.Series({kind: over_units(rows.assign(value=table[kind]), "value") for kind in table}, dtype=object)


def _plane(row: dict) -> dict[str, float]:
    scores = 100 * np.nan_to_num(np.asarray(row["scores"], dtype=float))
    shares = {kind: np.asarray(row[f"good_{kind}"], dtype=float) / max(row[kind], 1) for kind in ("heads", "mlps")}
    varied = {kind: share for kind, share in shares.items() if np.ptp(share) > 0}
    design = np.column_stack([np.ones(len(scores)), *varied.values()])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return {}
    slopes = np.linalg.lstsq(design, scores, rcond=None)[0][1:]
    return dict(zip(varied, map(float, slopes), strict=True))
