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
# passives, negation and questions. Its world has kinds of things, likes and dislikes, and facts. What is true of one
# bird is true of every bird. The same seed makes documents to pre-train on, and tasks in the shape of each of GLUE's
# nine {cite:p}`wang2019` and of SQuAD {cite:p}`rajpurkar2016`. Three in four of the examples on which a task is scored
# are about words that are not in its training examples. What such a word means a model can only have learnt in
# pre-training.
#
# This page asks whether the miniature is any good as a stand-in: how much of the language a model learns, whether
# pre-training helps downstream, and whether pruning bites where it bites in BERT. The language, the model and its
# training were chosen for the last of these: they should show the three regimes of {cite:t}`gordon2020`. So the
# miniature is a place to try things, and **no evidence for the claims of that paper**. The end of the page tells what
# the miniature was meant to show, on which seeds it was chosen, and whether it does.

# %% tags=["parameters"]
seeds = [1]  # each is a world of its own, with its own text and model
miniature_steps = 3000  # of pre-training
longer = 0  # how many times longer a second pre-training runs, to show how much was left to learn; 0: none
longer_seeds = []  # those of the seeds for which it does
tasks = ["sst2", "stsb"]
sparsities = [0.0, 0.6, 0.9]  # of the regimes; 0.0 is the control, trained as long
repeated_tasks = ["sst2"]  # of the tasks those whose fine-tunings are done again as on another machine; the first world
repeated_seeds = [1]  # of those fine-tunings
repeated_threads = [1, 2]  # that they are done again with; the first also on an older processor
repeated_pretraining = []  # of the tasks those for which the pre-training is done again, too, for the first of the seeds
pruning_steps = 400  # of the continued pre-training in which weights are removed
pruning_ramp = 200  # of these, steps over which the sparsity rises
every = 10  # steps between two computations of the mask
pruning_learning_rate = 1e-3
pretraining_batch_size = 64
epochs = 2.0  # of fine-tuning
baselines = ["cbow", "bilstm"]  # files in lottery/baselines, which learn from the task alone
baseline_epochs = 5.0
baseline_learning_rate = 1e-2
baseline_width = 64
batch_size = 32
learning_rate = 1e-3  # of fine-tuning
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.choices import choose
from lottery.experiments.counting import Counting
from lottery.experiments.miniature import Miniature
from lottery.experiments.repetition import Repetition
from lottery.experiments.studies import BaselineStudy, PretrainingStudy, TaskStudy
from lottery.suite.given import given

globals().update(given("experiments/world", globals()))
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
baseline_study = BaselineStudy.from_cell(globals())
plain = [
    each
    for seed in seeds
    for task in tasks
    if task != "wnli" and choose("tasks", task).KIND != "span"
    for each in baseline_study.trained(Miniature(seed=seed, steps=miniature_steps), task, seed)
]
first = Miniature(seed=seeds[0], steps=miniature_steps)
saved = [
    fine_tuning.tuned_from(first, task, seed, learning_rate=learning_rate, saved=True)
    for task in repeated_tasks
    for seed in repeated_seeds
]
usual = repeated_threads[0]
repeated = [
    Repetition(of=of, instructions=instructions, threads=threads, pretrained_too=False)
    for of in saved
    for instructions, threads in [*(("all", threads) for threads in repeated_threads), ("avx2", usual)]
]
repeated += [
    Repetition(of=of, instructions="avx2", threads=usual, pretrained_too=True)
    for of in saved
    if of.task in repeated_pretraining and of.seed == repeated_seeds[0]
]
grid = [*counted, *models, *pruned, *tuned, *plain, *repeated]

# %% tags=["remove-cell"]
import pandas as pd
from IPython.display import Markdown

from lottery import miniature
from lottery.findings import miniature as findings
from lottery.findings import repetitions
from lottery.statistics import Estimate
from lottery.suite import beside_baselines, plots
from lottery.suite.chapter import how_many, perform, title
from lottery.suite.in_short import InShort

