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
#     order: 60
# ---

# %% [markdown]
# # Iterative pruning with rewinding
#
# {cite:t}`gordon2020` prune while pre-training goes on, and keep the weights that it ends with. {cite:t}`chen2020` ask
# the question of the lottery ticket hypothesis {cite:p}`frankle2019` instead: is there, in the *pre-trained* weights as
# they are, a subnetwork that can be fine-tuned as well as the full model? They search for it on a task or on the
# pre-training text, rewind the weights after every cut, and carry the masks from task to task. This chapter does the same
# on the miniature, with controls that show what the mask is worth and what the weights under it are worth.
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
seeds = [1]  # of pre-training; for the miniature each is a world of its own
tuning_seeds = []  # of the searches, and of the fine-tunings compared with each; []: the seed of that model
miniature_steps = 3000  # of pre-training, before any weight is removed
text_steps = 500  # of another model's pre-training on `text`, before any weight is removed; 0 if it has its heads
text_learning_rate = 1e-4
text_batch_size = 32  # pairs of passages
text_length = 64  # tokens of a pair, at most
text_frozen = False  # whether they train the heads alone, over an encoder that stays as it is
examples = 0  # of a task's training set, at most so many, drawn by label and the same for every run; 0: all
dev_examples = 0  # of what it is scored on, likewise
tasks = ["sst2"]  # files in lottery/tasks, or "own": a file of your own: on which tickets are judged
sources = ["sst2"]  # on which masks are found: tasks, or "mlm", the pre-training
per_level = 0.3  # share of the original weights that each level removes
levels = 2
level_epochs = 1.0  # of training at each level, on a task
level_steps = 200  # of training at each level, of the pre-training
control_levels = [1]  # at which the controls are made
transfer_level = 1  # at which masks are carried to other tasks
repeats = 1  # fine-tunings of the full model with other heads; the tolerance of a win takes two or more
varied_tasks = []  # on which other ways of pruning iteratively are tried
rewind_step = 19  # of one of them: updates of the first level to which it rewinds
never_rewound = (
    False  # whether one of them goes on from the trained weights, on the pre-training too where it is a source
)
pruning_steps = 400  # of the model pruned in pre-training that stands beside
pruning_ramp = 200  # of these, steps over which its sparsity rises
every = 10  # steps between two computations of its mask
pruning_learning_rate = 1e-3  # of it and of the levels on the pre-training
pretraining_batch_size = 64
epochs = 2.0  # of fine-tuning a ticket
batch_size = 32
learning_rate = 1e-3  # of fine-tuning, and of the levels on a task
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace
from math import ceil, log

from lottery.experiments import Pretrained, Start, controls
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.iterative_pruning import IterativePruning, OnTask, OnText
from lottery.experiments.starts import OWN
from lottery.experiments.studies import PretrainingStudy, TaskStudy, TextStudy
from lottery.experiments.tickets import Ticket
from lottery.findings.tickets import REPEAT
from lottery.suite.given import given

globals().update(given("experiments/rewinding", globals()))
if high := [seed for seed in [*seeds, *tuning_seeds] if seed >= REPEAT]:
    raise ValueError(f"seeds = {high}: those from {REPEAT} on are of the repeats; give lower ones")
if len(seeds) > 1 and tuning_seeds:
    raise ValueError(
        f"tuning_seeds = {tuning_seeds}: several are for one pre-trained model; give one of `seeds`, or []"
    )


study = TaskStudy.from_cell(globals())
as_it_is = OWN in tasks and not text
if as_it_is and {*tasks, *sources, *varied_tasks} != {OWN}:
    raise ValueError(
        "tasks, sources, varied_tasks: without `text` tickets for a file of your own are of your model as it is, so give "
        "'own' alone in each of them, or `text`"
    )


def begun(seed: int) -> Start:
    """The pre-trained model of a seed; on a file of your own and without text your model as it is."""
    return study.start(OWN, world=seed) if as_it_is else TextStudy.from_cell(globals()).start(seed, study.brought)


