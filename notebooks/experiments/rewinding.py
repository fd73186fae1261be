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
# they are, a subnetwork that can be fine-tuned as well as the whole model? They look for it on a task or on the
# pre-training text, weights rewound after every cut, and carry the masks from task to task. This chapter does both on the
# miniature, with the controls that tell what the mask is worth and what the weights under it.

# %% tags=["parameters"]
seeds = [1]
miniature_steps = 3000  # of pre-training, before any weight is removed
tasks = ["sst2", "cola"]  # files in lottery/tasks: on which tickets are judged
sources = ["sst2", "cola"]  # on which masks are found: tasks, or "mlm", the pre-training
per_level = 0.3  # share of the original weights that each level removes
levels = 3
level_epochs = 1.0  # of training at each level, on a task
level_steps = 200  # of training at each level, of the pre-training
control_levels = [2]  # at which the controls are made
transfer_level = 2  # at which masks are carried to other tasks
repeats = 1  # fine-tunings of the full model with other heads; the tolerance of a win takes two or more
varied_tasks = ["cola"]  # on which other ways of pruning iteratively are tried
rewind_step = 19  # of one of them: updates of the first level to which it rewinds
remaining_levels = 3  # of one of them, which removes `per_level` of what remains
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

from lottery.experiments import controls
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.iterative_pruning import IterativePruning, OnTask, OnText
from lottery.experiments.miniature import Miniature
from lottery.experiments.studies import PretrainingStudy, TaskStudy
from lottery.experiments.tickets import Ticket


def level(seed: int, source: str, number: int) -> IterativePruning:
    """A level of iterative pruning on a task, or on the pre-training, as in the paper: global, rewound to the start."""
    on_task = OnTask(
        task=source, epochs=level_epochs, batch_size=batch_size, learning_rate=learning_rate, max_length=max_length
    )
    on_text = OnText(steps=level_steps, batch_size=pretraining_batch_size, learning_rate=pruning_learning_rate)
    return IterativePruning(
        start=Miniature(seed=seed, steps=miniature_steps),
        training=on_text if source == "mlm" else on_task,
        level=number,
        per_level=per_level,
        of="original",
        rewind_step=0,
        scope="global",
        embeddings=False,
        pooler=True,
        seed=seed,
    )


def tuned(start, task: str, seed: int) -> FineTuning:
    """The fine-tuning on a task, with the whole budget."""
    return TaskStudy.from_cell(globals()).tuned_from(start, task, seed, learning_rate=learning_rate)


def of_seed(seed: int) -> list[FineTuning]:
    """All fine-tunings in one world."""
    start = Miniature(seed=seed, steps=miniature_steps)
    found = [tuned(start, task, seed + 1000 * number) for task in tasks for number in range(repeats)]
    for task in [task for task in tasks if task in sources]:
        found += [
            tuned(controls.ticket("iterative", level(seed, task, number)), task, seed)
            for number in range(1, levels + 1)
        ]
        found += [
            tuned(controls.ticket(kind, level(seed, task, number)), task, seed)
            for number in control_levels
            for kind in controls.KINDS
        ]
    carried = [level(seed, source, transfer_level) for source in sources]
    if never_rewound and "mlm" in sources:
        carried.append(replace(level(seed, "mlm", transfer_level), rewind_step=None))
    found += [tuned(controls.ticket("iterative", mask), task, seed) for mask in carried for task in tasks]
    found += [tuned(controls.ticket("one_shot", carried[0]), task, seed) for task in tasks]
    for task in varied_tasks:
        rewound = level(seed, task, transfer_level)
        varied = [replace(rewound, rewind_step=rewind_step)]
        varied += [replace(rewound, of="remaining", level=remaining_levels)]
        varied += [replace(rewound, rewind_step=None)] if never_rewound else []
        found += [tuned(controls.ticket("iterative", mask), task, seed) for mask in varied]
    control = PretrainingStudy.from_cell(globals()).control(start, seed)
    pruned = replace(control, sparsity=carried[0].sparsity)
    return found + [tuned(other, task, seed) for other in (pruned, Ticket(of=start, kept=pruned)) for task in tasks]


