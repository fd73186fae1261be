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
#     part: gordon
#     order: 30
# ---

# %% [markdown]
# # Does fine-tuning change what is pruned?
#
# One may prune BERT while it is pre-trained, once for all tasks, or fine-tune it first and then let the task decide.
# {cite:t}`gordon2020` find that the two masks differ in less than 6 % of the weights, that training longer before the cut
# changes neither the mask nor the accuracy, and conclude that fine-tuning does not make a model easier to prune. This
# chapter measures the same two things, their Figure 3, and asks beside it what their number is made of: how much masks
# differ by chance, and how much without any fine-tuning.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `text` and `data_dir`
text = ""  # for any model but the miniature: a file or folder of plain text to go on with its pre-training
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
seeds = [1]  # of pre-training and pruning; for the miniature each is a world of its own
tuning_seeds = []  # of the fine-tunings of each model; []: the seed of that model
miniature_steps = 3000  # of pre-training, before any weight is removed
text_steps = 500  # of another model's pre-training on `text`, before any weight is removed; 0 if it has its heads
text_learning_rate = 1e-4
text_batch_size = 32  # pairs of passages
text_length = 64  # tokens of a pair, at most
tasks = ["sst2", "cola"]  # files in lottery/tasks, of which the masks are compared
longer_tasks = ["cola"]  # those fine-tuned for longer and longer before the cut
sparsities = [0.3, 0.6, 0.9]  # shares of the prunable weights, above 0
longer_sparsity = 0.6  # at which the longer fine-tuned are cut
longer_epochs = [0.0, 1.0, 3.0]  # of fine-tuning before that cut; with 0.0 among them
recovery_epochs = 2.0  # of fine-tuning after it
scope = "local"  # "local": the same share of each matrix goes, as in the paper; "global": the smallest of the model
embeddings = True  # whether the word embeddings and the tied decoder are pruned too, as in the paper
recipe = "printed"  # "printed": removed weights stay at zero; "released": as the paper's code does
pruning_steps = 400  # of the continued pre-training in which weights are removed
ramp = 200  # of these, steps over which the sparsity rises
every = 10  # steps between two computations of the mask
pruning_learning_rate = 1e-3
pretraining_batch_size = 64
epochs = 2.0  # of fine-tuning, half of them before the cut
batch_size = 32
learning_rate = 1e-3  # of fine-tuning
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.experiments import conditions, starts
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.gradual_pruning import GradualPruning
from lottery.experiments.mask_difference import MaskDifference
from lottery.experiments.tickets import Cut, Ticket

if not all(0 < sparsity < 1 for sparsity in [*sparsities, longer_sparsity]):
    raise ValueError("sparsities and longer_sparsity: masks that remove nothing cannot differ; give shares above 0")
if 0.0 not in longer_epochs or len(set(longer_epochs)) < 2:
    raise ValueError(f"longer_epochs = {longer_epochs}: give 0.0, with which the others are compared, and one more")


def cut(of: FineTuning | GradualPruning, sparsity: float) -> Cut:
    """The smallest weights of a model, removed at once."""
    return Cut(of=of, importance="magnitude", scope=scope, embeddings=embeddings, sparsity=sparsity, seed=of.seed)


controls = [
    GradualPruning(
        start=starts.pretrained(
            model,
            text,
            seed=seed,
            miniature_steps=miniature_steps,
            text_steps=text_steps,
            text_learning_rate=text_learning_rate,
            text_batch_size=text_batch_size,
            text_length=text_length,
        ),
        importance="magnitude",
        scope=scope,
        embeddings=embeddings,
        sparsity=0.0,
        steps=pruning_steps,
        ramp=ramp,
        every=every,
        recipe=recipe,
        learning_rate=pruning_learning_rate,
        batch_size=pretraining_batch_size,
        seed=seed,
    )
    for seed in seeds
]
whole = [
    FineTuning(
        start=control,
        task=task,
        data=starts.task_data(model, task, data_dir),
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        max_length=max_length,
        seed=seed,
        saved=False,
    )
    for control in controls
    for task in dict.fromkeys([*tasks, *longer_tasks])
    for seed in tuning_seeds or [control.seed]
]
masks = []
for sparsity in sparsities:
    masks += [
        MaskDifference(one=cut(control, sparsity), other=replace(control, sparsity=sparsity)) for control in controls
    ]
    for tuning in whole:
        if tuning.task in tasks:
            tuned = conditions.under("pruned_downstream", tuning, sparsity, "equal").start.kept
            masks.append(MaskDifference(one=tuned, other=replace(tuning.start, sparsity=sparsity)))
            masks.append(MaskDifference(one=tuned, other=cut(tuning.start, sparsity)))
