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
#     part: miniature
#     order: 10
# ---

# %% [markdown]
# (x9)=
# # A world small enough to know
#
# The experiments of this book run first on a miniature: a made-up language about a made-up world, small enough that a
# BERT learns it in minutes on a laptop, and known exactly, so that every label is right. Its grammar has agreement,
# passives, negation and questions; its world has kinds of things, synonyms, likes and dislikes, and facts that only the
# pre-training text tells. From the same seed come documents to pre-train on and a task in the shape of each of GLUE's
# nine {cite:p}`wang2019` and of SQuAD {cite:p}`rajpurkar2016`. Three in four of the examples on which a task is scored
# are about words that its training examples are not about, so that what a model gets right there it has to have learnt
# in pre-training.
#
# This page asks whether the miniature is any good as a stand-in: how much of the language a model learns, whether
# pre-training helps downstream, and whether pruning bites where it bites in BERT. The last is what the language, the
# model and its training were chosen for: the three regimes of {cite:t}`gordon2020`. So the miniature is a place to try
# things, and **no evidence for the claims of that paper**. The end of the page tells what it was to show, on
# which seeds that was chosen, and what came of it.

# %% tags=["parameters"]
seeds = [1]  # each is a world of its own, with its own text and model
miniature_steps = 3000  # of pre-training
longer = 0  # how many times longer a second pre-training runs, to show how much was left to learn; 0: none
longer_seeds = []  # those of the seeds for which it does
tasks = ["cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli", "squad"]
sparsities = [0.0, 0.3, 0.6, 0.9]  # of the regimes; 0.0 is the control, trained as long
pruning_steps = 400  # of the continued pre-training in which weights are removed
pruning_ramp = 200  # of these, steps over which the sparsity rises
every = 10  # steps between two computations of the mask
pruning_learning_rate = 1e-3
pretraining_batch_size = 64
epochs = 2.0  # of fine-tuning
batch_size = 32
learning_rate = 1e-3  # of fine-tuning
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.experiments.counting import Counting
from lottery.experiments.miniature import Miniature
from lottery.experiments.studies import PretrainingStudy, TaskStudy

counted = [Counting(seed=seed) for seed in seeds]
models = [Miniature(seed=seed, steps=steps) for seed in seeds for steps in (0, miniature_steps)]
models += [Miniature(seed=seed, steps=longer * miniature_steps) for seed in longer_seeds]
pretraining, fine_tuning = PretrainingStudy.from_cell(globals()), TaskStudy.from_cell(globals())
controls = [pretraining.control(Miniature(seed=seed, steps=miniature_steps), seed) for seed in seeds]
pruned = [replace(control, sparsity=sparsity) for control in controls for sparsity in sparsities]
tuned = [
    fine_tuning.tuned_from(start, task, seed, learning_rate=learning_rate)
    for seed in seeds
    for start in [*[m for m in models if m.steps <= miniature_steps], *pruned]
    if start.seed == seed
    for task in tasks
]
grid = [*counted, *models, *pruned, *tuned]

# %% tags=["remove-cell"]
from pathlib import Path

import pandas as pd
from IPython.display import Markdown, display
from matplotlib import pyplot as plt

from lottery import miniature
from lottery import statistics as stats
from lottery import store as runs
from lottery.choices import choose
from lottery.suite import cluster, plots

plots.house_style()
cluster.map(grid, results, workers=workers, scheduler=scheduler)
live = runs.rows(grid, Path(results))
recorded = runs.recorded(Path(records) / "miniature" / "world.parquet")
missing = Markdown(runs.not_recorded("experiments/world", "miniature"))


def of(runs: pd.DataFrame, experiment: str, start: str = "") -> pd.DataFrame:
    """The runs of one experiment, or of those that started from another."""
    rows = runs[runs["experiment"] == experiment]
    return rows[rows["start"] == start] if start else rows


