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
#     order: 10
# ---

# %% [markdown]
# # How much a head matters
#
# A transformer's layer has two kinds of parts that can be switched off one by one: its attention heads, and the
# feed-forward network behind them, its MLP. {cite:t}`prasanna2020` remove those that matter least to a task, and ask
# whether the rest is a good model, whether other runs would have kept the same, and whether what is kept means
# anything. All of that hangs on the word *matter*. This chapter measures it as the paper says, as its code does, and in
# a few other ways. It shows how far they agree, and asks which of them is right: by how much does the loss really rise
# when one head, or one MLP, is gone?
#
# You can run it on a file of your own, too: {doc}`/your_own` has the command.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `data_dir` or `train_file`
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
train_file = ""  # of the task "own": .csv, .tsv or .jsonl, one row an example; of tags .conll or .jsonl
dev_file = ""  # another, to score on; "": a share of train_file is held out for that
dev_share = 0.2  # that share
text_column = "text"
second_column = ""  # of a second text, for pairs
label_column = "label"  # "": there is none, and what a classifier of yours answers as it is counts as right
labels = "classes"  # what the labels are: "classes", "numbers" or "tags", one for each word
examples = 0  # of a task's training set, at most so many, drawn by label and the same for every run; 0: all
dev_examples = 0  # of what it is scored on, likewise
worlds = [1]  # seeds of the miniature and of its language
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["cola"]  # files in lottery/tasks, or "own": a file of your own
tuning_seeds = [1]  # of the fine-tunings: all of them in the first world, the first one in every other
scores = ["sample", "batch", "running", "token", "taylor", "magnitude", "attention_entropy", "random"]
orders = [1]  # shuffles of the dev set, for the scores that depend on its order
searched = ["sample", "running", "random"]  # by which tickets are searched
pairs = 60  # of heads that are removed together, drawn
epochs = 2.0
batch_size = 32
learning_rate = 1e-3
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.experiments.component_removal import ComponentRemoval
from lottery.experiments.component_scores import ComponentScores
from lottery.experiments.component_search import ComponentSearch
from lottery.experiments.example_sensitivity import ExampleSensitivity
from lottery.experiments.studies import TaskStudy
from lottery.suite.given import given

globals().update(given("experiments/component_importance", globals()))
study = replace(TaskStudy.from_cell(globals()), takes_tags=True)
dense = [
    study.tuned(task, seed, world=world, learning_rate=learning_rate, saved=True)
    for task in tasks
    for world, seed in study.drawn(worlds, tuning_seeds)
]
ORDERED = ("batch", "running", "token_sum_running")
scored = [ComponentScores(of=of, importance=score) for of in dense for score in scores]
shuffled = [
    ComponentScores(of=of, importance=score, order=order)
    for of in dense
    for score in scores
    if score in ORDERED
    for order in orders
]
searches = [ComponentSearch(of=of, importance=score, mode="both") for of in dense for score in searched]
removed = [ComponentRemoval(of=of, pairs=pairs, seed=of.seed) for of in dense]
grid = [*scored, *shuffled, *[ExampleSensitivity(of=of) for of in dense], *removed, *searches]

# %% tags=["remove-cell"]
from collections.abc import Iterable

import numpy as np
import pandas as pd
from IPython.display import Markdown

from lottery.choices import offered
from lottery.findings import component_removal, component_scores
from lottery.statistics import Estimate
from lottery.suite import plots
from lottery.suite.chapter import between, perform, title, with_range
from lottery.suite.in_short import InShort
from lottery.suite.palette import look

chapter = perform("experiments/component_importance", grid, results, records, workers=workers, scheduler=scheduler)

# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# (p2)=
# (p2-minilm)=
# ## A gate on every head
#
# Put a number $\xi$ before the output of a head, or of an MLP, and multiply. At $\xi = 1$ the model is as it was, at
# $\xi = 0$ the head is gone. How steeply the loss changes with $\xi$ is what {cite:t}`michel2019` call its importance,
#
# ```{math}
# I_h = \mathbb{E}_x \left| \frac{\partial \mathcal{L}(x)}{\partial \xi_h} \right|,
# ```
#
# with the size taken *before* the mean over examples $x$, so that an example that needs the head and one that is harmed
# by it do not cancel. Gradients differ in size from layer to layer, so each head's importance is divided by the square
# root of the sum of squares of its layer's. MLPs, one in each layer, are compared as they are.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Importance of every attention head, layers down and heads across, and of every MLP, for each task: one fine-tuned model each."}, "figure": {"name": "component-importance", "caption": "In no layer is one head all that matters, and what matters differs from task to task. Heads are divided by their layer's norm, MLPs by the highest; the first fine-tuned model of each task."}}
def maps_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """A map of heads and MLPs for each task: the first seed, by the stated score if it is there."""
    for row in firsts(rows).to_dict("records"):
        if title(row["of.task"]) in axes:
            heads = np.reshape(row["normalised"], (int(row["layers"]), -1))
            mlps = np.asarray(row["mlp_scores"], dtype=float)
            mlps = mlps / mlps.max() if len(mlps) else np.full(len(heads), np.nan)
            ax = axes[title(row["of.task"])]
            plots.components(heads, mlps[:, None], "importance {:.2f}", ax=ax)
            ax.set_title(title(row["of.task"]))


def firsts(rows: pd.DataFrame) -> pd.DataFrame:
    """The scores of the first seed of each task, of at most four tasks."""
    usual = rows[(rows["experiment"] == "ComponentScores") & (rows["order"] == 0)]
    stated = usual[usual["importance"] == component_scores.STATED]
    return (stated if len(stated) else usual).drop_duplicates("of.task").head(4)


chapter.figure(maps_drawn, lambda rows: [*firsts(rows)["of.task"].map(title)], live=False, scale="", size=(2.9, 1.9))

# %% [markdown]
# (x2)=
# ## Every example by itself
#
# Give every example of a batch a gate of its own. Since no example's gate reaches another example's loss, one backward
# pass through the *sum* of their losses gives the gradient of each, exactly, for every head and every MLP. That costs
# hardly more than a backward pass that stops at the activations, because no weight needs a gradient. And with the
# single examples at hand one can ask what makes up the mean.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of each head's importance that is left if signs cancel over the dev set, and the share that a tenth of the examples makes; one point a head."}, "figure": {"name": "component-importance-examples", "caption": "A few examples make much of a head's importance, and little of it would be left if signs could cancel over the dev set. One point a head; the dashed line is the share of a tenth of the examples if all were alike."}}
TENTH = "made by a tenth of the examples (%)"


def examples_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """A colour for each task."""
    for task, some in rows.groupby("of.task", sort=False):
        left, tenth = (100 * np.concatenate([*some[column]]) for column in ("heads_left", "heads_by_tenth"))
        axes[TENTH].plot(left, tenth, markersize=3, alpha=0.6, label=title(task), linestyle="", **look(title(task)))
    axes[TENTH].axhline(10, color="grey", linestyle="--", linewidth=1)
    axes[TENTH].set(xlabel="left if signs cancel (%)", ylabel=TENTH, xlim=(0, 100), ylim=(0, 100))


tables = {"this build": chapter.live, "miniature, recorded": chapter.miniature, "MiniLM, recorded": chapter.minilm}
tables = {name: rows for name, rows in tables.items() if len(rows)}
chapter.figure(
    examples_drawn, [TENTH], among=lambda rows: rows[rows["experiment"] == "ExampleSensitivity"], size=(3.8, 3.2)
)


# %% tags=["hide-input"]
def examples_told(rows: pd.DataFrame) -> str:
    """How much cancels, and how uneven the examples are, over heads, tasks and seeds."""
    rows = rows[rows["experiment"] == "ExampleSensitivity"]
    left, tenth = (np.concatenate([*rows[column]]) for column in ("heads_left", "heads_by_tenth"))
    return (
        f"if signs could cancel, the median head would keep {np.median(left):.0%} of its importance "
        f"({between(left, '.0%')}), and a tenth of the examples makes {np.median(tenth):.0%} of it "
        f"({between(tenth, '.0%')})."
    )


