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
#     order: 50
# ---

# %% [markdown]
# # How far do weights move in their order?
#
# Does fine-tuning change which weights are the small ones? If it does, a model should be pruned after it; if it does not,
# the choice can be made once, before any task is known. {cite:t}`gordon2020` answer with a measure of their own. Sort the
# weights of a matrix by magnitude, before and after fine-tuning. A weight that goes from place $r$ of $n$ to place $r'$ has
# moved by $|r' - r| / n$: from place 59 of 100 to place 63, by 4%. They find that weights move by 0 to 4% on average,
# that they settle within an epoch, and that large weights are more stable than small ones.
#
# This chapter measures the same on the miniature and, in part, on a real BERT, beside their numbers. It adds what they leave
# out: how far the weights would move if fine-tuning were nothing but noise of the same size.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `text` and `data_dir`
text = ""  # for any model but the miniature: a file or folder of plain text to go on with its pre-training
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
examples = 0  # of a task's training set, at most so many, drawn by label and the same for every run; 0: all
dev_examples = 0  # of what it is scored on, likewise
seeds = [1]  # of pre-training and pruning; for the miniature each is a world of its own
tuning_seeds = []  # of the fine-tunings of each model; []: the seed of that model
miniature_steps = 3000  # of pre-training
text_steps = 500  # of another model's pre-training on `text`, before any weight is removed; 0 if it has its heads
text_frozen = False  # whether they train the heads alone, over an encoder that stays as it is
text_learning_rate = 1e-4
text_batch_size = 32  # pairs of passages
text_length = 64  # tokens of a pair, at most
tasks = ["sst2"]  # files in lottery/tasks
scope = "local"  # of the pruning whose control, with nothing removed, is the model before
embeddings = True  # likewise
recipe = "printed"  # likewise
pruning_steps = 400  # of the continued pre-training, in which that control loses nothing
pruning_ramp = 200
every = 10
pruning_learning_rate = 1e-3
pretraining_batch_size = 64
epochs = 2.0  # of fine-tuning, where the learning rates are compared
batch_size = 32
learning_rate = 1e-3  # where the numbers of epochs are compared
learning_rates = [2.5e-4, 1e-3]  # each for `epochs`
epochs_followed = [0.5, 1.0, 2.0]  # each at `learning_rate`, a fine-tuning of its own with a schedule of its own
max_length = 64  # tokens of an example, at most
count_embeddings = False  # whether the word embeddings count in the movement; in the paper they do not
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.experiments.movement import Movement
from lottery.experiments.studies import PretrainingStudy, TaskStudy, TextStudy
from lottery.suite.given import given

globals().update(given("analyses/gordon_movement", globals()))
pretraining, fine_tuning = PretrainingStudy.from_cell(globals()), TaskStudy.from_cell(globals())
controls = [pretraining.control(TextStudy.from_cell(globals()).start(seed), seed) for seed in seeds]
trained = [(learning_rate, length) for length in epochs_followed] + [(rate, epochs) for rate in learning_rates]
tuned = [
    replace(fine_tuning.tuned_from(control, task, seed, learning_rate=rate, saved=True), epochs=length)
    for control in controls
    for task in tasks
    for rate, length in dict.fromkeys(trained)
    for seed in tuning_seeds or [control.seed]
]
whole_epochs = [length for length in epochs_followed if length >= 1]
if len(whole_epochs) > 1:  # the learning rate of the paper's code starts anew in every epoch, at 1/k in the k-th
    followed = [each for each in tuned if each.learning_rate == learning_rate and each.epochs in whole_epochs]
    tuned += [replace(each, recipe="released") for each in followed]
grid = [Movement(before=after.start, after=after, embeddings=count_embeddings, seed=after.seed) for after in tuned]

# %% tags=["remove-cell"]
import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib import pyplot as plt

from lottery.findings import movement as findings
from lottery.models import families
from lottery.statistics import signed
from lottery.suite import plots
from lottery.suite.chapter import between, perform, read_published, title
from lottery.suite.in_short import InShort
from lottery.suite.interactive import interactive
from lottery.suite.palette import look

