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
#     order: 10
# ---

# %% [markdown]
# # What the papers claim, and what holds
#
# A paper shows tables and figures, and says in a sentence what they mean. This page takes such sentences one by one and
# asks three separate questions. Do the numbers that the paper prints bear the sentence out? Does a real BERT show it? Does
# the miniature, a model of its own, show it? A sentence such as "no effect" can be judged only when one has said how small
# an effect counts as none. So each claim has a margin, with its reason.

# %% tags=["parameters"]
records = "book/records"

# %% tags=["remove-cell"]
import inspect
import re
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib import pyplot as plt

from lottery import claims
from lottery.choices import choose, listed
from lottery.claims import _gordon as gordon
from lottery.suite import ledger, notebooks, plots, tables
from lottery.suite.chapter import all_published, how_many, in_first_language, recorded
from lottery.suite.given import given

globals().update(given("analyses/claims", globals()))
# The chapters that measure claims. This page is made anew when their records change, because they are named here.
CHAPTERS = [
    *("gordon_pruning", "gordon_masks", "gordon_movement", "gordon_weights", "gordon_recipes"),
    *("gordon_loss_and_features", "open_questions", "rewinding"),
    *("good_random_bad", "mask_agreement", "attention_patterns"),
    *("component_search", "magnitude_search", "component_importance"),
    *("mask_learning", "mask_recipes", "spans_and_roberta", "mask_files"),
]

plots.house_style()
printed = all_published()
places = {Path(name).name: name for name in notebooks.find(notebooks.checkout())}
weighed = ledger.weighed(records, CHAPTERS)
evidence, verdicts, sources = weighed.evidence, weighed.verdicts, weighed.sources
needs = ledger.needs(evidence)
papers = {name: choose("claims", name).PAPER for name in verdicts.index}
of_paper = {paper: [name for name in verdicts.index if papers[name] == paper] for paper in ledger.PAPERS}


# %% [markdown]
# (x4)=
# ## In short


# %% tags=["remove-input"]
def in_short() -> Markdown:
    """The two counts that matter, and the third."""
    return Markdown(
        f"This page judges {len(verdicts)} claims. By the numbers **in print**, {ledger.headline(verdicts['published'])}.\n\n"
        f"**On a real BERT** (all-MiniLM-L6-v2), {ledger.headline(verdicts['minilm'])}.\n\n"
        f"On the miniature, which is no evidence about BERT and counts in neither, "
        f"{ledger.headline(verdicts['miniature'])}."
    )


in_short()


# %% tags=["remove-input"]
def languages() -> Markdown | None:
    """Which of the chapters were recorded in the miniature's first language."""
    every = {name: recorded(records, "miniature", name) for name in CHAPTERS}
    there = [name for name, rows in every.items() if len(rows)]
    first = [name for name in there if in_first_language(every[name])]
    if not first:
        return None
    linked = listed([f"{{doc}}`/{places[name]}`" for name in first], "and")
    which = "All of them" if len(first) == len(there) else f"{len(first)} of them, {linked},"
    return Markdown(
        f"Claims were measured on the miniature by {how_many(len(there), 'chapter')}. {which} did so in its first "
        "language, {ref}`in which a bag of words beat its BERT <language>`."
    )


languages()

# %% [markdown]
# The verdicts mean:
#
# - **holds:** every measurement of the claim lies where the claim says, by a test;
# - **fails:** one of them lies elsewhere, by a test;
# - **undecided:** one may lie on either side, or has no interval;
# - **says nothing:** the comparison cannot bear on the claim, because the model that it starts from is no better than the
#   majority-class baseline, or it favours the claim, or the rival's number is from elsewhere;
# - **no number:** nothing is printed, or nothing is recorded yet;
# - **not asked:** the sentence is about one published model, or about English words, GLUE's tasks or BERT's own rates,
#   which a miniature does not have.
#
# For a claim that is undecided on a real BERT, the last column of the table says what would decide it: the time of the
# runs that are missing, or more data ({doc}`/analyses/what_it_would_take`). *Nothing more* means that as many runs as there
# are would decide it in four of five cases.


