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
#     order: 30
# ---

# %% [markdown]
# # Do whole heads, or other models, make a better rival?
#
# {cite:t}`jiang2023` also compare their masks with two methods that are not in the [first chapter](j1). *Super tickets*
# {cite:p}`liang2021` remove whole heads and MLPs, and are said to be *better* than the full model as long as little is
# removed. *Contrastive pruning*, CAP {cite:p}`xu2022`, is movement pruning with three more terms in the loss, which
# pull sentence vectors towards those of other models. This chapter rebuilds both, with controls that show where a gain
# comes from.
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
world = 1  # seed of the miniature's world and of its pre-training
tuning_seeds = [1]  # of the head, the order of the examples and what is drawn
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["cola"]  # files in lottery/tasks, or "own": a file of your own
tenths = [2]  # levels of super tickets: so many tenths of the heads go, and twelfths of the MLPs
released_tasks = []  # those of the tasks on which super tickets are also found as the released code does
held_out_tasks = []  # those of the tasks on which the level is also chosen on examples held out of train
train_examples = 1000  # that models are then trained on; the rest of train is held out
contrast_tasks = ["cola"]  # files in lottery/tasks
contrast_sparsities = [0.9]  # shares of the weights of the layers' matrices to remove
contrasts = ["released"]  # how CAP's terms are taken: "released", "mean"; []: CAP is not tried
epochs = 6.0  # of training, for everything that is trained
ramp = 0.5  # share of the steps over which the sparsity rises
taught = 0.9  # share of the teacher in the loss of CAP
batch_size = 32
score_rate = 6e-2  # learning rate of scores
weight_rate = 3e-3  # of weights
joint_rate = 3e-4  # the same for movement, whose scores follow from how weights are trained
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.experiments.pruned_score import PrunedScore
from lottery.experiments.studies import MaskStudy, TaskStudy
from lottery.experiments.super_ticket import SuperTicket
from lottery.experiments.tickets import Ticket
from lottery.suite.given import given

globals().update(given("experiments/structured_tickets", globals()))
study = TaskStudy.from_cell(globals())
full = [
    study.tuned(task, seed, world=world, learning_rate=weight_rate, saved=True)
    for task in dict.fromkeys([*tasks, *contrast_tasks])
    for seed in tuning_seeds
]
tickets = [
    SuperTicket(of=of, tenths=level, which=which, recipe=recipe, seed=of.seed if which == "random" else 0)
    for of in full
    if of.task in tasks
    for level in tenths
    for recipe in ("printed", "released")
    for which in ("super", "random", "reversed")
    if recipe == "printed" or (of.task in released_tasks and which != "reversed")
]
parts = [
    replace(of, train_examples=train_examples, scored_unseen=True)
    for of in full
    if of.task in tasks and of.task in held_out_tasks
]
tickets += [SuperTicket(of=of, tenths=level) for of in parts for level in tenths]
again = [replace(ticket.of, start=Ticket(of=ticket.of.start, kept=ticket), saved=False) for ticket in tickets]
cut = [PrunedScore(of=ticket.of, kept=ticket) for ticket in tickets]
movement = [
    MaskStudy.from_cell(globals()).mask(of, "movement", sparsity)
    for of in full
    if of.task in contrast_tasks and contrasts
    for sparsity in contrast_sparsities
]
teacher = {(of.task, of.seed): of for of in full}
guided = [replace(each, teacher=teacher[each.task, each.seed], taught=taught) for each in movement]
contrasted = [replace(each, contrasted=recipe) for each in guided for recipe in contrasts]
scores = dict.fromkeys(needed for ticket in tickets for needed in ticket.preceding)
grid = [*full, *parts, *scores, *cut, *again, *movement, *guided, *contrasted]

# %% tags=["remove-cell"]
from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.axes import Axes
from transformers import BertConfig