tunings = list(dict.fromkeys(tuning for seed in seeds for tuning in of_seed(seed)))
found = [tuning.start.kept for tuning in tunings if isinstance(tuning.start, Ticket)]
found = [mask for mask in dict.fromkeys(found) if isinstance(mask, IterativePruning)]
grid = [*found, *tunings]

# %% tags=["remove-cell"]
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib import pyplot as plt

from lottery import statistics as stats
from lottery import store as runs
from lottery.choices import choose
from lottery.suite import cluster, plots

plots.house_style()
cluster.map(grid, results, workers=workers, scheduler=scheduler)
live = runs.rows(grid, Path(results))
recorded = runs.recorded(Path(records) / "miniature" / "rewinding.parquet")
missing = Markdown(runs.not_recorded("experiments/rewinding", "miniature"))
printed = pd.read_csv("book/published/chen2020_table2.csv")
carried = pd.read_csv("book/published/chen2020_transfer70.csv")

KINDS = controls.KINDS
NAMES = {"mlm": "pre-training (MLM)", "mlm_never": "MLM, never rewound", "one_shot": "one cut, no training"}


def title(name: str) -> str:
    """A task or a source of masks, as a reader sees it."""
    return NAMES.get(name) or choose("tasks", name).TITLE


def tickets(runs: pd.DataFrame) -> pd.DataFrame:
    """The fine-tunings, named by their tickets; `world` is the seed of the miniature, and an undefined score is 0."""
    rows = controls.told(runs[runs["experiment"] == "FineTuning"])
    world = rows["seed"].where(rows["ticket"] != "full", rows.get("start.seed")).astype(int)
    return rows.assign(world=world, undefined=rows["score"].isna(), score=rows["score"].fillna(0.0))


def plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Without the other ways of pruning iteratively: rewound to the start, shares of the original weights."""
    return rows[(rows["source"] == "") | ((rows["rewind_step"] == 0) & (rows["of"] == "original"))]


def whole(rows: pd.DataFrame, task: str) -> pd.DataFrame:
    """Scores of the full model on a task: a row a world, a column a repeat."""
    full = rows[(rows["ticket"] == "full") & (rows["task"] == task)]
    return full.assign(repeat=full.groupby("world").cumcount()).pivot_table("score", "world", "repeat")


def of_task(rows: pd.DataFrame, task: str) -> pd.DataFrame:
    """The full model and the tickets that were found on a task and judged on it, with the controls."""
    return plain(rows[(rows["task"] == task) & rows["source"].isin(["", task]) & rows["ticket"].isin(["full", *KINDS])])


def curves_drawn(runs: pd.DataFrame) -> None:
    """Dev score of each task against the share of weights removed, the found ticket and its controls."""
    rows = tickets(runs)
    names = [task for task in rows["task"].unique() if task in set(rows["source"])]
    columns = min(2, len(names))
    lines = -(-len(names) // columns)
    figure, panels = plt.subplots(lines, columns, figsize=(3.6 * columns, 2.9 * lines + 0.9), squeeze=False)
    for ax in panels.flat[len(names) :]:
        ax.set_axis_off()
    for ax, name in zip(panels.flat, names, strict=False):
        task = of_task(rows, name)
        begins = task[task["ticket"] == "full"].assign(ticket="iterative")
        task = pd.concat([begins, task[task["ticket"] != "full"]])
        task = task.assign(ticket=pd.Categorical(task["ticket"], KINDS)).sort_values("ticket")
        task["ticket"] = task["ticket"].astype(str).map(controls.TITLES)
        plots.against_sparsity(task, "score", by="ticket", scale=100, ax=ax)
        level = task["majority"].fillna(0).iloc[0]
        plots.chance(ax, 100 * level, "one answer")
        ax.set(title=title(name), ylabel=choose("tasks", name).METRIC + " (x 100)")
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8)


# %% [markdown]
# (g19)=
# ## How a ticket is found
#
# Each level trains the ticket of the level before it, removes the smallest of the weights that are left, and *rewinds*
# the rest: they get back exactly the values of the pre-trained model $\theta_0$, and the next level begins. What is found
# is a mask $m$; the ticket is $m \odot \theta_0$, and it is judged by fine-tuning it with the whole budget. Weights of
# the six matrices of every layer and of the pooler are compared over the whole model; embeddings are not pruned. Where
# the mask was found on one task and the ticket is fine-tuned on another, the mask is *transferred*.
#
# The paper's code differs from its text in two points. Its Algorithm 1 removes 10 % of the *remaining* weights at each
# level, the code 10 % of the *original* ones; we follow the code, and try the other below. And the code keeps $\theta_0$
# by reference: in its pre-training script the "rewound" weights are the trained ones themselves, so that rewinding never
# happens there. Here the tests hold that after every level each kept weight equals $\theta_0$ to the last bit. Three
# points are ours: a level on a task has a learning-rate schedule of its own that falls to zero (theirs hardly falls within
# a level), the task's head is rewound with the rest (theirs goes on), and pre-training means masked words and next sentence
# together (theirs has masked words alone).

# %% tags=["hide-input"]
Markdown(
    f"This build: the miniature, {len(seeds)} seed(s), masks found on {', '.join(map(title, sources))} in {levels} levels "
    f"of {per_level:.0%} of the {int(live['weights'].dropna().iloc[0]):,} prunable weights each; "
    f"{len(tickets(live))} fine-tunings, of which {tickets(live)['undefined'].sum()} have no defined score. "
    + (
        f"Recorded beside it: {tickets(recorded)['world'].nunique()} seeds, masks from "
        f"{tickets(recorded)['source'].replace('', None).nunique()} sources, {len(tickets(recorded))} fine-tunings, of which "
        f"{tickets(recorded)['undefined'].sum()} have no defined score."
        if len(recorded)
        else "Nothing has been recorded beside it yet."
    )
)

# %% [markdown]
# ## Do the tickets win?
#
# Beside the ticket stand controls with as many weights. A *random mask* keeps the pre-trained values of weights drawn
# evenly; the paper's own random mask keeps those that are large in *another, random model*. *Weights drawn anew* under the
# found mask tell what the mask is worth without pre-training. *Shuffled layers* keep the pre-trained values, the six
# matrices of each layer moved to another one. And *one cut* keeps the largest pre-trained weights, with no training at
# all: it tells whether the search was needed.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dev score against the share of weights removed for the tickets of iterative pruning, and for the controls at one sparsity; one live seed of the miniature."}, "figure": {"name": "rewinding-curves-live", "caption": "Tickets of iterative pruning and their controls, fine-tuned on the task on which they were found; computed for this build. The dashed line is what one answer to every example scores."}}
curves_drawn(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same over the recorded seeds, tasks and sparsities of the miniature."}, "figure": {"name": "rewinding-curves-recorded", "caption": "The same on the recorded grid. Points are means over the seeds, bars span them; a score that is not defined counts as 0."}}
curves_drawn(recorded) if len(recorded) else missing


# %% [markdown]
# A ticket *wins* where its mean score is at most a tolerance below the full model's. The tolerance of {cite:t}`chen2020` is
# one standard deviation over fine-tunings of the same pre-trained model; so is ours, over heads and orders of examples
# within a world (pooled over the worlds). The seeds of a ticket are worlds, so the last column compares within them.


# %% tags=["hide-input"]
def wins(runs: pd.DataFrame) -> pd.DataFrame:
    """For each task the highest sparsity at which the found ticket wins, beside the published one."""
    rows = tickets(runs)
    lines = []
    for name in [task for task in rows["task"].unique() if task in set(rows["source"])]:
        full = whole(rows, name)
        tolerance = np.sqrt(full.var(axis=1, ddof=1).mean())
        knows = full.mean(axis=1).mean() > rows.loc[rows["task"] == name, "majority"].fillna(0).iloc[0]
        mine = of_task(rows, name)
        scores = mine[mine["ticket"] == "iterative"].pivot_table("score", "world", "sparsity")
        judged = knows and not np.isnan(tolerance)
        won = [s for s in scores if judged and stats.is_winning(scores[s], full.mean(axis=1), tolerance)]
        highest = max(won, default=None)
        shown = highest or min(scores)
        theirs = printed[(printed["task"] == name) & (printed["ticket"] == "iterative")]["sparsity"]
        cost = stats.paired_difference(scores[shown], full.mean(axis=1).loc[scores.index])
        lines.append(
            {
                "task": title(name),
                "full model (x 100)": f"{100 * full.mean(axis=1).mean():.1f}",
                "tolerance (points)": "not from one run" if np.isnan(tolerance) else f"{100 * tolerance:.1f}",
                "wins up to": "not judged" if not judged else f"{highest:.0%}" if highest else "never",
                "of the sparsities tried": len(scores.columns),
                "that win": len(won),
                "Chen et al.": f"{theirs.iloc[0]:.0%}" if len(theirs) else "",
                "ticket minus full model (points)": f"{cost.told(100)} at {shown:.0%}",
            }
        )
    return pd.DataFrame(lines).set_index("task")


wins(recorded) if len(recorded) else wins(live)

# %% [markdown]
# In brackets the 95 % interval over the seeds (paired t). "Wins up to" is the highest sparsity that wins, as in the paper,
# even where a lower one does not. Nothing is judged where the full model was fine-tuned but once, or does no better than
# one answer to all.


# %% tags=["hide-input"]
def worth(runs: pd.DataFrame) -> pd.DataFrame:
    """The found ticket minus each control, at each sparsity at which there are controls, averaged over the tasks."""
    rows = tickets(runs)
    names = [task for task in rows["task"].unique() if task in set(rows["source"])]
    mine = pd.concat([of_task(rows, name) for name in names])
    means = mine.groupby(["ticket", "sparsity", "world"])["score"].mean()
    lines = []
    for sparsity in mine.loc[mine["ticket"] == "random", "sparsity"].sort_values().unique():
        row = {"removed": f"{sparsity:.0%}"}
        for kind in KINDS[1:]:
            row[f"minus {controls.TITLES[kind]}"] = stats.paired_difference(
                means["iterative", sparsity], means[kind, sparsity]
            ).told(100)
        lines.append(row)
    return pd.DataFrame(lines).set_index("removed")


worth(recorded) if len(recorded) else worth(live)

# %% [markdown]
# Points that the found ticket is ahead of each control, means over the tasks, with the 95 % interval over the seeds where
# there are several. An interval that lies above zero says that the control does worse.
#
# ### Beside the paper
#
# What {cite:t}`chen2020` print for BERT-base in their Table 2, each task at its highest winning sparsity.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Scores that Chen et al. print for the full model, their tickets and three controls on eleven tasks."}, "figure": {"name": "rewinding-published", "caption": "Printed in Chen et al. (2020), Table 2: each task's score for BERT-base and for tickets at the sparsity named with the task."}}
table = printed.pivot_table("score", "task", "ticket", sort=False)
shares = printed[printed["ticket"] == "iterative"].set_index("task")["sparsity"]
_, ax = plt.subplots(figsize=(5.6, 4.6))
places = np.arange(len(table))[::-1]
shown = {
    "full": "full model",
    "iterative": "iterative, rewound",
    "random": "mask of a random model",
    "redrawn": "weights drawn anew",
    "shuffled": "layers shuffled",
}
for number, (ticket, name) in enumerate(shown.items()):
    ax.plot(100 * table[ticket], places, plots.MARKERS[number], color=plots.COLOURS[number], label=name)
ax.set_yticks(places, [f"{title(task)}, {shares[task]:.0%}" for task in table.index])
ax.set(xlabel="score (x 100)")
ax.figure.legend(loc="outside lower center", ncols=2, fontsize=8)
plt.show()


# %% tags=["hide-input"]
def published_wins() -> Markdown:
    """Which of the printed tickets win by which standard deviation."""
    full, found = (printed[printed["ticket"] == ticket].set_index("task") for ticket in ("full", "iterative"))
    lost = (full["score"] - found["score"]).round(4)
    by_full, by_ticket = lost <= full["sd"], lost <= found["sd"]
    others = [title(task) for task in lost.index[~by_full]]
    return Markdown(
        f"The printed means lie within one standard deviation of the *full* model on {by_full.sum()} of {len(lost)} tasks "
        f"(not on {', '.join(others)}), and within one of the *ticket's* on {by_ticket.sum()}. By the first "
        "rule the sparsities would be lower where it does not hold."
    )


published_wins()

# %% [markdown]
# ## Carried from task to task
#
# Is a ticket found on one task a ticket for another? Each mask of the sources is put on the pre-trained weights and
# fine-tuned on every task. The paper finds that masks found on the pre-training itself serve all tasks, and those found on
# a task serve few others. But its pre-training masks come from the script that never rewinds: they are those of ordinary
# magnitude pruning with continued pre-training, put on $\theta_0$ in the end. So where pre-training is a source, the table
# has it both ways.


# %% tags=["hide-input"]
def transfer(runs: pd.DataFrame) -> pd.DataFrame:
    """Score of each source's ticket on each task minus the full model's, a row a source, task and world."""
    rows = tickets(runs)
    rows["source"] = rows["source"].where(~((rows["source"] == "mlm") & rows["rewind_step"].isna()), "mlm_never")
    rows.loc[rows["ticket"] == "one_shot", "source"] = "one_shot"
    standard = (rows["rewind_step"] == 0) & (rows["of"] == "original") | rows["source"].isin(["mlm_never", "one_shot"])
    rows = rows[standard & rows["ticket"].isin(["iterative", "one_shot"])]
    # Every source has tickets of every task at one sparsity alone: that at which masks are carried.
    everywhere = rows.groupby("sparsity")[["source", "task"]].apply(lambda some: len(some.drop_duplicates()))
    rows = rows[rows["sparsity"] == everywhere.idxmax()]
    every = tickets(runs)
    full = every[every["ticket"] == "full"].groupby(["task", "world"])["score"].mean().rename("full")
    rows = rows.drop_duplicates(["source", "task", "world"]).sort_values("ticket", kind="stable")  # one cut comes last
    rows = rows.join(full, on=["task", "world"])
    return rows.assign(difference=rows["score"] - rows["full"])[
        ["source", "task", "world", "sparsity", "difference", "undefined"]
    ]


def matrix_drawn(rows: pd.DataFrame, ax: plt.Axes) -> None:
    """Source by target: the mean difference in points, with the half-width of its interval where there is one."""
    cells = rows.groupby(["source", "task"], sort=False)["difference"].agg(list).unstack(sort=False)
    found = cells.map(lambda values: stats.mean_interval(values))
    means = 100 * found.map(lambda cell: cell.mean).astype(float)
    reach = max(10.0, float(np.nanmax(np.abs(means.to_numpy()))))
    ax.imshow(means, cmap="RdBu", vmin=-reach, vmax=reach, aspect="auto")
    for y, line in enumerate(found.to_numpy()):
        for x, cell in enumerate(line):
            half = "" if np.isnan(cell.low) else f"\n±{100 * (cell.high - cell.mean):.1f}"
            dark = abs(100 * cell.mean) > 0.6 * reach
            ax.text(
                x, y, f"{100 * cell.mean:+.1f}{half}", ha="center", va="center", fontsize=7, color="w" if dark else "k"
            )
    ax.set_xticks(range(means.shape[1]), map(title, means.columns), rotation=45, ha="right")
    ax.set_yticks(range(means.shape[0]), map(title, means.index))
    ax.set(xlabel="fine-tuned on", ylabel="mask found on")
    ax.grid(visible=False)


def transfer_drawn(runs: pd.DataFrame) -> None:
    """The matrix of a table of runs."""
    rows = transfer(runs)
    height = 1.6 + 0.5 * rows["source"].nunique()
    _, ax = plt.subplots(figsize=(2.2 + 0.95 * rows["task"].nunique(), height))
    matrix_drawn(rows, ax)


def carried_told(runs: pd.DataFrame) -> pd.DataFrame:
    """For each source the mean difference over all tasks, with its interval, and the paper's over the same tasks."""
    rows = transfer(runs)
    means = rows.groupby(["source", "world"], sort=False)["difference"].mean().unstack("source", sort=False)
    theirs = carried[carried["target"].isin(set(rows["task"]))].groupby("source")["difference"].mean()
    lines = []
    for source in means:
        lines.append(
            {
                "mask found on": title(source),
                "mean over the tasks, minus the full model (points)": stats.paired_difference(
                    means[source], np.zeros(len(means))
                ).told(100),
                "Chen et al., the same tasks": f"{100 * theirs[source]:+.1f}" if source in theirs else "",
            }
        )
    return pd.DataFrame(lines).set_index("mask found on")


