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
#     part: smaller
#     order: 30
# ---

# %% [markdown]
# # Which method, when all have the same budget?
#
# Each of the three papers compares its methods with a few others, often by numbers quoted from elsewhere, where models were
# trained for more or fewer steps or other matrices were pruned. So none of them can say which method to take. Here all
# their methods that remove single weights to a given share stand in one figure: the same pre-trained model, the same tasks,
# the same number of fine-tuning steps, the same share of the same weights removed. Whole heads and MLPs have chapters of
# their own ({doc}`/experiments/good_random_bad`, {doc}`/experiments/structured_tickets`).
#
# You can run this page on a file of your own: {doc}`/your_own` has the command.

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
tuning_seeds = [1]  # of the head, the order of the examples, noise, and pruning in pre-training
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["sst2"]  # files in lottery/tasks, or "own": a file of your own
sparsities = [0.9]  # shares of the weights of the layers' matrices to remove
methods = ["smp_l", "magnitude"]  # of lottery/mask_learning, those that aim at a sparsity
pressed = []  # of lottery/mask_learning, those that aim at no sparsity, regularised until they have it
strength = 400.0  # of the regulariser of those methods that the paper gives one
epochs = 6.0  # of training in all, for every method
rounds = 3  # trainings among which iterative pruning shares them out
control = False  # whether the full model's pre-training also goes on, for as long as that of those pruned in it
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
chosen = {}  # a method: its own score_rate, weight_rate or strength, as analyses/mask_rates chooses them
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.experiments import Pretrained
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.studies import BudgetStudy, MaskStudy, PretrainingStudy, TaskStudy, require_aimed
from lottery.experiments.task_model import TaskModel
from lottery.suite.given import given

globals().update(given("experiments/all_methods", globals()))
if not methods:
    raise ValueError("methods: learned masks are what the others are compared with; give at least one")
require_aimed(methods)
require_aimed(pressed, "pressed", aimed=False)
study, masks, ways = (kind.from_cell(globals()) for kind in (TaskStudy, MaskStudy, BudgetStudy))
full = [
    study.tuned(task, seed, world=world, learning_rate=masks.full_rate, saved=True)
    for world in worlds
    for task in tasks
    for seed in tuning_seeds
]


def pruned_before(whole: FineTuning, sparsity: float) -> FineTuning:
    """Pruned while the pre-training goes on, then fine-tuned with the whole budget (Gordon et al. 2020)."""
    control = PretrainingStudy.from_cell(globals()).control(whole.start, whole.seed)
    pruned = replace(control, embeddings=False, pooler=False, sparsity=sparsity)
    return replace(whole, start=pruned)


grid = []
for whole in full:
    ended = TaskModel(of=whole, before=whole.start)
    grid.append(ended)
    if control and isinstance(whole.start, Pretrained):
        grid.append(replace(ended, of=pruned_before(whole, 0.0)))
    for sparsity in sparsities:
        # A model that brings no text cannot be pruned while its pre-training goes on.
        before = [pruned_before] if isinstance(whole.start, Pretrained) else []
        grid += [
            replace(ended, of=way(whole, sparsity)) for way in (ways.retrained, ways.iterative, ways.random, *before)
        ]
        cuts = [ways.cut(whole, "magnitude", scope, sparsity, whole.seed) for scope in ("local", "global")]
        grid += [replace(ended, kept=cut) for cut in cuts]
        grid += [masks.mask(whole, method, sparsity) for method in methods]
        grid += [masks.pressed(whole, method, sparsity) for method in pressed]

# %% tags=["remove-cell"]
from functools import partial

import pandas as pd
from IPython.display import Markdown
from matplotlib.axes import Axes

from lottery.findings import equal_budgets
from lottery.findings.equal_budgets import BY_SIZE, FULL, LONGER
from lottery.suite import plots, tables
from lottery.suite.chapter import by_remaining, how_many, perform, points, read_published, remain, title
from lottery.suite.in_short import InShort

chapter = perform("experiments/all_methods", grid, results, records, workers=workers, scheduler=scheduler)
shown, finding, numbers = (
    partial(show, among=equal_budgets.scored) for show in (chapter.shown, chapter.finding, chapter.numbers)
)
learners = ("smp_l", "smp_s", "smp_s_released", "smp_g", "movement", "soft_movement", "l0")
BY_SCORE = [title(name, "mask_learning") for name in learners]
FAMILIES = {"by size, or at random": BY_SIZE, "by learned scores": BY_SCORE}

