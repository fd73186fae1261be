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
#     order: 20
# ---

# %% [markdown]
# # Which heads and MLPs can go?
#
# A layer of BERT is a row of attention heads and, after them, one MLP. {cite:t}`prasanna2020` ask how many of them a
# *fine-tuned* model can do without, and which. They switch off the least important ones, a few at a time and without
# training in between, as long as the model keeps nine tenths of its score. What is left they call the good subnetwork
# of structured pruning, or s-pruning. If it is the same for every seed of fine-tuning, it may say where a task is
# solved. This chapter finds it, and looks how often each head and MLP survives.
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
worlds = [1]  # seeds of the miniature and of its language
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["cola"]  # files in lottery/tasks, or "own": a file of your own
tuning_seeds = [1]  # of the fine-tunings: all of them in the first world, the first one in every other
varied_tasks = ["cola"]  # on which the search is varied: one kind alone, a guard, the released recipe
places = []  # where the search may look, "dev", "train", "unseen"; []: what that changes is not looked at
train_examples = 700  # that the models of `places` are trained on; the rest of train is unseen
importance = "sample"  # a file in lottery/component_importance
share = 0.9  # of the full model's score that has to be reached
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

from lottery.experiments.component_search import ComponentSearch
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.studies import TaskStudy
from lottery.suite.given import given

globals().update(given("experiments/component_search", globals()))
study = TaskStudy.from_cell(globals())


def dense(task: str, world: int, seed: int, examples: int = 0) -> FineTuning:
    """The fine-tuned model of a task, world and seed, trained on so many examples, 0 for all."""
    whole = study.tuned(task, seed, world=world, learning_rate=learning_rate, saved=True)
    return replace(whole, train_examples=examples)


def search(of: FineTuning) -> ComponentSearch:
    """The search for heads and MLPs together, as the paper describes it."""
    return ComponentSearch(of=of, importance=importance, mode="both", share=share)


models = study.drawn(worlds, tuning_seeds)
plain = [search(dense(task, *model)) for task in tasks for model in models]
varied = [
    replace(each, **change)
    for each in plain
    if each.of.task in varied_tasks
    for change in (
        {"mode": "heads"},
        {"mode": "heads", "guarded": True},
        {"mode": "mlps"},
        {"importance": "running", "recipe": "released"},
    )
]
looking = [
    replace(search(dense(task, *model, train_examples)), where=place)
    for task in varied_tasks
    for model in models
    for place in places
]
grid = [*plain, *varied, *looking]

# %% tags=["remove-cell"]
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.axes import Axes

from lottery.findings import searches
from lottery.findings.published import laid_out
from lottery.findings.seeds import one_world
from lottery.statistics import Estimate
from lottery.suite import plots, tables
from lottery.suite.chapter import (
    PRINT,
    between,
    each_task,
    how_many,
    perform,
    read_published,
    tasks_among,
    tasks_of,
    title,
)
from lottery.suite.holes import is_notice
from lottery.suite.in_short import InShort
from lottery.suite.interactive import interactive
from lottery.suite.palette import look

chapter = perform("experiments/component_search", grid, results, records, workers=workers, scheduler=scheduler)


