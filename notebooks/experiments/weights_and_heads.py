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
# Single weights can go, and so can whole heads; but can both go together? {cite:t}`gordon2020` suspect, in their
# section 6, that the two remove different redundancies, and leave a question open: does removing weights during
# pre-training spread the work over heads that had little to do, so that fewer heads can go afterwards? Here is the
# experiment. One model is pruned by magnitude during pre-training; its control is trained for as long with nothing
# removed. Both are fine-tuned on a task, and in both the [search](p3) removes heads and MLPs as long as nine tenths of
# the model's own score are left.

# %% tags=["parameters"]
seeds = [1]  # of the miniature's worlds, and of its pre-training and pruning
tuning_seeds = [1]  # of the fine-tunings of each pruned model
miniature_steps = 3000  # of pre-training, before any weight is removed
tasks = ["cola"]  # files in lottery/tasks
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
from lottery.suite.given import given

globals().update(given("experiments/weights_and_heads", globals()))
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
import pandas as pd
from IPython.display import Markdown

from lottery.findings.searches import silent_in_words
from lottery.findings.weights_and_heads import compared, measured
from lottery.suite import plots
from lottery.suite.chapter import how_many, perform, title
from lottery.suite.in_short import InShort

chapter = perform("experiments/weights_and_heads", grid, results, records, workers=workers, scheduler=scheduler)

# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# ## Which searches say something
#
# A search bounded by a share of a score says nothing where the model is no better than the majority-class baseline.
# Such models are left out, and so are the models with such a control.


# %% tags=["hide-input"]
def left_out(rows: pd.DataFrame, source: str) -> Markdown:
    """Which searches say nothing."""
    return Markdown(f"**{source}:** {silent_in_words(rows[rows['experiment'] == 'ComponentSearch'])}")


chapter.shown(left_out, "live", named=True)

# %% tags=["hide-input"]
chapter.shown(left_out, named=True)


# %% [markdown]
# ## What is left, and how evenly heads are used
#
# Besides the shares of heads and MLPs that the search leaves, there is a measure that needs no bound: how evenly
# importance is spread over the heads. The share of *heads in use* is $(\sum_h I_h)^2 / (n \sum_h I_h^2)$: 100% where
# all $n$ heads matter alike, $1/n$ where one head does everything. If weight pruning spreads the work, this share
# rises.


# %% tags=["hide-input"]
MEASURES = {"heads": "heads left (%)", "mlps": "MLPs left (%)", "in_use": "heads in use (%)"}
NOTHING = "*No search here says anything; see above why.*"


def beside_controls(rows: pd.DataFrame) -> pd.DataFrame:
    """The models whose search and whose control's say something; none where no weights are gone from any of them."""
    models = measured(rows)
    return models if (models["sparsity"] > 0).any() else models[:0]


def measures_drawn(models: pd.DataFrame, axes: dict) -> None:
    """The three measures against the share of weights removed, a line a task."""
    models = models.assign(title=models["task"].map(title))
    for name, label in MEASURES.items():
        plots.against_sparsity(models, name, by="title", scale=100, ax=axes[label]).set(ylabel=label, ylim=(0, 105))


def compared_told(models: pd.DataFrame) -> pd.DataFrame:
    """Pruned minus control, in points, mean over the tasks, at each sparsity."""
    table = compared(models)
    names = {name: label.replace("(%)", "(points)") for name, label in MEASURES.items()}
    words = table[list(MEASURES)].map(lambda more: more.in_words(100)).rename(columns=names)
    words.insert(0, "models", table["models"])
    return words.set_axis(words.index.map("{:.0%}".format)).rename_axis("weights removed")


def answered(models: pd.DataFrame) -> Markdown:
    """Are heads less prunable, at any sparsity?"""
    more = compared(models)["heads"]
    at = {sign: ", ".join(f"{share:.0%}" for share, each in more.items() if each.sign == sign) for sign in (1, -1)}
    words = {1: "less", -1: "more"}
    shown = [f"{words[sign]} prunable at {shares}" for sign, shares in at.items() if shares]
    told = (
        f"Once weights are gone, heads are {' and '.join(shown)}, of the {len(more)} sparsities tried"
        if shown
        else f"We cannot say. With {more.index[-1]:.0%} of the weights gone, the share of heads kept changes by "
        f"{more.iloc[-1].in_words(100)} points"
    )
    return Markdown(
        f"{told} (95% intervals over {how_many(models['world'].nunique(), 'world')}, each with a pre-trained model "
        "of its own; they are not corrected for the number of sparsities)."
    )


# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of heads left by the search, of MLPs left, and of heads in use, against the share of weights removed before, a line for each task."}, "figure": {"name": "heads-where-weights-are-gone", "caption": "So few worlds cannot tell whether a model with pruned weights can spare fewer heads. What the search leaves of models whose weights were pruned during pre-training; points are means over seeds, bars span them."}}
chapter.figure(measures_drawn, [*MEASURES.values()], among=beside_controls, nothing=NOTHING)

# %% tags=["hide-input"]
chapter.finding(
    compared_told,
    "So few worlds cannot tell whether heads are harder to remove where weights are gone. Pruned minus control, "
    "means over the tasks, with 95% intervals over the worlds.",
    what="Pruned minus control (points), means over the tasks.",
    among=beside_controls,
    nothing=NOTHING,
)

# %% tags=["hide-input"]
chapter.shown(answered, among=beside_controls, nothing=NOTHING)

# %% [markdown]
# Differences are pruned minus control, averaged over the tasks; the 95% interval is over the worlds (paired t), and a
# single world has none. Above 0, more heads have to stay. A pruned model that scores less has a lower bound to reach,
# since nine tenths of its *own* score are required; with many weights gone this pulls the other way.

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter)
found = [chapter.shown(answered, among=beside_controls, nothing=NOTHING)]
changes = compared(beside_controls(chapter.miniature))["heads"] if len(chapter.miniature) else {}
short.summary(found)

# %% tags=["remove-input", "in-short"]
short.box(
    question="Are heads harder to remove where single weights are gone?",
    done=(
        "A miniature is pruned by magnitude during pre-training, and its control is trained for as long with nothing "
        "removed. Both are fine-tuned, and in both a search removes heads and MLPs as long as nine tenths of the "
        "score are left. How evenly heads are used is measured as well, which needs no search."
    ),
    not_shown="Only the miniature was tried, in few worlds, and no real BERT.",
    found=found,
    numbers={
        f"heads kept, {share:.0%} of the weights gone, minus control (95% interval)": {
            "miniature": f"{change.in_words(100)} points"
        }
        for share, change in [*changes.items()][-2:]
    },
)