def tuned(start, task: str, seed: int) -> FineTuning:
    """The fine-tuning on a task, with the whole budget."""
    return study.tuned_from(start, task, seed, learning_rate=learning_rate)


def level(start: Start, seed: int, source: str, number: int) -> IterativePruning:
    """A level of iterative pruning on a task, or on the pre-training, as in the paper: global, rewound to the start."""
    if source == "mlm":
        search = OnText(steps=level_steps, batch_size=pretraining_batch_size, learning_rate=pruning_learning_rate)
    else:
        whole = tuned(start, source, seed)
        search = OnTask(
            task=source,
            epochs=level_epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            max_length=max_length,
            data=whole.data,
            train_examples=whole.train_examples,
            dev_examples=whole.dev_examples,
        )
    return IterativePruning(
        start=start,
        training=search,
        level=number,
        per_level=per_level,
        of="original",
        rewind_step=0,
        scope="global",
        embeddings=False,
        pooler=True,
        seed=seed,
    )


def of_seed(start: Start, seed: int) -> list[FineTuning]:
    """All fine-tunings in one world, or of one search on the same pre-trained model."""
    tunings = [tuned(start, task, seed + REPEAT * number) for task in tasks for number in range(repeats)]
    for task in [task for task in tasks if task in sources]:
        tunings += [
            tuned(controls.ticket("iterative", level(start, seed, task, number)), task, seed)
            for number in range(1, levels + 1)
        ]
        tunings += [
            tuned(controls.ticket(kind, level(start, seed, task, number)), task, seed)
            for number in control_levels
            for kind in controls.KINDS
        ]
    carried = [level(start, seed, source, transfer_level) for source in sources]
    if never_rewound and "mlm" in sources:
        carried.append(replace(level(start, seed, "mlm", transfer_level), rewind_step=None))
    tunings += [tuned(controls.ticket("iterative", mask), task, seed) for mask in carried for task in tasks]
    tunings += [tuned(controls.ticket("one_shot", carried[0]), task, seed) for task in tasks]
    as_many = ceil(
        log(1 - per_level * transfer_level) / log(1 - per_level)
    )  # levels that remove a share of what remains
    for task in varied_tasks:
        rewound = level(start, seed, task, transfer_level)
        varied = [replace(rewound, rewind_step=rewind_step)]
        varied += [replace(rewound, of="remaining", level=as_many)]
        varied += [replace(rewound, rewind_step=None)] if never_rewound else []
        tunings += [tuned(controls.ticket("iterative", mask), task, seed) for mask in varied]
    if not isinstance(start, Pretrained):
        return tunings  # without text it cannot be pruned while its pre-training goes on
    control = PretrainingStudy.from_cell(globals()).control(start, start.seed)
    pruned = replace(control, sparsity=carried[0].sparsity)
    return tunings + [tuned(other, task, seed) for other in (pruned, Ticket(of=start, kept=pruned)) for task in tasks]


models = {seed: begun(seed) for seed in seeds}
tunings = [of_seed(start, seed) for own, start in models.items() for seed in tuning_seeds or [own]]
tunings = list(dict.fromkeys(tuning for some in tunings for tuning in some))
masks = [tuning.start.kept for tuning in tunings if isinstance(tuning.start, Ticket)]
masks = [mask for mask in dict.fromkeys(masks) if isinstance(mask, IterativePruning)]
grid = [*masks, *tunings]

# %% tags=["remove-cell"]
from functools import partial

import numpy as np
import pandas as pd
from IPython.display import Markdown

from lottery.findings import tickets as findings
from lottery.suite import plots, tables
from lottery.suite.chapter import PRINT, how_many, mean_and_sd, model_title, perform, read_published
from lottery.suite.chapter import title as title_of_task
from lottery.suite.in_short import InShort

chapter = perform("experiments/rewinding", grid, results, records, workers=workers, scheduler=scheduler)
rows = findings.scored(chapter.recorded_or_live)
numbers = partial(chapter.numbers, among=findings.scored)
printed = read_published("chen2020_table2")
carried = read_published("chen2020_transfer70").rename(columns={"target": "task"})


