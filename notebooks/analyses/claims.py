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
#     part: beyond
#     order: 10
# ---

# %% [markdown]
# # What the papers claim, and what holds
#
# A paper shows its tables and figures, and says in a sentence what they mean. This page takes such sentences one by one
# and asks two things: do the numbers that the paper itself prints bear it out, and does it come out again when the
# experiment is repeated, with several seeds, on models of our own? A sentence such as "no effect" can only be judged
# once it is said which effect would count as none, so each claim has a margin, with its reason.

# %% tags=["parameters"]
records = "book/records"

# %% tags=["remove-cell"]
import inspect
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib import pyplot as plt

from lottery import claims
from lottery import store as runs
from lottery.choices import choose, offered
from lottery.suite import notebooks, plots
from lottery.suite.chapter import all_published
from lottery.suite.given import given

globals().update(given("analyses/claims", globals()))
# The chapters that measure claims. This page is made anew when their records change, because they are named here.
CHAPTERS = [
    *("gordon_pruning", "gordon_masks", "gordon_movement", "gordon_weights"),
    *("good_random_bad", "mask_agreement", "attention_patterns"),
    *("mask_learning", "mask_recipes", "spans_and_roberta"),
]
SOURCES = {"published": "In print", "miniature": "On the miniature", "minilm": "On a real BERT (all-MiniLM-L6-v2)"}

plots.house_style()
printed = all_published()
places = {Path(name).name: name for name in notebooks.find(notebooks.checkout())}
profiles = sorted({"miniature", "minilm", *(folder.name for folder in Path(records).glob("*"))})
recorded = {
    profile: {
        chapter: table
        for chapter in CHAPTERS
        if len(table := runs.recorded(Path(records) / profile / f"{chapter}.parquet"))
    }
    for profile in profiles
}
ledger = claims.ledger(printed, recorded)
sources = ["published", *profiles]
verdicts = claims.verdicts(ledger, sources)
named = {source: SOURCES.get(source, f"Under the profile {source}") for source in sources}


def number(value: float) -> str:
    """A number as it is shown; a minus sign is no hyphen."""
    value = round(value, 6) + 0.0  # no minus zero
    return f"{value:.2g}".replace("-", "−") if abs(value) < 0.1 else f"{value:.2f}".replace("-", "−")


def claimed(low: float, high: float) -> str:
    """The range that a claim gives a measurement, in words."""
    if np.isinf(low):
        return f"below {number(high)}"
    return f"above {number(low)}" if np.isinf(high) else f"between {number(low)} and {number(high)}"


def line(row: pd.Series) -> str:
    """A measurement in a line."""
    found = "no number" if np.isnan(row["estimate"]) else f"**{number(row['estimate'])}** {row['unit']}".strip()
    span = "" if np.isnan(row["low"]) else f"{number(row['low'])} to {number(row['high'])}, "
    return f"{row['what']}: {found} ({span}{row['basis']}); claimed {claimed(*row['claimed'])}: *{row['verdict']}*"


def chapter(name: str) -> str:
    """A link to the chapter, once it is written."""
    return f"{{doc}}`/{places[name]}`" if name in places else f"the chapter {name}, which is not written yet"


def block(name: str) -> str:
    """A claim with its verdict, the measurements behind it, and how it is judged."""
    claim = choose("claims", name)
    title, _, judged = inspect.getdoc(claim).partition("\n\n")
    lines = [
        f"### {title}",
        "",
        f"**{verdicts.loc[name, 'verdict'].capitalize()}.** {claim.CLAIM} ({{cite:t}}`{claim.PAPER}`, {claim.WHERE})",
        "",
    ]
    for source in sources if claim.TABLE else [claims.PUBLISHED]:
        rows = ledger[(ledger["claim"] == name) & (ledger["source"] == source)]
        aside = ", which was tuned to show it and is no evidence" if claim.TUNED and source == claims.TUNED else ""
        aside += ", where no number stands for it" if source == claims.PUBLISHED and rows.empty else ""
        lines.append(f"- {named[source]}{aside}: *{verdicts.loc[name, source]}*")
        lines += [f"  - {line(row)}" for _, row in rows.iterrows()]
    where = f"Measured in {chapter(claim.TABLE)}." if claim.TABLE else "No model of ours is held to it."
    return "\n".join([*lines, "", judged, "", where, ""])


