"""Large weights keep their place better than small ones.

The tenth of the weights with the highest magnitude has to move less in the order than the tenth with the lowest, by
any amount; the paper shows this as a figure. A weight at either end of the order can move only one way, a weight in
the middle two, so only the ends are compared. But ranks alone make large weights stable, because few other weights lie
near them. So the same is measured with noise of each matrix's own size. Unless the ratio of the two movements is more
than a quarter above its value under noise, it is a property of ranks and says nothing about fine-tuning.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lottery.claims import ALPHA, Evidence
from lottery.claims._evidence import over

PAPER = "gordon2020"
CLAIM = "Weights of high magnitude are more stable than weights of low magnitude: they move less in the order."
WHERE = "section 5, Figure 6"
TABLE = "gordon_movement"
NOT_OF_MINIATURE = ""
MARGIN = 0.0  # of the movement: the paper says less, not by how much
MORE = 1.25  # times as far as under noise, for it to be more than a property of ranks


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing is printed but a figure."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_movement."""
    rows = table[table["experiment"] == "Movement"]
    units = "worlds" if rows["world"].notna().all() else "seeds"
    by_unit = rows["after.seed"]
    apart = (100 * (rows["high_tenth"] - rows["low_tenth"])).groupby(by_unit).mean()
    evidence = over(
        "movement of the highest tenth minus that of the lowest", "%", (-math.inf, MARGIN), apart, units=units
    )
    times = np.log(rows["low_tenth"] / rows["high_tenth"]).groupby(by_unit).mean()
    by_noise = np.log(rows["noise_low_tenth"] / rows["noise_high_tenth"]).groupby(by_unit).mean()
    more = over("", "", (math.log(MORE), math.inf), times - by_noise, units=units)
    if more.estimate > math.log(MORE) and more.p < ALPHA:
        return [evidence]
    why = (
        f"the lowest tenth moves {np.exp(times.mean()):.1f} times as far as the highest, and under noise of the same "
        f"size {np.exp(by_noise.mean()):.1f} times"
    )
    return [evidence._replace(favoured=why)]