from lottery.experiments.super_ticket import sizes
from lottery.statistics import Estimate
from lottery.suite import plots, tables
from lottery.suite.chapter import each_task, how_many, perform, read_published, tasks_of, title
from lottery.suite.in_short import InShort

chapter = perform("experiments/structured_tickets", grid, results, records, workers=workers, scheduler=scheduler)
NOT_HERE = "*Not part of this build.*"
shown = partial(chapter.shown, nothing=NOT_HERE)
base = BertConfig()  # BERT-base is the default
BERTS = {"heads": base.num_hidden_layers * base.num_attention_heads, "mlps": base.num_hidden_layers}
LEVELS = range(1, 9)  # of the paper

# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# (j9)=
# ## Super tickets
#
# A fine-tuned model tells what matters. Give every head and every MLP a gate, at every token of every training example.
# The gate's gradient there is the product of the component's output and the loss's gradient with respect to that
# output. The sizes of these products, summed over tokens and averaged over examples, are the component's importance; a
# head's is divided by the root of the sum of squares over its layer. The least important components go *at once*, and
# importance is not computed again. What is left, with the weights it had *before* fine-tuning, is a ticket, and is
# trained as the full model was. Two kinds of controls have the same size: *random* tickets, and *reversed* ones, which
# keep what matters least.


# %% tags=["hide-input"]
def levels() -> Markdown:
    """What goes on the paper's first level and on its last."""
    (heads, mlps), (last_heads, last_mlps) = sizes(LEVELS[0], **BERTS), sizes(LEVELS[-1], **BERTS)
    return Markdown(
        f"In print there are {len(LEVELS)} levels. The first removes {heads} of BERT-base's {BERTS['heads']} heads "
        f"and {mlps} of its {BERTS['mlps']} MLPs, the last {last_heads} heads and {last_mlps} MLPs."
    )


levels()


# %% tags=["hide-input"]
from lottery.findings import super_tickets
from lottery.findings.super_tickets import FULL, TICKETS


def printed_tickets(runs: pd.DataFrame) -> pd.DataFrame:
    """The tickets of the paper's kinds."""
    return super_tickets.printed(super_tickets.scored(runs))


def drawn(rows: pd.DataFrame, ax: Axes) -> None:
    """Of one task the score against the share of heads that is kept, a line each kind of ticket."""
    for ticket in TICKETS:
        some = rows[rows["ticket"] == ticket]
        plots.spread(100 * some["heads"], 100 * some["score"], ticket, ax=ax)
    task, whole = study.task_named(rows["task"].iloc[0]), rows.loc[rows["ticket"] == FULL, "score"].mean()
    plots.of_task(ax, task, full=whole, majority=rows["majority"].mean(), name=FULL)
    ax.set(xlabel="heads kept (%)")
    ax.xaxis.set_inverted(True)  # more is removed to the right, as in the other figures


# %% tags=["hide-input"] mystnb={"image": {"alt": "Score against the share of heads that is kept, for super, random and reversed tickets of each task; the full model is a dashed line."}, "figure": {"name": "super-tickets", "caption": "No super ticket is shown to be better than the full model, and only some are better than random tickets of their size. Tickets of heads and MLPs, retrained from the pre-trained weights; points are means over seeds, bars span them."}}
chapter.figure(each_task(drawn), tasks_of, among=printed_tickets, size=(3.2, 2.6))

# %% [markdown]
# ### Is a super ticket better than the full model, or than any other ticket?


# %% tags=["hide-input"]
def compared(runs: pd.DataFrame) -> pd.DataFrame:
    """Super tickets against the full model and both controls, a row a level."""
    rows = super_tickets.printed(super_tickets.scored(runs))
    kept = rows[rows["ticket"] == "super"].groupby("tenths")[["heads", "mlps"]].mean()
    columns = {f"{name} kept": kept[part].map("{:.0%}".format) for name, part in (("heads", "heads"), ("MLPs", "mlps"))}
    for other in (FULL, *TICKETS[1:]):
        differences = super_tickets.against(rows, other)
        columns[f"super minus {other}"] = pd.Series({level: each.in_words() for level, each in differences.items()})
    return pd.DataFrame(columns).rename(index=lambda level: f"level {level}").rename_axis("super ticket")