def best_told(runs: pd.DataFrame) -> Markdown:
    """In words: which source costs least, and whether the pre-training is better than the best task."""
    rows = transfer(runs)
    means = rows.groupby(["source", "world"])["difference"].mean().unstack("source")
    best = means.mean().idxmax()
    line = (
        f"At {rows['sparsity'].iloc[0]:.0%}, of {means.shape[1]} sources **{title(best)}** costs least over the "
        f"{rows['task'].nunique()} task(s): {stats.mean_interval(means[best]).told(100)} points."
    )
    for pretraining in [source for source in ("mlm", "mlm_never") if source in means]:
        rivals = means.drop(columns=[s for s in ("mlm", "mlm_never", "one_shot") if s in means])
        rival = rivals.mean().idxmax()
        for other in [name for name in (rival, "one_shot") if name in means]:
            apart = stats.paired_difference(means[pretraining], means[other])
            line += f" {title(pretraining)} minus {title(other)}: {apart.told(100)} points."
    if undefined := int(rows["undefined"].sum()):
        line += (
            f" {undefined} of {len(rows)} scores are not defined, as the model gives one answer to all, and count as 0."
        )
    return Markdown(line)


# %% tags=["hide-input"] mystnb={"image": {"alt": "A matrix of score differences from the full model: the task on which the mask was found by the task on which the ticket was fine-tuned; one live seed."}, "figure": {"name": "rewinding-transfer-live", "caption": "Points lost or won against the full model when a mask is carried to another task; computed for this build."}}
transfer_drawn(live)