def title(name: str) -> str:
    """A task or a source of masks, as a reader sees it."""
    return findings.SOURCES.get(name) or title_of_task(name)


# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# (g19)=
# ## How a ticket is found
#
# Each level trains the ticket of the level before it, removes the smallest of the remaining weights, and *rewinds* the rest:
# they get back exactly the values of the pre-trained model $\theta_0$, and the next level begins. The search ends with a mask
# $m$. The ticket is $m \odot \theta_0$, and it is scored after fine-tuning it with the whole budget. Weights of the six
# matrices of every layer and of the pooler are ranked over the whole model; embeddings are not pruned. If the mask was found
# on one task and the ticket is fine-tuned on another, the mask is *transferred*.
#
# The paper's code differs from its text in two points. Algorithm 1 removes 10% of the *remaining* weights at each level, the
# code 10% of the *original* ones; we follow the code, and try the other below. And the code keeps $\theta_0$ by reference:
# in its pre-training script the "rewound" weights are the trained ones themselves, so rewinding never happens there. Here
# tests check that after every level each kept weight equals $\theta_0$ to the last bit. We differ from the code in three
# points. A level on a task has a learning-rate schedule of its own that falls to zero (theirs hardly falls within a level).
# The task's head is rewound with the rest (theirs goes on). And pre-training means masked words and next sentence together
# (theirs has masked words alone).


# %% tags=["hide-input"]
def counted(runs: pd.DataFrame) -> str:
    """How many models were fine-tuned, and how many of them have no score."""
    tuned = findings.scored(runs)
    undefined = int(tuned["undefined"].sum())
    unscored = f", {undefined} of them without a defined score" if undefined else ""
    return f"{how_many(len(tuned), 'fine-tuning')}{unscored}"


Markdown(
    f"This build: {model_title(model)}, {how_many(len(seeds), 'seed')}, masks found on {', '.join(map(title, sources))} in {how_many(levels, 'level')}, "
    f"each of {per_level:.0%} of the {int(chapter.live['weights'].dropna().iloc[0]):,} prunable weights; "
    f"{counted(chapter.live)}. "
    + (
        f"Recorded beside it: {how_many(rows['world'].nunique(), 'seed')}, masks from {rows['source'].replace('', None).nunique()} "
        f"sources, {counted(chapter.miniature)}."
        if len(chapter.miniature)
        else "Nothing has been recorded beside it yet."
    )
)

# %% [markdown]
# ## Do the tickets win?
#
# Beside the ticket stand controls with as many weights. A *random mask* keeps the pre-trained values of weights drawn
# at random; the paper's own random mask keeps the weights that are large in *another, random model*. *Weights re-initialised*
# under the found mask show what the mask is worth without pre-training. *Shuffled layers* keep the pre-trained values, but
# the six matrices of each layer are moved to another layer. And *one cut* keeps the largest pre-trained weights, with no
# training at all: it shows whether the search was needed.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Dev score against the share of weights removed for the tickets of iterative pruning, and for the controls at one sparsity, of a real BERT and of the miniature."}, "figure": {"name": "rewinding-curves", "caption": "A ticket of iterative pruning stays near the full model for longer than a random mask of its size, or than its own mask on re-initialised weights. Points are means over the seeds, bars span them; dashed: the majority-class baseline."}}
def curves_drawn(runs: pd.DataFrame, axes: dict) -> None:
    """Dev score of each task against the share of weights removed, the found ticket and its controls."""
    rows = findings.scored(runs)
    for name, ax in axes.items():
        source = next(each for each in findings.searched(rows) if title(each) == name)
        task = findings.of_task(rows, source)
        begins = task[task["ticket"] == "full"].assign(ticket="iterative")
        task = pd.concat([begins, task[task["ticket"] != "full"]])
        task = task.assign(ticket=pd.Categorical(task["ticket"], controls.KINDS)).sort_values("ticket")
        task["ticket"] = task["ticket"].astype(str).map(controls.TITLES)
        plots.against_sparsity(task, "score", by="ticket", scale=100, ax=ax)
        plots.chance(ax, 100 * findings.one_answer(rows, source), "majority-class baseline")
        ax.set(title=name, ylabel=plots.metric(study.task_named(source).METRIC) + " (x 100)")


