"""Fewer heads, and fewer MLPs, remain when each kind is pruned alone.

The share of heads kept by a search of heads alone minus the share kept by a search of both, and the same for MLPs, has
to be below 0, averaged over the tasks, with an interval over worlds or seeds. The paper also gives shares. They can be
read in two ways: what remains on average, or what stays in at least five of nine tasks. By the reading that comes
closer, the share of the MLPs has to be what the paper says, except for rounding.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import none, over, per_unit, within
from lottery.claims._runs import over_drawn
from lottery.findings.searches import sound

PAPER = "prasanna2020"
CLAIM = (
    "Fewer heads (or MLPs) remain when they are pruned separately: 49% together against 22% separately for heads, "
    "75% against 50% for MLPs."
)
WHERE = "section 4.1, Appendix B"
TABLE = "component_search"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # points of the components: the paper says fewer
CLAIMED = (-math.inf, MARGIN)
SAID, ROUNDING, TASKS = 75.0, 0.5, 5  # % of the MLPs; points; of nine
PARTS = {"heads": ("heads", 144), "mlps": ("MLPs", 12)}


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' masks."""
    rows = tables["prasanna2020_masks"]
    good = (rows["pruning"] == "structured") & (rows["subnetwork"] == "good") & (rows["where"] == "dev")
    rows = rows[good]
    evidence = []
    for part, (named, many) in PARTS.items():
        shares = (100 * rows[f"{part}_kept"] / many).groupby([rows["mode"], rows["seed"]]).mean()
        evidence.append(over(_what(named), "points", CLAIMED, shares[part] - shares["both"]))
    across = tables["prasanna2020_across_tasks"]
    mlps = across[across["component"] == "mlps"]
    mean = 100 * float(rows.loc[rows["mode"] == "both", "mlps_kept"].mean()) / 12
    readings = [mean, 100 * float((mlps["tasks"] >= TASKS).mean())]
    nearest = min(readings, key=lambda value: abs(value - SAID))
    what = "MLPs that remain where both are pruned, by the closer reading"
    return [
        *evidence,
        within(what, "%", (SAID - ROUNDING, SAID + ROUNDING), nearest, nearest, nearest, basis="counted"),
    ]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of component_search."""
    wide, seconds = by_mode(table), per_unit(table[table["recipe"] == "printed"], "of.seed")
    evidence = []
    for part, (named, _) in PARTS.items():
        what = _what(named)
        if not {part, "both"} <= set(wide.columns.unique("mode")):
            evidence.append(none(what, "points", CLAIMED, "not recorded"))
            continue
        shares = 100 * wide[part] / wide[f"all_{part}"]
        apart = (shares[part] - shares["both"]).dropna().rename("apart").reset_index()
        evidence.append(over_drawn(what, "points", CLAIMED, apart["apart"], apart, seconds=seconds))
    return evidence


def by_mode(table: pd.DataFrame) -> pd.DataFrame:
    """What searches on dev keep, by task, world and seed and, in columns, by mode: heads, MLPs, of how many, share."""
    rows = sound(table[table["experiment"] == "ComponentSearch"])
    rows = rows[(rows["recipe"] == "printed") & (rows["where"] == "dev") & ~rows["guarded"].astype(bool)]
    rows = rows[(rows["of.train_examples"] == 0) & (rows["importance"] == "sample")]
    values = ["heads", "mlps", "all_heads", "all_mlps", "share_kept"]
    rows = rows.astype(dict.fromkeys(values, float))
    rows = rows.fillna({"world": -1.0})  # of no world; a table leaves out what is NaN
    return rows.pivot_table(values, ["of.task", "world", "of.seed"], "mode").rename_axis(columns=[None, "mode"])


def _what(named: str) -> str:
    return f"{named} kept where pruned alone minus where both are pruned, mean over the tasks"
