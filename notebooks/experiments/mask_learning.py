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
#     part: jiang
#     order: 10
# ---

# %% [markdown]
# # Is fine-tuning needed where a mask is learned?
#
# To fit a pre-trained model to a task, one usually changes its weights. {cite:t}`jiang2023` change none: they learn
# which weights to *keep*, and set the others to zero. Only one bit a weight then has to be stored for a task, and the
# same bit makes the model sparse. They report that this beats methods that choose a mask *and* change the weights, at
# every sparsity, and that a mask that removes a fifth of the weights even beats fine-tuning everything. This chapter
# trains all of these methods in one harness, on the same data, for the same number of steps, to the same sparsity.
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
worlds = [1]  # seeds of the miniature's worlds and of its pre-training in each
tuning_seeds = [1]  # of the head, the order of the examples and noise
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["sst2"]  # files in lottery/tasks, or "own": a file of your own
methods = ["smp_l", "smp_s", "movement", "magnitude"]  # of lottery/mask_learning, those that aim at a sparsity
sparsities = [0.9]  # shares of the weights of the layers' matrices to remove
brief_tasks = []  # of the tasks, those with the first seed alone, at brief_sparsities
brief_sparsities = [0.5, 0.9]  # to remove on these
head = "random"  # of those that change no weight, a file in lottery/task_heads: "mlm" is the paper's
pressed_too = []  # of the methods that the paper gives no regulariser, those also tried with that of the others
pressed = []  # of lottery/mask_learning, those that aim at no sparsity, regularised with the first seed until they have it
pressed_sparsities = [0.9]  # which
strength = 400.0  # of the regulariser of those methods that the paper gives one
epochs = 6.0  # of training, for every method and for fine-tuning
ramp = 0.5  # share of the steps over which the sparsity rises
batch_size = 32
score_rate = 6e-2  # learning rate of scores
weight_rate = 3e-3  # of weights, where they are trained, and of the head over them
joint_rate = 3e-4  # the same for movement, whose scores follow from how weights are trained
head_rate = 1e-3  # of the head over weights that stay as they are
chosen = {}  # a method: its own score_rate, weight_rate or strength, as analyses/mask_rates chooses them
max_length = 64  # tokens of an example, at most
timed = []  # of lottery/mask_learning, whose steps are timed at BERT-base's size; nothing should run beside, so take one worker
timed_seeds = [0, 1, 2]  # of these models
sorted_seeds = []  # of models of BERT-base's size, whose scores are sorted in two ways; nothing should run beside
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.choices import choose
from lottery.experiments.sort_time import SortTime
from lottery.experiments.step_time import StepTime
from lottery.experiments.studies import MaskStudy, TaskStudy, require_aimed, require_words
from lottery.suite.given import given

globals().update(given("experiments/mask_learning", globals()))
require_aimed(methods)
require_aimed(pressed, "pressed", aimed=False)
for name in pressed_too:
    how = choose("mask_learning", name)
    if name not in methods or how.STRENGTH or not how.LEARNED:
        raise ValueError(
            f"pressed_too: {name} is none of `methods` that learns scores without a regulariser, as movement"
        )
study, masks = TaskStudy.from_cell(globals()), MaskStudy.from_cell(globals())
for task in tasks if any(choose("mask_learning", method).FROZEN for method in methods) else ():
    require_words(head, study.task_named(task))
full = [
    study.tuned(task, seed, world=world, learning_rate=masks.full_rate)
    for world in worlds
    for task in tasks
    for seed in (tuning_seeds[:1] if task in brief_tasks else tuning_seeds)
]
learned = []
for of in full:
    for sparsity in brief_sparsities if of.task in brief_tasks else sparsities:
        learned += [masks.mask(of, method, sparsity) for method in methods]
        learned += [masks.mask(of, method, sparsity, pressed=True) for method in pressed_too]
    if of.seed == tuning_seeds[0]:
        learned += [masks.pressed(of, method, sparsity) for method in pressed for sparsity in pressed_sparsities]
# The head is a question only where no weight under it changes.
learned = [replace(mask, head=head) if choose("mask_learning", mask.method).FROZEN else mask for mask in learned]
times = [
    StepTime(method=method, layers=12, width=768, batch_size=32, length=32, rounds=2, seed=seed)
    for method in timed
    for seed in timed_seeds
]
times += [SortTime(layers=12, width=768, rounds=2, seed=seed) for seed in sorted_seeds]
grid = [*full, *learned, *times]

