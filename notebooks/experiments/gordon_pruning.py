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
# {cite:t}`gordon2020` ask what happens to a pre-trained model when weights are removed *before* it is fine-tuned.
# Removing a weight does two things: what it knew is gone, and the model has less capacity. To tell these apart they
# compare four conditions, each at ten sparsities from nothing to nine weights in ten:
#
# - **pruned in pre-training:** pre-training goes on while the smallest weights are removed, and the rest recover; then
#   the model is fine-tuned, and the removed weights stay at zero;
# - **information deletion:** the same pruned model, but before fine-tuning its zeros are set free to move again: what
#   they knew is gone, but their capacity is back;
# - **pruned after fine-tuning:** the full model is fine-tuned first, then cut at once, and fine-tuned further;
# - **random, in pre-training:** like the first, but the weights are chosen at random.
#
# They report three regimes: up to 30 or 40% nothing is lost; up to about 60% what pre-training taught is deleted, which
# costs the tasks; and beyond 70% the model is too small to fit even the task's training data.
#
# One thing is done differently here by default. In the paper the conditions are trained for very different lengths of
# time, from 3 to 15 epochs; here all have the same budget, and each is compared with its own full model, the control.
# {doc}`/analyses/gordon_recipes` shows what the paper's budgets change.
#
# You can run this page on a file of your own: {doc}`/your_own` has the command.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `text` and `data_dir`
text = ""  # for any model but the miniature: a file or folder of plain text to go on with its pre-training
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
seeds = [1]  # of pre-training and pruning; for the miniature each is a world of its own
tuning_seeds = []  # of the fine-tunings of each pruned model; []: the seed of that model
miniature_steps = 3000  # of the miniature's pre-training, before any weight is removed
text_steps = 500  # of another model's pre-training on `text`, before any weight is removed; 0 if it has its heads
text_frozen = False  # whether they train the heads alone, over an encoder that stays as it is
text_learning_rate = 1e-4
text_batch_size = 32  # pairs of passages
text_length = 64  # tokens of a pair, at most
conditions = ["pruned_in_pretraining", "information_deletion", "pruned_downstream"]  # and "random", which takes longest
budget = "equal"  # of training: "equal", one for all conditions; "printed", "released": those of the paper and its code
tasks = ["sst2"]  # files in lottery/tasks, or "own": a file of your own
sparsities = [0.0, 0.6, 0.9]  # shares of the prunable weights; 0.0 is the control, trained as long
scope = "local"  # "local": of each matrix the same share, as in the paper; "global": the smallest of the whole model
embeddings = True  # whether the word embeddings and the tied decoder are pruned too, as in the paper
pruning_steps = 400  # of the continued pre-training in which weights are removed
pruning_ramp = 200  # of these, steps over which the sparsity rises
every = 10  # steps between two computations of the mask
pruning_learning_rate = 1e-3
pretraining_batch_size = 64
epochs = 2.0  # of fine-tuning in all, where the budget is "equal"
batch_size = 32
learning_rates = [1e-3]  # of fine-tuning; of several the best on dev is taken, as in the paper
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from lottery.experiments.conditions import recipe_under, under
from lottery.experiments.studies import PretrainingStudy, TaskStudy, TextStudy
from lottery.suite.given import given

globals().update(given("experiments/gordon_pruning", globals()))
before, fine_tuning = TextStudy.from_cell(globals()), TaskStudy.from_cell(globals())
pretraining = PretrainingStudy.from_cell({**globals(), "recipe": recipe_under(budget)})
controls = [pretraining.control(before.start(seed, fine_tuning.brought), seed) for seed in seeds]
whole = [
    fine_tuning.tuned_from(control, task, seed, learning_rate=learning_rate)
    for control in controls
    for task in tasks
    for learning_rate in learning_rates
    for seed in tuning_seeds or [control.seed]
]
if "pruned_in_pretraining" not in conditions:
    raise ValueError(
        f"conditions = {conditions}: pruned_in_pretraining has to be among them, to compare the others with"
    )
tuned = [
    under(condition, each, sparsity, budget) for condition in conditions for sparsity in sparsities for each in whole
]
pruned = [
    under(condition, each, sparsity, budget).start
    for condition in conditions
    if condition in ("pruned_in_pretraining", "random")
    for sparsity in sparsities
    for each in whole
]
grid = list(dict.fromkeys([*pruned, *tuned]))