def title(task: str) -> str:
    """The task's name as it is written."""
    return choose("tasks", task).TITLE


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a dash where there is no number."""
    return table.astype(object).where(table.notna(), "–")


# %% [markdown]
# ## What the language looks like
#
# The beginning of three documents, and one example of each task, from the first seed of this build.

# %% tags=["hide-input"]
language = miniature.Language(seeds[0])
documents = miniature.documents(language, 3, 1)
Markdown("\n".join(f"> {' '.join(document[:5])}\n" for document in documents))

# %% tags=["hide-input"]
examples = []
for name in tasks:
    task = choose("tasks", name)
    tables = miniature.tables(language, name)
    first = tables["train"].iloc[0]
    label = first["answer"] if task.KIND == "span" else first["label"]
    examples.append(
        {
            "task": task.TITLE,
            "first": first["first"],
            "second": first.get("second", ""),
            "answer": task.LABELS[int(label)] if task.LABELS else label,
            "train": len(tables["train"]),
            "dev": len(tables["dev"]),
        }
    )
pd.DataFrame(examples).set_index("task")


# %% tags=["hide-input"]
def made(runs: pd.DataFrame) -> str:
    """Of which models and seeds a table of runs is."""
    berts = of(runs, "Miniature")
    seeds = sorted(berts["seed"].unique())
    return f"seed{'s'[: len(seeds) > 1]} {', '.join(str(seed) for seed in seeds)}, about {berts['model_size'].mean():,.0f} parameters"


shape = miniature.config(0)
Markdown(
    f"The model is a BERT of {shape.num_hidden_layers} layers with {shape.num_attention_heads} heads each, "
    f"{shape.hidden_size} wide. This build: {made(live)}."
    + (f" Recorded beside it: {made(recorded)}." if len(recorded) else "")
)

# %% [markdown]
# ## How much is learnt
#
# The loss of guessing hidden words on documents that were not trained on, by models that count words, by the BERT as it
# was drawn, after its pre-training, and after a longer one, so that one sees how much was left to learn.


# %% tags=["hide-input"]
def learnt(runs: pd.DataFrame) -> pd.DataFrame:
    """MLM loss, in nats, of each model and seed, with the time its pre-training took."""
    counts, berts = of(runs, "Counting"), of(runs, "Miniature")
    rows = [
        pd.DataFrame(
            {"model": "most frequent words (unigram)", "seed": counts["seed"], "loss": counts["unigram_loss"]}
        ),
        pd.DataFrame({"model": "neighbouring words (n-gram)", "seed": counts["seed"], "loss": counts["ngram_loss"]}),
        pd.DataFrame(
            {
                "model": berts["steps"].map(lambda steps: f"BERT, {int(steps):,} steps"),
                "seed": berts["seed"],
                "loss": berts["mlm_loss"],
                "accuracy": berts["mlm_accuracy"],
                "next sentence": berts["nsp_accuracy"],
                "seconds": berts["seconds"],
            }
        ),
    ]
    groups = pd.concat(rows).groupby("model", sort=False)
    summary = groups[["loss", "accuracy", "next sentence", "seconds"]].mean()
    summary.insert(0, "seeds", groups["seed"].count())
    return shown(summary.round({"loss": 2, "accuracy": 3, "next sentence": 3, "seconds": 0}))


learnt(live)

# %% [markdown]
# The same over the recorded seeds, with the longer run:

# %% tags=["hide-input"]
learnt(recorded) if len(recorded) else missing


# %% tags=["hide-input"]
def progress(runs: pd.DataFrame) -> Markdown:
    """How far, in words, the pre-training comes towards one that is longer."""
    by_steps = {int(steps): rows.set_index("seed") for steps, rows in of(runs, "Miniature").groupby("steps")}
    untrained, trained, long = (by_steps[steps] for steps in sorted(by_steps))
    share = (untrained["mlm_loss"] - trained["mlm_loss"]) / (untrained["mlm_loss"] - long["mlm_loss"])
    share = share.dropna()  # of the seeds with a longer run
    return Markdown(
        f"Over {len(trained)} seeds, pre-training takes {trained['seconds'].mean():.0f} seconds on "
        f"{trained['made.threads'].max():.0f} thread(s), at most {trained['seconds'].max():.0f}, and comes "
        f"{share.mean():.0%} of the way from the untrained model's loss to that of a run "
        f"{long['steps'].iloc[0] / trained['steps'].iloc[0]:.0f} times as long ({len(share)} seeds)."
    )


progress(recorded) if len(recorded) else missing

# %% [markdown]
# ## Does pre-training help?
#
# The same fine-tuning from the pre-trained model and from the model as it was drawn.


# %% tags=["hide-input", "remove-output"]
def gains(runs: pd.DataFrame) -> pd.DataFrame:
    """Dev score pre-trained minus drawn, in points, for each task: mean over seeds and 95 % interval (paired t)."""
    rows = of(runs, "FineTuning", "Miniature")
    told = []
    for name in rows["task"].unique():
        by_steps = rows[rows["task"] == name].pivot_table(
            index="seed", columns="start.steps", values="score", dropna=False
        )
        drawn, pretrained = by_steps[0].fillna(0), by_steps[max(by_steps)].fillna(0)
        mean, low, high = stats.paired_difference(100 * pretrained, 100 * drawn)
        majority = rows[rows["task"] == name]["majority"].mean()
        told.append(
            {
                "task": title(name),
                "metric": choose("tasks", name).METRIC,
                "one answer": 100 * majority,
                "drawn": 100 * drawn.mean(),
                "pre-trained": 100 * pretrained.mean(),
                "difference": mean,
                "low": low,
                "high": high,
            }
        )
    return pd.DataFrame(told)


# %% tags=["hide-input"]
shown(gains(live).set_index("task").round(1))

# %% [markdown]
# Over the recorded seeds, with intervals:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dev score of the pre-trained minus that of the untrained miniature for each of ten tasks, with 95 % intervals over the recorded seeds."}, "figure": {"name": "world-gains", "caption": "What pre-training adds to the dev score of each task: mean over the recorded seeds, with its 95 % interval (paired t over seeds). WNLI is built so that nothing can be learnt from its training set."}}
if len(recorded):
    plots.differences(gains(recorded), name="task", mean="difference", low="low", high="high").set(
        xlabel="pre-trained minus untrained (points)"
    )
else:
    display(missing)


# %% tags=["hide-input"]
def helped(table: pd.DataFrame) -> tuple[int, pd.DataFrame]:
    """Of the rows of `gains`: how many gain 10 points or more, and those that lose more than 2 (whole interval)."""
    return int((table["difference"] >= 10).sum()), table[table["high"].fillna(table["difference"]) < -2]


def told(runs: pd.DataFrame) -> Markdown:
    """In words: on how many tasks pre-training helps, on how many it costs, and what becomes of WNLI."""
    table = gains(runs)
    better, worse = helped(table)
    wnli = of(runs, "FineTuning", "Miniature").query("task == 'wnli' and `start.steps` > 0")
    return Markdown(
        f"Pre-training adds 10 points or more on {better} of {len(table)} tasks, and costs "
        f"more than 2 points on {len(worse)} (the whole interval below -2). On WNLI the pre-trained models "
        f"score {100 * wnli['score'].mean():.0f} % (at most {100 * wnli['score'].max():.0f}), where the most frequent answer "
        f"scores {100 * wnli['majority'].mean():.0f} %: as in the real one, whoever learns its training set by heart is "
        f"wrong on its dev set."
    )


told(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
shown(gains(recorded).set_index("task").round(1)) if len(recorded) else missing

# %% [markdown]
# A score that is not defined, such as a correlation of a model that gives one number to all, counts as 0 here.
#
# ## Do the regimes show?
#
# The pre-trained model, pruned by magnitude while its pre-training goes on, and fine-tuned; each point against a control
# trained as long without pruning. Again: the miniature was chosen so that these three regimes come out.


# %% tags=["hide-input", "remove-output"]
def regimes(runs: pd.DataFrame) -> pd.DataFrame:
    """MLM loss and mean dev score (WNLI left out) of each sparsity and seed, each against the seed's own control."""
    losses = of(runs, "GradualPruning").set_index(["sparsity", "seed"])["mlm_loss"]
    rows = of(runs, "FineTuning", "GradualPruning").query("task != 'wnli'")
    scores = rows.assign(score=rows["score"].fillna(0)).groupby(["start.sparsity", "seed"])["score"].mean()
    scores.index.names = losses.index.names
    both = pd.DataFrame({"loss": losses, "score": scores})
    control = both.loc[0.0]
    both["rise"] = both["loss"] / control["loss"].reindex(both.index, level="seed") - 1
    both["change"] = both["score"] - control["score"].reindex(both.index, level="seed")
    return both.reset_index()


