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
#     part: prasanna
#     order: 30
# ---

# %% [markdown]
# # How many single weights can go?
#
# The previous chapter took whole heads and MLPs out of a fine-tuned model. {cite:t}`prasanna2020` also remove single
# weights, the smallest first, and call what is left the good subnetwork of magnitude pruning, or m-pruning. It keeps
# the same nine tenths of the full model's score, so the two can be compared. How much goes? And are the heads that lose
# most of their weights the ones that a search for heads would have removed?
#
# You can run it on a file of your own, too: {doc}`/your_own` has the command.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `data_dir` or `train_file`
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
train_file = ""  # of the task "own": .csv, .tsv or .jsonl, one row an example
dev_file = ""  # another, to score on; "": a share of train_file is held out for that
dev_share = 0.2  # that share
text_column = "text"
second_column = ""  # of a second text, for pairs
label_column = "label"  # "": there is none, and what a classifier of yours answers as it is counts as right
labels = "classes"  # what the labels are: "classes" or "numbers"
examples = 0  # of a task's training set, at most so many, drawn by label and the same for every run; 0: all
dev_examples = 0  # of what it is scored on, likewise
worlds = [1]  # seeds of the miniature and of its language
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["cola"]  # files in lottery/tasks, or "own": a file of your own
tuning_seeds = [1]  # of the fine-tunings: all of them in the first world, the first one in every other
per_step = [0.1, 0.05]  # of the weights still there; 0.1 as printed, 0.05 as the published masks show
share = 0.9  # of the full model's score that has to be reached
epochs = 2.0  # of fine-tuning
batch_size = 32
learning_rate = 1e-3
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from lottery.experiments.magnitude_search import MagnitudeSearch
from lottery.experiments.studies import TaskStudy
from lottery.suite.given import given

globals().update(given("experiments/magnitude_search", globals()))
study = TaskStudy.from_cell(globals())
dense = [
    study.tuned(task, seed, world=world, learning_rate=learning_rate, saved=True)
    for task in tasks
    for world, seed in study.drawn(worlds, tuning_seeds)
]
grid = [MagnitudeSearch(of=each, per_step=step, share=share) for step in per_step for each in dense]

# %% tags=["remove-cell"]
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.axes import Axes

from lottery.choices import listed
from lottery.findings import searches
from lottery.findings.published import laid_out
from lottery.findings.seeds import one_world
from lottery.suite import plots, tables
from lottery.suite.chapter import (
    PRINT,
    between,
    each_task,
    how_many,
    mean_and_sd,
    perform,
    read_published,
    tasks_among,
    tasks_of,
    title,
)
from lottery.suite.in_short import InShort
from lottery.suite.palette import look

chapter = perform("experiments/magnitude_search", grid, results, records, workers=workers, scheduler=scheduler)