# %% [markdown]
# (x4)=
# ## In short


# %% tags=["hide-input"]
def told() -> Markdown:
    """How many claims came to which verdict, and each in a line."""
    order = [claims.HOLDS, claims.FAILS, claims.OPEN, claims.MISSING]
    head = ", ".join(f"{each} {(verdicts['verdict'] == each).sum()}" for each in order)
    lines = [
        f"- **{verdicts.loc[name, 'verdict'].capitalize()}:** {inspect.getdoc(choose('claims', name)).splitlines()[0]}"
        for name in verdicts["verdict"].map(order.index).sort_values(kind="stable").index
    ]
    return Markdown("\n".join([f"Of {len(verdicts)} claims: {head}.", "", *lines]))


told()

# %% [markdown]
# ## How a verdict comes about
#
# Each claim is broken into measurements, and each measurement has a range in which it has to lie for the claim to hold:
# within a margin of zero where the paper says that nothing changes, on one side of a number where it says more or less.
#
# - **Holds:** the measurement lies in the range, by a test at 5 %. For "nothing changes" these are two one-sided tests
#   {cite:p}`schuirmann1987`: it is not enough that no difference was found. Where the range has one end, the test says
#   the same as the 95 % interval: it lies on one side of that end.
# - **Does not hold:** it lies outside, its interval too.
# - **Not shown:** it may lie on either side, or there is no interval to tell.
# - **Not measured:** there is no number yet.
#
# The tests of one claim in one source are corrected for their number by Holm's method. A claim holds where all its
# measurements do, and does not hold where one of them does not; a source that measured nothing of it says nothing. Over
# all claims of this page nothing is corrected, so about one verdict in twenty may be due to chance. Intervals of our
# runs are 95 % over seeds (t). {cite:t}`gordon2020` ran one seed and printed no intervals. For their accuracies we take
# what the size of the dev sets gives alone, which is too narrow, as another seed would move them too; their losses and
# counts are taken as printed, and their interval is that of rounding: a verdict on them is one on what the paper prints,
# not on what another run would give. {cite:t}`jiang2023` print deviations over five seeds of their own method alone; a
# rival counts as having the same.
#
# The miniature was tuned to show the three regimes of {cite:t}`gordon2020`, so its numbers are shown under those claims
# but do not count. Under the others it counts as one model among two.

# %% [markdown]
# ## The claims, one by one

# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
Markdown("\n".join(block(name) for name in offered("claims")))


# %% [markdown]
# ## Against their margins
#
# All measurements of accuracy in one figure. The grey band is where the claim says that the number lies; a bar that
# leaves it or reaches across its end is why a claim fails or is not shown.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Every difference of accuracy that a claim is judged by, with its interval, on a grey band that shows where the claim says it lies; one row a measurement, in print and on the models recorded."}, "figure": {"name": "claims-margins", "caption": "Differences of mean accuracy, in points, with their 95 % intervals, and the range that each claim gives them (grey). P: in print; M: the miniature; B: a real BERT."}}
def margins_drawn(rows: pd.DataFrame) -> None:
    """A dot and its interval for each measurement, on the range that its claim gives it."""
    letters = {"published": "P", "miniature": "M", "minilm": "B"}
    titles = rows["what"].str.replace("mean accuracy ", "").str.wrap(44)
    table = rows.assign(name=titles + " [" + rows["source"].map(lambda source: letters.get(source, source)) + "]")
    _, ax = plt.subplots(figsize=(6.4, 0.9 + 0.42 * len(table)))
    ends = table[["low", "high", "estimate"]].to_numpy()
    left, right = min(-2.0, np.nanmin(ends)) - 0.5, max(2.0, np.nanmax(ends)) + 0.5
    places = np.arange(len(table))[::-1]
    spans = np.clip(np.array(table["claimed"].tolist()), left, right)
    ax.barh(places, spans[:, 1] - spans[:, 0], left=spans[:, 0], height=0.7, color="0.88")
    plots.differences(table, name="name", mean="estimate", low="low", high="high", ax=ax)
    ax.tick_params(axis="y", labelsize=7)
    ax.set(xlim=(left, right), xlabel="points of accuracy")


