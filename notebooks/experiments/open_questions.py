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
# # What the paper leaves open
#
# {cite:t}`gordon2020` say in their footnotes what they did not try. Four of these questions are small enough for the
# miniature, where the text, the language and the downstream sets can be made as large or as small as one likes: whether
# a model pre-trained on little text is limited by its downstream data instead; whether it matters if weights are compared
# within a matrix or over the whole model; whether a richer language leaves less to prune; and whether anything measured
# without fine-tuning tells when to stop. Everywhere the score is accuracy, as in the paper, and the model is pruned while
# its pre-training goes on and fine-tuned with what was removed held at zero. A fifth question, from the paper's section 6,
# has [a chapter of its own](weights-and-heads): whether heads are harder to remove where weights are gone.

# %% tags=["parameters"]
seeds = [1]
miniature_steps = 3000  # of pre-training, before any weight is removed; as many for less text, which is read more often
tasks = ["sst2", "cola"]  # files in lottery/tasks, of classes; each is left out once
sparsities = [0.0, 0.3, 0.6, 0.9]  # shares of the prunable weights; 0.0 is the control, trained as long
scope_tasks = ["sst2", "cola"]  # of local against global thresholds
scope_sparsities = [0.6]
documents = []  # how much text: numbers of documents, 0 for the usual; []: none of this is computed
text_tasks = ["sst2", "qnli", "cola"]
text_sparsities = [0.0, 0.3, 0.5, 0.7, 0.9]
train_examples = [300, 0]  # how much of a downstream set: a few examples, and 0 for all
few_epochs = 8.0  # of fine-tuning on the few, so that the updates are about as many
nouns = []  # how rich the language: numbers of nouns, 0 for the usual; []: none of this is computed
noun_tasks = ["sst2", "cola", "mnli"]
noun_sparsities = [0.0, 0.3, 0.6, 0.9]
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
from lottery.experiments.miniature import Miniature
from lottery.experiments.miniature_text import MiniatureText
from lottery.experiments.studies import PretrainingStudy, TaskStudy
from lottery.suite.given import given

globals().update(given("experiments/open_questions", globals()))
for task in {*tasks, *scope_tasks, *text_tasks, *noun_tasks}:
    if choose("tasks", task).KIND != "classification":
        raise ValueError(f"the task {task!r} has no accuracy, in which this chapter counts: leave it out")
pretraining, fine_tuning = PretrainingStudy.from_cell(globals()), TaskStudy.from_cell(globals())
controls = [pretraining.control(Miniature(seed=seed, steps=miniature_steps), seed) for seed in seeds]


def elsewhere(control: GradualPruning, **change) -> GradualPruning:
    """The control of a model with other text or of another language."""
    return replace(control, start=replace(control.start, **change))


def tuned(pruned: GradualPruning, task: str, examples: int = 0) -> FineTuning:
    """A pruned model fine-tuned on a task, or on a few examples of it."""
    tuning = fine_tuning.tuned_from(pruned, task, pruned.seed, learning_rate=learning_rate)
    return replace(tuning, epochs=few_epochs, train_examples=examples) if examples else tuning


base = [
    [pruned, *(tuned(pruned, task) for task in tasks)]
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
    [MatrixShares(kept=pruned), pruned, *(tuned(pruned, task) for task in scope_tasks)]
    for control in controls
    for sparsity in scope_sparsities
    for pruned in (replace(control, sparsity=sparsity, scope=scope) for scope in ("local", "global"))
]
of_texts = [
    [
        MiniatureText(seed=control.seed, documents=number),
        control.start,
        pruned,
        *(tuned(pruned, task, examples) for task in text_tasks for examples in train_examples),
    ]
    for number in documents
    for control in (elsewhere(control, documents=number) for control in controls)
    for pruned in (replace(control, sparsity=sparsity) for sparsity in text_sparsities)
]
of_nouns = [
    [control.start, pruned, *(tuned(pruned, task) for task in noun_tasks)]
    for number in nouns
    for control in (elsewhere(control, nouns=number) for control in controls)
    for pruned in (replace(control, sparsity=sparsity) for sparsity in noun_sparsities)
]
grid = list(
    dict.fromkeys(run for some in (base, of_features, of_scopes, of_texts, of_nouns) for runs in some for run in runs)
)

# %% tags=["remove-cell"]
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib import pyplot as plt

from lottery import miniature
from lottery import statistics as stats
from lottery import store as runs
from lottery.experiments.miniature_text import DOCUMENTS
from lottery.models import families
from lottery.statistics import stopping
from lottery.suite import cluster, plots

