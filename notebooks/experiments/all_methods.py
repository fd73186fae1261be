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
#     part: beyond
#     order: 5
# ---

# %% [markdown]
# # Which method, when all have the same budget?
#
# Each of the three papers compares its methods with a few others, often by numbers quoted from elsewhere that were trained
# for more steps, or fewer, or pruned other matrices. So none of them can say which method to take. Here their
# methods that remove single weights to a share that is asked for stand in one figure: the same pre-trained model, the same
# tasks, the same number of fine-tuning steps, the same share of the same weights removed. Whole heads and MLPs have
# chapters of their own ({doc}`/experiments/good_random_bad`, {doc}`/experiments/structured_tickets`).

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `data_dir`
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
world = 1  # seed of the miniature's world and of its pre-training
tuning_seeds = [1]  # of the head, the order of the examples, noise, and pruning in pre-training
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["sst2"]  # files in lottery/tasks
sparsities = [0.5, 0.9]  # shares of the weights of the layers' matrices to remove
methods = ["smp_l", "smp_s", "movement", "magnitude"]  # of lottery/mask_learning, those that aim at a sparsity
pressed = []  # of lottery/mask_learning, those whose sparsity follows from how strongly their scores are pressed down
strengths = [30.0, 100.0, 300.0]  # what that counts beside the loss; of these the one that comes nearest is taken
strength = 400.0  # of the regulariser of those methods that the paper gives one
epochs = 6.0  # of training in all, for every method
rounds = 3  # trainings among which iterative pruning shares them out
control = False  # whether the whole model's pre-training also goes on, for as long as that of those pruned in it
pruning_steps = 300  # of the pre-training in which weights are removed
pruning_ramp = 150  # of these, steps over which the sparsity rises
every = 10  # steps between two computations of its mask
pruning_learning_rate = 1e-3
pretraining_batch_size = 64
ramp = 0.5  # share of the steps over which the sparsity rises where a mask is learned
batch_size = 32
score_rate = 6e-2  # learning rate of scores
weight_rate = 3e-3  # of weights, where they are trained, and of the head over them
joint_rate = 3e-4  # the same for movement, whose scores follow from how weights are trained
head_rate = 1e-3  # of the head over weights that stay as they are
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.choices import choose
from lottery.experiments import Pretrained, controls, learned_mask
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.iterative_pruning import IterativePruning, OnTask
from lottery.experiments.studies import PretrainingStudy, TaskStudy
from lottery.experiments.task_model import TaskModel
from lottery.experiments.tickets import Cut, Ticket

if rounds < 2:
    raise ValueError(f"rounds = {rounds}: iterative pruning trains, prunes and trains again, so at least 2 are needed")
if not methods:
    raise ValueError("methods: learned masks are what the others are held against; give at least one")
for names, aimed, where in ((methods, True, "pressed"), (pressed, False, "methods")):
    if wrong := [name for name in names if choose("mask_learning", name).AIMED is not aimed]:
        raise ValueError(f"{wrong[0]} does not belong there: give it among {where}")
study = TaskStudy.from_cell(globals())
full = [
    study.tuned(task, seed, world=world, learning_rate=weight_rate, saved=True)
    for task in tasks
    for seed in tuning_seeds
]


def cut(of, importance: str, scope: str, sparsity: float, seed: int) -> Cut:
    """A share of the weights of the layers' matrices, removed at once."""
    return Cut(of=of, importance=importance, scope=scope, embeddings=False, pooler=False, sparsity=sparsity, seed=seed)


def pruned_before(whole: FineTuning, sparsity: float) -> FineTuning:
    """Pruned while the pre-training goes on, then fine-tuned with the whole budget (Gordon et al. 2020)."""
    control = PretrainingStudy.from_cell(globals()).control(whole.start, whole.seed)
    pruned = replace(control, embeddings=False, pooler=False, sparsity=sparsity)
    return replace(whole, start=pruned)


