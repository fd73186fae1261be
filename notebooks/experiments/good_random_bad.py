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
# A search finds a part of a fine-tuned model that does nearly as well: the *good* subnetwork. Is it good because of what it
# consists of? {cite:t}`prasanna2020` hold it against two others of its size: a *random* one, and a *bad* one, made of what
# the search threw away. Each is scored as it is cut out, and again after the same part of the *pre-trained* model was
# fine-tuned by itself. If the good one were a winning ticket {cite:p}`frankle2019`, the others should not win. They report
# that when heads and MLPs are removed and the rest is trained again, random ones do about as well as the good ones, and even
# bad ones perform strongly: all tickets are winning. This chapter repeats that with parts of exactly one size, and says which of
# the differences three to five seeds can show.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `data_dir`
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
world = 1  # the seed of the miniature and of its language
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["cola", "sst2"]  # files in lottery/tasks
tuning_seeds = [1, 2]  # of the fine-tunings
retrained_seeds = []  # those of them whose subnetworks are trained again; []: all
retrained_tasks = []  # likewise of the tasks; []: all
super_tasks = ["cola"]  # of the super-survivors, which need two seeds at least
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

from lottery.experiments.baseline import Baseline
from lottery.experiments.component_search import ComponentSearch
from lottery.experiments.controls import Redrawn
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.magnitude_search import MagnitudeSearch
from lottery.experiments.pruned_score import PrunedScore
from lottery.experiments.studies import TaskStudy
from lottery.experiments.subnetworks import Bad, Drawn, Survivors
from lottery.experiments.tickets import Ticket
from lottery.suite.given import given

globals().update(given("experiments/good_random_bad", globals()))
study = TaskStudy.from_cell(globals())
dense = [
    study.tuned(task, seed, world=world, learning_rate=learning_rate, saved=True)
    for task in tasks
    for seed in tuning_seeds
]
searches = {
    "structured": lambda of: ComponentSearch(of=of, importance="sample", mode="both"),
    "magnitude": lambda of: MagnitudeSearch(of=of, per_step=per_step),
}


def retrained(of: FineTuning, kept, times: float = 1.0) -> FineTuning:
    """The pre-trained model less everything outside the mask, fine-tuned with the same seed."""
    return replace(of, start=Ticket(of=of.start, kept=kept), epochs=times * of.epochs, saved=False)


pruned, again = [], []
for of in dense:
    trained_again = of.seed in (retrained_seeds or tuning_seeds) and of.task in (retrained_tasks or tasks)
    for pruning in prunings:
        good = searches[pruning](of)
        kept = [good, Drawn(like=good, seed=of.seed), Bad(like=good, seed=of.seed)]
        if pruning == "structured":
            kept.append(Bad(like=good, seed=of.seed, disjoint=True))
            if of.task in released_tasks:
                kept.append(Drawn(like=good, seed=of.seed, recipe="released"))
        if pruning == "structured" and of.task in super_tasks:
            kept += [
                Survivors(
                    of=replace(good, of=replace(of, seed=tuning_seeds[0])),
                    seeds=tuple(tuning_seeds),
                    which=which,
                    seed=of.seed,
                )
                for which in ("good", "random", "bad")
            ]
        pruned += [PrunedScore(of=of, kept=part) for part in kept]
        if trained_again:
            again += [retrained(of, part) for part in kept]
            if of.task in longer_tasks:
                again += [retrained(of, part, times=longer) for part in kept[:3]]
    if trained_again:
        if of.task in longer_tasks:
            again.append(replace(of, epochs=longer * of.epochs, saved=False))
        drawn = Ticket(
            of=Redrawn(like=of.start, seed=of.seed), kept=Drawn(like=searches["structured"](of), seed=of.seed)
        )
        again.append(replace(of, start=drawn, saved=False))
plain = [
    Baseline(
        start=of.start,
        kind=kind,
        task=of.task,
        epochs=baseline_epochs,
        batch_size=batch_size,
        learning_rate=baseline_learning_rate,
        width=baseline_width,
        max_length=max_length,
        seed=of.seed,
    )
    for of in dense
    for kind in baselines
]
grid = [*dense, *pruned, *dict.fromkeys(again), *plain, *[searches[name](of) for name in prunings for of in dense]]

# %% tags=["remove-cell"]
from collections.abc import Callable

import pandas as pd
from IPython.display import Markdown