# %% tags=["remove-cell"]
from pathlib import Path

import pandas as pd
from IPython.display import Markdown

from lottery import store
from lottery.claims.low_sparsity_is_free import MARGIN
from lottery.experiments.conditions import TITLES
from lottery.findings import conditions as findings
from lottery.findings import regimes
from lottery.suite import plots, tables
from lottery.suite.chapter import PRINT, how_many, model_title, perform, read_published, recorded, title
from lottery.suite.in_short import InShort

chapter = perform("experiments/gordon_pruning", grid, results, records, workers=workers, scheduler=scheduler)
published = read_published("gordon2020_table1")
published_means = read_published("gordon2020_table1_averages")

# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# (g1)=
# ## What is removed, and how
#
# Weights are removed from the six matrices of every layer, the pooler, and the table of word embeddings with the MLM decoder
# tied to it; never from biases, layer norms, positions or the task's head. Every matrix loses the same share, exactly
# $\operatorname{round}(s\,n)$ of its $n$ weights, the smallest in magnitude. The sparsity rises along the cubic ramp of
# {cite:t}`zhu2017`; then the mask is frozen and the remaining weights recover. Every model, the full one included, is
# trained for the same number of steps under one learning-rate schedule.


# %% tags=["hide-input"]
def counted(runs: pd.DataFrame) -> str:
    """How many models were pruned, and fine-tuned."""
    models = runs[runs["experiment"] == "GradualPruning"]
    return (
        f"{len(models)} pruned models of {int(models['weights'].iloc[0]):,} prunable weights, "
        f"{(runs['experiment'] == 'FineTuning').sum()} fine-tunings"
    )


Markdown(
    f"This build: {model_title(model)}, {how_many(len(seeds), 'seed')}, {pruning_steps:,} steps of continued pre-training, "
    f"{pruning_ramp:,} of them the ramp; {counted(chapter.live)}. "
    + (
        f"Recorded beside it, the miniature: {how_many(findings.pruned_models(chapter.miniature)['seed'].nunique(), 'seed')}, "
        f"{counted(chapter.miniature)}. "
        if len(chapter.miniature)
        else "The miniature's full grid has not been recorded yet. "
    )
    + (
        f"A real BERT, all-MiniLM-L6-v2: {counted(chapter.minilm)}."
        if len(chapter.minilm)
        else "The real BERT has not been recorded yet."
    )
)

# %% [markdown]
# (g2)=
# ## The loss of pre-training
#
# The loss is measured on held-out documents, with the same words hidden for every model and dropout off. The paper's
# pre-training loss is the sum of two: one for hidden words, one for telling whether one passage follows another. Here
# they are shown separately, because they do not rise together.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Held-out loss of masked words and of next sentence against the share of weights removed, for BERT-base in print, a real BERT and the miniature, by magnitude and at random."}, "figure": {"name": "gordon-loss", "caption": "The loss of pre-training rises slowly until about half of the weights are gone, then steeply, and sooner where weights go at random. Held-out text, for the real BERT from Wikipedia; for BERT-base the sum that Gordon et al. (2020), Table 1, print."}}
LOSSES = {"masked words": "mlm_loss", "next sentence": "nsp_loss", "sum of the two": "loss"}


def losses_drawn(models: pd.DataFrame, axes: dict) -> None:
    """Held-out loss of masked words, of next sentences, and their sum, against the share of weights removed."""
    for name, ax in axes.items():
        plots.against_sparsity(models, LOSSES[name], by="importance", ax=ax)
        ax.set(title=name, ylabel="held-out loss (nats)")


def losses_of(models: pd.DataFrame) -> list[str]:
    """Those of the losses that the models have."""
    return [name for name, column in LOSSES.items() if models[column].notna().any()]


printed_losses = published[published["condition"].isin(["pruned_in_pretraining", "random"])]
printed_losses = printed_losses.drop_duplicates(["condition", "sparsity"]).rename(columns={"pretraining_loss": "loss"})
printed_losses["importance"] = printed_losses["condition"].replace("pruned_in_pretraining", "magnitude")
chapter.figure(
    losses_drawn,
    losses_of,
    printed={PRINT: printed_losses.reindex(columns=["importance", "sparsity", *LOSSES.values()])},
    among=findings.pruned_models,
)