margins_drawn(
    ledger[(ledger["unit"] == "points") & ledger["what"].str.startswith("mean accuracy") & ledger["low"].notna()]
)

# %% [markdown]
# ## How far printed numbers can be trusted
#
# In Table 1 the model from which nothing is removed stands four times, once under each condition. It is the same model,
# fine-tuned in four ways that ought to make little difference, so the distance between its highest and its lowest
# accuracy says how much a printed number moves when nothing was pruned. Beside it, how much the size of the dev set
# alone lets an accuracy move.


# %% tags=["hide-input"]
def noise_told(table: pd.DataFrame, sizes: pd.DataFrame) -> pd.DataFrame:
    """For each task, in points: the spread of the four accuracies at 0 %, and the standard error of one of them."""
    names = table["task"].map(lambda name: choose("tasks", name).TITLE)
    whole = 100 * table[table["sparsity"] == 0].pivot_table("accuracy", index=names, columns="condition", sort=False)
    mean = whole.mean(axis=1)
    examples = sizes.set_index(sizes["task"].map(lambda name: choose("tasks", name).TITLE))["examples"]
    error = np.sqrt(mean * (100 - mean) / examples)
    return pd.DataFrame(
        {
            "highest minus lowest (points)": (whole.max(axis=1) - whole.min(axis=1)).round(1),
            "standard error by the dev set's size": error.reindex(whole.index).round(2),
        }
    )


noise_told(printed["gordon2020_table1"], printed["glue_dev"])


# %% tags=["hide-input"]
def downstream_told(table: pd.DataFrame) -> Markdown:
    """In how many cells pruning after fine-tuning is printed as better."""
    cells = table.pivot_table("accuracy", index=["sparsity", "task"], columns="condition")
    apart = (100 * (cells["pruned_downstream"] - cells["pruned_in_pretraining"])).round(1)
    (sparsity, task), most = apart.idxmax(), apart.max()
    return Markdown(
        f"So it is with the single numbers behind the claim that fine-tuning does not help: of {len(apart)}, it is printed as "
        f"better in {(apart > 0).sum()}, as equal in {(apart == 0).sum()} and as worse in {(apart < 0).sum()}, and at most "
        f"{most:.1f} points better ({choose('tasks', task).TITLE}, {sparsity:.0%}). The claim is judged by means over tasks."
    )


downstream_told(printed["gordon2020_table1"])

# %% [markdown]
# ## What could not be judged yet


# %% tags=["remove-input"] mystnb={"markdown_format": "myst"}
def open_told() -> Markdown:
    """For each source and chapter without a number: the claims it would measure, and what to run."""
    lines = []
    for profile in profiles:
        for name in CHAPTERS:
            waiting = [
                inspect.getdoc(choose("claims", claim)).splitlines()[0]
                for claim in verdicts.index
                if name == choose("claims", claim).TABLE and verdicts.loc[claim, profile] == claims.MISSING
            ]
            if waiting:
                what = (
                    f"`lottery run {places[name]} --profile {profile}`, then `lottery record {profile}`"
                    if name in places
                    else f"the chapter {name} is not written yet"
                )
                lines += [f"- {named[profile]}: {what}", *(f"  - {title}" for title in waiting)]
    return Markdown("\n".join(lines) or "Nothing: every claim has a number from every source.")


open_told()
