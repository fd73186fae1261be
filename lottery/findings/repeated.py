"""Runs that were made twice, for this build and for the records, and how far their scores are apart."""

from typing import NamedTuple

import numpy as np
import pandas as pd


class Repeated(NamedTuple):
    runs: int  # that stand in both, by their key, and have a score in one of them
    alike: int  # of these, with the same score to the last bit; two that are not defined are alike
    apart: float  # root of the mean square of the differences of the others, in the unit of the score; NaN for none
    most: float  # the largest of these differences


def repeated(live: pd.DataFrame, recorded: pd.DataFrame) -> Repeated:
    """How runs of this build compare with those of the same key among the recorded ones; a row a run in both tables."""
    if not all({"key", "score"} <= set(rows) for rows in (live, recorded)):
        return Repeated(0, 0, np.nan, np.nan)
    ours, theirs = (rows.drop_duplicates("key").set_index("key")["score"].astype(float) for rows in (live, recorded))
    pairs = pd.concat([ours, theirs], axis=1, join="inner", keys=["ours", "theirs"]).dropna(how="all")
    alike = (pairs["ours"] == pairs["theirs"]) | pairs.isna().all(axis=1)
    differences = (pairs["ours"] - pairs["theirs"])[~alike].dropna()
    apart = float(np.sqrt((differences**2).mean())) if len(differences) else np.nan
    return Repeated(len(pairs), int(alike.sum()), apart, float(differences.abs().max()) if len(differences) else np.nan)
