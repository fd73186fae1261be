"""In nearly all matrices the variance of the weights is between 0.03 and 0.05.

The smallest and the largest variance over the matrices of BERT-base have to lie there. They are the squares of the
standard deviations that Table 3 prints, whose caption calls them variances. The paper concludes that one threshold for
the whole model would do as well as one for each matrix. Other models have weights of other sizes, so the claim is not
tested on ours.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims._evidence import within

PAPER = "gordon2020"
CLAIM = "The weights in almost every matrix of BERT-base have mean 0 and a variance between 0.03 and 0.05."
WHERE = "footnote 5, Table 3"
TABLE = None
NOT_OF_MINIATURE = ""
MARGIN = 0.005  # of a variance: the paper tells hundredths
ROUNDING = 0.0005  # of a printed standard deviation


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From Table 3."""
    spread = tables["gordon2020_table3"]["sd"]
    return [
        within(
            f"{name} variance of a matrix",
            "",
            (0.03 - MARGIN, 0.05 + MARGIN),
            float(sd**2),
            float((sd - ROUNDING) ** 2),
            float((sd + ROUNDING) ** 2),
            basis="rounding",
        )
        for name, sd in (("smallest", spread.min()), ("largest", spread.max()))
    ]
