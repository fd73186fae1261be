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
# One can prune BERT during pre-training, once for all tasks, or fine-tune it first and then let the task decide.
# {cite:t}`gordon2020` find that the two masks differ in less than 6% of the weights, and that training longer before the
# cut changes neither the mask nor the accuracy. They conclude that fine-tuning does not make a model easier to prune. This
# chapter measures the same two things, their Figure 3. It also asks what their number is made of: how much masks differ by
# chance, and how much without any fine-tuning.

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
tasks = ["sst2"]  # files in lottery/tasks, of which the masks are compared
longer_tasks = ["sst2"]  # those fine-tuned for longer and longer before the cut
sparsities = [0.6, 0.9]  # shares of the prunable weights; 0.0 is left out, where masks cannot differ
longer_seeds = []  # of their fine-tunings; []: `tuning_seeds`
longer_sparsities = [0.6]  # at which the longer fine-tuned are cut; the masks of the first are compared
longer_epochs = [0.0, 1.0]  # of fine-tuning before that cut; with 0.0 among them
recovery_epochs = 2.0  # of fine-tuning after it
scope = "local"  # "local": the same share of each matrix goes, as in the paper; "global": the smallest of the model
embeddings = True  # whether the word embeddings and the tied decoder are pruned too, as in the paper
recipe = "printed"  # "printed": removed weights stay at zero; "released": as the paper's code does
pruning_steps = 400  # of the continued pre-training in which weights are removed
pruning_ramp = 200  # of these, steps over which the sparsity rises
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

from lottery.experiments import conditions
from lottery.experiments.conditions import cut
from lottery.experiments.mask_difference import MaskDifference
from lottery.experiments.studies import PretrainingStudy, TaskStudy, TextStudy
from lottery.suite.given import given

globals().update(given("analyses/gordon_masks", globals()))
if not any(sparsities) or not longer_sparsities or not all(longer_sparsities):
    raise ValueError("sparsities and longer_sparsities: masks that remove nothing cannot differ; give shares above 0")
if 0.0 not in longer_epochs or len(set(longer_epochs)) < 2:
    raise ValueError(f"longer_epochs = {longer_epochs}: give 0.0, with which the others are compared, and one more")

pretraining, fine_tuning = PretrainingStudy.from_cell(globals()), TaskStudy.from_cell(globals())
controls = [pretraining.control(TextStudy.from_cell(globals()).start(seed), seed) for seed in seeds]
whole = [
    fine_tuning.tuned_from(control, task, seed, learning_rate=learning_rate)
    for control in controls
    for task in tasks
    for seed in tuning_seeds or [control.seed]
]
masks = []
for sparsity in filter(None, sparsities):
    masks += [
        MaskDifference(one=cut(control, sparsity), other=replace(control, sparsity=sparsity)) for control in controls
    ]
    for tuning in whole:
        tuned = conditions.under("pruned_downstream", tuning, sparsity, "equal").start.kept
        masks.append(MaskDifference(one=tuned, other=replace(tuning.start, sparsity=sparsity)))
        masks.append(MaskDifference(one=tuned, other=cut(tuning.start, sparsity)))
longer = []
recipes = ("printed", "released") if len(set(longer_epochs)) > 2 else ("printed",)  # of one epoch the two are alike
for control in controls:
    for task in longer_tasks:
        for seed in longer_seeds or tuning_seeds or [control.seed]:
            tuning = fine_tuning.tuned_from(control, task, seed, learning_rate=learning_rate)
            last = replace(tuning, epochs=recovery_epochs)
            longer += [conditions.cut_late(last, sparsity, 0.0) for sparsity in longer_sparsities]
            for before in filter(None, longer_epochs):
                longer += [conditions.cut_late(last, sparsity, before) for sparsity in longer_sparsities]
                longer += [conditions.cut_first(last, sparsity, before) for sparsity in [0.0, *longer_sparsities]]
                for each in recipes:
                    begun = replace(tuning, epochs=before, saved=True, recipe=each)
                    masks_of = [cut(of, longer_sparsities[0]) for of in (begun, control)]
                    longer.append(MaskDifference(one=masks_of[0], other=masks_of[1]))
grid = [*dict.fromkeys([*masks, *longer])]  # one epoch before the cut may come in both

