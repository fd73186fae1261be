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
#     order: 20
# ---

# %% [markdown]
# # What the loss of pre-training tells
#
# A pruned model has forgotten something: its loss on text rises. Is that one number enough to tell what the model is
# still good for? {cite:t}`gordon2020` say that the accuracy on a task falls *linearly* with the loss, with a slope for each
# task, and that the features inside the model meanwhile diverge from those of the full model. This chapter draws both
# halves of their Figure 2, asks how much each line depends on its last point, and compares the features by two more
# measures.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `text` and `data_dir`
text = ""  # for any model but the miniature: a file or folder of plain text to go on with its pre-training
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
examples = 0  # of a task's training set, at most so many, drawn by label and the same for every run; 0: all
dev_examples = 0  # of what it is scored on, likewise
seeds = [1]  # of pre-training and pruning; for the miniature each is a world of its own
tuning_seeds = []  # of the fine-tunings of each model; []: the seed of that model
miniature_steps = 3000  # of pre-training, before any weight is removed
text_steps = 500  # of another model's pre-training on `text`, before any weight is removed; 0 if it has its heads
text_frozen = False  # whether they train the heads alone, over an encoder that stays as it is
text_learning_rate = 1e-4
text_batch_size = 32  # pairs of passages
text_length = 64  # tokens of a pair, at most
tasks = ["sst2"]  # files in lottery/tasks, of classes
sparsities = [0.0, 0.6, 0.9]  # shares of the prunable weights; 0.0 is the control, trained as long
importances = ["magnitude"]  # and "random": files in lottery/importance, of the models whose features are compared
scope = "local"  # "local": the same share of each matrix goes, as in the paper; "global": the smallest of the model
embeddings = True  # whether the word embeddings and the tied decoder are pruned too, as in the paper
recipe = "printed"  # "printed": removed weights stay at zero; "released": as the paper's code does
pruning_steps = 400  # of the continued pre-training in which weights are removed
pruning_ramp = 200  # of these, steps over which the sparsity rises
every = 10  # steps between two computations of the mask
pruning_learning_rate = 1e-3
pretraining_batch_size = 64
epochs = 2.0  # of fine-tuning
batch_size = 32
learning_rates = [1e-3]  # of fine-tuning; several make a grid
max_length = 64  # tokens of an example, at most
sequences = (
    1100  # pairs of passages at which features are compared; of the miniature's, about the paper's 25,000 tokens
)
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.choices import choose
from lottery.experiments import conditions
from lottery.experiments.controls import Redrawn
from lottery.experiments.feature_drift import FeatureDrift
from lottery.experiments.studies import PretrainingStudy, TaskStudy, TextStudy
from lottery.suite.given import given

globals().update(given("analyses/gordon_loss_and_features", globals()))
for task in tasks:
    if choose("tasks", task).KIND != "classification":
        raise ValueError(
            f"tasks: {task!r} has no accuracy, which is what this chapter sets against the loss: leave it out"
        )
SHOWN = ("information_deletion", "pruned_in_pretraining")
pretraining, fine_tuning = PretrainingStudy.from_cell(globals()), TaskStudy.from_cell(globals())
controls = [pretraining.control(TextStudy.from_cell(globals()).start(seed), seed) for seed in seeds]
pruned = [replace(control, sparsity=sparsity) for control in controls for sparsity in sparsities]
tuned = [
    conditions.under(
        condition,
        fine_tuning.tuned_from(control, task, seed, learning_rate=learning_rate),
        sparsity,
        "equal",
    )
    for control in controls
    for condition in SHOWN
    for sparsity in sparsities
    for task in tasks
    for learning_rate in learning_rates
    for seed in tuning_seeds or [control.seed]
]
compared = [
    FeatureDrift(text=control.start, full=control, pruned=other, sequences=sequences)
    for control in controls
    for other in (
        *(
            replace(control, importance=importance, sparsity=sparsity)
            for importance in importances
            for sparsity in sparsities
            if sparsity
        ),
        control.start,
        replace(control.start, steps=0) if model == "miniature" else Redrawn(like=control.start, seed=control.seed),
    )
]
grid = [*pruned, *tuned, *compared]

