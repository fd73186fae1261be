"""The heads and MLPs that survive with every seed are a small model that, retrained, loses about ten points.

Two things have to be so together. The super-survivors are small, at most 26% of the full model's weights for most
tasks. And full minus super-survivors, in points of score averaged over the tasks, is below 12: the paper's ten, plus
the deviation between seeds of the full model, about two. In our models only tasks count on which the survivors are as
small; 26% of all of BERT-base is a third of the weights of its layers. That two thirds of a model do well would say
nothing.
"""

import math
from collections.abc import Mapping

import pandas as pd

from lottery.choices import choose
from lottery.claims import Evidence
from lottery.claims import _prasanna as prasanna
from lottery.claims._evidence import silent, within

PAPER = "prasanna2020"
CLAIM = (
    "Super-survivors, the heads and MLPs that survive with all seeds of a task, are about 10 to 26% of the full "
    "model's weights for most tasks and lose only about 10 points on average."
)
WHERE = "section 4.2, Appendix E"
TABLE = "good_random_bad"
NOT_OF_MINIATURE = "the claim's 10 to 26% and 10 points are for BERT-base"
MARGIN = 12.0  # points: the docstring has the reason
SMALL, SMALL_OF_LAYERS = 0.26, 1 / 3  # shares: of BERT-base, the paper's own, and of the weights of its layers


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' masks and stored results."""
    rows = tables["prasanna2020_masks"]
    rows = rows[(rows["pruning"] == "super") & (rows["subnetwork"] == "good") & (rows["task"] != "wnli")]
    weights = prasanna.HEAD * rows["heads_kept"] + prasanna.MLP * rows["mlps_kept"]
    shares = (weights / prasanna.OF_ALL).groupby(rows["task"]).mean()
    few = int((shares <= SMALL).sum())
    what = f"tasks, of {len(shares)}, whose super-survivors are at most {SMALL:.0%} of the model"
    return [
        within(what, "", (len(shares) / 2, math.inf), few, few, few, basis="counted in the authors' masks"),
        prasanna.printed(tables, "super", "full", "good", (-math.inf, MARGIN)),
    ]


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad, those of tasks whose super-survivors are few."""
    rows = prasanna.as_cut(table, "super")
    shares = rows[rows["subnetwork"] == "good"].groupby("tuned_on")["share_kept"].mean()
    few = tuple(shares.index[shares <= SMALL_OF_LAYERS])
    if len(shares) and not few:
        each = ", ".join(f"{share:.0%} ({choose('tasks', task).TITLE})" for task, share in shares.items())
        what = prasanna.what_of("super", "full", "good")
        return [silent(what, "points", (-math.inf, MARGIN), f"the survivors have {each} of the weights of the layers")]
    return [prasanna.measured(table, "super", "full", "good", (-math.inf, MARGIN), tasks=few)]
