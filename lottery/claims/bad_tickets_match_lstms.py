"""Retrained, a bad subnetwork of heads and MLPs does about as well as an LSTM.

The score of the bad subnetwork minus that of an LSTM trained on the task alone, in points averaged over the tasks, has
to be within 2 points of 0. In print the LSTMs are GLUE's two, averaged over all nine tasks as the paper does and read
off to whole hundredths; ours has no embeddings from elsewhere.
"""

from collections.abc import Mapping

import pandas as pd

from lottery.claims import Evidence
from lottery.claims import _prasanna as prasanna
from lottery.claims._evidence import none, within
from lottery.claims._runs import compared, of_every_world, scores

PAPER = "prasanna2020"
CLAIM = "With respect to GLUE baselines, the s-pruned bad subnetwork is comparable to BiLSTM+ELMo and BiLSTM+GloVe."
WHERE = "section 4.3, Table 2"
TABLE = "good_random_bad"
NOT_OF_MINIATURE = ""
MARGIN = 2.0  # points: about the deviation between seeds of the full model in the paper
CLAIMED = (-MARGIN, MARGIN)
ROUNDING = 0.5  # points, of a printed score
BASELINES = {"bilstm_glove": "BiLSTM+GloVe", "bilstm_elmo": "BiLSTM+ELMo"}


def published(tables: Mapping[str, pd.DataFrame]) -> list[Evidence]:
    """From the authors' stored results and the scores of GLUE that they quote."""
    rows = tables[prasanna.RESULTS]
    bad = rows[(rows["pruning"] == "structured") & (rows["subnetwork"] == "bad") & rows["retrained"]]["mean"].mean()
    lstms = 100 * tables["glue_baselines"].groupby("baseline")["score"].mean()
    return [
        within(_what(named), "points", CLAIMED, value := 100 * bad - lstms[name], value - ROUNDING, value + ROUNDING,
               basis="rounding")
        for name, named in BASELINES.items()
    ]  # fmt: skip


def measured(table: pd.DataFrame) -> list[Evidence]:
    """From recorded runs of good_random_bad."""
    rows = prasanna.retrained(table)
    rows = rows[(rows["pruning"] == "structured") & (rows["subnetwork"] == "bad")]
    lstms = table[(table["experiment"] == "Baseline") & (table["kind"] == "bilstm")] if "kind" in table else table[:0]
    if rows.empty or lstms.empty:
        return [none(_what("an LSTM"), "points", CLAIMED, "not recorded")]
    kinds = of_every_world(scores(rows, task="tuned_on", seed="trial"), scores(lstms))
    return [compared(_what("an LSTM"), CLAIMED, *kinds)]


def _what(named: str) -> str:
    return f"bad heads and MLPs, retrained, minus {named}, mean over the tasks"