# %% tags=["remove-cell"]
import numpy as np
import pandas as pd
from IPython.display import Markdown

from lottery.experiments.conditions import TITLES
from lottery.findings import drift, lines
from lottery.suite import plots
from lottery.suite.chapter import PRINT, how_many, perform, read_published, title
from lottery.suite.in_short import InShort
from lottery.suite.palette import look

chapter = perform("analyses/gordon_loss_and_features", grid, results, records, workers=workers, scheduler=scheduler)
published = read_published("gordon2020_table1")

# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# (g8)=
# ## A line for each task
#
# The horizontal axis is the pre-training loss of the pruned model on held-out text, the vertical axis the dev accuracy after
# fine-tuning it. Under *information deletion* the removed weights are set to zero and may then move again, so the model has
# lost what they knew but not its capacity. The paper draws its lines for this condition, and calls the slope what a bit of
# BERT is worth to the task. Beside it stands pruning while pre-training, where the weights stay at zero. For the figure the
# paper fits one line by least squares to ten sparsities (CoLA: nine), with one seed each. The slope that its released code
# prints is a different one, between the two end points. The paper's loss is the sum of masked words and next sentence;
# *All numbers* also has lines for the loss of masked words alone.
#
# The models that are hardly pruned lie close together on such a line, and one pruned to 90% lies far out. A point's
# *leverage*, from $1/n$ to 1, says how far the fitted line follows that point whatever the others say. So *All numbers* also
# gives the slope with each point left out in turn, and the median of the slopes between all pairs of points
# {cite:p}`sen1968`, which no single point can move far.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dev accuracy against pre-training loss, one line for each task, under information deletion and under pruning in pre-training: as printed for BERT-base, for MiniLM and for the miniature."}, "figure": {"name": "gordon-line", "caption": "In print and on the miniature, accuracy falls with the loss of pre-training, along a line for each task, under pruning as under information deletion. In print: Gordon et al. (2020), Table 1, one seed; the lines are ours, through all ten points."}}
LOSSES = {"loss": "masked words plus next sentence", "mlm_loss": "masked words"}
LINES = {TITLES[condition]: condition for condition in SHOWN}


def lines_drawn(points: pd.DataFrame, axes: dict) -> None:
    """Accuracy against loss for each condition, a line a task: least squares, of means over the seeds."""
    for name, ax in axes.items():
        here = points[points["condition"] == LINES[name]]
        fits = lines.slopes(lines.fitted(here, "loss")).loc[LINES[name]]
        for task, some in here.groupby("task", sort=False):
            points_of = some["loss"], 100 * some["accuracy"]
            ax.plot(*points_of, alpha=0.7, label=title(task), linestyle="none", **look(title(task)))
            ends = np.array([some["loss"].min(), some["loss"].max()])
            line = fits.loc[task, "intercept"] + fits.loc[task, "slope"].mean * ends
            ax.plot(ends, line, color=look(title(task))["color"], linewidth=1)
        ax.set(xlabel=f"{LOSSES['loss']} (nats)", ylabel="dev accuracy (%)", title=name)


def as_points(table: pd.DataFrame) -> pd.DataFrame:
    """The points of the paper's Table 1. CoLA's lowest accuracy, of 10 rows, is the majority-class baseline."""
    rows = table[table["condition"].isin(SHOWN)].rename(columns={"pretraining_loss": "loss"})
    floor = table.loc[table["task"] == "cola", "accuracy"].min()
    return rows.assign(seed=0, constant=(rows["task"] == "cola") & (rows["accuracy"] == floor))


printed = as_points(published)
chapter.figure(lines_drawn, [*LINES], printed={PRINT: printed}, among=lines.points, scale="y")


# %% tags=["hide-input"]
def slopes_told(points: pd.DataFrame, losses: tuple[str, ...] = lines.LOSSES) -> pd.DataFrame:
    """One row a condition, loss and task: its slopes, and what they depend on."""
    rows = {}
    for loss in losses:
        for (condition, task), line in lines.slopes(lines.fitted(points, loss)).iterrows():
            rows[TITLES[condition], LOSSES[loss], title(task)] = {
                "slope, least squares": line["slope"].in_words(form=".2f"),
                "r²": f"{line['r2']:.3f}",
                "median of slopes": line["median_slope"].in_words(form=".2f"),
                "leverage of the last point": f"{line['leverage']:.2f}",
                "slope without it": f"{line['without_last']:.2f}",
                "slopes with any one point left out": f"{line['lowest']:.2f} to {line['highest']:.2f}",
            }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["condition", "loss", "task"])


