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
# # What it would take to decide
#
# An *undecided* claim is not refuted: the interval of its measurement is too wide to tell. For each undecided measurement of
# {doc}`/analyses/claims`, this page says how many seeds, worlds or examples would tell, and how long the runs would take.
# With that number the claim is shown in four of five cases, by the same test and at the recorded spread, *if the truth is
# where we suppose*: at no difference, where the claim allows it; else beyond the bound by a difference worth finding, one
# point of score or 0.05 nats. Where the truth lies nearer to the bound, that number is not enough.

# %% tags=["parameters"]
records = "book/records"

# %% tags=["remove-cell"]
from pathlib import Path

import pandas as pd
from IPython.display import Markdown

from lottery import claims
from lottery.suite import ledger, notebooks
from lottery.suite.chapter import how_many
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
            f"- {ledger.named(source)}, {how_many(len(undecided), 'claim')} {'is' if len(undecided) == 1 else 'are'} undecided. "
            f"For {len(near)} of them, the missing runs would fit into {ledger.WITHIN_REACH / 3600:.0f} hours of the machine that "
            "recorded the others."
        )
    return Markdown("\n".join(lines))


in_short()

# %% [markdown]
# ## What a profile should ask for
#
# A profile names the seeds of a chapter. The table says how many would decide those of its claims that a night of computing
# can decide, each with a probability of four in five. Claims that need longer, or more data, are left out. The night counts
# only the runs that are compared; pre-training a world and pruning its models come on top.


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
# Seeds share a dev set, and no number of seeds makes up for a small one. Where the answers to each example were not
# recorded, the two scores of a difference count as independent. That makes intervals too wide, so the numbers of examples
# below are upper bounds.


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
            ledger.in_unit(ledger.number(row["estimate"]), row["unit"])
            + f"{span}; claimed {ledger.in_range(*row['claimed'])}",
            ledger.need_in_words(row),
            ledger.time_in_words(row) if source != claims.PUBLISHED else "",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    folded = "\n".join(["::::{dropdown} All numbers", *lines, "::::"])
    return Markdown(folded if len(rows) else "Nothing is undecided.")


# %% [markdown]
# ### On a real BERT
#
# Measured on all-MiniLM-L6-v2; cheapest first.

# %% tags=["remove-input"]
table("minilm")

# %% [markdown]
# ### On the miniature
#
# Cheapest first. Where a chapter ran in one world, more seeds tell only about that world.

# %% tags=["remove-input"]
table("miniature")

# %% [markdown]
# ### In print
#
# This is what the papers' own experiments would have needed: more seeds, or more fits of each model.

# %% tags=["remove-input"]
table("published")
