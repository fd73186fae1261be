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
#     order: 10
# ---

# %% [markdown]
# # Pruning while pre-training
#
# {cite:t}`gordon2020` remove weights from BERT while its pre-training goes on, by magnitude and matrix by matrix, and
# fine-tune what is left. They report three regimes: up to 30 or 40 % nothing is lost, up to about 60 % what pre-training
# taught is deleted, and beyond that the model is too small even to fit the task's training data. This chapter runs the
# experiment with magnitude and with random choice, and shows the loss of pre-training and the scores downstream against
# the share of weights removed: the frame of the paper's Figure 1.

# %% tags=["parameters"]
seeds = [1]
miniature_steps = 3000  # of pre-training, before any weight is removed
tasks = ["sst2", "qnli", "cola"]  # files in lottery/tasks
importances = ["magnitude", "random"]  # files in lottery/importance
sparsities = [0.0, 0.3, 0.6, 0.9]  # shares of the prunable weights; 0.0 is the control, trained as long
scope = (
    "local"  # "local": the same share of each matrix goes, as in the paper; "global": the smallest of the whole model
)
embeddings = True  # whether the word embeddings and the tied decoder are pruned too, as in the paper
recipe = "printed"  # "printed": removed weights stay at zero; "released": as the paper's code does
pruning_steps = 400  # of the continued pre-training in which weights are removed
ramp = 200  # of these, steps over which the sparsity rises
every = 10  # steps between two computations of the mask
pruning_learning_rate = 1e-3
pretraining_batch_size = 64
epochs = 2.0  # of fine-tuning
batch_size = 32
learning_rates = [1e-3]  # of fine-tuning; several make a grid
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.gradual_pruning import GradualPruning
from lottery.experiments.miniature import Miniature

pruned = [
    GradualPruning(
        start=Miniature(seed=seed, steps=miniature_steps),
        importance=importance,
        scope=scope,
        embeddings=embeddings,
        sparsity=sparsity,
        steps=pruning_steps,
        ramp=ramp,
        every=every,
        recipe=recipe,
        learning_rate=pruning_learning_rate,
        batch_size=pretraining_batch_size,
        seed=seed,
    )
    for seed in seeds
    for importance in importances
    for sparsity in sparsities
]
tuned = [
    FineTuning(
        start=start,
        task=task,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        max_length=max_length,
        seed=start.seed,
        saved=False,
    )
    for start in pruned
    for task in tasks
    for learning_rate in learning_rates
]
grid = [*pruned, *tuned]

# %% tags=["remove-cell"]
from pathlib import Path

import pandas as pd
from IPython.display import Markdown
from matplotlib import pyplot as plt

from lottery import cluster, plots, runs, stats
from lottery.choices import choose

plots.house_style()
cluster.map(grid, results, workers=workers, scheduler=scheduler)
live = runs.rows(grid, Path(results))
recorded = runs.recorded(Path(records) / "miniature" / "gordon_pruning.parquet")
missing = Markdown(
    "*Not recorded yet: `lottery run experiments/gordon_pruning --profile miniature`, then `lottery record miniature`.*"
)
published = pd.read_csv("book/published/gordon2020_table1.csv")


def continued(runs: pd.DataFrame) -> pd.DataFrame:
    """The models: one row for each choice of weights, sparsity and seed."""
    return runs[runs["experiment"] == "GradualPruning"]


def transferred(runs: pd.DataFrame) -> pd.DataFrame:
    """The fine-tuned models, named by what they started from; of several rates the best on dev, as in the paper."""
    rows = runs[runs["experiment"] == "FineTuning"]
    rows = rows.assign(importance=rows["start.importance"], sparsity=rows["start.sparsity"])
    best = (
        rows["score"].fillna(-1).groupby([rows[part] for part in ("importance", "sparsity", "seed", "task")]).idxmax()
    )
    return rows.loc[best.sort_values()]


def losses_drawn(runs: pd.DataFrame) -> None:
    """Held-out loss of masked words, of next sentences, and their sum, against the share of weights removed."""
    _, panels = plt.subplots(1, 3, figsize=(9.0, 3.1))
    names = {"mlm_loss": "masked words", "nsp_loss": "next sentence", "loss": "sum of the two"}
    for ax, (column, name) in zip(panels, names.items(), strict=True):
        plots.against_sparsity(continued(runs), column, by="importance", ax=ax)
        ax.set(title=name, ylabel="held-out loss (nats)")
    panels[0].legend(title="removed by")