# %% tags=["remove-input"]
def would_take(name: str) -> str:
    """What would decide a claim that is undecided on a real BERT: all that its measurements lack; "" where it is decided."""
    lacking = needs[(needs["claim"] == name) & (needs["source"] == "minilm")]
    if verdicts.loc[name, "minilm"] != claims.OPEN or lacking.empty:
        return ""
    # The dearest, or what more data has to decide.
    return ledger.time_in_words(lacking.sort_values("examples", kind="stable", na_position="first").iloc[-1])


def table() -> Markdown:
    """All claims by paper, one row each: what it says, its verdict by source, and what it would take on a real BERT."""
    head = ["Paper", "Claim", *(ledger.named(source) for source in sources), "It would take"]
    lines = ["::::{div} sortable", "| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for paper, names in of_paper.items():
        for name in names:
            states = [verdicts.loc[name, source] for source in sources]
            lines.append(
                "| "
                + " | ".join(
                    [
                        f"{{cite:t}}`{paper}`",
                        f"[{ledger.title(name)}](#claim-{anchor(name)})",
                        *states,
                        would_take(name),
                    ]
                )
                + " |"
            )
    return Markdown("\n".join([*lines, "::::"]))


def anchor(name: str) -> str:
    """The name of a claim's place on this page."""
    return name.replace("_", "-")


table()

# %% [markdown]
# ## How a verdict comes about
#
# Each claim is broken into measurements, and each measurement has to lie in a range for the claim to hold: within a margin
# of zero if the paper says that nothing changes, on one side of a number if it says more or less. All intervals are 90%
# intervals: an interval lies inside its range exactly when the one-sided tests against the range's ends reject at 5%. With
# two ends these are the two tests of equivalence {cite:p}`schuirmann1987`; finding no difference is not enough.
#
# A claim with several measurements holds if all of them do. That needs no correction, because all being wrongly shown is no
# likelier than one being so. It fails if one of them fails. One of several fails more easily by chance, so a failure is
# corrected for the number of tests by Holm's method.


# %% tags=["remove-input"]
def errors() -> Markdown:
    """How many verdicts may be wrong, of those that rest on a test."""
    tested = evidence["p"].notna() & evidence["verdict"].isin([claims.HOLDS, claims.FAILS])
    decided = {
        source: int(
            sum(
                verdicts.loc[name, source] in (claims.HOLDS, claims.FAILS)
                for name in evidence.loc[tested & (evidence["source"] == source), "claim"].unique()
            )
        )
        for source in ("published", "minilm")
    }
    words = " and ".join(
        f"{count} {where}" for count, where in zip(decided.values(), ("in print", "on a real BERT"), strict=True)
    )
    return Markdown(
        "So if its assumptions are right, each verdict *holds* or *fails* that rests on a test is wrong with a probability "
        f"of at most one in twenty. There are {sum(decided.values())} such verdicts ({words}), and up to "
        f"{np.ceil(sum(decided.values()) / 20):.0f} of them may be due to chance."
    )


errors()

# %% [markdown]
# Each interval says what it is over:
#
# - **Runs on a real BERT** differ by seed, but all seeds share one dev set. The interval covers both how far seeds differ
#   and how far a dev set of this size may be off. The second part is computed from the answers to each example where these
#   were recorded; otherwise two scores count as independent, which is too wide. Seeds of one pruned model tell nothing about
#   another pruned model.
# - **The miniature** is pre-trained anew in several artificial languages, its worlds. Where a chapter has several worlds,
#   the interval is over them; where it has one, it is over seeds and examples in that world.
# - **Printed accuracies** of {cite:t}`gordon2020` have no intervals. But Table 1 has the full model four times, each
#   fine-tuned again, which shows how far a printed accuracy moves. Losses and counts are taken as printed, with an interval
#   for rounding, so a verdict on them is only about what the paper prints.
# - **Printed means** of {cite:t}`prasanna2020` have deviations over five seeds. {cite:t}`jiang2023` give deviations only for
#   their own method; a rival is taken to have the same. Numbers quoted from other papers are shown but decide nothing.
# - **A comparison near the floor says nothing.** One of the two models has to be clearly above the majority-class
#   baseline, by a test over the examples of dev. CoLA is scored by Matthews correlation, because on it the most frequent
#   answer is right more often than many models are.
#
# {doc}`/analyses/what_it_would_take` says what an undecided claim would need, in seeds, worlds, examples and hours.

# %% [markdown]
# ## The claims, one by one
#
# The sentence under each title is the paper's, in its words or close to them. The measurements are folded.


# %% tags=["remove-cell"]
def chapter(name: str) -> str:
    """A link to the chapter, once it is written."""
    return f"{{doc}}`/{places[name]}`" if name in places else f"the chapter {name}, which is not written yet"


def why_not(name: str, source: str) -> str:
    """Why a source has no measurement of a claim."""
    if why := claims.not_asked(name, source):
        return f": {why}"
    return ": no number is printed" if source == claims.PUBLISHED else ": nothing is recorded yet"


def lower(text: str) -> str:
    """A text as it stands inside a sentence."""
    return text[0].lower() + text[1:]


def block(name: str) -> str:
    """A claim with its verdicts in a line, and, folded, the measurements behind them and how it is judged."""
    claim = choose("claims", name)
    title, _, how = inspect.getdoc(claim).partition("\n\n")
    states = "; ".join(f"{lower(ledger.named(source))}: **{verdicts.loc[name, source]}**" for source in sources)
    lines = [
        f"(claim-{anchor(name)})=",
        f"#### {title}",
        "",
        f"{claim.CLAIM} ({{cite:t}}`{claim.PAPER}`, {claim.WHERE})",
        "",
        f"{states[0].upper()}{states[1:]}.",
        "",
        ":::{dropdown} What was measured, and how it is judged",
    ]
    for source in sources:
        rows = evidence[(evidence["claim"] == name) & (evidence["source"] == source)]
        aside = why_not(name, source) if rows.empty else ""
        if claim.TABLE == claims.TUNED_ON and source == claims.MINIATURE and len(rows):
            aside = ", which was made to show the three regimes of pruning in these runs"
        lines.append(f"- {ledger.named(source)}: *{verdicts.loc[name, source]}*{aside}")
        lines += [f"  - {line}" for line in ledger.measurements(rows)]
    where = f"Measured in {chapter(claim.TABLE)}." if claim.TABLE else ""
    return "\n".join([*lines, "", re.sub(r"\s*\n(?!\n)", " ", how) if "\n\n" not in how else how, "", where, ":::", ""])


def shown(paper: str) -> Markdown:
    """The claims of a paper."""
    return Markdown("\n".join(block(name) for name in of_paper[paper]))


# %% [markdown]
# ### Pruning while pre-training

# %% tags=["remove-input"]
shown("gordon2020")

# %% [markdown]
# ### Tickets of iterative pruning

# %% tags=["remove-input"]
shown("chen2020")

# %% [markdown]
# ### The good, the random and the bad

# %% tags=["remove-input"]
shown("prasanna2020")

# %% [markdown]
# ### Learning which weights to keep

# %% tags=["remove-input"]
shown("jiang2023")


# %% [markdown]
# ## Against their margins
#
# These are all measurements of mean accuracy for the claims on the regimes of pruning. The grey band is where the claim says
# that the number lies. A claim holds if the bar lies inside the band, and fails if it lies outside.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Every difference of accuracy that a claim on the regimes of pruning is judged by, with its interval, on a grey band that shows where the claim says it lies; one row a measurement, in print and on the models recorded."}, "figure": {"name": "claims-margins", "caption": "In print most differences of mean accuracy lie in the range that the claim gives (grey); on a real BERT, with small dev sets, most intervals are too wide to tell. 90% intervals; P: in print, B: real BERT, M: miniature."}}
def margins_drawn(rows: pd.DataFrame) -> None:
    """A dot and its interval for each measurement, on the range that its claim gives it."""
    letters = {"published": "P", "miniature": "M", "minilm": "B"}
    titles = rows["what"].str.replace("mean accuracy ", "").str.wrap(44)
    drawn = rows.assign(name=titles + " [" + rows["source"].map(lambda source: letters.get(source, source)) + "]")
    _, ax = plt.subplots(figsize=(6.4, 0.9 + 0.42 * len(drawn)))
    ends = drawn[["low", "high", "estimate"]].to_numpy()
    left, right = min(-2.0, np.nanmin(ends)) - 0.5, max(2.0, np.nanmax(ends)) + 0.5
    rows_down = np.arange(len(drawn))[::-1]
    spans = np.clip(np.array(drawn["claimed"].tolist()), left, right)
    ax.barh(rows_down, spans[:, 1] - spans[:, 0], left=spans[:, 0], height=0.7, color="0.88")
    plots.differences(drawn, name="name", mean="estimate", low="low", high="high", ax=ax)
    ax.tick_params(axis="y", labelsize=8)
    ax.set(xlim=(left, right), xlabel="points of accuracy")


margins_drawn(
    evidence[
        (evidence["unit"] == "points") & evidence["what"].str.startswith("mean accuracy") & evidence["low"].notna()
    ]
)

# %% [markdown]
# ## How far printed numbers can be trusted
#
# Table 1 of {cite:t}`gordon2020` has the full model four times, once under each condition. It is the same model, fine-tuned
# in four ways that ought to make little difference. So the spread of its four accuracies shows how much a printed number
# moves when nothing was pruned, on these dev sets. The second column shows how much an accuracy moves from one dev set of
# that size to another.


# %% tags=["hide-input"]
def noise(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """For each task, in points: the deviation of the four accuracies at 0%, and the standard error of the dev set."""
    deviations, _ = gordon.replicates(tables)
    table = tables["gordon2020_table1"]
    mean = 100 * table[table["sparsity"] == 0].groupby("task")["accuracy"].mean()
    examples = tables["glue_dev"].set_index("task")["examples"].reindex(mean.index)
    shown = pd.DataFrame(
        {
            "deviation of the four fits (points)": deviations.round(2),
            "standard error by the dev set's size (points)": np.sqrt(mean * (100 - mean) / examples).round(2),
        }
    )
    return shown.rename(index=lambda name: choose("tasks", name).TITLE)


tables.finding(
    noise(printed).rename_axis("task"),
    "A printed accuracy moves by up to a point from fit to fit, and on most tasks by more from one dev set of its size to another.",
)


# %% tags=["hide-input"]
def pruned_downstream(table: pd.DataFrame) -> Markdown:
    """In how many cells pruning after fine-tuning is printed as better."""
    cells = table.pivot_table("accuracy", index=["sparsity", "task"], columns="condition")
    apart = (100 * (cells["pruned_downstream"] - cells["pruned_in_pretraining"])).round(1)
    (sparsity, task), most = apart.idxmax(), apart.max()
    return Markdown(
        f"The single numbers behind the claim that fine-tuning does not help move as much. Of {len(apart)} printed numbers, "
        f"pruning after fine-tuning is better in {(apart > 0).sum()}, equal in {(apart == 0).sum()} and worse in "
        f"{(apart < 0).sum()}; it is at most {most:.1f} points better ({choose('tasks', task).TITLE}, {sparsity:.0%}). So "
        "the claim is judged by means over tasks."
    )


pruned_downstream(printed["gordon2020_table1"])

# %% [markdown]
# ## What has no number yet


# %% tags=["remove-input"]
def missing() -> Markdown:
    """For each model and chapter without a number: the claims that it would measure."""
    lines = []
    for source in (source for source in sources if source != claims.PUBLISHED):
        for name in CHAPTERS:
            waiting = [
                f"[{ledger.title(claim)}](#claim-{anchor(claim)})"
                for claim in verdicts.index
                if name == choose("claims", claim).TABLE and verdicts.loc[claim, source] == claims.MISSING
            ]
            if waiting:
                lines += [f"- {ledger.named(source)}, {chapter(name)}:", *(f"  - {title}" for title in waiting)]
    return Markdown("\n".join(lines) or "Nothing: every claim that is asked of a model has a number.")


missing()
