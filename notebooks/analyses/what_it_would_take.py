# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   lottery:
#     part: claims
#     order: 20
# ---

# %% [markdown]
# # What it would take
#
# A claim that is *undecided* is not refuted: its measurement has too wide an interval to tell. This page says how many
# seeds, worlds or examples would tell, for each undecided measurement of {doc}`/analyses/claims`, and how long these would
# run. The number is the one with which the claim is shown in four of five cases, by the same test and at the spread that
# was recorded, *if the truth is where it is supposed to be*: no difference, where the claim allows it; else a difference
# worth finding beyond the bound, one point of score or 0.05 nats. Where the truth lies nearer to the bound no number of
# runs is enough.

# %% tags=["parameters"]
records = "book/records"

# %% tags=["remove-cell"]
from pathlib import Path

import pandas as pd
from IPython.display import Markdown

from lottery import claims
from lottery.suite import ledger, notebooks
from lottery.suite.given import given

globals().update(given("analyses/what_it_would_take", globals()))
# The chapters that measure claims. This page is made anew when their records change, because they are named here.
CHAPTERS = [
    *("gordon_pruning", "gordon_masks", "gordon_movement", "gordon_weights", "gordon_recipes"),
    *("gordon_loss_and_features", "open_questions", "rewinding"),
    *("good_random_bad", "mask_agreement", "attention_patterns"),
    *("component_search", "magnitude_search", "component_importance"),
    *("mask_learning", "mask_recipes", "spans_and_roberta", "mask_files"),
]

places = {Path(name).name: name for name in notebooks.find(notebooks.checkout())}
weighed = ledger.weighed(records, CHAPTERS)
needs = ledger.needs(weighed.evidence)


# %% [markdown]
# ## In short


# %% tags=["remove-input"]
def in_short() -> Markdown:
    """For each model, how many claims are undecided, and how many of them a night of the recorded machine would decide."""
    lines = []
    for source in ("minilm", "miniature"):
        rows = needs[needs["source"] == source]
        undecided = weighed.verdicts.index[weighed.verdicts[source] == claims.OPEN]
        near = [name for name in undecided if ledger.within_reach(rows[rows["claim"] == name])]
        lines.append(
            f"- {ledger.named(source)}, {len(undecided)} claims are undecided; for {len(near)} of them what is lacking fits into "
            f"{ledger.WITHIN_REACH / 3600:.0f} hours of the machine that recorded the runs."
        )
    return Markdown("\n".join(lines))


in_short()

# %% [markdown]
# ## What a profile should ask for
#
# A profile names the seeds of a chapter. These many decide all of the claims measured there that a night can decide, with a
# probability of four in five each. A claim that takes longer, or more data, asks for nothing here. A night is counted of the
# runs that are compared; to pre-train a world, and to prune its models, comes on top of it.


# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
def by_chapter() -> Markdown:
    """For each model and chapter, how many seeds or worlds there are and how many would decide its claims."""
    head = ["Model", "Chapter", "Recorded", "Would decide", "Claims"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in ledger.wanted(needs[needs["source"] != claims.PUBLISHED]).to_dict("records"):
        cells = [
            ledger.named(row["source"]).removeprefix("On "),
            f"{{doc}}`/{places[row['chapter']]}`",
            f"{row['count']} {row['units']}",
            f"{row['needed']:,.0f}",
            str(row["claims"]),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return Markdown("\n".join(lines) if len(lines) > 2 else "Nothing that a night would decide is open.")


by_chapter()

# %% [markdown]
# ## What is undecided
#
# Seeds share a dev set, and no number of seeds makes up for a small one. Where the answers of each example were not
# recorded, the two scores of a difference count as independent of each other. That is too wide, so that the numbers of
# examples below are at the most.


# %% tags=["remove-cell"]
def table(source: str) -> Markdown:
    """The undecided measurements of a source, cheapest first."""
    rows = needs[needs["source"] == source]
    head = ["Claim", "Measured", "Found", "It would take", "Time"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in rows.to_dict("records"):
        span = "" if pd.isna(row["low"]) else f" ({ledger.number(row['low'])} to {ledger.number(row['high'])})"
        cells = [
            ledger.title(row["claim"]),
            row["what"],
            f"{ledger.number(row['estimate'])} {row['unit']}{span}; claimed {ledger.in_range(*row['claimed'])}",
            ledger.need_in_words(row),
            ledger.time_in_words(row) if source != claims.PUBLISHED else "",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    folded = "\n".join(["::::{dropdown} All numbers", *lines, "::::"])
    return Markdown(folded if len(rows) else "Nothing is undecided.")


# %% [markdown]
# ### On a real BERT
#
# On all-MiniLM-L6-v2, cheapest first.

# %% tags=["remove-input"]
table("minilm")

# %% [markdown]
# ### On the miniature
#
# Cheapest first. Where a chapter ran in one world, more seeds of that world tell no more than of that world.

# %% tags=["remove-input"]
table("miniature")

# %% [markdown]
# ### In print
#
# What the papers' own experiments would have taken: seeds, or fits of each model.

# %% tags=["remove-input"]
table("published")
