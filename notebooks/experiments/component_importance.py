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
#     order: 10
# ---

# %% [markdown]
# # How much a head matters
#
# A transformer's layer has two kinds of parts that can be switched off one by one: its attention heads, and the
# feed-forward network behind them, its MLP. {cite:t}`prasanna2020` remove those that matter least to a task, and ask
# whether the rest is a good model, whether other runs would have kept the same, and whether what is kept means anything.
# All of that hangs on the word *matter*. This chapter measures it in the way the paper says, in the way its code does, and
# in a few other ways, and shows how far they agree.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `data_dir`
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
world = 1  # the seed of the miniature and of its language
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["cola", "sst2"]  # files in lottery/tasks
tuning_seeds = [1, 2]  # of the fine-tunings
scores = ["sample", "batch", "running", "token", "taylor", "magnitude", "attention_entropy", "random"]
orders = [1]  # shuffles of the dev set, for the scores that depend on its order
searched = ["sample", "running"]  # by which tickets are searched
epochs = 2.0
batch_size = 32
learning_rate = 1e-3
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from lottery.experiments.component_scores import ComponentScores
from lottery.experiments.component_search import ComponentSearch
from lottery.experiments.example_sensitivity import ExampleSensitivity
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.starts import start

dense = [
    FineTuning(
        start=start(model, task, data_dir, seed=world, miniature_steps=miniature_steps),
        task=task,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        max_length=max_length,
        seed=seed,
        saved=True,
    )
    for task in tasks
    for seed in tuning_seeds
]
ORDERED = ("batch", "running")
scored = [ComponentScores(of=of, importance=score) for of in dense for score in scores]
shuffled = [
    ComponentScores(of=of, importance=score, order=order)
    for of in dense
    for score in scores
    if score in ORDERED
    for order in orders
]
found = [ComponentSearch(of=of, importance=score, mode="both") for of in dense for score in searched]
grid = [*scored, *shuffled, *[ExampleSensitivity(of=of) for of in dense], *found]

# %% tags=["remove-cell"]
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib import pyplot as plt

from lottery import statistics as stats
from lottery import store as runs
from lottery.choices import choose
from lottery.findings.searches import sound
from lottery.suite import cluster, plots

plots.house_style()
cluster.map(grid, results, workers=workers, scheduler=scheduler)
live = runs.rows(grid, Path(results))
recorded = runs.recorded(Path(records) / "miniature" / "component_importance.parquet")
bert = runs.recorded(Path(records) / "minilm" / "component_importance.parquet")
missing, missing_bert = (
    Markdown(runs.not_recorded("experiments/component_importance", name)) for name in ("miniature", "minilm")
)
NAMES = {
    "sample": "each example",
    "batch": "each batch",
    "running": "running sum (released)",
    "token": "each token (Michel)",
    "taylor": "weight x gradient",
    "magnitude": "size of the weights",
    "attention_entropy": "sharpness of attention",
    "random": "random",
}


def titled(names: pd.Series) -> pd.Series:
    """Tasks by their titles."""
    return names.map({name: choose("tasks", name).TITLE for name in names.unique()})


def scores_of(runs: pd.DataFrame, order: int = 0) -> pd.DataFrame:
    """The scores of heads, one row a model and score."""
    rows = runs[(runs["experiment"] == "ComponentScores") & (runs["order"] == order)]
    return rows.assign(task=titled(rows["of.task"]), trial=rows["of.seed"])


# %% [markdown]
# (p2)=
# ## A gate on every head
#
# Put a number $\xi$ before the output of a head, or of an MLP, and multiply. At $\xi = 1$ the model is as it was, at
# $\xi = 0$ the head is gone. How steeply the loss changes with $\xi$ is what {cite:t}`michel2019` call its importance,
#
# ```{math}
# I_h = \mathbb{E}_x \left| \frac{\partial \mathcal{L}(x)}{\partial \xi_h} \right|,
# ```
#
# with the size taken *before* the mean over examples $x$, so that an example that needs the head and one that is harmed by
# it do not cancel. Layers have gradients of different size; so each layer's heads are divided by the square root of the
# sum of their squares. MLPs, one a layer, are compared as they are.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Importance of every attention head, layers down and heads across, and of every MLP, for each task of this build; one fine-tuned model each."}, "figure": {"name": "component-importance-live", "caption": "Importance of heads (over their layer's norm) and of MLPs (over the highest), computed for this build: one fine-tuned model a task."}}
def maps_drawn(runs: pd.DataFrame) -> None:
    """A map of heads and one of MLPs for each task: the first seed."""
    rows = scores_of(runs).query("importance == 'sample'").groupby("task", sort=False).head(1)
    _, panels = plt.subplots(
        2, len(rows), figsize=(2.6 * len(rows) + 1, 3.4), squeeze=False, sharey=True, sharex="row",
        gridspec_kw={"height_ratios": [3, 1]},
    )  # fmt: skip
    for line, (_, row) in zip(panels.T, rows.iterrows(), strict=True):
        heads = np.reshape(row["normalised"], (int(row["layers"]), -1))
        mlps = np.asarray(row["mlp_scores"]) / max(row["mlp_scores"])
        image = line[0].imshow(heads, cmap="OrRd", vmin=0, vmax=1, aspect="auto")
        line[0].set(title=row["task"], xlabel="head")
        line[1].barh(range(len(mlps)), mlps, color=plots.COLOURS[1])
        line[1].set(xlabel="MLP, over the highest", xlim=(0, 1))
        for ax in line:
            ax.set_ylabel("layer")
            ax.set_yticks(range(len(mlps)))
            ax.grid(visible=False)
    plt.colorbar(image, ax=panels[0].tolist(), label="importance")
    plt.show()