def in_one_world(chosen: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What chooses rows, among those of the seeds of one world: in another one a head is another head."""
    return lambda rows: chosen(one_world(rows))


NOT_JUDGED = "*No search here says anything; see above why.*"
shown, numbers = (partial(show, nothing=NOT_JUDGED) for show in (chapter.shown, chapter.numbers))

# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# (p3)=
# ## The search
#
# Give every head $h$ and every MLP a gate $\xi$ by which its output is multiplied. A head's *importance* is how much
# the loss feels its gate: $I_h = \mathbb{E}_x\,|\partial L(x) / \partial \xi_h|$, the mean over examples of the size of
# the gradient {cite:p}`michel2019`; an MLP's importance is defined likewise. A head's is divided by the root of the sum
# of squares over its layer, so that layers can be compared. Then the search removes components in three phases:
#
# 1. **heads and MLPs together:** a tenth of all heads and one MLP a step;
# 2. **heads:** half as many heads a step;
# 3. **MLPs:** one a step.
#
# After each step the smaller model is scored on dev, and importance is computed again. A step after which less than 90%
# of the full model's score is left is taken back and ends its phase. What the last accepted step leaves is the good
# subnetwork. For BERT-base a tenth of 144 heads is 14, so the heads kept are always $144 - 14a - 7b$.
#
# Here is one search of each model, step by step:


# %% tags=["hide-input"] mystnb={"image": {"alt": "Score of one model at each look of its search, and below the share of heads and of MLPs left, of a real BERT and of the miniature; the phases are shaded, steps that were taken back are crosses."}, "figure": {"name": "component-search", "caption": "A search goes on until a tenth of the score is gone, and goes back a step between its phases. The first search of each model; crosses fell below the bound and were taken back."}}
SCORE, LEFT = "score, of the full model's (%)", "left (%)"


def one_search(rows: pd.DataFrame, axes: dict) -> None:
    """Score, and share of heads and of MLPs left, at each look; phases shaded, steps taken back crossed."""
    row = rows.iloc[0]
    looks, scores = np.arange(len(row["scores"])), 100 * np.array(row["scores"], dtype=float) / row["dense_score"]
    accepted, phases = np.array(row["accepted"], dtype=bool), np.array(row["phases"])
    above, below = axes[SCORE], axes[LEFT]
    above.plot(looks[accepted], scores[accepted], "o-", color=look("accepted")["color"], label="accepted")
    above.plot(
        looks[~accepted], scores[~accepted], "x", color=look("taken back")["color"], markersize=8, label="taken back"
    )
    above.axhline(100 * row["share"], color="grey", linestyle="--", linewidth=1, label="bound")
    above.set(ylabel=SCORE, title=title(row["of.task"]), xlabel="look")
    for kind in ("heads", "MLPs"):
        left = 100 * np.array(row[f"{kind.lower()}_left"]) / row[f"all_{kind.lower()}"]
        below.plot(looks[accepted], left[accepted], "-", label=kind, **look(kind))
        below.plot(looks[~accepted], left[~accepted], "x", markersize=8, color=look(kind)["color"])
    below.set(xlabel="look", ylabel=LEFT, ylim=(-4, 104))
    for phase in dict.fromkeys(phases[1:]):
        inside = looks[phases == phase]
        for ax in (above, below):
            ax.axvspan(inside[0] - 0.5, inside[-1] + 0.5, color="grey", alpha=0.08 + 0.06 * (phase == "heads"))


judged = in_one_world(searches.judged)
chapter.figure(one_search, [SCORE, LEFT], among=judged, nothing=NOT_JUDGED, live=False, scale="", size=(4.2, 2.5))

# %% [markdown]
# ### How many are left
#
# If the full model is no better than the majority-class baseline, pruning never hurts and the search deletes
# everything; if its score is not above 0, a share of it sets no bound. WNLI, where BERT is worse than the
# majority-class baseline, is such a case in the paper: most of its searches end without any head or MLP, and yet its
# numbers enter the paper's means. Here such searches are named and left out.


# %% tags=["hide-input"]
def left_out(rows: pd.DataFrame, source: str) -> Markdown:
    """Which of the searches as the paper describes them say nothing."""
    return Markdown(f"**{source}:** {searches.silent_in_words(searches.standard(rows))}")


chapter.shown(left_out, "live", named=True)

# %% tags=["hide-input"]
chapter.shown(left_out, named=True)

# %% tags=["hide-input"]
chapter.shown(left_out, "minilm", named=True)


# %% tags=["hide-input"]
published = read_published("prasanna2020_masks")
published = published[(published["pruning"] == "structured") & (published["subnetwork"] == "good")]


def sizes(left: pd.DataFrame) -> pd.DataFrame:
    """Heads / MLPs left with each seed, their mean shares and that of the score, in words, a row a task.

    left  task, heads, mlps, of_heads, of_mlps and of_score, a row a search
    """
    groups = left.assign(both=[f"{row.heads:.0f} / {row.mlps:.0f}" for row in left.itertuples()]).groupby(
        "task", sort=False
    )
    means = groups[["of_heads", "of_mlps", "of_score"]].mean().map("{:.0%}".format)
    table = means.set_axis(["heads, mean", "MLPs, mean", "score, of the full model's"], axis=1)
    table.insert(0, "heads / MLPs left, a seed each", groups["both"].agg(", ".join))
    return table.rename(index=title).rename_axis("task")


def left_made(runs: pd.DataFrame) -> pd.DataFrame:
    """Of our searches that say something."""
    rows = searches.judged(one_world(runs))
    return pd.DataFrame(
        {
            "task": rows["of.task"],
            "heads": rows["heads"],
            "mlps": rows["mlps"],
            "of_heads": rows["heads"] / rows["all_heads"],
            "of_mlps": rows["mlps"] / rows["all_mlps"],
            "of_score": rows["score"] / rows["dense_score"],
        }
    )


def left_printed() -> pd.DataFrame:
    """Of the authors' masks, with their mean score over the full model's."""
    rows = published[(published["mode"] == "both") & (published["where"] == "dev")]
    stored = read_published("prasanna2020_results")
    means = stored[~stored["retrained"]].set_index(["subnetwork", "pruning", "task"])["mean"]
    good, full = means["good"]["structured"], means["full"].droplevel("pruning")
    left = {"task": rows["task"], "heads": rows["heads_kept"], "mlps": rows["mlps_kept"]}
    left |= {"of_heads": rows["heads_kept"] / 144, "of_mlps": rows["mlps_kept"] / 12}
    return pd.DataFrame(left | {"of_score": rows["task"].map(good / full)})


chapter.finding(
    lambda runs: sizes(left_made(runs)),
    "In print about half to two thirds of the heads stay, and more of the MLPs, WNLI apart; on our smaller models "
    "this differs from task to task. Shares that the search leaves, means over seeds.",
    part=lambda table: table[["heads, mean", "MLPs, mean"]],
    what="Heads and MLPs left with each seed.",
    printed=sizes(left_printed()),
)

# %% [markdown]
# In print: the authors' published masks of BERT-base, which has 144 heads and 12 MLPs, with five seeds, and the scores
# stored with them. MiniLM has 72 heads and 6 MLPs; the miniature has fewer, and its tasks only have the shape of the
# real ones.
#
# (x3-prasanna)=
# ### Heads alone, MLPs alone, a guard, and the released code
#
# The paper's Appendix B also removes heads alone, or MLPs alone. The released masks and code differ in two ways from
# what is printed, and each is a variation here:
#
# - **a guard:** the published masks of heads alone come from an older version of the code in which no layer could lose
#   its last head; the masks of heads and MLPs together have no such guard, so the paper's comparison mixes two rules;
# - **the released recipe:** gradients are never set back to zero between batches, so that importance is the size of a
#   running *sum* (`running`), in which signs cancel and which depends on the order of the data; heads already removed
#   count in their layer's norm; and after a step back the next phase ranks by the importance in the rejected model.


# %% tags=["hide-input"]
MODES = {"both": "heads and MLPs", "heads": "heads alone", "mlps": "MLPs alone"}


def variations_told(rows: pd.DataFrame) -> pd.DataFrame:
    """What each variation keeps, and how it differs from the plain search of the same task and seed."""
    table = searches.variations(rows)
    names = [
        MODES[row.mode] + (", no layer emptied" if row.guarded else "") + f", {row.recipe}"
        for row in table.itertuples()
    ]
    more = table[["more_heads", "more_mlps"]].map(lambda estimate: estimate.in_words() if estimate else "")
    columns = {
        "searches": table["searches"],
        "heads left": table["heads"].map("{:.0%}".format),
        "MLPs left": table["mlps"].map("{:.0%}".format),
        "layers without a head": table["emptied"].map("{:.1f}".format),
        "score, of the full model's": table["score"].map("{:.0%}".format),
        "heads more than the plain search": more["more_heads"],
        "MLPs more than the plain search": more["more_mlps"],
        "heads on which it agrees with the plain search": table["alike"]
        .map("{:.0%}".format, na_action="ignore")
        .fillna(""),
    }
    return pd.DataFrame(columns).set_axis(names).rename_axis("search")


numbers(
    variations_told,
    "Variations of the search beside the plain one (heads and MLPs, printed), means over tasks and models.",
    among=searches.varied,
)

# %% [markdown]
# The 95% intervals are those of the paired difference over tasks and models (paired t). Where all differences are
# equal there is none.


# %% tags=["hide-input"]
def published_modes() -> pd.DataFrame:
    """Mean shares of heads and MLPs that the published masks of each mode and place keep."""
    rows = published[published["task"] != "wnli"].groupby(["mode", "where"], sort=False)[["heads_kept", "mlps_kept"]]
    table = rows.mean() / [144, 12]
    table.index = [f"{MODES[mode]}, on {where}" for mode, where in table.index]
    table = table.map(lambda kept: "all" if np.isnan(kept) else f"{kept:.0%}")
    return table.set_axis(["heads left", "MLPs left"], axis=1).rename_axis("search")


tables.numbers(published_modes(), "Sizes of the authors' masks of BERT-base, over the eight tasks other than WNLI.")

# %% tags=["hide-input"]
facts = read_published("prasanna2020_facts").set_index("what")["value"]
together, alone = (facts[f"heads in most tasks when searched {how}"] for how in ("with MLPs", "alone"))
mlps_together, mlps_alone = (facts[f"MLPs left when searched {how}"] for how in ("with heads", "alone"))
across = read_published("prasanna2020_across_tasks").query("component == 'heads'")
in_most = (across.groupby(["layer", "head"])["tasks"].mean() >= 5).mean()
Markdown(
    f"The paper prints that {together:.0%} of the heads remain when they are searched with the MLPs and {alone:.0%} "
    f"when they are searched alone, and {mlps_together:.0%} and {mlps_alone:.0%} of the MLPs. These are not the "
    "shares above. The first is the share of heads that survive in at least five of nine tasks, averaged over the "
    f"seeds: {in_most:.0%} by the published masks."
)

# %% [markdown]
# (x13)=
# ### Where the search looks
#
# In the paper, importance, the bound and every reported score come from the same examples, those of dev. A subnetwork
# that was chosen for its score on dev looks better on dev than it is. So models fine-tuned on a part of train are
# searched in three places: on dev, on the examples that they were trained on, and on examples of train that they have
# not seen, at most as many each time. What is found is scored on dev. Only for the last two is that score a test.


# %% tags=["hide-input"]
PLACES = {"dev": "dev", "train": "train", "unseen": "held out of train"}


def places_told(rows: pd.DataFrame) -> pd.DataFrame:
    """By place: what is left, the share of the score kept there and on dev, and the difference of the two."""
    table = searches.by_place(rows)
    columns = {
        "looks at": table["where"].map(PLACES),
        "searches": table["searches"],
        "heads left": table["heads"].map("{:.0%}".format),
        "MLPs left": table["mlps"].map("{:.0%}".format),
        "score kept there": table["there"].map("{:.0%}".format),
        "score kept on dev": table["on_dev"].map("{:.0%}".format),
        "there minus dev (points)": table["more"].map(Estimate.in_words),
    }
    return pd.DataFrame(columns).set_index("looks at")


numbers(places_told, "Where the search looks, and what it keeps there and on dev.", among=searches.placed)


# %% [markdown]
# (p8)=
# (p8-minilm)=
# ## How often each head and MLP survives
#
# Figure 1 and Appendix A of the paper show, for each task, the share of seeds in which a head or an MLP is part of the
# good subnetwork, with its standard deviation over seeds. Here are the shares, with layers and heads counted from 1,
# and in print five seeds; dark cells always survive. If the good subnetwork were where a task is solved, a cell would
# survive in all seeds or in none.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Grids of layers by heads, and columns of MLPs, coloured by the share of seeds in which each survives the search: BERT-base in print, a real BERT and the miniature."}, "figure": {"name": "survival", "caption": "Which heads and MLPs survive differs from seed to seed and from task to task. Share of seeds in which each survives, in print from the authors' masks of BERT-base; with a script, put together a ticket of your own."}}
def survivors(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The masks of several searches as numbers: heads (searches, layers, heads) and MLPs (searches, layers, 1)."""
    heads, mlps = searches.masks(rows)
    return heads.astype(float), mlps[:, :, None].astype(float)


in_print = read_published("prasanna2020_survival").rename(columns={"task": "of.task"})
shown_tasks = tasks_of(pd.concat([chapter.minilm, chapter.live]), "of.task")


def survival_drawn(rows: pd.DataFrame, ax: Axes) -> None:
    """Of one task the share of seeds in which each head and MLP survives."""
    shares = (
        [counts / 5 for counts in laid_out(rows, "seeds_kept")]
        if "seeds_kept" in rows
        else [kept.mean(0) for kept in survivors(rows)]
    )
    plots.components(*shares, "{:.0%} of seeds", ax=ax)
    ax.set_title(title(rows["of.task"].iloc[0]))


chapter.figure(
    each_task(survival_drawn, "of.task"),
    tasks_among(shown_tasks, "of.task"),
    printed={PRINT: in_print},
    among=judged,
    nothing=NOT_JUDGED,
    live=False,
    scale="",
)


# %% tags=["remove-input"]
def ticket_facts(model: str, task: str, kept: np.ndarray, seeds: int) -> dict[str, object]:
    """How many seeds keep each head, (layers, heads), as the script reads it."""
    counts = [int(number) for number in kept.flat]
    return {"name": f"{model}, {title(task)}", "seeds": seeds, "layers": len(kept), "kept": counts}


of_print = [
    ticket_facts(PRINT, task, laid_out(rows, "seeds_kept")[0], 5)
    for task, rows in in_print[in_print["of.task"] != "wnli"].groupby("of.task", sort=False)
]
of_real = [
    ticket_facts("MiniLM", task, searches.masks(rows)[0].sum(0), len(rows))
    for task, rows in (judged(chapter.minilm).groupby("of.task", sort=False) if len(chapter.minilm) else ())
]
interactive("own_ticket", {"of": of_print + of_real}, figure="survival")

# %% tags=["hide-input"]
ALWAYS = {
    "in_all_seeds": "kept by all",
    "in_all_seeds_expected": "by chance",
    "in_no_seed": "kept by none",
    "in_no_seed_expected": "none, by chance",
}


def stability(rows: pd.DataFrame) -> pd.DataFrame:
    """Heads that all seeds keep, and that none keeps, beside what independent masks of these sizes would."""
    table = searches.survivors(rows)
    columns = {f"heads {name}": name for name in ALWAYS.values()}
    return table[[*columns]].rename(columns=columns).map("{:.1f}".format) if len(table) else table


theirs = read_published("prasanna2020_survivors").query("mode == 'both' and where == 'dev' and component == 'heads'")
always = theirs.set_index(theirs["task"].map(title))[[*ALWAYS]].rename(columns=ALWAYS).map("{:.1f}".format)
numbers(
    stability,
    "Heads that all seeds keep, and that none keeps, beside chance.",
    printed=always.rename_axis("task"),
    among=in_one_world(searches.judged),
)

# %% [markdown]
# Numbers of heads. By chance: if every seed kept as many heads as it does, but drawn at random, the share kept by every
# seed would be the product of the seeds' shares.

# %% [markdown]
# (p9)=
# ## Heads across tasks
#
# Figure 15 of the paper shows in how many tasks a head or an MLP survives with one seed, as a mean and standard
# deviation over the seeds. The paper includes WNLI, whose masks say nothing; here a task is left out if the search of
# any seed says nothing.


# %% tags=["hide-input"] mystnb={"image": {"alt": "A grid of layers by heads, and a column of MLPs, coloured by the share of tasks in which each survives: BERT-base in print, a real BERT and the miniature."}, "figure": {"name": "across-tasks", "caption": "What one task can do without, another keeps. Share of the tasks in which each head and MLP survives, mean over the seeds; in print, from the authors' published masks of BERT-base, eight tasks without WNLI."}}
TASKS = "share of tasks"


def across_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """In which share of the tasks each head and MLP survives."""
    if "without_wnli" in rows:
        by_seed = [[kept / 8 for kept in laid_out(some, "without_wnli")] for _, some in rows.groupby("seed")]
    else:
        by_seed = [[kept.mean(0) for kept in survivors(some)] for _, some in rows.groupby("of.seed")]
    heads, mlps = (np.mean(kept, axis=0) for kept in zip(*by_seed, strict=True))
    plots.components(heads, mlps, "{:.0%} of tasks", ax=axes[TASKS])


comparable = in_one_world(searches.comparable)
chapter.figure(
    across_drawn,
    [TASKS],
    printed={PRINT: read_published("prasanna2020_across_tasks")},
    among=comparable,
    live=False,
    scale="",
)

# %% [markdown]
# Do two tasks keep the same heads? Of two independent masks that keep $k_1$ and $k_2$ of $n$ heads, $k_1 k_2 / n$ are
# expected in both. The matrix shows how many heads the masks of two tasks share at the same seed, and in brackets how
# many are expected; the diagonal is the size of a mask.


# %% tags=["hide-input"]
def overlap_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """Mean number of heads that two tasks share, and the number expected by chance; lower triangle."""
    table = searches.overlaps(rows)
    sizes = table[table["one"] == table["other"]].groupby("one", sort=False)["shared"].mean()
    order = {task: place for place, task in enumerate(sizes.index)}
    pairs = table[table["one"].map(order) < table["other"].map(order)]
    means = pairs.groupby(["one", "other"], sort=False)[["shared", "expected"]].mean().reset_index()
    named = means.assign(one=means["one"].map(title), other=means["other"].map(title))
    plots.overlap(named, {title(task): size for task, size in sizes.items()}, ax=axes["heads"])


def overlap_told(rows: pd.DataFrame) -> Markdown:
    """How many heads more than by chance two tasks share, on average, with an interval over seeds."""
    table = searches.sharing(rows)
    if table.empty:
        return Markdown("There are no two tasks to compare.")
    row = table.iloc[0]
    pair = "The two tasks" if row["tasks"] == 2 else f"Two of the {row['tasks']} tasks"
    return Markdown(
        f"{pair} share {row['shared']:.1f} heads on average, independent masks of these sizes {row['expected']:.1f}. "
        f"The difference is {row['more'].in_words()}, in brackets the 95% interval over "
        f"{how_many(row['seeds'], 'seed')}."
    )


def of_several_tasks(rows: pd.DataFrame) -> pd.DataFrame:
    """Comparable searches of three tasks or more; of two a sentence says all."""
    some = comparable(rows)
    return some if some["of.task"].nunique() > 2 else some[:0]


# %% tags=["hide-input"] mystnb={"image": {"alt": "Matrix of the tasks: heads that the masks of two tasks share, and in brackets those that chance would."}, "figure": {"name": "task-overlap", "caption": "Two tasks share only a few more heads than independent masks of their sizes would. Heads that two tasks share, in brackets by chance, means over the seeds; red is more than by chance."}}
chapter.figure(overlap_drawn, ["heads"], among=of_several_tasks, live=False, scale="", size=(6.8, 5.2))

# %% tags=["hide-input"]
shown(overlap_told, among=in_one_world(searches.comparable))

# %% [markdown]
# And of MiniLM:

# %% tags=["hide-input"]
shown(overlap_told, "minilm", among=in_one_world(searches.comparable))

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["together_is_smaller", "fewer_remain_separately"])


