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
#     order: 15
# ---

# %% [markdown]
# # As printed, as released, and as it should be
#
# What {cite:t}`gordon2020` say in their paper is not quite what their code does, and neither compares the four conditions
# on equal terms. So every experiment of this part exists in three recipes:
#
# - **equal:** every condition gets the same number of updates under one learning-rate schedule; a mask is fixed once the
#   ramp is over, or once the cut is made. This is what the other chapters show.
# - **printed:** the epochs that the paper tells for each condition, from 3 to 15, and the best of four learning rates on
#   dev.
# - **released:** what the code does. Every epoch is a process of its own, whose learning rate falls to zero at the end
#   of *that* epoch, so that the $k$-th epoch begins at $1/k$ of the peak; masks are computed anew every ten updates to
#   the very end, from raw weights that live on underneath.
#
# This chapter shows how far apart the recipes are, and whether the paper's conclusions depend on them.

# %% tags=["parameters"]
seeds = [1]
miniature_steps = 3000  # of pre-training, before any weight is removed
recipes = ["equal", "printed"]  # "equal", "printed", "released"
conditions = ["pruned_in_pretraining", "information_deletion", "pruned_downstream"]
tasks = ["sst2"]  # files in lottery/tasks
sparsity = 0.6  # the share of the prunable weights at which recipes are compared
rates_at = []  # sparsities at which learning rates are compared, by the recipe "equal"
scope = "local"
embeddings = True
pruning_steps = 400  # of the continued pre-training in which weights are removed
ramp = 200  # of these, steps over which the sparsity rises
every = 10  # steps between two computations of the mask
pruning_learning_rate = 1e-3
pretraining_batch_size = 64
epochs = 2.0  # of fine-tuning in all, where the recipe is "equal"
batch_size = 32
learning_rates = [1e-3]  # of fine-tuning; of several the best on dev is taken
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from lottery.experiments.conditions import under
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.gradual_pruning import GradualPruning
from lottery.experiments.miniature import Miniature


def whole(recipe: str) -> list[FineTuning]:
    """The fine-tunings of the controls of a recipe."""
    return [
        FineTuning(
            start=GradualPruning(
                start=Miniature(seed=seed, steps=miniature_steps),
                importance="magnitude",
                scope=scope,
                embeddings=embeddings,
                sparsity=0.0,
                steps=pruning_steps,
                ramp=ramp,
                every=every,
                recipe="released" if recipe == "released" else "printed",
                restart=pruning_steps // 20 if recipe == "released" else 0,
                learning_rate=pruning_learning_rate,
                batch_size=pretraining_batch_size,
                seed=seed,
            ),
            task=task,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            max_length=max_length,
            seed=seed,
            saved=False,
        )
        for seed in seeds
        for task in tasks
        for learning_rate in learning_rates
    ]


tuned = [
    under(condition, each, sparsity, recipe) for recipe in recipes for condition in conditions for each in whole(recipe)
]
tuned += [under("pruned_in_pretraining", each, share, "equal") for share in rates_at for each in whole("equal")]
grid = list(dict.fromkeys(tuned))

# %% tags=["remove-cell"]
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown, display
from matplotlib import pyplot as plt

from lottery import schedules
from lottery import statistics as stats
from lottery import store as runs
from lottery.choices import choose
from lottery.experiments.conditions import CONDITIONS, TITLES, best, recipe_of, told
from lottery.experiments.conditions import epochs as epochs_of
from lottery.suite import cluster, plots

plots.house_style()
cluster.map(grid, results, workers=workers, scheduler=scheduler)
live = runs.rows(grid, Path(results))
recorded = runs.recorded(Path(records) / "miniature" / "gordon_recipes.parquet")
missing = Markdown(runs.not_recorded("analyses/gordon_recipes", "miniature"))

# %% [markdown]
# ## What the two say
#
# Epochs of fine-tuning in each condition. Where there are two numbers, the second counts those after the cut.


# %% tags=["hide-input"]
def as_told(condition: str, recipe: str) -> str:
    """The epochs of a condition over the ten sparsities of the paper."""
    pairs = [epochs_of(condition, share / 10, recipe, equal=epochs) for share in range(10)]
    afters = sorted({after for _, after in pairs})
    after = " or ".join(f"{each:g}" for each in afters)
    return f"{pairs[0][0]:g} + {after}" if pairs[0][0] else after


pd.DataFrame(
    {
        recipe: {TITLES[name]: as_told(name, recipe) for name in CONDITIONS}
        for recipe in ("equal", "printed", "released")
    }
)