chapter = perform("analyses/gordon_movement", grid, results, records, workers=workers, scheduler=scheduler)
table2 = read_published("gordon2020_table2").rename(columns={"movement_mean": "mean", "movement_sd": "sd"})
by_epoch = read_published("gordon2020_movement_by_epoch").rename(columns={"movement_mean": "mean"})
by_matrix = read_published("gordon2020_movement_by_matrix")

# %% [markdown]
# (g14)=
# ## How far, at which learning rate
#
# This is the paper's Table 2. *Before* is the full model whose pre-training went on for as long as that of the pruned ones;
# *after* is the same model, fine-tuned. Mean and standard deviation are over all weights of the encoder's matrices and the
# pooler, so a matrix of four times the size counts four times. The word embeddings are left out, as in the paper. Weights of
# equal magnitude keep the order that they have in the matrix, so weights that did not change did not move. In the numbers
# that the authors store, an untouched model has moved slightly, because their sort does not keep the order of ties.


# %% tags=["hide-input"]
def table_2(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation of the movement in %, over the seeds, by learning rate and task."""
    means = 100 * rows.groupby(["learning_rate", "task"])[["mean", "sd"]].mean()
    cells = means.apply(lambda row: f"{row['mean']:.2f} ± {row['sd']:.2f}", axis=1).unstack("task")
    cells = cells.rename(columns=title).sort_index(axis=1)
    return cells.rename(index="{:g}".format).rename_axis(index="learning rate", columns=None)


def means_by_rate(rows: pd.DataFrame) -> pd.DataFrame:
    """The means over tasks alone."""
    means = 100 * rows.groupby(["learning_rate", "task"])["mean"].mean().groupby("learning_rate").mean()
    return means.map("{:.2f}".format).rename("{:g}".format).rename_axis("learning rate").to_frame("movement")


chapter.finding(
    means_by_rate,
    "The higher the learning rate, the further weights move in the order of magnitudes. Mean movement over tasks (% of the "
    "matrix); in print, BERT-base after three epochs.",
    printed=means_by_rate(table2),
    among=findings.rates_compared,
)

# %% tags=["hide-input"]
chapter.numbers(
    table_2, "The paper's Table 2: movement (% of the matrix).", printed=table_2(table2), among=findings.rates_compared
)

# %% [markdown]
# The pre-training of MiniLM went on over paragraphs of Wikipedia.
#
# On the miniature:


# %% tags=["hide-input"]
def rates_told(rows: pd.DataFrame) -> Markdown:
    """The range of the movement, and how it grows when the rate is doubled."""
    means, growth = rows.groupby(["task", "learning_rate"])["mean"].mean(), findings.by_doubling(rows)
    grown = (
        "with one learning rate nothing can be said about its growth"
        if growth.isna().any()
        else f"each doubling of the learning rate multiplies this by {between(growth, '.2f')}, depending on the task"
    )
    return Markdown(f"On average, a weight moves by {between(means, '.1%')} of the matrix; {grown}.")


rates_told(findings.rates_compared(chapter.recorded_or_live))

# %% [markdown]
# In the printed table:

# %% tags=["hide-input"]
rates_told(table2)

# %% [markdown]
# One cell of the printed table, CoLA at 2e-5, cannot be recomputed: the authors' file for it ends after nine matrices.
#
# (g13)=
# ## How fast
#
# The paper's Figure 4, right, shows the movement after each epoch. In the released code every epoch is a run of its own whose
# learning rate falls to zero, and epoch $k$ starts at $1/k$ of the first epoch's rate. So weights that "quickly stabilize"
# may have stopped because the learning rate did. Here every point is a fine-tuning with one schedule over its whole length,
# so that twice the epochs have twice the summed learning rate. Where it was run, the same stands beside it with the learning
# rate of the released code.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean movement against the number of epochs: BERT-base as stored by the authors, the miniature under the released rate and with one schedule for each length."}, "figure": {"name": "gordon-movement-epochs", "caption": "Under the released learning rate the movement levels off after an epoch; with one schedule over its whole length, fine-tuning goes on moving weights. BERT-base at 5e-5: the authors' stored numbers of Figure 4, right."}}
MOVEMENT = "mean movement (%)"
SCHEDULES = {"as released": "released", "one schedule": "printed"}


def epochs_of(runs: pd.DataFrame) -> list[str]:
    """The schedules under which several numbers of epochs were followed."""
    return [name for name in SCHEDULES if len(set(findings.epochs_compared(runs, SCHEDULES[name])["epochs"])) > 1]


def lines(rows: pd.DataFrame, x: str, ax: plt.Axes) -> None:
    """Mean movement over the seeds in %, a line for each task, against x; bars span the seeds."""
    for task, some in rows.groupby(rows["task"].map(title)):
        plots.spread(some[x], 100 * some["mean"], task, ax=ax)
    ax.set_ylim(bottom=0)


def epochs_drawn(runs: pd.DataFrame, axes: dict) -> None:
    """Movement against the epochs, by schedule."""
    for name, ax in axes.items():
        rows = runs if "experiment" not in runs else findings.epochs_compared(runs, SCHEDULES[name])
        lines(rows, "epochs", ax)
        ax.set(title=name, xlabel="epochs of fine-tuning", ylabel=MOVEMENT, xlim=(0, None))


chapter.figure(
    epochs_drawn,
    lambda runs: epochs_of(runs) if "experiment" in runs else ["as released"],
    printed={"BERT-base, stored": by_epoch},
    among=lambda runs: runs if epochs_of(runs) else runs[:0],
)


# %% tags=["hide-input"]
def epochs_told(runs: pd.DataFrame) -> Markdown:
    """How much further weights have moved after the longest fine-tuning than after about one epoch, ours and theirs."""
    once, last, growth = findings.growth(findings.epochs_compared(runs))
    ours = sorted(f"{title(task)} {estimate.in_words(form='+.0%')}" for task, estimate in growth.items())
    dying = findings.epochs_compared(runs, "released")
    if len(dying):
        begun, ended, growth = findings.growth(dying)
        grown = sorted(f"{title(task)} {estimate.in_words(form='+.0%')}" for task, estimate in growth.items())
        ours[-1] += f". Under the released learning rate, from epoch {begun:g} to {ended:g}: {', '.join(grown)}"
    theirs = by_epoch.pivot_table("mean", "task", "epochs")
    printed = sorted(f"{title(task)} {row[12] / row[1] - 1:+.0%}" for task, row in theirs.iterrows())
    return Markdown(
        f"On the miniature, from epoch {once:g} to {last:g} with one schedule each, the movement grows by: {', '.join(ours)}. "
        "Brackets hold 95% intervals over the seeds. In the authors' numbers it grows, from epoch 1 to 12 under the "
        f"restarting learning rate, by: {', '.join(printed)}."
    )


chapter.shown(epochs_told)

# %% [markdown]
# (g15)=
# ## Where in the order
#
# For the paper's Figure 6 the order before fine-tuning is divided into 100 equal parts. Each bar is the share of all movement
# made by the weights of that part; if all places moved alike, every bar would be 1%. The paper says that the bars are by
# *starting* place, but the released code sorts the movements by *final* place. Both are shown here. A line adds what the bars
# would be if every weight had been moved by normal noise instead, with the mean square of fine-tuning's change in each
# matrix. Only what differs from that line is fine-tuning's own choice of weights.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of all movement in each hundredth of the order of magnitudes, by starting and by final place, beside noise: the shares fall from the small weights to the large ones, and noise falls alike; of a real BERT and of the miniature."}, "figure": {"name": "gordon-movement-places", "caption": "Small weights move further than large ones, and so they do under noise of the same size. Share of all movement in each hundredth of the order; dashed: if all moved alike. With a script, put noise on weights of your own and compare."}}
PLACES = {"by starting place": "by_start", "by final place": "by_end"}


def places_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """Bars by starting and by final place, with the noise's line and the level of equal movement."""
    for name, ax in axes.items():
        shares, noise = (100 * findings.shares(rows, column) for column in (PLACES[name], f"noise_{PLACES[name]}"))
        ax.bar(np.arange(len(shares)) + 0.5, shares, width=1.0, color=look("fine-tuning")["color"], label="fine-tuning")
        ax.plot(np.arange(len(noise)) + 0.5, noise, color=look("noise")["color"], linewidth=1.2, label="noise")
        plots.chance(ax, 1.0, "all alike")
        ax.set(title=name, xlabel="place in the order (%)", ylabel="share of all movement (%)")


chapter.figure(places_drawn, [*PLACES], among=findings.rates_compared)


# %% tags=["remove-input"]
def noise_facts(name: str, rows: pd.DataFrame) -> dict[str, object]:
    """What fine-tuning moves in fiftieths of the order, how far on average, and the tenths that noise moves."""
    rows = findings.rates_compared(rows)
    shares = findings.shares(rows, "by_start").reshape(50, 2).sum(1)
    noise = findings.shares(rows, "noise_by_start").reshape(10, 10).sum(1)
    exact = {"mean": round(float(rows["mean"].mean()), 5), "noised": round(noise[0] / noise[-1], 2)}
    return {"name": name.split(",")[0], "shares": shares.round(5)} | exact


of_sources = [noise_facts(name, rows) for name, rows in chapter.sources.items()]
looks = [look(name)["color"] for name in ("noise", "fine-tuning")]
interactive("noise", {"of": of_sources, "colours": looks}, figure="gordon-movement-places")


# %% tags=["hide-input"]
def places_told(runs: pd.DataFrame) -> str:
    """How much further the lowest tenth moves than the highest, and the same of noise."""
    places = findings.places(findings.rates_compared(runs))
    apart = places.apart
    span = "" if np.isnan(apart.low) else f" (95% interval over the seeds {signed(apart.low)} to {signed(apart.high)})"
    return (
        f"the smallest tenth of the weights moves by {places.low_tenth:.1%}, the largest tenth by {places.high_tenth:.1%}, so "
        f"the smallest moves {places.ratio:.1f} times as far. Under noise it moves {places.noise:.1f} times as far; the two "
        f"ratios differ by {signed(apart.mean)}{span}. Counting by final instead of starting place changes no bar by more "
        f"than {100 * places.bins:.2f} points."
    )


Markdown("\n".join(f"- **{name}:** {places_told(rows)}" for name, rows in chapter.sources.items()))

# %% [markdown]
# "High magnitude weights are more stable" is true, and follows from the measure. Small weights lie close together in the order,
# so the same push carries a weight past many of them; among the few large ones it passes none. The noise shows how much of
# the difference that explains. By final place the bars come out nearly the same, so the slip in the released code does not
# change what the figure shows.
#
# ## Which matrices move
#
# The authors stored the movement of each matrix but did not report it. The figure shows the six kinds of matrices, each pooled
# over the layers, and the pooler; then the layers, each pooled over its matrices.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean movement by kind of matrix and by layer: of BERT-base as the authors stored it, and of a real BERT and the miniature beside noise of the same size in each matrix."}, "figure": {"name": "gordon-movement-matrices", "caption": "Where a matrix moves further than others, noise of its own size (crosses) moves it further, too. Mean movement at the highest learning rate; BERT-base at 5e-5, from the authors' files, without noise."}}
PARTS = {"kinds of matrices": "kind", "layers": "layer"}


def order_of(table: pd.DataFrame, by: str) -> list:
    """Kinds of matrices, or layers, as they stand along the axis."""
    names = set(table.loc[table["by"] == by, "name"])
    return [kind for kind in [*families.KINDS, "pooler"] if kind in names] if by == "kind" else sorted(names)


def by_place(runs: pd.DataFrame) -> pd.DataFrame:
    """The movement of our matrices, with that of noise."""
    parts = {"fine-tuning": findings.ours_by_place(runs), "noise": findings.ours_by_place(runs, "noise_")}
    return pd.concat([rows.assign(what=what) for what, rows in parts.items()], ignore_index=True)


def matrices_drawn(table: pd.DataFrame, axes: dict) -> None:
    """By kind and by layer, a line a task, with noise as crosses where there is."""
    for name, ax in axes.items():
        order = order_of(table, PARTS[name])
        here = table[table["by"] == PARTS[name]]
        for task, rows in here[here["what"] == "fine-tuning"].groupby("task"):
            means = 100 * rows.set_index("name")["mean"].reindex(order)
            ax.plot(range(len(order)), means, label=title(task), linewidth=0.8, **look(title(task)))
        for number, (_, rows) in enumerate(here[here["what"] == "noise"].groupby("task")):
            means = 100 * rows.set_index("name")["mean"].reindex(order)
            label = "_" if number else "noise"
            ax.plot(range(len(order)), means, "x", color=look("noise")["color"], label=label)
        turned = {"rotation": 40, "ha": "right"} if PARTS[name] == "kind" else {}
        shown = order if PARTS[name] == "kind" else [f"{layer + 1}" for layer in order]
        ax.set_xticks(range(len(order)), shown, **turned)
        ax.set_ylim(bottom=0)
        ax.set(ylabel=MOVEMENT, xlabel="layer" if PARTS[name] == "layer" else "")


chapter.figure(
    matrices_drawn,
    [*PARTS],
    printed={"BERT-base, stored": findings.theirs_by_place(by_matrix).assign(what="fine-tuning")},
    among=by_place,
    scale="y",
    size=(3.2, 2.7),
)


# %% tags=["hide-input"]
def matrices_told(table: pd.DataFrame, name: str) -> str:
    """Which kind and which layer move most and least, on average over the tasks."""
    means = table.groupby(["by", "name"])["mean"].mean()
    kind, layer = means["kind"].sort_values(), means["layer"].sort_values()
    return (
        f"- **{name}:** the {kind.index[-1]} matrices move most ({kind.iloc[-1]:.1%}), the {kind.index[0]} matrices least "
        f"({kind.iloc[0]:.1%}). Of the {layer.index.max() + 1} layers, layer {layer.index[-1] + 1} moves most "
        f"({layer.iloc[-1]:.1%}) and layer {layer.index[0] + 1} least ({layer.iloc[0]:.1%})."
    )


Markdown(
    "\n".join(
        [
            matrices_told(findings.ours_by_place(chapter.recorded_or_live), "The miniature"),
            matrices_told(findings.theirs_by_place(by_matrix), "BERT-base"),
        ]
    )
)

# %% [markdown]
# These are means over the tasks. Where the crosses of the noise lie on the points, a matrix moves further because its changes
# are larger relative to its weights, and not because fine-tuning picks other weights in it.

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["weights_settle_in_an_epoch", "large_weights_are_stable", "weights_keep_their_place"])


def answer(runs: pd.DataFrame) -> Markdown:
    """How far weights move on a real BERT, and how far small ones move beside large ones, in fine-tuning and under noise."""
    rows = findings.rates_compared(runs)
    means, places = rows.groupby(["task", "learning_rate"])["mean"].mean(), findings.places(rows)
    return Markdown(
        f"On a real BERT, a weight moves by {between(means, '.1%')} of the matrix on average, by task and learning rate. The "
        f"smallest tenth moves {places.ratio:.1f} times as far as the largest, and {places.noise:.1f} times as far under "
        "noise of the same size."
    )


short.summary()

# %% tags=["remove-input", "in-short"]
short.box(
    question="How far does fine-tuning move weights in the order of their magnitudes?",
    done=(
        "Every weight's rank in its matrix is followed through fine-tuning. The same is done for noise of the "
        "same size, which knows no task. Fine-tuning with one schedule of the learning rate is compared with the "
        "released code's schedule, which restarts every epoch."
    ),
    not_shown="How far a rank moves says nothing about what the weight is for.",
    found=[chapter.shown(answer, "minilm"), *short.by_claims()],
)