# %% tags=["remove-cell"]
from functools import partial

import pandas as pd
from IPython.display import Markdown
from matplotlib.axes import Axes

from lottery.findings import learned_masks, published, swapped_masks
from lottery.findings.learned_masks import FULL, WHOLE
from lottery.suite import plots, tables
from lottery.suite.chapter import (
    PRINT,
    between,
    by_remaining,
    each_task,
    how_many,
    perform,
    points,
    read_published,
    remain,
    tasks_of,
    title,
    with_range,
)
from lottery.suite.in_short import InShort

chapter = perform("experiments/mask_learning", grid, results, records, workers=workers, scheduler=scheduler)
order = ["task", "title", "met", "seed"]  # of rows, and so of lines in figures and tables


def in_order(runs: pd.DataFrame) -> pd.DataFrame:
    """The scored models in the order of figures and tables."""
    return learned_masks.scored(runs).sort_values(order, ignore_index=True)


shown, numbers = (partial(show, among=in_order) for show in (chapter.shown, chapter.numbers))

# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# (j1)=
# ## A score for every weight
#
# Every weight $W$ of the six matrices of each layer gets a score $S$, 0 at first. In each step a *masking function*
# turns scores into a mask $M$, the model computes with $W' = M W$, and the gradient of the mask is passed on to the
# scores as if masking were the identity:
#
# $$\frac{\partial L}{\partial S} = W \, \frac{\partial L}{\partial W'},$$
#
# for kept and for removed weights alike, so that a removed weight can come back. The weights themselves stay as they
# were pre-trained. The sparsity rises along a cubic, $s_t = s (1 - (1 - t / N)^3)$, and a regulariser, the mean of
# $\sigma(S)$, pushes all scores down, those near 0 hardest. **SMP-L** keeps the weights with the highest scores in each
# matrix, the same share of each.
#
# (j2)=
# ### SMP-S: shares that follow the scores
#
# Matrices of one kind, for example the queries of all layers, share the weights that stay in proportion to the mean of
# their $\sigma(S)$ (the paper's equation 4). A layer's share can exceed a whole matrix. The released code then loses
# the excess; and where 70% or more remain it first divides scores by 4, which the paper does not say (*SMP-S,
# released*). Here the excess goes to the other layers, so that the required sparsity is met.
#
# (j3)=
# ### SMP-G: one ranking of all scores
#
# The paper reports that it takes more than twice the time, because all scores are sorted; the released code no longer
# contains it. Here the selection is exact and, on a CPU, needs no sort; `make bench` measures what a step costs.
#
# (j4)=
# ### SMP-T: scores above a threshold
#
# Weights with $\sigma(S)$ above a threshold stay, and the threshold rises. How many these are depends on the
# regulariser.
#
# (j8)=
# ### Four rivals that train the weights as well
#
# All methods run on one schedule, that of SMP: learning rates fall linearly from the first step on. The rivals' papers
# also have a warm-up, and stretches of constant sparsity at both ends, which are left out.
#
# **Movement** {cite:p}`sanh2020` learns scores as SMP-L does, and **soft movement** as SMP-T does. **L0**
# {cite:p}`louizos2018` learns random gates that end up at 0 or 1. Gradual **magnitude** {cite:p}`zhu2017` has no
# scores. All are trained for the same number of steps on the same batches, and so is the full model. All have the same
# new task head, trained with them, unless `head` gives another to those that change no weight. The effect of the
# paper's frozen head is a question of the [next chapter](j5).
#
# Movement has no regulariser and SMP-L has one, so they differ in more than fine-tuning. *Movement, regularised* has
# SMP-L's regulariser, too. It could matter because Adam normalises each gradient: without a regulariser every score
# moves at the same speed. A strong common push makes the normaliser nearly constant, and the task gradient counts again
# in proportion to its size.


# %% [markdown]
# (j12)=
# (j12-minilm)=
# ## Jiang's Figure 1: score against remaining weights