# %% tags=["hide-input"] mystnb={"image": {"alt": "Rise of the MLM loss and change of the mean dev score against the share of weights removed, live and recorded."}, "figure": {"name": "world-regimes", "caption": "The regimes of the miniature: rise of the MLM loss (left) and change of the mean score over all tasks but WNLI (right) against a control trained as long. Bars span the seeds."}}
both = regimes(live).assign(what="this build")
if len(recorded):
    both = pd.concat([regimes(recorded).assign(what="recorded"), both])
_, panels = plt.subplots(1, 2, figsize=(7.6, 3.3))
plots.against_sparsity(both, "rise", by="what", scale=100, ax=panels[0]).set(ylabel="rise of the MLM loss (%)")
plots.against_sparsity(both, "change", by="what", scale=100, ax=panels[1]).set(
    ylabel="change of the mean score (points)"
)
panels[0].legend()
plt.show()


# %% tags=["hide-input"]
def changes(runs: pd.DataFrame, column: str) -> dict[float, stats.Estimate]:
    """The mean change of "loss" (as "rise") or "score" (as "change"), x 100, at each sparsity, with 95 % intervals."""
    rows = regimes(runs).query("sparsity > 0")
    return {sparsity: stats.mean_interval(100 * group[column]) for sparsity, group in rows.groupby("sparsity")}