# %% [markdown]
# (g6)=
# ## Against random pruning
#
# The control takes the same number of weights from every matrix, drawn at random, along the same ramp. The difference
# between the two lines is what the choice by magnitude is worth.


# %% tags=["hide-input"]
def losses_told(runs: pd.DataFrame) -> pd.DataFrame:
    """How far the MLM loss rises by magnitude, and how much further at random, at each sparsity."""
    losses = regimes.losses(findings.pruned_models(runs))
    return (
        pd.DataFrame(
            {
                "MLM loss by magnitude, against the full model": losses["rise"].map(
                    lambda rise: rise.in_words(form="+.1%")
                ),
                "random minus magnitude (nats)": losses["worth"].map(lambda worth: worth.in_words(form=".3f")),
            }
        )
        .rename(index="{:.0%}".format)
        .rename_axis("removed")
    )


def with_random(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs, where weights were removed at random in some of them."""
    return runs if (findings.pruned_models(runs)["importance"] == "random").any() else runs[:0]


chapter.numbers(
    losses_told, "The loss by magnitude and at random, with 95% intervals over seeds (paired t).", among=with_random
)

# %% [markdown]
# (g3)=
# ## Fine-tuning, and what is measured of it
#
# Every pruned model is fine-tuned on every task. If several learning rates are given, each is tried and the best on dev is
# taken, as in the paper. The training loss is measured over the *whole* training set, with dropout off: it shows whether a
# model is too small to fit the task, apart from whether it knows what generalises. The budget of each condition is counted
# in optimiser updates and, since an update counts for more at a high learning rate, as the learning rate summed over them.


# %% tags=["hide-input"]
def granted() -> pd.DataFrame:
    """Updates and summed learning rate of fine-tuning for each condition, means over its runs, before and after a cut."""
    rows = []
    for condition in conditions:
        for tuning in {under(condition, each, sparsity, budget) for each in whole for sparsity in sparsities}:
            parts = [tuning, tuning.start.of] if condition == "pruned_downstream" else [tuning]
            metrics = [store.Run(part, Path(results)).metrics for part in parts]
            rows.append(
                {
                    "condition": TITLES[condition],
                    "updates": sum(each["steps"] for each in metrics),
                    "summed learning rate": sum(each["integrated_rate"] for each in metrics),
                }
            )
    return pd.DataFrame(rows).groupby("condition", sort=False).mean().round(4)


tables.numbers(
    granted(), "The budget of each condition in this build: updates, and the learning rate summed over them."
)

# %% [markdown]
# (g4)=
# (g5)=
# ## Information deletion, and pruning after fine-tuning
#
# In information deletion the mask is dropped before fine-tuning: the removed weights start at zero and may go anywhere.
# The model then has the full model's capacity, so whatever it lacks against its control it lacks in what it *knows*; and
# where the pruned model fits its training data worse than the freed one, it is too small. In pruning after fine-tuning the
# choice of weights can take the task into account. That shows whether fine-tuning makes a model easier to prune.
#
# (g7)=
# (g7-minilm)=
# ## Gordon's Figure 1: the four conditions
#
# The figure shows accuracy on dev (on CoLA, too) and training loss, both as means over the tasks. The real BERT,
# all-MiniLM-L6-v2, has GLUE's own data.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean accuracy and mean training loss of the conditions against the share of weights removed: as printed for BERT-base, for MiniLM and for the miniature."}, "figure": {"name": "gordon-figure1", "caption": "Gordon's Figure 1: in print, pruning in pre-training costs next to nothing up to 30 or 40% and ever more beyond; the miniature falls sooner. In print: Table 1, column AVG, of one seed; bars span fine-tunings of the real BERT, seeds of the miniature."}}
def by_condition(runs: pd.DataFrame, value: str) -> pd.DataFrame:
    """Means over the tasks that are scored by accuracy, as by `findings.by_seed`."""
    return findings.by_seed(findings.transferred(runs).dropna(subset="accuracy"), value)


ACCURACY, LOSS = "mean accuracy on dev (%)", "mean training loss (nats)"


def figure_1_of(accuracy: pd.DataFrame, loss: pd.DataFrame, level: float) -> pd.DataFrame:
    """The points of the paper's Figure 1, each with its panel; `level` is of the majority-class baseline."""
    parts = {ACCURACY: 100 * accuracy, LOSS: loss}
    points = [means.rename(columns=TITLES).melt(ignore_index=False).assign(panel=name) for name, means in parts.items()]
    return pd.concat(points).reset_index().assign(level=100 * level)


def conditions_of(runs: pd.DataFrame) -> pd.DataFrame:
    """Figure 1 of runs, with the majority-class baseline, the mean over the tasks."""
    level = findings.transferred(runs).groupby("task")["majority_accuracy"].mean().mean()
    return figure_1_of(by_condition(runs, "accuracy"), by_condition(runs, "train_loss"), level)


def figure_1(points: pd.DataFrame, axes: dict) -> None:
    """The paper's Figure 1: mean accuracy and mean training loss of each condition against what was removed."""
    for name, ax in axes.items():
        plots.against_sparsity(points[points["panel"] == name], "value", by="condition", ax=ax).set(ylabel=name)
    plots.chance(axes[ACCURACY], points["level"].iloc[0], "majority-class baseline")


glue = read_published("glue_dev").set_index("task")
constant = (glue["most_frequent"] / glue["examples"]).loc[published["task"].unique()].mean()
averages = published_means.assign(task="mean", seed=0)
in_table_1 = figure_1_of(findings.by_seed(averages, "accuracy"), findings.by_seed(averages, "training_loss"), constant)
chapter.figure(figure_1, [ACCURACY, LOSS], printed={PRINT: in_table_1}, among=conditions_of)


# %% tags=["hide-input"]
def left_to_lose(runs: pd.DataFrame, before: pd.DataFrame) -> Markdown:
    """What the control scores on each task, beside the majority-class baseline and the model as it was published."""
    rows = findings.transferred(runs)
    rows = rows[(rows["sparsity"] == 0) & (rows["condition"] == "pruned_in_pretraining")]
    whole = 100 * rows.groupby("task", sort=False)[["score", "majority"]].mean()
    scores = [f"{title(task)} {row.score:.1f} (majority class {row.majority:.1f})" for task, row in whole.iterrows()]
    text = (
        f"With nothing removed, the real BERT scores {', '.join(scores)} (x 100, means over the seeds of fine-tuning). "
    )
    if len(before):
        before = before[(before["sparsity"] == 0) & (before["retrain_epochs"] == 0)]
        scores = 100 * before.groupby("dense.task", sort=False)["score"].mean()
        known = [f"{title(task)} {score:.1f}" for task, score in scores.items() if task in whole.index]
        text += (
            f"As published, before this pre-training went on, it reaches {', '.join(known)} with more fine-tuning "
            "({doc}`/experiments/how_much_can_go`). Where that is more, some of its knowledge was lost before any pruning."
        )
    return Markdown(text)


as_published = recorded(records, "minilm", "how_much_can_go")
chapter.shown(lambda runs: left_to_lose(runs, as_published), "minilm")

# %% [markdown]
# ### Against the control of each condition


# %% tags=["hide-input"]
def changes_told(runs: pd.DataFrame) -> pd.DataFrame:
    """Change of the mean accuracy against the condition's own control, in points; = where it is within the margin."""
    changes = regimes.changes(by_condition(runs, "accuracy"), margin=MARGIN / 100)
    several = len(set(findings.transferred(runs)["pruning_seed"])) > 1  # of one pruned model its seeds tell nothing
    texts = [
        f"{change.in_words(100)}{' =' if several and p < 0.05 else ''}"
        for change, p in zip(*changes.T.to_numpy(), strict=True)
    ]
    table = pd.Series(texts, changes.index).unstack("condition")
    table = table[[name for name in TITLES if name in table]].rename(columns=TITLES, index="{:.0%}".format)
    return table.rename_axis(index="removed", columns=None)


of_print = regimes.changes(findings.by_seed(averages, "accuracy"), margin=MARGIN / 100)["change"].unstack("condition")
of_print = of_print.map(lambda change: f"{100 * change.mean:+.1f}").rename(columns=TITLES, index="{:.0%}".format)
of_print = of_print.rename_axis(index="removed", columns=None)
chapter.finding(
    changes_told,
    "In print nearly half of the weights can go in pre-training for a point or less; beyond that accuracy falls ever more "
    "steeply. Change of the mean accuracy against the full model (points), with 95% intervals over seeds.",
    part=lambda table: table.filter(items=[TITLES["pruned_in_pretraining"]]),
    what="Change of the mean accuracy under every condition (points).",
    printed=of_print,
)

# %% [markdown]
# Intervals of the miniature are over the recorded seeds (paired t). The sign = marks a change that is shown to lie within 1
# point, the margin of the claim on free weights (two one-sided tests at 5%, Holm-corrected for the sparsities of a
# condition). Without the sign this is not shown, whatever the mean: three seeds show little. The real BERT has no = because
# it is one pruned model per sparsity; its seeds are fine-tunings on one dev set, and their likeness says nothing about other
# dev sets. {doc}`/analyses/claims` judges it with the error of the dev sets, and leaves out scores near the floor.
#
# ### What is lost, knowledge or capacity?
#
# *Freed minus held* says how much better the same pruned model gets when its zeros may move. *After minus before*, given
# only in print, says how much better a model is when it is pruned after fine-tuning instead of in pre-training. It is not
# shown for our runs, where the two differ in more than that. The late model is cut at once and recovers on the task alone,
# for half of its training; the early one is pruned step by step and has recovered before it begins. A chapter of its own
# compares them [like for like](like-for-like).


# %% tags=["hide-input"]
CONTRASTS = {
    "freed minus held: accuracy (points)": ("accuracy", regimes.FREED_MINUS_HELD),
    "held minus freed: training loss (nats x 100)": ("loss", regimes.FREED_MINUS_HELD[::-1]),
}
IN_PRINT = CONTRASTS | {"after minus before fine-tuning: accuracy (points)": ("accuracy", regimes.AFTER_MINUS_BEFORE)}


def contrasts(accuracy: pd.DataFrame, loss: pd.DataFrame, wanted: dict = CONTRASTS) -> pd.DataFrame:
    """Differences between conditions at each sparsity, as by `regimes.contrasts`."""
    means = {"accuracy": accuracy, "loss": loss}
    tables = [regimes.contrasts(means[what], {name: pair}) for name, (what, pair) in wanted.items()]
    return pd.concat(tables, axis=1).rename(index="{:.0%}".format).rename_axis("removed")


def contrasts_told(runs: pd.DataFrame) -> pd.DataFrame:
    """The differences with 95% intervals over seeds (paired t)."""
    table = contrasts(by_condition(runs, "accuracy"), by_condition(runs, "train_loss"))
    return table.map(lambda difference: difference.in_words(100))


alone = "*These runs are of one condition: there is none to compare it with.*"
printed = contrasts(findings.by_seed(averages, "accuracy"), findings.by_seed(averages, "training_loss"), IN_PRINT)
chapter.numbers(
    contrasts_told,
    "Differences between the conditions, with 95% intervals over seeds.",
    printed=printed.map(lambda difference: f"{100 * difference.mean:+.1f}"),
    nothing=alone,
)

# %% [markdown]
# In print the freed models are trained for four times as long as the held ones, which alone lowers their training loss. So
# the difference in that loss cannot be read as capacity.
#
# Which of the two comes first? The loss of the held model is the sum of two parts: *deletion*, which the freed model loses
# as well, and *capacity*, which freeing the zeros wins back. Each model is compared with its own control.


# %% tags=["hide-input"]
PARTS = {"lost": "lost", "deleted": "by deletion", "room": "by capacity", "more": "deletion minus capacity"}


def parts_of(runs: pd.DataFrame) -> pd.DataFrame:
    """By accuracy, the mean over the tasks that have one."""
    return regimes.deletion_and_room(by_condition(runs, "accuracy"))


def parts_told(parts: pd.DataFrame) -> pd.DataFrame:
    """Both parts at each sparsity, in points, with 95% intervals over seeds (paired t)."""
    table = parts.map(lambda part: part.in_words(100)).rename(columns=PARTS)
    return table.rename(index="{:.0%}".format).rename_axis("removed")


def order_told(parts: pd.DataFrame) -> Markdown:
    """Where one part is larger than the other, and where there is room at all, by those intervals."""

    def where(part: str, sign: int) -> str:
        shares = [f"{sparsity:.0%}" for sparsity, estimate in parts[part].items() if estimate.sign == sign]
        return f"at {', '.join(shares)}" if shares else "nowhere"

    return Markdown(
        f"By 95% intervals, deletion costs more than capacity {where('more', 1)}, and capacity more than deletion "
        f"{where('more', -1)}. Deletion is shown to cost something {where('deleted', 1)}, capacity {where('room', 1)}."
    )


def lost_in_words(parts: pd.DataFrame) -> str:
    """How much is lost in print at two sparsities, and how much of it by deletion."""
    rows = [
        f"{100 * parts.loc[sparsity, 'lost'].mean:.1f} points with {sparsity:.0%} removed, "
        f"{100 * parts.loc[sparsity, 'deleted'].mean:.1f} of them by deletion"
        for sparsity in (0.6, 0.9)
    ]
    return f"In print, the loss of mean accuracy is {'; '.join(rows)}."


both_parts = regimes.deletion_and_room(findings.by_seed(averages, "accuracy"))
in_print = both_parts.map(lambda part: f"{100 * part.mean:+.1f}").rename(columns=PARTS, index="{:.0%}".format)
in_print = in_print.rename_axis("removed")
chapter.finding(
    parts_told,
    "In print, held models lose first by deletion; capacity counts where most of the weights are gone. Points of mean "
    "accuracy, with 95% intervals over seeds.",
    part=lambda table: table.filter(items=["30%", "60%", "90%"], axis=0).drop(columns=PARTS["more"]),
    what="What is lost by deletion and by capacity (points), and the difference of the two.",
    printed=in_print,
    among=parts_of,
    nothing=alone,
)

# %% [markdown]
# On the miniature:

# %% tags=["hide-input"]
chapter.shown(order_told, among=parts_of, nothing=alone)

# %% [markdown]
# On the real BERT:

# %% tags=["hide-input"]
chapter.shown(order_told, "minilm", among=parts_of, nothing=alone)

# %% [markdown]
# A model whose order differs from the printed one is no model of BERT-base in this respect.

# %% [markdown]
# ### Each task by itself


# %% tags=["hide-input"] mystnb={"image": {"alt": "Dev score of each task against the share of weights removed, for the conditions, of a real BERT and of the miniature."}, "figure": {"name": "gordon-tasks", "caption": "Every task falls, but not at the same sparsity. The dashed line is the majority-class baseline; an undefined score counts as 0."}}
def scores_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """Dev score of each task against the share of weights removed."""
    for name, ax in axes.items():
        task = rows[rows["task"].map(title) == name]
        plots.against_sparsity(task.assign(name=task["condition"].map(TITLES)), "score", by="name", scale=100, ax=ax)
        plots.chance(ax, 100 * task["majority"].fillna(0).mean(), "majority-class baseline")
        ax.set(title=name, ylabel=plots.metric(fine_tuning.task_named(task["task"].iloc[0]).METRIC) + " (x 100)")


chapter.figure(
    scores_drawn, lambda rows: [*rows["task"].map(title).unique()], among=findings.transferred, size=(2.8, 2.3)
)


# %% tags=["hide-input"]
def collapsed(runs: pd.DataFrame) -> Markdown:
    """How many of the fine-tuned models always give the same answer, by condition."""
    rows = findings.transferred(runs).drop_duplicates("key")  # a control stands in several conditions
    counts = rows[rows["constant"].astype(bool)].groupby(rows["condition"].map(TITLES)).size()
    named = ", ".join(f"{count} ({name})" for name, count in counts.items())
    return Markdown(
        f"Of {len(rows)} fine-tuned models of the miniature, {counts.sum() or 'none'} always give the same answer on dev"
        f"{f': {named}' if named else ''}."
    )


chapter.shown(collapsed)

# %% [markdown]
# (g18-table1)=
# ## Gordon's Table 1
#
# *All numbers* lists accuracy on dev, in per cent, and training loss, in nats, as {cite:t}`gordon2020` print them for
# BERT-base, with ours for the same condition and sparsity below each line. The miniature's tasks only have the shape of
# GLUE's: compare the fall, not the height. The average is over the tasks of a line. In print CoLA has accuracy, too, and no
# other score.


# %% tags=["hide-input"]
def table_1(cells: pd.DataFrame, losses: pd.Series) -> pd.DataFrame:
    """Table 1 in words: a row a condition and sparsity, a column a task, "accuracy | training loss".

    cells   condition, sparsity, task, accuracy and train_loss
    losses  the pre-training loss, by condition and sparsity
    """
    by = [cells["condition"].map(TITLES), cells["sparsity"].map("{:.0%}".format)]
    texts = [f"{100 * row.accuracy:.1f} | {row.train_loss:.2f}" for row in cells.itertuples()]
    table = pd.Series(texts, pd.MultiIndex.from_arrays([*by, cells["task"].map(title)])).unstack(sort=False).fillna("")
    means = cells.groupby(by, sort=False)[["accuracy", "train_loss"]].mean()
    table["average"] = [f"{100 * row.accuracy:.1f} | {row.train_loss:.3f}" for row in means.itertuples()]
    known = losses.set_axis(pd.MultiIndex.from_tuples([(TITLES[name], f"{gone:.0%}") for name, gone in losses.index]))
    table.insert(0, "pre-training loss", known.reindex(table.index).map("{:.2f}".format, na_action="ignore").fillna(""))
    return table.rename_axis(["condition", "removed"])


def table_1_made(runs: pd.DataFrame) -> pd.DataFrame:
    """Ours: means over the seeds, of the tasks that are scored by accuracy."""
    cells = findings.transferred(runs).dropna(subset="accuracy")
    cells = (
        cells.groupby(["condition", "sparsity", "task"], sort=False)[["accuracy", "train_loss"]].mean().reset_index()
    )
    losses = findings.pruned_models(runs).groupby(["importance", "sparsity"])["loss"].mean()
    of = {"pruned_in_pretraining": "magnitude", "information_deletion": "magnitude", "random": "random"}
    pairs = [(name, gone) for name, gone in zip(cells["condition"], cells["sparsity"], strict=True) if name in of]
    of_pairs = {(name, gone): losses.get((of[name], gone), float("nan")) for name, gone in pairs}
    return table_1(cells, pd.Series(of_pairs))


def table_1_printed() -> pd.DataFrame:
    """The paper's, with the averages that it prints."""
    losses = published.drop_duplicates(["condition", "sparsity"]).set_index(["condition", "sparsity"])[
        "pretraining_loss"
    ]
    table = table_1(published.rename(columns={"training_loss": "train_loss"}), losses)
    means = published_means
    table["average"] = [f"{100 * row.accuracy:.1f} | {row.training_loss:.3f}" for row in means.itertuples()]
    return table


chapter.numbers(table_1_made, "Gordon's Table 1: accuracy (%) | training loss (nats).", printed=table_1_printed())

# %% [markdown]
# The miniature was tuned so that its three regimes lie where the paper's do, so a likeness of the curves is no evidence
# for them. What can differ, and is worth looking at, is the distance between the lines, and which of the losses makes it.
# The evidence is the paper's table and the real BERT; {doc}`/analyses/claims` judges the claims by both.

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["low_sparsity_is_free", "medium_sparsity_deletes", "high_sparsity_binds"])
short.summary()

# %% tags=["remove-input", "in-short"]
short.box(
    question=(
        "When weights are removed from a model before it is fine-tuned, does it suffer because what they knew "
        "is lost, or because it has less capacity?"
    ),
    done=(
        "Weights are removed by magnitude while pre-training goes on, at up to ten sparsities. The pruned "
        "model is fine-tuned with its zeros held, and again with them set free to move. Each condition is "
        "compared with its own control, trained as long with nothing removed."
    ),
    not_shown=(
        "The real BERT is one pruned model per sparsity, on few tasks. The miniature was tuned to show three "
        "regimes, so a likeness of its curves to the paper's is no evidence."
    ),
    found=[lost_in_words(both_parts), *short.by_claims()],
)