chapter.finding(
    compared,
    "At no level is a super ticket shown to do better than the full model. Mean scores over the tasks minus those of "
    "others (points), with 95% intervals over seeds.",
    part=lambda table: table.filter(like="super minus"),
    what="Super tickets against others (points), with what each level keeps.",
)


# %% tags=["hide-input"]
def verdict(runs: pd.DataFrame, source: str) -> Markdown:
    """At which levels the interval of the difference to the full model, and to a random ticket, lies above 0."""
    rows = super_tickets.printed(super_tickets.scored(runs))
    to_full, to_random = (super_tickets.against(rows, other) for other in (FULL, "random"))
    best = max(to_full, key=lambda level: to_full[level].mean)
    first = (
        f"{source}: at the best level, level {best}, a super ticket differs from the full model by "
        f"{to_full[best].in_words()} points."
    )
    if np.isnan([each.low for each in to_full.values()]).all():
        return Markdown(f"{first} With a single seed that may be luck.")
    return Markdown(
        f"{first} By 95% intervals, {shown_at(to_full, 'the full model')}; "
        f"{shown_at(to_random, 'a random ticket of its size')}."
    )


def shown_at(differences: Mapping[object, Estimate], other: str) -> str:
    """At how many levels a super ticket is shown to be better or worse than another."""
    better, worse = super_tickets.apart(differences)
    if not better + worse:
        return f"it is not shown to differ from {other} at any of {how_many(len(differences), 'level')}"
    return f"it is better than {other} at {better} of {how_many(len(differences), 'level')} and worse at {worse}"


shown(verdict, "live", named=True)

# %% tags=["hide-input"]
shown(verdict, named=True)

# %% [markdown]
# Differences are in points, means over tasks; the 95% intervals are over seeds (paired t), and a single seed has none.
# Of several levels, one interval in twenty is off by chance, and the best level is the luckiest.
#
# (x13-tickets)=
# ### On which examples is the level chosen?
#
# In the paper, each task takes the one of eight levels that is best on dev, and reports its score on dev. The best of
# eight numbers looks good even if all eight models are alike. Here the same is done with models that are trained on a
# part of train. The level is chosen once on dev, and once on the examples that were held out. Only the second choice
# gives a fair result.


# %% tags=["hide-input"]
def chosen(runs: pd.DataFrame) -> pd.DataFrame:
    """By where the level is chosen: the levels, and what the chosen ticket has on dev and there over the full model."""
    lines = {}
    for name, some in super_tickets.chosen(super_tickets.scored(runs)).groupby("chosen_on", sort=False):
        there, on_dev = (super_tickets.gain(some, column).in_words() for column in ("there", "on_dev"))
        lines[name] = {
            "models": len(some),
            "level, mean": f"{some['level'].mean():.1f}",
            "heads kept": f"{some['heads'].mean():.0%}",
            "over the full model where it is chosen (points)": there,
            "over the full model on dev (points)": on_dev,
        }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("the level is chosen on")


chapter.numbers(chosen, "Where the level is chosen, and what its ticket gains.", nothing=NOT_HERE)

# %% [markdown]
# The paper's Table 2 quotes super tickets of BERT-base. The share that remains is a mean over its tasks.


# %% tags=["hide-input"]
jiang = read_published("jiang2023_results")


def quoted() -> pd.DataFrame:
    """Scores of the full model, super tickets and SMP, and the difference of the first two."""
    rows = jiang[(jiang["table"] == 2) & (jiang["model"] == "bert-base-uncased")]
    left = (1 - rows.groupby("method")["sparsity"].first()).map(lambda share: f"{100 * share:.3g}% remain")
    table = 100 * rows.pivot_table(index="task", columns="method", values="score", sort=False)
    table = table[["fine_tuning", "supert", "smp"]].assign(more=table["supert"] - table["fine_tuning"])
    titles = [FULL, f"super ticket, {left['supert']}", f"SMP, {left['smp']}", "super ticket minus full"]
    names = {task: title(task) for task in table.index if task != "average"} | {"average": "their average, as printed"}
    return table.set_axis(titles, axis=1).rename(index=names).map("{:.1f}".format).rename_axis("task")


