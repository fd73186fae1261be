"""A binary mask takes as much room as 2.7 million parameters, and can be compressed further.

In print, one bit for each of the encoder's weights, counted in 32-bit numbers, has to be 2.7 million, to a tenth. In
our runs the learned masks with 10 or 3% of the weights have to take less than one bit per weight in a file; the
number is that of the mask that compresses worst. Sizes are counted, so they have no interval.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import none, within

PAPER = "jiang2023"
CLAIM = "The size of a binary mask is around 2.7M parameters and can be further compressed."
WHERE = "caption of Table 1"
TABLE = "mask_files"
NOT_OF_MINIATURE = ""
MARGIN = 1.0  # bit a weight
CLAIMED = (0.0, MARGIN)
WHAT = "bits per weight of the learned mask that compresses worst, at most 10% remain"
BITS, SAID, AROUND = 32, 2.7, 0.1  # of a parameter; million parameters
FEW = 0.1  # of the weights remain


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the sizes that the paper prints."""
    encoder = tables["jiang2023_sizes"].set_index("what")["parameters"]["encoder"]
    size = encoder / BITS / 1e6
    low, high = ((encoder + sign * 0.5e6) / BITS / 1e6 for sign in (-1, 1))
    what = "size of a mask of the encoder's weights, million parameters"
    return [within(what, "", (SAID - AROUND, SAID + AROUND), size, low, high, basis="rounding")]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From the masks that mask_files recorded."""
    rows = table[(table["experiment"] == "MaskSizes") & (table["kept"] == "LearnedMask")]
    rows = rows[rows["stay"] / rows["weights"] <= FEW + 1e-3]
    if rows.empty:
        return [none(WHAT, "", CLAIMED, "not recorded")]
    worst = float((8 * rows["entropy"] / rows["weights"]).max())
    return [within(WHAT, "", CLAIMED, worst, worst, worst, basis=f"counted in {len(rows)} files")]