def transfer_drawn(runs: pd.DataFrame) -> None:
    """Mean dev score over the tasks, and mean training loss of the classification tasks, against what was removed."""
    rows = transferred(runs)
    rows = rows.assign(score=rows["score"].fillna(0))  # of a collapsed model, whose correlation is not defined
    classes = rows[rows["task"].map(lambda name: choose("tasks", name).KIND == "classification")]
    _, panels = plt.subplots(1, 2, figsize=(7.6, 3.3))
    for ax, table, column, scale, name in (
        (panels[0], rows, "score", 100, "mean dev score (x 100)"),
        (panels[1], classes, "train_loss", 1, "mean training loss (nats)"),
    ):
        means = table.groupby(["importance", "sparsity", "seed"], sort=False)[column].mean().reset_index()
        plots.against_sparsity(means, column, by="importance", scale=scale, ax=ax)
        ax.set(ylabel=name)
    plots.chance(panels[0], 100 * rows.groupby("task")["majority"].first().fillna(0).mean(), "one answer to all")
    panels[0].legend(title="removed by")


def scores_drawn(runs: pd.DataFrame) -> None:
    """Dev score of each task against the share of weights removed."""
    rows = transferred(runs)
    names = rows["task"].unique()
    columns = min(3, len(names))
    lines = -(-len(names) // columns)
    _, panels = plt.subplots(lines, columns, figsize=(2.9 * columns, 2.6 * lines), squeeze=False, sharex=True)
    for ax in panels.flat[len(names) :]:
        ax.set_axis_off()
    for ax, name in zip(panels.flat, names, strict=False):
        task = rows[rows["task"] == name]
        plots.against_sparsity(task, "score", by="importance", scale=100, ax=ax)
        level = task["majority"].iloc[0]
        plots.chance(ax, 0 if pd.isna(level) else 100 * level, "one answer")
        ax.set(title=choose("tasks", name).TITLE, ylabel=choose("tasks", name).METRIC + " (x 100)")
    panels[0][0].legend(fontsize=8)


# %% [markdown]
# (g1)=
# ## What is pruned, and how
#
# The six matrices of every layer, the pooler, and the table of word embeddings with the MLM decoder tied to it; never
# biases, layer norms, positions or the task's head. In every matrix the same share goes, exactly
# $\operatorname{round}(s\,n)$ of its $n$ weights. The sparsity rises along the cubic ramp of {cite:t}`zhu2017`, and after
# it the mask is frozen and the remaining weights recover. Every model, the full one too, is trained for the same number
# of steps under one learning-rate schedule, and fine-tuned for the same number of epochs with what was removed held at
# zero. The paper differs in the last point: there the budgets differ by condition, and the released code restarts the
# learning rate every epoch.

# %% tags=["hide-input"]
Markdown(
    f"This build: the miniature, {len(seeds)} seed(s), {pruning_steps:,} steps of continued pre-training of which "
    f"{ramp:,} are the ramp, {len(continued(live))} pruned models of "
    f"{int(continued(live)['weights'].iloc[0]):,} prunable weights, {len(transferred(live))} fine-tunings. "
    + (
        f"Recorded beside it: {continued(recorded)['seed'].nunique()} seeds, {len(continued(recorded))} pruned models, "
        f"{len(transferred(recorded))} fine-tunings."
        if len(recorded)
        else "Nothing has been recorded beside it yet."
    )
)

# %% [markdown]
# (g2)=
# ## The loss of pre-training
#
# On held-out documents, with the same words hidden for every model, dropout off. The paper's pre-training loss is the
# sum of the two; here they stand apart, because they do not fall together.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Held-out loss of masked words and of next sentence against the share of weights removed, by magnitude and at random; one live seed of the miniature."}, "figure": {"name": "gordon-loss-live", "caption": "Loss of the pruned miniature on held-out text, computed for this build."}}
losses_drawn(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same losses over the recorded seeds of the miniature, on a finer grid of sparsities."}, "figure": {"name": "gordon-loss-recorded", "caption": "The same on the recorded grid. Points are means over the seeds, bars span them."}}
losses_drawn(recorded) if len(recorded) else missing

# %% [markdown]
# (g6)=
# ## Against random pruning
#
# The control takes the same number of weights from every matrix, drawn at random, along the same ramp. The difference
# between the two lines is what the choice by magnitude is worth.


# %% tags=["hide-input"]
def losses_told(runs: pd.DataFrame) -> pd.DataFrame:
    """How far the MLM loss rises by magnitude, and how much further at random, at each sparsity."""
    losses = continued(runs).pivot_table(index="seed", columns=["importance", "sparsity"], values="mlm_loss")
    rows = []
    for sparsity in [s for s in losses["magnitude"] if s > 0]:
        magnitude, whole, chance = losses["magnitude"][sparsity], losses["magnitude"][0.0], losses["random"][sparsity]
        rise = stats.paired_difference(magnitude / whole, whole / whole)
        worth = stats.paired_difference(chance, magnitude)
        rows.append(
            {
                "removed": f"{sparsity:.0%}",
                "MLM loss by magnitude, against the full model": f"{rise[0]:+.1%} ({rise[1]:+.1%} to {rise[2]:+.1%})",
                "random minus magnitude (nats)": f"{worth[0]:.3f} ({worth[1]:.3f} to {worth[2]:.3f})",
            }
        )
    return pd.DataFrame(rows).set_index("removed")


losses_told(recorded) if len(recorded) else missing

# %% [markdown]
# In brackets the 95 % interval over the recorded seeds (paired t).
#
# (g3)=
# ## What is left downstream
#
# Every pruned model is fine-tuned on every task. The training loss is measured over the whole training set with dropout
# off: it tells whether a model is too small to fit the task, apart from whether it knows what generalises.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean dev score and mean training loss after fine-tuning against the share of weights removed before, by magnitude and at random; one live seed."}, "figure": {"name": "gordon-transfer-live", "caption": "Mean over the tasks of this build after fine-tuning the pruned miniature. The paper's Figure 1 has four conditions; these are two of them."}}
transfer_drawn(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same means over the recorded seeds and tasks of the miniature."}, "figure": {"name": "gordon-transfer-recorded", "caption": "The same on the recorded grid of tasks, sparsities and seeds."}}
transfer_drawn(recorded) if len(recorded) else missing

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dev score of each recorded task against the share of weights removed, by magnitude and at random."}, "figure": {"name": "gordon-tasks-recorded", "caption": "Each task by itself, recorded. The dashed line is what one answer to every example scores."}}
scores_drawn(recorded) if len(recorded) else missing


# %% tags=["hide-input"]
def transfer_told(runs: pd.DataFrame) -> pd.DataFrame:
    """How the mean score changes with what is removed by magnitude, and whether it stays within 2 points."""
    rows = transferred(runs).query("importance == 'magnitude'")
    means = rows.assign(score=rows["score"].fillna(0)).pivot_table(index="seed", columns="sparsity", values="score")
    removed = [sparsity for sparsity in means if sparsity > 0]
    alike = stats.holm([stats.equivalence(means[sparsity], means[0.0], margin=0.02) for sparsity in removed])
    lines = []
    for sparsity, p_value in zip(removed, alike, strict=True):
        change = stats.paired_difference(100 * means[sparsity], 100 * means[0.0])
        lines.append(
            {
                "removed": f"{sparsity:.0%}",
                "mean score, against the full model (points)": f"{change[0]:+.1f} ({change[1]:+.1f} to {change[2]:+.1f})",
                "p against a difference of 2 points or more": f"{p_value:.3f}",
                "runs with one answer to all": int(rows[rows["sparsity"] == sparsity]["constant"].sum()),
            }
        )
    return pd.DataFrame(lines).set_index("removed")


transfer_told(recorded) if len(recorded) else missing

# %% [markdown]
# In brackets the 95 % interval over the recorded seeds (paired t). A small p says that the mean lies within 2 points of
# the full model's (two one-sided tests, corrected by Holm for the sparsities tested); a large one only that this is not
# shown. A score that is not defined counts as 0 in the means.

# %% [markdown]
# ## Beside the paper
#
# What {cite:t}`gordon2020` print in their Table 1 for BERT-base, for the same two conditions: one seed, the best of four
# learning rates chosen on the dev set that is reported.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Pre-training loss and mean dev accuracy over five tasks that Gordon et al. print, for magnitude and random pruning, against the share of weights removed."}, "figure": {"name": "gordon-published", "caption": "Printed in Gordon et al. (2020), Table 1: BERT-base, pre-training loss (masked words plus next sentence) and mean accuracy over MNLI, QQP, QNLI, SST-2 and CoLA."}}
paper = published[published["condition"].isin(["pruned_in_pretraining", "random"])].assign(
    importance=lambda rows: rows["condition"].map({"pruned_in_pretraining": "magnitude", "random": "random"})
)
paper = paper.groupby(["importance", "sparsity"])[["pretraining_loss", "accuracy"]].mean().reset_index()
_, panels = plt.subplots(1, 2, figsize=(7.6, 3.3))
plots.against_sparsity(paper, "pretraining_loss", by="importance", ax=panels[0]).set(ylabel="pre-training loss (nats)")
plots.against_sparsity(paper, "accuracy", by="importance", scale=100, ax=panels[1]).set(ylabel="mean dev accuracy (%)")
panels[0].legend(title="removed by")
plt.show()

# %% [markdown]
# The miniature is tuned so that its three regimes come to lie where the paper's do, so any likeness of the curves is no
# evidence. What can differ, and is worth looking at, is the distance between the two lines, and which of the two losses
# carries it.
