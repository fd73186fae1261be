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
# (x3-gordon)=
# # Training budgets: as printed, as released, and equal
#
# What {cite:t}`gordon2020` say in their paper is not quite what their code does, and neither compares the four conditions on
# equal terms. So every experiment of this part of the book can be run by three recipes:
#
# - **equal:** every condition gets the same number of updates under one learning-rate schedule; a mask is fixed once the
#   ramp is over, or once the cut is made. This is what the other chapters show. Whether it helps to fine-tune before the
#   cut is tested on two models that differ in nothing else: one is cut first and then has the same two trainings.
# - **printed:** the epochs that the paper gives for each condition, from 3 to 15, and the best of four learning rates on
#   dev.
# - **released:** what the code does. Every epoch is a process of its own, whose learning rate falls to zero at the end of
#   *that* epoch, and the $k$-th epoch begins at $1/k$ of the peak. Masks are recomputed every ten updates to the very end,
#   from raw weights that are kept beneath them.
#
# This chapter shows how far apart the recipes are, and whether the paper's conclusions depend on them.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `text` and `data_dir`
text = ""  # for any model but the miniature: a file or folder of plain text to go on with its pre-training
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
seeds = [1]  # of pre-training and pruning; for the miniature each is a world of its own
tuning_seeds = []  # of the fine-tunings of each pruned model; []: the seed of that model
miniature_steps = 3000  # of pre-training, before any weight is removed
text_steps = 500  # of another model's pre-training on `text`, before any weight is removed; 0 if it has its heads
text_learning_rate = 1e-4
text_batch_size = 32  # pairs of passages
text_length = 64  # tokens of a pair, at most
text_frozen = False  # whether they train the heads alone, over an encoder that stays as it is
examples = 0  # of a task's training set, at most so many, drawn by label and the same for every run; 0: all
dev_examples = 0  # of what it is scored on, likewise
recipes = ["equal", "printed"]  # "equal", "printed", "released"
conditions = ["pruned_in_pretraining", "information_deletion", "pruned_downstream"]
tasks = ["sst2"]  # files in lottery/tasks
sparsity = 0.6  # the share of the prunable weights at which recipes are compared
rates_at = []  # sparsities at which learning rates are compared, by the recipe "equal"
scope = "local"
embeddings = True
pruning_steps = 400  # of the continued pre-training in which weights are removed
pruning_ramp = 200  # of these, steps over which the sparsity rises
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
from dataclasses import replace

from lottery.experiments.conditions import cut_first, recipe_under, under
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.studies import PretrainingStudy, TaskStudy, TextStudy
from lottery.suite.given import given

globals().update(given("analyses/gordon_recipes", globals()))


def whole(recipe: str) -> list[FineTuning]:
    """The fine-tunings of the controls of a recipe."""
    pretraining = PretrainingStudy.from_cell({**globals(), "recipe": recipe_under(recipe)})
    return [
        TaskStudy.from_cell(globals()).tuned_from(control, task, seed, learning_rate=learning_rate)
        for control in [pretraining.control(TextStudy.from_cell(globals()).start(seed), seed) for seed in seeds]
        for task in tasks
        for learning_rate in learning_rates
        for seed in tuning_seeds or [control.seed]
    ]


tuned = [
    under(condition, each, sparsity, recipe) for recipe in recipes for condition in conditions for each in whole(recipe)
]
if {"pruned_downstream", "pruned_in_pretraining"} <= {*conditions} and "equal" in recipes:
    halves = [replace(each, epochs=each.epochs / 2) for each in whole("equal")]
    tuned += [cut_first(each, sparsity, each.epochs) for each in halves]
tuned += [under("pruned_in_pretraining", each, share, "equal") for share in rates_at for each in whole("equal")]
grid = list(dict.fromkeys(tuned))

# %% tags=["remove-cell"]
import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib import pyplot as plt

from lottery import schedules
from lottery.choices import listed
from lottery.experiments.conditions import CONDITIONS, TITLES, recipe_of
from lottery.experiments.conditions import epochs as epochs_of
from lottery.findings import cut_times, regimes
from lottery.findings.budgets import summed_rates
from lottery.findings.conditions import best, by_seed, with_conditions
from lottery.suite import plots, tables
from lottery.suite.chapter import perform, title
from lottery.suite.in_short import InShort
from lottery.suite.interactive import interactive
from lottery.suite.palette import look