longer = []
for tuning in whole:
    for before in longer_epochs:
        if tuning.task in longer_tasks:
            begun = replace(tuning, epochs=before, saved=True) if before else tuning.start
            removed = cut(begun, longer_sparsity)
            longer.append(replace(tuning, start=Ticket(of=begun, kept=removed), epochs=recovery_epochs))
            if before:
                longer.append(MaskDifference(one=removed, other=cut(tuning.start, longer_sparsity)))
grid = [*dict.fromkeys([*masks, *longer])]  # one epoch before the cut may come in both

# %% tags=["remove-cell"]
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib import pyplot as plt

from lottery import schedules
from lottery import statistics as stats
from lottery import store as runs
from lottery.suite import cluster, plots

plots.house_style()
cluster.map(grid, results, workers=workers, scheduler=scheduler)
live = runs.rows(grid, Path(results))
recorded = runs.recorded(Path(records) / "miniature" / "gordon_masks.parquet")
bert = runs.recorded(Path(records) / "minilm" / "gordon_masks.parquet")
missing, missing_bert = (Markdown(runs.not_recorded("analyses/gordon_masks", name)) for name in ("miniature", "minilm"))
BOTH = "cut after fine-tuning, against pruned in pre-training"
ALONE = "cut without fine-tuning, against pruned in pre-training"
TUNING = "cut after fine-tuning, against cut without"


def differences(runs: pd.DataFrame) -> pd.DataFrame:
    """The comparisons of masks: `pair` names them; `task` and `epochs` are those of the fine-tuning, if there was one."""
    rows = runs[runs["experiment"] == "MaskDifference"]
    fine_tuned = rows["one.of"] == "FineTuning"
    pair = pd.Series(TUNING, index=rows.index).mask(rows["other"] == "GradualPruning", BOTH).mask(~fine_tuned, ALONE)
    seed = rows["one.seed"].astype(int)
    return rows.assign(pair=pair, task=rows["one.of.task"], sparsity=rows["one.sparsity"], seed=seed)


