"""Searches with different seeds find heads that agree little.

The kappa between two seeds' masks of one task is 0 for random masks. It cannot reach 1 where the two keep different
numbers of heads: the most it can reach is that of one ranking cut at two places. So the mean kappa of two seeds has to
be below half of the most that their sizes allow, averaged over the tasks. In print the kappas of all seeds (Fleiss')
also have to lie in the range that the paper gives, without WNLI. The error is from a jackknife over seeds, because
every pair belongs to two of them. Whether so little is more than chance is a claim of its own.
"""

import math
from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import jackknifed, none, per_unit, within
from lottery.findings.searches import judged, masks
from lottery.statistics import agreement

PAPER = "prasanna2020"
CLAIM = "The good subnetworks are unstable: between five seeds Fleiss' kappa on the survival of heads is .15 to .32."
WHERE = "section 5.1"
TABLE = "mask_agreement"
NOT_OF_MINIATURE = ""
MARGIN = 0.5  # of the most that the sizes allow: the docstring has the reason
CLAIMED = (-math.inf, MARGIN)
WHAT = "kappa of two seeds, as a share of the most that their sizes allow, mean over the tasks"
PRINTED, ROUNDING = (0.15, 0.32), 0.005
HEADS = 144


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' masks, without WNLI's, which keep all or nothing."""
    rows = tables["prasanna2020_agreement"]
    rows = rows[(rows["mode"] == "both") & (rows["where"] == "dev") & (rows["component"] == "heads")]
    kappas = rows.loc[rows["task"] != "wnli", "kappa"]
    sizes = tables["prasanna2020_masks"]
    good = (sizes["pruning"] == "structured") & (sizes["subnetwork"] == "good") & (sizes["mode"] == "both")
    sizes = sizes[good & (sizes["where"] == "dev") & (sizes["task"] != "wnli")]
    most = float(np.mean([attainable(some["heads_kept"], HEADS) for _, some in sizes.groupby("task")]))
    kin = tables["prasanna2020_kinship"].set_index("without_seed")["same_task"]
    every, without = float(kin["none"]), kin.drop("none")
    low, high = PRINTED[0] - ROUNDING, PRINTED[1] + ROUNDING
    return [
        within(f"{end} Fleiss' kappa of any task", "", (low, high), value, value, value, basis="of the authors' masks")
        for end, value in (("lowest", kappas.min()), ("highest", kappas.max()))
    ] + [jackknifed(WHAT, "", CLAIMED, every / most, without / most)]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of mask_agreement."""
    rows = judged(table)
    seeds = rows["of.seed"].unique()
    if len(seeds) < 2:
        return [none(WHAT, "", CLAIMED, "not recorded")]
    every, without = _share(rows), [_share(rows[rows["of.seed"] != seed]) for seed in seeds]
    basis, seconds = f", {rows['of.task'].nunique()} tasks", per_unit(rows, "of.seed")
    return [jackknifed(WHAT, "", CLAIMED, every, without, basis=basis, seconds=seconds)]


def attainable(sizes: pd.Series, items: int) -> float:
    """The mean kappa of every two masks of `items` that keep so many each, were the smaller one inside the larger."""
    agreements = []
    for one, other in combinations(np.sort(np.asarray(sizes, dtype=float)) / items, 2):
        chance = one * other + (1 - one) * (1 - other)
        agreements.append((1 - (other - one) - chance) / (1 - chance) if chance < 1 else math.nan)
    return float(np.nanmean(agreements)) if not np.isnan(agreements).all() else math.nan


def _share(rows: pd.DataFrame) -> float:
    """Mean kappa of two seeds over the mean of the most that their sizes allow, of tasks with two seeds or more."""
    by_task = []
    for _, some in rows.groupby("of.task"):
        heads = masks(some)[0].reshape(len(some), -1)
        if len(heads) > 1:
            each = agreement.cohen_kappas(heads)[np.triu_indices(len(heads), 1)]
            by_task.append((each.mean(), attainable(heads.sum(1), heads.shape[1])))
    pairs = pd.DataFrame(by_task, columns=["kappa", "most"]).dropna()
    return float(pairs["kappa"].mean() / pairs["most"].mean()) if len(pairs) else math.nan