plots.house_style()
cluster.map(grid, results, workers=workers, scheduler=scheduler)
live = runs.rows(grid, Path(results))
recorded = runs.recorded(Path(records) / "miniature" / "open_questions.parquet")
missing = Markdown(runs.not_recorded("experiments/open_questions", "miniature"))
not_live = Markdown("*Too long to compute while a reader waits: this build shows only what has been recorded.*")
ALLOWED = 0.02  # of accuracy: the drop that counts as none
SAME = 0.01  # of accuracy: the difference within which two ways to prune are held to be the same
RISE = 0.05  # of the MLM loss: the rise that counts as none


def of_start(rows: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """Rows with what they started from told in the columns scope, sparsity, documents and nouns."""
    told = {name: rows[f"{prefix}{name}"] for name in ("scope", "sparsity")}
    usual = {"documents": DOCUMENTS, "nouns": miniature.NOUNS}
    sizes = {name: rows[f"{prefix}start.{name}"].astype(int).replace(0, number) for name, number in usual.items()}
    return rows.assign(**told, **sizes)


def continued(runs: pd.DataFrame) -> pd.DataFrame:
    """The pruned models."""
    return of_start(runs[runs["experiment"] == "GradualPruning"], "")


def transferred(runs: pd.DataFrame) -> pd.DataFrame:
    """The fine-tuned ones."""
    rows = of_start(runs[runs["experiment"] == "FineTuning"], "start.")
    return rows.assign(train_examples=rows["train_examples"].astype(int))


def usual(rows: pd.DataFrame) -> pd.DataFrame:
    """Of these, those with the usual text and language, local thresholds and, fine-tuned, all examples."""
    some = (rows["documents"] == DOCUMENTS) & (rows["nouns"] == miniature.NOUNS) & (rows["scope"] == "local")
    return rows[some & ~(rows["train_examples"] > 0)]


def curves(rows: pd.DataFrame, by: list[str], value: str = "accuracy") -> pd.DataFrame:
    """Means over the tasks: a row each `by` and seed, a column each sparsity."""
    return rows.pivot_table(index=[*by, "seed"], columns="sparsity", values=value, sort=True)


def drawable(means: pd.DataFrame, value: str) -> pd.DataFrame:
    """Curves as one row a point, for plots.against_sparsity."""
    return means.melt(value_name=value, ignore_index=False).reset_index()


def guessing(rows: pd.DataFrame) -> float:
    """The mean accuracy of guessing: the classes of the miniature's tasks are balanced."""
    return float(np.mean([1 / len(choose("tasks", task).LABELS) for task in rows["task"].unique()]))


def prunable(means: pd.DataFrame, allowed: float | pd.Series = ALLOWED) -> pd.Series:
    """The sparsity at which each curve first lies `allowed` below its control, straight between its points."""
    drops = means.rsub(means[0.0], axis=0)
    levels = pd.Series(allowed, index=means.index)
    return pd.Series(
        [stopping.first_above(drops.columns, drops.loc[row], levels[row]) for row in means.index], means.index
    )


def spread(values: pd.Series, scale: float = 100, digits: int = 0, unit: str = " %") -> str:
    """Mean, lowest and highest."""
    mean, low, high = (
        f"{scale * value:.{digits}f}" for value in (values.mean(skipna=False), values.min(), values.max())
    )
    return f"{mean}{unit} ({low} to {high})"


# %% [markdown]
# ## Is it the larger of the two data sets that limits pruning?
#
# The paper believes that how far a model can be pruned is limited by the largest set of data it was trained on, which is
# that of pre-training; and adds, in its footnote 15, that one would be more confident after experiments in which the
# pre-training data is much smaller than the downstream data. If so, the *prunable share*, the largest sparsity at which
# the mean accuracy over the tasks lies within two points of that of the control, should not care about the size of
# the downstream set where there is much text, and should fall with it where there is little. So the miniature is
# pre-trained on the first few documents of its text, for the same number of steps, and fine-tuned on a few examples of
# each task or on all of them, for about as many updates.


# %% tags=["hide-input"]
def of_text(runs: pd.DataFrame) -> pd.DataFrame:
    """The fine-tunings of each amount of text, on tasks and at sparsities that every amount has."""
    rows = transferred(runs)
    few = rows[rows["train_examples"] > 0]
    rows = rows[(rows["scope"] == "local") & (rows["nouns"] == miniature.NOUNS)]
    rows = rows[rows["documents"].isin(few["documents"]) & rows["sparsity"].isin(few["sparsity"])]
    return rows[rows["task"].isin(few["task"])]


def data_told(runs: pd.DataFrame) -> Markdown:
    """Tokens of the texts, and of the downstream sets."""
    texts = runs[runs["experiment"] == "MiniatureText"]
    means = texts.groupby(texts["documents"].astype(int).replace(0, DOCUMENTS))["tokens"].mean()
    rows = of_text(runs)
    world = int(rows["seed"].min())
    language = miniature.Language(world)
    reader, sizes = miniature.tokenizer(language), []
    for task in rows["task"].unique():
        train = miniature.tables(language, task)["train"]
        pairs = [train[column].tolist() for column in ("first", "second") if column in train]
        ids = reader(*pairs)["input_ids"]
        sizes.append((choose("tasks", task).TITLE, len(ids), sum(map(len, ids))))
    few = rows.loc[rows["train_examples"] > 0, "train_examples"].iloc[0]
    told = ", ".join(f"{tokens:,.0f} in {number:,} documents" for number, tokens in means.items())
    sets = ", ".join(f"{tokens:,} in the {count:,} examples of {title}" for title, count, tokens in sizes)
    return Markdown(
        f"Tokens of text: {told}. Tokens downstream, in world {world}: {sets}; the {few} are drawn from these."
    )


def texts_drawn(runs: pd.DataFrame) -> None:
    """A panel for each amount of text: how far the mean accuracy drops, for few examples and for all."""
    means = curves(of_text(runs), ["documents", "train_examples"])
    drops = drawable(100 * means.rsub(means[0.0], axis=0), "drop")
    drops = drops.assign(
        examples=[f"{number} examples" if number else "all examples" for number in drops["train_examples"]]
    )
    numbers = drops["documents"].unique()
    _, panels = plt.subplots(1, len(numbers), figsize=(2.9 * len(numbers), 3.0), squeeze=False, sharey=True)
    for ax, number in zip(panels[0], numbers, strict=True):
        plots.against_sparsity(drops[drops["documents"] == number], "drop", by="examples", ax=ax)
        ax.axhline(100 * ALLOWED, color="grey", linestyle="--", linewidth=1)
        ax.set(title=f"{number:,} documents")
    panels[0][0].set(ylabel="drop of mean accuracy (points)")
    panels[0][0].legend(fontsize=8)


def texts_compared(runs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The prunable shares and the mean drops of each amount of text, a column a number of examples."""
    means = curves(of_text(runs), ["documents", "train_examples"])
    drops = means.rsub(means[0.0], axis=0).drop(columns=0.0).mean(axis=1)
    return prunable(means).unstack("train_examples"), drops.unstack("train_examples")


def texts_told(runs: pd.DataFrame) -> pd.DataFrame:
    """For each amount of text the control, the prunable shares, and what more examples change."""
    rows = of_text(runs)
    means = curves(rows, ["documents", "train_examples"])
    gain = 0.1 * (means[0.0] - guessing(rows))
    relative = prunable(means, gain.where(gain > 0)).unstack("train_examples")
    shares, drops = texts_compared(runs)
    controls = means[0.0].unstack("train_examples")
    few = max(shares.columns)
    lines = []
    for number in shares.index.unique("documents"):
        share, drop, control, gained = (table.loc[number] for table in (shares, drops, controls, relative))
        lines.append(
            {
                "": f"{number:,} documents",
                "accuracy by guessing": f"{guessing(rows):.1%}",
                f"accuracy of the control, {few} examples": spread(control[few], digits=1, unit=" %"),
                "accuracy of the control, all examples": spread(control[0], digits=1, unit=" %"),
                f"prunable share, {few} examples": spread(share[few]),
                "prunable share, all examples": spread(share[0]),
                f"all minus {few} (points of sparsity)": stats.paired_difference(share[0], share[few]).told(100),
                "the same where a drop by a tenth of the gain over guessing is allowed": stats.paired_difference(
                    gained[0], gained[few]
                ).told(100),
                f"mean drop, all minus {few} (points)": stats.paired_difference(drop[0], drop[few]).told(100),
                "curves that never dropped so far": f"{int((share == means.columns.max()).sum().sum())} of {share.size}",
            }
        )
    return pd.DataFrame(lines).set_index("").T


def texts_answered(runs: pd.DataFrame) -> Markdown:
    """Does the prunable share follow the downstream set more where there is less text?"""
    shares, _ = texts_compared(runs)
    few = max(shares.columns)
    effects = (shares[0] - shares[few]).unstack("documents")
    least, most = effects[min(effects)], effects[max(effects)]
    here = stats.mean_interval(least)
    there = stats.mean_interval(most)
    contrast = stats.paired_difference(least, most)
    verdict = (
        "so the prunable share falls with the downstream set where there is little text, more than where there is much: as "
        "the paper expects"
        if contrast.high < 0 and here.high < 0
        else "so the opposite of what the paper expects is seen"
        if contrast.low > 0
        else "so that the prunable share comes to follow the downstream set where there is little text is not shown"
    )
    return Markdown(
        f"With {min(effects):,} documents, training on all examples instead of {few} changes the prunable share by "
        f"{here.told(100)} points of sparsity, with {max(effects):,} by {there.told(100)}; the first minus the second is "
        f"{contrast.told(100)}, {verdict} (paired over {len(effects)} seeds, 95 % intervals)."
    )


# %% tags=["hide-input"]
data_told(recorded) if len(recorded) else missing

# %% tags=["hide-input"] mystnb={"image": {"alt": "Drop of the mean accuracy against the share of weights removed, for each amount of pre-training text a panel, fine-tuned on few examples and on all; this build."}, "figure": {"name": "open-text-live", "caption": "How far accuracy drops after pre-training on less text, where this build computes it. The dashed line is the drop that counts as none."}}
texts_drawn(live) if documents else not_live

# %% tags=["hide-input"] mystnb={"image": {"alt": "Drop of the mean accuracy against the share of weights removed, for each amount of pre-training text a panel, fine-tuned on few examples and on all; recorded."}, "figure": {"name": "open-text-recorded", "caption": "Recorded: drop of the mean accuracy against that of the control with the same text and the same examples. Points are means over the seeds, bars span them; the dashed line is the drop that counts as none."}}
texts_drawn(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
texts_told(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
texts_answered(recorded) if len(recorded) else missing

# %% [markdown]
# A model that learnt little from its text has little to lose, and so looks prunable however it is measured: read the
# share beside the accuracy of the control. A second reading therefore allows a drop of a tenth of what the control gained
# over guessing; it is not defined where a control gained nothing. A curve that never drops so far counts with its last
# sparsity, a lower bound.
#
# ## Within each matrix, or over the whole model?
#
# Weights can be compared within their own matrix (*local*) or over all matrices (*global*); the paper takes the first, and
# guesses in its footnote 5, from the likeness of the matrices' distributions, that the second would perform similarly. At
# equal sparsity, then: the loss of masked words, the mean accuracy, and where the weights went.


# %% tags=["hide-input"]
def of_scope(rows: pd.DataFrame) -> pd.DataFrame:
    """Those with both scopes at their sparsity and, fine-tuned, on their task; of the usual text and language."""
    rows = rows[(rows["documents"] == DOCUMENTS) & (rows["nouns"] == miniature.NOUNS) & ~(rows["train_examples"] > 0)]
    globally = rows[rows["scope"] == "global"]
    return rows[rows["sparsity"].isin(globally["sparsity"]) & rows["task"].isin(globally["task"])]


def shares_of(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a matrix of a pruned model: sparsity, scope, seed, part of the model, size and share removed."""
    rows = runs[runs["experiment"] == "MatrixShares"]
    each = pd.DataFrame(
        [
            {"sparsity": row["kept.sparsity"], "scope": row["kept.scope"], "seed": row["kept.seed"]}
            | {"matrix": name, "size": size, "share": share}
            for _, row in rows.iterrows()
            for name, size, share in zip(row["matrices"], row["sizes"], row["shares"], strict=True)
        ]
    )
    part = np.select(
        [each["matrix"].str.contains("word_embeddings"), each["matrix"].str.contains("pooler")],
        ["word embeddings", "pooler"],
        "layers",
    )
    return each.assign(part=part, removed=each["share"] * each["size"])


def scopes_drawn(runs: pd.DataFrame) -> None:
    """MLM loss and mean accuracy by scope, and the share that a global cut takes of each part."""
    _, panels = plt.subplots(1, 3, figsize=(9.0, 3.1))
    plots.against_sparsity(of_scope(continued(runs)), "mlm_loss", by="scope", ax=panels[0])
    panels[0].set(ylabel="held-out MLM loss (nats)")
    rows = of_scope(transferred(runs))
    means = drawable(curves(rows, ["scope"]), "accuracy")
    plots.against_sparsity(means, "accuracy", by="scope", scale=100, ax=panels[1]).set(ylabel="mean accuracy (%)")
    plots.chance(panels[1], 100 * guessing(rows), "guessing")
    parts = shares_of(runs).query("scope == 'global'").groupby(["part", "sparsity", "seed"])[["removed", "size"]].sum()
    parts = parts.assign(share=parts["removed"] / parts["size"]).reset_index()
    plots.against_sparsity(parts, "share", by="part", scale=100, ax=panels[2])
    panels[2].set(title="global", ylabel="removed of each part (%)")
    panels[0].legend(fontsize=8)
    panels[2].legend(fontsize=8)


def scopes_tested(runs: pd.DataFrame) -> pd.DataFrame:
    """At each sparsity the differences, global minus local, and the p value of their equivalence, corrected."""
    losses = of_scope(continued(runs)).pivot_table(index="seed", columns=["scope", "sparsity"], values="mlm_loss")
    means = curves(of_scope(transferred(runs)), ["scope"])
    rows = []
    for sparsity in means.columns:
        one, other = means.loc["global"][sparsity], means.loc["local"][sparsity]
        rows.append(
            {
                "sparsity": sparsity,
                "loss": stats.paired_difference(losses["global"][sparsity], losses["local"][sparsity]),
                "accuracy": stats.paired_difference(one, other),
                "p": stats.equivalence(one, other, SAME),
            }
        )
    table = pd.DataFrame(rows).set_index("sparsity")
    return table.assign(p=stats.holm(table["p"]))


def in_words(matrix: str) -> str:
    """A matrix by its kind and layer."""
    kind, layer = families.kind_and_layer(matrix)
    return kind if layer is None else f"{kind} of layer {layer}"


def scopes_told(runs: pd.DataFrame) -> pd.DataFrame:
    """The same in words, with the matrices of which a global cut takes most."""
    tested, each = scopes_tested(runs), shares_of(runs).query("scope == 'global'")
    rows = []
    for sparsity, row in tested.iterrows():
        here = each[each["sparsity"] == sparsity]
        most = here.loc[here["share"].idxmax()]
        rows.append(
            {
                "removed": f"{sparsity:.0%}",
                "MLM loss, global minus local (nats)": row["loss"].told(form="+.3f"),
                "mean accuracy, global minus local (points)": row["accuracy"].told(100),
                "p against 1 point or more": "no p" if np.isnan(row["p"]) else f"{row['p']:.3f}",
                "matrix of which a global cut takes most": f"{in_words(most['matrix'])}, {most['share']:.1%}",
                "matrices emptied, of all": f"{int((here['share'] == 1).sum())} of {len(here)}",
            }
        )
    return pd.DataFrame(rows).set_index("removed")


def scopes_answered(runs: pd.DataFrame) -> Markdown:
    """At which sparsities the two are shown to be the same, and at which to differ."""
    tested, each = scopes_tested(runs), shares_of(runs).query("scope == 'global'")
    same = [f"{sparsity:.0%}" for sparsity in tested.index[tested["p"] < 0.05]]
    apart = [
        f"{sparsity:.0%}" for sparsity, row in tested.iterrows() if row["accuracy"].low > 0 or row["accuracy"].high < 0
    ]
    emptied = sorted({f"`{name}`" for name in each.loc[each["share"] == 1, "matrix"]})
    return Markdown(
        f"That the two are the same within {100 * SAME:.0f} point is shown at {', '.join(same) or 'no sparsity'}, and that "
        f"they differ at {', '.join(apart) or 'no sparsity'}, of the {len(tested)} tried. A global cut empties "
        f"{', '.join(emptied) or 'no matrix'}, and takes up to {each['share'].max():.0%} of one."
    )


# %% tags=["hide-input"] mystnb={"image": {"alt": "MLM loss and mean accuracy under local and global thresholds, and the share that a global cut takes of the word embeddings, the pooler and the layers; one live seed."}, "figure": {"name": "open-scope-live", "caption": "Local against global thresholds at equal sparsity, computed for this build; on the right what a global cut takes of each part of the model."}}
scopes_drawn(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same over the recorded seeds, tasks and sparsities."}, "figure": {"name": "open-scope-recorded", "caption": "The same, recorded. Points are means over the seeds, bars span them."}}
scopes_drawn(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
scopes_told(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
scopes_answered(recorded) if len(recorded) else missing

# %% [markdown]
# In brackets the 95 % interval over the recorded seeds (paired t). A small p says that the two lie within one point of
# each other (two one-sided tests, corrected by Holm for the sparsities tried); a large one only that this is not shown.
# Matrices are counted over all seeds.
#
# ## Does a richer language leave less to prune?
#
# The same footnote 15 wishes for an analysis of how the complexity of the data bears on how far a model can be compressed.
# The miniature's language can be made simpler or richer in one respect, its nouns, each of which has a kind and a fact for
# every relation of its group: twice the nouns are about twice the facts to know, in a text and a model of the same size
# but for the table of words. Compared is the sparsity at which the loss of masked words first lies
# five per cent above that of the control, and that at which accuracy has dropped by two points. QNLI is left out: it finds
# too few different questions in the poorer language.


# %% tags=["hide-input"]
def of_language(runs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The pruned and the fine-tuned models of each language, at sparsities and on tasks that every language has."""
    models, rows = (each[each["scope"] == "local"] for each in (continued(runs), transferred(runs)))
    models, rows = (each[each["documents"] == DOCUMENTS] for each in (models, rows[rows["train_examples"] == 0]))
    other = rows[rows["nouns"] != miniature.NOUNS]
    rows = rows[rows["sparsity"].isin(other["sparsity"]) & rows["task"].isin(other["task"])]
    return models[models["sparsity"].isin(other["sparsity"])], rows


def rises(models: pd.DataFrame) -> pd.DataFrame:
    """How far the MLM loss lies above that of the control, as a share of it: a row a language and seed."""
    losses = curves(models, ["nouns"], "mlm_loss")
    return losses.div(losses[0.0], axis=0) - 1


def nouns_drawn(runs: pd.DataFrame) -> None:
    """The rise of the MLM loss, the drop of the mean accuracy and the training loss, a line each language."""
    models, rows = of_language(runs)
    means = curves(rows, ["nouns"])
    _, panels = plt.subplots(1, 3, figsize=(9.0, 3.1))
    for ax, table, scale, name in (
        (panels[0], rises(models), 100, "rise of the MLM loss (%)"),
        (panels[1], means.rsub(means[0.0], axis=0), 100, "drop of mean accuracy (points)"),
        (panels[2], curves(rows, ["nouns"], "train_loss"), 1, "mean training loss (nats)"),
    ):
        plots.against_sparsity(drawable(table, "value"), "value", by="nouns", scale=scale, ax=ax).set(ylabel=name)
    panels[0].legend(title="nouns", fontsize=8)


def nouns_told(runs: pd.DataFrame) -> pd.DataFrame:
    """For each language its control and where loss and accuracy leave it."""
    models, rows = of_language(runs)
    losses = curves(models, ["nouns"], "mlm_loss")[0.0]
    ends, shares = rise_ends(models), prunable(curves(rows, ["nouns"]))
    last = models["sparsity"].max()
    bounds = {number: pd.concat([ends[number], shares[number]]) for number in ends.index.unique("nouns")}
    return pd.DataFrame(
        [
            {
                "nouns": number,
                "MLM loss of the control (nats)": spread(losses[number], scale=1, digits=2, unit=""),
                f"MLM loss up by {RISE:.0%} at": spread(ends[number]),
                f"accuracy down by {100 * ALLOWED:.0f} points at": spread(shares[number]),
                "curves that never came so far": f"{int((bounds[number] == last).sum())} of {bounds[number].size}",
            }
            for number in losses.index.unique("nouns")
        ]
    ).set_index("nouns")


def rise_ends(models: pd.DataFrame) -> pd.Series:
    """The sparsity at which each MLM loss first lies RISE above its control."""
    table = rises(models)
    return pd.Series([stopping.first_above(table.columns, table.loc[row], RISE) for row in table.index], table.index)


def nouns_answered(runs: pd.DataFrame) -> Markdown:
    """The richest language against the poorest."""
    models, rows = of_language(runs)
    ends, shares = (each.unstack("nouns") for each in (rise_ends(models), prunable(curves(rows, ["nouns"]))))
    poor, rich = min(ends), max(ends)
    by_loss = stats.paired_difference(ends[rich], ends[poor])
    by_score = stats.paired_difference(shares[rich], shares[poor])
    verdict = (
        "a richer language leaves less to prune"
        if by_loss.high < 0
        else "a richer language leaves more to prune"
        if by_loss.low > 0
        else "no effect of the richness on the prunable share is shown"
    )
    return Markdown(
        f"From {poor} to {rich} nouns the end of the first regime moves by {by_loss.told(100)} points of sparsity by the MLM "
        f"loss and by {by_score.told(100)} by accuracy (paired over {len(ends)} seeds, 95 % intervals): by the loss, {verdict}."
    )


# %% tags=["hide-input"] mystnb={"image": {"alt": "Rise of the MLM loss, drop of accuracy and training loss against the share of weights removed, for languages of different richness; this build."}, "figure": {"name": "open-nouns-live", "caption": "Languages of different richness, where this build computes them."}}
nouns_drawn(live) if nouns else not_live

# %% tags=["hide-input"] mystnb={"image": {"alt": "Rise of the MLM loss, drop of accuracy and training loss against the share of weights removed, for languages with half, the usual and twice the number of nouns; recorded."}, "figure": {"name": "open-nouns-recorded", "caption": "Recorded: languages with fewer and more nouns, each against its own control. Points are means over the seeds, bars span them."}}
nouns_drawn(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
nouns_told(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
nouns_answered(recorded) if len(recorded) else missing

# %% [markdown]
# Each language is drawn anew from the seed, so the worlds differ in more than their size. The text has as many documents
# in each, so that each noun of the richer one comes in fewer of them. A curve that never comes so far counts with its last
# sparsity, a lower bound.
#
# ## What tells when to stop?
#
# How far to prune is found by trial on a dev set; the paper's footnote 13 hopes for a criterion that foretells the drop of
# a task without fine-tuning on it. So one task at a time is left out. A straight line through the drops of the *other*
# tasks, against what was measured on the pruned model alone, foretells the drop of the one left out. Two answers
# that measure nothing on the model have to be beaten: that the task drops by as much as the others on average at that
# sparsity, and that it does not drop at all.


# %% tags=["hide-input"]
PREDICTORS = {"mlm_rise": "line through the MLM loss", "turned": "line through the cosine of features"}
ANSWERS = PREDICTORS | {"others": "mean of the other tasks at that sparsity", "none": "no drop"}


def dropped(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a task, seed and sparsity: the drop of its accuracy in points, and what may foretell it."""
    rows = usual(transferred(runs))
    scores = 100 * rows.pivot_table(index=["task", "seed"], columns="sparsity", values="accuracy")
    losses = usual(continued(runs)).pivot_table(index="seed", columns="sparsity", values="mlm_loss")
    told = drawable(scores.rsub(scores[0.0], axis=0), "drop")
    told = told.merge(drawable(100 * (losses.div(losses[0.0], axis=0) - 1), "mlm_rise"), on=["seed", "sparsity"])
    drift = runs[runs["experiment"] == "FeatureDrift"]
    turned = pd.DataFrame(
        {"seed": drift["pruned.seed"], "sparsity": drift["pruned.sparsity"], "turned": 1 - drift["cosine"]}
    )
    told = told.merge(turned.astype(float), on=["seed", "sparsity"], how="left")
    return told.sort_values(["task", "seed", "sparsity"], ignore_index=True)


def foretold(runs: pd.DataFrame) -> pd.DataFrame:
    """The drops of pruned models with the error of each way to foretell them, in points."""
    drops = dropped(runs)
    drops = drops[drops["sparsity"] > 0]
    answers = {name: stopping.from_line(drops, name) for name in PREDICTORS if name in drops}
    answers |= {"others": stopping.from_sparsity(drops), "none": 0.0}
    return drops.assign(**{f"{name} error": (drops["drop"] - answer).abs() for name, answer in answers.items()})


def foretold_drawn(runs: pd.DataFrame) -> None:
    """The drop of each task against each predictor, with the line that the other tasks draw for it."""
    drops = dropped(runs)
    names = [name for name in PREDICTORS if name in drops]
    _, panels = plt.subplots(1, len(names), figsize=(4.4 * len(names) + 1, 3.3), squeeze=False, sharey=True)
    axes = {"mlm_rise": "rise of the MLM loss (%)", "turned": "1 - mean cosine of features"}
    for ax, name in zip(panels[0], names, strict=True):
        pruned = drops[drops["sparsity"] > 0]
        lines = stopping.from_line(pruned, name)
        for number, (task, rows) in enumerate(pruned.groupby("task")):
            colour, marker = plots.COLOURS[number], plots.MARKERS[number]
            ax.plot(rows[name], rows["drop"], marker, color=colour, label=choose("tasks", task).TITLE)
            order = rows[name].sort_values().index
            ax.plot(rows.loc[order, name], lines[order], color=colour, linewidth=1)
        ax.axhline(100 * ALLOWED, color="grey", linestyle="--", linewidth=1)
        ax.set(xlabel=axes[name], ylabel="drop of accuracy (points)")
    panels[0][0].legend(fontsize=8)


def foretold_told(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean absolute error of each answer on each task left out and over all, in points."""
    table = foretold(runs)
    columns = {f"{name} error": told for name, told in ANSWERS.items() if f"{name} error" in table}
    errors = table.groupby("task")[list(columns)].mean().rename(index=lambda task: choose("tasks", task).TITLE)
    errors.loc["all tasks"] = table[list(columns)].mean()
    return errors.rename(columns=columns).rename_axis("left out").round(2)


def foretold_answered(runs: pd.DataFrame) -> Markdown:
    """Is any line nearer than the mean of the other tasks, and than no drop?"""
    table = foretold(runs)
    by_seed = table.groupby("seed")[[name for name in table if name.endswith(" error")]].mean()
    lines = []
    for name in PREDICTORS:
        if f"{name} error" in by_seed:
            others, none = (
                stats.paired_difference(by_seed[f"{name} error"], by_seed[f"{other} error"])
                for other in ("others", "none")
            )
            better = (
                "nearer"
                if others.high < 0
                else "farther off"
                if others.low > 0
                else "not shown to be nearer or farther off"
            )
            lines.append(
                f"The {ANSWERS[name]} is off by {others.told(form='+.2f')} points more than the mean of the "
                f"other tasks at that sparsity, and by {none.told(form='+.2f')} more than no drop: it is {better} "
                f"than the other tasks alone (paired over {len(by_seed)} seeds, 95 % intervals)."
            )
    return Markdown(" ".join(lines))


def rule_told(runs: pd.DataFrame) -> pd.DataFrame:
    """The rule "stop when the MLM loss has risen so far", found on the other tasks: what it does to the one left out."""
    found = stopping.rule(dropped(runs), "mlm_rise", 100 * ALLOWED)
    return pd.DataFrame(
        [
            {
                "left out": choose("tasks", task).TITLE,
                "stop at a rise of the MLM loss of": spread(rows["threshold"], scale=1, digits=1),
                "which is a sparsity of": spread(rows["sparsity"]),
                "its own drop there (points)": spread(rows["drop"], scale=1, digits=1, unit=""),
            }
            for task, rows in found.groupby("task")
        ]
    ).set_index("left out")


def rule_answered(runs: pd.DataFrame) -> Markdown:
    """How often the rule keeps its promise to the task left out."""
    found = stopping.rule(dropped(runs), "mlm_rise", 100 * ALLOWED)
    kept, known = int((found["drop"] <= 100 * ALLOWED).sum()), int(found["drop"].notna().sum())
    low, high = found["threshold"].min(), found["threshold"].max()
    return Markdown(
        f"Other tasks have dropped by {100 * ALLOWED:.0f} points on average where the MLM loss has risen by {low:.1f} to "
        f"{high:.1f} %, depending on the task left out and the seed; stopped at the mean of that over the seeds, the task "
        f"left out itself has dropped by no more than {100 * ALLOWED:.0f} points in {kept} of {known} cases, and by up to "
        f"{found['drop'].max():.1f}."
    )


# %% tags=["hide-input"] mystnb={"image": {"alt": "Drop of accuracy of each task against what was measured on the pruned model, with the line drawn through the other tasks; one live seed."}, "figure": {"name": "open-stopping-live", "caption": "Drop of each task, computed for this build, and the line that the other tasks draw for it. The dashed line is the drop that counts as none."}}
foretold_drawn(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same over the recorded tasks, sparsities and seeds."}, "figure": {"name": "open-stopping-recorded", "caption": "The same, recorded: a point for each task, sparsity and seed."}}
foretold_drawn(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
foretold_told(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
foretold_answered(recorded) if len(recorded) else missing

# %% [markdown]
# Mean absolute errors in points of accuracy. And as a rule: prune until the MLM loss has risen by as much as it had where
# the *other* tasks had dropped by two points on average. What becomes of the task left out?

# %% tags=["hide-input"]
rule_told(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
rule_answered(recorded) if len(recorded) else missing

# %% [markdown]
# Means with the lowest and the highest seed. Where the other tasks never drop so far, the last sparsity counts. The
# miniature was chosen to show three regimes, and all its tasks live in one language: what holds for tasks so much alike
# may not hold for those of GLUE.
