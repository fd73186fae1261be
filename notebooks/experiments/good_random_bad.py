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
#     order: 40
# ---

# %% [markdown]
# # The good, the random and the bad
#
# A search finds a part of a fine-tuned model that does nearly as well: the *good* subnetwork. Is it good because of
# what it consists of? {cite:t}`prasanna2020` compare it with two others of its size: a *random* one, and a *bad* one,
# made of what the search threw away. Each is scored as it is cut out, and again after the same part of the
# *pre-trained* model was fine-tuned by itself. If the good one were a winning ticket {cite:p}`frankle2019`, the others
# should not win. The authors report that when heads and MLPs are removed and the rest is retrained, random subnetworks
# do about as well as good ones, and even bad ones perform strongly: all tickets are winning. This chapter repeats the
# comparison with subnetworks of exactly the same size, looks at heads and MLPs separately, and ranks the good and the
# bad one among many random ones.
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
retrained_seeds = []  # those of them whose subnetworks are trained again; []: all
retrained_tasks = []  # likewise of the tasks; []: all
super_tasks = []  # of the super-survivors, which need two seeds of one world at least
crossed_tasks = ["cola"]  # of good heads with bad MLPs and bad with good ones, more random draws, and random cuts
random_draws = 3  # of random heads and MLPs that are trained again on these tasks
cuts = 20  # of random heads and MLPs that are scored as cut there
longer_tasks = []  # of the longer retraining
released_tasks = ["cola"]  # of random heads and MLPs drawn as in the released code
prunings = ["structured", "magnitude"]
per_step = 0.1  # of the remaining weights, in magnitude pruning
baselines = ["cbow", "bilstm"]  # files in lottery/baselines
epochs = 2.0
longer = 2.0  # times as many epochs in the longer retraining
batch_size = 32
learning_rate = 1e-3
max_length = 64  # tokens of an example, at most
baseline_epochs = 5.0
baseline_learning_rate = 1e-2
baseline_width = 64
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.experiments.component_search import ComponentSearch
from lottery.experiments.controls import Redrawn
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.magnitude_search import MagnitudeSearch
from lottery.experiments.pruned_score import PrunedScore
from lottery.experiments.random_cuts import RandomCuts
from lottery.experiments.studies import BaselineStudy, TaskStudy
from lottery.experiments.subnetworks import Bad, Crossed, Drawn, Survivors
from lottery.experiments.tickets import Ticket
from lottery.suite.given import given

globals().update(given("experiments/good_random_bad", globals()))
study, baseline_study = TaskStudy.from_cell(globals()), BaselineStudy.from_cell(globals())
models = study.drawn(worlds, tuning_seeds)


def tuned(task: str, world: int, seed: int) -> FineTuning:
    """The fine-tuned model of a task, world and seed."""
    return study.tuned(task, seed, world=world, learning_rate=learning_rate, saved=True)


dense = [tuned(task, *model) for task in tasks for model in models]
beside = {
    tuned(task, world, seed) for task in super_tasks if task in tasks for world, seed in models if world == worlds[0]
}
searches = {
    "structured": lambda of: ComponentSearch(of=of, importance="sample", mode="both"),
    "magnitude": lambda of: MagnitudeSearch(of=of, per_step=per_step),
}


def retrained(of: FineTuning, kept, times: float = 1.0) -> FineTuning:
    """The pre-trained model less everything outside the mask, fine-tuned with the same seed."""
    return replace(of, start=Ticket(of=of.start, kept=kept), epochs=times * of.epochs, saved=False)


pruned, again, cut = [], [], []
for of in dense:
    trained_again = of.seed in (retrained_seeds or tuning_seeds) and of.task in (retrained_tasks or tasks)
    for pruning in prunings:
        good = searches[pruning](of)
        bad = Bad(like=good, seed=of.seed)
        kept, more = [good, Drawn(like=good, seed=of.seed), bad], []
        if pruning == "structured":
            kept.append(Bad(like=good, seed=of.seed, disjoint=True))
            if of.task in released_tasks:
                kept.append(Drawn(like=good, seed=of.seed, recipe="released"))
        if pruning == "structured" and of.task in crossed_tasks and trained_again:
            kept += [Crossed(heads=good, mlps=bad), Crossed(heads=bad, mlps=good)]
            more = [Drawn(like=good, seed=of.seed + 1000 * draw) for draw in range(1, random_draws)]
            cut.append(RandomCuts(like=good, draws=cuts, seed=of.seed))
        if pruning == "structured" and of in beside:
            spared = [
                Survivors(
                    of=replace(good, of=replace(of, seed=tuning_seeds[0])),
                    seeds=tuple(tuning_seeds),
                    which=which,
                    seed=of.seed,
                )
                for which in ("good", "random", "bad")
            ]
            pruned += [PrunedScore(of=of, kept=part) for part in spared]
            again += [retrained(of, part) for part in spared if of.task in (retrained_tasks or tasks)]
        pruned += [PrunedScore(of=of, kept=part) for part in kept]
        if trained_again:
            again += [retrained(of, part) for part in [*kept, *more]]
            if of.task in longer_tasks:
                again += [retrained(of, part, times=longer) for part in (good, bad)]
    if trained_again:
        if of.task in longer_tasks:
            again.append(replace(of, epochs=longer * of.epochs, saved=False))
        drawn = Ticket(
            of=Redrawn(like=of.start, seed=of.seed), kept=Drawn(like=searches["structured"](of), seed=of.seed)
        )
        again.append(replace(of, start=drawn, saved=False))