chapter.figure(
    curves_drawn,
    lambda runs: [*map(title, findings.searched(findings.scored(runs)))],
    among=lambda runs: runs if findings.searched(findings.scored(runs)) else runs[:0],
    nothing="*No mask was found on a task on which tickets are judged.*",
)

# %% tags=["remove-input"]
Markdown(
    "The real BERT is all-MiniLM-L6-v2. Its pre-training first went on over paragraphs of Wikipedia, so that it has a head to "
    "fill in hidden words. Its seeds are those of search and fine-tuning."
) if len(chapter.minilm) else None

# %% [markdown]
# Each ticket is fine-tuned on the task on which it was found, and an undefined score counts as 0. A ticket *wins* where its
# mean score is at most a tolerance below the full model's. The tolerance of {cite:t}`chen2020` is one standard deviation over
# fine-tunings of the same pre-trained model. Ours is the same, over heads and orders of examples within a world, pooled over
# the worlds. The seeds of a ticket are worlds, so the last column of the full table compares within them.


# %% tags=["hide-input"]
WINS = "wins up to"


def wins(rows: pd.DataFrame) -> pd.DataFrame:
    """For each task the highest sparsity at which the found ticket wins, beside the published one."""
    table, theirs = findings.wins(rows), printed[printed["ticket"] == "iterative"].set_index("task")["sparsity"]
    lines = {}
    for task, line in table.iterrows():
        reached = "never" if np.isnan(line["highest"]) else f"{line['highest']:.0%}"
        lines[title(task)] = {
            "full model (x 100)": f"{100 * line['full']:.1f}",
            "tolerance (points)": "not from one run"
            if np.isnan(line["tolerance"])
            else f"{100 * line['tolerance']:.1f}",
            WINS: reached if line["judged"] else "not judged",
            "shown to lose less than a point up to": "not shown"
            if np.isnan(line["matched"])
            else f"{line['matched']:.0%}",
            "of the sparsities tried": line["tried"],
            "that win": line["won"],
            "Chen et al.": f"{theirs[task]:.0%}" if task in theirs else "",
            "ticket minus full model (points)": f"{line['cost'].in_words(100)} at {line['at']:.0%}",
        }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("task")


of_print = (
    printed[printed["ticket"] == "iterative"].assign(task=lambda table: table["task"].map(title)).set_index("task")
)
chapter.finding(
    wins,
    "The sparsity up to which tickets win depends on the task, in print and on the miniature. The highest sparsity tried at "
    "which the mean score is within the tolerance of the full model's.",
    part=lambda table: table[[WINS]],
    what="Which tickets win, and how far they are from the full model.",
    printed=of_print["sparsity"].map("{:.0%}".format).to_frame(WINS),
    among=findings.scored,
)

# %% [markdown]
# The 95% intervals are over the seeds (paired t). "Wins up to" is the highest sparsity that wins, as in the paper, even if a
# lower one does not. By that rule, the more scores scatter, the more easily tickets win. The column "shown to lose less than a
# point up to" avoids this: up to that sparsity, a one-sided test at 5% over the worlds shows at every sparsity tried that the
# ticket loses less than one point. Nothing is judged where the full model was fine-tuned only once, or is no better than the
# majority-class baseline.


# %% tags=["hide-input"]
def worth(rows: pd.DataFrame) -> pd.DataFrame:
    """The found ticket minus each control, at each sparsity at which there are controls, averaged over the tasks."""
    table = findings.worth(rows)
    table = table[[kind for kind in controls.KINDS if kind in table]].map(lambda ahead: ahead.in_words(100))
    table = table.rename(columns=lambda kind: f"minus {controls.TITLES[kind]}", index="{:.0%}".format)
    return table.rename_axis("removed")