def retrained(whole: FineTuning, sparsity: float) -> FineTuning:
    """Fine-tuned for half of the budget, cut, and trained for the other half (Gordon et al. 2020, section 4.2)."""
    half = replace(whole, epochs=whole.epochs / 2)
    return replace(half, start=Ticket(of=half, kept=cut(half, "magnitude", "local", sparsity, whole.seed)))


def iterative(whole: FineTuning, sparsity: float) -> FineTuning:
    """Trained, pruned and rewound, until the budget's last part trains what is left (Chen et al. 2020)."""
    last = IterativePruning(
        start=whole.start,
        training=OnTask(
            task=whole.task,
            epochs=whole.epochs / rounds,
            batch_size=batch_size,
            learning_rate=whole.learning_rate,
            max_length=max_length,
        ),
        level=rounds - 1,
        per_level=1 - (1 - sparsity) ** (1 / (rounds - 1)),
        of="remaining",
        rewind_step=0,
        scope="global",
        embeddings=False,
        pooler=False,
        seed=whole.seed,
    )
    return replace(whole, start=controls.ticket("iterative", last), epochs=whole.epochs / rounds)


def random(whole: FineTuning, sparsity: float) -> FineTuning:
    """Removed by lot before fine-tuning, the same share of each matrix."""
    kept = cut(whole.start, "random", "local", sparsity, whole.seed)
    return replace(whole, start=Ticket(of=whole.start, kept=kept))


rates = learned_mask.Rates(score_rate, weight_rate, joint_rate, head_rate)
grid = []
for whole in full:
    ended = TaskModel(of=whole, before=whole.start)
    grid.append(ended)
    if control and isinstance(whole.start, Pretrained):
        grid.append(replace(ended, of=pruned_before(whole, 0.0)))
    for sparsity in sparsities:
        # A model that brings no text cannot be pruned while its pre-training goes on.
        roads = [retrained, iterative, random, *([pruned_before] if isinstance(whole.start, Pretrained) else [])]
        grid += [replace(ended, of=road(whole, sparsity)) for road in roads]
        grid += [
            replace(ended, kept=cut(whole, "magnitude", scope, sparsity, whole.seed)) for scope in ("local", "global")
        ]
        grid += [
            learned_mask.beside(whole, method, sparsity, ramp=ramp, rates=rates, strength=strength)
            for method in methods
        ]
    grid += [
        learned_mask.beside(whole, method, 0.0, ramp=ramp, rates=rates, strength=pressure)
        for method in pressed
        for pressure in strengths
    ]

# %% tags=["remove-cell"]
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib import pyplot as plt
from scipy.special import entr
from scipy.stats import ttest_rel

from lottery import statistics as stats
from lottery import store as runs
from lottery.suite import cluster, plots

plots.house_style()
cluster.map(grid, results, workers=workers, scheduler=scheduler)
live = runs.rows(grid, Path(results))
recorded = runs.recorded(Path(records) / "miniature" / "all_methods.parquet")
steps = runs.recorded(Path(records) / "miniature" / "mask_learning.parquet")
steps = steps[steps["experiment"] == "StepTime"] if len(steps) else steps
missing = Markdown(runs.not_recorded("experiments/all_methods", "miniature"))
FULL, LONGER = "full fine-tuning", "full, pre-trained for longer"
BEFORE = "magnitude, in pre-training"
LOT = "by lot, before"
BY_SIZE = [
    BEFORE,
    "magnitude, while fine-tuning",
    "magnitude, after and retrained",
    "magnitude, iterative, rewound",
    "magnitude, after, local",
    "magnitude, after, global",
    LOT,
]
BY_SCORE = [
    choose("mask_learning", name).TITLE for name in ("smp_l", "smp_s", "smp_g", "movement", "soft_movement", "l0")
]
FAMILIES = {"by size, or by lot": BY_SIZE, "by learned scores": BY_SCORE}
NEAR = 1.25  # times more or fewer weights than asked for, at which a pressed method still counts as met


def learning(method: str) -> str:
    """What a file in lottery/mask_learning is called here."""
    return "magnitude, while fine-tuning" if method == "magnitude" else choose("mask_learning", method).TITLE