tables.finding(
    quoted(),
    "In print, a super ticket is above the full model on some tasks and below it on others, even with its level "
    "chosen on the dev set that is reported. Scores (x 100) of BERT-base, as quoted in Table 2 of Jiang et al.",
)


# %% tags=["hide-input"]
from lottery.findings import published

of_base = jiang[(jiang["table"] == 2) & (jiang["model"] == "bert-base-uncased") & (jiang["task"] != "average")]


def gains() -> Markdown:
    """How many of the paper's tasks gain."""
    more = published.added(of_base, "method", "supert", "fine_tuning", ["task"])
    mean, gained, lost = published.gains(more)
    return Markdown(
        f"In print, a super ticket with its level chosen on dev is above the full model on {gained} of {len(more)} "
        f"tasks and below it on {lost}. The mean difference is {mean.mean:+.2f} points, and "
        f"{more.drop('stsb').mean():+.2f} points without STS-B, where the full model's number is that of RoBERTa, "
        "probably by a slip."
    )


gains()

# %% [markdown]
# ### What changes with the released code?
#
# Three things in the code of {cite:t}`liang2021` are not what one expects, and the tickets called *released* do all
# three. Gradients are never set back to zero while importance is summed up, so of $B$ batches the first counts $B$
# times and the last once. A layer always keeps its most important head. And the heads and MLPs removed at random are
# drawn *with* replacement: one that is drawn twice is removed once, so a random ticket is larger than the super ticket
# it is compared with. Of $n$ heads, $k$ draws remove $n (1 - (1 - 1/n)^k)$ on average.


# %% tags=["hide-input"]
def too_large() -> pd.DataFrame:
    """Heads and MLPs of BERT-base that a level names, and that drawing with replacement removes on average."""
    lines = {}
    for level in LEVELS:
        named = sizes(level, **BERTS)
        gone = [f"{super_tickets.drawn(*each):.1f}" for each in zip(BERTS.values(), named, strict=True)]
        counts = {"heads": (named[0], gone[0]), "MLPs": (named[1], gone[1])}
        lines[f"level {level}"] = {
            f"{what}: {how}": each
            for what, pair in counts.items()
            for how, each in zip(("named", "gone"), pair, strict=True)
        }
    return pd.DataFrame.from_dict(lines, orient="index")


tables.numbers(
    too_large(),
    "Heads and MLPs of BERT-base that a level should remove, and those that random draws remove on average.",
)


# %% tags=["hide-input"]
from lottery.statistics import Estimate