def regimes_told(runs: pd.DataFrame) -> pd.DataFrame:
    """The rise of the loss and the change of the score at each sparsity, with 95 % intervals over seeds (paired t)."""
    rise, change = changes(runs, "rise"), changes(runs, "change")
    rows = [
        {
            "removed": f"{sparsity:.0%}",
            "rise of the MLM loss (%)": rise[sparsity].told(),
            "change of the mean score (points)": change[sparsity].told(),
        }
        for sparsity in rise
    ]
    return pd.DataFrame(rows).set_index("removed")


regimes_told(recorded) if len(recorded) else missing

# %% [markdown]
# ## What it was to show, and whether it does


# %% tags=["hide-input"]
def aims(runs: pd.DataFrame) -> pd.DataFrame:
    """Each aim, what was measured, and whether it is met; intervals are of 95 % over seeds (paired t)."""
    berts = of(runs, "Miniature")
    trained = berts[berts["steps"] == sorted(berts["steps"].unique())[1]]
    table = gains(runs)
    better, worse = helped(table)
    wnli = of(runs, "FineTuning", "Miniature").query("task == 'wnli' and `start.steps` > 0")
    rise, change = changes(runs, "rise"), changes(runs, "change")
    slowest = trained["seconds"].max()
    lines = [
        ("pre-training takes at most 3 minutes", f"at most {slowest:.0f} s", slowest <= 180),
        ("it adds 10 points or more on at least 6 tasks", f"on {better} of {len(table)}", better >= 6),
        (
            "on no task it costs more than 2 points (the whole interval below -2)",
            f"on {len(worse)}: {', '.join(worse['task'])}" if len(worse) else "on none",
            len(worse) == 0,
        ),
        (
            "30 % removed costs nothing that can be told from no change",
            f"{change[0.3].told()} points",
            change[0.3].high >= 0,
        ),
        ("60 % removed raises the MLM loss by 5 % or more", f"{rise[0.6].told()} %", rise[0.6].mean >= 5),
        ("60 % removed costs 3 points or more", f"{change[0.6].told()} points", change[0.6].mean <= -3),
        ("90 % removed costs 10 points or more", f"{change[0.9].told()} points", change[0.9].mean <= -10),
        (
            "WNLI stays at or below one answer to all, for every seed",
            f"at most {100 * wnli['score'].max():.0f} % against {100 * wnli['majority'].mean():.0f} %",
            bool((wnli["score"] <= wnli["majority"]).all()),
        ),
    ]
    rows = [(aim, measured, "yes" if met else "no") for aim, measured, met in lines]
    return pd.DataFrame(rows, columns=["aim", "recorded", "met"]).set_index("aim")


aims(recorded) if len(recorded) else missing

# %% [markdown]
# The fine-tuning rate was halved after a first recording of seeds 1 to 3 had missed the aim for 60 %; the rate now used
# had met it on a tuning seed. So here are the aims once more, for the later seeds alone, on which nothing was chosen:

# %% tags=["hide-input"]
aims(recorded[recorded["seed"] > 3]) if len(recorded) else missing

# %% [markdown]
# Where a table says no, that aim is open. An interval that holds 0 does not show that there is no change: it says how
# large a change the seeds can hide, and fewer seeds hide more.
#
# What it took to come here, on other seeds. The first tasks could be solved without knowing a word: a negation gave
# contradictions away, and the way a question was asked gave away what it was not. So wrong answers were made to look
# more like right ones. The text came to say how one sentence stands to the next, also of questions, since little else
# teaches a model this small to compare two of them. And the fine-tuning was made short: a longer one, at a higher rate,
# learns anew at 60 % what pruning took away, and hides the second regime. How much of that regime there is depends on
# how long one fine-tunes, in the miniature at least.