def slopes_of_deletion(points: pd.DataFrame) -> pd.DataFrame:
    """The slopes alone, through the sum of both losses, under information deletion."""
    fits = lines.slopes(lines.fitted(points, "loss")).loc["information_deletion"]
    return pd.DataFrame(
        {"slope": [slope.in_words(form=".1f") for slope in fits["slope"]]}, fits.index.map(title)
    ).rename_axis("task")


chapter.finding(
    slopes_of_deletion,
    "The cost of a nat of pre-training loss differs by task, and differently in print and on our models. Slopes of "
    "information deletion (points of accuracy per nat), with 95% intervals: ours over seeds, in print over points.",
    printed=slopes_of_deletion(printed),
    among=lines.points,
)

# %% tags=["hide-input"]
chapter.numbers(
    slopes_told,
    "Slopes, and what they depend on.",
    printed=slopes_told(printed, ("loss",)),
    among=lines.points,
    live=False,
)

# %% [markdown]
# Slopes are in points of accuracy per nat, with the 95% interval of the mean slope over the recorded seeds (t). Each seed of
# the miniature is a world with a line of its own. The range in the last column is over points and seeds.
#
# On the miniature:


# %% tags=["hide-input"]
def hanging(points: pd.DataFrame) -> Markdown:
    """In words, for each condition: how good the lines are, what the last point does, and where models have collapsed."""
    items = []
    for condition, here in points.groupby("condition", sort=False):
        fits = lines.slopes(lines.fitted(here, "loss")).loc[condition]
        means = fits.assign(slope=[slope.mean for slope in fits["slope"]])
        means = means[["slope", "without_last", "r2", "leverage"]]
        undefined = [title(task) for task in means.index[means.isna().any(axis=1)]]
        means = means.dropna()
        without_line = (
            f"No line is defined for every seed on {', '.join(undefined)}: there are too few points, or all are alike. "
        )
        if means.empty:
            items.append(f"- **{TITLES[condition].capitalize()}.** {without_line}")
            continue
        steeper = means.sort_values("slope").index
        change = (means["without_last"] / means["slope"] - 1).abs()
        most, without = change.idxmax(), means.sort_values("without_last").index
        ranked = ", ".join(map(title, steeper))
        item = (
            f"- **{TITLES[condition].capitalize()}.** The lines explain {means['r2'].min():.0%} to "
            f"{means['r2'].max():.0%} of the variance of accuracy. The point at {fits['last'].max():.0%} has a leverage of "
            f"{means['leverage'].mean():.2f}, of at most 1. Dropping it changes slopes by up to {change[most]:.0%} "
            f"({title(most)}). From the steepest slope on, the tasks are {ranked}, "
            + (
                "with that point and without. "
                if [*without] == [*steeper]
                else f"and without that point {', '.join(map(title, without))}. "
            )
        )
        item += without_line if undefined else ""
        collapsed = here[here["constant"].astype(bool) & here["task"].isin(means.index)]
        for task, rows in collapsed.groupby("task", sort=False):
            whole = here[here["task"] == task]
            left = lines.slopes(lines.fitted(whole[~whole["constant"].astype(bool)], "loss"))["slope"].iloc[0].mean
            item += (
                f"On {title(task)} {len(rows)} of {how_many(len(whole), 'fine-tuning')} ended in a model that always gives the "
                f"same answer (at {', '.join(f'{s:.0%}' for s in sorted(rows['sparsity'].unique()))}), where accuracy cannot "
                f"fall any further. The slope is {means.loc[task, 'slope']:.2f} with them and "
                + ("not defined for every seed without them. " if np.isnan(left) else f"{left:.2f} without them. ")
            )
        items.append(item)
    return Markdown("\n".join(items))


hanging(lines.points(chapter.recorded_or_live))