plain = [each for of in dense for each in baseline_study.trained(of.start, of.task, of.seed)]
grid = [
    *dense,
    *pruned,
    *cut,
    *dict.fromkeys(again),
    *plain,
    *[searches[name](of) for name in prunings for of in dense],
]

# %% tags=["remove-cell"]
from collections.abc import Callable

import pandas as pd
from IPython.display import Markdown

from lottery.findings import baselines as baseline_findings
from lottery.findings import random_cuts
from lottery.findings.searches import sound, survivors
from lottery.findings.seeds import one_world
from lottery.findings.subnetworks import (
    REMOVED,
    against_baselines,
    caught_up,
    contrasts,
    crossed,
    misprinted,
    with_subnetworks,
)
from lottery.statistics import Estimate
from lottery.suite import beside_baselines
from lottery.suite.chapter import PRINT, between, how_many, mean_and_sd, perform, read_published, title
from lottery.suite.in_short import InShort
from lottery.suite.palette import look

chapter = perform("experiments/good_random_bad", grid, results, records, workers=workers, scheduler=scheduler)
stored = read_published("prasanna2020_results").fillna({"pruning": ""})  # "": nothing is removed
stored = stored.assign(title=stored["task"].map(title))
NOTHING = "*Every search of these runs says nothing, for the reasons told below: there is nothing to show.*"


def scored(rows: pd.DataFrame) -> pd.DataFrame:
    """Every scored model with what it is in words; `score` is 0 where it is not defined."""
    models = with_subnetworks(rows)
    return models.assign(title=models["tuned_on"].map(title), score=models["score"].fillna(0))


def sound_models(rows: pd.DataFrame) -> pd.DataFrame:
    """The scored models of tasks and seeds of which no search was degenerate."""
    models = scored(rows)
    return models[models["degenerate"] == ""]


# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# (p4)=
# (p4-minilm)=
# ## Three subnetworks of one size
#
# - **Good:** what the search keeps ({doc}`component_search`, {doc}`magnitude_search`).
# - **Random:** as many heads and as many MLPs, or as many weights, drawn from all. The released code keeps each head
#   with a probability equal to the good one's share, so that sizes agree only on average; here they agree exactly.
# - **Bad:** what the search removed. Where that is less than it kept, some good parts are added, as in the paper: if
#   $k > n/2$ of $n$ heads are kept, a bad subnetwork of the same size *must* share $2k - n$ with the good one. So there
#   is a second one, *bad, disjoint*, that takes nothing from the good one and may be smaller.
#
# *Retrained* means that the same part of the pre-trained model, under the same new task head, is fine-tuned as the full
# model was.


# %% tags=["hide-input"]
def sizes(rows: pd.DataFrame) -> pd.DataFrame:
    """What the searches that say something keep, and how much of it a bad subnetwork has to share."""
    lines = {}
    for task, some in sound(rows[rows["experiment"] == "ComponentSearch"]).groupby("of.task", sort=False):
        kept, of = some["heads"], some["all_heads"]
        lines[title(task)] = {
            "heads kept": f"{kept.mean():.1f} of {of.iloc[0]:.0f} ({between(kept, '.0f')})",
            "MLPs kept": f"{some['mlps'].mean():.1f} of {some['all_mlps'].iloc[0]:.0f}",
            "their weights": f"{some['share_kept'].mean():.0%}",
            "of the bad one's heads also good": f"{((2 * kept - of).clip(lower=0) / kept.clip(lower=1)).mean():.0%}",
        }
    for task, some in sound(rows[rows["experiment"] == "MagnitudeSearch"]).groupby("of.task", sort=False):
        lines.setdefault(title(task), {})["weights kept by magnitude"] = f"{1 - some['sparsity'].mean():.0%}"
    return pd.DataFrame(lines).T.fillna("").rename_axis("task")


