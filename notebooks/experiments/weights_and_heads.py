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
#     part: prasanna
#     order: 45
# ---

# %% [markdown]
# (weights-and-heads)=
# # Are heads harder to remove where weights are gone?
#
# Single weights can go, and so can whole heads; but can they both? {cite:t}`gordon2020` suspect, in their section 6, that
# the two remove different redundancies, and leave a question open: whether removing weights while pre-training goes on
# spreads the work over heads that had little to do, so that fewer heads can go afterwards. Here is the experiment. One
# model is pruned by magnitude in pre-training, its control is trained as long with nothing removed; both are fine-tuned
# on a task, and in both the [search](p3) removes heads and MLPs as long as nine tenths of the model's own score are left.

# %% tags=["parameters"]
seeds = [1]  # of the miniature's worlds, and of its pre-training and pruning
tuning_seeds = [1, 2]  # of the fine-tunings of each pruned model
miniature_steps = 3000  # of pre-training, before any weight is removed
tasks = ["cola", "sst2"]  # files in lottery/tasks
sparsities = [0.0, 0.6]  # shares of the prunable weights; 0.0 is the control, trained as long
pruning_steps = 400  # of the continued pre-training in which weights are removed
pruning_ramp = 200  # of these, steps over which the sparsity rises
every = 10  # steps between two computations of the mask
pruning_learning_rate = 1e-3
pretraining_batch_size = 64
importance = "sample"  # of heads and MLPs: a file in lottery/component_importance
share = 0.9  # of the model's own score that has to be reached
epochs = 2.0  # of fine-tuning
batch_size = 32
learning_rate = 1e-3
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.experiments.component_scores import ComponentScores
from lottery.experiments.component_search import ComponentSearch
from lottery.experiments.miniature import Miniature
from lottery.experiments.studies import PretrainingStudy, TaskStudy

pretraining, fine_tuning = PretrainingStudy.from_cell(globals()), TaskStudy.from_cell(globals())
controls = [pretraining.control(Miniature(seed=seed, steps=miniature_steps), seed) for seed in seeds]
tuned = [
    fine_tuning.tuned_from(
        replace(control, sparsity=sparsity), task, tuning_seed, learning_rate=learning_rate, saved=True
    )
    for control in controls
    for sparsity in sparsities
    for task in tasks
    for tuning_seed in tuning_seeds
]
grid = [
    run
    for of in tuned
    for run in (
        ComponentSearch(of=of, importance=importance, mode="both", share=share),
        ComponentScores(of=of, importance=importance),
    )
]

# %% tags=["remove-cell"]
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown

from lottery import statistics as stats
from lottery import store as runs
from lottery.choices import choose
from lottery.findings.searches import silent_in_words, sound
from lottery.suite import cluster, plots

plots.house_style()
cluster.map(grid, results, workers=workers, scheduler=scheduler)
live = runs.rows(grid, Path(results))
recorded = runs.recorded(Path(records) / "miniature" / "weights_and_heads.parquet")
missing = Markdown(runs.not_recorded("experiments/weights_and_heads", "miniature"))
MEASURES = {"heads": "heads left (%)", "mlps": "MLPs left (%)", "in_use": "heads in use (%)"}
PAIR = ["task", "world", "trial"]


def searches(runs: pd.DataFrame) -> pd.DataFrame:
    """The searches."""
    return runs[runs["experiment"] == "ComponentSearch"]