maps_drawn(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for all-MiniLM-L6-v2 on the tasks of GLUE that are recorded."}, "figure": {"name": "p2-minilm", "caption": "The same for a real BERT, all-MiniLM-L6-v2, recorded."}}
maps_drawn(bert) if len(bert) else missing_bert

# %% [markdown]
# (x2)=
# ## Every example by itself
#
# Give every example of a batch a gate of its own. Since no example's gate reaches another example's loss, one backward
# pass through the *sum* of their losses tells the gradient of each: exact, for every head and every MLP, and hardly dearer
# than a backward pass that stops at the activations, for no weight needs a gradient. With the single examples at hand one
# can ask what the mean is made of.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of each head's importance that is left if signs cancel over the dev set, and the share that a tenth of the examples makes; one point a head."}, "figure": {"name": "component-importance-examples", "caption": "What a head's importance is made of, one point a head: across, what would be left of it if signs could cancel over the whole dev set; up, how much of it the tenth of the examples with the largest gradients makes (a tenth, if all were alike)."}}
def examples_drawn(tables: dict[str, pd.DataFrame]) -> None:
    """A panel for each table, a colour for each task."""
    tables = {name: runs for name, runs in tables.items() if len(runs)}
    _, panels = plt.subplots(1, len(tables), figsize=(3.6 * len(tables) + 0.6, 3.4), squeeze=False, sharey=True)
    for ax, (name, table) in zip(panels[0], tables.items(), strict=True):
        rows = table[table["experiment"] == "ExampleSensitivity"]
        for number, (task, some) in enumerate(rows.groupby(titled(rows["of.task"]), sort=False)):
            left, tenth = (100 * np.concatenate([*some[column]]) for column in ("heads_left", "heads_by_tenth"))
            colour, marker = plots.COLOURS[number % 10], plots.MARKERS[number % 10]
            ax.plot(left, tenth, marker, color=colour, markersize=3, alpha=0.6, label=task)
        ax.axhline(10, color="grey", linestyle="--", linewidth=1)
        ax.set(title=name, xlabel="left if signs cancel (%)", xlim=(0, 100), ylim=(0, 100))
        ax.legend(fontsize=7, ncols=2)
    panels[0][0].set_ylabel("made by a tenth of the examples (%)")
    plt.show()


examples_drawn({"this build": live, "miniature, recorded": recorded, "MiniLM, recorded": bert})


# %% tags=["hide-input"]
def examples_told(runs: pd.DataFrame) -> str:
    """How much cancels, and how uneven the examples are, over heads, tasks and seeds."""
    rows = runs[runs["experiment"] == "ExampleSensitivity"]
    left, tenth = (np.concatenate([*rows[column]]) for column in ("heads_left", "heads_by_tenth"))
    return (
        f"if signs could cancel, {np.median(left):.0%} of a head's importance would be left in the median "
        f"({left.min():.0%} to {left.max():.0%}), and a tenth of the examples makes {np.median(tenth):.0%} of it "
        f"({tenth.min():.0%} to {tenth.max():.0%})."
    )


Markdown(
    "\n".join(
        f"- **{name}:** {examples_told(table)}"
        for name, table in {"This build": live, "Miniature, recorded": recorded, "MiniLM, recorded": bert}.items()
        if len(table)
    )
)

# %% [markdown]
# ## Three estimates of one thing
#
# The paper states the mean over examples. Code that follows {cite:t}`michel2019` often takes the gradient of a batch's
# mean loss, in which signs cancel within the batch. And the released code of {cite:t}`prasanna2020` never sets the
# gradients of its gates back to zero: after each batch it adds the size of the *sum of all gradients so far*, which
# depends on the order of the data and lets signs cancel over all of it. All three come from the same single examples.


# %% tags=["hide-input"]
def agreement(one: list[float], other: list[float]) -> tuple[float, float]:
    """Rank correlation of two scores of heads, and the share of the lowest tenth (at least two heads) they share."""
    lowest = max(2, len(one) // 10)
    shared = len({*np.argsort(one)[:lowest]} & {*np.argsort(other)[:lowest]})
    return stats.spearman(one, other), shared / lowest


def compared(runs: pd.DataFrame) -> pd.DataFrame:
    """For each score, beside the stated one: rank correlation and lowest tenth shared, mean and range over models."""
    rows = scores_of(runs).set_index(["task", "trial", "importance"])["normalised"]
    lines = {}
    for name in [name for name in NAMES if name != "sample" and name in rows.index.get_level_values("importance")]:
        pairs = [
            agreement(rows[task, trial, "sample"], rows[task, trial, name])
            for task, trial in dict.fromkeys(rows.index.droplevel("importance"))
        ]
        rank, shared = np.array(pairs).T
        heads = len(rows.iloc[0])
        lines[NAMES[name]] = {
            "rank correlation with each example's": f"{rank.mean():+.2f} ({rank.min():+.2f} to {rank.max():+.2f})",
            "of the lowest tenth shared": f"{shared.mean():.0%}",
            "by chance": f"{max(2, heads // 10) / heads:.0%}",
        }
    return pd.DataFrame(lines).T.rename_axis("score")


compared(recorded if len(recorded) else live)

# %% [markdown]
# The miniature: means over tasks and seeds, in brackets the range. A random score agrees with nothing. The real BERT:

# %% tags=["hide-input"]
compared(bert) if len(bert) else missing_bert


# %% tags=["hide-input"]
def reordered(runs: pd.DataFrame) -> pd.DataFrame:
    """For the scores that depend on the order of the data: agreement with themselves after a shuffle."""
    usual = scores_of(runs).set_index(["task", "trial", "importance"])["normalised"]
    lines = {}
    for name in ORDERED:
        pairs = [
            agreement(usual[row["task"], row["trial"], name], row["normalised"])
            for order in sorted(runs["order"].dropna().unique())
            if order
            for _, row in scores_of(runs, order).query("importance == @name").iterrows()
        ]
        if pairs:
            rank, shared = np.array(pairs).T
            lines[NAMES[name]] = {
                "rank correlation with itself, shuffled": f"{rank.mean():+.2f} ({rank.min():+.2f} to {rank.max():+.2f})",
                "of the lowest tenth shared": f"{shared.mean():.0%}",
            }
    return pd.DataFrame(lines).T.rename_axis("score")


reordered(recorded if len(recorded) else live)

# %% [markdown]
# The same model and the same examples in another order: a score that is a property of the model has 1 and 100 % here.
#
# ## Different scores, different tickets?
#
# What counts in the end is which heads and MLPs a search keeps. {doc}`component_search` explains it; here the same search
# is run by each score.


# %% tags=["hide-input"]
nothing = Markdown("*Every search of these runs says nothing, as the whole model is no better than one answer to all.*")


def tickets(runs: pd.DataFrame) -> pd.DataFrame | Markdown:
    """What each score's search keeps, and how far the heads it keeps are those of the stated score's."""
    rows = sound(runs[runs["experiment"] == "ComponentSearch"])
    if rows.empty:
        return nothing
    rows = rows.assign(task=titled(rows["of.task"]), trial=rows["of.seed"])
    stated = rows[rows["importance"] == "sample"].set_index(["task", "trial"])
    lines = {}
    for name, some in rows.groupby("importance", sort=False):
        pairs = [
            (np.array(row["kept_heads"], bool), np.array(stated.loc[(row["task"], row["trial"]), "kept_heads"], bool))
            for _, row in some.iterrows()
            if (row["task"], row["trial"]) in stated.index
        ]
        shared = np.mean([(a & b).sum() / max(1, (a | b).sum()) for a, b in pairs])
        by_chance = np.mean(
            [a.mean() * b.mean() / max(1e-9, a.mean() + b.mean() - a.mean() * b.mean()) for a, b in pairs]
        )
        lines[NAMES[name]] = {
            "heads kept": f"{some['heads'].mean():.1f} of {some['all_heads'].iloc[0]:.0f}",
            "MLPs kept": f"{some['mlps'].mean():.1f} of {some['all_mlps'].iloc[0]:.0f}",
            "weights kept": f"{some['share_kept'].mean():.0%}",
            "heads shared with the stated score's (Jaccard)": f"{shared:.2f}",
            "by chance": f"{by_chance:.2f}",
        }
    return pd.DataFrame(lines).T.rename_axis("score")


tickets(recorded if len(recorded) else live)


# %% tags=["hide-input"]
def smaller(runs: pd.DataFrame) -> Markdown:
    """In words: how much smaller the tickets of each score are than those of a random one, paired."""
    rows = sound(runs[runs["experiment"] == "ComponentSearch"])
    if rows.empty:
        return nothing
    sizes = rows.pivot_table(index=["of.task", "of.seed"], columns="importance", values="share_kept")
    by_seed = sizes.groupby("of.seed").mean()
    lines = []
    for one, other in combinations([name for name in NAMES if name in by_seed], 2):
        if "sample" in (one, other):
            found = stats.paired_difference(100 * by_seed[other], 100 * by_seed[one])
            lines.append(f"{NAMES[other]} {found.told()}")
    return Markdown(
        "Beside the stated score, the weights that a search keeps change by, in points, with 95 % intervals over the seeds "
        f"of the mean over the tasks: {'; '.join(lines)}."
    )


smaller(recorded if len(recorded) else live)

# %% tags=["hide-input"]
tickets(bert) if len(bert) else missing_bert