chapter.numbers(sizes, "What the searches keep, means over the models.")


# %% tags=["hide-input"] mystnb={"image": {"alt": "Dev score of the full model and of its good, random and bad subnetworks of heads and MLPs, as cut out and retrained, for each task: BERT-base as its authors store it, a real BERT and the miniature."}, "figure": {"name": "good-random-bad", "caption": "Cut out, the good subnetwork keeps most of the score and the bad one nothing; retrained, the bad one wins most of it back in print, and much less on the real BERT. Heads and MLPs removed, means and standard deviations over models; in print from the scores that the authors store."}}
PANELS = {"as cut out": False, "retrained": True}
TASKS = [*stored["title"].unique()]  # down the side, of every source


def subnetworks_drawn(cells: pd.DataFrame, axes: dict) -> None:
    """Mean and standard deviation over the seeds, in points, of each subnetwork: the paper's Figure 2, tasks down the side.

    cells  title, subnetwork, retrained, mean, sd and majority, a row a task and subnetwork
    """
    for name, ax in axes.items():
        for shift, kind in zip((0.27, 0.09, -0.09, -0.27), ("full", "good", "random", "bad"), strict=True):
            some = cells[(cells["subnetwork"] == kind) & (cells["retrained"] == (PANELS[name] and kind != "full"))]
            places = [len(TASKS) - 1 - TASKS.index(task) + shift for task in some["title"]]
            reach = 100 * some["sd"].fillna(0)
            ax.errorbar(100 * some["mean"], places, xerr=reach, label=kind, linestyle="none", capsize=2, **look(kind))
        levels = cells.dropna(subset="majority").drop_duplicates("title")
        places = [len(TASKS) - 1 - TASKS.index(task) for task in levels["title"]]
        ax.plot(100 * levels["majority"], places, "|", color="grey", markersize=14, label="majority-class baseline")
        ax.set_yticks(range(len(TASKS)), TASKS[::-1])
        ax.set(title=name, xlabel="score (x 100)")


def of_stored(pruning: str) -> pd.DataFrame:
    """What the authors store of BERT-base."""
    levels = stored[stored["subnetwork"] == "majority"].set_index("task")["mean"]
    some = stored[stored["pruning"].isin(["", pruning]) & (stored["subnetwork"] != "majority")]
    return some.assign(majority=some["task"].map(levels))