def in_one_world(chosen: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What chooses rows, among those of the seeds of one world: in another one a head is another head."""
    return lambda rows: chosen(one_world(rows))


NOT_JUDGED = "*No search here says anything; see above why.*"
shown = partial(chapter.shown, among=in_one_world(searches.finest), nothing=NOT_JUDGED)

# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# (p1)=
# (p1-minilm)=
# ## Smallest first, until a tenth of the score is gone
#
# All weights of the *fine-tuned* model, in the six matrices of every layer, are ranked together by magnitude. A step
# removes the smallest 10% of the weights still there, so that after $k$ steps $0.9^k$ of them are left, and scores
# what is left on dev. Nothing is trained in between. The weights never change, so each step is a cut of the same
# ranking. The last step that keeps 90% of the full model's score is the good subnetwork.
#
# The released code ranks most of the biases of these layers together with the matrices; here biases are never pruned.
# And the published masks were not made as printed: their sizes are powers of 0.95, not of 0.9, so a step took **5%**
# of the weights still there. With steps of 10% the released code would stop after nine, with 61% of the weights gone,
# whether or not the bound is reached. Here both sizes of step are tried, with up to sixty steps.


# %% tags=["hide-input"]
def left_out(rows: pd.DataFrame, source: str) -> Markdown:
    """Which searches say nothing."""
    return Markdown(f"**{source}:** {searches.silent_in_words(rows)}")


chapter.shown(left_out, "live", named=True)

# %% tags=["hide-input"]
chapter.shown(left_out, named=True)

# %% tags=["hide-input"]
chapter.shown(left_out, "minilm", named=True)


# %% tags=["hide-input"] mystnb={"image": {"alt": "For each task the score, in per cent of the full model's, against the share of weights removed, a line a seed, of a real BERT and of the miniature; the bound of 90% is dashed."}, "figure": {"name": "magnitude-search", "caption": "The score stays near the full model's at first, and then falls within a few steps. One line a seed, as the smallest weights go; its last point fell below the bound (dashed)."}}
def curves_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """Score, in shares of the full model's, against the share of weights removed; one line a seed and task."""
    for name, ax in axes.items():
        some = rows[rows["of.task"].map(title) == name]
        for row in some.to_dict("records"):
            of_dense = 100 * np.array(row["scores"], dtype=float) / row["dense_score"]
            seed = f"seed {row['of.seed']}"
            ax.plot(100 * np.array(row["sparsities"]), of_dense, label=seed, markersize=3, **look(seed))
        ax.axhline(100 * rows["share"].iloc[0], color="grey", linestyle="--", linewidth=1)
        if some["majority"].notna().all():
            plots.chance(ax, 100 * (some["majority"] / some["dense_score"]).mean(), "majority-class baseline")
        ax.set(title=name, ylabel="of the full model's (%)", xlabel="weights removed (%)")


finest = in_one_world(searches.finest)
chapter.figure(
    curves_drawn,
    lambda rows: [*rows["of.task"].map(title).unique()],
    among=finest,
    nothing=NOT_JUDGED,
    size=(2.6, 2.0),
    across=4,
)

# %% [markdown]
# ### How much goes
#
# The table gives the share of the weights that the good subnetwork keeps, by task. The exact sparsity at which the
# bound is crossed lies between this one and that of one step more.


# %% tags=["hide-input"]
published = read_published("prasanna2020_magnitude")
MEAN = "mean ± sd"


def kept_table(kept: pd.DataFrame) -> pd.DataFrame:
    """Share of weights kept with each seed, mean and standard deviation, in words, a row a task and size of step.

    kept  task, per_step and kept, a row a search
    """
    groups = kept.groupby(["task", "per_step"], sort=False)["kept"]
    table = groups.agg(lambda shares: ", ".join(f"{share:.0%}" for share in shares)).to_frame("kept, a seed each")
    table[MEAN] = [mean_and_sd(*each) for each in groups.agg(["mean", "std"]).itertuples(index=False)]
    names = [(title(task), f"{step:.0%}") for task, step in table.index]
    return table.set_axis(pd.MultiIndex.from_tuples(names, names=["task", "step"]))


def kept_made(runs: pd.DataFrame) -> pd.DataFrame:
    """Of our searches that say something, and how many were never below the bound."""
    rows = searches.sound(one_world(runs))
    rows = rows.assign(task=rows["of.task"], kept=1 - rows["sparsity"])
    table = kept_table(rows)
    ended = rows.groupby(["task", "per_step"], sort=False)["ended"]
    table["never below the bound"] = ended.agg(lambda how: f"{(how == 'most').sum()}").to_numpy()
    return table


chapter.finding(
    kept_made,
    "About half of the weights stay, more or fewer by task; smaller steps change that by a few points. Share of the "
    "weights of heads and MLPs that is kept (%), mean and standard deviation over seeds.",
    part=lambda table: table[[MEAN]],
    what="The share kept with each seed.",
    printed=kept_table(published.assign(per_step=0.05, kept=published["remaining_weights"])),
)

# %% [markdown]
# The shares in print are powers of 0.95, inferred from the sizes that the authors' notebooks show.


# %% tags=["hide-input"]
def steps_told(rows: pd.DataFrame, source: str) -> Markdown:
    """What the size of a step changes, in words."""
    table = searches.finer_steps(rows)
    if table.empty:
        return Markdown("There is one size of step, so nothing to compare.")
    row = table.iloc[0]
    mean, low, high = row["more"]
    span = "" if np.isnan(low) else f" (95% interval {low:+.1f} to {high:+.1f})"
    return Markdown(
        f"{source}: steps of {row['fine']:.0%} reach a sparsity that differs by {mean:+.1f} points{span} from that of "
        f"steps of {row['coarse']:.0%}, over {how_many(row['models'], 'model')}."
    )


shown(partial(steps_told, source="In this build"), "live", among=searches.sound)

# %% tags=["hide-input"]
shown(partial(steps_told, source="On the miniature, recorded"), among=searches.sound)

# %% tags=["hide-input"]
powers = published.assign(seed=published["seed"].map("seed {}".format)).pivot_table(
    index="task", columns="seed", values="steps", sort=False
)
shares = published.groupby("task", sort=False)["remaining_weights"].mean()
printed = published.groupby("task", sort=False)["task_mean_printed"].first()
means = {"mean of 0.95^k": shares.map("{:.4f}".format), "their notebook's mean": printed.map("{:.4f}".format)}
tables.numbers(
    powers.astype(int).assign(**means).set_axis(powers.index.map(title), axis=0).rename_axis("task"),
    "The published masks of BERT-base: steps k of 5%, inferred from the sizes that the authors' notebooks show.",
)

# %% [markdown]
# ## Where are the weights that stay?
#
# How much of its weights does each head keep (its rows of query, key and value, its columns of the output matrix), and
# each MLP? That is the paper's Figure 1 for magnitude pruning. One ranking for the whole model could take all of one
# head and nothing of another, as the search for heads does. The figure and the sentences below it show that magnitude
# pruning is far from that.


# %% tags=["hide-input"] mystnb={"image": {"alt": "For each task a grid of layers by heads, and a column of MLPs, coloured by the share of its weights that each keeps: BERT-base in print, a real BERT and the miniature."}, "figure": {"name": "magnitude-shares", "caption": "Magnitude pruning takes weights from every head and MLP, and all from none. Share of its weights that each keeps, mean over the seeds, in print over the authors' five; layers and heads counted from 1."}}
in_print = read_published("prasanna2020_weight_survival").rename(columns={"task": "of.task"})
shown_tasks = tasks_of(pd.concat([chapter.minilm, chapter.live]), "of.task")


def shares_drawn(rows: pd.DataFrame, ax: Axes) -> None:
    """Of one task the mean share of weights that each head and MLP keeps."""
    stored = "mean" in rows and "head_shares" not in rows
    shares = laid_out(rows, "mean") if stored else [kept.mean(0) for kept in searches.weight_shares(rows)]
    plots.components(*shares, "{:.0%} of its weights", ax=ax)
    ax.set_title(title(rows["of.task"].iloc[0]))


chapter.figure(
    each_task(shares_drawn, "of.task"),
    tasks_among(shown_tasks, "of.task"),
    printed={PRINT: in_print},
    among=finest,
    nothing=NOT_JUDGED,
    live=False,
    scale="",
)


# %% tags=["hide-input"]
def unevenness_told(rows: pd.DataFrame) -> Markdown:
    """How unequal heads are: between them, and between seeds for one of them."""
    lines = []
    for row in searches.unevenness(rows).itertuples():
        line = (
            f"- **{title(row.task)}:** a head keeps from {row.heads_least:.0%} to {row.heads_most:.0%} of its weights "
            f"(means over {how_many(row.seeds, 'seed')}), an MLP from {row.mlps_least:.0%} to {row.mlps_most:.0%}"
        )
        if row.seeds > 1:
            line += (
                f"; the standard deviation is {100 * row.between_heads:.1f} points between heads and, for one head "
                f"between seeds, {100 * row.between_seeds:.1f} points on average"
            )
        lines.append(line + ".")
    return Markdown("\n".join(lines))


# %% [markdown]
# This build:

# %% tags=["hide-input"]
shown(unevenness_told, "live")

# %% tags=["hide-input"]
facts = read_published("prasanna2020_facts").set_index("what")["value"]


def unevenness_printed() -> Markdown:
    """The same of BERT-base, from the cells of the authors' figures, and what the paper says of one of them."""
    cells = read_published("prasanna2020_weight_survival").groupby(["task", "component"], sort=False)["mean"]
    least, most = cells.min().unstack(), cells.max().unstack()
    spread = (most - least)["heads"]
    return Markdown(
        "BERT-base, in print: within a task, the heads that keep least and most of their weights are "
        f"{100 * spread.min():.0f} to {100 * spread.max():.0f} points apart, the most on {title(spread.idxmax())} "
        f"(from {least.loc[spread.idxmax(), 'heads']:.0%} to {most.loc[spread.idxmax(), 'heads']:.0%}); MLPs are at "
        f"most {100 * (most - least)['mlps'].max():.0f} points apart. Of QNLI the paper says that blocks keep "
        f"{facts['least kept by a block']:.0%} to {facts['most kept by a block']:.0%}."
    )


unevenness_printed()

# %% [markdown]
# The miniature:

# %% tags=["hide-input"]
shown(unevenness_told)

# %% [markdown]
# And of MiniLM:

# %% tags=["hide-input"]
shown(unevenness_told, "minilm")

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["earlier_layers_lose_more_weights"])


def what_stays() -> list[str]:
    """What the finest steps leave of the weights, by task, in every source, in a sentence."""
    kept = {PRINT: published.groupby("task")["remaining_weights"].mean()}
    for name, runs in chapter.sources.items():
        rows = finest(runs) if len(runs) else runs
        kept |= {name: (1 - rows["sparsity"].astype(float)).groupby(rows["of.task"]).mean()} if len(rows) else {}
    parts = [f"{between(100 * of_task, '.0f')}% ({name})" for name, of_task in kept.items()]
    return [f"By task, the good subnetwork keeps {listed(parts, 'and')} of the weights."]


short.summary(what_stays())

# %% tags=["remove-input", "in-short"]
short.box(
    question="How many single weights can a fine-tuned model lose, and in which layers?",
    done=(
        "The smallest weights are removed step by step, without training in between, as long as nine tenths of the "
        "score are left. A step takes 10%, as in print, or 5%, as the published masks were made. What is left of "
        "each layer and head is compared over seeds."
    ),
    found=what_stays() + short.by_claims(),
    not_shown="The search looks at the dev set that it is scored on, as in the paper.",
)
