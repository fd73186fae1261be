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
#     part: gordon
#     order: 70
# ---

# %% [markdown]
# (x12)=
# # What Gordon et al. leave open
#
# {cite:t}`gordon2020` say in their footnotes what they did not try. This chapter takes up two of these questions. Does it matter
# whether weights are ranked within a matrix or over the whole model? And does anything measured without fine-tuning tell when
# to stop? The score is always accuracy, as in the paper. The model is pruned while its pre-training goes on, and fine-tuned
# with the removed weights held at zero. Two more questions are [not asked](not-asked); the chapter ends with the reasons. A
# fifth, from the paper's section 6, has [a chapter of its own](weights-and-heads): whether heads are harder to remove where
# weights are gone.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `text` and `data_dir`
text = ""  # for any model but the miniature: a file or folder of plain text to go on with its pre-training
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
seeds = [1]  # of pre-training and pruning; for the miniature each is a world of its own
tuning_seeds = []  # of the fine-tunings of each pruned model; []: the seed of that model
miniature_steps = 3000  # of pre-training, before any weight is removed
text_steps = 500  # of another model's pre-training on `text`, before any weight is removed; 0 if it has its heads
text_learning_rate = 1e-4
text_batch_size = 32  # pairs of passages
text_length = 64  # tokens of a pair, at most
text_frozen = False  # whether they train the heads alone, over an encoder that stays as it is
examples = 0  # of a task's training set, at most so many, drawn by label and the same for every run; 0: all
dev_examples = 0  # of what it is scored on, likewise
tasks = ["sst2"]  # files in lottery/tasks, of classes; each is left out once
sparsities = [0.0, 0.6, 0.9]  # shares of the prunable weights; 0.0 is the control, trained as long
scope_sparsities = [0.6]  # at which local and global thresholds are compared
scope_seeds = []  # of the fine-tunings there; []: `tuning_seeds`
embeddings = True  # whether the word embeddings and the tied decoder are pruned too, as in the paper
recipe = "printed"  # "printed": removed weights stay at zero; "released": as the paper's code does
pruning_steps = 400  # of the continued pre-training in which weights are removed
pruning_ramp = 200  # of these, steps over which the sparsity rises
every = 10  # steps between two computations of the mask
pruning_learning_rate = 1e-3
pretraining_batch_size = 64
epochs = 2.0  # of fine-tuning on all examples
batch_size = 32
learning_rate = 1e-3  # of fine-tuning
max_length = 64  # tokens of an example, at most
sequences = (
    1100  # pairs of passages at which features are compared; of the miniature's, about the paper's 25,000 tokens
)
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.choices import choose
from lottery.experiments.feature_drift import FeatureDrift
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.gradual_pruning import GradualPruning
from lottery.experiments.matrix_shares import MatrixShares
from lottery.experiments.studies import PretrainingStudy, TaskStudy, TextStudy
from lottery.suite.given import given

globals().update(given("experiments/open_questions", globals()))
for task in tasks:
    if choose("tasks", task).KIND != "classification":
        raise ValueError(f"the task {task!r} has no accuracy, in which this chapter counts: leave it out")
pretraining, fine_tuning = PretrainingStudy.from_cell(globals()), TaskStudy.from_cell(globals())
controls = [pretraining.control(TextStudy.from_cell(globals()).start(seed), seed) for seed in seeds]


def tuned(pruned: GradualPruning, seeds: list[int]) -> list[FineTuning]:
    """A pruned model fine-tuned on every task."""
    return [
        fine_tuning.tuned_from(pruned, task, seed, learning_rate=learning_rate)
        for task in tasks
        for seed in seeds or [pruned.seed]
    ]