numbers(worth, "The found ticket minus each control (points), means over the tasks.")

# %% [markdown]
# These are the points by which the found ticket is ahead of each control, as means over the tasks, with 95% intervals over
# the seeds where there are several. If an interval lies above zero, the control does worse.
#
# ### Beside the paper
#
# *All numbers* has what {cite:t}`chen2020` print for BERT-base in their Table 2, each task at its highest winning sparsity.

# %% tags=["hide-input"]
names = {
    "full": "full model",
    "iterative": "iterative, rewound",
    "random": "mask of a random model",
    "redrawn": "weights re-initialised",
    "shuffled": "layers shuffled",
}
shares = printed[printed["ticket"] == "iterative"].set_index("task")["sparsity"]
texts = [mean_and_sd(mean, sd) for mean, sd in zip(printed["score"], printed["sd"], strict=True)]
table = printed.assign(text=texts).pivot(index="task", columns="ticket", values="text")
table = table.loc[printed["task"].unique(), [*names]]
table.insert(0, "removed", shares[table.index].map("{:.0%}".format))
tables.numbers(
    table.fillna("").rename(columns=names, index=title).rename_axis(index="task", columns=None),
    "In print, Table 2 of Chen et al., BERT-base: scores (x 100) at the highest winning sparsity.",
)


# %% tags=["hide-input"]
def published_wins() -> Markdown:
    """Which of the printed tickets win by which standard deviation."""
    within = findings.within_sd(printed)
    others = [title(task) for task in within.index[~within["of_full"]]]
    return Markdown(
        f"The printed means lie within one standard deviation of the *full* model on {within['of_full'].sum()} of "
        f"{len(within)} tasks (not on {', '.join(others)}), and within one of the *ticket's* on "
        f"{within['of_ticket'].sum()}. By the first rule, the other tasks would have lower winning sparsities."
    )


published_wins()

# %% [markdown]
# ## Carried from task to task
#
# Is a ticket found on one task a ticket for another? Each mask is put on the pre-trained weights and fine-tuned on every task.
# The paper finds that masks found on the pre-training itself serve all tasks, while masks found on a task serve few others.
# But its pre-training masks come from the script that never rewinds. They are masks of ordinary magnitude pruning with
# continued pre-training, put on $\theta_0$ in the end. So where pre-training is a source, the table has it both ways, rewound
# and never rewound.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Matrices of score differences from the full model: the task on which the mask was found by the task on which the ticket was fine-tuned, as printed for BERT-base and measured."}, "figure": {"name": "rewinding-transfer", "caption": "In print, masks found on pre-training cost other tasks least; on the miniature they cost about as much as others. Points lost (red) or won (blue) against the full model; in print: Chen et al. (2020), Figure 2, at 70% sparsity."}}
REACH = 20.0  # points at which the colour is full


def matrix_drawn(differences: pd.DataFrame, axes: dict) -> None:
    """Source by target: the mean difference in points, as a colour."""
    (ax,) = axes.values()
    means = 100 * findings.transfer_matrix(differences).map(lambda cell: cell.mean).astype(float)
    image = ax.imshow(means, cmap="RdBu", vmin=-REACH, vmax=REACH, aspect="auto")
    for points in (-20, -10, 0, 10):
        colour = image.cmap(0.5 + points / (2 * REACH))
        ax.plot([], [], "s", color=colour, label=f"{points:+} points" if points else "as the full model", markersize=7)
    ax.set_xticks(range(means.shape[1]), map(title, means.columns), rotation=60, ha="right", fontsize=8)
    ax.set_yticks(range(means.shape[0]), map(title, means.index), fontsize=8)
    ax.set(xlabel="fine-tuned on", ylabel="mask found on")
    ax.grid(visible=False)


def transferred(runs: pd.DataFrame) -> pd.DataFrame:
    """Points lost or won on each task by masks of each source, as by `findings.transferred`."""
    return findings.transferred(findings.scored(runs))