def method_of(row: dict) -> str:
    """What stands behind a run, in words."""
    if row["experiment"] == "LearnedMask":
        return learning(row["method"])
    if row.get("kept") == "Cut":
        return f"magnitude, after, {row['kept.scope']}"
    if row["of.start"] == "GradualPruning":
        return BEFORE if row["of.start.sparsity"] else LONGER
    if row["of.start"] != "Ticket":
        return FULL
    if row["of.start.kept"] == "IterativePruning":
        return "magnitude, iterative, rewound"
    return LOT if row["of.start.kept.importance"] == "random" else "magnitude, after and retrained"


def scored(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a model: task, seed, method, share removed, score (0 where undefined), numbers, bytes and steps.

    asked   share that was to be removed; NaN for a method that is only pressed
    stored  bytes of what the encoder has to bring: four for each number changed, and the mask at its entropy
    """
    trained = runs["experiment"] == "TaskModel"
    met = runs["sparsity_met"].astype(float)
    share = runs["removed"].astype(float) / runs["weights"].astype(float)
    bits = runs["weights"].astype(float) * (entr(share) + entr(1 - share)) / np.log(2)
    by_score = runs["method"].map(lambda name: isinstance(name, str) and not choose("mask_learning", name).AIMED)
    return pd.DataFrame(
        {
            "task": runs["task"].where(~trained, runs["of.task"]),
            "seed": runs["seed"].where(~trained, runs["of.seed"]).astype(int),
            "method": [method_of(row) for row in runs.to_dict("records")],
            "asked": runs["sparsity"].astype(float).where(~trained, met).round(3).mask(by_score),
            "sparsity": met,
            "strength": runs["strength"].astype(float),
            "score": runs["score"].astype(float).fillna(0),
            "majority": runs["majority"].astype(float),
            "trained": runs["trained"].astype(float),
            "changed": runs["changed"].astype(float),
            "stored": 4 * runs["changed"].astype(float) + bits / 8,
            "steps": runs["steps"].astype(int),
            "pretraining_steps": runs["pretraining_steps"].fillna(0).astype(int),
        }
    )


def at(rows: pd.DataFrame, sparsity: float) -> pd.DataFrame:
    """The models to be held against each other at a sparsity, a row a method, task and seed.

    Of a pressed method, on each task, those of the strength whose mean share of remaining weights comes nearest, by
    their quotient, and only where it is met within NEAR on every task.
    """
    found = [rows[rows["asked"] == sparsity]]
    for _, some in rows[rows["asked"].isna()].groupby("method", sort=False):
        left = (1 - some.groupby(["task", "strength"])["sparsity"].mean()) / (1 - sparsity)
        off = np.log(left.clip(lower=1e-6)).abs().unstack("strength")
        if (off.min(axis=1) <= np.log(NEAR)).all():
            found.append(some[some["strength"] == some["task"].map(off.idxmin(axis=1))])
    return pd.concat(found)


def asked(rows: pd.DataFrame) -> list[float]:
    """The sparsities aimed at, without that of the whole model."""
    return sorted({each for each in rows["asked"].dropna() if each})


# %% [markdown]
# ## The methods, and what they have in common
#
# Removed are weights of the six matrices of every layer, 72 matrices in BERT-base; embeddings, pooler, biases and the
# task's head stay. *Local* is the same share of each matrix, *global* one ranking of them all: each method selects as its
# paper does.
#
# - **Magnitude, in pre-training** {cite:p}`gordon2020`: pre-training goes on while the smallest weights go, locally; then the
#   model is fine-tuned.
# - **Magnitude, while fine-tuning** {cite:p}`zhu2017`: the smallest go step by step, locally, in the first part of the
#   training (`ramp`).
# - **Magnitude, after and retrained** {cite:p}`gordon2020`: half of the budget, one local cut, the other half.
# - **Magnitude, iterative, rewound** {cite:p}`frankle2019,chen2020`: train, remove globally, go back to the pre-trained
#   weights; the last of the rounds trains what is left. All rounds together have the budget.
# - **Magnitude, after**: the fully fine-tuned model is cut and nothing is trained after that, locally, or globally, which is
#   the *m-pruning* of {cite:t}`prasanna2020`.
# - **By lot, before**: the control that knows nothing.
# - **SMP-L**, **SMP-S**, **SMP-G** {cite:p}`jiang2023`: a mask is learned and no weight is changed; **movement**, **soft
#   movement** {cite:p}`sanh2020` and **L0** {cite:p}`louizos2018`: mask and weights are learned together
#   ({doc}`/experiments/mask_learning`).
#
# The budget is the number of fine-tuning steps, all trainings that lead to a model counted. It leaves out the pre-training,
# also the steps in which the first method prunes: the table below has them in a column, and where it was run, a whole model
# whose pre-training went on for as long stands beside. It leaves out the search for learning rates, too: each group of
# methods has one for all tasks and sparsities. Soft movement and L0 aim at no sparsity; they are trained at several
# strengths of their pressure, of which the one counts whose sparsity comes nearest, so that their budget is a multiple.


# %% tags=["hide-input"]
def drawn(runs: pd.DataFrame) -> None:
    """Score against the share of weights that remains: a row a task, a panel a family, a line each method."""
    rows = scored(runs)
    tasks = rows["task"].unique()
    _, panels = plt.subplots(
        len(tasks), 2, figsize=(7.6, 3.0 * len(tasks) + 1.8), squeeze=False, sharex=True, sharey="row"
    )
    for pair, task in zip(panels, tasks, strict=True):
        here = rows[rows["task"] == task]
        for ax, (family, names) in zip(pair, FAMILIES.items(), strict=True):
            for number, name in enumerate(names):
                curve(ax, here[here["method"] == name], name, number)
            ax.axhline(
                100 * here.loc[here["method"] == FULL, "score"].mean(), color="black", linestyle="--", label=FULL
            )
            if (here["method"] == LONGER).any():
                ax.axhline(
                    100 * here.loc[here["method"] == LONGER, "score"].mean(), color="black", linestyle=":", label=LONGER
                )
            plots.chance(ax, 100 * here["majority"].mean(), "one answer to all")
            plots.remaining(ax, asked(rows)).set(xlabel="")
            ax.set_title(f"{choose('tasks', task).TITLE}: {family}", fontsize=10)
        pair[0].set_ylabel(f"{choose('tasks', task).METRIC} (x 100)")
    for ax in panels[-1]:
        ax.set_xlabel("remaining weights (%)")
        ax.legend(fontsize=7.5, loc="upper center", bbox_to_anchor=(0.5, -0.2))


def curve(ax: plt.Axes, rows: pd.DataFrame, name: str, number: int, *, x: str = "remaining") -> None:
    """The means of a method over its rows, at each sparsity asked for or each strength, with bars that span the seeds."""
    if rows.empty:
        return
    rows = rows.assign(remaining=100 * (1 - rows["sparsity"]), at=rows["asked"].fillna(rows["strength"]))
    by_seed = 100 * rows.groupby(["at", "seed"])["score"].mean().unstack("seed")
    places, means = rows.groupby("at")[x].mean(), by_seed.mean(axis=1)
    spread = np.abs(np.stack([by_seed.min(axis=1), by_seed.max(axis=1)]) - means.to_numpy())
    aimed = rows["asked"].notna().all()
    ax.errorbar(
        places,
        means,
        spread,
        marker=plots.MARKERS[number],
        color=plots.COLOURS[number],
        linestyle="-" if aimed else "none",
        capsize=2,
        elinewidth=0.8,
        label=name if aimed else f"{name}, each strength",
    )


# %% [markdown]
# (x1)=
# ## All methods in one figure

# %% tags=["hide-input"] mystnb={"image": {"alt": "Score against the share of weights that remains on the task of this build: on the left the methods that go by the size of a weight or by lot, on the right those that learn a score; full fine-tuning is a dashed line in both."}, "figure": {"name": "all-methods-live", "caption": "All methods of this build on one budget. Points are means over seeds, bars span them; full fine-tuning is dashed."}}
drawn(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for the recorded tasks of the miniature, a row of two panels each."}, "figure": {"name": "all-methods-recorded", "caption": "The same on the miniature's recorded grid, with soft movement and L0 at each strength of their pressure."}}
drawn(recorded) if len(recorded) else missing


# %% [markdown]
# ## Which is best at which sparsity
#
# Mean score over the tasks, in points, with the 95 % interval over seeds (t) of the difference from full fine-tuning in
# brackets. *First* means the highest mean. Every two methods at one sparsity are compared by a paired t test over the seeds;
# as there are many pairs, their p-values are corrected together, after Holm. With few seeds that is a high bar, and a pair
# that is not told apart may still differ.


# %% tags=["hide-input"]
def by_seed(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean score over the tasks in points, (seeds, methods); only methods that every task and seed has."""
    scores = 100 * rows.pivot_table("score", index=["seed", "task"], columns="method")
    return scores.dropna(axis=1).groupby("seed").mean()


def means_told(runs: pd.DataFrame) -> pd.DataFrame:
    """A row a method, a column each share of remaining weights: the mean, and the difference from full fine-tuning."""
    rows = scored(runs)
    whole = by_seed(rows[rows["method"] == FULL])[FULL]
    lines = {name: {} for name in [FULL, *BY_SIZE, *BY_SCORE]}
    lines[FULL] = dict.fromkeys([f"{1 - each:.0%} remain" for each in asked(rows)], f"{whole.mean():.1f}")
    for sparsity in asked(rows):
        here = at(rows, sparsity)
        for name in here["method"].unique():
            lines[name][f"{1 - sparsity:.0%} remain"] = "some runs are missing"
        for name, scores in by_seed(here).items():
            told = stats.paired_difference(scores, whole.loc[scores.index]).told()
            lines[name][f"{1 - sparsity:.0%} remain"] = f"{scores.mean():.1f}: {told}"
    return pd.DataFrame(lines).T.dropna(how="all").fillna("not met").rename_axis("mean score (points): minus full")


means_told(live)

# %% tags=["hide-input"]
means_told(recorded) if len(recorded) else missing


# %% tags=["hide-input"]
def pairs(scores: pd.DataFrame) -> pd.DataFrame:
    """Every two methods of `by_seed`: one, other, mean difference in points, p of the paired t test, and p by Holm."""
    found = []
    for one, other in combinations(scores.columns, 2):
        difference = stats.paired_difference(scores[one], scores[other])
        # Differences that do not differ show no spread to test against.
        p = float(ttest_rel(scores[one], scores[other]).pvalue) if not np.isnan(difference.low) else np.nan
        found.append({"one": one, "other": other, "mean": difference.mean, "p": p})
    table = pd.DataFrame(found, columns=["one", "other", "mean", "p"])
    return table.assign(holm=stats.holm(table["p"].tolist()) if len(table) else [])


def best_told(runs: pd.DataFrame) -> Markdown:
    """In words, at each sparsity: which is first, from how many others it is told apart, and how many pairs are."""
    rows, lines = scored(runs), []
    for sparsity in asked(rows):
        here = at(rows, sparsity)
        scores = by_seed(here)
        first, *others = scores.mean().sort_values(ascending=False).index
        found = pairs(scores)
        tested, apart = int(found["p"].notna().sum()), found[found["holm"] < 0.05]
        behind = [name for name in others if ((apart["one"] == name) | (apart["other"] == name))
                  [(apart["one"] == first) | (apart["other"] == first)].any()]  # fmt: skip
        line = f"- **{1 - sparsity:.0%} remain:** first is {first} with {scores[first].mean():.1f} points"
        line += f", then {others[0]} with {scores[others[0]].mean():.1f}. " if others else ". "
        line += (
            f"Of {tested} pairs tested, {len(apart)} are told apart; from the first, {len(behind)} of {len(others)} methods"
            + (f" ({'; '.join(behind)}). " if behind else ". ")
            if tested
            else "One seed: nothing can be told apart. "
        )
        unmet = sorted(set(rows.loc[rows["asked"].isna(), "method"]) - set(here["method"]))
        line += f"No strength tried leaves nearly as many weights with {' or '.join(unmet)}." if unmet else ""
        lines.append(line)
    return Markdown("\n".join(lines))


best_told(live)

# %% tags=["hide-input"]
best_told(recorded) if len(recorded) else missing


# %% [markdown]
# What the papers print, for MNLI on BERT-base, in points of accuracy. These numbers come from several harnesses and budgets,
# and some were trained with a teacher, so a row cannot be held against another as above:


# %% tags=["hide-input"]
def printed(gordon: pd.DataFrame, jiang: pd.DataFrame) -> pd.DataFrame:
    """Accuracy on MNLI by method and paper, a column each share of remaining weights."""
    conditions = {"pruned_in_pretraining": BEFORE, "pruned_downstream": "magnitude, after and retrained"}
    ours = gordon[(gordon["task"] == "mnli") & gordon["condition"].isin(conditions)]
    told = [(f"{conditions[row.condition]} (Gordon et al.)", row.sparsity, row.accuracy) for row in ours.itertuples()]
    theirs = jiang[(jiang["table"] == 1) & (jiang["task"] == "mnli") & (jiang["metric"] == "accuracy")]
    for row in theirs[~theirs["method"].isin(["fine_tuning", "cap"])].itertuples():
        guided = " with a teacher" if row.teacher else ""
        told.append((f"{choose('mask_learning', row.method).TITLE}{guided} (Jiang et al.)", row.sparsity, row.score))
    table = pd.DataFrame(told, columns=["method", "sparsity", "accuracy"])
    table = table[table["sparsity"].isin([0.5, 0.9, 0.97])].pivot_table(
        "accuracy", index="method", columns="sparsity", sort=False
    )
    return (
        (100 * table)
        .map(lambda value: "" if np.isnan(value) else f"{value:.1f}")
        .rename(columns=lambda sparsity: f"{1 - sparsity:.0%} remain")
    )


printed(*(pd.read_csv(f"book/published/{name}.csv") for name in ("gordon2020_table1", "jiang2023_results")))

# %% [markdown]
# ## What a task has to store
#
# The same share of weights is not the same size of file. A mask over frozen weights is all that a learned mask adds to the
# pre-trained model; the other methods change every weight that they keep, and more: fine-tuning moves the embeddings as well,
# which here as in the papers are not pruned, while movement, soft movement, L0 and magnitude while fine-tuning leave them as
# they were. Counted here are the numbers of the encoder that are neither the pre-trained ones nor 0, at four bytes each, and
# the mask at the entropy of its share, which a file reaches within some per cent ({doc}`/analyses/mask_files`). The task's
# head, alike in all, is left out.


# %% tags=["hide-input"]
def stored_drawn(runs: pd.DataFrame) -> None:
    """Mean score over the tasks against the bytes a task has to store, a panel a family."""
    rows = scored(runs).assign(kilobytes=lambda rows: rows["stored"] / 1000)
    _, panels = plt.subplots(1, 2, figsize=(7.6, 4.9), sharex=True, sharey=True)
    whole = rows[rows["method"] == FULL]
    for ax, (family, names) in zip(panels, FAMILIES.items(), strict=True):
        for number, name in enumerate(names):
            curve(ax, rows[rows["method"] == name], name, number, x="kilobytes")
        curve(ax, whole, FULL, len(BY_SIZE), x="kilobytes")
        ax.set(xscale="log", xlabel="stored for a task (kB)")
        ax.set_title(family, fontsize=10)
        ax.legend(fontsize=7.5, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    panels[0].set_ylabel("mean score over the tasks (x 100)")


# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean score against the kilobytes that a task has to store beside the pre-trained model, for the methods of this build in two panels."}, "figure": {"name": "all-methods-stored-live", "caption": "Score against what a task stores beside the pre-trained model, for this build. Along a line the sparsity changes."}}
stored_drawn(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for the recorded tasks of the miniature."}, "figure": {"name": "all-methods-stored-recorded", "caption": "The same on the miniature's recorded grid."}}
stored_drawn(recorded) if len(recorded) else missing


# %% tags=["hide-input"]
def costs(runs: pd.DataFrame) -> pd.DataFrame:
    """Steps, numbers trained and changed, and kilobytes, means over tasks and seeds; numbers at the highest sparsity."""
    rows, lines = scored(runs), {}
    for name in [FULL, LONGER, *BY_SIZE, *BY_SCORE]:
        some = rows[rows["method"] == name]
        if some.empty:
            continue
        levels = {each: at(some, each) if name not in (FULL, LONGER) else some for each in asked(rows)}
        sparsest = levels[max(levels)]
        line = {
            "fine-tuning steps": f"{some['steps'].mean():,.0f}",
            "pre-training steps": f"{some['pretraining_steps'].mean():,.0f}",
            "numbers trained at last": f"{sparsest['trained'].mean():,.0f}" if len(sparsest) else "not met",
            f"numbers changed, {1 - max(levels):.0%} remain": f"{sparsest['changed'].mean():,.0f}"
            if len(sparsest)
            else "not met",
        }
        line |= {
            f"kB stored, {1 - each:.0%} remain": f"{here['stored'].mean() / 1000:,.1f}" if len(here) else "not met"
            for each, here in levels.items()
        }
        lines[name] = line
    return pd.DataFrame(lines).T.rename_axis("method")


costs(live)


# %% tags=["hide-input"]
def timed_costs(runs: pd.DataFrame) -> pd.DataFrame:
    """As `costs`, with the time of the fine-tuning steps in units of plain ones, at BERT-base's size."""
    ratio = (steps["step_seconds"] / steps["fine_tuning_seconds"]).groupby(steps["method"].map(learning)).mean()
    means = scored(runs).groupby("method")["steps"].mean()
    times = {name: f"{count * ratio.get(name, 1.0):,.0f}" for name, count in means.items()}
    found = costs(runs)
    found.insert(1, "their time, in plain steps", pd.Series(times))
    return found


timed_costs(recorded) if len(recorded) and len(steps) else missing

# %% [markdown]
# *Their time* is what the steps take on a CPU at BERT-base's size, where a plain step of fine-tuning is one; steps of methods
# that learn a mask were timed in turns with these ({doc}`/experiments/mask_learning`), and steps under a mask that stays as
# it is count as plain ones. Of soft movement and L0 only one strength is in it.


# %% tags=["hide-input"]
def smallest_told(runs: pd.DataFrame) -> Markdown:
    """The smallest store whose mean score is at most two points below full fine-tuning, and what that stores."""
    rows = scored(runs)
    whole = rows[rows["method"] == FULL]
    models = rows[~rows["method"].isin([FULL, LONGER]) & rows["asked"].notna()]
    means = models.groupby(["method", "asked"], sort=False)[["score", "stored"]].mean()
    good = means[means["score"] >= whole["score"].mean() - 0.02].sort_values("stored")
    if good.empty:
        return Markdown("No model here comes within two points of full fine-tuning on average.")
    (name, sparsity), found = good.index[0], good.iloc[0]
    return Markdown(
        f"Full fine-tuning stores {whole['stored'].mean() / 1000:,.1f} kB a task. Of the models that aim at a sparsity and whose mean score "
        f"is at most two points below its own, the smallest is {name} with {1 - sparsity:.0%} of the weights: {found['stored'] / 1000:,.1f} kB, "
        f"{100 * (found['score'] - whole['score'].mean()):+.1f} points."
    )


smallest_told(live)

# %% tags=["hide-input"]
smallest_told(recorded) if len(recorded) else missing

# %% [markdown]
# ## What this does not say
#
# The seeds change the head, the order of the examples, noise, and the pruning in pre-training; the pre-trained model and the
# data are one, so the intervals are those of this model and these tasks. The scores are those of the dev set, on which
# nothing was chosen but, for soft movement and L0, the strength, and that by sparsity alone. With a larger budget the
# order may be another: iterative pruning has few steps a round here, and learned masks are trained for 12 to 60 epochs in
# their paper.