Markdown("\n".join(f"- **{name[0].upper()}{name[1:]}:** {examples_told(rows)}" for name, rows in tables.items()))

# %% [markdown]
# ## Three estimates of one thing
#
# The paper defines importance by the mean over examples. Code that follows {cite:t}`michel2019` often takes the
# gradient of a batch's mean loss, in which signs cancel within the batch. And the released code of
# {cite:t}`prasanna2020` never sets the gradients of its gates back to zero: after each batch it adds the size of the
# *sum of all gradients so far*, which depends on the order of the data and lets signs cancel over all of it. Here all
# three are computed from the same gradients of single examples.


# %% tags=["hide-input"]
def in_order(names: Iterable[str]) -> list[str]:
    """Scores in the order in which this build takes them, others after them."""
    return sorted(set(names), key=[*scores, *offered("component_importance")].index)


def title_of_score(name: str) -> str:
    """What a reader calls a score."""
    return title(name, "component_importance")


def alike_told(pairs: pd.DataFrame, beside: str) -> pd.DataFrame:
    """For each score: rank correlation and lowest tenth shared, mean and range over models."""
    lines = {}
    for name in in_order(pairs["importance"]):
        some = pairs[pairs["importance"] == name]
        lines[title_of_score(name)] = {
            f"rank correlation with {beside}": with_range(some["rank"], "+.2f"),
            "lowest tenth in common": f"{some['shared'].mean():.0%}",
            "by chance": f"{some['by_chance'].iloc[0]:.0%}",
        }
    return pd.DataFrame(lines).T.rename_axis("score")


def compared(rows: pd.DataFrame) -> pd.DataFrame:
    """Each score beside the stated one."""
    return alike_told(component_scores.beside_stated(rows), "the score by each example")


chapter.finding(
    compared,
    "Scores in which signs can cancel put heads in another order than the stated score does. Rank correlation with "
    "the score by each example, mean and range over tasks and seeds; a random score has 0 on average.",
    part=lambda table: table.iloc[:, :1],
    what="Each score beside the stated one: rank correlation, and the share of the lowest tenth of heads in common.",
)


# %% tags=["hide-input"]
def reordered(rows: pd.DataFrame) -> pd.DataFrame:
    """For the scores that depend on the order of the data: agreement with themselves after a shuffle."""
    return alike_told(component_scores.beside_itself(rows), "itself, shuffled").drop(
        columns="by chance", errors="ignore"
    )


chapter.numbers(reordered, "Scores that depend on the order of the data, beside themselves after a shuffle.")

# %% [markdown]
# The model and the examples are the same, only their order is another. A score that is a property of the model would
# have 1 and 100% here.
#
# (x18)=
# ## Which importance is right?
#
# What all of these scores estimate can be measured. Every head and every MLP is removed alone, its gate set to 0, and
# the loss on dev is computed again: one forward pass for each of them, and no training. A score is right as far as it
# ranks the components by what their removal costs. The rank correlation with that cost is shown in three ways: over all
# heads, by the raw scores; over all heads, by scores divided by their layer's norm, as the search takes them; and
# within layers.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Rank correlation of each score of heads with what removing each head alone costs, over all heads and within layers, with 95% intervals; chance and the most that the examples allow are marked."}, "figure": {"name": "component-importance-truth", "caption": "How well each score ranks heads by the real cost of their removal: rank correlation, means over models with 95% intervals. Grey: 95% of single models by chance; dashed: the most that so few examples allow."}}
VIEWS = {"overall": "over all heads", "normalised": "over all heads, by layers' norms", "within": "within layers"}
TRUTH = "rank correlation with the truth"