chapter.figure(
    matrix_drawn,
    ["matrix"],
    printed={PRINT: carried},
    among=transferred,
    live=False,
    scale="",
    size=(3.4, 3.4),
)


# %% tags=["hide-input"]
def best_told(differences: pd.DataFrame, where: str = "On the recorded miniature") -> Markdown:
    """In words: which source costs least, and whether the pre-training is better than the best task."""
    means = findings.by_source(differences)
    best, pairs = findings.ahead(means)
    text = (
        f"{where}, with {differences['sparsity'].iloc[0]:.0%} removed, the masks of **{title(best)}** cost least among "
        f"{how_many(means.shape[1], 'source')}: the mean score over {how_many(differences['task'].nunique(), 'task')} changes by "
        f"{findings.costs(means)[best].in_words(100)} points."
    )
    apart = [
        f"*{title(one)}* minus *{title(other)}* {each.in_words(100)} points" for (one, other), each in pairs.items()
    ]
    if apart:
        text += f" Differences between sources: {'; '.join(apart)}."
    if undefined := int(differences["undefined"].sum()):
        text += (
            f" {undefined} of {how_many(len(differences), 'score')} {'is' if undefined == 1 else 'are'} undefined, because the "
            "model always gives the same answer; they count as 0."
        )
    return Markdown(text)


best_told(transferred(chapter.live), "In this build")


# %% tags=["hide-input"]
def matrix_told(differences: pd.DataFrame) -> pd.DataFrame:
    """Each mean difference in points, with the half-width of its interval where it has one."""
    table = findings.transfer_matrix(differences)
    halves = table.map(lambda cell: "" if np.isnan(cell.low) else f" ± {100 * (cell.high - cell.mean):.1f}")
    means = table.map(lambda cell: "" if np.isnan(cell.mean) else f"{100 * cell.mean:+.1f}")
    return (means + halves).rename(index=title, columns=title).rename_axis(index="mask found on", columns=None)


chapter.numbers(matrix_told, "Points lost or won by each mask on each task.", among=transferred)

# %% tags=["hide-input"]
chapter.shown(best_told, among=transferred)


# %% tags=["hide-input"]
def carried_told(differences: pd.DataFrame) -> pd.DataFrame:
    """For each source the mean difference over all tasks, with its interval, and the paper's over the same tasks."""
    means = findings.by_source(differences)
    theirs = carried[carried["task"].isin(differences["task"])].groupby("source")["difference"].mean()
    lines = {
        title(source): {
            "mean over the tasks, minus the full model (points)": cost.in_words(100),
            "Chen et al., the same tasks": f"{100 * theirs[source]:+.1f}" if source in theirs else "",
        }
        for source, cost in findings.costs(means).items()
    }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("mask found on")


means_printed = carried.groupby("source", sort=False)["difference"].mean().rename(title).rename_axis("mask found on")
chapter.finding(
    lambda differences: carried_told(differences).iloc[:, :1],
    "Masks found on pre-training cost least in print, but not on the miniature. Mean over the tasks minus the full model "
    "(points), with 95% intervals over seeds.",
    printed=means_printed.map(lambda more: f"{100 * more:+.1f}").to_frame(),
    among=transferred,
)

# %% tags=["hide-input"]
chapter.numbers(
    carried_told,
    "Mean over the tasks minus the full model (points), beside what is printed for these tasks.",
    among=transferred,
)


# %% tags=["hide-input"]
def published_told() -> Markdown:
    """The paper's mean over all targets of each kind of source."""
    means = carried.groupby("source")["difference"].mean()
    of_tasks = means.drop(["mlm", "one_shot"])
    own = carried[carried["source"] == carried["task"]].set_index("task")["difference"]
    mlm = carried[carried["source"] == "mlm"].set_index("task")["difference"].drop("mlm")
    return Markdown(
        f"In print, over all {carried['task'].nunique()} targets, masks of pre-training change the score by "
        f"{100 * means['mlm']:.1f} points, one cut without training by {100 * means['one_shot']:.1f}, and masks found on tasks by "
        f"{100 * of_tasks.max():.1f} ({title(of_tasks.idxmax())}) to {100 * of_tasks.min():.1f} ({title(of_tasks.idxmin())}). "
        f"The mask of pre-training is no worse than the task's own on {(mlm >= own[mlm.index]).sum()} of {len(mlm)} tasks."
    )