# %% tags=["hide-input"]
best_told(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same matrix over the recorded seeds and tasks, with masks found on the pre-training and by one cut."}, "figure": {"name": "rewinding-transfer-recorded", "caption": "The same on the recorded grid: means over the seeds, below them half the width of the 95 % interval (paired t)."}}
transfer_drawn(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
best_told(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
carried_told(recorded) if len(recorded) else carried_told(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The matrix that Chen et al. print: twelve sources by eleven targets, points against the full model at 70 % sparsity."}, "figure": {"name": "rewinding-transfer-published", "caption": "Printed in Chen et al. (2020), Figure 2: the same for BERT-base at 70 % sparsity, means of three runs. The colours reach to the largest difference of the figure, and to 10 points at least."}}
_, ax = plt.subplots(figsize=(8.4, 5.2))
matrix_drawn(carried.rename(columns={"target": "task"}), ax)


# %% tags=["hide-input"]
def published_told() -> Markdown:
    """The paper's mean over all targets of each kind of source."""
    means = carried.groupby("source")["difference"].mean()
    of_tasks = means.drop(["mlm", "one_shot"])
    own = carried[carried["source"] == carried["target"]].set_index("target")["difference"]
    mlm = carried[carried["source"] == "mlm"].set_index("target")["difference"].drop("mlm")
    return Markdown(
        f"Printed, over all {carried['target'].nunique()} targets: masks of the pre-training cost {100 * means['mlm']:.1f} "
        f"points, one cut without training {100 * means['one_shot']:.1f}, those found on tasks from "
        f"{100 * of_tasks.max():.1f} ({title(of_tasks.idxmax())}) to {100 * of_tasks.min():.1f} "
        f"({title(of_tasks.idxmin())}). The mask of the pre-training is no worse than the task's own on "
        f"{(mlm >= own[mlm.index]).sum()} of {len(mlm)} tasks."
    )


published_told()

# %% [markdown]
# ## What rewinding does
#
# The same search with one thing changed: rewound not to the pre-trained weights but to those after a few updates of the
# first level ({cite:t}`chen2020` speak of the rewinding step), where the ticket begins its fine-tuning too; never rewound,
# so that each level goes on from the trained weights and only the ticket is put back on $\theta_0$; and the share of
# Algorithm 1, of what remains, where the levels needed to come near the same sparsity are more.


# %% tags=["hide-input"]
def varied(runs: pd.DataFrame) -> pd.DataFrame:
    """Other ways of pruning iteratively, beside the plain one of the nearest sparsity."""
    rows = tickets(runs)
    rows = rows[(rows["ticket"] == "iterative") & (rows["source"] == rows["task"])]
    usual = rows[(rows["of"] == "original") & (rows["rewind_step"] == 0)]
    others = rows.drop(usual.index)
    steps = others["rewind_step"].astype(float).fillna(-1).astype(int)
    others = others.assign(way=steps.map(lambda step: "never rewound" if step < 0 else f"rewound to update {step}"))
    others.loc[others["of"] == "remaining", "way"] = "a share of what remains"
    lines = []
    for (task, way), some in others.groupby(["task", "way"], sort=False):
        sparsity = some["sparsity"].iloc[0]
        beside = usual[usual["task"] == task]
        nearest = min(beside["sparsity"].unique(), key=lambda one: abs(one - sparsity))
        scores = some.set_index("world")["score"]
        same = beside[beside["sparsity"] == nearest].set_index("world")["score"][scores.index]
        lines.append(
            {
                "task": title(task),
                "way": way,
                "removed": f"{sparsity:.1%}",
                "score (x 100)": f"{100 * scores.mean():.1f}",
                "minus the usual way (points)": f"{stats.paired_difference(scores, same).told(100)} at {nearest:.0%}",
            }
        )
    return pd.DataFrame(lines).set_index(["task", "way"])


varied(recorded) if len(recorded) else varied(live)

# %% [markdown]
# In brackets the 95 % interval over the seeds (paired t). The tickets of the usual way and of the others are fine-tuned for
# the same number of updates.
#
# ## Mask and weights, crossed
#
# {cite:t}`gordon2020` and {cite:t}`chen2020` both end with "prune on the pre-training, transfer"; but the first keep the
# weights that recovered after pruning, and the second the original ones. Here each can be given the other's. (The masks
# differ in more than the search: Gordon's is chosen matrix by matrix and includes the embeddings, Chen's is global and
# does not.)


# %% tags=["hide-input"]
def crossed(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean over the tasks minus the full model, for masks of both papers on original and on recovered weights."""
    every = tickets(runs)
    sparsity = every.loc[every["ticket"] == "gradual", "sparsity"].iloc[0]
    rows = plain(every[every["sparsity"] == sparsity])
    full = every[every["ticket"] == "full"].groupby("world")["score"].mean()
    own = rows[(rows["ticket"] == "iterative") & (rows["source"] == rows["task"])]
    lines = []
    for mask, weights, some in (
        ("iterative, on each task itself", "original", own),
        (
            "iterative, on the pre-training",
            "original",
            rows[(rows["ticket"] == "iterative") & (rows["source"] == "mlm")],
        ),
        ("one cut, no training", "original", rows[rows["ticket"] == "one_shot"]),
        ("gradual, in pre-training", "original", rows[rows["ticket"] == "gradual"]),
        ("gradual, in pre-training", "recovered", rows[rows["ticket"] == "recovered"]),
    ):
        if some["task"].nunique() < rows.loc[rows["ticket"] == "gradual", "task"].nunique():
            continue  # a source that this build does not have
        means = some.groupby("world")["score"].mean()
        change = stats.paired_difference(means, full[means.index]).told(100)
        lines.append({"mask": mask, "weights": weights, f"minus the full model at {sparsity:.0%} (points)": change})
    return pd.DataFrame(lines).set_index(["mask", "weights"])


crossed(recorded) if len(recorded) else crossed(live)

# %% [markdown]
# Means over the tasks, with the 95 % interval over the seeds. The recovered weights have had more pre-training than the
# original ones, in which the mask was found: the comparison gives the two what their papers give them. The fourth corner,
# an iterative mask under which the pre-training goes on, was not run.
#
# ## What this does not say
#
# On the miniature a global cut may take much of one small matrix, the pooler for example, where BERT-base has room. Its
# worlds differ more than fine-tunings of one BERT do, which is why tickets are compared within them. The learning rates
# and the number of updates of a level were set beforehand, to make levels as cheap as they can be; a level of the paper
# is as long as its fine-tuning.