def truth_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """A line a score, over all heads and within layers."""
    ax = axes[TRUTH]
    table = component_removal.told(component_removal.beside_truth(rows)).set_index("importance")
    order = in_order(chapter.live["importance"].dropna())[::-1]
    ax.axvspan(*component_removal.by_chance(rows), color="grey", alpha=0.15)
    ax.axvline(component_removal.most(rows).mean, color="grey", linestyle="--", linewidth=1)
    for shift, (view, label) in zip((0.22, 0, -0.22), VIEWS.items(), strict=True):
        means = np.array([value.mean for value in table[view]])
        ends = np.array([[value.low, value.high] for value in table[view]]).T
        places = np.array([order.index(score) for score in table.index]) + shift
        ax.errorbar(means, places, xerr=np.abs(ends - means), linestyle="", label=label, capsize=2, **look(label))
    ax.set_yticks(range(len(order)), [title_of_score(score) for score in order], fontsize=8)
    ax.set(xlabel=TRUTH, xlim=(-1, 1))


def with_truth(rows: pd.DataFrame) -> pd.DataFrame:
    """All rows, where components were removed alone in some of them; else none."""
    return rows if (rows["experiment"] == "ComponentRemoval").any() else rows[:0]


NO_TRUTH = "*Nothing was removed alone in these runs.*"
chapter.figure(truth_drawn, [TRUTH], among=with_truth, nothing=NO_TRUTH, size=(5.0, 3.4))


# %% tags=["hide-input"]
def truth_told(rows: pd.DataFrame) -> pd.DataFrame:
    """Each score's rank correlation with the truth, and how far the stated one is ahead of it."""
    table = component_removal.told(component_removal.beside_truth(rows))
    more = {"mlps": "over MLPs", "changes": "with the size of the change, over all heads"}
    columns = {label: table[view].map(correlation) for view, label in (VIEWS | more).items()}
    columns["lead of the score by each example, by layers' norms"] = table["less"].map(correlation)
    return pd.DataFrame(columns).set_axis(table["importance"].map(title_of_score)).rename_axis("score")


def correlation(value: Estimate) -> str:
    """A mean rank correlation with its interval; "" where no model has one."""
    return "" if np.isnan(value.mean) else value.in_words(form="+.2f")


def truth_in_a_sentence(rows: pd.DataFrame) -> Markdown:
    """How far the stated and the released score are right, beside the best and chance; and of what they are right."""
    table = component_removal.told(component_removal.beside_truth(rows)).set_index("importance")
    most = component_removal.most(rows)
    best = table.index[0]
    told = [name for name in (component_scores.STATED, "running", "random") if name in table.index]
    parts = [f"{title_of_score(name)} {correlation(table.loc[name, 'normalised'])}" for name in told]
    sizes = [f"{title_of_score(name)} {correlation(table.loc[name, 'changes'])}" for name in told]
    return Markdown(
        f"Closest to the truth is *{title_of_score(best)}*, {correlation(table.loc[best, 'normalised'])}, where no "
        f"score could have more than about {most.mean:.2f} on this many examples. Divided by layers' norms: "
        f"{'; '.join(parts)}. Without {component_removal.falling(rows).mean:.0%} of the heads the loss falls. "
        "Rank correlation with the size of the change, whichever its direction: "
        f"{'; '.join(sizes)}."
    )


chapter.finding(
    truth_told,
    "No score comes close to what the examples would allow. Rank correlation with what the removal of each head "
    "alone costs, by scores divided by their layer's norm, with 95% intervals.",
    part=lambda table: table[[VIEWS["normalised"]]],
    what="Rank correlation of each score with the truth, over all heads, within layers and over MLPs.",
    among=with_truth,
    nothing=NO_TRUTH,
)

# %% tags=["hide-input"]
chapter.shown(truth_in_a_sentence, "recorded_or_live", among=with_truth, nothing=NO_TRUTH)

# %% [markdown]
# The interval is that of the mean over the tasks: over worlds, or over seeds where there is one world. On the real
# BERT:

# %% tags=["hide-input"]
found = chapter.shown(truth_in_a_sentence, "minilm", among=with_truth, nothing=NO_TRUTH)
found

# %% [markdown]
# One at a time is not the whole truth: of two heads that do the same, each can go, but not both. So pairs of heads, drawn
# at random, are removed together.


# %% tags=["hide-input"]
def pairs_told(rows: pd.DataFrame) -> pd.DataFrame:
    """Whether what it costs to remove two heads is the sum of what each costs alone."""
    table = component_removal.additivity(rows)
    lines = {
        "rank correlation of a pair's cost with the sum of its heads' costs": correlation(table["rank"]),
        "pairs that clearly cost more or less than the sum": share(table["telling"]),
        "cost of a pair (nats)": nats(table["paired"]),
        "sum of the costs of its heads (nats)": nats(table["summed"]),
        "cost of a pair minus the sum (nats)": nats(table["more"]),
        "the same, two heads of one layer": nats(table["more_within"]),
        "the same, heads of two layers": nats(table["more_across"]),
    }
    return pd.DataFrame({"mean over models": lines}).rename_axis("pairs of heads")


def share(value: Estimate) -> str:
    """A mean share with its interval, in %; "not defined" where no model has one."""
    return value.in_words(form=".0%")


def nats(value: Estimate) -> str:
    """A mean in nats with its interval; "" where no model has one."""
    return "" if np.isnan(value.mean) else value.in_words(form="+.4f")


chapter.numbers(pairs_told, "Pairs of heads removed together.", among=with_truth, nothing=NO_TRUTH)

# %% [markdown]
# ## Different scores, different tickets?
#
# What counts in the end is which heads and MLPs a search keeps. {doc}`component_search` explains it; here the same search
# is run by each score.


# %% tags=["hide-input"]
NOTHING = "*The full model is no better than the majority-class baseline here, so its searches say nothing.*"


def tickets(rows: pd.DataFrame) -> pd.DataFrame:
    """What each score's search keeps, and how far the heads it keeps are those of the stated score's."""
    table = component_scores.tickets(rows)
    if table.empty:
        return table
    columns = {
        "heads kept": [f"{row.heads:.1f} of {row.all_heads:.0f}" for row in table.itertuples()],
        "MLPs kept": [f"{row.mlps:.1f} of {row.all_mlps:.0f}" for row in table.itertuples()],
        "weights kept": table["share_kept"].map("{:.0%}".format),
        "heads shared with the stated score's (Jaccard)": table["jaccard"].map("{:.2f}".format),
        "by chance": table["by_chance"].map("{:.2f}".format),
    }
    return pd.DataFrame(columns).set_axis(table["importance"].map(title_of_score)).rename_axis("score")


chapter.numbers(tickets, "What the search by each score keeps.", nothing=NOTHING)


# %% tags=["hide-input"]
def smaller(more: pd.Series) -> Markdown:
    """In words: how much smaller the tickets of each score are than those of the stated one, paired."""
    by_score = "; ".join(f"{title_of_score(name)} {more[name].in_words()}" for name in in_order(more.index))
    return Markdown(
        "The share of the weights that a search by another score keeps, minus the share by the stated score, in points, "
        f"means over the tasks with 95% intervals over the seeds: {by_score}."
    )


chapter.shown(
    smaller,
    "recorded_or_live",
    among=component_scores.sizes,
    nothing="*There is no model of which a search by the stated score and one by another score both say something.*",
)

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["most_components_matter_little"])
short.summary([found])

# %% tags=["remove-input", "in-short"]
short.box(
    question="What does it mean for a head to matter, and which measure of it is right?",
    done=(
        "Heads and MLPs are scored by the gradient of the loss, one example at a time and as the released code does, "
        "and by rivals that need no gradient. Then each is removed alone, to see by how much the loss really rises. "
        "Pairs of heads are removed, too, and a search is run by each score."
    ),
    found=[found],
    not_shown="What a head costs alone is not what it costs together with others.",
)