base = [
    [pruned, *tuned(pruned, tuning_seeds)]
    for control in controls
    for pruned in (replace(control, sparsity=sparsity) for sparsity in sparsities)
]
of_features = [
    [
        FeatureDrift(text=control.start, full=control, pruned=replace(control, sparsity=sparsity), sequences=sequences)
        for sparsity in sparsities
        if sparsity
    ]
    for control in controls
]
of_scopes = [
    [MatrixShares(kept=pruned), pruned, *tuned(pruned, scope_seeds or tuning_seeds)]
    for control in controls
    for sparsity in scope_sparsities
    for pruned in (replace(control, sparsity=sparsity, scope=scope) for scope in ("local", "global"))
]
grid = list(dict.fromkeys(run for some in (base, of_features, of_scopes) for runs in some for run in runs))

# %% tags=["remove-cell"]
import numpy as np
import pandas as pd
from IPython.display import Markdown

from lottery.findings import foretelling, prunable, scopes
from lottery.models import families
from lottery.statistics import stopping
from lottery.suite import plots
from lottery.suite.chapter import between, how_many, perform, title
from lottery.suite.in_short import InShort
from lottery.suite.palette import look

chapter = perform("experiments/open_questions", grid, results, records, workers=workers, scheduler=scheduler)

# %% [markdown]
# ## Within each matrix, or over the whole model?
#
# Weights can be ranked within their own matrix (*local*) or over all matrices (*global*). The paper does the first. In its
# footnote 5 it guesses, because the matrices' distributions are alike, that the second would perform similarly. The figure
# compares the two at equal sparsity: the loss of masked words, the mean accuracy, and where the weights went.


# %% tags=["hide-input"] mystnb={"image": {"alt": "MLM loss and mean accuracy under local and global thresholds, and the share that a global cut takes of the word embeddings, the pooler and the layers."}, "figure": {"name": "open-scope", "caption": "A global threshold removes more of some parts than of others, but loss and accuracy depend far more on the sparsity. Points are means over the seeds, bars span them."}}
MLM, ACCURACY, PARTS = "held-out MLM loss (nats)", "mean accuracy (%)", "removed of each part (%)"


def scopes_drawn(runs: pd.DataFrame, axes: dict) -> None:
    """MLM loss and mean accuracy by scope, and the share that a global cut takes of each part."""
    losses, rows = (prunable.by_scope(each).sort_values("scope", kind="stable", ascending=False)
                    for each in (prunable.pruned(runs), prunable.tuned(runs)))  # fmt: skip
    plots.against_sparsity(losses, "mlm_loss", by="scope", ax=axes[MLM]).set(ylabel=MLM)
    means = rows.groupby(["scope", "sparsity", "seed"], sort=False)["accuracy"].mean().reset_index()
    plots.against_sparsity(means, "accuracy", by="scope", scale=100, ax=axes[ACCURACY]).set(ylabel=ACCURACY)
    plots.chance(axes[ACCURACY], 100 * prunable.one_answer(rows), "majority-class baseline")
    parts = scopes.matrix_shares(runs).query("scope == 'global'").groupby(["part", "sparsity", "seed"])
    parts = parts[["removed", "size"]].sum()
    parts = parts.assign(share=parts["removed"] / parts["size"]).reset_index()
    plots.against_sparsity(parts, "share", by="part", scale=100, ax=axes[PARTS])
    axes[PARTS].set(title="global", ylabel=PARTS)