chapter = perform("analyses/gordon_recipes", grid, results, records, workers=workers, scheduler=scheduler)

# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# ## What paper and code say
#
# The table gives the epochs of fine-tuning in each condition. Where there are two numbers, the second counts those after
# the cut.


# %% tags=["hide-input"]
def lengths(condition: str, recipe: str) -> str:
    """The epochs of a condition over the ten sparsities of the paper."""
    pairs = [epochs_of(condition, share / 10, recipe, equal=epochs) for share in range(10)]
    afters = sorted({after for _, after in pairs})
    after = " or ".join(f"{each:g}" for each in afters)
    return f"{pairs[0][0]:g} + {after}" if pairs[0][0] else after


tables.finding(
    pd.DataFrame(
        {
            recipe: {TITLES[name]: lengths(name, recipe) for name in CONDITIONS}
            for recipe in ("equal", "printed", "released")
        }
    ).rename_axis("epochs of"),
    "As printed and as released, the conditions are trained for unequal numbers of epochs.",
)


# %% tags=["hide-input"] mystnb={"image": {"alt": "Learning rate over nine epochs: one linear schedule against the released code's saw, whose every tooth is lower."}, "figure": {"name": "gordon-sawtooth", "caption": "The released code restarts the learning rate each epoch, lower every time. Learning rate over nine epochs, as a share of the peak, beside one schedule. With a script, choose the number of epochs."}}
per_epoch, several = 200, 9
steps = np.arange(several * per_epoch)
one, saw = schedules.linear_with_warmup(len(steps), len(steps) // 10), schedules.sawtooth(per_epoch)
(ax,) = plots.panels(1, size=(7.0, 2.8))
ax.plot(steps / per_epoch, [one(step) for step in steps], color=look("one schedule")["color"], label="one schedule")
ax.plot(steps / per_epoch, [saw(step) for step in steps], color=look("as released")["color"], label="as released")
ax.set(xlabel="epochs", ylabel="share of the peak rate")
ax.legend()
plt.show()


# %% tags=["remove-input"]
LENGTHS = range(2, 13)  # epochs to choose from
NAMES = ["one schedule", "as released"]


def rate_facts(epochs: int, points: int = 20, per_epoch: int = 200) -> tuple[dict[str, list], dict[str, list]]:
    """The two schedules over so many epochs, at so many points of each, and their sums by epoch."""
    steps = epochs * per_epoch
    both = {"one": schedules.linear_with_warmup(steps, steps // 10), "saw": schedules.sawtooth(per_epoch)}
    rates = {name: np.array([rate(step) for step in range(steps)]) for name, rate in both.items()}
    shown = {name: [*rate[:: per_epoch // points].round(3), 0.0] for name, rate in rates.items()}
    return shown, {name: (rate.reshape(epochs, -1).sum(1) / per_epoch).round(4) for name, rate in rates.items()}


shown_rates, sums = zip(*map(rate_facts, LENGTHS), strict=True)
colours = [look(name)["color"] for name in NAMES]
lengths = {"epochs": list(LENGTHS), "first": several, "rates": shown_rates, "sums": sums}
interactive("sawtooth", lengths | {"names": NAMES, "colours": colours}, figure="gordon-sawtooth")

# %% tags=["hide-input"]
(three, three_released), (nine, nine_released) = summed_rates(3), summed_rates(9)
recovery = summed_rates(8)[1] - three_released
Markdown(
    f"Add up the learning rate over all updates, in units of the peak rate times an epoch. Three epochs as released make "
    f"{three_released:.2f} instead of {three:.2f}, and nine make {nine_released:.2f} instead of {nine:.2f}. A model pruned after "
    f"fine-tuning recovers in epochs 4 to 8, which make {recovery:.2f}. That is {recovery / three_released:.0%} of what the "
    "model pruned in pre-training gets in its three epochs, all of them with its mask on. A learning rate that restarts at "
    "1/k each epoch would nearly freeze any model's weights after the first epoch. The paper's two conclusions, that weights "
    "settle within an epoch and that fine-tuning makes a model no easier to prune, may be no more than that. "
    "{doc}`/analyses/gordon_movement` and {doc}`/analyses/gordon_masks` measure how far weights move and masks change."
)

# %% [markdown]
# ## Do the conclusions depend on the recipe?
#
# Two contrasts carry the paper's argument. *Freed minus held* says what the capacity of the removed weights is worth, once
# what they knew is gone. *After minus before* says whether it helps to prune after fine-tuning, when the task can be seen.
# Both are shown at one sparsity, under each recipe, in points of mean dev score over the tasks. Under *printed* and
# *released*, *before* is the model pruned in pre-training, as in the paper; under *equal* it is the same cut, made first.
# [Another chapter](like-for-like) has that comparison for several lengths and sparsities.


# %% tags=["hide-input"]
LATE = "after minus before fine-tuning"
CONTRASTS = {"freed minus held": regimes.FREED_MINUS_HELD, LATE: regimes.AFTER_MINUS_BEFORE}


FIRST = "cut_first"  # no condition of the paper's: what `cut_first` makes


def made_by(runs: pd.DataFrame) -> pd.DataFrame:
    """The fine-tunings, with the recipe that made them in the column `made`.

    An undefined score counts as 0; `unit` is the world, of one pre-trained model that of the fine-tuning.
    """
    rows = with_conditions(runs[runs["experiment"] == "FineTuning"])
    rows = rows.assign(made=recipe_of(rows))
    cuts = cut_times.with_cuts(runs).query("cut == @cut_times.FIRST").assign(condition=FIRST, made="equal")
    rows = pd.concat([rows, cuts[cuts["sparsity"] > 0]], ignore_index=True)
    unit = "pruning_seed" if len(set(rows["pruning_seed"])) > 1 else "seed"
    return rows.assign(score=rows["score"].fillna(0), unit=rows[unit].astype(int))


def compared(runs: pd.DataFrame) -> pd.DataFrame:
    """The two contrasts by recipe, in points of the mean score: mean over seeds and 95% interval (paired t)."""
    rows, recipes = made_by(runs), {}
    for recipe in ("equal", "printed", "released"):
        some = rows[(rows["made"] == recipe) & (rows["sparsity"] == sparsity)]
        if len(some):
            chosen = best(some, ("condition", "sparsity", "task", "seed", "unit"))
            means = 100 * by_seed(chosen.assign(seed=chosen["unit"]), "score")
            pairs = CONTRASTS | ({LATE: (regimes.AFTER_MINUS_BEFORE[0], FIRST)} if recipe == "equal" else {})
            recipes[recipe] = regimes.contrasts(means, pairs).loc[sparsity]
    return pd.DataFrame(recipes)


# %% tags=["hide-input"] mystnb={"image": {"alt": "Freed minus held, and after minus before fine-tuning, by three recipes, with 95% intervals."}, "figure": {"name": "gordon-recipes", "caption": "Under no recipe is freeing the weights, or cutting after fine-tuning, shown to change the score. Means over the seeds with 95% intervals (paired t), at the sparsity that the axis names."}}
RECIPES = ("equal", "printed", "released")


def estimates(runs: pd.DataFrame) -> pd.DataFrame:
    """The two contrasts, a row a contrast and recipe."""
    table = compared(runs)
    return pd.DataFrame(
        [
            {"contrast": name, "recipe": recipe, **each._asdict()}
            for name, recipes in table.iterrows()
            for recipe, each in recipes.dropna().items()
        ]
    )


def compared_drawn(table: pd.DataFrame, axes: dict) -> None:
    """A panel for each contrast, a row for each recipe."""
    for name, ax in axes.items():
        rows = table[table["contrast"] == name]
        plots.differences(rows, name="recipe", mean="mean", low="low", high="high", order=RECIPES, ax=ax)
        ax.set(title=name, xlabel=f"points of mean dev score, {sparsity:.0%} removed")


chapter.figure(compared_drawn, lambda table: [*table["contrast"].unique()], among=estimates, scale="", size=(4.0, 1.9))


# %% tags=["hide-input"]
def compared_told(runs: pd.DataFrame, where: str = "miniature") -> Markdown:
    """For each contrast: which recipes say what."""
    judged = listed([*map(title, runs["task"].dropna().unique())], "and")
    lines = []
    for name, recipes in compared(runs).iterrows():
        recipes = recipes.dropna()
        parts = "; ".join(f"{recipe} {estimate.in_words()}" for recipe, estimate in recipes.items())
        signs = {estimate.sign for estimate in recipes}
        same = {
            1: "Every recipe shows a gain",
            -1: "Every recipe shows a loss",
            0: "No recipe shows a difference",
        }
        verdict = same[signs.pop()] if len(signs) == 1 else "The recipes do not agree"
        lines.append(f"- **{name[0].upper()}{name[1:]}**, {where}, in points on {judged}: {parts}. {verdict}.")
    return Markdown("\n".join(lines))


chapter.shown(compared_told)

# %% tags=["hide-input"]
chapter.shown(lambda runs: compared_told(runs, "real BERT"), "minilm")

# %% [markdown]
# ## The grid of learning rates
#
# The paper fine-tunes at four learning rates and reports the one that is best on dev, the same set that it reports. That can
# bring a gain that is mere chance, or show that a sparsity needs another rate. Here is each rate by itself.


# %% tags=["hide-input"]
def by_rate(runs: pd.DataFrame) -> pd.DataFrame:
    """Score of the models pruned in pre-training, by sparsity and learning rate, as a mean over tasks, per seed."""
    rows = made_by(runs)
    rows = rows[(rows["made"] == "equal") & (rows["condition"] == "pruned_in_pretraining")]
    return (
        rows.groupby(["sparsity", "learning_rate", "unit"])["score"]
        .mean()
        .rename_axis(["sparsity", "learning_rate", "seed"])
        .reset_index()
    )


# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean dev score against the learning rate of fine-tuning at several sparsities."}, "figure": {"name": "gordon-rates", "caption": "On the recorded miniature, the highest learning rate tried is the best at every sparsity. Models pruned in pre-training; points are means over the seeds, bars span them."}}
SCORE = "mean dev score (x 100)"


def by_rate_drawn(scores: pd.DataFrame, axes: dict) -> None:
    """A line for each sparsity against the learning rate; bars span the seeds."""
    for removed, rows in scores.groupby("sparsity"):
        plots.spread(rows["learning_rate"], 100 * rows["score"], f"{removed:.0%} removed", ax=axes[SCORE])
    axes[SCORE].set(xscale="log", xlabel="learning rate", ylabel=SCORE)
    plots.ticks_at(axes[SCORE], scores["learning_rate"])


chapter.figure(by_rate_drawn, [SCORE], among=by_rate, size=(5.4, 3.0))


# %% tags=["hide-input"]
def best_told(runs: pd.DataFrame) -> Markdown:
    """What choosing the rate on dev adds to the score over the one rate that is best on average over all sparsities."""
    scores = 100 * by_rate(runs).pivot_table(index=["sparsity", "seed"], columns="learning_rate", values="score")
    fixed, gain = regimes.best_of_several(scores)
    rates = scores.groupby("sparsity").mean().idxmax(axis=1)
    which = ", ".join(f"{rate:g} at {removed:.0%}" for removed, rate in rates.items())
    ends = {scores.columns.min(), scores.columns.max()}
    at_end = [f"{removed:.0%}" for removed, rate in rates.items() if rate in ends]
    beyond = (
        f" At {', '.join(at_end)} it is at the end of the range tried, so a better one may lie beyond."
        if at_end
        else ""
    )
    return Markdown(
        f"On average the best learning rate is {which}.{beyond} Taking the best of {scores.shape[1]} on dev for every model "
        f"adds {gain.in_words(form='.1f')} points over the one rate {fixed:g} for all. Chance alone adds something, since the "
        f"best of several is never below any of them."
    )


chapter.shown(best_told)

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["deletion_fits_better", "late_cut_fits_better"])
budgets = (
    f"Under the released schedule, a model pruned after fine-tuning recovers with {recovery / three_released:.0%} of the summed "
    "learning rate of one pruned in pre-training. The two contrasts behind the paper's argument, by recipe:"
)
short.summary()

# %% tags=["remove-input", "in-short"]
short.box(
    question=("How much of the paper's Figure 1 comes from training budgets that differ between the conditions?"),
    done=(
        "The conditions are trained with three budgets: the one printed in the paper, the one in its code, and one that "
        "is equal for all. Everything else stays the same. Then the learning rate of fine-tuning is varied, of which the "
        "paper takes the best on dev."
    ),
    not_shown=(
        "This is the miniature, with few seeds and sparsities: it does not show how large the effect of the budgets is "
        "for BERT-base."
    ),
    found=[Markdown(budgets), chapter.shown(compared_told), *short.by_claims()],
)