def measured(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a fine-tuned model whose search and whose control's search say something.

    sparsity of its weights, task, world and trial (seeds); heads, mlps: shares left; in_use: of the heads
    """
    found = sound(searches(runs))
    found = found.assign(heads=found["heads"] / found["all_heads"], mlps=found["mlps"] / found["all_mlps"])
    scores = runs[runs["experiment"] == "ComponentScores"]
    scores = scores.assign(in_use=[in_use(np.array(each)) for each in scores["head_scores"]])
    names = {"of.start.sparsity": "sparsity", "of.task": "task", "of.start.seed": "world", "of.seed": "trial"}
    found, scores = (each.rename(columns=names) for each in (found, scores))
    by = list(names.values())
    both = found[[*by, "heads", "mlps", "dense_score"]].merge(scores[[*by, "in_use"]], on=by, validate="one_to_one")
    controls = both.loc[both["sparsity"] == 0, PAIR]
    return both.merge(controls, on=PAIR).sort_values([*PAIR, "sparsity"], ignore_index=True)


def in_use(scores: np.ndarray) -> float:
    """The share of the heads among which importance would be spread evenly to be as uneven as it is.

    scores   (heads,), at least 0
    returns  (sum of scores)^2 / (heads * sum of squares), in (0, 1]; NaN where all are 0
    """
    return float(scores.sum() ** 2 / (len(scores) * np.square(scores).sum())) if scores.any() else float("nan")


# %% [markdown]
# ## Which searches say something
#
# A search bounded by a share of a score says nothing where the model is no better than one answer to all. Such models
# are left out, and so are the models whose control is one.

# %% tags=["hide-input"]
Markdown(silent_in_words(searches(live)))

# %% tags=["hide-input"]
Markdown(silent_in_words(searches(recorded))) if len(recorded) else missing


# %% [markdown]
# ## What is left, and how evenly heads are used
#
# Besides the shares of heads and MLPs that the search leaves, there is a measure that needs no bound: importance may rest
# on few heads or be spread over all. The share of *heads in use* is $(\sum_h I_h)^2 / (n \sum_h I_h^2)$: 100 % where all
# $n$ heads matter alike, $1/n$ where one head does everything. If weight pruning spreads the work, it rises.


# %% tags=["hide-input"]
def drawn(runs: pd.DataFrame) -> None:
    """The three measures against the share of weights removed, a line a task."""
    rows = measured(runs)
    rows = rows.assign(title=[choose("tasks", task).TITLE for task in rows["task"]])
    panels = plots.panels(3, columns=3, size=(7.0, 3.4))
    panels[0].figure.set_size_inches(9.6, 3.4)
    for ax, (name, label) in zip(panels, MEASURES.items(), strict=True):
        plots.against_sparsity(rows, name, by="title", scale=100, ax=ax).set(ylabel=label, ylim=(0, 105))
    panels[0].legend(fontsize=8)


def compared(runs: pd.DataFrame) -> pd.DataFrame:
    """Pruned minus control, in points, mean over the tasks, at each sparsity; with what the paired t test takes.

    Differences are averaged over tasks, and over the fine-tunings of one pruned model, since these share it.
    """
    rows = measured(runs)
    lines = []
    for sparsity, some in rows[rows["sparsity"] > 0].groupby("sparsity"):
        pairs = some.merge(rows[rows["sparsity"] == 0], on=PAIR, suffixes=("", " before"))
        line = {"weights removed": f"{sparsity:.0%}", "models": len(pairs)}
        for name, label in MEASURES.items():
            means = pairs.groupby("world")[[name, f"{name} before"]].mean()
            line[label.replace("(%)", "(points)")] = stats.paired_difference(means[name], means[f"{name} before"])
        lines.append(line)
    return pd.DataFrame(lines).set_index("weights removed")


def told(runs: pd.DataFrame) -> pd.DataFrame:
    """The same in words."""
    return compared(runs).map(lambda cell: cell.told(100) if isinstance(cell, stats.Estimate) else cell)


def answered(runs: pd.DataFrame) -> Markdown:
    """Are heads less prunable, at any sparsity?"""
    left = compared(runs)["heads left (points)"]
    fewer = [sparsity for sparsity, each in left.items() if each.low > 0]
    more = [sparsity for sparsity, each in left.items() if each.high < 0]
    worlds = measured(runs)["world"].nunique()
    return Markdown(
        f"That heads are less prunable once weights are gone is shown at {', '.join(fewer) or 'no sparsity'}, and that they "
        f"are more prunable at {', '.join(more) or 'no sparsity'}, of the {len(left)} tried (95 % intervals over {worlds} "
        "world(s), each with a pre-trained model of its own, not corrected for their number)."
    )


def shown(what, runs: pd.DataFrame) -> object:
    """What is made of the runs; a sentence where nothing is recorded, or there is no pair to compare."""
    if runs.empty:
        return missing
    if not (measured(runs)["sparsity"] > 0).any():
        return Markdown("*No search here says anything; see above why.*")
    return what(runs)


# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of heads left by the search, of MLPs left, and of heads in use, against the share of weights removed before, a line for each task of this build."}, "figure": {"name": "weights-and-heads-live", "caption": "What the search leaves of models whose weights were pruned in pre-training, computed for this build. Points are means over seeds, bars span them."}}
shown(drawn, live)

# %% tags=["hide-input"]
shown(told, live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for the recorded tasks and worlds of the miniature."}, "figure": {"name": "weights-and-heads-recorded", "caption": "The same on the miniature's recorded grid."}}
shown(drawn, recorded)

# %% tags=["hide-input"]
shown(told, recorded)

# %% tags=["hide-input"]
shown(answered, recorded)

# %% [markdown]
# Pruned minus control, averaged over the tasks; in brackets the 95 % interval over the worlds (paired t), which one world
# does not have. Above 0 more heads have to stay. A pruned model that scores less has a lower bound to reach, since nine
# tenths of its *own* score are asked for; with many weights gone this pulls the other way.
