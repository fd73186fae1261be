"""Retrained, bad heads alone do as well as good ones, and so do bad MLPs alone.

The paper cuts heads and MLPs together, so that where a bad subnetwork fails it is open which of them it lacks; in a
model of six layers one MLP is a ninth of the weights of its layers. Good, random and bad subnetworks keep different
shares of what the good one keeps: a plane through their scores, shifted for each task, tells what it costs to lose all
of the good heads with the same MLPs, and all of the good MLPs with the same heads. Each has to be below 5 points, as
for both together. The subnetworks are drawn anew from the seeds in their records.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from statsmodels.regression.linear_model import OLS

from lottery.claims import Evidence, Plan
from lottery.claims import _prasanna as prasanna
from lottery.claims._evidence import none, with_error
from lottery.claims._runs import learned, scores
from lottery.experiments import subnetworks
from lottery.findings.searches import judged

PAPER = "prasanna2020"
CLAIM = (
    "Even the worst possible selection of pre-trained BERT components for a given task still contains a lot of useful "
    "information; here of heads and of MLPs apart."
)
WHERE = "section 4.3"
TABLE = "good_random_bad"
NOT_OF_MINIATURE = ""
MARGIN = 5.0  # points: as under the claim on both together
CLAIMED = (-math.inf, MARGIN)
KINDS = ("good", "random", "bad", "bad, disjoint")
WHATS = {
    "heads": "what it costs to lose the good heads, with the same MLPs",
    "mlps": "what it costs to lose the good MLPs, with the same heads",
}


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing: the paper does not take them apart."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    rows = prasanna.retrained(table)
    rows = rows[(rows["pruning"] == "structured") & rows["subnetwork"].isin(KINDS)]
    kept = _shares_of_good(table, rows)
    above = learned(scores(rows, task="tuned_on", seed="trial")) if len(rows) else {}
    kept = kept[np.array([above[task, ""] for task in kept["task"]], dtype=bool)]
    if len(kept) < 6 + kept["task"].nunique():
        return [none(what, "points", CLAIMED, "not recorded") for what in WHATS.values()]
    design = pd.get_dummies(kept["task"], dtype=float).assign(heads=kept["heads"], mlps=kept["mlps"])
    fit = OLS(kept["score"].to_numpy(), design.to_numpy()).fit()
    freedom, seconds = len(kept) - design.shape[1], float(rows.get("seconds", pd.Series(dtype=float)).mean())
    basis = f"a plane through {len(kept)} subnetworks, {kept['task'].nunique()} tasks"
    return [
        with_error(
            what,
            "points",
            CLAIMED,
            -float(fit.params[place]),
            float(fit.bse[place]),
            basis=basis,
            freedom=freedom,
            plan=Plan("subnetworks", len(kept), float(fit.bse[place]) * math.sqrt(len(kept)), seconds=seconds),
        )
        for what, place in zip(WHATS.values(), (-2, -1), strict=True)
    ]


def _shares_of_good(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Of each retrained subnetwork the task, the score in points, and which share of the good one it lost."""
    good = {
        (row["of.task"], row["of.seed"]): {
            part: torch.tensor(row[f"kept_{part}"], dtype=torch.bool) for part in ("heads", "mlps")
        }
        for row in judged(table)[["of.task", "of.seed", "kept_heads", "kept_mlps"]].to_dict("records")
    }
    shapes = []
    for row in rows[["tuned_on", "trial", "subnetwork", "start.kept.seed", "score"]].to_dict("records"):
        if (row["tuned_on"], row["trial"]) not in good:
            continue
        ours, kind = good[row["tuned_on"], row["trial"]], row["subnetwork"]
        seed = int(row["start.kept.seed"])
        if kind == "random":
            parts = subnetworks.drawn_like(ours, seed)
        else:
            parts = subnetworks.bad_beside(ours, seed, disjoint="disjoint" in kind) if "bad" in kind else ours
        shares = {part: float((parts[part] & kept).sum() / kept.sum().clamp(min=1)) for part, kept in ours.items()}
        score = 0.0 if pd.isna(row["score"]) else 100 * float(row["score"])
        shapes.append({"task": row["tuned_on"], "score": score, **{part: 1 - share for part, share in shares.items()}})
    return pd.DataFrame(shapes, columns=["task", "score", "heads", "mlps"])