# %% [markdown]
# ## The methods, and what they have in common
#
# Weights are removed from the six matrices of every layer, 72 matrices in BERT-base; embeddings, pooler, biases and the
# task's head stay. *Local* removes the same share of each matrix, *global* ranks the weights of all matrices together. Each
# method selects as its paper does.
#
# - **Magnitude, in pre-training** {cite:p}`gordon2020`: pre-training goes on while the smallest weights go, locally; then the
#   model is fine-tuned.
# - **Magnitude, while fine-tuning** {cite:p}`zhu2017`: the smallest weights go step by step, locally, in the first part of the
#   training (`ramp`).
# - **Magnitude, after and retrained** {cite:p}`gordon2020`: half of the budget, one local cut, the other half.
# - **Magnitude, iterative, rewound** {cite:p}`frankle2019,chen2020`: train, remove globally, go back to the pre-trained
#   weights; the last round trains what is left. All rounds together have the budget.
# - **Magnitude, after**: the fully fine-tuned model is cut, locally or globally, and nothing is trained after that. The
#   global cut is the *m-pruning* of {cite:t}`prasanna2020`.
# - **Random, before**: random weights go before any training; this is the uninformed baseline.
# - **SMP-L**, **SMP-S**, **SMP-G** {cite:p}`jiang2023`: a mask is learned and no weight is changed; **movement**, **soft
#   movement** {cite:p}`sanh2020` and **L0** {cite:p}`louizos2018`: mask and weights are learned together
#   ({doc}`/experiments/mask_learning`).
#
# The budget is the number of fine-tuning steps, over all trainings that lead to a model. It leaves out pre-training, and so
# the steps in which the first method prunes: *All numbers* has these in a column, beside a full model whose pre-training
# went on for as long, where that was run. It also leaves out the search for learning rates: each group of methods has one
# for all tasks and sparsities, unless `chosen` gives a method its own. Soft movement and L0 have no target sparsity. The
# strength of their regulariser is searched for, one training after another, until about the wanted share remains; only the
# last of these trainings is counted.


# %% tags=["hide-input"]
def panels_of(rows: pd.DataFrame) -> list[str]:
    """For each task a panel of each family."""
    return [f"{title(task)}: {family}" for task in rows["task"].unique() for family in FAMILIES]


def drawn(rows: pd.DataFrame, axes: dict) -> None:
    """Score against the share of weights that remains: a row a task, a panel a family, a line each method."""
    for panel, ax in axes.items():
        task = next(each for each in rows["task"].unique() if panel.startswith(f"{title(each)}: "))
        here = rows[rows["task"] == task]
        for name in FAMILIES[panel.removeprefix(f"{title(task)}: ")]:
            curve(ax, here[here["method"] == name], name)
        means = 100 * here.groupby("method")["score"].mean()
        if LONGER in means:
            ax.axhline(means[LONGER], color="black", linestyle=":", label=LONGER)
        plots.of_task(ax, study.task_named(task), full=means[FULL] / 100, majority=here["majority"].mean(), name=FULL)
        plots.remaining(ax, equal_budgets.asked(rows))
        ax.set_title(panel, fontsize=10)


def curve(ax: Axes, rows: pd.DataFrame, name: str, *, x: str = "remaining") -> None:
    """The means of a method over its rows at each sparsity asked for, with bars that span the runs.

    Lines of methods that learn no score are broken: there are more methods than colours.
    """
    if rows.empty:
        return
    rows = rows.assign(remaining=100 * (1 - rows["sparsity"]))
    means = rows.groupby(["asked", "unit", "seed"])["score"].mean().reset_index()
    places = means["asked"].map(rows.groupby("asked")[x].mean())
    line = "-" if name in BY_SCORE else "--" if name in BY_SIZE else "none"
    plots.spread(places, 100 * means["score"], name, ax=ax, linestyle=line)


# %% [markdown]
# (x1)=
# ## All methods in one figure