# %% tags=["hide-input"] mystnb={"image": {"alt": "Score against the share of weights that remains, a panel for each task and a line for each method: BERT-base in print, a real BERT and the miniature; the full fine-tuned model is a dashed line."}, "figure": {"name": "mask-learning", "caption": "Masks over frozen weights (SMP) stay near full fine-tuning, dashed, until little remains; movement without a regulariser falls behind them sooner. Means over runs, bars span them; in print, Jiang's Table 1 without a teacher."}}
def drawn(rows: pd.DataFrame, ax: Axes) -> None:
    """Of one task the score against the share of weights that remains, a line each method."""
    masked = rows[(rows["method"] != FULL) & rows["aimed"]]
    for name, some in masked.groupby("title", sort=False):
        plots.spread(100 * (1 - some["asked"]), 100 * some["score"], name, ax=ax)
    whole = rows.loc[rows["method"] == FULL, "score"].mean()
    plots.of_task(ax, study.task_named(rows["task"].iloc[0]), full=whole, majority=rows["majority"].mean())
    plots.remaining(ax, rows["asked"])


def of_print() -> pd.DataFrame:
    """The scores of the paper's Table 1 without a teacher, with the majority-class baseline of the dev sets."""
    dev = read_published("glue_dev").set_index("task")
    rows = published.one_metric(jiang[(jiang["table"] == 1) & ~jiang["teacher"] & (jiang["task"] != "squad")])
    return rows.assign(
        title=rows["method"].map(published.title),
        method=rows["method"].replace("fine_tuning", FULL),
        asked=rows["sparsity"],
        aimed=True,
        majority=rows["task"].map(dev["most_frequent"] / dev["examples"]),
    )


jiang = read_published("jiang2023_results")
chapter.figure(each_task(drawn), tasks_of, printed={PRINT: of_print()}, among=in_order, size=(3.0, 2.5))

# %% tags=["hide-input"]
PAIRS = [
    ("SMP-L", "movement", "what freezing the weights gains"),
    ("SMP-L", "movement, regularised", "the same where both have the regulariser"),
    ("movement, regularised", "movement", "what the regulariser adds"),
    ("SMP-L", "magnitude", "learned against large"),
    ("SMP-S", "SMP-L", "shares that follow the scores"),
    ("SMP-L", "SMP-G", "each matrix alike against one ranking"),
    ("SMP-L", learned_masks.title(FULL), "a mask against fine-tuning everything"),
]


def differences(rows: pd.DataFrame) -> dict[str, dict[float, str]]:
    """For each pair of methods, by sparsity, the difference in points with its 95% interval."""
    rows, lines = rows[rows["aimed"]], {}
    for one, other, what in PAIRS:
        against = WHOLE if other == learned_masks.title(FULL) else {"title": other}
        if advantages := learned_masks.advantages(rows, {"title": one}, against):
            lines[f"{one} minus {other}: {what}"] = {asked: each.in_words() for asked, each in advantages.items()}
    return lines


def compared(rows: pd.DataFrame) -> pd.DataFrame:
    """Differences of methods, means over the tasks that were tried with every seed."""
    return by_remaining(differences(rows)).rename_axis("difference of scores (points)")


def differences_printed() -> pd.DataFrame:
    """The paper's differences of the same pairs without a teacher, from its Tables 1 and 3, a row a pair and task."""
    rows = published.one_metric(jiang[jiang["table"].isin([1, 3]) & ~jiang["teacher"]])
    rows = rows.assign(title=rows["method"].map(published.title)).drop_duplicates(["title", "sparsity", "task"])
    whole, masked = (rows[(rows["method"] == "fine_tuning") == full] for full in (True, False))
    every = pd.concat([masked, *(whole.assign(sparsity=sparsity) for sparsity in masked["sparsity"].unique())])
    more = {
        (f"{one} minus {other}: {what}", *place): more
        for one, other, what in PAIRS
        for place, more in published.added(every, "title", one, other, ["task", "sparsity"]).items()
    }
    return pd.Series(more).rename_axis(["pair", "task", "sparsity"]).reset_index(name="more")


in_print = differences_printed()
SPARSE = 0.9


def at_a_tenth(rows: pd.DataFrame) -> pd.DataFrame:
    """The differences where a tenth of the weights remains."""
    lines = {pair: line[SPARSE] for pair, line in differences(rows).items() if SPARSE in line}
    return pd.Series(lines, dtype=object).rename_axis("difference").to_frame("points")