def means(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a pair, sparsity and seed, means over the tasks, of the fine-tuning that stands in the first figure."""
    rows = differences(runs)
    usual = rows.loc[rows["pair"] == BOTH, "one.of.epochs"].iloc[0]
    rows = rows[(rows["one.of.epochs"] == usual) | (rows["pair"] == ALONE)]
    rows = rows[rows["task"].isin(rows.loc[rows["pair"] == BOTH, "task"].unique()) | (rows["pair"] == ALONE)]
    numbers = ["different", "different_without_embeddings", "chance", "jaccard", "chance_jaccard", "kappa"]
    found = rows.groupby(["pair", "sparsity", "seed"])[numbers].mean().reset_index()
    return found.sort_values("pair", key=lambda pairs: pairs.map([BOTH, ALONE, TUNING].index), kind="stable")


def masks_drawn(runs: pd.DataFrame) -> None:
    """Share of weights in which two masks differ, beside chance, and their agreement beyond it."""
    rows = means(runs)
    _, panels = plt.subplots(1, 2, figsize=(8.4, 3.9))
    levels = 100 * rows.groupby("sparsity")["chance"].mean()
    plots.against_sparsity(rows, "different", by="pair", scale=100, ax=panels[0])
    panels[0].plot(100 * levels.index, levels, color="grey", linestyle="--", linewidth=1, label="chance: drawn by lot")
    panels[0].set(ylabel="weights in which they differ (%)", yscale="log")
    panels[0].yaxis.set_major_formatter("{x:g}")
    plots.against_sparsity(rows, "kappa", by="pair", ax=panels[1])
    plots.chance(panels[1], 0)
    panels[1].set(ylabel="agreement beyond chance (kappa)", ylim=(-0.05, 1.05))
    panels[0].figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", fontsize=8)


def kinds_drawn(runs: pd.DataFrame) -> None:
    """Difference between cut after fine-tuning and pruned in pre-training, and what fine-tuning does, by kind of matrix."""
    _, panels = plt.subplots(1, 2, figsize=(8.4, 3.9), sharey=True)
    for ax, pair in zip(panels, (BOTH, TUNING), strict=True):
        rows = differences(runs).query("pair == @pair")
        rows = rows[rows["one.of.epochs"] == differences(runs).query("pair == @BOTH")["one.of.epochs"].iloc[0]]
        long = rows[["sparsity", "seed", "kinds", "different_by_kind"]].explode(["kinds", "different_by_kind"])
        long = long.assign(different=long["different_by_kind"].astype(float))
        long = long.groupby(["kinds", "sparsity", "seed"], sort=False)["different"].mean().reset_index()
        plots.against_sparsity(long, "different", by="kinds", scale=100, ax=ax)
        ax.set_title(pair.replace(", ", ",\n"), fontsize=9)
    panels[0].set_ylabel("weights in which they differ (%)")
    panels[0].figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)


def spanned(values: pd.Series, form: str) -> str:
    """The mean over seeds with its 95 % interval, or the one value."""
    mean, low, high = stats.mean_interval(values)
    if len(values) == 1:
        return format(mean, form)
    return f"{mean:{form}} ({low:{form}} to {high:{form}})"


def masks_told(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a pair and sparsity: every measure, beside what it is by chance."""
    rows = []
    for (pair, sparsity), some in means(runs).groupby(["pair", "sparsity"], sort=False):
        rows.append(
            {
                "masks": pair,
                "removed": f"{sparsity:.0%}",
                "differ in": spanned(some["different"], ".1%"),
                "by chance": f"{some['chance'].mean():.1%}",
                "without the embeddings": spanned(some["different_without_embeddings"], ".1%"),
                "Jaccard": spanned(some["jaccard"], ".2f"),
                "Jaccard by chance": f"{some['chance_jaccard'].mean():.2f}",
                "kappa": spanned(some["kappa"], ".2f"),
            }
        )
    return pd.DataFrame(rows).set_index(["masks", "removed"])


def shares_told(runs: pd.DataFrame) -> Markdown:
    """In words: what the difference is made of, at its largest."""
    rows = means(runs).pivot_table(index=["sparsity", "seed"], columns="pair", values="different")
    mean = rows.groupby("sparsity").mean()
    most = mean[BOTH].idxmax()
    alone = rows.loc[most, ALONE].fillna(mean.loc[most, ALONE])  # one model, fine-tuned with several seeds, has but one
    more = stats.paired_difference(100 * rows.loc[most, BOTH], 100 * alone)
    over = f"; 95 % interval over the seeds {more.low:+.1f} to {more.high:+.1f}" if np.isfinite(more.low) else ""
    over_6 = [f"{sparsity:.0%}" for sparsity in mean.index if mean.loc[sparsity, BOTH] >= 0.06]
    return Markdown(
        f"The mask cut after fine-tuning and that of pruning in pre-training differ most at {most:.0%} removed, in "
        f"{mean.loc[most, BOTH]:.1%} of the weights, "
        f"where masks drawn by lot differ in {2 * most * (1 - most):.1%}. The control that never saw a task differs from the "
        f"model pruned in pre-training in {mean.loc[most, ALONE]:.1%} there: with the task it is {more.mean:+.1f} points"
        f"{over}. Fine-tuning alone, with a single cut on both sides, changes {mean.loc[most, TUNING]:.1%}. The difference "
        f"is under the paper's 6 % at every sparsity{' but ' + ', '.join(over_6) if over_6 else ''}."
    )


def lengths(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a number of epochs before the cut and a seed: mean score over tasks, and how far the mask has moved."""
    tuned = runs[runs["experiment"] == "FineTuning"]
    tuned = tuned.assign(before=tuned["start.of.epochs"].where(tuned["start.of"] == "FineTuning", 0.0))
    scores = tuned.assign(score=tuned["score"].fillna(0)).groupby(["before", "seed"])["score"].mean()
    rows = differences(runs)
    sparsity = tuned["start.kept.sparsity"].iloc[0]
    moved = rows[(rows["pair"] == TUNING) & (rows["sparsity"] == sparsity) & rows["task"].isin(tuned["task"].unique())]
    moved = moved[moved["one.of.epochs"].isin(scores.index.get_level_values("before"))]
    moved = moved.groupby(["one.of.epochs", "seed"])["different"].mean().rename_axis(["before", "seed"])
    table = pd.DataFrame({"score": scores, "moved": moved}).reset_index()
    return table.assign(moved=table["moved"].mask(table["before"] == 0, 0.0))


def lengths_drawn(runs: pd.DataFrame) -> None:
    """Score after the cut and the recovery, and the mask's distance from that of no fine-tuning, against epochs before."""
    rows = lengths(runs)
    _, panels = plt.subplots(1, 2, figsize=(7.6, 3.3))
    for ax, column, name in (
        (panels[0], "score", "mean dev score (x 100)"),
        (panels[1], "moved", "weights unlike the mask of 0 epochs (%)"),
    ):
        summary = 100 * rows.groupby("before")[column].agg(["mean", "min", "max"])
        spread = np.abs(summary[["min", "max"]].sub(summary["mean"], axis=0)).to_numpy().T
        ax.errorbar(summary.index, summary["mean"], spread, marker="o", capsize=2, elinewidth=0.8)
        ax.set(xlabel="epochs of fine-tuning before the cut", ylabel=name)
    sparsity = runs.loc[runs["experiment"] == "FineTuning", "start.kept.sparsity"].iloc[0]
    panels[1].set_ylim(0, 105 * 2 * sparsity * (1 - sparsity))
    plots.chance(panels[1], 200 * sparsity * (1 - sparsity))


def lengths_told(runs: pd.DataFrame) -> Markdown:
    """In words: what more epochs before the cut do to the score, and to the mask, from the first number on."""
    rows = lengths(runs)
    score, moved = (rows.pivot_table(index="seed", columns="before", values=column) for column in ("score", "moved"))
    none, first, last = score.columns[0], score.columns[1], score.columns[-1]
    lines = []
    for one, other in ((first, none), (last, first)) if last > first else ((first, none),):
        change = stats.paired_difference(100 * score[one], 100 * score[other])
        mask = stats.paired_difference(100 * moved[one], 100 * moved[other])
        lines.append(
            f"- From {other:g} to {one:g} epochs before the cut the mean score changes by {change.told()} points, "
            f"and the mask comes to differ from that of no fine-tuning by {mask.told()} points more: in {moved[one].mean():.1%} of the weights."
        )
    return Markdown("\n".join(lines))


# %% [markdown]
# (g10)=
# ## Masks before and after
#
# The paper compares, at each sparsity, the mask of a model pruned gradually while it is pre-trained with the mask of a
# model that was fine-tuned first and then cut at once, and counts the share of weights that one keeps and the other
# removes, over all matrices and the word embeddings together. Two things are missing to read that number:
#
# - **Chance.** Two masks of sparsity $s$ drawn by lot differ in $2s(1-s)$ of the weights. So a difference can only be
#   large in the middle, and small numbers at low and high sparsities mean little by themselves. Cohen's kappa
#   {cite:p}`cohen1960` takes chance out: 1 for equal masks, 0 for masks drawn by lot. The Jaccard index is the share of
#   weights that both keep among those that either keeps.
# - **A model that was not fine-tuned.** The two models differ in more than fine-tuning: one was pruned gradually while its
#   pre-training went on, the other in a single cut after it. Cutting the pre-trained control at once, with no task in
#   between, shows how much of the difference that alone makes. And a cut with fine-tuning against a cut without shows what
#   fine-tuning alone does.
#
# Under word embeddings most rows belong to words that the task never uses; their weights move by decay alone, which keeps
# their order. Where they are a large share of all weights they make every difference look smaller, so the table gives
# the share without them too.
#
# In the paper the fine-tuning before the cut takes three epochs, at four learning rates, and the mask of the cut is then
# computed anew every ten steps until training ends. Here the mask is that of the cut, and there is one learning rate.

# %% tags=["hide-input"]
Markdown(
    f"This build: the miniature, {len(seeds)} seed(s), {len(tasks)} tasks, {differences(live)['weights'].max():,.0f} "
    f"weights compared, {epochs / 2:g} epoch(s) of fine-tuning before the cut."
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of weights in which masks of the live miniature differ, and their kappa, against sparsity, for three pairs of masks, beside chance."}, "figure": {"name": "gordon-masks-live", "caption": "How different the masks of three pairs of models are, means over the tasks, computed for this build."}}
masks_drawn(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same over the recorded seeds, tasks and sparsities of the miniature."}, "figure": {"name": "gordon-masks-recorded", "caption": "The same on the recorded grid. Points are means over the seeds, bars span them."}}
masks_drawn(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
masks_told(recorded) if len(recorded) else masks_told(live)

# %% [markdown]
# Means over the tasks; in brackets the 95 % interval over the seeds (t), where there are several.

# %% tags=["hide-input"]
shares_told(recorded) if len(recorded) else shares_told(live)

# %% [markdown]
# For a real BERT, all-MiniLM-L6-v2, the seeds are those of fine-tuning; each model pruned in pre-training was made once.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of weights in which masks of all-MiniLM-L6-v2 differ, and their kappa, against sparsity, for three pairs of masks, beside chance."}, "figure": {"name": "gordon-masks-minilm", "caption": "The same for a real BERT, recorded on CoLA and RTE."}}
masks_drawn(bert) if len(bert) else missing_bert

# %% tags=["hide-input"]
masks_told(bert) if len(bert) else missing_bert

# %% tags=["hide-input"]
shares_told(bert) if len(bert) else missing_bert

# %% [markdown]
# ### By kind of matrix

# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of weights in which masks of the live miniature differ, for each kind of matrix, against sparsity."}, "figure": {"name": "gordon-kinds-live", "caption": "The difference by kind of matrix, means over the tasks and layers, computed for this build."}}
kinds_drawn(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for the recorded grid of the miniature."}, "figure": {"name": "gordon-kinds-recorded", "caption": "The same on the recorded grid."}}
kinds_drawn(recorded) if len(recorded) else missing

# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of weights in which masks of all-MiniLM-L6-v2 differ, for each kind of matrix, against sparsity."}, "figure": {"name": "gordon-kinds-minilm", "caption": "The same for the real BERT."}}
kinds_drawn(bert) if len(bert) else missing_bert

# %% [markdown]
# ### Beside the paper
#
# {cite:t}`gordon2020` print one number for this figure, in its caption: the differences are less than 6 %. There is no
# table to set beside ours, no chance level and no control.


# %% tags=["hide-input"]
Markdown(
    "Masks drawn by lot differ in "
    + ", ".join(f"{2 * step / 10 * (1 - step / 10):.0%} at {step / 10:.0%}" for step in range(1, 10))
    + f", so that 6 % is {0.06 / 0.18:.0%} of chance at 10 or 90 % and {0.06 / 0.5:.0%} at 50 %."
)

# %% [markdown]
# (g11)=
# ## Fine-tuning for longer before the cut
#
# If fine-tuning made a model easier to prune, more of it should help. The paper's Figure 3, bottom, fine-tunes for 0, 1, 3,
# 6, 9 and 12 epochs, cuts 60 % at once, fine-tunes for 2 more, and shows the mean accuracy over the tasks and the share in
# which the mask differs from that of the model with 0 epochs before the cut.
#
# Its flat lines have another reason too. In the released code every epoch is a run of its own, with a learning rate that
# starts at $1/k$ of its peak in the $k$-th epoch and falls to zero: weights that hardly move any more cannot change a
# mask. Here the epochs before the cut have one schedule, and those after it another. What remains is that a model with
# more epochs before the cut has been trained longer in all.


# %% tags=["hide-input"]
def integrated(epochs: int) -> float:
    """The rate of the released code summed over so many epochs, as a share of one schedule's; 1,000 updates an epoch."""
    steps = 1000 * epochs
    saw, once = schedules.sawtooth(1000), schedules.linear_with_warmup(steps, round(0.1 * steps))
    return sum(map(saw, range(steps))) / sum(map(once, range(steps)))


Markdown(
    "The learning rate of the released code, summed over all updates, is "
    + ", ".join(f"{integrated(epochs):.0%} at {epochs}" for epochs in (1, 3, 6, 9, 12))
    + " epochs of what one schedule over as many epochs would be."
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean dev score after cut and recovery, and difference of the mask from that of no fine-tuning, against the epochs of fine-tuning before the cut, on the live miniature."}, "figure": {"name": "gordon-longer-live", "caption": "Fine-tuning for longer before one cut, computed for this build. The dashed line is how much masks drawn by lot differ."}}
lengths_drawn(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same over the recorded seeds and tasks of the miniature."}, "figure": {"name": "gordon-longer-recorded", "caption": "The same on the recorded grid. Points are means over the seeds, bars span them. A score that is not defined counts as 0."}}
lengths_drawn(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
lengths_told(recorded) if len(recorded) else lengths_told(live)

# %% tags=["hide-input"]
lengths_told(bert) if len(bert) else missing_bert

# %% [markdown]
# First the miniature, then the real BERT. In brackets the 95 % interval over the seeds (paired t). The paper prints no numbers for this figure either.