def scopes_there(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs, where some of them are of a global cut."""
    return runs if len(scopes.matrix_shares(runs)) else runs[:0]


chapter.figure(scopes_drawn, [MLM, ACCURACY, PARTS], among=scopes_there)


# %% tags=["hide-input"]
DIFFERENCE = "mean accuracy, global minus local (points)"


def span(values: pd.Series, scale: float = 100, digits: int = 0, unit: str = "%") -> str:
    """Mean, lowest and highest."""
    mean, low, high = (
        f"{scale * value:.{digits}f}" for value in (values.mean(skipna=False), values.min(), values.max())
    )
    return f"{mean}{unit}" if low == high else f"{mean}{unit} ({low} to {high})"


def in_words(matrix: str) -> str:
    """A matrix by its kind and layer."""
    kind, layer = families.kind_and_layer(matrix)
    return kind if layer is None else f"{kind} of layer {layer}"


def scopes_told(runs: pd.DataFrame) -> pd.DataFrame:
    """What a global cut changes at each sparsity, with the matrices of which it takes most."""
    cut, lines = scopes.matrix_shares(runs).query("scope == 'global'"), {}
    for sparsity, row in scopes.tested(runs).iterrows():
        here = cut[cut["sparsity"] == sparsity]
        most = here.loc[here["share"].idxmax()]
        lines[f"{sparsity:.0%}"] = {
            "MLM loss, global minus local (nats)": row["loss"].in_words(form="+.3f"),
            DIFFERENCE: row["accuracy"].in_words(100),
            "p against 1 point or more": "no p" if np.isnan(row["p"]) else f"{row['p']:.3f}",
            "matrix that a global cut hits most": f"{in_words(most['matrix'])}, {most['share']:.1%}",
            "matrices emptied, of all": f"{int((here['share'] == 1).sum())} of {len(here)}",
        }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("removed")


chapter.finding(
    scopes_told,
    "A global threshold does about as well as one for each matrix, or worse. Mean accuracy, global minus local (points), "
    "with 95% intervals.",
    part=lambda table: table[[DIFFERENCE]],
    what="Loss, accuracy, and what a global cut removes.",
    among=scopes_there,
    live=False,
)


# %% tags=["hide-input"]
def scopes_answered(runs: pd.DataFrame) -> Markdown:
    """At which sparsities the two are shown to be the same, and at which to differ."""
    tested, cut = scopes.tested(runs), scopes.matrix_shares(runs).query("scope == 'global'")
    same = [f"{sparsity:.0%}" for sparsity in tested.index[tested["p"] < 0.05]]
    apart = [f"{sparsity:.0%}" for sparsity, accuracy in tested["accuracy"].items() if accuracy.sign]
    emptied = sorted({f"`{name}`" for name in cut.loc[cut["share"] == 1, "matrix"]})
    return Markdown(
        f"Of {how_many(len(tested), 'tried share')} removed, the two are shown to lie within {100 * scopes.SAME:.0f} point of each "
        f"other at {', '.join(same) or 'none'}, and to differ at {', '.join(apart) or 'none'}. A global cut empties "
        f"{', '.join(emptied) or 'no matrix'}, and removes up to {cut['share'].max():.0%} of one."
    )


chapter.shown(scopes_answered, among=scopes_there)

# %% [markdown]
# On the real BERT:

# %% tags=["hide-input"]
chapter.shown(scopes_answered, "minilm", among=scopes_there)

# %% [markdown]
# The 95% intervals are over the recorded worlds, with the fine-tunings of each averaged first; for a single pre-trained model
# they are over its fine-tunings (paired t). A small p says that the two lie within one point of each other (two one-sided
# tests, Holm-corrected for the sparsities tried); a large p says only that this is not shown. Matrices are counted over all
# seeds.
#
# ## What tells when to stop?
#
# How far to prune is found by trial on a dev set. The paper's footnote 13 hopes for a criterion that predicts the drop of a
# task without fine-tuning on it. So one task at a time is left out, and its drop is predicted by a straight line through the
# drops of the *other* tasks, against a measurement of the pruned model alone. The line has to beat two predictions that
# measure nothing on the model: that the task drops by as much as the others on average at that sparsity, and that it does
# not drop at all.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Drop of accuracy of each task against what was measured on the pruned model, with the line drawn through the other tasks."}, "figure": {"name": "open-stopping", "caption": "The line predicted for a task from the other tasks misses its drops. A point for each task, sparsity and seed; the dashed line is the drop that counts as none."}}
STANDS = {"rise of the MLM loss (%)": "mlm_rise", "1 - mean cosine of features": "turned"}


def foretold_drawn(drops: pd.DataFrame, axes: dict) -> None:
    """The drop of each task against each predictor, with the line that the other tasks draw for it."""
    pruned = drops[drops["sparsity"] > 0]
    for name, ax in axes.items():
        lines = stopping.from_line(pruned, STANDS[name])
        for task, rows in pruned.groupby("task"):
            ax.plot(rows[STANDS[name]], rows["drop"], label=title(task), linestyle="none", **look(title(task)))
            order = rows[STANDS[name]].sort_values().index
            ax.plot(rows.loc[order, STANDS[name]], lines[order], color=look(title(task))["color"], linewidth=1)
        ax.axhline(100 * prunable.ALLOWED, color="grey", linestyle="--", linewidth=1)
        ax.set(xlabel=name, ylabel="drop of accuracy (points)")


chapter.figure(foretold_drawn, [*STANDS], among=foretelling.dropped, scale="y")

# %% tags=["hide-input"]
ANSWERS = {
    "mlm_rise": "line through the MLM loss",
    "turned": "line through the cosine of features",
    foretelling.OTHERS: "mean of the other tasks at that sparsity",
    foretelling.NONE: "no drop",
}


def foretold_told(drops: pd.DataFrame) -> pd.DataFrame:
    """Mean absolute error of each answer on each task left out and over all, in points."""
    errors = foretelling.errors(drops)
    table = errors.groupby("task")[[*ANSWERS]].mean().rename(index=title)
    table.loc["all tasks"] = errors[[*ANSWERS]].mean()
    return table.rename(columns=ANSWERS).rename_axis("left out").round(2)


chapter.finding(
    foretold_told,
    "No line through a measurement of the model predicts a task's drop better than the drops of the other tasks do. Mean "
    "absolute error (points) over the tasks left out.",
    part=lambda table: table.loc[["all tasks"]].T,
    what="Mean absolute errors (points) on each task left out.",
    among=foretelling.dropped,
    live=False,
)


# %% tags=["hide-input"]
def foretold_answered(drops: pd.DataFrame) -> Markdown:
    """Is any line nearer than the mean of the other tasks, and than no drop?"""
    errors, sentences = foretelling.errors(drops), []
    verdicts = {1: "farther off", -1: "nearer", 0: "not shown to be nearer or farther off"}
    for predictor in foretelling.PREDICTORS:
        others, none = foretelling.against(errors, predictor).values()
        sentences.append(
            f"The error of the {ANSWERS[predictor]} minus that of the mean of the other tasks is {others.in_words(form='+.2f')} "
            f"points, and minus that of no drop {none.in_words(form='+.2f')} points: it is {verdicts[others.sign]} than the other "
            f"tasks alone (paired over {how_many(errors['seed'].nunique(), 'seed')}, 95% intervals)."
        )
    return Markdown(" ".join(sentences))


chapter.shown(foretold_answered, among=foretelling.dropped)

# %% [markdown]
# Errors are mean absolute errors in points of accuracy. Now take a rule for stopping: prune until the MLM loss has risen by as
# much as where the *other* tasks had dropped by two points on average. What happens to the task left out?


# %% tags=["hide-input"]
def ruled(runs: pd.DataFrame) -> pd.DataFrame:
    """The rule "stop when the MLM loss has risen so far", found on the other tasks: what it does to the one left out."""
    return stopping.rule(foretelling.dropped(runs), "mlm_rise", 100 * prunable.ALLOWED)


def rule_told(rule: pd.DataFrame) -> pd.DataFrame:
    """Where the rule stops each task, and what that one has dropped there."""
    lines = {
        title(task): {
            "stop at a rise of the MLM loss of": span(rows["threshold"], scale=1, digits=1),
            "at a sparsity of": span(rows["sparsity"]),
            "its own drop there (points)": span(rows["drop"], scale=1, digits=1, unit=""),
        }
        for task, rows in rule.groupby("task")
    }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("left out")


chapter.numbers(rule_told, "Where the rule stops each task.", among=ruled, live=False)


# %% tags=["hide-input"]
def rule_answered(rule: pd.DataFrame) -> Markdown:
    """How often the rule keeps its promise to the task left out."""
    allowed = 100 * prunable.ALLOWED
    return Markdown(
        f"The other tasks have dropped by {allowed:.0f} points on average when the MLM loss has risen by "
        f"{between(rule['threshold'], '.1f')}%, depending on the task left out and the seed. If one stops at the mean of that "
        f"over the seeds, the task left out has dropped by no more than {allowed:.0f} points in {(rule['drop'] <= allowed).sum()} "
        f"of {rule['drop'].notna().sum()} cases, and by up to {rule['drop'].max():.1f} points."
    )


chapter.shown(rule_answered, among=ruled)

# %% [markdown]
# These are means with the lowest and the highest seed. Where the other tasks never drop so far, the last sparsity counts. The
# miniature was chosen to show three regimes, and all its tasks share one language: what holds for tasks so much alike may
# not hold for those of GLUE.

# %% tags=["hide-input"]
chapter.shown(foretold_answered, "minilm", among=foretelling.dropped)

# %% [markdown]
# (not-asked)=
# ## What is not asked
#
# **Does the larger of the two data sets limit pruning?** The paper believes that the largest data set a model was trained on,
# that of pre-training, limits how far it can be pruned. It would be more confident after experiments with much less
# pre-training data (footnote 15). The answer would be a contrast of four drops: on few examples and on many, after little
# text and after much. With little text, moreover, the control is not far above the majority-class baseline. Then there is
# next to nothing to lose, and a drop that cannot be large says nothing about what limits it.


# %% tags=["hide-input"]
def contrast_told(runs: pd.DataFrame) -> Markdown:
    """What the contrast would take, from how far one drop scatters over the recorded worlds."""
    planned = prunable.contrast_of_four(runs, sparsity=0.6)
    if np.isnan(planned.spread):
        return Markdown("How much a drop varies between worlds is not recorded yet.")
    worlds = "more worlds than can be run" if np.isinf(planned.worlds) else f"{planned.worlds:.0f} worlds"
    return Markdown(
        f"The mean drop over the tasks at 60% varies by {planned.spread:.1f} points (standard deviation over "
        f"{how_many(planned.recorded, 'world')}), a contrast of four such drops by about twice as much. To tell a contrast of "
        f"{planned.difference:g} points, as much as the drop that counts as none, from 0 in four cases of five would take "
        f"{worlds}. Each would be pre-trained once more, on little text, and pruned and fine-tuned twice as often: more work "
        "than all else in this chapter. So it is not asked."
    )


chapter.shown(contrast_told)

# %% [markdown]
# **Does a richer language leave less to prune?** The same footnote asks for an analysis of how the complexity of the data
# affects compression. The miniature's language can be given more nouns. But then three other things change: its table of
# words grows, so the same share is more weights; each noun occurs in fewer of as many documents; and the loss from which a
# rise is counted is higher. Leaving the table unpruned makes the numbers of prunable weights equal, but not the other two,
# so the effect cannot be told from that of how often each word was seen. It would take two more pre-trained models in every
# world, which is most of the cost of this chapter, for no answer.

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["global_pruning_does_as_well"])
short.summary()

# %% tags=["remove-input", "in-short"]
short.box(
    question=(
        "Gordon et al. leave two questions open. Does it matter whether weights are ranked within a matrix or over the "
        "whole model? And does anything measured without fine-tuning tell when to stop?"
    ),
    done=(
        "Models are pruned in pre-training with a threshold for each matrix, and with one for the whole model. What a "
        "pruned model loses on text is compared with what it loses on tasks. One task at a time is left out, and its "
        "drop is predicted from the others."
    ),
    not_shown="With few worlds, a difference of a point or two cannot be told from none.",
)