# %% [markdown]
# ### A real BERT
#
# This is all-MiniLM-L6-v2, pruned while its pre-training goes on over paragraphs of Wikipedia. Every pruned model was made
# once; seeds and intervals are those of fine-tuning.

# %% tags=["hide-input"]
chapter.shown(hanging, "minilm", among=lines.points)

# %% [markdown]
# ### Beside the paper
#
# These are our lines through the losses and accuracies that {cite:t}`gordon2020` print for BERT-base in Table 1. Its caption
# leaves out CoLA at 90%; the slope for that is in the column "slope without it". The 95% intervals treat the ten points as
# scattered independently about a line, and so ignore that all come from one model and one seed.

# %% tags=["hide-input"]
hanging(printed)


# %% tags=["hide-input"]
def alike(points: pd.DataFrame) -> Markdown:
    """In words: whether the line belongs to information deletion."""
    r2 = lines.slopes(lines.fitted(points, "loss"))["r2"].unstack("condition")
    deletion, pruning = r2["information_deletion"], r2["pruned_in_pretraining"]
    return Markdown(
        f"None of this is special to information deletion: its lines explain at least {deletion.min():.1%} of the variance, "
        f"those of pruning at least {pruning.min():.1%}, and on {(pruning > deletion).sum()} of {len(r2)} tasks the line "
        "under pruning fits better."
    )


alike(printed)

# %% [markdown]
# (g9)=
# ## The features diverge
#
# For Figure 2, right, the paper reads the held-out text of pre-training with the full and with the pruned model. It takes the
# cosine between the two states of a word piece after each layer, averaged over tokens and layers. Here the text is read as
# it is, with [CLS] and [SEP], and the full model is one that was trained on for as long with nothing removed. The released
# code averages the first 300,000 pairs of a token and a layer, from 25,000 tokens; we use about as many.
#
# In large models all states share a common part, so that even the states of unrelated words point in about the same direction
# {cite:p}`ethayarajh2019`, and a cosine near 1 may say little. Two further measures ignore that part. The *centred cosine*
# first subtracts from each model's states their mean over all tokens; for unrelated states it is 0. *Linear CKA*
# {cite:p}`kornblith2019` compares which tokens are alike within each model. It does not change when a layer's space is
# rotated, which the next layer could undo:
#
# ```{math}
# \operatorname{CKA}(X, Y) = \frac{\lVert X^\top Y \rVert^2}{\lVert X^\top X \rVert \, \lVert Y^\top Y \rVert},
# ```
#
# with a row for each token in $X$ and $Y$, their means subtracted, and Frobenius norms. Two more models serve as reference
# levels: the full model as it was before its training went on, and the same network never trained.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Cosine, centred cosine and linear CKA between features of the full and of the pruned model, against the share of weights removed by magnitude and at random, for a real BERT and for the miniature."}, "figure": {"name": "gordon-features", "caption": "The features diverge from those of the full model, and further where weights are removed at random. Means over tokens, layers and seeds, bars span the seeds; the dashed lines are two models that are not pruned."}}
MEASURES = {name: measure for measure, name in drift.MEASURES.items()}


def drift_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """Mean of each measure over tokens and layers, against the share of weights removed, by magnitude and at random."""
    rows = rows.assign(
        removed=rows["other"].map(lambda name: f"removed {'by' if name == 'magnitude' else 'at'} {name}")
    )
    for name, ax in axes.items():
        plots.against_sparsity(rows[rows["sparsity"].notna()], MEASURES[name], by="removed", ax=ax)
        for other, some in rows[rows["sparsity"].isna()].groupby("other", sort=False):
            plots.chance(ax, some[MEASURES[name]].mean(skipna=False), other)
        lowest = min(0, rows[[*drift.MEASURES]].min().min()) - 0.03
        ax.set(title=name, ylim=(lowest, 1.08), ylabel="likeness to the full model")


chapter.figure(drift_drawn, [*MEASURES], among=drift.compared)