from lottery.findings.searches import sound, survivors
from lottery.findings.subnetworks import REMOVED, caught_up, contrasts, with_subnetworks
from lottery.statistics import Estimate
from lottery.suite import plots
from lottery.suite.chapter import perform, title

chapter = perform("experiments/good_random_bad", grid, results, records, workers=workers, scheduler=scheduler)
BARS = [("full", False), *((name, retrained) for name in ("good", "random", "bad") for retrained in (False, True))]
NOTHING = "*Every search of these runs says nothing, for the reasons told below: there is nothing to show.*"


def scored(rows: pd.DataFrame) -> pd.DataFrame:
    """Every scored model with what it is in words; `score` is 0 where it is not defined."""
    models = with_subnetworks(rows)
    return models.assign(title=models["tuned_on"].map(title), score=models["score"].fillna(0))


def sound_models(rows: pd.DataFrame) -> pd.DataFrame:
    """The scored models of tasks and seeds of which no search was degenerate."""
    models = scored(rows)
    return models[models["degenerate"] == ""]


# %% [markdown]
# (p4)=
# ## Three subnetworks of one size
#
# - **Good:** what the search keeps ({doc}`component_search`, {doc}`magnitude_search`).
# - **Random:** as many heads and as many MLPs, or as many weights, drawn from all. In the released code each head is drawn
#   by itself with the good one's share as its chance, so that sizes agree on average only; here they agree exactly.
# - **Bad:** what the search removed. Where that is less than it kept, some of the good ones are added, as in the paper: of
#   $n$ heads of which $k > n/2$ are kept, a bad subnetwork of the same size *must* share $2k - n$ with the good one. So
#   there is a second one, *bad, disjoint*, that takes nothing from the good one and may be smaller.
#
# Retrained means: the same part of the pre-trained model, under the same new head, is fine-tuned as the full model was.


# %% tags=["hide-input"]
def sizes(rows: pd.DataFrame) -> pd.DataFrame:
    """What the searches that say something keep, and how much of it a bad subnetwork has to share."""
    lines = {}
    for task, some in sound(rows[rows["experiment"] == "ComponentSearch"]).groupby("of.task", sort=False):
        kept, of = some["heads"], some["all_heads"]
        lines[title(task)] = {
            "heads kept": f"{kept.mean():.1f} of {of.iloc[0]:.0f} ({kept.min():.0f} to {kept.max():.0f})",
            "MLPs kept": f"{some['mlps'].mean():.1f} of {some['all_mlps'].iloc[0]:.0f}",
            "their weights": f"{some['share_kept'].mean():.0%}",
            "of the bad one's heads also good": f"{((2 * kept - of).clip(lower=0) / kept.clip(lower=1)).mean():.0%}",
        }
    for task, some in sound(rows[rows["experiment"] == "MagnitudeSearch"]).groupby("of.task", sort=False):
        lines.setdefault(title(task), {})["weights kept by magnitude"] = f"{1 - some['sparsity'].mean():.0%}"
    return pd.DataFrame(lines).T.fillna("").rename_axis("task")


sizes(chapter.recorded_or_live)

# %% [markdown]
# Of the miniature; means over the seeds. The real BERT:

# %% tags=["hide-input"]
chapter.shown(sizes, "minilm")


# %% tags=["hide-input"] mystnb={"image": {"alt": "Dev score of the full model and of its good, random and bad subnetworks of heads and MLPs, as cut out and retrained, for each task of this build."}, "figure": {"name": "good-random-bad-live", "caption": "Heads and MLPs removed, computed for this build: the full model, and good, random and bad subnetworks as cut out (pale) and retrained (dark). Dots are seeds. The dashed line is one answer to all; the dotted one the full model's mean less one standard deviation, which the paper takes for success."}}
def bars_drawn(models: pd.DataFrame) -> None:
    """A panel for each task, bars as in the paper's Figure 2."""
    axes = plots.panels(models["title"].nunique(), columns=4, size=(2.4, 2.5))
    colours = {"full": 6, "good": 0, "random": 4, "bad": 1}
    for number, (ax, (name, some)) in enumerate(zip(axes, models.groupby("title", sort=False), strict=True)):
        for place, (kind, after) in enumerate(BARS):
            values = 100 * some.loc[(some["subnetwork"] == kind) & (some["retrained"] == after), "score"]
            if len(values):
                colour = plots.COLOURS[colours[kind]]
                ax.bar(place, values.mean(), color=colour, alpha=1.0 if after or kind == "full" else 0.4)
                ax.plot([place] * len(values), values, ".", color="black", markersize=3)
        whole = 100 * some.loc[some["subnetwork"] == "full", "score"]
        if len(whole) > 1:
            ax.axhline(whole.mean() - whole.std(), color="black", linestyle=":", linewidth=1)
        level = some["majority"].iloc[0]
        ax.axhline(0 if pd.isna(level) else 100 * level, color="grey", linestyle="--", linewidth=1)
        ax.set_title(name, fontsize=9)
        ax.set_xticks([0, 1.5, 3.5, 5.5], ["full", "good", "random", "bad"], fontsize=8)
        if number % 4 == 0:
            ax.set_ylabel("score (x 100)")