over_tasks = in_print[in_print["sparsity"] == SPARSE].groupby("pair", sort=False)["more"]
means_in_print = over_tasks.agg(lambda more: published.gains(more)[0].in_words())
names = [f"{one} minus {other}: {what}" for one, other, what in PAIRS]
chapter.finding(
    at_a_tenth,
    "SMP-L leads movement by about as much as the regulariser alone adds to movement. On the real BERT, where movement "
    "learns nothing without it, both are above 0; on the miniature neither is shown to be. Differences of scores "
    f"(points) where {remain(SPARSE)}, with 95% intervals: means over the tasks tried with every seed, of the real BERT "
    "SST-2 alone.",
    printed=means_in_print.reindex(names).fillna("").rename_axis("difference").to_frame(),
    among=in_order,
)

# %% tags=["hide-input"]
numbers(
    compared,
    "Differences of scores (points) at every share of weights that remains, means over the tasks tried with every seed.",
)


# %% [markdown]
# The 95% interval in small print is that of paired differences (t): in print over tasks, else over worlds or, where
# there is only one world, over seeds. Each world has a language and a pre-trained model of its own. A single seed has
# no interval. A mean over tasks can be due to a single task, above all where a training does not get under way.


# %% tags=["hide-input"]
def task_by_task(rows: pd.DataFrame) -> pd.DataFrame:
    """The same for each task, a row a pair and task."""
    tasks = {title(task): differences(some) for task, some in rows.groupby("task")}
    lines = {(pair.partition(":")[0], task): line for task, pairs in tasks.items() for pair, line in pairs.items()}
    return by_remaining(lines, ["difference", "task"]).sort_index(level=0, sort_remaining=False)


def printed_task_by_task() -> pd.DataFrame:
    """The same in print."""
    lines = {}
    for each in in_print.itertuples():
        place = each.pair.partition(":")[0], title(each.task)
        lines.setdefault(place, {})[each.sparsity] = f"{each.more:+.1f}"
    return by_remaining(lines, ["difference", "task"])


numbers(
    task_by_task,
    "Differences of scores (points) task by task; in print Tables 1 and 3 of Jiang et al., BERT-base without a "
    "teacher.",
    printed=printed_task_by_task(),
)

# %% [markdown]
# ## How many learn, and how well those that do
#
# Some trainings never get off the ground, and a mean mixes how often that happens with what the others reach. Here a
# training counts as one that *learns* if it goes at least a quarter of the way from the majority-class baseline to the
# full model. Each cell shows the share of the runs that learn, with Wilson's 95% interval, and then their mean score,
# with a t interval over runs. Tasks that the full model does not learn are left out.