# %% tags=["hide-input"] mystnb={"image": {"alt": "Learning rate over nine epochs: one linear schedule against the released code's saw, whose every tooth is lower."}, "figure": {"name": "gordon-sawtooth", "caption": "The learning rate over nine epochs as one schedule and as the released code restarts it each epoch, as a share of the peak."}}
per_epoch, several = 200, 9
steps = np.arange(several * per_epoch)
one, saw = schedules.linear_with_warmup(len(steps), len(steps) // 10), schedules.sawtooth(per_epoch)
_, ax = plt.subplots(figsize=(7.0, 2.8))
ax.plot(steps / per_epoch, [one(step) for step in steps], label="one schedule")
ax.plot(steps / per_epoch, [saw(step) for step in steps], label="as released")
ax.set(xlabel="epochs", ylabel="share of the peak rate")
ax.legend()
plt.show()


# %% tags=["hide-input"]
def summed(epochs: float) -> tuple[float, float]:
    """The learning rate summed over so many epochs, in peak rate times epochs: one schedule, and as released."""
    steps = round(epochs * per_epoch)
    one, saw = schedules.linear_with_warmup(steps, steps // 10), schedules.sawtooth(per_epoch)
    return tuple(sum(map(rate, range(steps))) / per_epoch for rate in (one, saw))


three, nine = summed(3), summed(9)
recovery = summed(8)[1] - summed(3)[1]
Markdown(
    f"Summed over the updates, in units of the peak rate times an epoch, three epochs as released make {three[1]:.2f} "
    f"instead of {three[0]:.2f}, nine make {nine[1]:.2f} instead of {nine[0]:.2f}. The five epochs that a model pruned "
    f"after fine-tuning has left to recover, epochs 4 to 8, make {recovery:.2f}: "
    f"{recovery / three[1]:.0%} of what the model pruned in pre-training gets in its three, all of them with its mask on. "
    f"So weights that seem to settle after an epoch, and a fine-tuning that seems not to make a model easier to prune, "
    f"are what such a learning rate shows with any model."
)

# %% [markdown]
# ## Do the conclusions depend on it?
#
# Two contrasts carry the paper's argument. *Freed minus held*: what the removed weights' room is worth, once what they
# knew is gone. *After minus before*: whether it helps to prune after fine-tuning, when the task can be seen. Both at one
# sparsity, by each recipe, in points of dev score as a mean over the tasks.


# %% tags=["hide-input"]
def compared(runs: pd.DataFrame) -> pd.DataFrame:
    """The two contrasts by recipe, in points of the mean score: mean over seeds and 95 % interval (paired t)."""
    rows = told(runs[runs["experiment"] == "FineTuning"])
    rows = rows.assign(made=recipe_of(rows), score=rows["score"].fillna(0))
    rows = best(rows[rows["sparsity"] == sparsity], by=("made", "condition", "task", "seed"))
    means = rows.groupby(["made", "condition", "seed"])["score"].mean().unstack(["made", "condition"])
    contrasts = {
        "freed minus held": ("information_deletion", "pruned_in_pretraining"),
        "after minus before fine-tuning": ("pruned_downstream", "pruned_in_pretraining"),
    }
    found = []
    for recipe in [name for name in ("equal", "printed", "released") if name in means]:
        for name, (one, other) in contrasts.items():
            difference = stats.paired_difference(100 * means[recipe, one], 100 * means[recipe, other])
            found.append({"contrast": name, "recipe": recipe} | difference._asdict())
    return pd.DataFrame(found)


def compared_drawn(table: pd.DataFrame) -> None:
    """A panel for each contrast, a row for each recipe."""
    names = table["contrast"].unique()
    _, panels = plt.subplots(1, len(names), figsize=(8.0, 2.6), sharey=True)
    for ax, name in zip(panels, names, strict=True):
        rows = table[table["contrast"] == name]
        plots.differences(rows, name="recipe", mean="mean", low="low", high="high", ax=ax)
        ax.set(title=name, xlabel="points of mean dev score")


# %% tags=["hide-input"] mystnb={"image": {"alt": "Freed minus held, and after minus before fine-tuning, by recipe, computed for this build."}, "figure": {"name": "gordon-recipes-live", "caption": "The two contrasts at one sparsity, for this build."}}
compared_drawn(compared(live))

# %% tags=["hide-input"] mystnb={"image": {"alt": "The two contrasts by three recipes over the recorded seeds of the miniature, with 95 % intervals."}, "figure": {"name": "gordon-recipes-recorded", "caption": "The same, recorded: means over the seeds with 95 % intervals (paired t)."}}
if len(recorded):
    compared_drawn(compared(recorded))
else:
    display(missing)


# %% tags=["hide-input"]
def compared_told(table: pd.DataFrame) -> Markdown:
    """For each contrast: which recipes say what."""
    lines = []
    for name, rows in table.groupby("contrast", sort=False):
        parts = [
            f"{row.recipe} {row.mean:+.1f} ({row.low:+.1f} to {row.high:+.1f})"
            for row in rows.itertuples(index=False, name="Row")
        ]
        signs = {"more" if row.low > 0 else "less" if row.high < 0 else "" for row in rows.itertuples()}
        same = f"all recipes say {max(signs)}" if any(signs) else "no recipe tells the two apart"
        verdict = same if len(signs) == 1 else "the recipes do not agree"
        lines.append(f"- **{name}** ({tasks_of(recorded)}): {'; '.join(parts)}: {verdict}.")
    return Markdown("\n".join(lines))


def tasks_of(runs: pd.DataFrame) -> str:
    """The tasks of a table of runs, in words."""
    return ", ".join(choose("tasks", name).TITLE for name in runs["task"].dropna().unique())


compared_told(compared(recorded)) if len(recorded) else missing

# %% [markdown]
# ## The grid of learning rates
#
# The paper fine-tunes at four rates and reports the best on dev, the set that is reported. Two things can come of it: a
# gain that is chance, and a sparsity that needs another rate. Here is each rate by itself.


# %% tags=["hide-input"]
def by_rate(runs: pd.DataFrame) -> pd.DataFrame:
    """Score of the models pruned in pre-training, by sparsity and learning rate, as a mean over tasks, per seed."""
    rows = told(runs[runs["experiment"] == "FineTuning"])
    rows = rows[(recipe_of(rows) == "equal") & (rows["condition"] == "pruned_in_pretraining")]
    rows = rows.assign(score=rows["score"].fillna(0), removed=rows["sparsity"].map("{:.0%} removed".format))
    rows = rows.sort_values("sparsity", kind="stable")
    return rows.groupby(["removed", "learning_rate", "seed"], sort=False)["score"].mean().reset_index()


def by_rate_drawn(table: pd.DataFrame) -> None:
    """A line for each sparsity against the learning rate; bars span the seeds."""
    _, ax = plt.subplots(figsize=(6.0, 3.2))
    for (name, rows), colour, marker in zip(
        table.groupby("removed", sort=False), plots.COLOURS, plots.MARKERS, strict=False
    ):
        summary = 100 * rows.groupby("learning_rate")["score"].agg(["mean", "min", "max"])
        spread = [summary["mean"] - summary["min"], summary["max"] - summary["mean"]]
        ax.errorbar(summary.index, summary["mean"], spread, label=name, color=colour, marker=marker, capsize=2)
    ax.set(xscale="log", xlabel="learning rate", ylabel="mean dev score (x 100)")
    ax.legend()


# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean dev score against the learning rate of fine-tuning at several sparsities, over the recorded seeds of the miniature."}, "figure": {"name": "gordon-rates-recorded", "caption": "Score of models pruned in pre-training at each learning rate of fine-tuning, recorded. Points are means over the seeds, bars span them."}}
if len(recorded):
    by_rate_drawn(by_rate(recorded))
else:
    display(missing)


# %% tags=["hide-input"]
def best_of_several(table: pd.DataFrame) -> Markdown:
    """What choosing the rate on dev adds to the score over the one rate that is best on average over all sparsities."""
    wide = 100 * table.pivot_table(index=["removed", "seed"], columns="learning_rate", values="score")
    fixed = wide.mean().idxmax()
    gain = stats.paired_difference(wide.max(axis=1).groupby("seed").mean(), wide[fixed].groupby("seed").mean())
    rates = wide.groupby("removed", sort=False).mean().idxmax(axis=1)
    told = ", ".join(f"{rate:g} at {removed.removesuffix(' removed')}" for removed, rate in rates.items())
    return Markdown(
        f"The best rate on average is {told}. Taking the best of {wide.shape[1]} on dev for every model adds "
        f"{gain.mean:.1f} points ({gain.low:.1f} to {gain.high:.1f}) over one rate for all, {fixed:g}; chance alone adds "
        f"something, since the best of several is never below any of them."
    )


best_of_several(by_rate(recorded)) if len(recorded) else missing