# %% tags=["remove-cell"]
import numpy as np
import pandas as pd
from IPython.display import Markdown

from lottery.findings import cut_times
from lottery.findings import mask_differences as findings
from lottery.findings.budgets import summed_rates
from lottery.findings.mask_differences import ALONE, BOTH, TUNING
from lottery.suite import plots
from lottery.suite.chapter import how_long, how_many, perform, read_published
from lottery.suite.in_short import InShort

chapter = perform("analyses/gordon_masks", grid, results, records, workers=workers, scheduler=scheduler)
facts = read_published("gordon2020_facts").set_index("what")["value"]
printed_most = facts["most that masks differ"]

# %% [markdown]
# (g10)=
# ## Masks before and after
#
# At each sparsity the paper compares two masks: that of a model pruned gradually during pre-training, and that of a model
# fine-tuned first and then cut at once. It counts the share of weights that one mask keeps and the other removes, over all
# matrices and the word embeddings together. To read that number one needs two more things:
#
# - **Chance.** Two random masks of sparsity $s$ differ in $2s(1-s)$ of the weights. So a difference can be large only in the
#   middle, and small numbers at low and high sparsities mean little by themselves. Cohen's kappa {cite:p}`cohen1960` corrects
#   for chance: 1 for equal masks, 0 for random ones. The Jaccard index is the share of weights kept by both masks among
#   those kept by either.
# - **A model that was not fine-tuned.** The two models differ in more than fine-tuning: one was pruned gradually while its
#   pre-training went on, the other in a single cut after it. Cutting the pre-trained control at once, with no task in
#   between, shows how much of the difference that alone makes. And a cut with fine-tuning against a cut without shows what
#   fine-tuning alone does.
#
# Most rows of the word embeddings belong to words that the task never uses; their weights move by decay alone, which keeps
# their order. Where they are a large share of all weights they make every difference look smaller, so *All numbers* also
# gives the share without them.
#
# In the paper the fine-tuning before the cut takes three epochs, at four learning rates, and the mask of the cut is then
# recomputed every ten steps until training ends. Here the mask is that of the cut, and there is one learning rate.

# %% tags=["hide-input"]
Markdown(
    f"This build: the miniature, {how_many(len(seeds), 'seed')}, {how_many(len(tasks), 'task')}, {findings.compared(chapter.live)['weights'].max():,.0f} "
    f"weights compared, {how_long(epochs / 2)} of fine-tuning before the cut."
)


# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of weights in which masks differ, and their kappa, against sparsity, for three pairs of masks, beside chance, of a real BERT and of the miniature."}, "figure": {"name": "gordon-masks", "caption": "Masks made before and after fine-tuning differ in far fewer weights than random masks, and most of that difference needs no fine-tuning. Means over tasks and seeds; bars span the seeds."}}
DIFFERENT, KAPPA = "weights in which they differ (%)", "agreement beyond chance (kappa)"


def masks_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """Share of weights in which two masks differ, beside chance, and their agreement beyond it."""
    levels = 100 * rows.groupby("sparsity")["chance"].mean()
    ax = plots.against_sparsity(rows, "different", by="pair", scale=100, ax=axes[DIFFERENT])
    ax.plot(100 * levels.index, levels, color="grey", linestyle="--", linewidth=1, label="chance: drawn at random")
    ax.set(ylabel=DIFFERENT, yscale="log")
    ax.yaxis.set_major_formatter("{x:g}")
    plots.against_sparsity(rows, "kappa", by="pair", ax=axes[KAPPA])
    plots.chance(axes[KAPPA], 0)
    axes[KAPPA].set(ylabel=KAPPA, ylim=(-0.05, 1.05))


chapter.figure(masks_drawn, [DIFFERENT, KAPPA], among=findings.by_seed, size=(3.8, 2.9))


# %% tags=["hide-input"]
DIFFER = "differ in at most"


def at_most(runs: pd.DataFrame) -> pd.DataFrame:
    """The largest share of the weights in which each pair of masks differs, over the sparsities."""
    most = findings.by_seed(runs).pivot_table("different", "sparsity", "pair").max()
    return most.map("{:.1%}".format).rename_axis("masks").to_frame(DIFFER)