def recipes(runs: pd.DataFrame) -> pd.DataFrame:
    """The released tickets beside the printed ones: heads kept and scores, a row a kind and level."""
    lines = {}
    for row in super_tickets.recipes(super_tickets.scored(runs)).to_dict("records"):
        lines[str(row["ticket"]), f"level {row['tenths']}"] = {
            "heads kept": f"{row['heads_printed']:.0%}",
            "as released": f"{row['heads_released']:.0%}",
            "score, released minus printed (points)": in_words(row),
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def in_words(row: dict) -> str:
    """A line's difference in points with its interval."""
    return Estimate(row["mean"], row["low"], row["high"]).in_words()


chapter.numbers(recipes, "Tickets as released beside those as printed.", nothing=NOT_HERE)

# %% [markdown]
# ## CAP: movement pruning with contrast
#
# CAP learns scores as [movement](j8) does, under a teacher, and adds three terms. For every training sentence it keeps
# the vector, of length 1, that the classifier would read, in three banks: of the pre-trained model, of the fine-tuned
# teacher, and of the pruned model itself at the beginning of every epoch. In each step the batch's vectors are compared
# with each bank. Let $p_{ij}$ be the softmax of $\cos(z_i, z_j) / \tau$ over all vectors $j$ of the comparison. The
# *unsupervised* part is $-\log p_{ij}$ for the vectors of the same sentence, the *supervised* part for those of the
# same class.


# %% tags=["hide-input"]
from lottery.training import contrast


def weights() -> Markdown:
    """How much the parts of CAP's loss count."""
    return Markdown(
        f"As released, $\\tau$ is {contrast.TEMPERATURE:g}, and the unsupervised part has a weight of "
        f"{contrast.UNSUPERVISED:g}, the supervised part one of {contrast.SUPERVISED:g}. In this build the teacher "
        f"makes up {taught:.0%} of the rest of the loss."
    )


weights()

# %% [markdown]
# That seems much weight for the classes. But the code takes the mean over the vectors of a class and then divides by
# their number once more, so with a thousand vectors only a thousandth of the supervised part is left. *CAP, released*
# does that; *CAP, means* divides once, as the contrastive loss is defined {cite:p}`khosla2020`, with the same weights.
# What the contrast adds is the difference from movement under the same teacher.


# %% tags=["hide-input"]
from lottery.findings import contrasted_masks, learned_masks
from lottery.findings.contrasted_masks import CAP, GUIDED, MOVEMENT
from lottery.suite.chapter import remain


def contrast_of(rows: pd.DataFrame) -> pd.DataFrame:
    """A line for each difference and sparsity."""
    lines = contrasted_masks.added(rows)
    names = [f"{line.one} minus {line.other}, {remain(line.asked)}" for line in lines.itertuples()]
    return lines.assign(name=names)


def contrast_drawn(lines: pd.DataFrame, axes: dict) -> None:
    """A dot and an interval for each difference and sparsity."""
    ax = axes["contrast"]
    plots.differences(lines, name="name", mean="mean", low="low", high="high", order=order, ax=ax)
    ax.set(xlabel="mean score over the tasks (points)")
    ax.tick_params("y", labelsize=8)


# %% tags=["hide-input"] mystnb={"image": {"alt": "What CAP scores more than movement pruning, and than movement pruning under the same teacher, for each sparsity."}, "figure": {"name": "cap", "caption": "Contrast adds nothing to movement pruning that its teacher does not. Differences of mean scores over the tasks, with 95% intervals over seeds where there are several."}}
every = [contrasted_masks.learners(rows) for rows in (chapter.miniature, chapter.live) if len(rows)]
order = [*dict.fromkeys(pd.concat([contrast_of(rows)["name"] for rows in every if len(rows)]))]
chapter.figure(
    contrast_drawn,
    ["contrast"],
    among=lambda runs: contrast_of(rows) if len(rows := contrasted_masks.learners(runs)) else rows,
    size=(7.0, 0.3 * len(order) + 1.0),
)


# %% tags=["hide-input"]
def contrast_adds(runs: pd.DataFrame, source: str) -> Markdown | pd.DataFrame:
    """What CAP, released, adds to movement and to movement with the teacher, and how good that teacher is."""
    rows, cap = contrasted_masks.learners(runs), CAP["released"]
    if cap not in set(rows["learner"]):
        return rows[:0]
    taught = runs[(runs["experiment"] == "FineTuning") & (runs["start"] != "Ticket") & (runs["train_examples"] == 0)]
    taught = taught[taught["task"].isin(rows["task"])]
    sentences = [
        f"{source}: the teacher itself scores {100 * learned_masks.scored(taught)['score'].mean():.1f} on average. On "
        f"the training set, where it teaches, its loss is {taught['train_loss'].mean():.2f} nats; the closer to 0, "
        "the more it knows these examples by heart."
    ]
    added = {
        (line["asked"], line["one"], line["other"]): in_words(line)
        for line in contrasted_masks.added(rows).to_dict("records")
    }
    scores = rows[rows["learner"] == MOVEMENT].groupby("asked")["score"].mean()
    for asked, score in scores.items():
        sentences.append(
            f"Where {remain(asked)}, movement scores {100 * score:.1f}. {cap} changes that by "
            f"{added[asked, cap, MOVEMENT]} points: the teacher by {added[asked, GUIDED, MOVEMENT]}, the contrast by "
            f"{added[asked, cap, GUIDED]}."
        )
    return Markdown(" ".join(sentences))


shown(contrast_adds, "live", named=True)

# %% tags=["hide-input"]
shown(contrast_adds, named=True)

# %% [markdown]
# *All numbers* shows how much the three kinds of terms weigh over the training set at the end of training.


# %% tags=["hide-input"]
def weighed(rows: pd.DataFrame) -> pd.DataFrame:
    """The parts of the loss by learner, task and sparsity, means over seeds."""
    lines = {}
    rows = rows[rows["learner"].isin(CAP.values())]
    for (learner, task, asked), some in rows.groupby(["learner", "task", "asked"], sort=False):
        parts = np.mean(np.stack(some["losses"].map(np.asarray).tolist()), axis=0)
        names = ("labels and teacher", "unsupervised", "supervised")
        line = dict(zip(names, map("{:.3f}".format, parts), strict=True))
        lines[learner, title(task), f"{1 - asked:.0%}"] = line | {"score (x 100)": f"{100 * some['score'].mean():.1f}"}
    table = pd.DataFrame.from_dict(lines, orient="index")
    return table.rename_axis(["", "task", "remaining weights"]) if lines else table


chapter.numbers(
    weighed, "Parts of CAP's loss (nats), means over seeds.", among=contrasted_masks.learners, nothing=NOT_HERE
)


# %% tags=["hide-input"]
def quoted_contrast() -> pd.DataFrame:
    """CAP minus the other methods, in points, by task and remaining weights."""
    rows = published.one_metric(jiang[(jiang["table"] == 1) & jiang["teacher"]])
    lines = {}
    for name in rows.loc[~rows["method"].isin(["cap", "fine_tuning"]), "method"].unique():
        more = published.added(rows, "method", "cap", name, ["task", "sparsity"])
        for (task, sparsity), value in more.items():
            lines.setdefault((task, sparsity), {})[published.title(name)] = f"{value:+.1f}"
    table = pd.DataFrame.from_dict(lines, orient="index").sort_index().fillna("")
    table.index = [f"{title(task)}, {remain(sparsity)}" for task, sparsity in table.index]
    return table.rename_axis("CAP minus", axis=1)


tables.numbers(quoted_contrast(), "CAP minus others in Table 1 of Jiang et al., BERT-base under a teacher (points).")

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter)
found = [shown(partial(verdict, source="On the miniature")), gains()]
more = published.added(of_base, "method", "supert", "fine_tuning", ["task"])
levels_apart = super_tickets.against(printed_tickets(chapter.miniature), FULL) if len(chapter.miniature) else {}
short.summary(found)

# %% tags=["remove-input", "in-short"]
short.box(
    question="Do super tickets of whole heads, or contrastive pruning (CAP), make a better rival to learned masks?",
    done=(
        "Super tickets are found at eight levels, and compared with random and with reversed tickets. The level is "
        "chosen on dev, as in the paper, and on held-out examples. CAP is compared with movement pruning, without "
        "and with the same teacher."
    ),
    not_shown="There is only one world of the miniature, so a gain of a point or two would not be seen.",
    found=found,
    numbers={
        "super ticket minus full model, in print with its level chosen on dev, here at the best level (95% intervals)": {
            "published": f"{published.gains(more)[0].in_words(form='+.2f')} points",
            "miniature": f"{max(levels_apart.values(), key=lambda each: each.mean).in_words()} points"
            if levels_apart
            else "",
        }
    },
)