def what_stays() -> list[str]:
    """Which shares of the heads and MLPs the search leaves, by task, in every source, in a sentence."""
    left = {PRINT: left_printed().query("task != 'wnli'")}
    for name, runs in chapter.sources.items():
        left |= {name: left_made(runs)} if len(runs) and len(judged(runs)) else {}
    parts = []
    for name, rows in left.items():
        heads, mlps = (100 * rows.groupby("task")[column].mean() for column in ("of_heads", "of_mlps"))
        parts.append(f"{between(heads, '.0f')}% of the heads and {between(mlps, '.0f')}% of the MLPs ({name})")
    return [f"By task, the good subnetwork keeps {'; '.join(parts)}."]


alike = shown(overlap_told, "minilm", among=in_one_world(searches.comparable))
found = [*what_stays(), *([f"On MiniLM: {alike.data}"] if not is_notice(alike.metadata) else [])]
short.summary(found)

# %% tags=["remove-input", "in-short"]
short.box(
    question="How many heads and MLPs can a fine-tuned model do without, and are they always the same ones?",
    done=(
        "The least important heads and MLPs are switched off, a few at a time and without training in between, as "
        "long as nine tenths of the score are left. Heads alone, MLPs alone and both together are searched, with "
        "several seeds. How far seeds and tasks agree on what survives is compared with chance."
    ),
    found=found + short.by_claims(),
    not_shown=(
        "The search looks at the dev set that it is scored on, as in the paper. Where the full model knows little, a "
        "search that removes much says nothing."
    ),
)