def masks_told(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a pair and sparsity: every measure, beside what it is by chance."""
    table = findings.over_seeds(findings.by_seed(runs))
    return (
        pd.DataFrame(
            {
                "differ in": table["different"].map(lambda share: share.in_words(form=".1%")),
                "by chance": table["chance"].map("{:.1%}".format),
                "without the embeddings": table["different_without_embeddings"].map(
                    lambda share: share.in_words(form=".1%")
                ),
                "Jaccard": table["jaccard"].map(lambda index: index.in_words(form=".2f")),
                "Jaccard by chance": table["chance_jaccard"].map("{:.2f}".format),
                "kappa": table["kappa"].map(lambda kappa: kappa.in_words(form=".2f")),
            }
        )
        .rename("{:.0%}".format, level="sparsity")
        .rename_axis(["masks", "removed"])
    )


printed_difference = pd.DataFrame({DIFFER: [f"less than {printed_most:.0%}"]}, [BOTH])
chapter.finding(
    at_most,
    "Fine-tuning changes few of the chosen weights; most of the difference between two masks comes from pruning step by step "
    "instead of at once. The largest share of weights in which masks differ at any sparsity.",
    printed=printed_difference.rename_axis("masks"),
)

# %% tags=["hide-input"]
chapter.numbers(masks_told, "How masks differ at each sparsity, means over the tasks.")

# %% [markdown]
# The 95% intervals are over the seeds (t), where there are several.
#
# On the miniature:


# %% tags=["hide-input"]
def shares_told(runs: pd.DataFrame) -> Markdown:
    """In words: what the difference is made of, at its largest."""
    rows = findings.by_seed(runs)
    mean = rows.pivot_table("different", "sparsity", "pair")
    most = mean[BOTH].idxmax()
    over = [f"{sparsity:.0%}" for sparsity in mean.index if mean.loc[sparsity, BOTH] >= printed_most]
    return Markdown(
        f"The masks cut after fine-tuning and pruned in pre-training differ most with {most:.0%} removed: in "
        f"{mean.loc[most, BOTH]:.1%} of the weights, where random masks differ in {2 * most * (1 - most):.1%}. The control "
        f"that never saw a task differs there from the model pruned in pre-training in {mean.loc[most, ALONE]:.1%}. So "
        f"fine-tuning accounts for {findings.beyond_control(rows, most).in_words(100)} points; the rest is pruning gradually "
        f"instead of at once. Fine-tuning alone, with a single cut on both sides, changes {mean.loc[most, TUNING]:.1%}. The "
        f"difference is below the paper's {printed_most:.0%} at every sparsity"
        f"{' except ' + ', '.join(over) if over else ''}."
    )


shares_told(chapter.recorded_or_live)

# %% [markdown]
# On a real BERT, all-MiniLM-L6-v2, whose seeds are those of fine-tuning, as each model pruned in pre-training was made once:

# %% tags=["hide-input"]
chapter.shown(shares_told, "minilm")

# %% [markdown]
# ### By kind of matrix


# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of weights in which masks differ, for each kind of matrix, against sparsity, of a real BERT and of the miniature."}, "figure": {"name": "gordon-kinds", "caption": "In no kind of matrix does fine-tuning change most of the mask. Means over the tasks and layers."}}
def kinds_drawn(runs: pd.DataFrame, axes: dict) -> None:
    """Difference between cut after fine-tuning and pruned in pre-training, and what fine-tuning does, by kind of matrix."""
    for pair, ax in axes.items():
        plots.against_sparsity(findings.by_kind(runs, pair), "different", by="kind", scale=100, ax=ax)
        ax.set_title(pair.replace(", ", ",\n"), fontsize=9)
        ax.set_ylabel(DIFFERENT)


chapter.figure(kinds_drawn, [BOTH, TUNING], size=(3.8, 2.9))

# %% [markdown]
# ### Beside the paper
#
# {cite:t}`gordon2020` print one number for this figure, in its caption; the table above has it. They give no table, no chance
# level and no control.


# %% tags=["hide-input"]
Markdown(
    f"The printed bound, {printed_most:.0%}, is {printed_most / 0.18:.0%} of the difference between random masks with 10 or "
    f"90% removed, and {printed_most / 0.5:.0%} of it with 50% removed."
)

# %% [markdown]
# (g11)=
# ## Fine-tuning for longer before the cut
#
# If fine-tuning made a model easier to prune, more of it should help. The paper's Figure 3, bottom, fine-tunes for 0, 1, 3,
# 6, 9 and 12 epochs, cuts 60% at once, and fine-tunes for 2 more. It shows the mean accuracy over the tasks and the share
# of weights in which the mask differs from that of the model with 0 epochs before the cut.
#
# These lines do not say what they seem to say, for two reasons. First, a model with more epochs before the cut has been
# trained longer in all. So a second model stands beside it, from the same weights and with the same two trainings, seeds and
# head, but *cut first*: by the same rule, before either training. The two differ only in whether the task had a say in which
# weights go. A third model, from which nothing is removed, shows what the cut costs.
#
# Second, in the released code every epoch is a run of its own, with a learning rate that starts at $1/k$ of its peak in the
# $k$-th epoch and falls to zero: weights that hardly move cannot change a mask. Here the epochs before the cut have one
# schedule, and those after it another. Where models were also trained with the released learning rate, the mask is shown
# for both, to see how much of a flat line that rate makes by itself.


# %% tags=["hide-input"]
def share_of_one_schedule(epochs: int) -> float:
    """The rate of the released code summed over so many epochs, as a share of one schedule's."""
    once, released = summed_rates(epochs)
    return released / once


Markdown(
    "Summed over all updates, the learning rate of the released code is this share of one schedule's over as many epochs: "
    + ", ".join(f"{share_of_one_schedule(epochs):.0%} for {how_long(epochs)}" for epochs in (1, 3, 6, 9, 12))
    + "."
)


# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean accuracy of models cut after fine-tuning, cut first and not cut, against the epochs of fine-tuning before the cut, and how far the mask has moved by then, under one schedule and under the released one; of a real BERT and of the miniature."}, "figure": {"name": "gordon-longer", "caption": "More fine-tuning before the cut moves the mask further. Models cut first or not at all, and trained as long, show what it does to the accuracy; dashed: how much random masks differ."}}
LINES = {"accuracy": "cut after fine-tuning", "first": "cut first, as long", "whole": "nothing removed, as long"}
MASKS = {"moved": "one schedule", "released": "as released"}
LENGTHS = {"mean accuracy on dev (%)": LINES, "weights unlike the mask of 0 epochs (%)": MASKS}


def lengths_drawn(runs: pd.DataFrame, axes: dict) -> None:
    """Accuracy after cut and recovery, and the mask's distance from that of no fine-tuning, against epochs before."""
    rows = findings.lengths(runs)
    sparsity = findings.moved(runs)["sparsity"].iloc[0]
    for label, ax in axes.items():
        for column, name in LENGTHS[label].items():
            some = rows.dropna(subset=column)
            if len(some):
                plots.spread(some["before"], 100 * some[column], name, ax=ax)
        ax.set(xlabel="epochs of fine-tuning before the cut", ylabel=label)
        if LENGTHS[label] is MASKS:
            ax.set_ylim(0, 105 * 2 * sparsity * (1 - sparsity))
            plots.chance(ax, 200 * sparsity * (1 - sparsity))
        else:
            ax.set_title(f"{sparsity:.0%} removed")


chapter.figure(lengths_drawn, [*LENGTHS], size=(3.8, 2.9))


# %% [markdown]
# On the miniature, with 95% intervals over the seeds in brackets (paired t):


# %% tags=["hide-input"]
def lengths_told(runs: pd.DataFrame) -> Markdown:
    """In words: what more epochs before the cut do to the score, and to the mask, from the first number on."""
    rows = findings.lengths(runs)
    none, first, *_, last = *sorted(rows["before"].unique()), rows["before"].max()
    items = []
    for one, other in ((first, none), (last, first)) if last > first else ((first, none),):
        accuracy, score, mask = (findings.changes(rows, one, other, of=name) for name in ("accuracy", "score", "moved"))
        items.append(
            f"- With {how_long(one)} before the cut instead of {how_long(other) if other else 'none'}, mean accuracy changes "
            f"by {accuracy.in_words(100)} points, and the mean score, with Matthews correlation on CoLA, by "
            f"{score.in_words(100)} points. The mask then differs from the mask without fine-tuning in "
            f"{rows.loc[rows['before'] == one, 'moved'].mean():.1%} of the weights, a change of {mask.in_words(100)} points."
        )
    if rows["released"].any():
        dying = findings.changes(rows, last, first if last > first else none, of="released")
        items.append(
            f"- Under the released learning rate the mask after {how_long(last)} differs in "
            f"{rows.loc[rows['before'] == last, 'released'].mean():.1%} of the weights, a change of {dying.in_words(100)} points "
            f"from {how_long(first) if last > first else 'none'}."
        )
    return Markdown("\n".join(items))


lengths_told(chapter.recorded_or_live)

# %% [markdown]
# On the real BERT:

# %% tags=["hide-input"]
chapter.shown(lengths_told, "minilm")

# %% [markdown]
# The paper prints no numbers for this figure.
#
# (like-for-like)=
# ### Like for like
#
# Is fine-tuning before pruning useless? Here the same cut is made to the same model, after fine-tuning or before it, for
# several lengths of that fine-tuning and shares removed. The last column is the comparison of the paper's figure, which
# includes the longer training.


# %% tags=["hide-input"]
def cuts_compared(runs: pd.DataFrame) -> pd.DataFrame:
    """Cut late minus cut first, as by `cut_times.compared`."""
    return cut_times.compared(cut_times.with_cuts(runs))


def cuts_told(table: pd.DataFrame) -> pd.DataFrame:
    """The differences in points of the mean score over the tasks."""
    names = {
        "late": "cut after minus cut first, trained as long",
        "cost": "cut first minus nothing removed",
        "unlike": "cut after minus cut at once, trained for less",
    }
    told = pd.DataFrame(
        {
            name: table[column].map(lambda each: each.in_words(100), na_action="ignore").fillna("")
            for column, name in names.items()
        }
    )
    told.insert(1, "p against 1 point or more", ["no p" if np.isnan(p) else f"{p:.3f}" for p in table["p"]])
    return told.set_axis(
        pd.MultiIndex.from_tuples(
            [(f"{before:g}", f"{sparsity:.0%}") for before, sparsity in table.index], names=["epochs before", "removed"]
        )
    )


chapter.finding(
    cuts_told,
    "A cut after fine-tuning does about as well as the same cut made first, trained as long. Cut after minus cut first "
    "(points), with 95% intervals.",
    part=lambda table: table.iloc[:, :1],
    what="Cut late and cut first (points).",
    among=cuts_compared,
)


# %% tags=["hide-input"]
def cuts_answered(table: pd.DataFrame) -> Markdown:
    """Where the two are shown to be the same, and where to differ."""

    def named(places: pd.Index) -> str:
        texts = [f"{how_long(before)} and {sparsity:.0%}" for before, sparsity in places]
        return ", ".join(texts) or "none of these"

    signs = table["late"].map(lambda each: each.sign)
    return Markdown(
        f"The two are shown to lie within {100 * cut_times.MARGIN:g} point of each other at "
        f"{named(table.index[table['p'] < 0.05])}. The cut after fine-tuning is shown to be ahead at "
        f"{named(table.index[signs > 0])}, and behind at {named(table.index[signs < 0])}.\n\n"
        "Differences are in points of the mean score over the tasks, each by its metric. The 95% intervals are over the "
        "worlds, with the fine-tunings of each averaged first; for a single pre-trained model they are over its "
        "fine-tunings (paired t). A small p says that the two lie within one point of each other (two one-sided tests, "
        "Holm-corrected for the rows); a large p says only that this is not shown."
    )


chapter.shown(cuts_answered, "recorded_or_live", among=cuts_compared)

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["masks_differ_little", "fine_tuning_does_not_help", "longer_tuning_does_not_help"])
short.summary()

# %% tags=["remove-input", "in-short"]
short.box(
    question="Does fine-tuning change which weights are pruned, and does it make a model easier to prune?",
    done=(
        "Masks made before and after fine-tuning are compared weight by weight, beside the chance level and a control "
        "that never saw the task. Models pruned before and after fine-tuning are compared at equal budgets. The length "
        "of the fine-tuning before the cut is varied."
    ),
    not_shown="These are masks by magnitude alone: a method that looks at the task's loss may choose other weights.",
)