# %% tags=["hide-input"]
def learning(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a method and task, a column a share of remaining weights."""
    lines = {}
    for (method, asked, task), told in learned_masks.learning(rows).items():
        well = f": {told.score.in_words(form='.1f')}" if told.learned else ""
        share = f"{told.learned} of {told.runs} ({told.share.low:.0%} to {told.share.high:.0%})"
        lines.setdefault((method, title(task)), {})[asked] = share + well
    return by_remaining(lines, ["method", "task"])


numbers(learning, "Share of the trainings that learn, and the mean score of these.")

# %% [markdown]
# ## Tables 1, 3 and 6: scores and their spread over seeds
#
# In brackets are standard deviations over runs. The paper gives them only for its own method, in points of each task's
# main metric.


# %% tags=["hide-input"]
def with_deviations(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean score and standard deviation over the runs, a row a share of remaining weights and method, a column a task."""
    rows = rows[rows["aimed"]]
    scores = rows.groupby(["asked", "title", rows["task"].map(title)], sort=False)["score"].agg(["mean", "std"])
    return by_share(scores.rename_axis(["sparsity", "method", "task"]))


def by_share(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores with their deviations, by sparsity, other names and, last, task, as texts: a column a task."""
    texts = pd.Series([points(*each) for each in scores.itertuples(index=False)], index=scores.index)
    table = texts.unstack().fillna("").sort_index(level="sparsity", sort_remaining=False)
    table = table.rename(index=lambda sparsity: f"{1 - sparsity:.0%}", level="sparsity")
    return table.rename_axis(index={"sparsity": "remaining weights"}, columns=None)


def table_1_whole() -> pd.DataFrame:
    """The paper's Table 1, with the deviations that its appendix adds."""
    rows = jiang[jiang["table"] == 1]
    metric = rows["metric"].str.replace("dev_mismatched.accuracy", "accuracy, mismatched").str.replace("_", " ")
    names = {
        "sparsity": rows["sparsity"],
        "": rows["teacher"].map({True: "with a teacher", False: ""}),
        "method": rows["method"].map(published.title),
        "task": rows["task"].map(title) + ", " + metric,
    }
    return by_share(rows[["score", "sd"]].set_axis(pd.MultiIndex.from_frame(pd.DataFrame(names))))


def scores_printed() -> pd.DataFrame:
    """Tables 1 and 3 by the one metric of each task that counts here, with the deviations that the appendix adds."""
    rows = published.one_metric(jiang[jiang["table"].isin([1, 3])])
    names = {
        "sparsity": rows["sparsity"],
        "method": rows["method"].map(published.title) + rows["teacher"].map({True: ", with a teacher", False: ""}),
        "task": rows["task"].map(title),
    }
    scores = rows[["score", "sd"]].set_axis(pd.MultiIndex.from_frame(pd.DataFrame(names)))
    return by_share(scores[~scores.index.duplicated()])


chapter.numbers(
    with_deviations,
    "Scores with their deviations; in print Tables 1 and 3, with the deviations of Table 6.",
    printed=scores_printed(),
    among=learned_masks.scored,
)

# %% tags=["hide-input"]
tables.numbers(table_1_whole(), "Table 1 of Jiang et al., BERT-base, as printed, with every metric.")

# %% [markdown]
# The paper's Table 2 is in {doc}`/experiments/spans_and_roberta`, its Tables 4 and 5 are in
# {doc}`/experiments/mask_recipes`.
#
# ## How strong the regulariser has to be
#
# SMP-T, soft movement and L0 are given no sparsity: how many weights stay follows from the strength of the regulariser.
# So the strength is searched for, training after training, until about the required share remains. No budget includes
# these trainings. The paper says that SMP-T does not converge.


# %% tags=["hide-input"]
def by_pressure(rows: pd.DataFrame) -> pd.DataFrame:
    """For each such method and share the strengths found, what remains, and how many trainings it took."""
    lines = []
    for (method, asked), some in rows[rows["experiment"] == "PressedMask"].groupby(["title", "asked"], sort=False):
        lines.append(
            {
                "method": method,
                "asked for": remain(asked),
                "models": len(some),
                "strength": with_range(some["found"], ".3g"),
                "remaining weights": with_range(1 - some["met"], ".1%"),
                "trainings": with_range(some["tried"], ".1f"),
                "near enough": f"{some['aimed'].sum()}",
            }
        )
    return pd.DataFrame(lines).set_index(["method", "asked for"]) if lines else pd.DataFrame()


numbers(by_pressure, "Strengths of the regulariser that were found.", nothing="*No such method is tried here.*")

# %% [markdown]
# ## How hard the regulariser pulls
#
# The strength weighs the regulariser against the loss, and what it means depends on the model. The released regulariser
# is a mean over all weights of a matrix, so the fewer weights there are, the harder it pulls at each score. How hard
# the loss pulls depends on the task and the head. The table shows how the two derivatives compare, in root mean square
# over all scores, on the first batch before training begins. Far above 1 the regulariser decides which way a score
# moves, far below 1 the loss does.


# %% tags=["hide-input"]
def pulls(rows: pd.DataFrame) -> pd.DataFrame:
    """For each method that is regularised and each task, the pull of the regulariser in units of that of the loss."""
    rows = rows[rows["pull"] > 0]
    table = rows.groupby(["title", "strength", rows["task"].map(title)], sort=False)["pull"].apply(
        lambda some: with_range(some, ".2g")
    )
    return (
        table.unstack().fillna("").rename_axis(index={"title": "method"}, columns=None)
        if len(table)
        else pd.DataFrame()
    )


numbers(pulls, "The pull of the regulariser in units of that of the loss.", nothing="*Not measured in these runs.*")


# %% [markdown]
# (x21)=
# ## A mask without its weights, and weights without their mask
#
# Where weights are trained under a mask, which of the two has learned the task? To see, apply the mask to the
# pre-trained weights, or keep the trained weights and take the mask away. The task head stays as it was trained. If
# fine-tuning is redundant, the mask alone does as well as both. For a mask over frozen weights that is so by
# construction, and its weights alone are the pre-trained ones.


# %% tags=["hide-input"]
def swaps_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """A panel a method: means over the tasks of its models' parts against the share of weights that remains."""
    rows = swapped_masks.swapped(rows)
    for name, ax in axes.items():
        of = rows[rows["title"] == name]
        for part, some in of.groupby("part", sort=False):
            means = some.groupby(["asked", "world", "seed"])["score"].mean().reset_index()
            plots.spread(100 * (1 - means["asked"]), 100 * means["score"], part, ax=ax)
        plots.remaining(ax, of["asked"])
        ax.set_title(name, fontsize=10)
        ax.set_ylabel("mean score (x 100)")


with_parts = partial(
    chapter.shown, among=lambda runs: swaps(learned_masks.scored(runs)), nothing="*No parts were scored here.*"
)


def swaps(rows: pd.DataFrame) -> pd.DataFrame:
    """Masks whose parts were scored, in the order of figures and tables."""
    return rows[rows["mask_alone"].notna()].sort_values(order) if "mask_alone" in rows else rows[:0]


# %% tags=["hide-input"] mystnb={"image": {"alt": "For each method a panel: mean score of the model as trained, of its mask over the pre-trained weights, of its weights without the mask, and of neither, against the share of weights that remains, of a real BERT and of the miniature."}, "figure": {"name": "swapped-masks", "caption": "With most methods, neither the mask alone nor the weights alone do as well as both. Mean scores of the model as trained, its mask over pre-trained weights, its weights without the mask, and neither; bars span the runs."}}
chapter.figure(
    swaps_drawn,
    lambda rows: [*swapped_masks.swapped(rows)["title"].unique()],
    among=lambda runs: swaps(learned_masks.scored(runs)),
    nothing="*No parts were scored here.*",
    size=(2.7, 2.2),
    across=4,
)


# %% tags=["hide-input"]
def swaps_told(rows: pd.DataFrame, source: str) -> Markdown:
    """In words, for each method that trains weights: what its mask and its weights alone lose."""
    parted, lines = swapped_masks.swapped(rows), []
    for name, some in parted.groupby("title", sort=False):
        if choose("mask_learning", some["method"].iloc[0]).FROZEN:
            continue
        mask, weights = (swapped_masks.left(some, name, part) for part in (swapped_masks.MASK, swapped_masks.WEIGHTS))
        each = [
            f"where {remain(asked)}, {mask[asked].in_words()} points for the mask alone and "
            f"{weights[asked].in_words()} for the weights alone"
            for asked in mask
        ]
        lines.append(f"- {source}, **{name}**, minus the model as trained: {'; '.join(each)}.")
    return Markdown("\n".join(lines) or "*No method here trains weights.*")


with_parts(swaps_told, "live", named=True)

# %% tags=["hide-input"]
with_parts(swaps_told, named=True)

# %% tags=["hide-input"]
with_parts(swaps_told, "minilm", named=True)


# %% [markdown]
# (j13)=
# ## What is trained, and what has to be stored
#
# With frozen weights, a task adds only a mask to the pre-trained model, and a small head where that is new. The other
# methods change every weight that they keep. Both kinds of numbers are counted here, not quoted. *Trained* are scores,
# weights, biases, norms and the head. *Changed* are the numbers of the encoder that differ from the pre-trained ones
# and are not zero.


# %% tags=["hide-input"]
def costs(rows: pd.DataFrame) -> pd.DataFrame:
    """Numbers trained, bits of the mask, and numbers changed at each share."""
    lines = {}
    for (method, sparsity), some in rows[(rows["method"] != FULL) & rows["aimed"]].groupby(["title", "asked"]):
        means = some[["trained", "weights", "changed"]].mean().map("{:,.0f}".format)
        line = lines.setdefault(method, {"numbers trained": means["trained"], "bits of the mask": means["weights"]})
        line[f"changed, {remain(sparsity)}"] = means["changed"]
    return pd.DataFrame.from_dict(lines, orient="index").fillna("").rename_axis("method")


chapter.finding(
    costs,
    "A mask over frozen weights changes none of the encoder's numbers; every rival changes all that it keeps. Numbers "
    f"changed for a task where {remain(SPARSE)}.",
    part=lambda table: table.filter(items=[f"changed, {remain(SPARSE)}"]),
    what="What is trained and changed for a task, means over tasks and runs.",
    among=in_order,
)


# %% tags=["hide-input"]
from transformers import BertConfig

from lottery.pruning import components


def printed_costs() -> Markdown:
    """What the paper counts, beside the weights of BERT-base."""
    counts = read_published("jiang2023_sizes").set_index("what")["parameters"]
    weights = components.matrix_weights(BertConfig())  # of BERT-base
    return Markdown(
        f"A mask of BERT-base's {weights:,} weights takes {weights / 8e6:.1f} MB at one bit a weight, which the paper "
        f"counts as {counts['mask'] / 1e6:.1f} million numbers of 32 bits; "
        "{doc}`/analyses/mask_files` measures how far it can be compressed."
    )


printed_costs()

# %% [markdown]
# ## What a step takes
#
# Steps of each method and of fine-tuning are timed in turns, in one process, on a model of BERT-base's size. Times
# differ from machine to machine, so the table has only what was recorded; `make bench` measures them anew.


# %% tags=["hide-input"]
from lottery.findings import step_times


def steps_of(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that time steps."""
    return runs[runs["experiment"] == "StepTime"]


def steps_timed(rows: pd.DataFrame) -> pd.DataFrame:
    """A step of each method in units of one of fine-tuning, with what makes the difference."""
    lines = {}
    for name, times in step_times.in_steps(rows).iterrows():
        how = choose("mask_learning", name)
        lines[how.TITLE] = {
            "a step, times one of fine-tuning": with_range(times, ".2f"),
            "seconds": f"{rows.loc[rows['method'] == name, 'step_seconds'].mean():.2f}",
            "weights": "frozen" if how.FROZEN else "trained",
            "scores": "learned" if how.LEARNED else "sizes of the weights",
        }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("method")


def machine(rows: pd.DataFrame) -> Markdown:
    """On what it was timed."""
    one = rows.iloc[0]
    return Markdown(
        f"Means over {how_many(rows['seed'].nunique(), 'model')} with random weights, in brackets the smallest and "
        f"the largest: {one['layers']:.0f} layers {one['width']:.0f} wide, batches of {one['batch_size']:.0f} times "
        f"{one['length']:.0f} tokens, {how_many(int(one['made.threads']), 'thread')} of a processor."
    )


def sorts(rows: pd.DataFrame) -> Markdown:
    """What one ranking of all scores costs where masks are found by sorting."""
    ratio = (rows["together_seconds"] / rows["each_seconds"]).astype(float)
    return Markdown(
        "Our masks are found by counting, without a sort. Published implementations sort. Sorting all "
        f"{rows['scores'].iloc[0] / 1e6:.0f} million scores at once takes {ratio.mean():.2f} times as long "
        f"({between(ratio, '.2f')}) as sorting each matrix by itself. The paper says that training with one ranking "
        "takes more than twice as long."
    )


chapter.numbers(steps_timed, "A step of each method in units of one of fine-tuning.", among=steps_of)

# %% tags=["hide-input"]
chapter.shown(machine, among=steps_of)

# %% tags=["hide-input"]
chapter.shown(sorts, among=lambda runs: runs[runs["experiment"] == "SortTime"], nothing="*No sorts were timed here.*")

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["fine_tuning_is_redundant", "a_mask_beats_fine_tuning", "learned_masks_beat_magnitude"])


def beside_fine_tuning() -> list[str]:
    """What a mask over frozen weights is worth beside full fine-tuning, a line a source that has both."""
    lines = []
    for source, runs in chapter.sources.items():
        rows = in_order(runs) if len(runs) else runs
        more = learned_masks.advantages(rows[rows["aimed"]], {"title": "SMP-L"}, WHOLE) if len(rows) else {}
        each = [f"{points_more.in_words()} where {remain(asked)}" for asked, points_more in more.items()]
        lines += [f"- **{source}:** {'; '.join(each)}."] if each else []
    begun = "A mask over frozen weights (SMP-L) minus full fine-tuning, in points, means over the tasks:"
    return ["\n".join([begun, "", *lines])] if lines else []


found = beside_fine_tuning()
short.summary(found)

# %% tags=["remove-input", "in-short"]
short.box(
    question="Is it enough to learn which weights to keep, and to change none?",
    done=(
        "Masks over frozen weights (SMP), and methods that learn a mask and change the weights, are trained in one "
        "harness: on the same data, for as many steps, to the same sparsity. Movement pruning is also given SMP's "
        "regulariser, the control that the paper lacks. Masks and the weights trained under them are then scored "
        "separately."
    ),
    found=found + short.by_claims(),
    not_shown=(
        "Training is shorter than in the paper. Nothing can be said of the real BERT where the mask does no better "
        "than the majority-class baseline."
    ),
)