def pruned_by(pruning: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What chooses the models that the bars are of: those pruned so and the full ones, trained for as long as usual."""

    def models(rows: pd.DataFrame) -> pd.DataFrame:
        some = sound_models(rows)
        return some[some["pruning"].isin(["", pruning]) & ~some["longer"]]

    return models


chapter.shown(bars_drawn, "live", among=pruned_by("structured"), nothing=NOTHING)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for the recorded tasks and seeds of the miniature."}, "figure": {"name": "good-random-bad-recorded", "caption": "The same on the miniature's recorded tasks and seeds."}}
chapter.shown(bars_drawn, among=pruned_by("structured"), nothing=NOTHING)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for all-MiniLM-L6-v2 on the recorded tasks of GLUE."}, "figure": {"name": "p4-minilm", "caption": "The same for a real BERT, all-MiniLM-L6-v2, recorded."}}
chapter.shown(bars_drawn, "minilm", among=pruned_by("structured"), nothing=NOTHING)

# %% [markdown]
# Weights removed by magnitude, over the whole model:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dev score of the full model and of its good, random and bad subnetworks of weights, as cut out and retrained, for the recorded tasks of the miniature, or this build's where nothing is recorded."}, "figure": {"name": "good-random-bad-magnitude", "caption": "The same with single weights removed by magnitude: the miniature's recorded tasks, or this build's where nothing is recorded."}}
chapter.shown(bars_drawn, "recorded_or_live", among=pruned_by("magnitude"), nothing=NOTHING)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for all-MiniLM-L6-v2."}, "figure": {"name": "good-random-bad-magnitude-minilm", "caption": "The same for a real BERT, recorded."}}
chapter.shown(bars_drawn, "minilm", among=pruned_by("magnitude"), nothing=NOTHING)


# %% tags=["hide-input"]
def contrasts_told(models: pd.DataFrame) -> pd.DataFrame:
    """Differences of scores between subnetworks after retraining, means over tasks, paired over seeds, in points."""
    table = contrasts(models)
    largest = [f"{more:+.1f} ({title(task)})" for more, task in zip(table["largest"], table["on"], strict=True)]
    names = [table["pruning"].map(REMOVED).rename("removed"), table["pair"].rename("after retraining")]
    columns = {"mean over tasks": table["more"].map(Estimate.in_words).to_numpy(), "largest on a task": largest}
    return pd.DataFrame(columns, index=pd.MultiIndex.from_frame(pd.concat(names, axis=1)))


chapter.shown(contrasts_told, "recorded_or_live", among=sound_models, nothing=NOTHING)

# %% [markdown]
# The miniature: points of score, with 95 % intervals over the seeds (paired t). The real BERT:

# %% tags=["hide-input"]
chapter.shown(contrasts_told, "minilm", among=sound_models, nothing=NOTHING)


# %% tags=["hide-input"]
def left_out(rows: pd.DataFrame) -> Markdown:
    """What is left out of the figures, and what in them is a model that gives one answer to all."""
    models = scored(rows)
    gone = models[models["degenerate"] != ""].groupby(["title", "degenerate"])["trial"].nunique()
    lines = [f"- {task}, {count} seed(s): {reason}." for (task, reason), count in gone.items()]
    kept = models[models["degenerate"] == ""]
    constant = kept[kept["constant"].astype(bool)]
    lines.append(
        f"- Of the {len(kept)} models shown {len(constant)} give one answer to all of dev, "
        f"{int(constant['retrained'].sum())} of them after retraining."
    )
    return Markdown("\n".join(["Left out, and degenerate:", "", *lines]))


left_out(chapter.recorded_or_live)

# %% [markdown]
# (p13)=
# ## Every score
#
# Means over the seeds with their standard deviation, as in the paper's appendix; scores times 100.


# %% tags=["hide-input"]
def table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a kind of model, one column a task."""
    models = scored(rows)
    models = models[~models["longer"]]
    names = {"": "", **REMOVED, "super": "super-survivors"}
    of = [models["pruning"].map(names), models["subnetwork"], models["retrained"].map({True: "retrained", False: ""})]
    by_task = (100 * models["score"]).groupby([*of, models["title"]], sort=False).agg(mean_and_sd).unstack("title")
    levels = {
        kind: (100 * some["score"].fillna(0)).groupby(some["task"].map(title)).agg(mean_and_sd)
        for kind, some in rows[rows["experiment"] == "Baseline"].groupby("kind")
    }
    majority = 100 * models.groupby("title", sort=False)["majority"].first().fillna(0)
    levels["one answer to all"] = majority.map("{:.1f}".format)
    beside = pd.DataFrame(levels).T.set_axis(pd.MultiIndex.from_tuples(("", kind, "") for kind in levels))
    return (
        pd.concat([by_task, beside]).fillna("").rename_axis(["removed by", "subnetwork", ""]).rename_axis(None, axis=1)
    )


def mean_and_sd(points: pd.Series) -> str:
    """Over the seeds."""
    return f"{points.mean():.1f}" + (f" ± {points.std():.1f}" if len(points) > 1 else "")


table(chapter.recorded_or_live)

# %% [markdown]
# (p6)=
# The last rows are what such models are to be held against: one answer to all; a bag of words and a BiLSTM, trained here
# on the task alone from nothing; and, among the subnetworks, *random, never trained*: a random part of a BERT of the same
# shape whose weights were drawn anew, so that only the shape is left. The real BERT:

# %% tags=["hide-input"]
chapter.shown(table, "minilm")

# %% [markdown]
# (p5)=
# ## Super-survivors
#
# Heads and MLPs that the searches of *all* seeds keep. If importance meant something beyond one run, these should be the
# ones. How many would there be if every seed chose as many as it did, but by lot?


# %% tags=["hide-input"]
def counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Heads and MLPs kept in every seed, and in none, beside what independent choices of these sizes give."""
    return survivors(rows[rows["experiment"] == "ComponentSearch"]).round(1)


chapter.shown(counted, "recorded_or_live", nothing=NOTHING)


# %% tags=["hide-input"]
def beside_survivors(rows: pd.DataFrame) -> pd.DataFrame:
    """The super-survivors, as many others, and the full models of their tasks."""
    models = sound_models(rows)
    few = models["pruning"] == "super"
    usual = (few | (models["subnetwork"] == "full")) & ~models["longer"]
    return models[usual & models["title"].isin(models.loc[few, "title"])]


def survivors_scored(models: pd.DataFrame) -> pd.DataFrame:
    """Scores of the super-survivors and of as many others, as cut out and retrained."""
    cells = (100 * models.set_index(["subnetwork", "retrained", "title"])["score"]).groupby(level=[0, 1, 2], sort=False)
    ranges = cells.agg(lambda values: f"{values.mean():.1f} ({values.min():.1f} to {values.max():.1f})")
    return ranges.unstack("title").fillna("").rename_axis(["subnetwork", "retrained"])


chapter.shown(survivors_scored, "recorded_or_live", among=beside_survivors, nothing=NOTHING)

# %% [markdown]
# Means over the seeds, in brackets their range. The *bad* ones are those removed in every seed, filled up from what some
# keep and some do not; the *random* ones are drawn from the latter. Where most heads survive always, neither group has
# enough: both then hold all that is no super-survivor, are filled up from the super-survivors by the same draw, and are
# one and the same. The real BERT:

# %% tags=["hide-input"]
chapter.shown(counted, "minilm", nothing=NOTHING)

# %% tags=["hide-input"]
chapter.shown(survivors_scored, "minilm", among=beside_survivors, nothing=NOTHING)

# %% [markdown]
# (p7)=
# ## Retrained for longer
#
# Perhaps a bad subnetwork only needs more time. In the paper six epochs instead of three made most tasks *worse*. But
# training for longer may hurt any model on these tasks. What has to be compared is not the bad one with itself, but its gap
# to the full model *trained for as long*.


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


chapter.shown(
    longer_told,
    "recorded_or_live",
    among=sound_models,
    nothing="*None of these runs was trained for longer; it takes too long while a reader waits.*",
)

# %% [markdown]
# Points of score, means over the tasks; in brackets the 95 % interval over the seeds (paired t). A change below 0 says that
# the subnetwork catches up.