chapter = perform("experiments/world", grid, results, records, workers=workers, scheduler=scheduler)

# %% [markdown]
# ## What the language looks like
#
# Here are the beginnings of three documents, and one example of each task, from the first seed of this build.

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
    texts = " / ".join(f"*{first[name]}*" for name in ("first", "second") if first.get(name))
    answer = task.LABELS[int(label)] if task.LABELS else label
    many = f"{len(tables['train']):,} examples to learn from, {len(tables['dev']):,} to score"
    examples.append(f"- **{task.TITLE}** ({many}): {texts} Label: {answer}.")
Markdown("\n".join(examples))


# %% tags=["hide-input"]
def models_of(rows: pd.DataFrame) -> str:
    """Of which models and seeds a table of runs is."""
    berts = rows[rows["experiment"] == "Miniature"]
    seeds = sorted(berts["seed"].astype(int).unique())
    return f"seed{'s'[: len(seeds) > 1]} {', '.join(str(seed) for seed in seeds)}, about {berts['model_size'].mean():,.0f} parameters"


shape = miniature.config(0)
Markdown(
    f"The model is a BERT of {shape.num_hidden_layers} layers with {shape.num_attention_heads} heads each and a width "
    f"of {shape.hidden_size}. This build: {models_of(chapter.live)}."
    + (f" Recorded beside it: {models_of(chapter.miniature)}." if len(chapter.miniature) else "")
)

# %% [markdown]
# ## How much is learnt
#
# The table gives the loss of guessing hidden words in documents that no model was trained on: for models that count
# words, and for the BERT when randomly initialised, after its pre-training, and after a longer one. The last shows that
# there was more to learn, and at least how much.