# %% tags=["hide-input"] mystnb={"image": {"alt": "The three measures of likeness after each layer against the share of weights removed by magnitude, for a real BERT and for the miniature."}, "figure": {"name": "gordon-layers", "caption": "No layer keeps its features when weights are removed by magnitude. Layers are counted from 1; points are means over the seeds, bars span them."}}
def layers_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """Each measure by layer, against the share of weights removed by magnitude."""
    for name, ax in axes.items():
        long = drift.by_layer(rows, MEASURES[name])
        plots.against_sparsity(long.assign(layer="layer " + long["layer"].astype(str)), "value", by="layer", ax=ax)
        ax.set(title=name, ylabel="likeness to the full model")


chapter.figure(layers_drawn, [*MEASURES], among=lambda runs: drift.compared(runs).query("other == 'magnitude'"))


# %% [markdown]
# On the miniature:


# %% tags=["hide-input"]
def drift_told(runs: pd.DataFrame) -> Markdown:
    """In words: what each measure says at the lowest and at the highest sparsity, beside the two levels."""
    rows = drift.compared(runs)
    by_choice = {name: some.groupby("sparsity")[[*drift.MEASURES]].mean() for name, some in rows.groupby("other")}
    magnitude = by_choice["magnitude"]
    low, high = magnitude.index.min(), magnitude.index.max()
    levels = rows[rows["sparsity"].isna()].groupby("other")[[*drift.MEASURES]].mean()
    items = [
        f"- **{name[0].upper()}{name[1:]}:** {magnitude.loc[low, measure]:.2f} at {low:.0%} and {magnitude.loc[high, measure]:.2f} at "
        f"{high:.0%} removed by magnitude"
        + (f" ({by_choice['random'].loc[high, measure]:.2f} at random)" if "random" in by_choice else "")
        + f". A model that was never trained has {levels.loc[drift.NEVER, measure]:.2f}; the full model before its training "
        f"went on has {levels.loc[drift.BEFORE, measure]:.2f}."
        for measure, name in drift.MEASURES.items()
    ]
    apart = (rows["cosine"] - rows["centred_cosine"]).abs().max()
    items.append(
        f"- **The common part:** subtracting the means changes the cosine of no pair of these models by more than "
        f"{apart:.2f}, so here the common part {'hardly matters' if apart < 0.05 else 'matters'}."
    )
    layers = np.mean(rows[(rows["other"] == "magnitude") & (rows["sparsity"] == high)]["cka_by_layer"].tolist(), axis=0)
    items.append(
        f"- **By layer,** linear CKA at {high:.0%} is lowest after layer {layers.argmin() + 1} of {len(layers)} "
        f"({layers.min():.2f}) and highest after layer {layers.argmax() + 1} ({layers.max():.2f})."
    )
    return Markdown("\n".join(items))


drift_told(chapter.recorded_or_live)

# %% [markdown]
# On the real BERT:

# %% tags=["hide-input"]
chapter.shown(drift_told, "minilm")

# %% [markdown]
# The paper prints only a curve for this figure, no number that could stand beside ours.

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["features_diverge"])


def explained(points: pd.DataFrame) -> str:
    """How much of the variance the lines explain under each condition, and what the last point does to the slopes."""
    fits = lines.slopes(lines.fitted(points, "loss"))
    slopes = pd.Series([slope.mean for slope in fits["slope"]], fits.index)
    change = (fits["without_last"] / slopes - 1).abs().max()
    return (
        f"a line per task explains {fits['r2'].min():.0%} to {fits['r2'].max():.0%} of the variance of accuracy, and dropping "
        f"the point at {fits['last'].max():.0%} changes its slope by up to {change:.0%}"
    )


found = [f"In print, {explained(printed)}."]
if len(chapter.minilm):
    found.append(f"On a real BERT, {explained(lines.points(chapter.minilm))}.")
short.summary(found)

# %% tags=["remove-input", "in-short"]
short.box(
    question="Does the loss of pre-training tell how well a pruned model will do on a task?",
    done=(
        "The accuracy of pruned models is drawn against their loss on held-out text, with a line for each task. Each "
        "line is fitted again without each of its points. The features of every layer are compared with those of "
        "the full model by three measures."
    ),
    not_shown="A line through few points, the last of them far out, is mostly the line to that point.",
    found=[*found, *short.by_claims()],
)
