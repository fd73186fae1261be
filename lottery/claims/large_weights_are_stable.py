"""Large weights keep their place better than small ones.

The tenth of the weights with the highest magnitude has to move less in the order than the tenth with the lowest, by any
amount. The paper shows it as a figure and prints no numbers. A weight at either end of the order has one way to go, one
in the middle has two, so the ends are what may be compared.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence, over_seeds

PAPER = "gordon2020"
CLAIM = "Weights of high magnitude are more stable than weights of low magnitude: they move less in the order."
WHERE = "section 5, Figure 6"
TABLE = "gordon_movement"
TUNED = False
MARGIN = 0.0  # of the movement: the paper says less, not by how much


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """Nothing is printed but a figure."""
    return []


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of gordon_movement."""
    rows = table[table["experiment"] == "Movement"]
    apart = 100 * (rows["high_tenth"] - rows["low_tenth"]).groupby(rows["after.seed"]).mean(skipna=False)
    return [
        over_seeds("mean movement of the highest tenth minus that of the lowest", "%", (float("-inf"), MARGIN), apart)
    ]