def pruned_by(pruning: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What chooses the models that are drawn: those pruned so and the full ones, trained for as long as usual."""

    def cells(rows: pd.DataFrame) -> pd.DataFrame:
        some = sound_models(rows)
        some = some[some["pruning"].isin(["", pruning]) & ~some["longer"]]
        some = some[some["subnetwork"].isin(["full", "good", "random", "bad"])]
        table = some.groupby(["title", "subnetwork", "retrained"], sort=False)["score"].agg(mean="mean", sd="std")
        return table.reset_index().assign(
            majority=lambda made: made["title"].map(some.groupby("title")["majority"].first().fillna(0))
        )

    return cells


chapter.figure(
    subnetworks_drawn,
    [*PANELS],
    printed={PRINT: of_stored("structured")},
    among=pruned_by("structured"),
    nothing=NOTHING,
    size=(3.3, 3.4),
)

# %% [markdown]
# A grey stroke is the majority-class baseline. In the paper's figure, the bars of the random subnetworks after
# retraining repeat those of the good ones: both are drawn from one file. Here each has its own scores, as in the
# authors' tables. No number on WNLI means anything: the full model scores less than the majority-class baseline, so the
# search removes everything.


# %% [markdown]
# The same with single weights removed by magnitude, over the whole model:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dev score of the full model and of its good, random and bad subnetworks of weights, as cut out and retrained, for each task: BERT-base as its authors store it, a real BERT and the miniature."}, "figure": {"name": "good-random-bad-magnitude", "caption": "With single weights, too, only the good subnetwork keeps the score as cut, and retraining brings the others nearer. Means and standard deviations over models; in print from the scores that the authors store."}}
chapter.figure(
    subnetworks_drawn,
    [*PANELS],
    printed={PRINT: of_stored("magnitude")},
    among=pruned_by("magnitude"),
    nothing=NOTHING,
    size=(3.3, 3.4),
)


# %% tags=["hide-input"]
MEAN = "mean over tasks"


def contrasts_told(models: pd.DataFrame) -> pd.DataFrame:
    """Differences of scores between subnetworks after retraining, means over tasks, paired by model, in points."""
    table = contrasts(models)
    largest = [f"{more:+.1f} ({title(task)})" for more, task in zip(table["largest"], table["on"], strict=True)]
    names = [table["pruning"].map(REMOVED).rename("removed"), table["pair"].rename("difference")]
    columns = {MEAN: table["more"].map(Estimate.in_words).to_numpy(), "largest on a task": largest}
    return pd.DataFrame(columns, index=pd.MultiIndex.from_frame(pd.concat(names, axis=1)))


def contrasts_printed() -> pd.DataFrame:
    """The same of the stored means, which tell no seeds: the mean over eight tasks of GLUE, WNLI left out."""
    rows = stored[(stored["subnetwork"] != "majority") & (stored["task"] != "wnli")]
    models = rows.assign(tuned_on=rows["task"], trial=0, longer=False, score=rows["mean"])
    table = contrasts_told(models[models["pruning"] != "super"])
    return table.map(lambda text: text.removesuffix(" (no interval)"))


chapter.finding(
    contrasts_told,
    "Retrained, bad heads and MLPs stay behind good ones, on the real BERT by far more than in print. Differences of "
    "scores (points), after retraining but for the first line, means over tasks, with 95% intervals.",
    part=lambda table: table[[MEAN]],
    what="Differences of scores (points), after retraining unless as cut, and the task of the largest.",
    printed=contrasts_printed(),
    among=sound_models,
)

# %% [markdown]
# The 95% intervals (paired t) are over worlds, or over seeds where there is one world. For the printed scores no seeds
# are given, so their differences have no interval. Where several random subnetworks of a model were retrained, their
# mean counts.
#
# MiniLM is not just a small BERT-base. It was distilled, and then trained on sentence similarity with mean-pooled
# outputs. So STS-B is close to what it has learnt, and its pooler is not that of BERT's pre-training.
#
# Scores on STS-B differ in kind: the paper gives Pearson's correlation, this chapter the mean of Pearson's and
# Spearman's. Training differs, too: ours has warm-up for a tenth of its steps and a weight decay of 0.01; the paper
# mentions neither, and the released code has neither. The paper says that a part is retrained from the pre-trained
# weights "except embeddings"; the released code takes the embeddings, too, and so do we.


# %% tags=["hide-input"]
def left_out() -> Markdown:
    """What is left out of figures and differences, and which models always give the same answer, for each source."""
    lines = []
    for source, rows in {"miniature": chapter.recorded_or_live, "MiniLM": chapter.minilm}.items():
        if rows.empty:
            continue
        models = scored(rows)
        gone = models[models["degenerate"] != ""].groupby(["title", "degenerate"])["model"].nunique()
        every = models.groupby("title")["model"].nunique()
        lines += [
            f"- {source}, {task}, {count} of {how_many(int(every[task]), 'model')} left out: {reason}."
            for (task, reason), count in gone.items()
        ]
        kept = models[models["degenerate"] == ""]
        constant = kept[kept["constant"].astype(bool)]
        lines.append(
            f"- {source}: of the {len(kept)} models shown, {len(constant)} always give the same answer on dev, "
            f"{int(constant['retrained'].sum())} of them after retraining."
        )
    return Markdown("\n".join(["Models that are left out, or that give one answer to everything:", "", *lines]))


left_out()

# %% [markdown]
# ## Heads or MLPs?
#
# A bad subnetwork lacks the good heads *and* the good MLPs, and in a model of few layers one MLP is a large part. So
# the two are crossed: good heads with bad MLPs, and bad heads with good MLPs, each retrained like the others.


# %% tags=["hide-input"]
EFFECTS = {
    "heads": "good heads instead of bad ones, mean over good and bad MLPs",
    "MLPs": "good MLPs instead of bad ones, mean over good and bad heads",
    "both": "how much more good heads are worth with good MLPs than with bad ones",
}


def crossed_told(rows: pd.DataFrame) -> pd.DataFrame:
    """The effects of heads and of MLPs, and how far they depend on each other, in points."""
    table = crossed(sound_models(rows), rows[rows["experiment"] == "ComponentSearch"])
    columns = {
        MEAN: table["more"].map(Estimate.in_words).to_numpy(),
        "largest on a task": [
            f"{more:+.1f} ({title(task)})" for more, task in zip(table["largest"], table["on"], strict=True)
        ],
        "models": table["models"].to_numpy(),
    }
    return pd.DataFrame(columns, index=table["effect"].map(EFFECTS).rename("retrained"))


NOT_CROSSED = "*Good and bad heads and MLPs were not crossed in these runs, or a search kept all of them.*"
chapter.numbers(crossed_told, "What good heads and good MLPs are worth, retrained.", nothing=NOT_CROSSED)

# %% [markdown]
# Points of score; the 95% interval is over worlds, or over seeds where there is one world. If the search keeps every
# MLP of a model, there are no bad ones, and the model tells of heads alone. If it keeps more than half of the heads,
# the bad heads include some good ones, and the effects are those of the heads that differ.

# %% [markdown]
# ## Are all tickets winning?
#
# One random subnetwork may be a lucky one. As cut, a subnetwork costs one pass over dev, so many can be tried, all of
# the good one's size and drawn uniformly at random. If importance finds what matters, the good one is ahead of nearly
# all of them, and the bad one behind.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Dev scores of many random subnetworks as cut, for each model of each task, with the good and the bad subnetwork and the full model among them, of a real BERT and of the miniature."}, "figure": {"name": "random-cuts", "caption": "As cut, the good subnetwork is ahead of nearly all random ones of its size. Each dot is a random subnetwork of heads and MLPs, each column a fine-tuned model; dashed is the majority-class baseline."}}
def cuts_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """A panel for each task, a column for each model."""
    for name, ax in axes.items():
        some = rows[rows["of.task"].map(title) == name]
        for place, row in enumerate(some.to_dict("records")):
            scores = 100 * pd.Series(row["scores"], dtype=float).fillna(0)
            ax.plot([place] * len(scores), scores, ".", color=look("random")["color"], alpha=0.25, markersize=4)
            for kind, column in (("good", "good_score"), ("bad", "bad_score"), ("full", "dense_score")):
                label = kind if place == 0 else None
                score = 0 if pd.isna(row[column]) else 100 * row[column]
                ax.plot([place], [score], label=label, linestyle="", **look(kind))
        ax.axhline(100 * some["majority"].fillna(0).iloc[0], color="grey", linestyle="--", linewidth=1)
        ax.set(title=name, xlabel="model", xticks=[], ylabel="score (x 100)")


chapter.figure(
    cuts_drawn,
    lambda rows: [*rows["of.task"].map(title).unique()],
    among=random_cuts.cuts,
    live=False,
    size=(2.5, 2.0),
    across=4,
)


# %% tags=["hide-input"]
def cuts_told(rows: pd.DataFrame) -> pd.DataFrame:
    """What share of random subnetworks the good and the bad one are better than, by task."""
    table = random_cuts.by_task(random_cuts.places(rows))
    columns = {
        "models": table["models"],
        "random subnetworks": table["draws"],
        "the good one is better than": table["good"].map(per_cent),
        "the bad one is better than": table["bad"].map(per_cent),
    }
    return pd.DataFrame(columns).set_axis(table.index.map(title)).rename_axis("task")


def per_cent(share: Estimate) -> str:
    """A share with its interval, in %."""
    return share.in_words(form=".1%")


def cuts_in_a_sentence(rows: pd.DataFrame) -> Markdown:
    """The same over all models, and what good heads and good MLPs are worth there."""
    places, worth = random_cuts.in_all(random_cuts.places(rows)), random_cuts.worth(rows)
    return Markdown(
        f"As cut, the good subnetwork is better than {per_cent(places['good'])} of the random ones, and the bad one "
        f"than {per_cent(places['bad'])} (means over the tasks; 50% is chance). A random one that shares all heads "
        f"with the good one instead of none gains {worth['heads'].in_words()} points; one that shares all MLPs "
        f"instead of none gains {worth['mlps'].in_words()}."
    )


chapter.numbers(
    cuts_told, "How many random subnetworks the good and the bad one are better than, as cut.", among=random_cuts.cuts
)

# %% tags=["hide-input"]
chapter.shown(cuts_in_a_sentence, "recorded_or_live", among=random_cuts.cuts)

# %% [markdown]
# A tie counts as a half. The table under *All numbers* has the exact 95% interval over other random subnetworks of
# these models. In the sentence, brackets hold the 95% interval over worlds, or over seeds where there is one world.
# What shared parts gain is read off a plane fitted to the scores of each model's random subnetworks. On the real BERT:

# %% tags=["hide-input"]
chapter.shown(cuts_in_a_sentence, "minilm", among=random_cuts.cuts)

# %% [markdown]
# (p13)=
# ## Every score
#
# Mean scores (x 100) and standard deviations over the models, as in the paper's appendix. The lines in print are the
# scores that the authors store, over five seeds.


# %% tags=["hide-input"]
def cells(means: pd.DataFrame) -> pd.DataFrame:
    """One row a kind of model, one column a task, from rows of pruning, subnetwork, retrained, title, mean and sd."""
    of = [
        means["pruning"].map({"": "", **REMOVED, "super": "all but super-survivors"}).rename("removed"),
        means["subnetwork"].replace("majority", "majority-class baseline").rename("subnetwork"),
        means["retrained"].map({True: "retrained", False: ""}).rename("trained"),
    ]
    texts = pd.Series(
        [mean_and_sd(mean, sd) for mean, sd in zip(means["mean"], means["sd"], strict=True)],
        pd.MultiIndex.from_frame(pd.concat([*of, means["title"]], axis=1)),
    )
    return texts.unstack("title", sort=False).fillna("").rename_axis(columns=None)


def cells_made(kinds: Callable[[pd.DataFrame], pd.Series]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What makes such a table of our runs, of the models that `kinds` marks."""

    def made(rows: pd.DataFrame) -> pd.DataFrame:
        models = scored(rows)
        models = models[kinds(models) & ~models["longer"]]
        by = ["pruning", "subnetwork", "retrained", "title"]
        return cells(models.groupby(by, sort=False)["score"].agg(mean="mean", sd="std").reset_index())

    return made


def trained_before(models: pd.DataFrame) -> pd.Series:
    """Which models are the full one or a part of it, chosen by one search."""
    return (models["pruning"] != "super") & ~models["subnetwork"].isin(
        ["majority", "separate", "random, never trained"]
    )


chapter.numbers(
    cells_made(trained_before), "Scores (x 100) of every kind of model.", printed=cells(stored[trained_before(stored)])
)

# %% [markdown]
# (p6)=
# ## How bad are the bad ones?
#
# The paper's Table 2 compares the bad subnetworks, retrained, with models that were never pre-trained. Our bag of words
# and BiLSTM are trained from scratch on the task alone. *Random, never trained* is a random part of a BERT of the same
# shape whose weights are randomly initialised, so that only the shape is left. The paper's bag of words and BiLSTMs are
# quoted from {cite:t}`wang2019` and read pre-trained word vectors. In print, the lines of the retrained bad subnetworks
# are as printed, misprints included; the full model's line is from the scores that the authors store.


# %% tags=["hide-input"]
table2, quoted = (
    table.assign(task=table["task"].map(title)).pivot_table(index=by, columns="task", values="score", sort=False)
    for by, table in (("model", read_published("prasanna2020_table2")), ("baseline", read_published("glue_baselines")))
)
averages = read_published("prasanna2020_table2_averages").set_index("model")["score"]
NAMES = {
    "full": "full model",
    "bad_structured": "bad heads and MLPs",
    "bad_magnitude": "bad weights",
    "random_init": "random heads and MLPs, never trained",
    "majority": "majority-class baseline",
    "cbow": title("cbow", "baselines"),
    "bilstm": title("bilstm", "baselines"),
    "bilstm_glove": "BiLSTM + GloVe",
    "bilstm_elmo": "BiLSTM + ELMo",
}


def compared(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean scores of what Table 2 compares, from our runs: a row a model, a column a task."""
    models = scored(rows)
    models = models[~models["longer"]].assign(kind="")
    models.loc[models["subnetwork"] == "full", "kind"] = "full"
    for pruning in REMOVED:
        bad = (models["pruning"] == pruning) & (models["subnetwork"] == "bad") & models["retrained"]
        models.loc[bad, "kind"] = f"bad_{pruning}"
    models.loc[models["subnetwork"] == "random, never trained", "kind"] = "random_init"
    means = models[models["kind"] != ""].groupby(["kind", "title"], sort=False)["score"].mean()
    plain = rows[rows["experiment"] == "Baseline"]
    plain = plain["score"].fillna(0).groupby([plain["kind"].rename("kind"), plain["task"].map(title).rename("title")])
    majority = models.groupby("title", sort=False)["majority"].first().fillna(0)
    levels = pd.concat({"majority": majority}, names=["kind"])
    return pd.concat([means, plain.mean(), levels]).unstack("title")


def in_points(scores: pd.DataFrame) -> pd.DataFrame:
    """Fractions by model and task as texts, with the average."""
    texts = scores.map(lambda score: "" if pd.isna(score) else f"{100 * score:.1f}").assign(
        average=(100 * scores.mean(axis=1)).map("{:.1f}".format)
    )
    return texts.reindex([name for name in NAMES if name in texts.index]).rename(NAMES).rename_axis("model", axis=0)


retrained_printed = (
    stored[stored["subnetwork"].eq("full") | (stored["subnetwork"].eq("bad") & stored["retrained"])]
    .assign(model=lambda rows: (rows["subnetwork"] + "_" + rows["pruning"]).str.removesuffix("_"))
    .pivot_table(index="model", columns="title", values="mean")[stored["title"].unique()]
)
beside_table2 = in_points(table2).assign(average=(100 * averages).map("{:.1f}".format).rename(NAMES))
chapter.finding(
    lambda rows: in_points(compared(rows)),
    "In print, bad heads and MLPs, retrained, are ahead of a BERT that was never pre-trained and of a bag of words. "
    "Mean scores (x 100), each source over its own tasks.",
    part=lambda table: table[["average"]],
    what="What the paper's Table 2 compares: scores (x 100) task by task.",
    printed=pd.concat([in_points(retrained_printed.loc[["full"]]), beside_table2]),
)


# %% tags=["hide-input"]
def misprints_told() -> Markdown:
    """The rows of Table 2 whose numbers do not give their average, and what does."""
    wrong = misprinted(table2, averages)
    better = {"bad_magnitude": retrained_printed.loc["bad_magnitude"], "cbow": quoted.loc["cbow"]}
    lines = []
    for model, row in wrong.iterrows():
        apart = (better[model] - table2.loc[model]).abs()
        task = apart.idxmax()
        lines.append(
            f"- *{NAMES[model]}*: the nine numbers average {100 * row['found']:.1f}, but {100 * row['printed']:.1f} "
            f"is printed. On {task}, {100 * table2.loc[model, task]:.1f} is printed and "
            f"{100 * better[model][task]:.1f} is meant: with it they average {100 * better[model].mean():.1f}."
        )
    return Markdown(
        f"Table 2 has {len(lines)} misprints, which its own column of averages gives away:\n\n" + "\n".join(lines)
    )


misprints_told()

# %% [markdown]
# How far are the models ahead of those baselines? WNLI is left out, and so is each of our tasks on which all searches
# say nothing.


# %% tags=["hide-input"]
def ahead_told(scores: pd.DataFrame) -> pd.DataFrame:
    """How far full and bad models are ahead of each baseline, and on how many of the tasks."""
    models = [name for name in ("full", "bad_structured", "bad_magnitude") if name in scores.index]
    plain = [name for name in ("cbow", "bilstm", "bilstm_glove", "bilstm_elmo", "random_init") if name in scores.index]
    table = against_baselines(scores.loc[models].drop(columns=title("wnli"), errors="ignore"), scores.loc[plain])
    return (
        pd.DataFrame(
            {
                "ahead by": table["ahead"].map(Estimate.in_words),
                "ahead on": table["on"].astype(str),
                "behind on": table["behind_on"].astype(str),
            }
        )
        .rename(NAMES)
        .rename_axis(["model", "baseline"])
    )


def sound_only(rows: pd.DataFrame) -> pd.DataFrame:
    """The scores of what Table 2 compares, on the tasks on which some search says something."""
    return compared(rows)[sound_models(rows)["title"].unique()]


corrected = pd.concat([retrained_printed, quoted, table2.loc[["random_init"]]])
chapter.numbers(
    lambda rows: ahead_told(sound_only(rows)),
    "How far models are ahead of the baselines (points), means over tasks.",
    printed=ahead_told(corrected),
)

# %% [markdown]
# Points of score; the 95% interval is over the tasks. The lines in print take the stored scores, which are free of the
# misprints. Where a bag of words, trained on the task alone, is not behind the *full* model, that model has learnt no
# more of the task than single words tell, and the scores of its parts say little about pruning.

# %% [markdown]
# Task by task the full model is compared with each baseline that was trained here:


# %% tags=["hide-input"]
def task_by_task(rows: pd.DataFrame) -> pd.DataFrame:
    """The full models less the baselines on every task but WNLI, as by `baselines.ahead`."""
    models = scored(rows)
    whole = models[(models["subnetwork"] == "full") & ~models["longer"] & (models["task"] != "wnli")]
    return baseline_findings.ahead(whole, rows[rows["experiment"] == "Baseline"])


chapter.numbers(
    beside_baselines.by_task, "How far the full model is ahead of the baselines, task by task.", among=task_by_task
)

# %% tags=["hide-input"]
chapter.shown(beside_baselines.in_a_sentence, "recorded_or_live", among=task_by_task)

# %% [markdown]
# The real BERT:

# %% tags=["hide-input"]
chapter.shown(beside_baselines.in_a_sentence, "minilm", among=task_by_task)

# %% [markdown]
# (p5)=
# ## Super-survivors
#
# Super-survivors are the heads and MLPs that the searches of *all* seeds keep. If importance means something beyond one
# run, it should show in them. How many would there be if every seed chose as many as it did, but at random?


# %% tags=["hide-input"]
COUNTS = {
    "in_all_seeds": "kept by all",
    "in_all_seeds_expected": "by chance",
    "in_no_seed": "kept by none",
    "in_no_seed_expected": "none, by chance",
}


def survivors_printed() -> pd.DataFrame:
    """What the published masks keep with all seeds and with none, as `counted` tells of ours."""
    rows = read_published("prasanna2020_survivors").query("mode == 'both' and where == 'dev'")
    parts = []
    for kind, what in (("heads", "heads"), ("mlps", "MLPs")):
        some = rows[rows["component"] == kind]
        names = {column: f"{what} {name}" for column, name in COUNTS.items()}
        parts.append(some.set_index(some["task"].map(title))[[*COUNTS]].rename(columns=names))
    return pd.concat(parts, axis=1).map("{:.1f}".format).rename_axis("task")


def counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Heads and MLPs kept in every seed, and in none, beside what independent choices of these sizes give."""
    table = survivors(one_world(rows[rows["experiment"] == "ComponentSearch"]))
    return table.drop(columns="seeds", errors="ignore").map("{:.1f}".format)


chapter.numbers(
    counted, "Heads and MLPs kept with all seeds and with none, beside chance.", printed=survivors_printed()
)

# %% [markdown]
# Our seeds are those of one world. BERT-base has 144 heads and 12 MLPs, and five seeds.


# %% tags=["hide-input"]
def few(models: pd.DataFrame) -> pd.Series:
    """Which models are super-survivors or as many others, and the full ones of their tasks."""
    super_tasks = models.loc[models["pruning"] == "super", "title"]
    return ((models["pruning"] == "super") | (models["subnetwork"] == "full")) & models["title"].isin(super_tasks)


chapter.numbers(
    cells_made(few),
    "Scores (x 100) of super-survivors and of as many others, as cut out and retrained.",
    printed=cells(stored[few(stored)]),
)

# %% [markdown]
# Means over the seeds, with their standard deviation. The *bad* ones are the parts that every seed removes, filled up
# from those that only some seeds keep; the *random* ones are drawn from the latter. Where most heads always survive,
# neither group is large enough. Both then hold all that is not a super-survivor, are filled up from the super-survivors
# by the same draw, and are identical. The paper says that the super-survivors are about 10 to 26% of the full model's
# weights on most tasks and lose about 10 points; these shares are of all weights, embeddings included.

# %% [markdown]
# (p7)=
# ## Retrained for longer
#
# Perhaps a bad subnetwork only needs more time. In the paper six epochs instead of three made most tasks *worse*. But
# training for longer may hurt any model on these tasks. So the number to look at is not the bad one's score, but its
# gap to the full model *trained for as long*.


# %% tags=["hide-input"]
def longer_told(models: pd.DataFrame) -> pd.DataFrame:
    """The gap to the full model after the usual and after longer training, and its change, paired over seeds."""
    gaps = caught_up(models)
    columns = {
        "removed": gaps["pruning"].replace(REMOVED),
        "subnetwork": gaps["subnetwork"],
        "behind the full model": gaps["usual"].map("{:+.1f}".format),
        "both trained for longer": gaps["later"].map("{:+.1f}".format),
        "change": gaps["change"].map(Estimate.in_words),
    }
    return pd.DataFrame(columns).set_index(["removed", "subnetwork"])


chapter.numbers(
    longer_told,
    "Gaps to the full model (points), all trained for as long.",
    among=sound_models,
    nothing="*None of these runs was trained for longer; it takes too long while a reader waits.*",
)

# %% [markdown]
# Points of score, means over the tasks; the 95% interval (paired t) is over worlds, or over seeds where there is one
# world. A change below 0 means that the subnetwork catches up.

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["bad_tickets_win", "random_tickets_win", "bad_weights_lose"])
short.summary()

# %% tags=["remove-input", "in-short"]
short.box(
    question="Is the subnetwork that a search finds good because of what it consists of?",
    done=(
        "The good subnetwork is compared with a random one of its size, and with a bad one made of what the search "
        "threw away. Each is scored as cut out of the fine-tuned model, and again after the same part of the "
        "pre-trained model was fine-tuned by itself. This is done once with heads and MLPs, and once with single "
        "weights."
    ),
    not_shown=(
        "Of the miniature's tasks only those on which pre-training helps count for a claim. The real BERT is scored on "
        "few tasks."
    ),
)