# %% tags=["hide-input"]
def learnt(rows: pd.DataFrame) -> pd.DataFrame:
    """MLM loss, in nats, of each model and seed, with the time its pre-training took."""
    counts, berts = (rows[rows["experiment"] == kind] for kind in ("Counting", "Miniature"))
    tables = [
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
    groups = pd.concat(tables).groupby("model", sort=False)
    summary = groups[["loss", "accuracy", "next sentence", "seconds"]].mean()
    summary.insert(0, "seeds", groups["seed"].count())
    return summary.round({"loss": 2, "accuracy": 3, "next sentence": 3, "seconds": 0})


chapter.numbers(learnt, "Guessing hidden words: loss (nats), accuracy, and the time of pre-training, means over seeds.")


# %% tags=["hide-input"]
def progress(rows: pd.DataFrame) -> Markdown:
    """How far, in words, the pre-training comes towards one that is longer."""
    models = rows[rows["experiment"] == "Miniature"].groupby("steps")
    by_steps = {int(steps): some.set_index("seed") for steps, some in models}
    untrained, trained, long = (by_steps[steps] for steps in sorted(by_steps))
    share = (untrained["mlm_loss"] - trained["mlm_loss"]) / (untrained["mlm_loss"] - long["mlm_loss"])
    share = share.dropna()  # of the seeds with a longer run
    return Markdown(
        f"Over {how_many(len(trained), 'seed')}, pre-training takes {trained['seconds'].mean():.0f} seconds on "
        f"{how_many(int(trained['made.threads'].max()), 'thread')}, at most {trained['seconds'].max():.0f} seconds. "
        f"It lowers the untrained model's loss by {share.mean():.0%} of what a run "
        f"{long['steps'].iloc[0] / trained['steps'].iloc[0]:.0f} times as long does ({how_many(len(share), 'seed')})."
    )


chapter.shown(progress)

# %% [markdown]
# ## Does pre-training help?
#
# The pre-trained and the randomly initialised model are fine-tuned in the same way.


# %% tags=["hide-input"]
def gains(rows: pd.DataFrame) -> pd.DataFrame:
    """Dev score pre-trained minus drawn, in points, for each task: mean over seeds and 95% interval (paired t)."""
    table = findings.gains(rows)
    columns = {
        "metric": [plots.metric(choose("tasks", task).METRIC) for task in table["task"]],
        "majority class": table["majority"].map("{:.1f}".format).replace("nan", ""),
        "randomly initialised": table["drawn"].map("{:.1f}".format),
        "pre-trained": table["pretrained"].map("{:.1f}".format),
        "difference (points)": [Estimate(row.difference, row.low, row.high).in_words() for row in table.itertuples()],
    }
    return pd.DataFrame(columns).set_axis(table["task"].map(title)).rename_axis("task")


chapter.finding(
    gains,
    "Pre-training lifts the tasks of the miniature far above the randomly initialised model, which is at chance on most; "
    "SQuAD it lifts little, and WNLI not at all. "
    "Scores (x 100) and their difference in points with its 95% interval over seeds.",
    what="Scores (x 100) with and without pre-training, and their difference (points).",
)


# %% tags=["hide-input"]
def gains_told(rows: pd.DataFrame) -> Markdown:
    """In words: on how many tasks pre-training helps, on how many it costs, and what becomes of WNLI."""
    table = findings.gains(rows)
    better, worse = findings.helped(table)
    wnli = findings.started(rows, "Miniature").query("task == 'wnli' and `start.steps` > 0")
    return Markdown(
        f"Pre-training adds 10 points or more on {better} of {how_many(len(table), 'task')}, and costs more than 2 "
        f"points on {len(worse) or 'none'}, by the 95% interval. On WNLI the pre-trained models score "
        f"{100 * wnli['score'].mean():.0f}% (at most {100 * wnli['score'].max():.0f}%), where the majority class "
        f"scores {100 * wnli['majority'].mean():.0f}%: as with the real WNLI, a model that learns the training set "
        "by heart is wrong on the dev set."
    )


chapter.shown(gains_told)

# %% [markdown]
# A score that is not defined counts as 0 here, for example the correlation of a model that always gives the same
# number.
#
# ## Does a bag of words do as well?
#
# A task that a bag of words learns from its training set alone needs no pre-trained model, and what pruning costs there
# says little about what such a model knows. Here each world's pre-trained BERT is compared with a bag of words (CBOW) and
# a BiLSTM that are trained on the task, for more epochs and at a rate of their own, as the first cell of this notebook says.
# WNLI is left out, and SQuAD, whose answer is a part of a text.


# %% tags=["hide-input"]
chapter.numbers(
    beside_baselines.by_task,
    "The pre-trained BERT against baselines that learn from the task alone.",
    among=findings.ahead,
)

# %% tags=["hide-input"]
chapter.shown(beside_baselines.in_a_sentence, among=findings.ahead)

# %% [markdown]
# (language)=
# ### Why another language
#
# The miniature once spoke another language, and chapters whose box says so still show what was recorded in it. A bag of
# words beat its BERT on five of seven tasks. The cue of those tasks was the same word coming back, which a bag of words
# sees, and which a BERT of this size does not learn to look for: of words hidden in a verbatim repetition it found one
# in twenty. So the tasks now rest on what words mean, and a word that comes back tells nothing. At first BERT learnt
# none of that either. Three changes taught it. They were chosen on worlds 102 to 104, as were the sizes of the training
# sets; the rates are those of the first language. None of these worlds is shown here.
#
# - **More hidden words.** With 15% of them hidden, as in BERT's own pre-training, the model did not know after 3,000
#   steps of what kind a noun is. With 35% it did {cite:p}`wettig2023`.
# - **A smaller lexicon**, of which each word is read more often.
# - **Comparisons within a sentence.** "The X is not a kind of bird", "it is good but slow". Half of the sentence pairs of
#   BERT's pre-training come from two documents, so whatever compares two sentences is wrong half of the time.
#
# ## Do the regimes show?
#
# The pre-trained model is pruned by magnitude while its pre-training goes on, and then fine-tuned. Each point is
# compared with a control trained for as long without pruning. Again: the miniature was chosen so that these three
# regimes come out.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Rise of the MLM loss and change of the mean dev score of the miniature against the share of weights removed."}, "figure": {"name": "world-regimes", "caption": "The score falls little at first, then more, then steeply, as the miniature was made to show. Rise of the MLM loss, and change of the mean score over all tasks but WNLI, against a control trained for as long; bars span the seeds."}}
REGIMES = {"rise of the MLM loss (%)": "rise", "change of the mean score (points)": "change"}


def regimes_drawn(table: pd.DataFrame, axes: dict) -> None:
    """Rise of the loss and change of the score."""
    for name, ax in axes.items():
        plots.against_sparsity(table.assign(what="recorded"), REGIMES[name], by="what", scale=100, ax=ax)
        ax.set(ylabel=name)


chapter.figure(regimes_drawn, [*REGIMES], among=findings.regimes)


# %% tags=["hide-input"]
def regimes_told(table: pd.DataFrame) -> pd.DataFrame:
    """The rise of the loss and the change of the score at each sparsity, with 95% intervals over seeds (paired t)."""
    names = {"rise": "rise of the MLM loss (%)", "change": "change of the mean score (points)"}
    words = findings.changes(table).map(Estimate.in_words).rename(columns=names)
    return words.set_axis(words.index.map("{:.0%}".format)).rename_axis("removed")


chapter.numbers(regimes_told, "Rise of the loss and change of the score.", among=findings.regimes)

# %% [markdown]
# ## Does the miniature show what it was made to show?


# %% tags=["hide-input"]
def aims(rows: pd.DataFrame) -> pd.DataFrame:
    """Each aim, what was measured, and whether it is met; intervals are of 95% over seeds (paired t)."""
    table = findings.aims(rows).rename(columns={"measured": "recorded"})
    return table.assign(met=table["met"].map({True: "yes", False: "no"})).set_index("aim")


chapter.finding(aims, "What the miniature was made to show, and whether the recorded seeds show it.", live=False)

# %% [markdown]
# Where a table says no, that aim is not reached. An interval that includes 0 does not show that there is no change. It
# says how large a change the seeds can hide, and fewer seeds hide more.
#
# Two aims were changed together with the language: that the model leads a bag of words and a BiLSTM is new, and its
# pre-training may take 200 s, where it had 180. Many first tasks could be solved without knowing a word: a negation gave
# contradictions away, the wording of a question gave away wrong answers, and a wrong kind of thing made a deed that
# nobody does. So wrong answers of a pair of sentences are now drawn as right ones are. And the fine-tuning was made
# short: a longer one, at a higher rate, relearns at 60% what pruning took away, and hides the second regime. How much of
# that regime there is depends on the length of fine-tuning, in the miniature at least.

# %% [markdown]
# (x22)=
# ## Does another machine find the same?
#
# If you compute a number of this book yourself, it should be the number that is printed. How far that holds is measured
# here. A fine-tuning is repeated by another process: with as many threads, with more, and with the instructions of an
# older processor (AVX2, in PCs since 2013), on which sums are added up in another order and differ in their last bits.
# From either model a mask is cut that keeps the larger half of each matrix. For some, the pre-training is repeated,
# too.


# %% tags=["hide-input"]
def machines_told(rows: pd.DataFrame) -> pd.DataFrame:
    """What each other way to compute changes, a row a way."""
    table = repetitions.by_machine(rows)
    lines = {}
    for row in table.itertuples():
        processor = "the same processor" if row.instructions == "all" else "an older processor"
        name = f"{processor}, {how_many(int(row.threads), 'thread')}" + (
            ", pre-training too" if row.pretrained_too else ""
        )
        lines[name] = {
            "fine-tunings": row.runs,
            "identical": row.identical,
            "weights with other bits": f"{1 - row.same_weights:.1%}",
            "mask that differs": f"{row.changed_mask:.2%}",
            "other classes": f"{row.changed_answers:.1%}",
            "score off by, mean (points)": f"{row.mean_off:.2f}",
            "at most": f"{row.most_off:.2f}",
        }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("done again on")


chapter.numbers(machines_told, "What each other way to compute changes.", among=repetitions.done)


# %% tags=["hide-input"]
def machines_in_words(rows: pd.DataFrame) -> Markdown:
    """Where the same bits come again, and how far off the rest is beside another seed."""
    table, seeds_apart = repetitions.by_machine(rows), repetitions.between_seeds(rows)
    same, other = (table[chosen] for chosen in (table["instructions"] == "all", table["instructions"] != "all"))
    again = same[same["threads"] == rows["threads_before"].min()]
    sentences = [
        f"With the same processor and as many threads, {again['identical'].sum()} of "
        f"{how_many(again['runs'].sum(), 'fine-tuning')} come{'s' * int(again['runs'].sum() == 1)} out the same to the "
        "last bit"
    ]
    others = same.drop(again.index)
    if len(others):
        sentences[0] += (
            f"; with another number of threads, {others['identical'].sum()} of {others['runs'].sum()}, with scores off by at most "
            f"{others['most_off'].max():.1f} points"
        )
    for pretrained_too, begun in (
        (False, "On an older processor"),
        (True, "If that processor repeats the pre-training, too,"),
    ):
        if len(some := other[other["pretrained_too"] == pretrained_too]):
            (row,) = some.itertuples()
            sentences.append(
                f"{begun} a score is off by {row.mean_off:.1f} points on average, by {row.most_off:.1f} at most "
                f"({how_many(row.runs, 'fine-tuning')}), and a mask differs on {row.changed_mask:.1%} of the weights"
            )
    if seeds_apart == seeds_apart:
        sentences.append(f"Two seeds of the same fine-tuning are {seeds_apart:.1f} points apart on average")
    return Markdown(". ".join(sentences) + ".")


chapter.shown(machines_in_words, among=repetitions.done)

# %% [markdown]
# So a fine-tuning repeats on the same processor with as many threads, as far as the sentence above says. A different
# number of threads or other instructions change its last bits, with the effect on the score given there. A model that
# is pre-trained again in such a way is another model. The older processor is the same one, restricted to older
# instructions: no second machine was tried. A difference no larger than that between seeds is no finding. Times do not
# repeat at all. Each recorded run names the processor, the instructions and the threads that it was made with; workers
# on one machine have one thread each.

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter)
found = [
    chapter.shown(beside_baselines.in_a_sentence, among=findings.ahead),
    chapter.shown(gains_told),
    chapter.shown(progress),
]


def gain(rows: pd.DataFrame) -> str:
    """What pre-training adds, mean over the tasks, in points, and on how many it adds ten or more."""
    table = findings.gains(rows)
    return f"**{table['difference'].mean():+.1f}** points; ten or more on {findings.helped(table)[0]} of {len(table)}"


short.summary(found)

# %% tags=["remove-input", "in-short"]
short.box(
    question="Is the miniature any good as a stand-in for a real BERT?",
    done=(
        "Small BERTs are pre-trained on a made-up language, each seed in a world of its own. They are fine-tuned on "
        "ten made-up tasks, pre-trained and randomly initialised, beside a bag of words and a BiLSTM. Then they are "
        "pruned as in Gordon et al."
    ),
    not_shown=(
        "The miniature was chosen to show three regimes of pruning, so the regimes it shows are no evidence that BERT has them."
    ),
    found=found,
    numbers={"what pre-training adds, mean over the tasks": {"miniature": gain(chapter.miniature)}}
    if len(chapter.miniature)
    else {},
)