# %% tags=["hide-input"] mystnb={"image": {"alt": "Score against the share of weights that remains: for each task a panel of the methods that go by the size of a weight or by chance, and one of those that learn a score; full fine-tuning is a dashed line in all."}, "figure": {"name": "all-methods", "caption": "All methods on one budget: the less remains, the more it matters how the weights were chosen. Points are means over runs, bars span them; full fine-tuning is dashed."}}
chapter.figure(drawn, panels_of, among=equal_budgets.scored, size=(3.2, 2.4), across=2)

# %% [markdown]
# ## Which is best at which sparsity
#
# Scores are means over the tasks, in points. Differences from full fine-tuning have 95% intervals (t), over worlds where
# there are several, else over seeds. At each sparsity every two methods are compared by a paired t test over the same
# worlds or seeds. As there are many pairs, their p-values are Holm-corrected together. With few worlds or seeds that is a
# high bar, so a pair that is not shown to differ may still do so.


# %% tags=["hide-input"]
def means(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a method, a column each share of remaining weights: the mean, and the difference from full fine-tuning."""
    sparsities = equal_budgets.asked(rows)
    whole = rows.loc[rows["method"] == FULL, "score"].mean()
    lines = {name: {} for name in [FULL, *BY_SIZE, *BY_SCORE]} | {FULL: dict.fromkeys(sparsities, points(whole))}
    for sparsity in sparsities:
        for name in equal_budgets.at(rows, sparsity)["method"].unique():
            lines[name][sparsity] = "some runs are missing"
        for name, (mean, difference) in equal_budgets.against_full(rows, sparsity).items():
            lines[name][sparsity] = f"{mean:.1f}: {difference.in_words()}"
    table = by_remaining({name: line for name, line in lines.items() if line}, gap="not met")
    return table.rename_axis("method")


def against_full(rows: pd.DataFrame) -> pd.DataFrame:
    """The differences from full fine-tuning alone, a row a method, of all tasks together."""
    lines = {name: {} for name in (*BY_SIZE, *BY_SCORE)}
    for sparsity in equal_budgets.asked(rows):
        for name, (_, difference) in equal_budgets.against_full(rows, sparsity).items():
            lines[name][sparsity] = difference.in_words()
    return by_remaining({name: line for name, line in lines.items() if line}, gap="not met").rename_axis("method")


finding(
    against_full,
    "Where half of the weights remain, methods differ by a few points; where 3% remain, by tens of points. Mean score over "
    "the tasks minus that of full fine-tuning (points), with 95% intervals.",
)

# %% tags=["hide-input"]
numbers(means, "Mean scores over the tasks (points), and their differences from full fine-tuning.")


# %% tags=["hide-input"]
def best(rows: pd.DataFrame) -> Markdown:
    """In words, at each sparsity: which is first, from how many others it is told apart, and how many pairs are."""
    lines = []
    for order in equal_budgets.orders(rows):
        first, *others = order.means.index
        line = f"- **{remain(order.sparsity)}:** *{first}* scores highest, {order.means[first]:.1f} points"
        line += f", then *{others[0]}*, {order.means[others[0]]:.1f}. " if others else ". "
        behind = f" (*{'*; *'.join(order.behind)}*)" if order.behind else ""
        line += (
            f"{len(order.behind) or 'None'} of the {how_many(len(others), 'other method')} "
            f"{'is' if len(order.behind) == 1 else 'are'} shown to be behind it{behind}; of all {how_many(order.tested, 'pair')}, "
            f"{order.apart or 'none'} {'is' if order.apart == 1 else 'are'} shown to differ. "
            if order.tested
            else "With one run each, nothing is shown to differ. "
        )
        if order.unmet:
            line += f"No strength tried leaves nearly as many weights with {' or '.join(order.unmet)}."
        lines.append(line)
    return Markdown("\n".join(lines))


def winners(rows: pd.DataFrame) -> Markdown | None:
    """At how many sparsities one method is shown to beat all others, in a sentence."""
    found = [order for order in equal_budgets.orders(rows) if order.tested]
    won = sum(len(order.behind) == len(order.means) - 1 for order in found)
    return (
        Markdown(
            f"At {won or 'none'} of the {how_many(len(found), 'share')} of remaining weights "
            f"{'one method is' if won else 'is one method'} shown to beat all others."
        )
        if found
        else None
    )


# %% [markdown]
# This build:

# %% tags=["hide-input"]
shown(best, "live")

# %% [markdown]
# The recorded runs of the miniature:

# %% tags=["hide-input"]
shown(best)


# %% [markdown]
# The papers' numbers come from several harnesses and budgets, some with a teacher. So they are listed under *All numbers*, and
# cannot be used to compare methods as above.


# %% tags=["hide-input"]
from lottery.findings import published


def printed(gordon: pd.DataFrame, jiang: pd.DataFrame) -> pd.DataFrame:
    """Accuracy on MNLI by method and paper, a column each share of remaining weights."""
    conditions = {"pruned_in_pretraining": equal_budgets.BEFORE, "pruned_downstream": equal_budgets.RETRAINED}
    ours = gordon[(gordon["task"] == "mnli") & gordon["condition"].isin(conditions)]
    scores = [(f"{conditions[row.condition]} (Gordon et al.)", row.sparsity, row.accuracy) for row in ours.itertuples()]
    theirs = jiang[(jiang["table"] == 1) & (jiang["task"] == "mnli") & (jiang["metric"] == "accuracy")]
    for row in theirs[~theirs["method"].isin(["fine_tuning", "cap"])].itertuples():
        guided = " with a teacher" if row.teacher else ""
        scores.append((f"{published.title(row.method)}{guided} (Jiang et al.)", row.sparsity, row.score))
    lines = {}
    for name, sparsity, score in scores:
        if sparsity in (0.5, 0.9, 0.97):
            lines.setdefault(name, {})[sparsity] = points(score)
    return by_remaining(lines).rename_axis("method")


tables.numbers(
    printed(*(read_published(name) for name in ("gordon2020_table1", "jiang2023_results"))),
    "In print: accuracy on MNLI (x 100) of BERT-base.",
)

# %% [markdown]
# ## What a task has to store
#
# The same share of weights does not mean the same file size. A method that freezes the weights adds only a mask to the
# pre-trained model. The other methods change every weight that they keep, and more: fine-tuning moves the embeddings as well,
# which are not pruned, here as in the papers. Movement, soft movement, L0 and *magnitude, while fine-tuning* leave the
# embeddings as they were. Two things are counted here: the numbers of the encoder that are neither the pre-trained ones nor
# 0, at four bytes each, and the mask at the entropy of its share, which a file comes close to ({doc}`/analyses/mask_files`).
# The task's head, the same for all, is left out.


# %% tags=["hide-input"]
def stored_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """Mean score over the tasks against the bytes a task has to store, a panel a family."""
    rows = rows.assign(kilobytes=rows["stored"] / 1000)
    for family, ax in axes.items():
        for name in [*FAMILIES[family], FULL]:
            curve(ax, rows[rows["method"] == name], name, x="kilobytes")
        ax.set(xscale="log", xlabel="stored for a task (kB)", ylabel="mean score over the tasks (x 100)")
        ax.set_title(family, fontsize=10)
        ax.minorticks_off()


# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean score against the kilobytes that a task has to store beside the pre-trained model, for the methods in two panels."}, "figure": {"name": "all-methods-stored", "caption": "A mask over frozen weights stores about a hundredth of what full fine-tuning does, at some cost in score. Along a line the sparsity changes."}}
chapter.figure(stored_drawn, [*FAMILIES], among=equal_budgets.scored, size=(3.8, 3.2), across=2)


# %% tags=["hide-input"]
def costs(rows: pd.DataFrame) -> pd.DataFrame:
    """Steps, numbers trained and changed, and kilobytes, means over tasks and seeds; numbers at the highest sparsity."""
    lines, sparsities = {}, equal_budgets.asked(rows)
    for name in [FULL, LONGER, *BY_SIZE, *BY_SCORE]:
        some = rows[rows["method"] == name]
        if some.empty:
            continue
        levels = {each: some if name in (FULL, LONGER) else equal_budgets.at(some, each) for each in sparsities}
        lines[name] = {
            "fine-tuning steps": f"{some['steps'].mean():,.0f}",
            "pre-training steps": f"{some['pretraining_steps'].mean():,.0f}",
            "numbers trained at last": mean(levels[sparsities[-1]]["trained"]),
            f"numbers changed, {remain(sparsities[-1])}": mean(levels[sparsities[-1]]["changed"]),
            **{f"kB stored, {remain(each)}": mean(here["stored"] / 1000, ".1") for each, here in levels.items()},
        }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("method")


def mean(values: pd.Series, digits: str = ".0") -> str:
    """The mean in words; "not met" where no strength tried leaves so many weights."""
    return f"{values.mean():,{digits}f}" if len(values) else "not met"


# %% tags=["hide-input"]
from lottery.findings import step_times
from lottery.suite.chapter import recorded


def timed_costs(rows: pd.DataFrame) -> pd.DataFrame:
    """As `costs`, with the time of the fine-tuning steps in units of plain ones, at BERT-base's size."""
    ratio = step_times.in_steps(timed).mean(axis=1).rename(equal_budgets.learning)
    times = {name: count * ratio.get(name, 1.0) for name, count in rows.groupby("method")["steps"].mean().items()}
    table = costs(rows)
    table.insert(1, "their time, in plain steps", pd.Series(times).map("{:,.0f}".format))
    return table


timed = recorded(records, "miniature", "mask_learning")
timed = timed[timed["experiment"] == "StepTime"] if len(timed) else timed
finding(
    timed_costs if len(timed) else costs,
    "A mask over frozen weights stores a small part of what any method stores that trains its weights.",
    part=lambda table: table.filter(like="kB stored"),
    what="Steps, numbers trained and changed, and bytes.",
)

# %% [markdown]
# *Their time* is the time of the steps on a CPU at BERT-base's size, in units of a plain step of fine-tuning. Steps that learn
# a mask were timed in turns with plain ones ({doc}`/experiments/mask_learning`); steps under a fixed mask count as plain. The
# search for the strength of soft movement and L0 is left out.


# %% tags=["hide-input"]
def smallest(rows: pd.DataFrame) -> Markdown:
    """The smallest store of a model shown to be at most two points below full fine-tuning, and what that stores."""
    whole = rows.loc[rows["method"] == FULL, "stored"].mean()
    one = equal_budgets.smallest(rows)
    if one is None:
        return Markdown(
            "No model is shown to be at most two points below full fine-tuning, by the 90% interval of the difference, so "
            "the smallest such model is not known."
        )
    return Markdown(
        f"Full fine-tuning stores {whole / 1000:,.1f} kB per task. Of the models shown to be at most two points below it, the "
        f"smallest is *{one['method']}* with {1 - one['asked']:.0%} of the weights: {one['stored'] / 1000:,.1f} kB, with a "
        f"difference of {one['more'].in_words()} points (90% interval)."
    )


shown(smallest, "live")

# %% [markdown]
# The recorded runs of the miniature:

# %% tags=["hide-input"]
shown(smallest)

# %% [markdown]
# ## What this does not say
#
# The seeds change the head, the order of the examples, noise, and the pruning in pre-training. Within one world the
# pre-trained model and the data are the same, so the intervals are those of this model and these tasks. Scores are on the
# dev set. Only the strength of soft movement and L0 was chosen by the models scored on it, and by their sparsity alone. With
# a larger budget the order may change: iterative pruning has few steps per round here, and the paper on learned masks
# trains them for 12 to 60 epochs.

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter)
found = [shown(winners), shown(best), shown(smallest)]
orders = equal_budgets.orders(equal_budgets.scored(chapter.miniature)) if len(chapter.miniature) else []
short.summary(found)

# %% tags=["remove-input", "in-short"]
short.box(
    question="Which method should one take when all have the same budget?",
    done=(
        "The methods of three papers prune one pre-trained model on the same tasks, to the same shares of the "
        "same weights, in the same number of fine-tuning steps. Methods without a target sparsity are trained "
        "at several strengths, and the one nearest to the target counts. The bytes that a task has to store are "
        "counted, too."
    ),
    not_shown=(
        "The model is the miniature, and the order of methods on BERT may differ. With a larger budget the order "
        "may change."
    ),
    found=found,
    numbers={
        f"highest mean score (x 100) where {remain(order.sparsity)}": {
            "miniature": f"{order.means.index[0]}, {order.means.iloc[0]:.1f}"
        }
        for order in orders
    },
)