published_told()

# %% [markdown]
# ## What rewinding does
#
# Here the same search is run with one thing changed at a time:
#
# - **rewound later:** not to the pre-trained weights but to those after a few updates of the first level (the *rewinding
#   step* of {cite:t}`chen2020`), where the ticket begins its fine-tuning, too;
# - **never rewound:** each level goes on from the trained weights, and only the ticket is put back on $\theta_0$;
# - **the share of Algorithm 1:** each level removes a share of the remaining weights, so it takes more levels to come near
#   the same sparsity.


# %% tags=["hide-input"]
def varied(table: pd.DataFrame) -> pd.DataFrame:
    """Other ways of pruning iteratively, beside the plain one of the nearest sparsity."""
    table = table.rename(title, level="task")
    usual = zip(table["more"], table["nearest"], strict=True)
    return pd.DataFrame(
        {
            "removed": table["sparsity"].map("{:.1%}".format),
            "score (x 100)": (100 * table["score"]).map("{:.1f}".format),
            "minus the usual way (points)": [f"{more.in_words(100)} at {nearest:.0%}" for more, nearest in usual],
        },
        index=table.index,
    )


numbers(varied, "Other ways of pruning iteratively.", among=lambda rows: findings.varied(findings.scored(rows)))

# %% [markdown]
# The 95% intervals are over the seeds (paired t). All tickets are fine-tuned for the same number of updates.
#
# ## Mask and weights, crossed
#
# {cite:t}`gordon2020` and {cite:t}`chen2020` both conclude: prune on the pre-training task, then transfer. But the first keep
# the weights that recovered after pruning, and the second the original ones. Here the masks of both are put on either kind of
# weights. (The masks differ in more than the search: Gordon's is chosen matrix by matrix and includes the embeddings, Chen's
# is global and does not.)


# %% tags=["hide-input"]
def crossed(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over the tasks minus the full model, for masks of both papers on original and on recovered weights."""
    sparsity, table = findings.crossed(rows)
    changes = table["change"].map(lambda change: change.in_words(100))
    return changes.rename(f"minus the full model at {sparsity:.0%} (points)").to_frame()


numbers(crossed, "Masks of both papers on original and on recovered weights.")

# %% [markdown]
# These are means over the tasks, with 95% intervals over the seeds. The recovered weights have had more pre-training than
# the original ones, in which the mask was found, as in the two papers. The fourth combination, an iterative mask under which
# pre-training goes on, was not run.
#
# ## What this does not say
#
# On the miniature a global cut may remove much of one small matrix, such as the pooler, where BERT-base has weights to spare.
# Worlds differ more than fine-tunings of one BERT do, so tickets are compared within worlds. The learning rates and the
# number of updates of a level were set beforehand, to make levels as cheap as possible; a level of the paper is as long as
# its fine-tuning.

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["iterative_tickets_match", "mlm_tickets_transfer", "trained_weights_are_needed"])
short.summary()

# %% tags=["remove-input", "in-short"]
short.box(
    question=(
        "Is there, in the pre-trained weights as they are, a subnetwork that can be fine-tuned as well as the "
        "full model, and does it serve other tasks?"
    ),
    done=(
        "Weights are pruned a tenth at a time, with fine-tuning in between and a return to the pre-trained "
        "weights after each cut. The masks found on a task, or on the text of pre-training, are then fine-"
        "tuned on every task. Random masks, new weights and shuffled weights are the controls."
    ),
    not_shown="Our own runs are of the miniature. For BERT-base there are only the numbers that the paper prints.",
)
